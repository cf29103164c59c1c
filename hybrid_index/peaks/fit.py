"""Least squares of one group of overlapping peaks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hybrid_index.peaks.detect import WidthLaw
from hybrid_index.peaks.least_squares import fit_peaks
from hybrid_index.peaks.profile import AREA_GAUSSIAN, AREA_LORENTZIAN, N_SHARED, Window, add_peaks, satellite
from hybrid_index.units import FloatArray

_NO_SLOPES = np.zeros((0, 0))
_ENOUGH_GAIN, _LAST_GAIN = 1.0e-5, 1.0e-10
"""A fit is done where χ² falls by this share or less: on the way, and for the last word."""
_DAMPINGS = (0.1, 10.0)
"""Overlapping peaks have several minima: a bold and a cautious first step often lead to different ones."""
_BACKGROUND_FREEDOM = 0.004
"""How far the local background may stray from the global one, as a fraction of the strongest peak."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of the line shape before a group is fitted.

    ``width`` is the width law, ``asymmetry`` the slope of α against cot 2θ; ``*_esd`` say how far a group may stray.
    """

    width: WidthLaw
    width_esd: float = 0.4
    eta: float = 0.5
    eta_esd: float = 0.3
    asymmetry: float = 0.0
    asymmetry_esd: float = 0.15

    def asymmetry_at(self, two_theta_deg: float) -> float:
        """Asymmetry α of the axial divergence: falls with cot 2θ."""
        return float(np.clip(self.asymmetry / math.tan(math.radians(two_theta_deg)), -0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Doublet:
    """Kα2: its wavelength over that of Kα1, and its intensity (0: none)."""

    wavelength_ratio: float = 1.0
    intensity_ratio: float = 0.0

    def separation_deg(self, two_theta_deg: float) -> float:
        """Distance of Kα2 from a Kα1 line at this 2θ, degrees; 0 where it lies beyond 180°."""
        return max(0.0, satellite(two_theta_deg, self.wavelength_ratio)[0] - two_theta_deg)


@dataclass(frozen=True, slots=True)
class GroupFit:
    """Result for one group; parameters are numbered as in :mod:`hybrid_index.peaks.profile`.

    ``covariance`` is that of the counting noise; ``misfit`` is χ² per degree of freedom; ``ka2_ratio`` is what the data
    would make of the intensity of Kα2, within ``ka2_ratio_esd`` (infinite where there is no Kα2).
    """

    parameters: FloatArray
    covariance: FloatArray
    law_width_deg: FloatArray
    chi2: float
    misfit: float
    doublet: Doublet
    ka2_ratio: float
    ka2_ratio_esd: float

    @property
    def position_deg(self) -> FloatArray:
        """Kα1 positions in degrees 2θ, shape (n,)."""
        return self.parameters[N_SHARED::2]

    @property
    def height(self) -> FloatArray:
        """Heights of the Kα1 lines, shape (n,)."""
        return self.parameters[N_SHARED + 1 :: 2]

    @property
    def fwhm_deg(self) -> FloatArray:
        """Full widths at half maximum, shape (n,)."""
        return np.asarray(self.law_width_deg * math.exp(self.parameters[2]), dtype=np.float64)

    @property
    def area(self) -> FloatArray:
        """Areas of the Kα1 lines (intensity · degrees), shape (n,)."""
        eta = float(self.parameters[3])
        return np.asarray(
            self.height * self.fwhm_deg * (eta * AREA_LORENTZIAN + (1.0 - eta) * AREA_GAUSSIAN), dtype=np.float64
        )

    @property
    def position_esd_deg(self) -> FloatArray:
        """Standard uncertainties of the positions, shape (n,)."""
        return np.sqrt(np.diag(self.covariance)[N_SHARED::2])

    @property
    def height_esd(self) -> FloatArray:
        """Standard uncertainties of the heights, shape (n,)."""
        return np.sqrt(np.diag(self.covariance)[N_SHARED + 1 :: 2])

    def profile(self, x: FloatArray, index: int) -> FloatArray:
        """One of the peaks, without background, at *x* (degrees)."""
        own = N_SHARED + 2 * index
        parameters = np.concatenate([self.parameters[:N_SHARED], self.parameters[own : own + 2]])
        width = self.law_width_deg[index : index + 1]
        out = np.zeros(x.size)
        add_peaks(parameters, width, self.doublet.wavelength_ratio, self.doublet.intensity_ratio, x, out, _NO_SLOPES)
        return out


def fit_group(
    x: FloatArray,
    y: FloatArray,
    sigma: FloatArray,
    position_deg: FloatArray,
    height: FloatArray,
    shape: Shape,
    doublet: Doublet,
    *,
    polish: bool = False,
) -> GroupFit | None:
    """Fit peaks that start at *position_deg* with *height* to the window *x*, *y*, *sigma*.

    Returns ``None`` where the least squares does not converge to something finite. With *polish* it goes on until
    nothing changes any more.
    """
    width = shape.width.at(position_deg)
    start = np.empty(N_SHARED + 2 * position_deg.size)
    start[:N_SHARED] = (0.0, 0.0, 0.0, shape.eta, shape.asymmetry_at(float(position_deg.mean())))
    start[N_SHARED::2] = position_deg
    start[N_SHARED + 1 :: 2] = height
    flat = _BACKGROUND_FREEDOM * max(float(y.max()), 0.0) + 3.0 * float(np.median(sigma))
    prior = start[:N_SHARED].copy()
    prior_esd = np.array([flat, flat, shape.width_esd, shape.eta_esd, shape.asymmetry_esd])
    window = Window(width, doublet.wavelength_ratio, doublet.intensity_ratio, x, y, sigma, prior, prior_esd)
    enough = _LAST_GAIN if polish else _ENOUGH_GAIN
    dampings = _DAMPINGS if position_deg.size > 1 else _DAMPINGS[:1]
    tried = [fit_peaks(start, window, damping, enough) for damping in dampings]
    best, left, slopes = min(tried, key=lambda one: float(np.dot(one[1], one[1])))
    try:
        covariance: FloatArray = np.linalg.inv(slopes @ slopes.T).astype(np.float64, copy=False)
    except np.linalg.LinAlgError:
        return None
    chi2 = float(np.dot(left, left))
    if not math.isfinite(chi2) or not np.all(np.isfinite(covariance)) or not np.all(np.diag(covariance) > 0.0):
        return None
    ratio, ratio_esd = _free_ka2_ratio(best, width, doublet, x, sigma, left, slopes, covariance)
    return GroupFit(
        parameters=best,
        covariance=covariance,
        law_width_deg=width,
        chi2=chi2,
        misfit=chi2 / max(1, x.size + N_SHARED - best.size),
        doublet=doublet,
        ka2_ratio=ratio,
        ka2_ratio_esd=ratio_esd,
    )


def _free_ka2_ratio(
    parameters: FloatArray,
    width: FloatArray,
    doublet: Doublet,
    x: FloatArray,
    sigma: FloatArray,
    left: FloatArray,
    slopes: FloatArray,
    covariance: FloatArray,
) -> tuple[float, float]:
    """Intensity ratio that one more linear least-squares step, with the ratio free, would give, and its uncertainty."""
    if doublet.intensity_ratio == 0.0:
        return 0.0, math.inf
    both, first = np.zeros(x.size), np.zeros(x.size)
    add_peaks(parameters, width, doublet.wavelength_ratio, doublet.intensity_ratio, x, both, _NO_SLOPES)
    add_peaks(parameters, width, doublet.wavelength_ratio, 0.0, x, first, _NO_SLOPES)
    column = np.zeros(left.size)
    column[: x.size] = (both - first) / (doublet.intensity_ratio * sigma)
    own = column - (covariance @ (slopes @ column)) @ slopes
    information = float(np.dot(own, own))
    if not information > 0.0:
        return doublet.intensity_ratio, math.inf
    return doublet.intensity_ratio - float(np.dot(own, left)) / information, 1.0 / math.sqrt(information)
