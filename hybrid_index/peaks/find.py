"""From a pattern to its peak list."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hybrid_index.errors import WavelengthError
from hybrid_index.peaks.background import fit_background
from hybrid_index.peaks.detect import WidthLaw, fit_width_law, local_maxima, significance_map, threshold
from hybrid_index.peaks.fit import Doublet, Shape
from hybrid_index.peaks.grid import WorkingPattern, working_pattern
from hybrid_index.peaks.model import PeakModel
from hybrid_index.peaks.options import PeakOptions
from hybrid_index.types import Pattern, PeakList
from hybrid_index.units import FloatArray, Radiation

_MODEL_ERROR = 0.04
"""What the line shape leaves unexplained, as a fraction of the model: no peaks are sought below it."""
_ROUNDS = 3
_SPARE = 1.4
"""Candidates kept beyond ``max_peaks``, since some will fall."""
_NO_WIDTH_FWHM_DEG = 0.1
"""Width assumed where no peak is clear enough to measure one."""
_STRONG = 15.0
"""Height over uncertainty from which a peak teaches its shape to the others."""
_MIN_TEACHERS = 3
_RESOLVED_FWHM = 0.5
"""Two peaks nearer than this are one."""
_SURVIVAL = 0.85
"""Detection decides about noise; the fit, which had to find a width as well, may be less sure by this factor."""
_KA2_PRESENT = 0.6
"""Kα2 is taken to be absent where the data ask for less than this part of its nominal intensity (by two esd)."""
_BESIDE = 0.08
"""A peak on the flank of another must be higher than this fraction of it there."""
_EDGE_FWHM = 1.0
"""No peak is believed so near an end of the pattern: half of it may be missing."""
_ESD_FLOOR_FWHM = 0.01


def find_peaks(pattern: Pattern, options: PeakOptions | None = None) -> PeakList:
    """Find and fit the diffraction lines of a pattern.

    Parameters
    ----------
    pattern
        The pattern; its ``radiation`` must be known.
    options
        Settings; the defaults serve.

    Returns
    -------
    PeakList
        Positions of the Kα1 lines with standard uncertainties, areas, widths, and height over its uncertainty
        as the significance. Empty where the pattern holds nothing but noise.

    Raises
    ------
    WavelengthError
        If the pattern has no radiation.
    InputError
        If the chosen range holds too few points.
    """
    options = options or PeakOptions()
    if pattern.radiation is None:
        source = pattern.source or pattern.name or None
        raise WavelengthError(
            "no wavelength is known for this pattern; state it with --wavelength (Å, CuKa, 30keV)", source=source
        )
    work = working_pattern(pattern, options)
    model = _search(work, pattern.radiation, options)
    model.refit(polish=True)
    return _peak_list(model, pattern, pattern.radiation, options)


def estimate_background(pattern: Pattern) -> FloatArray:
    """Background of a pattern, shape (n,), on its own grid and in its own units."""
    work = working_pattern(pattern, PeakOptions())
    background = fit_background(work.two_theta_deg, work.intensity, work.sigma, _typical_width(work))
    return np.asarray(np.interp(pattern.two_theta_deg, work.two_theta_deg, background), dtype=np.float64)


def _typical_width(work: WorkingPattern) -> float:
    return _NO_WIDTH_FWHM_DEG if work.width is None else float(np.median(work.width.at(work.two_theta_deg)))


def _search(work: WorkingPattern, radiation: Radiation, options: PeakOptions) -> PeakModel:
    """Best model of the pattern.

    A monochromator may have taken Kα2 away, whatever the label says: the data decide.
    """
    x = work.two_theta_deg
    width = work.width or WidthLaw(constant=max(_NO_WIDTH_FWHM_DEG, 4.0 * work.step_deg) ** 2, slope=0.0)
    net = work.intensity - fit_background(x, work.intensity, work.sigma, _typical_width(work))
    limit = threshold(float(x[-1] - x[0]), float(np.median(width.at(x))), options.false_peaks)
    doublet = Doublet()
    if radiation.ka2_angstrom is not None:
        doublet = Doublet(radiation.ka2_angstrom / radiation.wavelength_angstrom, radiation.ka2_ratio)
    model = _fit_all(PeakModel(work, net, Shape(width), doublet), limit, options)
    ratio, esd = model.ka2_ratio()
    if ratio + 2.0 * esd < _KA2_PRESENT * doublet.intensity_ratio:
        model = _fit_all(PeakModel(work, net, Shape(width), Doublet()), limit, options)
    return model


def _fit_all(model: PeakModel, limit: float, options: PeakOptions) -> PeakModel:
    """Add peaks until the residual shows no more, and teach all the shape of the strong ones on the way."""
    x = model.work.two_theta_deg
    for turn in range(_ROUNDS + 1):
        at = _candidates(model, limit)[: int(_SPARE * options.max_peaks)]
        if at.size == 0:
            break
        model.add(x[at], model.residual()[at])
        _prune(model, _SURVIVAL * limit, options.min_relative_area)
        if turn == 0:
            model = _taught(model)
            _prune(model, _SURVIVAL * limit, options.min_relative_area)
    return model


def _candidates(model: PeakModel, limit: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Points where the residual of the model has a significant maximum."""
    x, width = model.work.two_theta_deg, model.shape.width
    variance = model.work.sigma**2 + (_MODEL_ERROR * model.total) ** 2
    z = significance_map(x, model.residual(), variance, width, model.work.gain)
    fwhm = width.at(x)
    inside = (x - x[0] > _EDGE_FWHM * fwhm) & (x[-1] - x > _EDGE_FWHM * fwhm)
    taken = [p.position_deg for p in model.peaks]
    found = []
    for at in sorted(local_maxima(z, limit), key=lambda i: -z[i]):
        if inside[at] and all(abs(x[at] - other) > _RESOLVED_FWHM * fwhm[at] for other in taken):
            taken.append(float(x[at]))
            found.append(at)
    return np.array(sorted(found), dtype=np.int64)


def _prune(model: PeakModel, limit: float, min_relative: float) -> None:
    """Drop peaks that are not significant, or nearer to a larger one than can be resolved, until all stand."""
    for _ in range(4):
        model.peaks.sort(key=lambda p: p.position_deg)
        x = model.work.two_theta_deg
        doomed = set()
        faint = min_relative * _reference_area(model)
        for i, peak in enumerate(model.peaks):
            fwhm = float(peak.group.fwhm_deg[peak.index])
            inside = x[0] + 0.5 * fwhm < peak.position_deg < x[-1] - 0.5 * fwhm
            beside = peak.height > _BESIDE * model.others_at(peak)
            if not (peak.significance > limit and inside and beside and peak.area > faint):
                doomed.add(i)
            elif i and peak.position_deg - model.peaks[i - 1].position_deg < _RESOLVED_FWHM * fwhm:
                doomed.add(i if peak.height < model.peaks[i - 1].height else i - 1)
        if not doomed:
            return
        model.drop(doomed)


def _reference_area(model: PeakModel) -> float:
    """Return the third largest area: texture and spots make one or two lines of a pattern as strong as they like."""
    areas = sorted((p.area for p in model.peaks), reverse=True)
    return areas[min(2, len(areas) - 1)] if areas else 0.0


def _taught(model: PeakModel) -> PeakModel:
    """Refit with the shape that the strong peaks have."""
    strong = [p for p in model.peaks if p.significance > _STRONG]
    if len(strong) < _MIN_TEACHERS:
        return model
    position = np.array([p.position_deg for p in strong])
    fwhm = np.array([p.group.fwhm_deg[p.index] for p in strong])
    eta = np.array([p.group.parameters[3] for p in strong])
    cot = 1.0 / np.tan(np.radians(position))
    asymmetry = np.array([p.group.parameters[4] for p in strong])
    slope = float(np.dot(cot, asymmetry) / (np.dot(cot, cot) + 1.0))
    shape = replace(
        model.shape, width=fit_width_law(position, fwhm), width_esd=0.25, eta=float(np.median(eta)), eta_esd=0.2,
        asymmetry=slope, asymmetry_esd=0.1,
    )  # fmt: skip
    taught = model.copy(shape=shape)
    taught.refit()
    return taught


def _peak_list(model: PeakModel, pattern: Pattern, radiation: Radiation, options: PeakOptions) -> PeakList:
    peaks = sorted(model.peaks, key=lambda p: p.position_deg)[: options.max_peaks]
    fwhm = np.array([p.group.fwhm_deg[p.index] for p in peaks])
    statistical = np.array([p.group.position_esd_deg[p.index] * max(1.0, p.group.misfit) ** 0.5 for p in peaks])
    return PeakList(
        two_theta_deg=np.array([p.position_deg for p in peaks]),
        two_theta_esd_deg=np.hypot(statistical, _ESD_FLOOR_FWHM * fwhm),
        intensity=np.array([p.group.area[p.index] for p in peaks]),
        fwhm_deg=fwhm,
        height_over_noise=np.array([p.significance for p in peaks]),
        radiation=radiation,
        name=pattern.name,
        source=pattern.source,
    )
