"""The last step of a refinement: lmfit least squares in 2θ, uncertainties, figures of merit."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.merit import figures_of_merit
from hybrid_index.refine.common_errors import common_covariance
from hybrid_index.refine.line_assignment import ASSIGN_ESDS, Model, assign_lines, metric_products
from hybrid_index.refine.lines import loose_shift_priors, position_esd_deg
from hybrid_index.refine.positions import SHIFTS, complete_cell, free_parameters, positions_and_slopes
from hybrid_index.refine.shared_lines import SharedLines, fitted_scale, nearest_lines, share_lines, shared_covariance
from hybrid_index.types import Assignment, Candidate, PeakList, Refinement, Shift
from hybrid_index.units import FloatArray, displacement_slope, dq_d_two_theta, q_from_two_theta

if TYPE_CHECKING:
    import lmfit

INSEPARABLE_DEG = 0.01
"""Uncertainty of the zero shift (at Cu Kα), beside a better known sum, from which it counts as not told apart."""
_SCALE_LIMITS = (0.2, 2.0)
"""Errors are taken for at least and at most this multiple of the stated ones when lines are shared."""
_LEAST_INDEXED_SCALE = 2.0 / ASSIGN_ESDS
"""And for at least this when it is said which lines are indexed: any within two stated uncertainties of a reflection
are."""
_NOT_FITTED: tuple[tuple[str, ...], FloatArray] = ((), np.zeros((0, 0)))
_IMPOSSIBLE = 1.0e3
"""Misfit, in uncertainties, of reflections that the wavelength cannot reach, or of angles that close no cell."""


def load_fitter() -> None:
    """Import lmfit, which takes a third of a second, ahead of the first fit."""
    import lmfit  # noqa: F401


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
        Fits that follow one another: the first takes each line for its nearest reflection, the others share it between
        those near to it, and know better how good the lines are.
    """
    zero, displacement = settings.fix_zero_shift_deg, settings.fix_displacement_mm
    model = Model(
        lattice=candidate.bravais_lattice,
        cell=Cell.from_metric(candidate.metric),
        zero_shift_deg=candidate.zero_shift_deg if zero is None else zero,
        displacement_mm=candidate.displacement_mm if displacement is None else displacement,
        radius_mm=settings.radius_mm,
    )
    esd, scale, fitted = position_esd_deg(peaks), 1.0, False
    for _ in range(n_rounds):
        lines = share_lines(model, peaks, esd, scale) if fitted else nearest_lines(model, peaks, esd)
        if lines.explained <= len(free_parameters(model.lattice)):
            break
        model, fitted = _fit(model, peaks, lines, settings), True
        misfit, _ = _misfit_and_slopes(model, peaks, lines)
        found = fitted_scale(lines, misfit, len(_varied(model, settings)))
        scale = float(np.clip(scale * found, *_SCALE_LIMITS))
    names, covariance = _uncertainties(model, peaks, esd, scale, settings) if fitted else _NOT_FITTED
    return _collect(candidate, model, names, covariance, peaks, esd, max(scale, _LEAST_INDEXED_SCALE))


def _varied(model: Model, settings: Settings) -> tuple[str, ...]:
    """Names of the parameters that are fitted."""
    held = (settings.fix_zero_shift_deg, settings.fix_displacement_mm)
    return (*free_parameters(model.lattice), *(name for name, value in zip(SHIFTS, held, strict=True) if value is None))


def _fit(model: Model, peaks: PeakList, lines: SharedLines, settings: Settings) -> Model:
    """Least squares in 2θ; broad priors on the shifts keep them finite where the lines do not tell them apart."""
    import lmfit

    varied = _varied(model, settings)
    parameters = []
    for name in free_parameters(model.lattice):
        value = getattr(model.cell, name)
        is_angle = name in ("alpha", "beta", "gamma")
        low, high = (1.0, 179.0) if is_angle else (0.5 * value, 2.0 * value)
        parameters.append(lmfit.Parameter(name, value=value, min=low, max=high))
    starts = (model.zero_shift_deg, model.displacement_mm)
    parameters += [lmfit.Parameter(n, value=v, vary=n in varied) for n, v in zip(SHIFTS, starts, strict=True)]
    rows = [parameter.vary for parameter in parameters]
    root_share, priors = np.sqrt(lines.share), _priors(model, peaks)
    prior_columns = np.zeros((len(parameters), 2))
    prior_columns[-2:] = np.diag(1.0 / priors)

    # lmfit asks for the same point several times: for its checks, for the residual and for the Jacobian.
    @lru_cache(maxsize=1)
    def at(values: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
        """Residual (k + 2,) and its derivatives (p, k + 2)."""
        misfit, slopes = _misfit_and_slopes(_moved(model, values), peaks, lines)
        residual = np.concatenate([misfit * root_share, values[-2:] / priors])
        return residual, np.hstack([slopes * -root_share, prior_columns])[rows]

    # Single parameters instead of lmfit.Parameters: lmfit makes one of those of them, and need not copy it first.
    fitter = lmfit.Minimizer(lambda trial: at(_values(trial))[0], parameters, calc_covar=False)
    fit = fitter.leastsq(Dfun=lambda trial: at(_values(trial))[1], col_deriv=1, max_nfev=400)
    return _moved(model, _values(fit.params))


def _priors(model: Model, peaks: PeakList) -> FloatArray:
    """Standard deviations of zero shift (degrees) and displacement (mm) around 0."""
    return np.array(loose_shift_priors(model.zero_shift_deg, peaks.wavelength_angstrom, model.radius_mm))


def _misfit_and_slopes(model: Model, peaks: PeakList, lines: SharedLines) -> tuple[FloatArray, FloatArray]:
    """Misfits (k,) of shared lines and the slopes (p + 2, k) of what is calculated, both over the uncertainties."""
    observed = peaks.two_theta_deg[lines.rows]
    calculated, slopes = positions_and_slopes(model, metric_products(lines.hkl), peaks.wavelength_angstrom)
    misfit, slopes = (observed - calculated) / lines.esd_deg, slopes / lines.esd_deg
    lost = np.isnan(misfit)
    if lost.any():
        misfit[lost], slopes[:, lost] = _IMPOSSIBLE, 0.0
    return misfit, slopes


def _uncertainties(
    model: Model, peaks: PeakList, esd_deg: FloatArray, scale: float, settings: Settings
) -> tuple[tuple[str, ...], FloatArray]:
    """Names of the fitted parameters and their covariance; empty where lines do not tell.

    It is scaled by the misfit, and has what errors that lines have in common add to it.
    """
    names = _varied(model, settings)
    lines = share_lines(model, peaks, esd_deg, scale)
    misfit, slopes = _misfit_and_slopes(model, peaks, lines)
    priors = np.zeros(len(slopes))
    priors[-2:] = _priors(model, peaks) ** -2
    rows = [name in names for name in (*free_parameters(model.lattice), *SHIFTS)]
    try:
        covariance = shared_covariance(lines, misfit, slopes[rows], np.diag(priors[rows]))
    except np.linalg.LinAlgError:
        return _NOT_FITTED
    gain = covariance @ (slopes[rows] * (lines.share / lines.esd_deg))
    common = common_covariance(peaks.two_theta_deg[lines.rows], peaks.fwhm_deg[lines.rows])
    return names, fitted_scale(lines, misfit, len(names)) ** 2 * covariance + gain @ common @ gain.T


def _values(parameters: lmfit.Parameters) -> tuple[float, ...]:
    """Free cell parameters, zero shift, displacement."""
    return tuple([float(parameter.value) for parameter in parameters.values()])


def _moved(model: Model, values: tuple[float, ...]) -> Model:
    """The model with other values of what may be fitted, in the order of :func:`_values`."""
    *cell, zero_shift_deg, displacement_mm = values
    return Model(
        lattice=model.lattice,
        cell=complete_cell(dict(zip(free_parameters(model.lattice), cell, strict=True)), model.lattice),
        zero_shift_deg=zero_shift_deg,
        displacement_mm=displacement_mm,
        radius_mm=model.radius_mm,
    )


def _collect(
    candidate: Candidate,
    model: Model,
    names: tuple[str, ...],
    covariance: FloatArray,
    peaks: PeakList,
    esd_deg: FloatArray,
    scale: float,
) -> Refinement:
    wavelength = peaks.wavelength_angstrom
    true = model.true_two_theta(peaks)
    reflections = model.reflections(true, wavelength)
    lines = assign_lines(true, esd_deg, peaks, reflections, scale)
    n = len(peaks)
    indexed, hkl = np.zeros(n, dtype=bool), np.zeros((n, 3), dtype=np.int64)
    calculated, q_assigned = np.full(n, np.nan), np.full(n, np.nan)
    indexed[lines.rows], hkl[lines.rows] = True, lines.hkl
    if lines.rows.size:
        calculated[lines.rows] = model.observed_two_theta(lines.hkl, wavelength)
        q_assigned[lines.rows] = metric_products(lines.hkl) @ model.cell.metric
    q, q_esd = q_from_two_theta(true, wavelength), dq_d_two_theta(true, wavelength) * esd_deg
    esd = {name: math.sqrt(covariance[i, i]) for i, name in enumerate(names)}
    return Refinement(
        candidate=candidate,
        cell=model.cell,
        cell_esd=_cell_esd(esd, model.lattice),
        shift=_shift(model, peaks, names, covariance),
        assignment=Assignment(indexed=indexed, hkl=hkl, two_theta_calc_deg=calculated),
        merit=figures_of_merit(q, q_esd, q_assigned, reflections.q, wavelength_angstrom=wavelength),
        parameter_names=names,
        covariance=covariance,
    )


def _cell_esd(esd: dict[str, float], lattice: BravaisLattice) -> Cell:
    """Uncertainties of all six parameters; 0 for those that symmetry fixes."""
    a = esd.get("a", 0.0)
    return Cell(
        a=a,
        b=esd.get("b", a if lattice.value[0] in "cth" else 0.0),
        c=esd.get("c", a if lattice.value[0] == "c" else 0.0),
        alpha=esd.get("alpha", 0.0),
        beta=esd.get("beta", 0.0),
        gamma=esd.get("gamma", 0.0),
    )


def _shift(model: Model, peaks: PeakList, names: tuple[str, ...], covariance: FloatArray) -> Shift:
    """The shifts with their uncertainties, and the shift in the middle of the lines, which is known best."""
    middle = float(np.median(peaks.two_theta_deg))
    leverage = float(displacement_slope(middle, radius_mm=model.radius_mm))
    combined = model.zero_shift_deg + model.displacement_mm * leverage
    weights = np.array([{"zero": 1.0, "displacement": leverage}.get(name, 0.0) for name in names])
    variance = float(weights @ covariance @ weights) if names else 0.0
    place = {name: i for i, name in enumerate(names)}
    esd = {name: math.sqrt(covariance[i, i]) for name, i in place.items()}
    correlation, note = math.nan, ""
    if "zero" in place and "displacement" in place:
        i, j = place["zero"], place["displacement"]
        correlation = float(covariance[i, j] / max(esd["zero"] * esd["displacement"], 1e-300))
        limit = INSEPARABLE_DEG * min(1.0, peaks.wavelength_angstrom / 1.5)
        if esd["zero"] > max(limit, 1.2 * math.sqrt(max(variance, 0.0))):
            note = (
                "the lines cannot tell zero shift from sample displacement; "
                f"only their sum ({combined:+.3f}° at 2θ = {middle:.0f}°) is known"
            )
    return Shift(
        zero_shift_deg=model.zero_shift_deg,
        zero_shift_esd_deg=esd.get("zero", 0.0),
        displacement_mm=model.displacement_mm,
        displacement_esd_mm=esd.get("displacement", 0.0),
        correlation=correlation,
        combined_deg=combined,
        combined_esd_deg=math.sqrt(max(variance, 0.0)),
        note=note,
    )
