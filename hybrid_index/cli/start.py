"""A quick start: a command lives for a second or two, and much of that is loading other people's packages."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_COLLECT_EVERY = 100_000
"""New objects between two collections; with the usual 700, looking through what imports leave takes 0.3 s."""

UNUSED = ("pandas", "matplotlib", "charset_normalizer")
"""What lmfit and scipy load where it is installed (0.3 s), and no search ever uses."""


def collect_garbage_rarely() -> None:
    """Let the garbage collector pass less often."""
    gc.set_threshold(_COLLECT_EVERY, 20, 20)


@contextmanager
def without(packages: tuple[str, ...] = UNUSED) -> Iterator[None]:
    """Hide packages from ``import`` for a while, except those that are loaded already.

    Only a command may do so, whose process nobody else uses: what is imported meanwhile does without them for good.
    """
    hidden = [name for name in packages if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # documented: import then fails
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
