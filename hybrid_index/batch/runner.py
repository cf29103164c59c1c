"""The loop of a batch: take what is next, hand it to an executor, give it another attempt or write down what came.

The runner owns the policy; a :class:`Book` knows what there is to do and keeps what was done, an
:class:`~hybrid_index.batch.executors.Executor` does it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hybrid_index.batch.executors import Executor, Outcome
from hybrid_index.batch.identity import Facts, examine
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.work import failure
from hybrid_index.config import Settings

ATTEMPTS = 2
"""A worker may die of something else's memory hunger; an input that kills two workers is to blame itself."""

Progress = Callable[[dict[str, Any], int, int], None]
"""Called with each document when it is kept, how many inputs are finished by now, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """An item under way: the key under which its book knows it, and how many workers it has cost so far."""

    key: str
    item: BatchItem
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What became of a task: its document, and what is known about how it came about."""

    task: Task
    document: dict[str, Any]
    facts: Facts
    seconds: float
    worker: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """How a batch ended: the result file, how many documents have which status, and what happened on the way."""

    path: Path
    by_status: dict[str, int] = field(default_factory=dict)
    resumed: int = 0

    @property
    def total(self) -> int:
        """Number of documents."""
        return sum(self.by_status.values())


class Book(Protocol):
    """What there is to do, and what was done."""

    def take(self) -> Task | None:
        """Return the next task, or ``None`` if there is none at the moment."""

    def put_back(self, task: Task, reason: str) -> None:
        """Take note that an attempt failed; the task will be taken again."""

    def write(self, records: Sequence[Record]) -> tuple[int, int]:
        """Keep what was done, add the further scans of the files concerned.

        Return how many inputs are finished by now, and how many there are.
        """


def run_tasks(book: Book, executor: Executor, settings: Settings, progress: Progress | None) -> Counter[str]:
    """Do all that a book holds; return how many documents of which status were written.

    The executor is closed in the end, however it comes.
    """
    counts: Counter[str] = Counter()
    under_way: dict[str, Task] = {}
    finished: list[Record] = []
    try:
        while _fill(book, executor, under_way) or finished:
            # The workers have been given work first: while they are at it there is time to write.
            standing = book.write(finished)
            for record in finished:
                counts[record.document["status"]] += 1
                if progress is not None:
                    progress(record.document, *standing)
            finished = []
            for outcome in executor.completed():
                task = under_way.pop(outcome.key)
                if (judged := _judge(task, outcome, settings)) is not None:
                    finished.append(judged)
                else:
                    book.put_back(task, outcome.reason)
    finally:
        executor.close()
    return counts


def _fill(book: Book, executor: Executor, under_way: dict[str, Task]) -> bool:
    """Hand out tasks while somebody is free; say whether any is under way."""
    while len(under_way) < executor.capacity and (task := book.take()) is not None:
        under_way[task.key] = task
        executor.submit(task.key, task.item)
    return bool(under_way)


def _judge(task: Task, outcome: Outcome, settings: Settings) -> Record | None:
    """Return what is to be kept of an attempt, ``None`` if there is to be another."""
    document = outcome.document
    if document is None:
        if task.attempts + 1 < ATTEMPTS:
            return None
        document = failure(task.item, settings, f"the worker process {outcome.reason}; {ATTEMPTS} attempts failed")
    return Record(
        task=task,
        document=document,
        # Whatever killed the worker might be in the file, so the scans of it are not counted here.
        facts=outcome.facts or examine(task.item, scans=False),
        seconds=outcome.seconds,
        worker=outcome.worker,
    )
