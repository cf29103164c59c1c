"""At the start of a batch: bring inputs, ``results.jsonl`` and ``state.sqlite`` together.

1. Every line of the results is looked at. Those that the state knows by their hash need not be parsed. Torn and damaged
   lines are dropped, and second ones for the same input.
2. Every input is compared with its line: it is done if its content has the hash that the line says. While size and time
   of a file are those under which it was hashed, it is not read.
3. Lines of inputs that are to be done anew are dropped: the results are written without them, and take their place at
   one stroke. Only then the state is committed.

Whatever is interrupted in this, the next start does again from the beginning. All lists are tables in the database:
memory does not grow with the number of inputs.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hybrid_index.batch.identity import NOTHING_BEFORE, chained_sha256, examine, file_stamp, item_text, scan_items
from hybrid_index.batch.inputs import BatchItem, writable
from hybrid_index.batch.results import STAMP, parse_line, read_lines, rewrite
from hybrid_index.batch.state import DONE_COLUMNS
from hybrid_index.errors import InputError

_LINES = """
CREATE TEMP TABLE lines (
    id TEXT PRIMARY KEY, result TEXT, content_sha256 TEXT, after_sha256 TEXT, settings_sha256 TEXT, version TEXT,
    n_scans INTEGER, line_hash BLOB, error TEXT, in_file INTEGER DEFAULT 0
);
CREATE INDEX temp.by_hash ON lines (line_hash);
"""
_COLUMNS = ", ".join(("id", *DONE_COLUMNS))
_HEADS = (
    "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY series ORDER BY position, scan) AS place FROM inputs"
    " WHERE series != '' AND present = 1 AND status = 'pending') WHERE place = 1"
)
_TO_BE_DONE = "to be done"
"""In place of the hash of what stands before an input, where that is not all done."""


@dataclass(slots=True)
class Findings:
    """What was found at the start, in numbers of inputs."""

    torn: int = 0
    lost: int = 0
    changed: int = 0
    vanished: int = 0
    repeated: int = 0
    retried: int = 0
    followers: int = 0


def line_hash(raw: bytes) -> bytes:
    """Return the hash by which a line is known again."""
    return hashlib.blake2b(raw, digest_size=16).digest()


class Reconciliation:
    """The three steps; call :meth:`read_results`, :meth:`compare` and :meth:`settle` in turn."""

    def __init__(self, database: sqlite3.Connection, results: Path) -> None:
        self._database = database
        self._results = results
        self._to_drop = 0
        self.findings = Findings()
        self._after: dict[str, str] = {}
        database.executescript(_LINES)
        database.execute("UPDATE inputs SET present = 0")

    def read_results(self) -> set[str]:
        """Take down all lines; return the hashes of the settings under which they were made."""
        for raw in read_lines(self._results):
            taken = self._database.execute(
                f"INSERT OR IGNORE INTO lines ({_COLUMNS}) SELECT {_COLUMNS} FROM inputs WHERE line_hash = ?",
                (line_hash(raw),),
            ).rowcount
            if not taken and not self._take_unknown(raw):
                self._to_drop += 1
        (self.findings.lost,) = self._database.execute(
            "SELECT count(*) FROM inputs WHERE line_hash IS NOT NULL AND id NOT IN (SELECT id FROM lines)"
        ).fetchone()
        return {settings for (settings,) in self._database.execute("SELECT DISTINCT settings_sha256 FROM lines")}

    def forget_results(self) -> None:
        """Have everything done anew."""
        self._to_drop += self._database.execute("DELETE FROM lines").rowcount
        self._database.execute("UPDATE inputs SET status = 'done'")  # so that old attempts do not count

    def compare(self, items: Iterable[BatchItem], *, retry_failed: bool) -> None:
        """Go through the inputs: what is done, what is to be done.

        Raises
        ------
        InputError
            If two different inputs have the same id.
        """
        for position, item in enumerate(items):
            self._compare(item, position, retry_failed=retry_failed)

    def settle(self) -> None:
        """Write the results without the lines that have to go, and commit the state."""
        self._database.execute("DELETE FROM inputs WHERE present = 0 AND id NOT IN (SELECT id FROM lines)")
        copied = ", ".join(f"{column} = lines.{column}" for column in DONE_COLUMNS)
        self._database.execute(
            f"UPDATE inputs SET status = iif(lines.result = 'failed', 'failed', 'done'), {copied}"
            " FROM lines WHERE inputs.id = lines.id"
        )
        self._database.execute(
            "UPDATE inputs SET attempts = iif(status IN ('pending', 'running'), attempts, 0),"
            " status = 'pending', result = NULL, line_hash = NULL, seconds = NULL, n_scans = NULL,"
            " content_sha256 = NULL, after_sha256 = NULL, settings_sha256 = NULL, version = NULL, worker = NULL"
            " WHERE id NOT IN (SELECT id FROM lines)"
        )
        self._database.execute(
            "UPDATE inputs SET status = 'waiting'"
            f" WHERE series != '' AND present = 1 AND status = 'pending' AND id NOT IN ({_HEADS})"
        )
        (self.findings.vanished,) = self._database.execute(
            "SELECT count(*) FROM lines WHERE id NOT IN (SELECT id FROM inputs WHERE present = 1)"
        ).fetchone()
        if self._to_drop:
            rewrite(self._results, self._lines_that_stay())
        self._database.commit()
        self._database.execute("DROP TABLE lines")

    def _take_unknown(self, raw: bytes) -> bool:
        """Take down a line that is not known by its hash; ``False`` if it is of no use."""
        document = parse_line(raw)
        if document is None:
            self.findings.torn += 1
            return False
        stamp, reasons = document[STAMP], document.get("reasons") or []
        values = (
            document["id"],
            document["status"],
            stamp.get("content_sha256", ""),
            stamp.get("after_sha256"),
            stamp.get("settings_sha256", ""),
            document.get("version", ""),
            stamp.get("n_scans", 1),
            line_hash(raw),
            writable("; ".join(map(str, reasons))) if document["status"] == "failed" else None,
        )
        cursor = self._database.execute(
            f"INSERT OR IGNORE INTO lines ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values
        )
        return cursor.rowcount == 1

    def _compare(self, item: BatchItem, position: int, *, retry_failed: bool, scan: int = 1) -> None:
        text = item_text(item)
        row = self._database.execute(
            "SELECT item, present, size, mtime_ns, content_sha256 FROM inputs WHERE id = ?", (item.id,)
        ).fetchone()
        if row is not None and row[1]:
            if row[0] != text:
                raise InputError("this id stands for two different inputs; give each its own", source=item.id)
            self.findings.repeated += 1
            return
        line = self._database.execute(
            "SELECT content_sha256, result, n_scans, after_sha256 FROM lines WHERE id = ?", (item.id,)
        ).fetchone()
        stamp = file_stamp(item)
        if line is not None:
            content, result, n_scans, after = line
            if row != (text, 0, *stamp, content) and examine(item, scans=False).content_sha256 != content:
                self.findings.changed += 1
                self._drop(item, *self._scans_with_lines(item))
                line = None
            elif item.series and after != self._after.get(item.series, NOTHING_BEFORE):
                self.findings.followers += 1
                self._drop(item, *self._scans_with_lines(item))
                line = None
            elif retry_failed and result == "failed":
                self.findings.retried += 1
                self._drop(item)
                line = None
        if item.series:  # what follows one that is to be done hangs on it, and is to be done, too
            self._after[item.series] = _TO_BE_DONE if line is None else chained_sha256(line[3], line[0])
        self._database.execute(
            "INSERT INTO inputs (id, position, scan, series, item, present, size, mtime_ns)"
            " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7) ON CONFLICT (id) DO UPDATE"
            " SET position = ?2, scan = ?3, series = ?4, item = ?5, present = 1, size = ?6, mtime_ns = ?7",
            (item.id, position, scan, item.series, text, *stamp),
        )
        further = self._scans_with_lines(item) if line is None else scan_items(item, range(2, n_scans + 1))
        for number, another in enumerate(further, start=2):
            self._compare(another, position, retry_failed=retry_failed, scan=number)

    def _scans_with_lines(self, item: BatchItem) -> list[BatchItem]:
        """Return the further scans of a file as far as they have lines, where its own line does not count them."""
        between = (f"{item.id}#", f"{item.id}$")  # "$" follows "#"
        ids = {key for (key,) in self._database.execute("SELECT id FROM lines WHERE id > ? AND id < ?", between)}
        numbers = sorted(int(number) for key in ids if (number := key.removeprefix(between[0])).isdecimal())
        return [scan for scan in scan_items(item, numbers) if scan.id in ids]

    def _drop(self, *items: BatchItem) -> None:
        for item in items:
            self._to_drop += self._database.execute("DELETE FROM lines WHERE id = ?", (item.id,)).rowcount

    def _lines_that_stay(self) -> Iterator[bytes]:
        for raw in read_lines(self._results):
            mark = "UPDATE lines SET in_file = 1 WHERE line_hash = ? AND in_file = 0"
            if self._database.execute(mark, (line_hash(raw),)).rowcount:
                yield raw
