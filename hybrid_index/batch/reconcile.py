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

from hybrid_index.batch.identity import examine, file_stamp, item_text, scan_items
from hybrid_index.batch.inputs import BatchItem, writable
from hybrid_index.batch.results import STAMP, parse_line, read_lines, rewrite
from hybrid_index.errors import InputError

_LINES = """
CREATE TEMP TABLE lines (
    id TEXT PRIMARY KEY, result TEXT, content_sha256 TEXT, settings_sha256 TEXT, version TEXT, n_scans INTEGER,
    line_hash BLOB, error TEXT, in_file INTEGER DEFAULT 0
);
CREATE INDEX temp.by_hash ON lines (line_hash);
"""
_COLUMNS = "id, result, content_sha256, settings_sha256, version, n_scans, line_hash, error"


@dataclass(slots=True)
class Findings:
    """What was found at the start, in numbers of inputs."""

    torn: int = 0
    lost: int = 0
    changed: int = 0
    vanished: int = 0
    repeated: int = 0
    retried: int = 0


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
        self._database.execute(
            "UPDATE inputs SET status = iif(lines.result = 'failed', 'failed', 'done'), result = lines.result,"
            " content_sha256 = lines.content_sha256, settings_sha256 = lines.settings_sha256, version = lines.version,"
            " n_scans = lines.n_scans, line_hash = lines.line_hash, error = lines.error"
            " FROM lines WHERE inputs.id = lines.id"
        )
        self._database.execute(
            "UPDATE inputs SET attempts = iif(status IN ('pending', 'running'), attempts, 0),"
            " status = 'pending', result = NULL, line_hash = NULL, seconds = NULL, n_scans = NULL,"
            " content_sha256 = NULL, settings_sha256 = NULL, version = NULL, worker = NULL"
            " WHERE id NOT IN (SELECT id FROM lines)"
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
            stamp.get("settings_sha256", ""),
            document.get("version", ""),
            stamp.get("n_scans", 1),
            line_hash(raw),
            writable("; ".join(map(str, reasons))) if document["status"] == "failed" else None,
        )
        cursor = self._database.execute(
            f"INSERT OR IGNORE INTO lines ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values
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
            "SELECT content_sha256, result, n_scans FROM lines WHERE id = ?", (item.id,)
        ).fetchone()
        stamp = file_stamp(item)
        if line is not None:
            content, result, n_scans = line
            if row != (text, 0, *stamp, content) and examine(item, scans=False).content_sha256 != content:
                self.findings.changed += 1
                self._drop(item, *self._scans_with_lines(item))
                line = None
            elif retry_failed and result == "failed":
                self.findings.retried += 1
                self._drop(item)
                line = None
        self._database.execute(
            "INSERT INTO inputs (id, position, scan, item, present, size, mtime_ns) VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)"
            " ON CONFLICT (id)"
            " DO UPDATE SET position = ?2, scan = ?3, item = ?4, present = 1, size = ?5, mtime_ns = ?6",
            (item.id, position, scan, text, *stamp),
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
