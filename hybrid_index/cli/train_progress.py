"""How training gets on: a bar on a terminal, and a line for each validation."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from hybrid_index.export.training_curves import loss_parts, shares
from hybrid_index.training.config import Recipe
from hybrid_index.training.loop import Watcher
from hybrid_index.training.state import Trained


class TrainProgress(Watcher):
    """Shows steps on a bar, if there is one, and what validations find."""

    def __init__(self, console: Console, recipe: Recipe, bar: Progress | None) -> None:
        self._console, self._recipe, self._bar = console, recipe, bar
        self._task = None if bar is None else bar.add_task("", total=recipe.steps)
        self._began: tuple[int, float] | None = None
        self._pace = ""

    def stepped(self, state: Trained) -> None:
        """Move the bar; speed and time left are those of this session."""
        if self._began is None:
            self._began = state.step, time.monotonic()
        done, seconds = state.step - self._began[0], max(time.monotonic() - self._began[1], 1e-3)
        if done:
            left = timedelta(seconds=round((self._recipe.steps - state.step) * seconds / done))
            self._pace = f"{done * self._recipe.batch / seconds:.0f} lists/s, {left} left"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=state.step, description=self._pace)

    def validated(self, found: dict[str, Any]) -> None:
        """Print losses, and shares that are not split by family."""
        losses = [f"{name} {value:.3f}" for name, value in loss_parts(found).items()]
        right = [f"{name} {value['all']:.1%}" for name, value in shares(found).items() if "all" in value]
        pace = f" · {self._pace}" if self._pace and self._bar is None else ""
        self._console.print(f"step {found['step']}: {', '.join([*losses, *right])}{pace}", markup=False)


@contextmanager
def train_progress(console: Console, recipe: Recipe, *, quiet: bool) -> Iterator[Watcher]:
    """Yield what shows the progress of a run by a recipe."""
    if quiet:
        yield Watcher()
    elif not console.is_terminal:
        yield TrainProgress(console, recipe, None)
    else:
        with Progress(BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), console=console) as bar:
            yield TrainProgress(console, recipe, bar)
