"""From a pattern and a cell to a problem: points, weights, background, reflections, priors and a start."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from scipy.interpolate import BSpline

from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.peaks.background import fit_background
from hybrid_index.peaks.detect import WidthLaw, fit_width_law
from hybrid_index.peaks.grid import WorkingPattern, working_pattern
from hybrid_index.peaks.noise import moving_average
from hybrid_index.peaks.options import PeakOptions
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.refine.lebail.model import Problem
from hybrid_index.refine.lebail.widths import start_widths
from hybrid_index.refine.lines import loose_shift_priors
from hybrid_index.refine.positions import free_parameters
from hybrid_index.types import IntArray, Pattern, PeakList, Shift
from hybrid_index.units import (
    FloatArray,
    Radiation,
    q_from_two_theta,
    shift_two_theta,
    two_theta_from_q,
    unshift_two_theta,
)

Absent = Callable[[IntArray], npt.NDArray[np.bool_]]
"""Which of the reflections hkl (m, 3) are systematically absent, as a mask (m,)."""

MAX_REFLECTIONS = 2000
"""More cannot be told apart in a powder pattern, and would take minutes."""
EQUAL_Q = 1.0e-7
"""Relative difference in Q below which reflections are one line."""
_MARGIN_FWHM = 1.0
"""Reflections so far beyond an end of the range still reach into it."""
_NO_WIDTH_DEG = 0.1
_KNOT_FWHM = 50.0
_KNOTS = (8, 14)
"""The correction of the background bends over so many widths, and so few or many times in all."""
_BACKGROUND_FREEDOM = (0.4, 2.0)
"""It is expected to be below this share of the background, and so many standard uncertainties of a point."""
_AXIAL = (0.1, 0.3)
"""Axial shift at cot 2θ = 1 expected at the start, and its prior uncertainty, in peak widths."""
_KA2_ESD = 0.15
_SAME_LEVEL = 3.0
"""Points within so many uncertainties of the mean of their neighbours have the mean of their variances."""


def set_up(
    pattern: Pattern,
    cell: Cell,
    lattice: BravaisLattice,
    shift: Shift | None,
    peaks: PeakList | None,
    two_theta_range_deg: tuple[float, float] | None,
    absent: Absent | None,
    foreign_two_theta_deg: FloatArray,
    radius_mm: float,
) -> tuple[Problem, FloatArray]:
    """Problem, and parameters to start from; raises :class:`InputError` where there is nothing to fit."""
    where = pattern.source or pattern.name or None
    if pattern.radiation is None:
        raise WavelengthError(
            "no wavelength is known for this pattern; state it (1.5406, CuKa, 30keV) before fitting", source=where
        )
    low, high = two_theta_range_deg or (None, None)
    work = working_pattern(pattern, PeakOptions(min_two_theta_deg=low, max_two_theta_deg=high))
    law = _width_law(work, peaks)
    x = work.two_theta_deg
    fwhm = float(np.median(law.at(x)))
    base = fit_background(x, work.intensity, work.sigma, fwhm)
    shift = shift or Shift()
    hkl, multiplicity, observed = reflections_in_range(
        cell, lattice, shift, (float(x[0]), float(x[-1])), pattern.radiation.wavelength_angstrom,
        margin_deg=_MARGIN_FWHM * fwhm, absent=absent, radius_mm=radius_mm, where=where,
    )  # fmt: skip
    foreign = foreign_two_theta_deg[(foreign_two_theta_deg > x[0]) & (foreign_two_theta_deg < x[-1])]
    order = np.argsort(np.append(observed, foreign), kind="stable")
    basis, background_esd = _background_basis(work, base, fwhm)
    ka2 = pattern.radiation.ka2_angstrom is not None
    widths = start_widths(law.constant, law.slope)
    n_cell = len(free_parameters(lattice))
    parameters = np.concatenate(
        [
            [getattr(cell, name) for name in free_parameters(lattice)],
            [shift.zero_shift_deg, shift.displacement_mm],
            widths,
            [_AXIAL[0] * fwhm, pattern.radiation.ka2_ratio if ka2 else 0.0],
            np.zeros(basis.shape[1]),
        ]
    )
    prior, prior_esd = parameters.copy(), np.full(parameters.size, np.inf)
    prior[n_cell : n_cell + 2] = 0.0
    prior_esd[n_cell : n_cell + 2] = loose_shift_priors(
        shift.zero_shift_deg, pattern.radiation.wavelength_angstrom, radius_mm
    )
    prior_esd[n_cell + 2 : n_cell + 8] = [fwhm**2] * 3 + [fwhm] * 3
    prior[n_cell + 8] = 0.0
    prior_esd[n_cell + 8 : n_cell + 10] = _AXIAL[1] * fwhm, _KA2_ESD if ka2 else 1.0
    prior_esd[n_cell + 10 :] = background_esd
    problem = Problem(
        two_theta_deg=x,
        intensity=work.intensity,
        variance=_levelled_variance(work),
        base=base,
        basis=basis,
        hkl=np.vstack([hkl, np.zeros((foreign.size, 3), dtype=np.int64)])[order],
        multiplicity=np.append(multiplicity, np.ones(foreign.size, dtype=np.int64))[order],
        foreign_deg=np.append(np.full(observed.size, np.nan), foreign)[order],
        lattice=lattice,
        radiation=pattern.radiation,
        radius_mm=radius_mm,
        prior=prior,
        prior_esd=prior_esd,
        least_fwhm_deg=max(0.1 * fwhm, work.step_deg),
    )
    return problem, parameters


def reflections_in_range(
    cell: Cell,
    lattice: BravaisLattice,
    shift: Shift,
    two_theta_range_deg: tuple[float, float],
    wavelength_angstrom: float,
    *,
    margin_deg: float,
    absent: Absent | None,
    radius_mm: float,
    where: str | None,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Reflections (m, 3) that are distinct lines, ascending in Q; their multiplicities (m,) and places (m,) in 2θ."""
    low, high = two_theta_range_deg
    shifts = {
        "zero_shift_deg": shift.zero_shift_deg, "displacement_mm": shift.displacement_mm, "radius_mm": radius_mm,
    }  # fmt: skip
    last = min(float(unshift_two_theta(high + margin_deg, **shifts)), 179.0)
    found = enumerate_reflections(cell.metric, lattice, float(q_from_two_theta(last, wavelength_angstrom)))
    observed = shift_two_theta(two_theta_from_q(found.q, wavelength_angstrom), **shifts)
    keep = observed > low - margin_deg
    if absent is not None:
        keep &= ~np.asarray(absent(found.hkl.astype(np.int64)), dtype=np.bool_)
    hkl, q, multiplicity = found.hkl[keep].astype(np.int64), found.q[keep], found.multiplicity[keep]
    observed = observed[keep]
    first = np.flatnonzero(np.diff(q, prepend=-1.0) > EQUAL_Q * q)
    if not first.size:
        raise InputError(
            f"the cell has no reflection between {low:g} and {high:g}°; widen the range or check the cell", source=where
        )
    if first.size > MAX_REFLECTIONS:
        end = float(observed[first[MAX_REFLECTIONS]])
        raise InputError(
            f"the cell has {first.size} reflections between {low:g} and {high:g}°, more than the {MAX_REFLECTIONS} "
            f"that can be fitted; end the range below {end:.1f}°",
            source=where,
        )
    return hkl[first], np.add.reduceat(multiplicity, first), observed[first]


def _width_law(work: WorkingPattern, peaks: PeakList | None) -> WidthLaw:
    """Widths of the peaks that were fitted, else those that detection sees."""
    if peaks is not None and np.isfinite(peaks.fwhm_deg).any():
        known = np.isfinite(peaks.fwhm_deg)
        return fit_width_law(peaks.two_theta_deg[known], peaks.fwhm_deg[known])
    return work.width or WidthLaw(constant=_NO_WIDTH_DEG**2, slope=0.0)


def _background_basis(work: WorkingPattern, base: FloatArray, fwhm_deg: float) -> tuple[FloatArray, FloatArray]:
    """Cubic B-splines (n, b) that may correct the background, and how large their coefficients may be (b,)."""
    x = work.two_theta_deg
    pieces = int(np.clip((x[-1] - x[0]) / (_KNOT_FWHM * fwhm_deg), *_KNOTS))
    inner = np.linspace(x[0], x[-1], pieces + 1)
    knots = np.concatenate([[x[0]] * 3, inner, [x[-1]] * 3])
    basis = np.asarray(BSpline.design_matrix(x, knots, 3).toarray(), dtype=np.float64)
    share, points = _BACKGROUND_FREEDOM
    freedom = share * np.maximum(base, 0.0) + points * work.sigma
    return basis, np.asarray(basis.T @ freedom / basis.sum(axis=0), dtype=np.float64)


def _levelled_variance(work: WorkingPattern) -> FloatArray:
    """Variances of the points; where neighbours agree their mean, since each alone has the error of its count in it."""
    variance, mean = work.sigma**2, moving_average(work.sigma**2, 5)
    level = np.abs(work.intensity - moving_average(work.intensity, 5)) < _SAME_LEVEL * work.sigma
    return np.asarray(np.where(level, mean, variance), dtype=np.float64)


def range_end_deg(cells: Iterable[tuple[Cell, BravaisLattice]], radiation: Radiation, most_reflections: int) -> float:
    """2θ (degrees) up to which no cell of several has more than so many distinct reflections; at most 179°.

    Fits that are to be compared need the same range, and beyond some density reflections say nothing.
    """
    wavelength = radiation.wavelength_angstrom
    ends = [179.0]
    for cell, lattice in cells:
        q_max = float(q_from_two_theta(ends[-1], wavelength))
        enough = min(q_max, (100.0 * most_reflections / cell.volume) ** (2.0 / 3.0))
        q = enumerate_reflections(cell.metric, lattice, enough, merge_equal_q=True).q
        if q.size > most_reflections:
            ends.append(min(ends[-1], float(two_theta_from_q(q[most_reflections], wavelength)) - 1.0e-3))
    return ends[-1]
