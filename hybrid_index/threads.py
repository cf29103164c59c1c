"""Work side by side in threads: compiled kernels release the interpreter's lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
_NAME = "hybrid-index"
_PROCESSORS = min(4, os.cpu_count() or 1)


def thread_count() -> int:
    """Threads that a search may use: what numba was allowed, or the processors there are."""
    limit = os.environ.get("NUMBA_NUM_THREADS", "")
    return int(limit) if limit.isdigit() and int(limit) > 0 else _PROCESSORS


def side_by_side(
    function: Callable[[Item], Outcome], items: Iterable[Item], *, threads: int | None = None
) -> list[Outcome]:
    """Apply a function to each item, in the order given; where *function* calls this itself, one after the other.

    Parameters
    ----------
    function, items
        What to call, with what.
    threads
        As :func:`thread_count` says where it is not given. One means one after the other, without another thread.
    """
    work = list(items)
    threads = thread_count() if threads is None else threads
    # To wait for the pool in one of its own threads may last forever.
    inside = threading.current_thread().name.startswith(_NAME)
    if threads < 2 or len(work) < 2 or inside:
        return [function(item) for item in work]
    return list(_pool(threads).map(function, work))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that stay: to start them anew takes longer than many a piece of work."""
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix=_NAME)


# A forked process has none of its parent's threads.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)
