"""Workers on many machines, by way of Ray (``pip install hybrid-index[cluster]``).

A worker is a Ray actor with one CPU: a process that stays, so the program is loaded and the kernels are compiled once.
Items wait here until a worker is ready, so none is blamed for a worker that never came up. Ray tells when a process or
a node is lost; hanging items are found out here, and their actors killed. Nothing is tried again by Ray itself: what is
done about a failed attempt is the runner's business.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from hybrid_index.batch.executors import Ending, Outcome, Solve, hung_reason, memory_reason
from hybrid_index.batch.identity import Facts, file_stamp
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.ray_actor import Greeting, RayActor
from hybrid_index.batch.ray_connection import connect, first_line, load_ray
from hybrid_index.batch.work import ONE_THREAD, OUT_OF_MEMORY, START_LIMIT_S, solve_item
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, WorkerError

MAX_FAILED_STARTS = 3
"""So many workers that die before they are ready, while no other does anything, and the batch is given up."""
COUNT_CPUS_EVERY_S = 10.0
"""Nodes come and go."""
LOOK_AROUND_S = 1.0


@dataclass(slots=True, eq=False)
class _Worker:
    actor: Any
    awaited: Any
    """What the worker is at: its greeting while it starts, a document later, ``None`` when idle."""
    since: float
    greeting: Greeting | None = None
    key: str = ""
    item: BatchItem | None = None
    facts: Any = None


class RayExecutor:
    """An :class:`~hybrid_index.batch.executors.Executor` of Ray actors, each of one CPU and one thread.

    Parameters
    ----------
    settings
        The same for all items.
    address
        ``"auto"`` finds the cluster that this machine belongs to, ``"host:port"`` names one, ``"local"`` starts a Ray
        of its own on this machine. Where the calling program is connected already, that connection is used.
    workers
        At most so many; ``None`` takes every CPU of the cluster, also of nodes that join later.
    timeout_s, memory_limit_bytes, solve
        As in :class:`~hybrid_index.batch.pool.LocalPool`.

    Raises
    ------
    InputError
        If Ray is not installed, or no cluster answers at *address*.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        address: str = "auto",
        workers: int | None = None,
        timeout_s: float | None = None,
        memory_limit_bytes: int | None = None,
        solve: Solve = solve_item,
    ) -> None:
        if workers is not None and workers < 1:
            raise InputError(f"{workers} workers cannot work; give 1 or more", source="--workers")
        self._ray = load_ray()
        self._settings = settings
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_limit_bytes = memory_limit_bytes
        self._solve = solve
        self._pool: list[_Worker] = []
        self._waiting: deque[tuple[str, BatchItem]] = deque()
        self._failed_starts = 0
        self._started_ray = not self._ray.is_initialized()
        if self._started_ray:
            connect(self._ray, address, workers)
        self._capacity, self._counted = 1, -COUNT_CPUS_EVERY_S

    @property
    def capacity(self) -> int:
        """Number of workers that the cluster has room for."""
        if time.monotonic() - self._counted >= COUNT_CPUS_EVERY_S:
            cpus = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
            self._capacity = cpus if self._workers is None else min(cpus, self._workers)
            self._counted = time.monotonic()
        return self._capacity

    def submit(self, key: str, item: BatchItem) -> None:
        """Put an item in line for the first worker that is free."""
        self._waiting.append((key, item))
        self._hand_out()

    def completed(self) -> Sequence[Outcome]:
        """Wait until an attempt ends, one way or another."""
        outcomes: list[Outcome] = []
        while not outcomes and (self._waiting or self._busy()):
            self._hand_out()
            ready = self._wait()
            for worker in list(self._pool):
                outcome = self._take(worker) if worker.awaited in ready else self._look_at(worker)
                if outcome is not None:
                    outcomes.append(outcome)
        return outcomes

    def close(self) -> None:
        """Kill all workers, and end a Ray that was started here."""
        for worker in self._pool:
            self._kill(worker)
        self._pool.clear()
        self._waiting.clear()
        if self._started_ray:
            self._ray.shutdown()

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._pool if worker.item is not None]

    def _hand_out(self) -> None:
        """Give waiting items to idle workers, and start as many more as are wanted."""
        for worker in self._pool:
            if worker.awaited is None and self._waiting:
                worker.key, worker.item = self._waiting.popleft()
                worker.since = time.monotonic()
                worker.facts = worker.actor.examine.remote(worker.item)
                worker.awaited = worker.actor.answer.remote(worker.item)
        starting = sum(worker.greeting is None for worker in self._pool)
        for _ in range(min(len(self._waiting) - starting, self.capacity - len(self._pool))):
            self._pool.append(self._start())

    def _start(self) -> _Worker:
        actor_class = self._ray.remote(num_cpus=1, max_restarts=0, runtime_env={"env_vars": ONE_THREAD})(RayActor)
        actor = actor_class.remote(self._settings, self._solve, self._memory_limit_bytes, os.getcwd())
        return _Worker(actor=actor, awaited=actor.greet.remote(), since=time.monotonic())

    def _wait(self) -> set[Any]:
        """Wait a while for what workers are at, and return what is there, be it the news of a death."""
        awaited = [worker.awaited for worker in self._pool if worker.awaited is not None]
        try:
            self._ray.wait(awaited, num_returns=1, timeout=self._patience())
            ready, _ = self._ray.wait(awaited, num_returns=len(awaited), timeout=0)
        except self._ray.exceptions.RayError as error:
            raise WorkerError(
                f"the Ray cluster answers no more ({first_line(error)}); start it again, and the same command goes on"
            ) from error
        return set(ready)

    def _patience(self) -> float:
        """Seconds until the first worker may have to be killed."""
        started = [worker.since for worker in self._busy()]
        if self._timeout_s is None or not started:
            return LOOK_AROUND_S
        return min(LOOK_AROUND_S, max(0.0, min(started) + self._timeout_s - time.monotonic()))

    def _take(self, worker: _Worker) -> Outcome | None:
        """Take what a worker has sent, or the news of its death."""
        facts: Any
        try:
            sent = self._ray.get(worker.awaited)
            facts = self._ray.get(worker.facts) if worker.item is not None else None
        except self._ray.exceptions.OutOfMemoryError:
            return self._given_up(worker, "out of memory", memory_reason(None))
        except self._ray.exceptions.RayError as error:
            return self._given_up(worker, "died", self._cause(worker, error))
        self._failed_starts = 0
        if isinstance(sent, Greeting):
            sent.check()
            worker.greeting, worker.awaited = sent, None
            return None
        if sent == OUT_OF_MEMORY:
            return self._given_up(worker, "out of memory", memory_reason(self._memory_limit_bytes))
        self._check_seen(worker, facts)
        return self._outcome(worker, "done", document=sent, facts=facts)

    def _look_at(self, worker: _Worker) -> Outcome | None:
        """Give up a worker that hangs: at its item, or before it ever was ready."""
        spent = time.monotonic() - worker.since
        if worker.item is not None and self._timeout_s is not None and spent >= self._timeout_s:
            return self._given_up(worker, "hung", hung_reason(self._timeout_s))
        if worker.greeting is None and spent >= START_LIMIT_S:
            if not self._busy():
                raise WorkerError(
                    f"no worker came up on the Ray cluster in {START_LIMIT_S:g} s; see what is free there (ray status)"
                )
            return self._given_up(worker, "died", "")
        return None

    def _given_up(self, worker: _Worker, ending: Ending, reason: str) -> Outcome | None:
        """Remove a worker and tell of it, if it had an item."""
        self._pool.remove(worker)
        self._kill(worker)
        if worker.item is not None:
            return self._outcome(worker, ending, reason=reason, facts=self._facts_of_dead(worker))
        self._failed_starts += 1
        if self._failed_starts >= MAX_FAILED_STARTS and not self._busy():
            raise WorkerError(f"workers on the Ray cluster die before they begin: {reason}")
        return None

    def _cause(self, worker: _Worker, error: Exception) -> str:
        """Say why there is no answer; Ray's own words are long, and only needed where a worker never was ready."""
        if worker.greeting is None:
            return str(error).strip().rpartition("\n")[2]
        node = worker.greeting.node_id
        with suppress(self._ray.exceptions.RayError):
            if not any(one["NodeID"] == node and one["Alive"] for one in self._ray.nodes()):
                return f"died (its node {worker.greeting.host} is lost)"
        return f"died (on {worker.greeting.host})"

    def _facts_of_dead(self, worker: _Worker) -> Facts | None:
        """Return what a worker found out about its input before it died."""
        with suppress(self._ray.exceptions.RayError):
            facts = self._ray.get(worker.facts, timeout=0)
            return facts if isinstance(facts, Facts) else None
        return None

    def _check_seen(self, worker: _Worker, facts: Facts) -> None:
        """Raise if a file is there on this machine, but not where the worker is: no result could be trusted then."""
        assert worker.item is not None
        assert worker.greeting is not None
        if worker.item.file and facts.size < 0 and file_stamp(worker.item)[0] >= 0:
            raise WorkerError(
                f"{worker.item.file} is not to be found on node {worker.greeting.host}; keep the inputs on a file "
                "system that all nodes share under the same path, or give each machine a part of its own (--shard)"
            )

    def _outcome(
        self,
        worker: _Worker,
        ending: Ending,
        *,
        document: dict[str, Any] | None = None,
        reason: str = "",
        facts: Facts | None = None,
    ) -> Outcome:
        assert worker.greeting is not None
        outcome = Outcome(
            key=worker.key,
            ending=ending,
            document=document,
            reason=reason,
            facts=facts,
            seconds=time.monotonic() - worker.since,
            worker=f"{worker.greeting.host}:{worker.greeting.pid}",
        )
        worker.item = worker.facts = worker.awaited = None
        return outcome

    def _kill(self, worker: _Worker) -> None:
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(worker.actor)
