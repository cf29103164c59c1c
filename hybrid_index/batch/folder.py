"""A batch in a RUN folder, which loses nothing: kill it anywhere, give the same command again, and it goes on.

In the folder stand

- ``results.jsonl``: one document a line, as they come. It is the truth: an input is done when its line stands there.
- ``state.sqlite``: what is to be done, and how things went (:mod:`hybrid_index.batch.state`).
- ``settings.json``: what the run was made with.
- ``.lock``: held by the one batch that works here; the system lets go of it when that process ends, however it ends.

How a result becomes final: its line is appended to ``results.jsonl``, then its row is marked and committed. A kill
before the first leaves nothing, in its middle a torn line, between the two a row that is behind its line. Whatever of
these it was, :mod:`hybrid_index.batch.reconcile` sees it at the next start: torn lines are dropped, rows follow the
lines, and what has no line is done (again). Each line carries, as ``batch``, the hashes of its input and of the
settings, so that results without a state are as good.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hybrid_index.batch.executors import Executor, Solve
from hybrid_index.batch.identity import in_shard, scan_items, settings_sha256
from hybrid_index.batch.inputs import BatchItem, writable
from hybrid_index.batch.memory import SeriesMemory
from hybrid_index.batch.pool import LocalPool
from hybrid_index.batch.reconcile import Findings, Reconciliation, line_hash
from hybrid_index.batch.results import Appender, as_line
from hybrid_index.batch.run_settings import changes, read_settings, run_settings, write_settings
from hybrid_index.batch.runner import BatchSummary, Progress, Record, Task, run_tasks
from hybrid_index.batch.state import Done, State
from hybrid_index.batch.trouble import as_output_error
from hybrid_index.batch.work import solve_item
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, OutputError

RESULTS, STATE, SETTINGS, LOCK = "results.jsonl", "state.sqlite", "settings.json", ".lock"
_RESUMABLE = "what is done is safe; mend that (make room, say), and the same command goes on"
Say = Callable[[str], None]


def run_folder(
    items: Iterable[BatchItem],
    folder: str | Path,
    *,
    settings: Settings | None = None,
    options: Mapping[str, Any] | None = None,
    shard: tuple[int, int] | None = None,
    retry_failed: bool = False,
    force: bool = False,
    workers: int = 1,
    solve: Solve = solve_item,
    executor: Executor | None = None,
    progress: Progress | None = None,
    say: Say | None = None,
) -> BatchSummary:
    """Index all items that are not done yet, and keep the documents in *folder*.

    Parameters
    ----------
    items
        From :func:`~hybrid_index.batch.iterate_items`. Identical ones are done once.
    folder
        The RUN, made if need be.
    settings
        The same for all items.
    options
        What else was chosen for all items (the wavelength, known phases, …), to notice when it changes: plain data.
    shard
        ``(i, n)``: only the i-th of n parts of the items, in a RUN of its own below *folder*.
    retry_failed
        Do those anew that have failed.
    force
        Do all anew.
    workers, solve
        Number of processes, each of one thread, and what one does with an item.
    executor
        Who does the work instead of a :class:`~hybrid_index.batch.pool.LocalPool` of so many workers.
    progress
        Called with each document when it is written, how many inputs are finished by then (earlier, too), and how
        many there are.
    say
        Told, in one sentence each, what was found out of the ordinary.

    Raises
    ------
    InputError
        If two different items have the same id, or the folder holds results of other settings.
    OutputError
        If another batch works in *folder*, or it cannot be written.
    """
    chosen = settings or Settings()
    engine = executor or LocalPool(chosen, workers=workers, solve=solve)
    run = shard_folder(Path(folder), shard)
    now = run_settings(chosen, options or {}, shard)
    stamp = settings_sha256(now["settings"], now["options"])
    tell = say or _silent
    with ExitStack() as stack:
        with as_output_error(run, remedy=_RESUMABLE):
            run.mkdir(parents=True, exist_ok=True)
            stack.enter_context(locked(run))
            state = stack.enter_context(State(run / STATE, tell))
            start = Reconciliation(state.database, run / RESULTS)
            made_with = start.read_results()
            before = read_settings(run / SETTINGS)
            if force:
                start.forget_results()
            elif made_with:
                _check_same(before, now, run, others=made_with - {stamp}, say=tell)
            start.compare((item for item in items if in_shard(item, shard)), retry_failed=retry_failed)
            start.settle()
            write_settings(run / SETTINGS, now)
            _tell(start.findings, tell)
            memory = SeriesMemory(state, run / RESULTS)
            results = stack.enter_context(Appender(run / RESULTS))
        resumed = sum(state.results().values())
        run_tasks(_FolderBook(state, results, memory, run, stamp), engine, chosen, progress)
        by_status = state.results()
    return BatchSummary(path=run / RESULTS, by_status=by_status, resumed=resumed)


def shard_folder(folder: Path, shard: tuple[int, int] | None) -> Path:
    """Return the RUN of a shard: a folder in the RUN of the whole."""
    return folder if shard is None else folder / f"shard-{shard[0]}-of-{shard[1]}"


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the lock of a RUN, or raise :class:`OutputError` saying who does."""
    import fcntl  # not on every system, and a plain batch does without

    with open(run / LOCK, "a+", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            handle.seek(0)
            owner = handle.read().strip() or "another process"
            raise OutputError(
                f"{run}: a batch is at work here ({owner}); wait for it, or name another folder"
            ) from error
        handle.truncate(0)
        handle.write(f"process {os.getpid()} on {os.uname().nodename}\n")
        handle.flush()
        yield


class _FolderBook:
    """A :class:`~hybrid_index.batch.runner.Book` over the files of a RUN."""

    def __init__(self, state: State, results: Appender, memory: SeriesMemory, run: Path, settings_sha256: str) -> None:
        self._state = state
        self._results = results
        self._memory = memory
        self._run = run
        self._settings_sha256 = settings_sha256
        self._finished = sum(state.results().values())
        self._total = state.total()

    def take(self) -> Task | None:
        with as_output_error(self._run, remedy=_RESUMABLE):
            task = self._state.take()
            if task is None or not task.item.series:
                return task
            item = task.item
            place = self._memory.place(task.key, item.series, value=item.value, unit=item.unit)
            return replace(task, item=replace(item, place=place))

    def put_back(self, task: Task, reason: str) -> None:
        with as_output_error(self._run, remedy=_RESUMABLE):
            self._state.put_back(task, reason)

    def write(self, records: Sequence[Record]) -> tuple[int, int]:
        with as_output_error(self._run, remedy=_RESUMABLE):
            for record in records:
                self._write(record)
            self._state.database.commit()
        self._finished += len(records)
        return self._finished, self._total

    def _write(self, record: Record) -> None:
        document, facts, series = record.document, record.facts, record.task.item.series
        after = self._state.after_sha256(record.task.key) if series else None
        raw = as_line(document, facts, self._settings_sha256, after)
        done = Done(
            id=record.task.key,
            result=document["status"],
            content_sha256=facts.content_sha256,
            after_sha256=after,
            settings_sha256=self._settings_sha256,
            version=document["version"],
            n_scans=facts.n_scans,
            line_hash=line_hash(raw),
            error=writable("; ".join(document["reasons"])) if document["status"] == "failed" else None,
        )
        self._results.append(raw)
        self._state.finish(record, done)
        self._total += self._state.add_scans(done.id, scan_items(record.task.item, range(2, facts.n_scans + 1)))
        if series:
            self._memory.keep(series, document)
            self._state.call_next(series)


def _check_same(
    before: Mapping[str, Any] | None, now: Mapping[str, Any], run: Path, *, others: set[str], say: Say
) -> None:
    """Refuse to mix results of different settings; say so if another version made what is there."""
    if others:
        what = changes(before, now) or "which ones cannot be told"
        raise InputError(
            f"{run} holds results of other settings ({what}); name another folder, or do all anew with --force",
            source="--out",
        )
    if before is not None and before.get("version") != now["version"]:
        say(f"there are results of version {before.get('version')}; this is {now['version']} (--force does all anew)")


def _tell(found: Findings, say: Say) -> None:
    sentences = (
        (found.torn, "torn or damaged lines, dropped from the results and done again"),
        (found.lost, "inputs that were done but have no line in the results any more, done again"),
        (found.changed, "inputs that have changed since, done again"),
        (found.retried, "failed inputs, tried again"),
        (found.followers, "inputs that stand in a series after one that is to be done, done again"),
        (found.vanished, "results whose inputs are no longer named, kept"),
        (found.repeated, "inputs named more than once, done once"),
    )
    for count, what in sentences:
        if count:
            say(f"{what}: {count}")


def _silent(_: str) -> None:
    return None
