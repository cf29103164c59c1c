"""Many inputs into one JSONL file: lines in the order of the inputs, the file whole or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from hybrid_index.batch.executors import Executor, Solve
from hybrid_index.batch.identity import scan_items
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.pool import LocalPool
from hybrid_index.batch.results import plain_line
from hybrid_index.batch.runner import BatchSummary, Progress, Record, Task, run_tasks
from hybrid_index.batch.trouble import as_output_error
from hybrid_index.batch.work import solve_item
from hybrid_index.config import Settings
from hybrid_index.export import check_writable


def run_batch(
    items: Sequence[BatchItem],
    out: str | Path,
    *,
    settings: Settings | None = None,
    workers: int = 1,
    solve: Solve = solve_item,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> BatchSummary:
    """Index all items and write one result document a line, in the order of the items.

    Lines go to ``<out>.partial`` as they come and the file gets its name when all are there; an interrupted batch
    leaves the partial file. A worker that dies costs its item one more attempt, then a ``failed`` document. Of a file
    with several scans each gets its line, the second under the name ``file#2``.

    Parameters
    ----------
    items
        From :func:`~hybrid_index.batch.collect_items`.
    out
        The JSONL file to write.
    settings
        The same for all items.
    workers, solve
        Number of processes, each of one thread, and what one does with an item.
    executor
        Who does the work instead of a :class:`~hybrid_index.batch.pool.LocalPool` of so many workers.
    progress
        Called with each document when it is done (in any order), how many inputs are finished by then, and how many
        there are.

    Raises
    ------
    OutputError
        If *out* cannot be written; found out before any work is done.
    """
    chosen = settings or Settings()
    engine = executor or LocalPool(chosen, workers=workers, solve=solve)
    target = check_writable(out)
    partial = target.with_name(target.name + ".partial")
    with as_output_error(partial):
        handle = open(partial, "wb")  # noqa: SIM115  closed below
    book = _OrderedBook(items, handle, partial)
    try:
        counts = run_tasks(book, engine, chosen, progress)
    finally:
        with as_output_error(partial), handle:
            book.write_early()
    with as_output_error(target):
        partial.replace(target)
    return BatchSummary(path=target, by_status=dict(counts))


class _OrderedBook:
    """A :class:`~hybrid_index.batch.runner.Book` in memory that writes each line as soon as all before it are there."""

    def __init__(self, items: Sequence[BatchItem], handle: IO[bytes], path: Path) -> None:
        self._handle = handle
        self._path = path
        self._todo = deque(Task(key=f"{place}", item=item) for place, item in enumerate(items))
        self._finished, self._total = 0, len(items)
        self._order = deque(task.key for task in self._todo)
        self._lines: dict[str, bytes] = {}

    def take(self) -> Task | None:
        return self._todo.popleft() if self._todo else None

    def put_back(self, task: Task, reason: str) -> None:
        self._todo.appendleft(Task(key=task.key, item=task.item, attempts=task.attempts + 1))

    def write(self, records: Sequence[Record]) -> tuple[int, int]:
        for record in records:
            self._lines[record.task.key] = plain_line(record.document)
            further = scan_items(record.task.item, range(2, record.facts.n_scans + 1))
            tasks = [Task(key=f"{record.task.key}#{n}", item=item) for n, item in enumerate(further, start=2)]
            # Next in turn, so that lines which wait for them do not pile up.
            self._todo.extendleft(reversed(tasks))
            place = self._order.index(record.task.key) + 1 if tasks else 0
            for task in reversed(tasks):
                self._order.insert(place, task.key)
            self._total += len(tasks)
        with as_output_error(self._path):
            while self._order and self._order[0] in self._lines:
                self._handle.write(self._lines.pop(self._order.popleft()))
            self._handle.flush()
        self._finished += len(records)
        return self._finished, self._total

    def write_early(self) -> None:
        """Write what was done ahead of its turn: an interrupted batch keeps that, too."""
        self._handle.writelines(self._lines.pop(key) for key in self._order if key in self._lines)
