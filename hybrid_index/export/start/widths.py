"""Widths of lines in the form that refinement programs share.

P. Thompson, D. E. Cox & J. B. Hastings, J. Appl. Cryst. 20 (1987) 79, doi:10.1107/S0021889887087090, without the
constant Lorentzian part Z that our own fits allow:

    Γ_G² = U tan²θ + V tanθ + W,    Γ_L = X tanθ + Y / cosθ
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares, nnls

from hybrid_index.line_shapes import combined_width
from hybrid_index.peaks.detect import fit_width_law
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray

if TYPE_CHECKING:
    from hybrid_index.refine.lebail import LeBailFit

_GAUSS_SHARE, _LORENTZ_SHARE = 0.52, 0.42
"""Γ_G²/Γ² and Γ_L/Γ of a line that is about half Lorentzian, which is supposed where only total widths are known."""
_NO_WIDTH_DEG = 0.1
_LORENTZ_WEIGHT = 0.3
"""How much the Lorentzian part counts beside the total width."""
_LEAST_SHARE = 0.01
"""A Gaussian part never falls below this share of the narrowest Γ²: programs take its root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Parameters of the widths.

    Parameters
    ----------
    u, v, w
        Gaussian, degrees² of 2θ.
    x, y
        Lorentzian, degrees of 2θ; neither is negative.
    axial_deg
        Farthest that axial divergence shifts a ray to lower angles at cot 2θ = 1, degrees; 0 where unknown.
    typical_fwhm_deg
        Full width at half maximum in the middle of the range.
    """

    u: float
    v: float
    w: float
    x: float
    y: float
    axial_deg: float
    typical_fwhm_deg: float

    def parts(self, two_theta_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Γ_G (n,) and Γ_L (n,) in degrees."""
        tan, secant = _tan_and_secant(two_theta_deg)
        gauss = np.sqrt(np.maximum(self.u * tan**2 + self.v * tan + self.w, 0.0))
        return gauss, self.x * tan + self.y * secant

    def fwhm(self, two_theta_deg: FloatArray) -> FloatArray:
        """Full width at half maximum (n,), degrees."""
        return combined_width(*self.parts(two_theta_deg))


def from_fit(fit: LeBailFit) -> Widths:
    """Widths of a whole-pattern fit, its constant Lorentzian part shared out to the others.

    Total widths are followed first, and the Lorentzian part as far as that leaves it free; the square of the Gaussian
    part stays positive and Lorentzian parameters do not become negative, which some programs stop at. The widths hold
    over the range of the pattern.
    """
    target, profile = fit.reflections.fwhm_deg, fit.profile
    tan, secant = _tan_and_secant(fit.reflections.two_theta_deg)
    lorentz = np.maximum(profile["X"] * tan + profile["Y"] * secant + profile["Z"], 0.0)
    least = _LEAST_SHARE * float(np.min(target)) ** 2
    squares, lines = np.column_stack([tan**2, tan, np.ones(tan.size)]), np.column_stack([tan, secant])

    def misfit(parameters: FloatArray) -> FloatArray:
        square, part = squares @ parameters[:3], lines @ parameters[3:]
        width = combined_width(np.sqrt(np.maximum(square, least)), part)
        negative = np.maximum(least - square, 0.0) / least
        return np.concatenate([np.log(width / target), _LORENTZ_WEIGHT * (part - lorentz) / target, negative])

    (u, w), _ = nnls(squares[:, [0, 2]], _GAUSS_SHARE * target**2)
    (x, y), _ = nnls(lines, np.minimum(lorentz, target))
    bounds = ([-np.inf] * 3 + [0.0] * 2, np.inf)
    found = least_squares(misfit, [u, 0.0, max(w, least), x, y], bounds=bounds, x_scale=_scales(target)).x
    names = ("u", "v", "w", "x", "y")
    return Widths(
        **dict(zip(names, found.tolist(), strict=True)),
        axial_deg=float(profile["axial"]),
        typical_fwhm_deg=float(np.median(target)),
    )


def _scales(fwhm_deg: FloatArray) -> list[float]:
    typical = float(np.median(fwhm_deg))
    return [typical**2] * 3 + [typical] * 2


def from_peaks(peaks: PeakList) -> Widths:
    """Widths of the lines of a list, supposed to be half Lorentzian; 0.1° where the list has none."""
    known = np.isfinite(peaks.fwhm_deg)
    if not known.any():
        return _half_lorentzian(_NO_WIDTH_DEG**2, 0.0, _NO_WIDTH_DEG)
    law = fit_width_law(peaks.two_theta_deg[known], peaks.fwhm_deg[known])
    return _half_lorentzian(law.constant, law.slope, float(np.median(law.at(peaks.two_theta_deg))))


def _half_lorentzian(constant: float, slope: float, typical_deg: float) -> Widths:
    return Widths(
        u=_GAUSS_SHARE * slope,
        v=0.0,
        w=_GAUSS_SHARE * constant,
        x=_LORENTZ_SHARE * slope**0.5,
        y=_LORENTZ_SHARE * constant**0.5,
        axial_deg=0.0,
        typical_fwhm_deg=typical_deg,
    )


def _tan_and_secant(two_theta_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    theta = np.radians(two_theta_deg) / 2.0
    return np.tan(theta), 1.0 / np.cos(theta)
