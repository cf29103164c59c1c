"""By what an input is known again: the hash of its content, the hash of the settings, its shard."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hybrid_index.batch.inputs import BatchItem
from hybrid_index.io import count_scans, split_scan

NOTHING_BEFORE = ""
"""In place of the hash of what stands before the first input of a series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about an input apart from its result.

    Parameters
    ----------
    content_sha256
        Of the bytes of the file and the number of the scan, or of the inline list; and of the wavelength.
    size, mtime_ns
        Of the file when it was hashed: while they stay as they are, it need not be hashed again. -1 without a file.
    n_scans
        Scans that the file holds.
    """

    content_sha256: str
    size: int = -1
    mtime_ns: int = -1
    n_scans: int = 1


def examine(item: BatchItem, *, scans: bool = True) -> Facts:
    """Return the facts about an item; a file that is missing or cannot be read counts as one without content."""
    file, number = split_scan(item.file)
    content = replace(item, id="", file=f"#{number or 1}" if item.file else "")
    digest = hashlib.sha256(item_text(content).encode())
    if not item.file:
        return Facts(content_sha256=digest.hexdigest())
    size, mtime_ns = file_stamp(item)
    try:
        with open(file, "rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    except (OSError, ValueError):  # ValueError: a name with a null character
        return Facts(content_sha256=digest.hexdigest())
    n_scans = count_scans(file) if scans and number is None else 1
    return Facts(content_sha256=digest.hexdigest(), size=size, mtime_ns=mtime_ns, n_scans=n_scans)


def file_stamp(item: BatchItem) -> tuple[int, int]:
    """Return size and time of last change (ns) of an item's file, -1 where there is none."""
    if not item.file:
        return -1, -1
    try:
        status = split_scan(item.file)[0].stat()
    except (OSError, ValueError):
        return -1, -1
    return status.st_size, status.st_mtime_ns


def item_text(item: BatchItem) -> str:
    """Return an item as JSON text, the same for equal items."""
    content = {name: value for name, value in asdict(replace(item, place=None)).items() if value not in ("", None, ())}
    return json.dumps(content, sort_keys=True)


def item_from(text: str) -> BatchItem:
    """Return the item of which :func:`item_text` made *text*."""
    content: dict[str, Any] = json.loads(text)
    content.update({name: tuple(value) for name, value in content.items() if isinstance(value, list)})
    return BatchItem(**content)


def scan_items(item: BatchItem, numbers: Iterable[int]) -> list[BatchItem]:
    """Return the items of further scans of a file, of which *item* is the first: ``scan.raw#2``, ``scan.raw#3``, ….

    They follow it in its series; a value that was given belongs to the first.
    """
    if not item.file or split_scan(item.file)[1] is not None:
        return []
    first = replace(item, value=None)
    return [replace(first, id=f"{item.id}#{number}", file=f"{item.file}#{number}") for number in numbers]


def settings_sha256(settings: Mapping[str, Any], options: Mapping[str, Any]) -> str:
    """Return the hash of all that was chosen for a whole batch and decides its results."""
    text = json.dumps({"settings": settings, "options": options}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def chained_sha256(after_sha256: str, content_sha256: str) -> str:
    """Return the hash of all that stands in a series before the next input: what was before this one, and this one."""
    return hashlib.sha256(f"{after_sha256} {content_sha256}".encode()).hexdigest()


def in_shard(item: BatchItem, shard: tuple[int, int] | None) -> bool:
    """Say whether an item belongs to shard i of n (i from 1 on).

    It hangs on the id alone, not on the place among the others: shards that are started while files still come
    in neither overlap nor leave anything out. A series stays together: there it hangs on its name.
    """
    if shard is None:
        return True
    number, total = shard
    return int.from_bytes(hashlib.sha256((item.series or item.id).encode()).digest()[:8], "big") % total == number - 1
