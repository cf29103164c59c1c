from __future__ import annotations

import numpy as np
import torch

from hybrid_index.neural.shift_reader import GRID_DEG
from hybrid_index.neural.shift_spectrum import N_SHIFTS, STEP_DEG
from hybrid_index.training.config import Recipe
from hybrid_index.training.shifts import ShiftLesson, _cross_entropy

CPU = torch.device("cpu")


def test_who_knows_nothing_loses_the_logarithm_of_the_number_of_shifts(tiny_shifts: Recipe) -> None:
    lesson = ShiftLesson(tiny_shifts)
    silent = {name: torch.zeros(values.shape) for name, values in lesson.initial_weights().items()}
    loss = lesson.loss(silent, lesson.batch(0), CPU)
    assert np.isclose(float(loss), np.log(N_SHIFTS))


def test_a_shift_between_two_of_the_grid_belongs_to_both() -> None:
    truth = GRID_DEG[[10, 10]] + STEP_DEG * np.array([0.0, 0.25])
    shares = torch.full((2, N_SHIFTS), 1e-9, dtype=torch.float64)
    shares[0, 10] = 1.0
    shares[1, 10], shares[1, 11] = 0.75, 0.25
    loss = _cross_entropy(shares.log(), truth).squeeze(1).numpy()
    np.testing.assert_allclose(loss, [0.0, -0.75 * np.log(0.75) - 0.25 * np.log(0.25)], atol=1e-6)
    wrong = _cross_entropy(shares.log().flip(1), truth)
    assert bool((wrong > 10.0).all())


def test_lists_carry_the_shift_that_is_to_be_read(tiny_shifts: Recipe) -> None:
    made = ShiftLesson(tiny_shifts).batch(0)
    order = np.argsort(-made.spectra.votes[:, :, :3].sum(axis=2), axis=1)[:, :3]
    near = np.abs(GRID_DEG[order] - made.shift_deg[:, None]).min(axis=1) < 2.0 * STEP_DEG
    assert near.mean() > 0.5  # 0.19 by chance
