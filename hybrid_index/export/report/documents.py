"""The documents of a run, one after the other: a run of thousands is never in memory as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybrid_index.errors import InputError
from hybrid_index.export.result_document import SCHEMA

RESULTS = "results.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A line that is no result document: its number in the file, and what is wrong with it."""

    line: int
    reason: str


def results_file(run: str | Path) -> Path:
    """Return the file with the documents of a run: *run* itself, or ``results.jsonl`` in that folder.

    Raises
    ------
    InputError
        If there is none.
    """
    path = Path(run)
    file = path / RESULTS if path.is_dir() else path
    if not file.is_file():
        remedy = f"name the folder of a run, with {RESULTS} in it, or a .jsonl file that `batch --out` wrote"
        raise InputError(f"{'holds no ' + RESULTS if path.is_dir() else 'no such file'}; {remedy}", source=str(path))
    return file


def read_documents(run: str | Path) -> Iterator[dict[str, Any] | Unreadable]:
    """Yield the result documents of a run as they stand in its file; see :func:`results_file`.

    A run that is still going, or was cut off, may end in half a line; that and other damage is told, not raised.
    """
    file = results_file(run)
    try:
        with open(file, "rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _document(line, number)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", source=str(file)) from error


def _document(line: bytes, number: int) -> dict[str, Any] | Unreadable:
    try:
        content = json.loads(line)
    except ValueError as error:
        return Unreadable(line=number, reason=f"not valid JSON ({error})")
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        return Unreadable(line=number, reason=f"not a result document of the schema {SCHEMA!r}")
    return content
