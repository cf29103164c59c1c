"""Numbers in text files: separators, decimal commas, Fortran exponents, comments, headings."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from hybrid_index.io.source import Source
from hybrid_index.units import FloatArray

_COMMENT = ("#", "!", ";", "'", "//", "%", "*", "@")
_STARTS_NUMERIC = re.compile(r"\s*[\"']?[-+]?(?:\d|\.\d|nan\b|inf)", re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"\d,\d")
_LONGEST_NAME = 30
_ESD = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True, eq=False)
class NumberTable:
    """The block of numbers of a text file.

    Parameters
    ----------
    values
        Shape (rows, columns).
    line_numbers
        Line of the file (from 1) of each row.
    heading
        Names of the columns, lower case, empty where the file has none.
    preamble
        All comments and words, for titles and wavelengths.
    leading
        Single numbers on lines of their own before the block.
    """

    values: FloatArray
    line_numbers: tuple[int, ...]
    heading: tuple[str, ...]
    preamble: str
    leading: tuple[float, ...]


def to_float(token: str) -> float | None:
    """Return the number in a token (``1.2``, ``1.2D+03``, ``1.2(3)``), ``None`` if it is none; infinities are NaN."""
    try:
        value = float(token)
    except ValueError:
        return _unusual_float(token)
    return value if math.isfinite(value) else math.nan


def _unusual_float(token: str) -> float | None:
    cleaned = _ESD.sub("", token.strip("\"'")).replace("D", "e").replace("d", "e")
    try:
        return float(cleaned) if cleaned[:1].isdigit() or cleaned[:1] in "+-." else None
    except ValueError:
        return None


def floats(line: str) -> list[float]:
    """Leading numbers of a line, separated by blanks or commas, up to the first word."""
    values: list[float] = []
    for token in line.replace(",", " ").split():
        value = to_float(token)
        if value is None:
            break
        values.append(value)
    return values


def number_table(source: Source) -> NumberTable:
    """Find the block of numbers of a text file.

    Raises
    ------
    FileFormatError
        If there is none, or a row has another number of columns than the rest.
    """
    body = [line for line in source.lines if _STARTS_NUMERIC.match(line)]
    separator, decimal_comma = _separator(body[:2000])
    rows: list[list[float]] = []
    line_numbers: list[int] = []
    words: list[str] = []
    before: list[str] = []
    for number, line in enumerate(source.lines, start=1):
        stripped = line.strip()
        if not stripped:
            continue
        values = None if stripped.startswith(_COMMENT) else _row(stripped, separator, decimal_comma)
        if values is None:
            words.append(stripped)
            if not rows or len(rows[-1]) == 1:
                before.append(stripped)
        else:
            rows.append(values)
            line_numbers.append(number)
    if not rows:
        raise source.error("holds no numbers; a pattern has columns of 2θ and intensity")
    widths = np.array([len(row) for row in rows])
    width = int(np.bincount(widths).argmax())
    leading: list[float] = []
    while rows and len(rows[0]) == 1 and width > 1:
        leading.append(rows.pop(0)[0])
        line_numbers.pop(0)
    if rows and len(rows[-1]) < width:
        rows.pop()  # cut short in copying
        line_numbers.pop()
    for row, number in zip(rows, line_numbers, strict=True):
        if len(row) < width:
            raise source.error(
                f"line {number} has {len(row)} columns where the others have {width}; complete or remove it"
            )
    values_array = np.array([row[:width] for row in rows], dtype=np.float64)
    heading = _heading(before[-1], width) if before else ()
    return NumberTable(values_array, tuple(line_numbers), heading, "\n".join(words), tuple(leading))


def _separator(body: list[str]) -> tuple[str | None, bool]:
    """Separator (``None``: blanks) and whether commas are decimal."""
    if not body:
        return None, False
    with_semicolon = sum(";" in line for line in body)
    with_comma = sum("," in line for line in body)
    if with_semicolon > 0.5 * len(body):
        return ";", with_comma > 0
    if with_comma < 0.5 * len(body):
        return None, False
    no_points = not any("." in line for line in body)
    inside_numbers = all(line.count(",") == len(_DECIMAL_COMMA.findall(line)) for line in body if "," in line)
    several_fields = sum(len(line.split()) > 1 for line in body) > 0.5 * len(body)
    return (None, True) if no_points and inside_numbers and several_fields else (",", False)


def _row(line: str, separator: str | None, decimal_comma: bool) -> list[float] | None:
    """Numbers of a line, or ``None`` where its first field is none; a trailing remark is dropped."""
    if decimal_comma:
        line = line.replace(",", ".")
    tokens = line.split(separator)
    values: list[float] = []
    for token in tokens:
        token = token.strip()
        value = to_float(token)
        if value is None:
            if not token and values:
                continue
            break
        values.append(value)
    return values or None


def _heading(line: str, width: int) -> tuple[str, ...]:
    names = [name for name in re.split(r"[,;\t]|\s{2,}", line.strip("#!;'/%*@\" ")) if name.strip()]
    if len(names) < 2:
        names = line.strip("#!;'/%*@\" ").split()
    names = [name.strip(" \"'").lower() for name in names]
    return tuple(names) if len(names) >= width > 1 and max(map(len, names)) <= _LONGEST_NAME else ()
