"""The lesson of the shift reader: which of the supposed shifts is true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from hybrid_index.neural.labels import FAMILIES, FAMILY_OF_CODE
from hybrid_index.neural.shift_reader import GRID_DEG, ReaderArchitecture, Spectra, shift_scores, spectra_of
from hybrid_index.neural.shift_spectrum import STEP_DEG, shift_unit
from hybrid_index.neural.torch_operations import TorchOperations
from hybrid_index.neural.weights import load_reader
from hybrid_index.simulate.line_lists import draw_line_lists
from hybrid_index.training.batches import HARD, VALIDATION_SEED, middle_shift
from hybrid_index.training.config import Recipe
from hybrid_index.training.lesson import started_from
from hybrid_index.training.ranks import ALONE, Ranks
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

_LIMIT_DEG = 0.55
"""Shifts to learn from, in units of ``shift_unit``: a little less than the grid reaches."""
_OPERATIONS = TorchOperations()


@dataclass(frozen=True, slots=True, eq=False)
class ShiftBatch:
    """Spectra of n lists, their true shifts (n,) in degrees of the grid, and their families (n,)."""

    spectra: Spectra
    shift_deg: FloatArray
    families: IntArray


class ShiftLesson:
    """See :class:`~hybrid_index.training.lesson.Lesson`."""

    def __init__(self, recipe: Recipe, ranks: Ranks = ALONE) -> None:
        assert isinstance(recipe.architecture, ReaderArchitecture)
        self.recipe, self.size, self.ranks = recipe, recipe.architecture, ranks

    @cached_property
    def _validation(self) -> ShiftBatch:
        return _batch(self.recipe.validation_lists, seed=VALIDATION_SEED, step=0)

    def initial_weights(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """Weights to start from."""
        start = started_from(self.recipe, load_reader)
        return start.weights if start else self.size.initial_weights(self.recipe.seed)

    def batch(self, step: int) -> ShiftBatch:
        """One process's part of the batch of a step."""
        return _batch(self.recipe.batch, seed=self.recipe.seed + 2, step=step, ranks=self.ranks)

    def loss(self, weights: Mapping[str, Tensor], batch: ShiftBatch, device: torch.device) -> Tensor:
        """Cross-entropy with the true shift, shared between its two neighbours on the grid."""
        return _cross_entropy(self._scores(weights, batch, device), batch.shift_deg).sum() / self.recipe.batch

    def examine(self, weights: Mapping[str, Tensor], device: torch.device) -> dict[str, Any]:
        """Cross-entropy, and shares of likeliest shifts within a step and a half of the true one."""
        truth = self._validation
        scores = self._scores(weights, truth, device)
        near = np.abs(GRID_DEG[scores.argmax(-1).cpu().numpy()] - truth.shift_deg) < 1.5 * STEP_DEG
        known = np.maximum(np.bincount(truth.families, minlength=len(FAMILIES)), 1)
        right = np.bincount(truth.families, weights=near, minlength=len(FAMILIES)) / known
        return {
            "shift": round(float(_cross_entropy(scores, truth.shift_deg).mean()), 4),
            "right": round(float(near.mean()), 3),
            "right by family": dict(zip(FAMILIES, np.round(right, 3).tolist(), strict=True)),
        }

    def _scores(self, weights: Mapping[str, Tensor], batch: ShiftBatch, device: torch.device) -> Tensor:
        x = Spectra(*(torch.from_numpy(getattr(batch.spectra, name)).to(device) for name in Spectra.__slots__))
        scores: Tensor = shift_scores(_OPERATIONS, weights, self.size, x)
        return scores.float()


def _batch(n: int, *, seed: int, step: int, ranks: Ranks = ALONE) -> ShiftBatch:
    rows = ranks.rows(n)
    lists = draw_line_lists(rows.stop - rows.start, seed=seed, start=step * n + rows.start, settings=HARD)
    shift = np.random.default_rng((seed, step)).uniform(-_LIMIT_DEG, _LIMIT_DEG, n)[rows]
    move = shift * shift_unit(lists.wavelength_angstrom) - middle_shift(lists)
    two_theta = lists.two_theta_deg + move[:, None]
    spectra = spectra_of(two_theta, lists.sigma_deg, lists.wavelength_angstrom, lists.count)
    return ShiftBatch(spectra, shift, FAMILY_OF_CODE[lists.lattice])


def _cross_entropy(scores: Tensor, shift_deg: FloatArray) -> Tensor:
    place = torch.from_numpy((shift_deg - GRID_DEG[0]) / STEP_DEG).to(scores)
    low = place.floor().long()
    upper = (place - low)[:, None]
    log_shares = functional.log_softmax(scores, dim=-1)
    either = log_shares.gather(1, torch.stack([low, low + 1], dim=1))
    return -((1.0 - upper) * either[:, :1] + upper * either[:, 1:])
