"""Pieces that several writers share: the pattern as text, and which shift a program should refine."""

from __future__ import annotations

import math

import numpy as np

from hybrid_index import __version__
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.units import FloatArray

MADE_BY = f"hybrid_index {__version__}"


def xye(start: RefinementStart, target: str, *, columns: int = 3) -> str:
    """Return the measured pattern: 2θ (degrees), intensity and, as third column, its standard uncertainty.

    There is no heading, because programs disagree on what one looks like.
    """
    pattern = start.need_pattern(target)
    rows = np.column_stack([pattern.two_theta_deg, pattern.intensity, start.sigma(target)])[:, :columns]
    return table(rows, ("{:.5f}", "{:.8g}", "{:.6g}")[:columns])


def table(rows: FloatArray, formats: tuple[str, ...]) -> str:
    """Return rows (n, k) as lines, each column in its own format."""
    line = " ".join(formats) + "\n"
    return "".join(line.format(*row) for row in rows.tolist())


def exactly(value: float, esd: float, *, decimals: int = 5) -> str:
    """Return a value to so many decimals with its uncertainty in units of the last, of any length.

    A start must not lose digits because an uncertainty is large: lines would move.

    Examples
    --------
    >>> exactly(5.395264, 0.0044), exactly(90.0, 0.0)
    ('5.39526(440)', '90')
    """
    if not (math.isfinite(esd) and esd > 0.0):
        return f"{value:.{decimals}f}".rstrip("0").rstrip(".")
    return f"{value:.{decimals}f}({max(1, round(esd * 10**decimals))})"


def refines_displacement(start: RefinementStart) -> bool:
    """Whether the displacement is the shift to refine, and the zero the one to hold.

    Nearly collinear shifts cannot both be free at the start. A doublet comes from a laboratory tube, where the sample
    is seldom at its place; elsewhere a displacement rarely means anything.
    """
    return start.radiation.ka2_angstrom is not None
