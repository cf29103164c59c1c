"""What one worker process does: take items, send back facts and result documents."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from hybrid_index.batch.executors import Solve
from hybrid_index.batch.identity import examine
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.relation import placed
from hybrid_index.config import Settings
from hybrid_index.errors import HybridIndexError, WavelengthError
from hybrid_index.export import document, failed_document
from hybrid_index.known import KnownPhases, name_document
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, parse_radiation

READY = "ready"
"""A worker says so once it has loaded what it needs; until then no item is to blame for its death."""
START_LIMIT_S = 300.0
"""A worker that has not loaded the program by then never will."""
ORPHAN_GRACE_S = 60.0
LEAST_HEADROOM_BYTES = 32_000_000
"""Under a limit that leaves less, a worker does not begin."""
OUT_OF_MEMORY = "out of memory"
"""Sent in place of a document by a worker that reached its limit; it ends then."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
"""The environment of a worker: numerical libraries read it when they load."""


def solve_item(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Index one item and return its document; raises what the package raises."""
    from hybrid_index.pipeline import index

    radiation = None if item.wavelength is None else _radiation(item.wavelength)
    hints, n_foreign = ((), 0) if item.place is None else (item.place.hints, item.place.n_foreign)
    if item.file:
        result = index(item.file, wavelength=radiation, settings=settings, hints=hints, n_foreign=n_foreign, id=item.id)
        return document(result)
    if radiation is None:
        raise WavelengthError('the peak list has no "wavelength"; add one, or give --wavelength')
    peaks = PeakList.from_positions(
        item.two_theta,
        radiation=radiation,
        intensity=item.intensity,
        two_theta_esd_deg=item.two_theta_esd,
        name=item.id,
    )
    return document(index(peaks, settings=settings, hints=hints, n_foreign=n_foreign, id=item.id))


@dataclass(frozen=True, slots=True)
class NamingSolver:
    """What a worker does with an item where known phases are given: index it, then compare its cells with them."""

    phases: KnownPhases

    def __call__(self, item: BatchItem, settings: Settings) -> dict[str, Any]:
        """Return the document of an item, with the known phases of each solution; raises what the package raises."""
        return name_document(solve_item(item, settings), self.phases)


def answer(item: BatchItem, settings: Settings, solve: Solve) -> dict[str, Any]:
    """Return the document of an item: an error becomes a ``failed`` document with its reason.

    Only :class:`MemoryError` is raised: it says more about the worker than about the item.
    """
    try:
        if item.fault:
            return failure(item, settings, item.fault)
        return placed(solve(item, settings), item.place)
    except HybridIndexError as error:
        return failure(item, settings, str(error))
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a fault of ours in one input must not lose the others
        return failure(item, settings, f"internal error: {type(error).__name__}: {error}")


def failure(item: BatchItem, settings: Settings, reason: str) -> dict[str, Any]:
    """Return the ``failed`` document of an item."""
    content = failed_document(item.id, [reason], settings=settings.as_dict(), seed=settings.seed)
    return placed(content, item.place)


def prepare(solve: Solve, memory_limit_bytes: int | None) -> None:
    """Load what the items need before the first one's time runs, and limit what this process may allocate."""
    if solve is solve_item or isinstance(solve, NamingSolver):
        import hybrid_index.pipeline  # noqa: F401
    if memory_limit_bytes is not None:
        _limit_memory(memory_limit_bytes)


def serve(
    connection: Connection,
    settings: Settings,
    solve: Solve,
    timeout_s: float | None,
    memory_limit_bytes: int | None,
) -> None:
    """Answer items from *connection* (the main function of a worker process).

    For each item first its facts are sent, so that they are known even if it is fatal, then its document. The parent
    sees to timeouts; the worker does, later, only in case the parent is gone and native code lets no thread run.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    os.setsid()  # a group of its own: what an item starts ends with the worker
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with _ended_after(START_LIMIT_S):
        prepare(solve, memory_limit_bytes)
    try:
        connection.send(READY)
        while True:
            item = connection.recv()
            with _ended_after(None if timeout_s is None else timeout_s + ORPHAN_GRACE_S):
                connection.send(examine(item))
                connection.send(answer(item, settings, solve))
    except MemoryError:
        connection.send(OUT_OF_MEMORY)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # the parent is gone


def _end_with_parent() -> None:
    """Kill this worker, and what it started, when the parent is no more: it may hang and never notice by itself."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)


@contextmanager
def _ended_after(seconds: float | None) -> Iterator[None]:
    """End this process if the block takes longer, whatever it is doing."""
    if seconds is None:
        yield
        return
    with open(os.devnull, "w") as nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


def _limit_memory(limit_bytes: int) -> None:
    """Let allocations fail beyond a limit. Only private writable memory counts: not what is merely reserved.

    Libraries have been loaded by now: some of them wait for ever for memory that they do not get.
    """
    import resource

    kind = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
    resource.setrlimit(kind, (limit_bytes, limit_bytes))
    bytearray(LEAST_HEADROOM_BYTES)


def _radiation(wavelength: str | float) -> Radiation:
    return parse_radiation(wavelength if isinstance(wavelength, str) else repr(wavelength))
