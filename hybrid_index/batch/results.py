"""``results.jsonl``: whole lines only, one for each input that is done. It is the truth about a batch.

Lines are appended. A kill in the middle of that leaves a torn last line, a power cut may leave worse; such lines are
recognised when the file is read again, and left out when it is written anew (under another name, then renamed).
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from hybrid_index.batch.identity import Facts
from hybrid_index.export import to_json

SYNC_EVERY_S = 1.0
"""A power cut costs at most what was done in so many seconds."""
STAMP = "batch"
"""The member of a line by which its input is known again."""


def as_line(document: Mapping[str, Any], facts: Facts, settings_sha256: str, after_sha256: str | None) -> bytes:
    """Return a document as a line of a RUN, with that by which its input is known again.

    *after_sha256* stands for all inputs before it in its series; ``None`` without a series.
    """
    stamp = {
        "content_sha256": facts.content_sha256,
        **({} if after_sha256 is None else {"after_sha256": after_sha256}),
        "settings_sha256": settings_sha256,
        "n_scans": facts.n_scans,
    }
    return plain_line({**document, STAMP: stamp})


def plain_line(document: Mapping[str, Any]) -> bytes:
    """Return a document as a line; what is no Unicode in a file's name becomes an escape of JSON."""
    return to_json(document).encode("utf-8", "backslashreplace") + b"\n"


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a result file, one in memory at a time; none if there is no such file."""
    if path.exists():
        with open(path, "rb") as handle:
            yield from handle


def parse_line(raw: bytes) -> dict[str, Any] | None:
    """Return the document that a line of a RUN holds, ``None`` if it is torn, damaged, or something else."""
    if not raw.endswith(b"\n"):
        return None
    try:
        content = json.loads(raw)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(content, dict) or not all(isinstance(content.get(name), str) for name in ("id", "status")):
        return None
    return content if isinstance(content.get(STAMP), dict) else None


def rewrite(path: Path, lines: Iterable[bytes]) -> None:
    """Put *lines* in the place of a file's, at one stroke; they may be read from that very file."""
    temporary = path.with_name(f".{path.name}.partial")
    try:
        with open(temporary, "wb") as handle:
            handle.writelines(lines)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Appender:
    """Appends whole lines, or nothing."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        self._size = os.fstat(self._descriptor).st_size
        self._synced = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)

    def append(self, data: bytes) -> None:
        """Append lines; where that fails half-way (a full disk), what was written of them is taken back."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)
        if time.monotonic() - self._synced >= SYNC_EVERY_S:
            os.fsync(self._descriptor)
            self._synced = time.monotonic()
