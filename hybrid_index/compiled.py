"""Decorators of the numerical kernels: compiled by numba once, kept on disk, run without the interpreter's lock.

numba keeps a compiled kernel until the file that it stands in changes. But kernels contain those that they call, from
other files too; so all are compiled again when the file of any of them is younger.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from numba import njit

kernel = njit(cache=True, nogil=True)
fast_kernel = njit(cache=True, nogil=True, fastmath=True, forceinline=True)
"""Sums may be taken in any order. A kernel that calls it holds it, or which of two copies runs, its own or the one that
stands alone, would hang on whether it was just compiled or loaded; and they differ in the last digits."""
inlined_kernel = njit(cache=True, nogil=True, inline="always")


def drop_stale(package: Path) -> int:
    """Delete compiled kernels that are older than the file of any kernel; return how many.

    Only those beside their sources, where numba puts them unless it may not write there.
    """
    compiled = {path: _changed(path) for folder in _folders(package) for path in folder.glob("__pycache__/*.nb[ic]")}
    sources = {path.parents[1] / f"{path.name.partition('.')[0]}.py" for path in compiled}
    now = time.time()
    newest = max((when for source in sources if (when := _changed(source)) <= now), default=0.0)
    stale = [path for path, when in compiled.items() if when < newest]
    try:
        for path in stale:
            path.unlink(missing_ok=True)
    except OSError:  # a file system that can only be read: nothing on it changes either
        return 0
    return len(stale)


def _changed(path: Path) -> float:
    """When a file was changed; 0 if another process has deleted it meanwhile."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _folders(package: Path) -> Iterator[Path]:
    yield package
    for folder in package.iterdir():
        if folder.is_dir() and folder.name != "__pycache__":
            yield from _folders(folder)


drop_stale(Path(__file__).resolve().parent)
