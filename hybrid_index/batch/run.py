"""The pool: hand items to worker processes, survive their death, write one line per item in the order of the inputs."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from pathlib import Path
from typing import Any

from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.work import Solve, failure, serve, solve_item
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, OutputError
from hybrid_index.export import check_writable, to_json

ATTEMPTS = 2
"""A worker may die of something else's memory hunger; an input that kills two workers is to blame itself."""
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """How a batch ended: the result file and how many documents have which status."""

    path: Path
    by_status: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of documents written."""
        return sum(self.by_status.values())


def run_batch(
    items: Sequence[BatchItem],
    out: str | Path,
    *,
    settings: Settings | None = None,
    workers: int = 1,
    progress: Callable[[dict[str, Any]], None] | None = None,
    solve: Solve = solve_item,
) -> BatchSummary:
    """Index all items and write one result document a line, in the order of the items.

    Lines go to ``<out>.partial`` as they come and the file gets its name when all are there; an interrupted batch
    leaves the partial file. A worker that dies costs its item one more attempt, then a ``failed`` document.

    Parameters
    ----------
    items
        From :func:`collect_items`.
    out
        The JSONL file to write.
    settings
        The same for all items.
    workers
        Number of processes, each of one thread.
    progress
        Called with each document when it is done (in any order).
    solve
        What a worker does with an item.

    Raises
    ------
    OutputError
        If *out* cannot be written; found out before any work is done.
    """
    if workers < 1:
        raise InputError(f"{workers} workers cannot work; give 1 or more", source="--workers")
    target = check_writable(out)
    chosen = settings or Settings()
    counts: Counter[str] = Counter()
    with _ordered_writer(target) as write:
        for position, content in _answers(items, chosen, workers, solve):
            write(position, content)
            counts[content["status"]] += 1
            if progress is not None:
                progress(content)
    return BatchSummary(path=target, by_status=dict(counts))


@contextmanager
def _ordered_writer(target: Path) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """Yield a function that takes (position, document) and writes each as soon as all before it are there."""
    partial = target.with_name(target.name + ".partial")
    waiting: dict[int, str] = {}
    written = 0

    def write(position: int, content: dict[str, Any]) -> None:
        nonlocal written
        waiting[position] = to_json(content) + "\n"
        with _as_output_error(partial):
            while written in waiting:
                handle.write(waiting.pop(written))
                written += 1
            handle.flush()

    with _as_output_error(partial):
        handle = open(partial, "w", encoding="utf-8")  # noqa: SIM115  closed below
    try:
        yield write
    finally:
        # What an interrupted batch had done ahead of its turn is kept too.
        with _as_output_error(partial), handle:
            handle.writelines(waiting[position] for position in sorted(waiting))
    with _as_output_error(target):
        partial.replace(target)


@contextmanager
def _as_output_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    position: int | None = None


def _answers(
    items: Sequence[BatchItem], settings: Settings, workers: int, solve: Solve
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (position, document) for every item, as they are done."""
    context = multiprocessing.get_context("spawn")
    queue = deque(range(len(items)))
    deaths: Counter[int] = Counter()
    pool = [_start(context, settings, solve) for _ in range(min(workers, len(items)))]
    try:
        while queue or any(worker.position is not None for worker in pool):
            for worker in pool:
                if worker.position is None and queue:
                    _hand_out(worker, queue.popleft(), items)
            ready = wait([worker.connection for worker in pool if worker.position is not None])
            for number, worker in enumerate(pool):
                if worker.connection not in ready or worker.position is None:
                    continue
                position = worker.position
                try:
                    content = worker.connection.recv()
                    worker.position = None
                except (EOFError, OSError):
                    cause = _bury(worker)
                    pool[number] = _start(context, settings, solve)
                    deaths[position] += 1
                    if deaths[position] < ATTEMPTS:
                        queue.appendleft(position)
                        continue
                    content = failure(items[position], settings, f"the worker process died {ATTEMPTS} times ({cause})")
                yield position, content
    finally:
        for worker in pool:
            worker.process.terminate()
            _bury(worker)


def _hand_out(worker: _Worker, position: int, items: Sequence[BatchItem]) -> None:
    worker.position = position
    # If it died while idle, reading from it will say so, and the item goes to another worker.
    with suppress(BrokenPipeError, ConnectionResetError):
        worker.connection.send(items[position])


def _start(context: SpawnContext, settings: Settings, solve: Solve) -> _Worker:
    here, there = context.Pipe()
    process = context.Process(target=serve, args=(there, settings, solve), daemon=True)
    with _one_thread_each():
        process.start()
    there.close()
    return _Worker(process=process, connection=here)


def _bury(worker: _Worker) -> str:
    """Wait for a dead worker and say how it ended."""
    worker.connection.close()
    worker.process.join()
    code = worker.process.exitcode
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes started meanwhile use one thread each: numerical libraries read this when they load."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
