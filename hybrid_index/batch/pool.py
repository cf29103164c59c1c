"""The local pool: worker processes that are watched, killed when they hang, and replaced when they die.

``concurrent.futures`` gives up the whole pool when one worker dies, and does not say which item it had. Here each
worker gets one item at a time over a pipe of its own.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from hybrid_index.batch.executors import Ending, Outcome, Solve, hung_reason, memory_reason
from hybrid_index.batch.identity import Facts
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.work import ONE_THREAD, OUT_OF_MEMORY, READY, serve, solve_item
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, WorkerError

MAX_FAILED_STARTS = 3
"""So many workers that die before they are ready, while no other does anything, and the batch is given up."""
LOOK_AROUND_S = 1.0
"""Pipes tell at once of most deaths, but stay open while forked children of a dead worker live; so look, too."""


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    ready: bool = False
    key: str | None = None
    item: BatchItem | None = None
    facts: Facts | None = None
    since: float = 0.0


class LocalPool:
    """An :class:`~hybrid_index.batch.executors.Executor` of processes on this machine, each of one thread.

    Parameters
    ----------
    settings
        The same for all items.
    workers
        Number of processes. They start when items come.
    timeout_s
        Seconds after which an attempt counts as hung; ``None`` waits for ever. Loading the program is not counted,
        compiling kernels on the very first run is.
    memory_limit_bytes
        What a worker may allocate; ``None`` lets the machine decide.
    solve
        What a worker does with an item.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: int = 1,
        timeout_s: float | None = None,
        memory_limit_bytes: int | None = None,
        solve: Solve = solve_item,
    ) -> None:
        if workers < 1:
            raise InputError(f"{workers} workers cannot work; give 1 or more", source="--workers")
        self._settings = settings
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_limit_bytes = memory_limit_bytes
        self._solve = solve
        self._pool: list[_Worker] = []
        self._failed_starts = 0

    @property
    def capacity(self) -> int:
        """Number of workers."""
        return self._workers

    def submit(self, key: str, item: BatchItem) -> None:
        """Give an item to an idle worker, or to a new one."""
        for dead in [worker for worker in self._pool if worker.key is None and not worker.process.is_alive()]:
            self._remove(dead)
        worker = next((worker for worker in self._pool if worker.key is None), None)
        if worker is None:
            worker = self._start()
            self._pool.append(worker)
        self._hand_out(worker, key, item)

    def completed(self) -> Sequence[Outcome]:
        """Wait until an attempt ends, one way or another."""
        outcomes: list[Outcome] = []
        while not outcomes:
            busy = [worker for worker in self._pool if worker.key is not None]
            if not busy:
                return outcomes
            wait([worker.connection for worker in busy], self._patience(busy))
            outcomes = [outcome for worker in busy if (outcome := self._look_at(worker)) is not None]
        return outcomes

    def close(self) -> None:
        """Kill all workers."""
        for worker in self._pool:
            _kill(worker)
        for worker in self._pool:
            _bury(worker)
        self._pool.clear()

    def _patience(self, busy: Sequence[_Worker]) -> float:
        """Seconds until the first worker may have to be killed."""
        started = [worker.since for worker in busy if worker.ready]
        if self._timeout_s is None or not started:
            return LOOK_AROUND_S
        return min(LOOK_AROUND_S, max(0.0, min(started) + self._timeout_s - time.monotonic()))

    def _look_at(self, worker: _Worker) -> Outcome | None:
        """Take what a worker has sent; find out whether it has died or hangs."""
        alive = worker.process.is_alive()  # first, so that what a dead one has sent is all there
        try:
            while worker.connection.poll():
                match worker.connection.recv():
                    case str(text) if text == READY:
                        worker.ready, worker.since = True, time.monotonic()
                        self._failed_starts = 0
                    case str(text) if text == OUT_OF_MEMORY:
                        return self._given_up(worker, "out of memory", memory_reason(self._memory_limit_bytes))
                    case Facts() as facts:
                        worker.facts = facts
                    case document:
                        self._failed_starts = 0
                        return self._outcome(worker, "done", document=document)
        except (EOFError, OSError):
            alive = False
        if not alive:
            return self._given_up(worker, "died")
        if self._timeout_s is not None and worker.ready and time.monotonic() - worker.since >= self._timeout_s:
            return self._given_up(worker, "hung", hung_reason(self._timeout_s))
        return None

    def _given_up(self, worker: _Worker, ending: Ending, reason: str = "") -> Outcome | None:
        """Remove a worker and tell of it; if it never was ready, its item is not to blame and gets another."""
        cause = self._remove(worker)
        if worker.ready:
            return self._outcome(worker, ending, reason=reason or f"died ({cause})")
        self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS:
            raise WorkerError(
                f"worker processes die before they begin ({cause}); look at the free memory, --memory-limit and "
                "what stands above"
            )
        if worker.key is not None and worker.item is not None:
            self.submit(worker.key, worker.item)
        return None

    def _remove(self, worker: _Worker) -> str:
        """Kill a worker, unless it is dead, and all that it started; say how it ended."""
        self._pool.remove(worker)
        _kill(worker)
        return _bury(worker)

    def _outcome(
        self, worker: _Worker, ending: Ending, *, document: dict[str, object] | None = None, reason: str = ""
    ) -> Outcome:
        assert worker.key is not None
        outcome = Outcome(
            key=worker.key,
            ending=ending,
            document=document,
            reason=reason,
            facts=worker.facts,
            seconds=time.monotonic() - worker.since,
            worker=f"{os.uname().nodename}:{worker.process.pid}",
        )
        worker.key = worker.item = worker.facts = None
        return outcome

    def _hand_out(self, worker: _Worker, key: str, item: BatchItem) -> None:
        worker.key, worker.item, worker.since = key, item, time.monotonic()
        # If it died while idle, looking at it will say so.
        with suppress(BrokenPipeError, ConnectionResetError):
            worker.connection.send(item)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        arguments = (there, self._settings, self._solve, self._timeout_s, self._memory_limit_bytes)
        process = context.Process(target=serve, args=arguments, daemon=True)
        with _one_thread_each(), _interrupts_held_back():
            process.start()
        there.close()
        return _Worker(process=process, connection=here)


def _kill(worker: _Worker) -> None:
    """Kill a worker and all that it started."""
    assert worker.process.pid is not None
    with suppress(ProcessLookupError):
        os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.kill()  # it may not have made its group yet


def _bury(worker: _Worker) -> str:
    """Wait for a dead worker and say how it ended."""
    worker.connection.close()
    worker.process.join()
    code = worker.process.exitcode
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Let a process started meanwhile know nothing of Ctrl-C; here it takes effect afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes started meanwhile use one thread each: numerical libraries read this when they load."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
