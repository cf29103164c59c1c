"""FullProf's INSTRM = 0 (and DBWS): one line ``start step end title``, then the counts, ten to a line or otherwise."""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.numbers import floats, to_float
from hybrid_index.io.radiation import radiation_from_words
from hybrid_index.io.scan import Scan, even_grid
from hybrid_index.io.source import Source
from hybrid_index.units import FloatArray

_SMALLEST_STEP_DEG = 1.0e-4
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")


def is_fullprof(source: Source) -> bool:
    """Whether the first line that is no comment holds a start, step and end that fit the number of counts."""
    found = _grid(source)
    if found is None:
        return False
    start, step, end, at = found
    n_expected = round((end - start) / step) + 1
    n = sum(len(line.split()) for line in source.lines[at + 1 :])
    return 20 <= n_expected <= 1.2 * n + 20 and n < 1.2 * n_expected + 20


def read_fullprof(source: Source) -> list[Scan]:
    """Read the counts; missing ones at the end shorten the pattern."""
    found = _grid(source)
    if found is None:
        raise source.error("has no line with start, step and end of 2θ")
    start, step, end, at = found
    counts = _counts(source.lines[at + 1 :])
    n = min(counts.size, int(np.floor((end - start) / step + 1.0e-3)) + 1)
    title = _NUMBER.sub("", source.lines[at], count=3).strip()
    return [
        Scan(
            x=even_grid(start, step, n),
            intensity=counts[:n],
            radiation=radiation_from_words("\n".join(source.lines[: at + 1])),
            title=title,
        )
    ]


def _grid(source: Source) -> tuple[float, float, float, int] | None:
    for at, line in enumerate(source.lines[:50]):
        if not line.strip() or line.lstrip().startswith(("!", "#")):
            continue
        for values in (floats(line)[:3], _fixed_eights(line)):
            if len(values) == 3:
                start, step, end = values
                if _SMALLEST_STEP_DEG <= step <= 1.0 and -5.0 <= start < end <= 180.0:
                    return start, step, end, at
        return None
    return None


def _fixed_eights(line: str) -> list[float]:
    """3F8: numbers that may touch."""
    values = [to_float(line[at : at + 8].strip()) for at in (0, 8, 16)]
    return [value for value in values if value is not None]


def _counts(lines: list[str]) -> FloatArray:
    values: list[float] = []
    for line in lines:
        found = floats(line)
        if len(found) != len(line.split()):
            break
        values += found
    return np.array(values, dtype=np.float64)
