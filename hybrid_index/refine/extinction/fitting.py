"""The fit that extinction symbols are judged by."""

from __future__ import annotations

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail import LeBailFit, foreign_lines, lebail_fit, range_end_deg
from hybrid_index.types import Pattern, PeakList, Shift
from hybrid_index.units import DEFAULT_RADIUS_MM

MOST_REFLECTIONS = 300
"""The fit ends where the cell has more reflections: beyond, they overlap, and say little about absences."""


def fit_all_lines(
    pattern: Pattern,
    cell: Cell,
    bravais_lattice: BravaisLattice,
    *,
    peaks: PeakList,
    shift: Shift | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
) -> LeBailFit:
    """Fit a pattern with all lines that a lattice allows, and the observed lines that it does not explain.

    Arguments and errors are those of :func:`hybrid_index.refine.lebail.lebail_fit`.
    """
    end = range_end_deg([(cell, bravais_lattice)], peaks.radiation, MOST_REFLECTIONS)
    low, high = float(pattern.two_theta_deg[0]), float(pattern.two_theta_deg[-1])
    return lebail_fit(
        pattern.replace(radiation=peaks.radiation),
        cell,
        bravais_lattice,
        shift=shift,
        peaks=peaks,
        two_theta_range_deg=(low, max(min(high, end), low + 1.0)),
        foreign_two_theta_deg=foreign_lines(peaks, cell, bravais_lattice, shift=shift, radius_mm=radius_mm),
        radius_mm=radius_mm,
    )
