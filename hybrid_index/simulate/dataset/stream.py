"""Samples in the order of their numbers, made by one process or by many."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from hybrid_index.errors import HybridIndexError, InputError
from hybrid_index.simulate.dataset.ledger import Skip
from hybrid_index.simulate.dataset.sample import Recipe, Sample, draw_sample
from hybrid_index.simulate.dataset.sources import StructureSource

AHEAD = 8
"""Samples that each worker may be ahead of the one that is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How any sample of a data set is made, from its number alone."""

    source: StructureSource
    recipe: Recipe

    def structure_of(self, number: int) -> int:
        """Which structure a sample shows: all in turn, and again."""
        return number if self.source.size is None else number % self.source.size

    def make(self, number: int) -> Sample | Skip:
        """Make a sample, or say why it cannot be made."""
        structure = self.structure_of(number)
        rng = self.recipe.generator(number)
        try:
            return draw_sample(self.source.draw(structure, rng), self.recipe, number, rng)
        except InputError as error:
            reason = error.message
        except Exception as error:  # noqa: BLE001  one structure that nobody foresaw must not lose the others
            reason = f"internal error: {type(error).__name__}: {error}"
        return Skip(number=number, name=self.source.name(structure), reason=" ".join(reason.split()))


def stream(task: Task, numbers: Iterable[int], workers: int) -> Iterator[Sample | Skip]:
    """Yield samples in the order of *numbers*, which may be endless and are asked for a little ahead of their turn.

    Raises
    ------
    HybridIndexError
        If a worker process dies.
    """
    if workers == 1:
        yield from map(task.make, numbers)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(task,))
    waiting: deque[Future[Sample | Skip]] = deque()
    try:
        for number in numbers:
            waiting.append(pool.submit(_make, number))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise HybridIndexError(
            "a worker process died, perhaps for want of memory; start the same command again, with fewer workers"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_task: Task | None = None
"""What this worker process makes samples of: sent once, when it starts."""


def _begin(task: Task) -> None:
    global _task
    _task = task
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Leave no worker behind where the parent was killed: its own pipe would never tell."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _make(number: int) -> Sample | Skip:
    assert _task is not None
    return _task.make(number)
