"""The lesson of the network: lattices, labels, foreign lines, shift and volume of random line lists."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hybrid_index.neural.labels import FAMILIES, Vocabulary
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.weights import Network, load_network
from hybrid_index.simulate.line_lists import draw_line_lists
from hybrid_index.training.batches import (
    EASY,
    HARD,
    VALIDATION_SEED,
    Batch,
    batch,
    common_labels,
    join,
    kinds_of_lists,
    left_over,
    middle_shift,
    to_batch,
)
from hybrid_index.training.config import Recipe
from hybrid_index.training.lesson import started_from
from hybrid_index.training.losses import OnDevice, counts, judge
from hybrid_index.training.ranks import ALONE, Ranks

_VALIDATION_BATCH = 512


class LineLesson:
    """See :class:`~hybrid_index.training.lesson.Lesson`."""

    def __init__(self, recipe: Recipe, ranks: Ranks = ALONE) -> None:
        assert isinstance(recipe.architecture, Architecture)
        self.recipe, self.size, self.ranks = recipe, recipe.architecture, ranks

    @cached_property
    def _start(self) -> Network | None:
        return started_from(self.recipe, load_network)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The labels that the network learns."""
        return self._start.vocabulary if self._start else common_labels(self.size.labels, self.recipe.seed)

    @cached_property
    def _validation(self) -> list[Batch]:
        half = self.recipe.validation_lists // 2 or 1
        lists = [draw_line_lists(half, seed=VALIDATION_SEED, settings=settings) for settings in (EASY, HARD)]
        left = left_over(half, seed=VALIDATION_SEED)
        whole = join([to_batch(part, self.vocabulary, left - middle_shift(part)) for part in lists])
        return [whole.part(slice(i, i + _VALIDATION_BATCH)) for i in range(0, 2 * half, _VALIDATION_BATCH)]

    def initial_weights(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """Weights to start from; raises :class:`InputError` also if the file of crystals cannot be read."""
        kinds_of_lists(self.recipe)
        return self._start.weights if self._start else self.size.initial_weights(self.recipe.seed)

    def batch(self, step: int) -> Batch:
        """One process's part of the batch of a step."""
        return batch(self.recipe, self.vocabulary, step, self.ranks)

    def loss(self, weights: Mapping[str, Tensor], batch: Batch, device: torch.device) -> Tensor:
        """Sum of the parts of :data:`~hybrid_index.training.losses.WEIGHTS`."""
        mine = OnDevice.of(batch, device)
        return judge(weights, self.size, mine, over=self.ranks.total(counts(mine))).total

    def examine(self, weights: Mapping[str, Tensor], device: torch.device) -> dict[str, Any]:
        """Losses, and shares of right labels."""
        losses: dict[str, list[float]] = {}
        right = np.zeros((len(FAMILIES), 3))
        for part in self._validation:
            judged = judge(weights, self.size, OnDevice.of(part, device), count=True)
            right += judged.right
            for name, value in judged.parts.items():
                losses.setdefault(name, []).append(float(value))
        known = np.maximum(right[:, 0], 1.0)
        return {
            **{name: round(float(np.mean(values)), 4) for name, values in losses.items()},
            "right labels": dict(zip(FAMILIES, np.round(right[:, 1] / known, 3).tolist(), strict=True)),
            "among five": dict(zip(FAMILIES, np.round(right[:, 2] / known, 3).tolist(), strict=True)),
        }
