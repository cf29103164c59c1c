"""Files that appear whole or not at all: written under a temporary name, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybrid_index.errors import OutputError


def check_writable(path: str | Path) -> Path:
    """Return *path* if a file can be made there, else raise :class:`OutputError`; call it before long work.

    Examples
    --------
    >>> check_writable("/nowhere/all.png")
    Traceback (most recent call last):
    ...
    hybrid_index.errors.OutputError: /nowhere/all.png: cannot be written: folder /nowhere does not exist; make it first
    """
    target = Path(path)
    folder = target.parent
    if target.is_dir():
        raise OutputError(f"{target}: cannot be written: it is a folder; name a file in it")
    if not folder.is_dir():
        raise OutputError(f"{target}: cannot be written: folder {folder} does not exist; make it first")
    try:
        # Permission bits do not tell all (read-only mounts, quotas), so make a file and drop it.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror}); choose another folder") from error
    return target


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside *path*; rename it when the block ends well, remove it when it does not.

    Raises
    ------
    OutputError
        If the file cannot be written; whatever stood at *path* before is untouched.
    """
    target = check_writable(path)
    # The suffix stays last, because drawing libraries choose the format by it.
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.partial{target.suffix}")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written ({error.strerror or error}); choose another place") from error
    finally:
        temporary.unlink(missing_ok=True)
