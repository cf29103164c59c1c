"""Pieces of text that several writers share."""

from __future__ import annotations

import numpy as np

from hybrid_index import __version__
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.units import FloatArray

MADE_BY = f"hybrid_index {__version__}"


def xye(start: RefinementStart, target: str, *, comment: str = "#") -> str:
    """Return the measured pattern as 2θ (degrees), intensity and its standard uncertainty; *comment* opens line one."""
    pattern = start.need_pattern(target)
    head = f"{comment} {start.title}\n" if comment else ""
    return head + table(np.column_stack([pattern.two_theta_deg, pattern.intensity, start.sigma(target)]))


def table(rows: FloatArray) -> str:
    """Return 2θ (degrees), intensity and uncertainty, shape (n, 3), as lines."""
    return "".join(f"{x:.5f} {y:.8g} {s:.6g}\n" for x, y, s in rows.tolist())
