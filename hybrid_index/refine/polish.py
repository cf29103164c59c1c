"""The last step of a refinement: lmfit least squares in 2θ, uncertainties, figures of merit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.merit import figures_of_merit
from hybrid_index.refine.hkl import Reflections, enumerate_reflections
from hybrid_index.refine.lines import DISPLACEMENT_PRIOR_MM, ZERO_PRIOR_DEG, position_esd_deg
from hybrid_index.types import Assignment, Candidate, PeakList, Refinement, Shift
from hybrid_index.units import (
    FloatArray,
    displacement_slope,
    dq_d_two_theta,
    q_from_two_theta,
    two_theta_from_q,
    unshift_two_theta,
)

if TYPE_CHECKING:
    import lmfit

ASSIGN_ESDS = 3.5
"""A line is indexed if a reflection lies within this many of its (scaled) uncertainties."""
INSEPARABLE = 0.95
"""Correlation of zero shift and displacement above which the data cannot tell them apart."""

# Cell parameters that are free in each family, and what ties the others to them.
_FREE: dict[str, tuple[str, ...]] = {
    "c": ("a",),
    "t": ("a", "c"),
    "h": ("a", "c"),
    "o": ("a", "b", "c"),
    "m": ("a", "b", "c", "beta"),
    "a": ("a", "b", "c", "alpha", "beta", "gamma"),
}
_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")


def polish(candidate: Candidate, peaks: PeakList, settings: Settings, *, n_rounds: int = 2) -> Refinement:
    """Refine a candidate that is nearly right.

    Parameters
    ----------
    candidate
        Lattice, metric and shifts to start from.
    peaks
        The observed lines.
    settings
        Fixed shifts, goniometer radius.
    n_rounds
        Assignments and fits that follow one another.
    """
    lattice = candidate.bravais_lattice
    zero = candidate.zero_shift_deg if settings.fix_zero_shift_deg is None else settings.fix_zero_shift_deg
    shift = candidate.displacement_mm if settings.fix_displacement_mm is None else settings.fix_displacement_mm
    esd = position_esd_deg(peaks)
    cell, reflections = Cell.from_metric(candidate.metric), None
    scale, fit = 1.0, None
    for _ in range(n_rounds):
        reflections = _reflections(cell, lattice, peaks, zero, shift, settings)
        rows, hkl = _assign(reflections, peaks, zero, shift, settings, ASSIGN_ESDS * scale * esd)
        if rows.size <= len(_FREE[lattice.value[0]]):
            break
        fit = _fit(cell, lattice, peaks, esd, rows, hkl, zero, shift, settings)
        cell = _cell_of(fit.params, lattice)
        zero, shift = float(fit.params["zero"].value), float(fit.params["displacement"].value)
        scale = min(max(_misfit(cell, hkl, peaks, esd, rows, zero, shift, settings), 0.5), 2.0)
    return _collect(candidate, cell, fit, peaks, settings, zero, shift, ASSIGN_ESDS * scale * esd)


def _reflections(
    cell: Cell, lattice: BravaisLattice, peaks: PeakList, zero: float, displacement: float, settings: Settings
) -> Reflections:
    last = float(_true(peaks, zero, displacement, settings)[-1]) + 1.0
    q_max = float(q_from_two_theta(min(last, 179.9), peaks.wavelength_angstrom))
    return enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)


def _true(peaks: PeakList, zero: float, displacement: float, settings: Settings) -> FloatArray:
    moved = unshift_two_theta(
        peaks.two_theta_deg, zero_shift_deg=zero, displacement_mm=displacement, radius_mm=settings.radius_mm
    )
    return np.clip(moved, 0.01, 179.99)


def _assign(
    reflections: Reflections,
    peaks: PeakList,
    zero: float,
    displacement: float,
    settings: Settings,
    tolerance_deg: FloatArray,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lines with a reflection within their tolerance, and its indices; a reflection serves only the nearest line."""
    true = _true(peaks, zero, displacement, settings)
    q = q_from_two_theta(true, peaks.wavelength_angstrom)
    if not len(reflections):
        return np.zeros(0, dtype=np.int64), np.zeros((0, 3), dtype=np.int64)
    right = np.clip(np.searchsorted(reflections.q, q), 1, max(len(reflections) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(reflections) - 1)
    nearest = np.where(np.abs(reflections.q[left] - q) <= np.abs(reflections.q[right] - q), left, right)
    gap = np.abs(reflections.q[nearest] - q) / np.maximum(dq_d_two_theta(true, peaks.wavelength_angstrom), 1e-12)
    rows = []
    for j in np.unique(nearest):
        sharing = np.flatnonzero(nearest == j)
        best = sharing[np.argmin(gap[sharing])]
        if gap[best] <= tolerance_deg[best]:
            rows.append(int(best))
    index = np.array(sorted(rows), dtype=np.int64)
    return index, reflections.hkl[nearest[index]].astype(np.int64)


def _products(hkl: npt.NDArray[np.int64]) -> FloatArray:
    h, k, l = hkl.astype(np.float64).T
    return np.column_stack([h * h, k * k, l * l, k * l, h * l, h * k])


def _calculated(
    cell: Cell, hkl: npt.NDArray[np.int64], wavelength: float, zero: float, displacement: float, radius_mm: float
) -> FloatArray:
    """Positions (degrees) at which reflections are observed, shifts included."""
    true = two_theta_from_q(_products(hkl) @ cell.metric, wavelength)
    return true + zero + displacement * displacement_slope(true, radius_mm=radius_mm)


def _misfit(
    cell: Cell,
    hkl: npt.NDArray[np.int64],
    peaks: PeakList,
    esd: FloatArray,
    rows: npt.NDArray[np.int64],
    zero: float,
    displacement: float,
    settings: Settings,
) -> float:
    calculated = _calculated(cell, hkl, peaks.wavelength_angstrom, zero, displacement, settings.radius_mm)
    return float(np.sqrt(np.nanmean(((peaks.two_theta_deg[rows] - calculated) / esd[rows]) ** 2)))


def _cell_of(parameters: Any, lattice: BravaisLattice) -> Cell:
    values = {name: float(parameters[name].value) for name in _FREE[lattice.value[0]]}
    return _complete(values, lattice.value[0])


def _complete(values: dict[str, float], family: str) -> Cell:
    full = {"alpha": 90.0, "beta": 90.0, "gamma": 120.0 if family == "h" else 90.0, **values}
    full.setdefault("b", full["a"])
    full.setdefault("c", full["a"])
    return Cell(**full)


def _fit(
    cell: Cell,
    lattice: BravaisLattice,
    peaks: PeakList,
    esd: FloatArray,
    rows: npt.NDArray[np.int64],
    hkl: npt.NDArray[np.int64],
    zero: float,
    displacement: float,
    settings: Settings,
) -> lmfit.minimizer.MinimizerResult:
    """Least squares in 2θ; broad priors on the shifts keep them finite where the lines do not tell them apart."""
    import lmfit

    family = lattice.value[0]
    parameters = lmfit.Parameters()
    for name in _FREE[family]:
        value = getattr(cell, name)
        low, high = (1.0, 179.0) if name in ("alpha", "beta", "gamma") else (0.5 * value, 2.0 * value)
        parameters.add(name, value=value, min=low, max=high)
    parameters.add("zero", value=zero, vary=settings.fix_zero_shift_deg is None)
    parameters.add("displacement", value=displacement, vary=settings.fix_displacement_mm is None)
    observed, sigma = peaks.two_theta_deg[rows], esd[rows]
    scale = min(1.0, peaks.wavelength_angstrom / 1.5)
    priors = np.array([ZERO_PRIOR_DEG * scale, DISPLACEMENT_PRIOR_MM * scale * settings.radius_mm / 200.0])

    def residual(p: lmfit.Parameters) -> FloatArray:
        z, s = float(p["zero"].value), float(p["displacement"].value)
        try:
            trial = _cell_of(p, lattice)
            calculated = _calculated(trial, hkl, peaks.wavelength_angstrom, z, s, settings.radius_mm)
        except np.linalg.LinAlgError:
            calculated = np.full(observed.size, np.nan)
        misfit = np.nan_to_num((observed - calculated) / sigma, nan=1e3)
        return np.concatenate([misfit, np.array([z, s]) / priors])

    return lmfit.minimize(residual, parameters, method="leastsq", max_nfev=400)


def _collect(
    candidate: Candidate,
    cell: Cell,
    fit: lmfit.minimizer.MinimizerResult | None,
    peaks: PeakList,
    settings: Settings,
    zero: float,
    displacement: float,
    tolerance_deg: FloatArray,
) -> Refinement:
    lattice, wavelength = candidate.bravais_lattice, peaks.wavelength_angstrom
    reflections = _reflections(cell, lattice, peaks, zero, displacement, settings)
    rows, hkl_rows = _assign(reflections, peaks, zero, displacement, settings, tolerance_deg)
    n = len(peaks)
    indexed, hkl, calculated = np.zeros(n, dtype=bool), np.zeros((n, 3), dtype=np.int64), np.full(n, np.nan)
    assigned_q = np.full(n, np.nan)
    indexed[rows], hkl[rows] = True, hkl_rows
    if rows.size:
        calculated[rows] = _calculated(cell, hkl_rows, wavelength, zero, displacement, settings.radius_mm)
        assigned_q[rows] = _products(hkl_rows) @ cell.metric
    true = _true(peaks, zero, displacement, settings)
    slope = dq_d_two_theta(true, wavelength)
    merit = figures_of_merit(
        q_from_two_theta(true, wavelength),
        slope * position_esd_deg(peaks),
        assigned_q,
        reflections.q,
        wavelength_angstrom=wavelength,
    )
    names, covariance = _covariance(fit)
    esd = {name: math.sqrt(covariance[i, i]) for i, name in enumerate(names)}
    family = lattice.value[0]
    cell_esd = Cell(
        a=esd.get("a", 0.0),
        b=esd.get("b", esd.get("a", 0.0) if family in "cth" else 0.0),
        c=esd.get("c", esd.get("a", 0.0) if family == "c" else 0.0),
        alpha=esd.get("alpha", 0.0),
        beta=esd.get("beta", 0.0),
        gamma=esd.get("gamma", 0.0),
    )
    return Refinement(
        candidate=candidate,
        cell=cell,
        cell_esd=cell_esd,
        shift=_shift(peaks, settings, zero, displacement, names, covariance),
        assignment=Assignment(indexed=indexed, hkl=hkl, two_theta_calc_deg=calculated),
        merit=merit,
        parameter_names=names,
        covariance=covariance,
    )


def _covariance(fit: lmfit.minimizer.MinimizerResult | None) -> tuple[tuple[str, ...], FloatArray]:
    """Names of the free parameters and their covariance, scaled by the misfit; empty where there was no fit."""
    if fit is None or getattr(fit, "covar", None) is None:
        return (), np.zeros((0, 0))
    covariance = np.asarray(fit.covar, dtype=np.float64)
    if not np.all(np.isfinite(covariance)) or np.any(np.diag(covariance) < 0.0):
        return (), np.zeros((0, 0))
    return tuple(fit.var_names), covariance


def _shift(
    peaks: PeakList,
    settings: Settings,
    zero: float,
    displacement: float,
    names: tuple[str, ...],
    covariance: FloatArray,
) -> Shift:
    """The shifts with their uncertainties, and the shift in the middle of the lines, which is known best."""
    middle = float(np.median(peaks.two_theta_deg))
    leverage = float(displacement_slope(middle, radius_mm=settings.radius_mm))
    weights = np.array([{"zero": 1.0, "displacement": leverage}.get(name, 0.0) for name in names])
    combined_variance = float(weights @ covariance @ weights) if names else 0.0
    index = {name: i for i, name in enumerate(names)}
    esd = {name: math.sqrt(covariance[i, i]) for name, i in index.items()}
    correlation, note = math.nan, ""
    if "zero" in index and "displacement" in index:
        i, j = index["zero"], index["displacement"]
        correlation = float(covariance[i, j] / math.sqrt(covariance[i, i] * covariance[j, j]))
        if abs(correlation) > INSEPARABLE:
            note = (
                "the lines cannot tell zero shift from sample displacement; only their sum "
                f"({zero + displacement * leverage:+.3f}° at 2θ = {middle:.0f}°) is known"
            )
    return Shift(
        zero_shift_deg=zero,
        zero_shift_esd_deg=esd.get("zero", 0.0),
        displacement_mm=displacement,
        displacement_esd_mm=esd.get("displacement", 0.0),
        correlation=correlation,
        combined_deg=zero + displacement * leverage,
        combined_esd_deg=math.sqrt(max(combined_variance, 0.0)),
        note=note,
    )
