"""Integrated patterns of Fit2D and pyFAI (.chi and others): a heading that names the axis, 2θ or q, then columns."""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.numbers import floats
from hybrid_index.io.radiation import radiation_from_words
from hybrid_index.io.scan import Axis, Scan
from hybrid_index.io.source import Source

_AXIS = re.compile(r"(?i)2-?theta|\bq\b|q_(?:nm|a)\b|scattering vector|momentum transfer")


def is_chi(source: Source) -> bool:
    """Fit2D: title, two axis labels, number of points; pyFAI writes the same, or ``#`` comments with the axis named."""
    lines = source.lines
    if len(lines) > 5 and _AXIS.search(lines[1]) and re.fullmatch(r"\s*\d+(?:\s+\d+)?\s*", lines[3]):
        return len(floats(lines[4])) >= 2
    return _is_pyfai(source)


def read_chi(source: Source) -> list[Scan]:
    """Read one integrated pattern."""
    comments = [line for line in source.lines if line.startswith("#")] if _is_pyfai(source) else source.lines[:4]
    label = comments[-1] if _is_pyfai(source) else comments[1]
    rows = [row for line in source.lines if not line.startswith("#") and len(row := floats(line)) >= 2]
    if not rows:
        raise source.error("holds a heading but no points; export it again")
    width = min(len(row) for row in rows)
    values = np.array([row[:width] for row in rows], dtype=np.float64)
    sigma = values[:, 2] if width > 2 else None
    words = "\n".join(comments).replace('"', "")
    return [
        Scan(
            x=np.degrees(values[:, 0]) if re.search(r"(?i)2.?th\w*_?\W*rad", label) else values[:, 0],
            intensity=values[:, 1],
            sigma=sigma,
            axis=_axis(label),
            radiation=radiation_from_words(words),
            title=comments[0].strip("# ")[:120],
        )
    ]


def _is_pyfai(source: Source) -> bool:
    return source.lines[0].startswith("#") and bool(
        re.search(r"(?im)^#\s+(?:q_(?:nm\^-1|A\^-1)|2th_(?:deg|rad))\s", source.head)
    )


def _axis(label: str) -> Axis:
    if re.search(r"(?i)2.?th", label):
        return "two_theta"
    return "momentum_per_nm" if re.search(r"(?i)nm|nanomet", label) else "momentum_per_angstrom"
