"""A quick start: a command lives for a second or two, and much of that is loading other people's packages."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_COLLECT_EVERY = 100_000
"""New objects between two collections; with the usual 700, looking through what imports leave takes 0.3 s."""

UNUSED = ("pandas", "matplotlib", "charset_normalizer")
"""What lmfit and scipy load where it is installed (0.3 s), and no search ever uses."""

HOLLOW = ("scipy.stats",)
"""What lmfit cannot do without but takes only functions from that no search ever calls (0.2 s)."""


def collect_garbage_rarely() -> None:
    """Let the garbage collector pass less often."""
    gc.set_threshold(_COLLECT_EVERY, 20, 20)


@contextmanager
def without(packages: tuple[str, ...] = UNUSED, *, hollow: tuple[str, ...] = HOLLOW) -> Iterator[None]:
    """Hide packages from ``import`` for a while, except those that are loaded already.

    Importing one of *packages* fails; importing one of *hollow* gives a stand-in whose names are all None. Only a
    command may do so, whose process nobody else uses: what is imported meanwhile does without them for good.
    """
    stand_ins: dict[str, ModuleType | None] = {**dict.fromkeys(packages), **{name: _Hollow(name) for name in hollow}}
    hidden = {name: module for name, module in stand_ins.items() if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # None is documented: import then fails
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _Hollow(ModuleType):
    """A module that has every name, and nothing behind it."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)
