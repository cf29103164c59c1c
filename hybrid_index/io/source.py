"""A file in memory: its bytes, its text in whatever encoding, its lines; and errors that name it."""

from __future__ import annotations

import codecs
import re
from functools import cached_property
from pathlib import Path

from hybrid_index.errors import FileFormatError, InputError

MAX_BYTES = 500_000_000
"""No powder pattern is larger; a file beyond this is something else."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_LINE_END = re.compile(r"\r\n|\n|\r")
_CONTROL = frozenset(range(32)) - {9, 10, 11, 12, 13, 26, 27}


class Source:
    """The content of one file.

    Parameters
    ----------
    path
        Where it came from; names it in errors and results.
    data
        All of its bytes.
    """

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data

    @classmethod
    def open(cls, path: str | Path) -> Source:
        """Read a file; raises :class:`InputError` if there is none, or nothing in it."""
        path = Path(path)
        name = str(path)
        try:
            if path.is_dir():
                raise InputError("is a folder; give a file in it", source=name)
            if path.stat().st_size > MAX_BYTES:
                raise InputError(
                    f"is larger than {MAX_BYTES // 1_000_000} MB; this is not a powder pattern", source=name
                )
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise InputError("no such file; check the path", source=name) from error
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read ({getattr(error, 'strerror', None) or error})", source=name) from error
        if not data.strip(b"\x00 \t\r\n"):
            raise InputError("the file is empty", source=name)
        return cls(path, data)

    @property
    def name(self) -> str:
        """File name without folder and suffix: the name of the pattern."""
        return self.path.stem

    @cached_property
    def text(self) -> str | None:
        """The decoded text, or ``None`` where the bytes are not text."""
        data = self.data
        for bom, encoding in _BOMS:
            if data.startswith(bom):
                return _decode(data[len(bom) :], encoding)
        if len(data) >= 4 and data[1::2][:200].count(0) > 0.9 * len(data[1::2][:200]):
            return _decode(data, "utf-16-le")
        head = data[:65536]
        if sum(byte in _CONTROL for byte in head) > 0.01 * len(head):
            return None
        text = _decode(data, "utf-8")
        return text if text is not None else data.decode("cp1252", errors="replace")

    @cached_property
    def lines(self) -> list[str]:
        """Lines of the text, however they end (CR LF, LF, or CR alone)."""
        return _LINE_END.split((self.text or "").replace("\x1a", ""))

    @cached_property
    def head(self) -> str:
        """The first 200 lines: enough to know a format by."""
        return "\n".join(self.lines[:200])

    def error(self, message: str) -> FileFormatError:
        """Return an error about this file, to be raised."""
        return FileFormatError(message, source=str(self.path))


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
