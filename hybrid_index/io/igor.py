"""IGOR text waves as Conograph writes them (.histogramIgor): ``WAVES/O`` names the columns between BEGIN and END."""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.numbers import floats
from hybrid_index.io.scan import Scan
from hybrid_index.io.source import Source


def is_igor(source: Source) -> bool:
    """Whether the first word is IGOR."""
    return source.head.lstrip().startswith("IGOR")


def read_igor(source: Source) -> list[Scan]:
    """Read the first table of waves; time-of-flight histograms raise :class:`FileFormatError`."""
    waves = re.search(r"(?im)^\s*WAVES\S*\s+(.+)$", source.head)
    names = [name.strip().lower() for name in waves.group(1).split(",")] if waves else []
    stripped = [line.strip() for line in source.lines]
    begin = stripped.index("BEGIN") + 1 if "BEGIN" in stripped else len(stripped)
    end = stripped.index("END", begin) if "END" in stripped[begin:] else len(stripped)
    rows = [row for line in source.lines[begin:end] if len(row := floats(line)) >= 2]
    if not rows:
        raise source.error("holds no table between BEGIN and END; export it again")
    width = min(len(row) for row in rows)
    values = np.array([row[:width] for row in rows], dtype=np.float64)
    if (names and names[0].startswith("tof")) or values[0, 0] > 360.0:
        raise source.error("is a time-of-flight histogram, which is not supported; give constant-wavelength data in 2θ")
    return [Scan(x=values[:, 0], intensity=values[:, 1], sigma=values[:, 2] if width > 2 else None)]
