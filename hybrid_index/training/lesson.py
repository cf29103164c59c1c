"""What the training loop is given: something to learn, with its batches and its examination."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hybrid_index.errors import InputError
from hybrid_index.neural.weights import Network, ShiftReader
from hybrid_index.training.config import Recipe

T = TypeVar("T")
Made = TypeVar("Made", Network, ShiftReader)
_AHEAD = 3
"""Batches that are made ahead of the step that needs them, at least."""


class Lesson(Protocol):
    """One network and how it learns. A batch hangs on the number of its step only.

    Where several processes train together, each makes its own part of every batch, and the losses of the parts add up
    to that of the whole batch.
    """

    def initial_weights(self) -> Mapping[str, npt.NDArray[np.float32]]:
        """Weights to start from."""
        ...

    def batch(self, step: int) -> Any:
        """One process's part of the batch of a step: arrays of numpy."""
        ...

    def loss(self, weights: Mapping[str, Tensor], batch: Any, device: torch.device) -> Tensor:
        """What is to become small: this part's share of the loss of the whole batch."""
        ...

    def examine(self, weights: Mapping[str, Tensor], device: torch.device) -> dict[str, Any]:
        """Figures over lists that training never sees; always the same lists."""
        ...


def started_from(recipe: Recipe, load: Callable[[Path], Made]) -> Made | None:
    """What a recipe starts from, if it names a folder of weights; raises :class:`InputError` if it does not fit."""
    if not recipe.start:
        return None
    if not Path(recipe.start).is_dir():
        raise InputError("is no folder of weights; train what the run starts from first", source=recipe.start)
    made = load(Path(recipe.start))
    if made.architecture != recipe.architecture:
        raise InputError("holds weights of another architecture; take those of this recipe's", source=recipe.start)
    return made


def made_ahead(make: Callable[[int], T], steps: range, *, threads: int = 1) -> Iterator[T]:
    """Yield what *make* makes of each step in turn, made ahead by threads."""
    ahead = max(_AHEAD, threads + 1)
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque(pool.submit(make, step) for step in steps[:ahead])
        for step in steps:
            if step + ahead < steps.stop:
                waiting.append(pool.submit(make, step + ahead))
            yield waiting.popleft().result()
