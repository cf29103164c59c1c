from __future__ import annotations

import numpy as np
import torch

from hybrid_index.neural.batched.ragged import best_distinct, expanded, place


def test_parts_end_to_end() -> None:
    owner, number = expanded(torch.tensor([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert number.tolist() == [0, 1, 0, 1, 2]
    assert expanded(torch.tensor([0, 0]))[0].tolist() == []


def test_place_is_the_first_that_exceeds() -> None:
    rng = np.random.default_rng(1)
    for length in (1, 2, 3, 14, 40, 300):
        running = np.cumsum(rng.uniform(0.0, 1.0, (5, length)), axis=1)
        row, x = rng.integers(0, 5, 200), rng.uniform(0.0, 0.6 * length, 200)
        x[:50] = running[row[:50], rng.integers(0, length, 50)]  # exactly met: the next one exceeds
        expected = [
            min(int(np.searchsorted(running[r], v, side="right")), length - 1) for r, v in zip(row, x, strict=True)
        ]
        found = place(torch.from_numpy(running).flatten(), torch.from_numpy(row * length), length, torch.from_numpy(x))
        assert found.tolist() == expected


def test_the_best_of_each_group_one_of_a_mark() -> None:
    group, mark = torch.tensor([1, 0, 1, 1, 1, 0]), torch.tensor([10, 7, 10, 11, 12, 7])
    score = torch.tensor([1.0, 5.0, 3.0, 3.0, 2.0, 5.0])
    chosen, rank = best_distinct(group, mark, score, 2)
    assert chosen.tolist() == [1, 2, 3]  # of equals the first
    assert rank.tolist() == [0, 0, 1]
    assert best_distinct(group[:0], mark[:0], score[:0], 2)[0].tolist() == []
