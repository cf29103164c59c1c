"""Two consoles: data on stdout, progress on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

PIPED_WIDTH = 110
"""Columns where stdout is no terminal, so that a table in a file is not folded."""


def stdout() -> Console:
    """Return the console for data."""
    return Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)


def stderr() -> Console:
    """Return the console for progress and messages."""
    return Console(stderr=True, highlight=False)


@contextmanager
def progress_line(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Yield a function that shows what is being done now: one changing line on a terminal, else one line each."""
    console = stderr()
    if quiet:
        yield lambda message: None
    elif not console.is_terminal:
        yield lambda message: console.print(message, markup=False)
    else:
        with console.status("reading") as status:
            yield lambda message: status.update(message)
