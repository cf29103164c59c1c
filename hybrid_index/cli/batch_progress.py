"""How a batch is getting on: a bar on a terminal, a line now and then in a file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

LINE_EVERY_S = 60.0
"""Time between two lines where nobody looks at a bar."""


class BatchProgress:
    """Counts documents as they come; call it with each, and the number of inputs."""

    def __init__(self, console: Console, bar: Progress | None) -> None:
        self._console = console
        self._bar = bar
        self._task = None if bar is None else bar.add_task("", total=None)
        self._started = self._told = time.monotonic()
        self._done = 0
        self._solved = 0

    def __call__(self, document: dict[str, Any], finished: int, total: int) -> None:
        """Take note of one more document; *finished* counts those of earlier commands, too."""
        self._done += 1
        self._solved += document["status"] == "solved"
        said = self._said(total - finished)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=finished, total=total, description=said)
        elif (now := time.monotonic()) - self._told >= LINE_EVERY_S:
            self._told = now
            self._console.print(f"{finished} of {total}: {said}", markup=False)

    def _said(self, left: int) -> str:
        rate = self._done / max(time.monotonic() - self._started, 1e-3)
        time_left = timedelta(seconds=round(left / rate))
        return f"{rate:.1f} patterns/s, {self._solved / self._done:.0%} solved, {time_left} left"


@contextmanager
def batch_progress(console: Console, *, quiet: bool) -> Iterator[BatchProgress | None]:
    """Yield what shows the progress of a batch, ``None`` if nobody wants to see it."""
    if quiet:
        yield None
        return
    if not console.is_terminal:
        yield BatchProgress(console, None)
        return
    with Progress(BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), console=console) as bar:
        yield BatchProgress(console, bar)
