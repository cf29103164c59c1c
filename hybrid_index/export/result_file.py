"""Results from files: the document that ``index --json`` prints, or one line of a batch's ``results.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hybrid_index.errors import FileFormatError, InputError
from hybrid_index.export.result_parse import from_document
from hybrid_index.types import IndexingResult

_IDS_NAMED = 8


def is_result_file(path: str | Path) -> bool:
    """Whether a file holds result documents, by its first bytes: a JSON object that names its schema."""
    try:
        with open(path, "rb") as handle:
            head = handle.read(4096)
    except OSError:
        return False
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and b"hybrid-index/result/" in head


def read_result(path: str | Path, *, id: str | None = None) -> IndexingResult:
    """Read one result.

    Parameters
    ----------
    path
        A result document, or a file with one document a line.
    id
        Which of several; the last of that id, should there be more.

    Raises
    ------
    InputError
        If the file is none of these, or holds several results and *id* does not choose one.
    """
    where = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", source=where) from error
    except UnicodeDecodeError as error:
        raise FileFormatError("is not text, so no result document", source=where) from error
    found = list(_documents(text, where))
    chosen = [content for content in found if id is None or content.get("id") == id]
    if id is None and len(found) > 1:
        raise InputError(f"holds {len(found)} results; choose one with --id, such as {_named(found)}", source=where)
    if not chosen:
        raise InputError(f"holds no result with the id {id!r}; there are {_named(found)}", source=where)
    try:
        return from_document(chosen[-1])
    except InputError as error:
        raise error.at(where) from error


def _documents(text: str, where: str) -> Iterator[dict[str, Any]]:
    try:
        parsed = [json.loads(text)]
    except json.JSONDecodeError:
        parsed = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    parsed.append(json.loads(line))
                except json.JSONDecodeError as error:
                    raise FileFormatError(f"line {number} is not JSON ({error.msg})", source=where) from error
    for content in parsed:
        if not isinstance(content, dict):
            raise FileFormatError("is JSON, but no result document", source=where)
        yield content


def _named(found: list[dict[str, Any]]) -> str:
    names = ", ".join(repr(content.get("id")) for content in found[:_IDS_NAMED])
    return f"{names} and {len(found) - _IDS_NAMED} more" if len(found) > _IDS_NAMED else names or "none"
