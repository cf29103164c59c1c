"""What can go wrong with files in the middle of a batch, told in one sentence each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybrid_index.errors import OutputError


@contextmanager
def as_output_error(path: Path, *, remedy: str = "") -> Iterator[None]:
    """Turn faults of the disk and of the database into an :class:`OutputError` that names *path*."""
    try:
        yield
    except OutputError:
        raise
    except (OSError, sqlite3.Error) as error:
        said = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: cannot be written ({said}){remedy and f'; {remedy}'}") from error
