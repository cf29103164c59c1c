"""Which reflection each observed line is, for a cell with given shifts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import Reflections, enumerate_reflections
from hybrid_index.types import IntArray, PeakList
from hybrid_index.units import (
    FloatArray,
    displacement_slope,
    q_from_two_theta,
    two_theta_from_q,
    unshift_two_theta,
)

ASSIGN_ESDS = 3.5
"""A line is indexed if a reflection lies within this many of its (scaled) uncertainties."""
BLEND_FWHM = 0.5
"""Reflections nearer to each other than this share of the peak width show as one peak somewhere between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A lattice and the shifts under which its lines are observed."""

    lattice: BravaisLattice
    cell: Cell
    zero_shift_deg: float
    displacement_mm: float
    radius_mm: float

    def true_two_theta(self, peaks: PeakList) -> FloatArray:
        """2θ of the observed lines, corrected for the shifts, degrees."""
        moved = unshift_two_theta(
            peaks.two_theta_deg,
            zero_shift_deg=self.zero_shift_deg,
            displacement_mm=self.displacement_mm,
            radius_mm=self.radius_mm,
        )
        return np.asarray(np.clip(moved, 0.01, 179.99), dtype=np.float64)

    def observed_two_theta(self, hkl: IntArray, wavelength_angstrom: float) -> FloatArray:
        """2θ at which reflections (n, 3) are observed, shifts included, degrees."""
        true = two_theta_from_q(metric_products(hkl) @ self.cell.metric, wavelength_angstrom)
        slope = displacement_slope(true, radius_mm=self.radius_mm)
        return np.asarray(true + self.zero_shift_deg + self.displacement_mm * slope, dtype=np.float64)

    def reflections(self, true_two_theta: FloatArray, wavelength_angstrom: float) -> Reflections:
        """Distinct reflections up to one degree beyond the last of the lines corrected for the shifts."""
        last = min(float(true_two_theta[-1]) + 1.0, 179.9)
        q_max = float(q_from_two_theta(last, wavelength_angstrom))
        return enumerate_reflections(self.cell.metric, self.lattice, q_max, merge_equal_q=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssignedLines:
    """Observed lines that a model explains.

    ``rows`` (m,) places in the peak list; ``hkl`` (m, 3); ``esd_deg`` (m,) uncertainty of the position, larger where
    several reflections share the peak.
    """

    rows: IntArray
    hkl: IntArray
    esd_deg: FloatArray


def metric_products(hkl: IntArray) -> FloatArray:
    """h², k², l², kl, hl, hk: what multiplies (A..F) in Q, shape (n, 6)."""
    h, k, l = hkl.astype(np.float64).T
    return np.column_stack([h * h, k * k, l * l, k * l, h * l, h * k])


def assign_lines(
    true: FloatArray, esd: FloatArray, peaks: PeakList, reflections: Reflections, scale: float
) -> AssignedLines:
    """Give each line its nearest reflection, if that lies within ``ASSIGN_ESDS`` times *scale* uncertainties.

    A reflection serves only the nearest of the lines that claim it. A line between reflections that its width cannot
    separate may lie anywhere between them.

    Parameters
    ----------
    true, esd
        Shape (n,): 2θ of the lines corrected for the shifts, and uncertainties, degrees.
    peaks
        The lines as observed.
    reflections
        Distinct reflections, ascending.
    scale
        What the uncertainties are multiplied by.
    """
    if not len(reflections) or not len(peaks):
        return AssignedLines(rows=np.zeros(0, np.int64), hkl=np.zeros((0, 3), np.int64), esd_deg=np.zeros(0))
    calculated = two_theta_from_q(reflections.q, peaks.wavelength_angstrom)
    calculated = np.where(np.isfinite(calculated), calculated, 180.0)
    left, right = _neighbours(calculated, true)
    nearest = np.where(np.abs(calculated[left] - true) <= np.abs(calculated[right] - true), left, right)
    gap = np.abs(calculated[nearest] - true)
    esd = np.hypot(esd, blend_spread(calculated, true, peaks.fwhm_deg))
    by_claim = np.lexsort((gap, nearest))
    first = by_claim[np.diff(nearest[by_claim], prepend=-1) > 0]
    rows = np.sort(first[gap[first] <= ASSIGN_ESDS * scale * esd[first]])
    return AssignedLines(rows=rows, hkl=reflections.hkl[nearest[rows]].astype(np.int64), esd_deg=esd[rows])


def blend_spread(calculated: FloatArray, lines: FloatArray, fwhm_deg: FloatArray) -> FloatArray:
    """How far (degrees) each line (n,) may be off because it may be a blend of the reflections on both sides of it.

    *calculated* (m,), ascending, and *lines* (n,) are 2θ in degrees, both with the shifts or both without; *fwhm_deg*
    (n,) says what the peaks separate.
    """
    left, right = _neighbours(calculated, lines)
    spread = calculated[right] - calculated[left]
    gap = np.minimum(np.abs(calculated[left] - lines), np.abs(calculated[right] - lines))
    blended = (spread > 0.0) & (spread < BLEND_FWHM * fwhm_deg) & (gap <= spread)
    return np.where(blended, 0.5 * spread, 0.0)


def _neighbours(calculated: FloatArray, lines: FloatArray) -> tuple[IntArray, IntArray]:
    """Places of the reflections before and after each line, the same where there is but one."""
    left = np.clip(np.searchsorted(calculated, lines) - 1, 0, len(calculated) - 1)
    return left, np.minimum(left + 1, len(calculated) - 1)
