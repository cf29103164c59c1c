"""Observed lines that a cell does not explain."""

from __future__ import annotations

import numpy as np

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import PeakList, Shift
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, q_from_two_theta, shift_two_theta, two_theta_from_q

OWN_FWHM = 0.5
"""A reflection so near (in widths) can draw a line, or most of it."""
_NO_WIDTH_DEG = 0.1


def foreign_lines(
    peaks: PeakList,
    cell: Cell,
    bravais_lattice: BravaisLattice,
    *,
    shift: Shift | None = None,
    radius_mm: float = DEFAULT_RADIUS_MM,
) -> FloatArray:
    """Positions (f,) in degrees of the lines that no reflection of the cell comes near to.

    Parameters
    ----------
    peaks
        Lines of the pattern.
    cell, bravais_lattice, shift
        The cell, and the shifts under which it is seen.
    radius_mm
        Goniometer radius, for the displacement.
    """
    if not len(peaks):
        return np.zeros(0)
    shift = shift or Shift()
    fwhm = np.nan_to_num(peaks.fwhm_deg, nan=_NO_WIDTH_DEG)
    end = min(float(peaks.two_theta_deg[-1]) + 1.0, 179.0)
    q = enumerate_reflections(
        cell.metric, bravais_lattice, float(q_from_two_theta(end, peaks.wavelength_angstrom)), merge_equal_q=True
    ).q
    seen = shift_two_theta(
        two_theta_from_q(q, peaks.wavelength_angstrom),
        zero_shift_deg=shift.zero_shift_deg,
        displacement_mm=shift.displacement_mm,
        radius_mm=radius_mm,
    )
    after = np.searchsorted(seen, peaks.two_theta_deg)
    padded = np.concatenate([[-np.inf], seen, [np.inf]])
    gap = np.minimum(peaks.two_theta_deg - padded[after], padded[after + 1] - peaks.two_theta_deg)
    return np.asarray(peaks.two_theta_deg[gap > OWN_FWHM * fwhm], dtype=np.float64)
