"""``state.sqlite``: one row for each input of a RUN, with its status, attempts and times.

The rows say what is to be done next and how things went. They can all be made again from the inputs and
``results.jsonl``, so a damaged database is set aside, and that costs nothing but hashing the inputs.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from hybrid_index.batch.identity import NOTHING_BEFORE, chained_sha256, item_from, item_text
from hybrid_index.batch.inputs import BatchItem, writable
from hybrid_index.batch.runner import Record, Task

_LAYOUT = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS inputs (
    id TEXT PRIMARY KEY,
    position INTEGER NOT NULL,            -- among the inputs; the scans of a file share it
    scan INTEGER NOT NULL,
    series TEXT NOT NULL,                 -- its name, empty if it belongs to none
    item TEXT NOT NULL,                   -- the input itself, JSON
    present INTEGER NOT NULL,             -- whether it is among the inputs of the latest command
    status TEXT NOT NULL DEFAULT 'pending'  -- waiting: for the one before it in its series
        CHECK (status IN ('waiting', 'pending', 'running', 'done', 'failed')),
    result TEXT,                          -- status in its document
    attempts INTEGER NOT NULL DEFAULT 0,  -- of these, all but the last have cost a worker
    error TEXT,
    content_sha256 TEXT,
    after_sha256 TEXT,                    -- of all that stands before it in its series
    settings_sha256 TEXT,
    version TEXT,
    size INTEGER,
    mtime_ns INTEGER,
    n_scans INTEGER,
    line_hash BLOB,                       -- of its line in results.jsonl
    seconds REAL,
    worker TEXT,
    changed_at REAL                       -- seconds since 1970
);
CREATE INDEX IF NOT EXISTS next_one ON inputs (present, status, attempts, position, scan);
CREATE INDEX IF NOT EXISTS by_line ON inputs (line_hash);
CREATE INDEX IF NOT EXISTS in_series ON inputs (series, position, scan);
"""
DONE_COLUMNS = (
    "result", "content_sha256", "after_sha256", "settings_sha256", "version", "n_scans", "line_hash", "error"
)  # fmt: skip
"""What the line of a finished input tells about it."""
_BEFORE = (
    "inputs AS one JOIN inputs AS it ON one.series = it.series AND (one.position, one.scan) < (it.position, it.scan)"
    " WHERE it.id = ? AND one.present = 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What the line of a finished input tells about it; *line_hash* tells the line."""

    id: str
    result: str
    content_sha256: str
    settings_sha256: str
    version: str
    n_scans: int
    line_hash: bytes
    after_sha256: str | None = None
    error: str | None = None


class State:
    """The rows of a RUN; a context manager that gives interrupted inputs back and closes the database.

    Nothing is committed but by the owner, through :attr:`database`.

    Parameters
    ----------
    path
        The database; made if need be.
    say
        Told if there was a damaged one, which is then set aside.
    """

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        try:
            self.database = _connect(path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = _set_aside(path)
            say(f"{path} is damaged ({error}); it was set aside as {aside.name} and is made anew from the results")
            self.database = _connect(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(sqlite3.Error):  # what stays "running" on a full disk is pending again at the next start
            self.database.rollback()
            self.database.execute("UPDATE inputs SET status = 'pending' WHERE status = 'running'")
            self.database.commit()
        self.database.close()

    def take(self) -> Task | None:
        """Return the next input, those that have cost a worker last, and mark it as running."""
        found = self.database.execute(
            "SELECT id, item, attempts FROM inputs WHERE present = 1 AND status = 'pending'"
            " ORDER BY attempts, position, scan LIMIT 1"
        ).fetchone()
        if found is None:
            return None
        key, text, attempts = found
        self.database.execute("UPDATE inputs SET status = 'running', changed_at = ? WHERE id = ?", (time.time(), key))
        return Task(key=key, item=item_from(text), attempts=attempts)

    def put_back(self, task: Task, reason: str) -> None:
        """Count an attempt that failed."""
        self.database.execute(
            "UPDATE inputs SET status = 'pending', attempts = attempts + 1, error = ?, changed_at = ? WHERE id = ?",
            (writable(reason), time.time(), task.key),
        )

    def finish(self, record: Record, done: Done) -> None:
        """Take down that the line of an input stands in the results."""
        self.database.execute(
            "UPDATE inputs SET status = iif(:result = 'failed', 'failed', 'done'), attempts = attempts + 1,"
            " size = :size, mtime_ns = :mtime_ns, seconds = :seconds, worker = :worker, changed_at = :now, "
            + ", ".join(f"{column} = :{column}" for column in DONE_COLUMNS)
            + " WHERE id = :id",
            {
                **{column: getattr(done, column) for column in ("id", *DONE_COLUMNS)},
                "size": record.facts.size,
                "mtime_ns": record.facts.mtime_ns,
                "seconds": record.seconds,
                "worker": record.worker,
                "now": time.time(),
            },
        )

    def add_scans(self, key: str, items: Iterable[BatchItem]) -> int:
        """Add the further scans of the file *key*; return how many were not known."""
        (position,) = self.database.execute("SELECT position FROM inputs WHERE id = ?", (key,)).fetchone()
        before = self.database.total_changes
        self.database.executemany(
            "INSERT OR IGNORE INTO inputs (id, position, scan, series, item, present, status)"
            " VALUES (?, ?, ?, ?, ?, 1, iif(?4 = '', 'pending', 'waiting'))",
            [(item.id, position, scan, item.series, item_text(item)) for scan, item in enumerate(items, start=2)],
        )
        return self.database.total_changes - before

    def call_next(self, series: str) -> None:
        """Let the first one that waits in a series have its turn."""
        self.database.execute(
            "UPDATE inputs SET status = 'pending' WHERE id = (SELECT id FROM inputs WHERE series = ? AND present = 1"
            " AND status = 'waiting' ORDER BY position, scan LIMIT 1)",
            (series,),
        )

    def position_in_series(self, key: str) -> int:
        """Return the number of an input in its series, from 1 on."""
        (before,) = self.database.execute(f"SELECT count(*) FROM {_BEFORE}", (key,)).fetchone()
        return int(before) + 1

    def after_sha256(self, key: str) -> str:
        """Return the hash of all that stands before an input in its series."""
        found = self.database.execute(
            f"SELECT one.after_sha256, one.content_sha256 FROM {_BEFORE}"
            " ORDER BY one.position DESC, one.scan DESC LIMIT 1",
            (key,),
        ).fetchone()
        return NOTHING_BEFORE if found is None else chained_sha256(*found)

    def latest_of_series(self) -> dict[bytes, str]:
        """Return, by the hash of its line, the series of the last input that is done in each."""
        return dict(
            self.database.execute(
                "SELECT line_hash, series FROM (SELECT line_hash, series, row_number() OVER (PARTITION BY series"
                " ORDER BY position DESC, scan DESC) AS place FROM inputs"
                " WHERE series != '' AND present = 1 AND line_hash IS NOT NULL) WHERE place = 1"
            )
        )

    def results(self) -> dict[str, int]:
        """Return how many of the present inputs have a document of which status."""
        return dict(
            self.database.execute(
                "SELECT result, count(*) FROM inputs WHERE present = 1 AND result IS NOT NULL GROUP BY result"
            )
        )

    def total(self) -> int:
        """Return the number of present inputs."""
        (count,) = self.database.execute("SELECT count(*) FROM inputs WHERE present = 1").fetchone()
        return int(count)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA wal_autocheckpoint = 250")  # pages of 4 kB
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        (layout,) = database.execute("PRAGMA user_version").fetchone()
        if verdict != "ok" or layout not in (0, _LAYOUT):
            raise sqlite3.DatabaseError(verdict if verdict != "ok" else f"layout {layout} is not known")
        database.executescript(_SCHEMA)
        database.execute(f"PRAGMA user_version = {_LAYOUT}")
        database.execute(f"SELECT id, {', '.join(DONE_COLUMNS)} FROM inputs LIMIT 1").fetchone()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Say whether the file itself is at fault, not a lock, a full disk, or missing permission."""
    return not isinstance(error, sqlite3.OperationalError) or error.sqlite_errorcode == sqlite3.SQLITE_ERROR


def _set_aside(path: Path) -> Path:
    """Rename a database and what belongs to it; return its new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return aside
