from __future__ import annotations

from itertools import product

import pytest
import torch

from hybrid_index.training.losses import readings_loss


def test_readings_give_the_labels_of_all_lines_together_a_probability() -> None:
    torch.manual_seed(1)
    scores, readings = torch.randn(1, 3, 2, 4), torch.randn(1, 3).log_softmax(-1)
    every = [torch.tensor([pair]) for pair in product(range(4), repeat=2)]
    assert sum(float(torch.exp(-readings_loss(scores, readings, labels))) for labels in every) == pytest.approx(1.0)


def test_a_label_that_is_not_known_costs_nothing() -> None:
    torch.manual_seed(2)
    scores, readings = torch.randn(5, 3, 2, 4), torch.randn(5, 3).log_softmax(-1)
    first = torch.randint(0, 4, (5, 1))
    both = torch.cat([first, torch.full((5, 1), -1)], dim=1)
    assert float(readings_loss(scores, readings, both)) == pytest.approx(
        float(readings_loss(scores[:, :, :1], readings, first)), rel=1e-5
    )


def test_labels_that_go_together_in_a_reading_are_likelier_than_single_ones_say() -> None:
    sure = 50.0 * torch.eye(2)[None, :, None, :].expand(1, 2, 3, 2)  # in each reading all three lines have its label
    readings = torch.full((1, 2), 0.5).log()
    same, mixed = torch.tensor([[1, 1, 1]]), torch.tensor([[1, 0, 1]])
    assert float(torch.exp(-readings_loss(sure, readings, same))) == pytest.approx(0.5)
    assert float(torch.exp(-readings_loss(sure, readings, mixed))) == pytest.approx(0.0, abs=1e-6)
