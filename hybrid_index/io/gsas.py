"""GSAS powder data (.gsas .gda .fxye .raw .xra .cwn): BANK records with CONST steps, in STD, ESD or FXYE layout.

Layout: A. C. Larson & R. B. Von Dreele, *General Structure Analysis System*, Los Alamos report LAUR 86-748 (2004).
Angles and steps are in centidegrees; the files carry no wavelength beyond what a comment or title says.
"""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.numbers import floats, to_float
from hybrid_index.io.radiation import radiation_from_words
from hybrid_index.io.scan import Scan, even_grid
from hybrid_index.io.source import Source
from hybrid_index.units import FloatArray

_BANK = re.compile(r"BANK\s*(\d{1,9})\s+(\d{1,9})\s+(\d{1,9})\s+([A-Z][A-Z0-9]+)\s*(.*)")
_TIME_OF_FLIGHT = {"RALF", "SLOG", "LOG6", "TIME_MAP", "LPSD", "COND"}


def is_gsas(source: Source) -> bool:
    """Whether a BANK record comes first."""
    return any(_BANK.match(line) for line in source.lines[:200])


def read_gsas(source: Source) -> list[Scan]:
    """Read all banks; time-of-flight data raise :class:`FileFormatError`."""
    starts = [i for i, line in enumerate(source.lines) if _BANK.match(line)]
    preamble = "\n".join(source.lines[: starts[0]])
    title = source.lines[0].strip().lstrip("# ") if starts[0] else ""
    ends = [*starts[1:], len(source.lines)]
    return [_bank(source, start, end, preamble, title) for start, end in zip(starts, ends, strict=True)]


def _bank(source: Source, start: int, end: int, preamble: str, title: str) -> Scan:
    match = _BANK.match(source.lines[start])
    if match is None:
        raise source.error(f"line {start + 1} is no BANK record")
    bank, n_points, kind = int(match.group(1)), int(match.group(2)), match.group(4)
    fields = match.group(5).split()
    layout = fields[-1] if fields and fields[-1].isalpha() else "STD"
    if kind in _TIME_OF_FLIGHT:
        raise source.error(
            f"bank {bank} is time-of-flight data ({kind}), which is not supported; give constant-wavelength data in 2θ"
        )
    if not kind.startswith("CONS") or len(fields) < 2:
        raise source.error(f"bank {bank} has binning {kind}; only CONST (constant steps in 2θ) is supported")
    first, step = (to_float(field) for field in fields[:2])
    if first is None or not step:
        raise source.error(f"bank {bank} has no start and step of 2θ in line {start + 1}")
    body = [line for line in source.lines[start + 1 : end] if line.strip() and not line.startswith("#")]
    readers = {"STD": _standard, "ESD": _with_esd, "FXYE": _free_columns, "FXY": _free_columns, "ALT": None}
    reader = readers.get(layout)
    if reader is None:
        raise source.error(f"bank {bank} is in layout {layout}; STD, ESD, FXY and FXYE are supported")
    columns = reader(body)
    if columns is None or not columns.shape[1]:
        raise source.error(f"bank {bank} holds no readable points; export it again")
    columns = columns[:, :n_points]
    x = columns[0] / 100.0 if len(columns) == 3 else even_grid(first, step, columns.shape[1]) / 100.0
    return Scan(
        x=x,
        intensity=columns[-2],
        sigma=None if np.isnan(columns[-1]).all() else columns[-1],
        radiation=radiation_from_words(preamble),
        title=title[:120],
        metadata={"bank": str(bank)},
    )


def _standard(body: list[str]) -> FloatArray | None:
    """10(I2,F6.0): how many counters were averaged (blank: one), then the counts; σ² = counts/counters."""
    values: list[tuple[float, float]] = []
    for line in body:
        line = line.rstrip()
        for at in range(0, len(line), 8):
            counters, counts = line[at : at + 2].strip(), to_float(line[at + 2 : at + 8].strip())
            if counts is None or not (counters.isdecimal() or not counters):
                return _standard_free(body)
            n = int(counters or 1) or 1
            values.append((counts, np.sqrt(max(counts, 1.0) / n)))
    return np.array(values, dtype=np.float64).T.reshape(2, -1)


def _standard_free(body: list[str]) -> FloatArray | None:
    """Read counts separated by blanks, as writers that do not keep the columns leave them."""
    counts = np.array([value for line in body for value in floats(line)], dtype=np.float64)
    return np.vstack([counts, np.sqrt(np.maximum(counts, 1.0))])


def _with_esd(body: list[str]) -> FloatArray | None:
    """5(F8,F8): intensity and its uncertainty."""
    values: list[float | None] = []
    for line in body:
        line = line.rstrip()
        values += [to_float(line[at : at + 8].strip()) for at in range(0, len(line), 8)]
    if len(values) % 2 or any(value is None for value in values):
        values = [value for line in body for value in floats(line)]
        values = values[: len(values) // 2 * 2]
    return np.array(values, dtype=np.float64).reshape(-1, 2).T


def _free_columns(body: list[str]) -> FloatArray | None:
    """Position (centidegrees), intensity and, in FXYE, its uncertainty."""
    rows = [row for line in body if len(row := floats(line)) >= 2]
    if not rows:
        return None
    return np.array([(row[0], row[1], row[2] if len(row) > 2 else np.nan) for row in rows], dtype=np.float64).T
