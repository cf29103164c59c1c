"""How wide lines are: Gaussian and Lorentzian parts of Thompson, Cox & Hastings' pseudo-Voigt.

P. Thompson, D. E. Cox & J. B. Hastings, J. Appl. Cryst. 20 (1987) 79, doi:10.1107/S0021889887087090. In degrees of 2θ,

    Γ_G² = U tan²θ + V tanθ + W,    Γ_L = X tanθ + Y / cosθ + Z

(their P / cos²θ is the same as U = W = P; a constant Z lets narrow instrumental lines have tails).
"""

from __future__ import annotations

import numpy as np

from hybrid_index.line_shapes import combined_width, lorentzian_share, share_slope, width_slopes
from hybrid_index.units import FloatArray

WIDTH_NAMES = ("U", "V", "W", "X", "Y", "Z")
"""Parameters of the widths: U, V, W in degrees², X, Y, Z in degrees."""


def start_widths(constant: float, slope: float) -> FloatArray:
    """U … Z of lines with FWHM² = constant + slope · tan²θ (degrees²) that are about half Lorentzian.

    For equal total widths the parts are Γ_G ≈ 0.72 Γ and Γ_L ≈ 0.42 Γ.
    """
    base = float(np.sqrt(constant))
    return np.array([0.52 * slope, 0.0, 0.52 * constant, 0.42 * np.sqrt(slope), 0.21 * base, 0.21 * base])


def widths_and_slopes(
    parameters: FloatArray, two_theta_deg: FloatArray, least_deg: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """FWHM (m,) in degrees, Lorentzian share η (m,), and their derivatives (m, 6) by U … Z.

    Parameters
    ----------
    parameters
        Shape (6,), U … Z.
    two_theta_deg
        Shape (m,).
    least_deg
        Below this the Gaussian part does not go; parts that would be smaller, or negative, bend off smoothly, so that a
        fit that comes there finds its way back.
    """
    theta = np.radians(np.minimum(two_theta_deg, 175.0)) / 2.0
    tan, secant, one = np.tan(theta), 1.0 / np.cos(theta), np.ones(theta.size)
    gauss_columns = np.stack([tan * tan, tan, one], axis=1)
    lorentz_columns = np.stack([tan, secant, one], axis=1)
    square, square_slope = _positive(gauss_columns @ parameters[:3] - least_deg**2, least_deg**2)
    lorentz, lorentz_slope = _positive(lorentz_columns @ parameters[3:], 0.5 * least_deg)
    gauss = np.sqrt(square + least_deg**2)
    gauss_columns *= (0.5 * square_slope / gauss)[:, None]
    lorentz_columns *= lorentz_slope[:, None]
    fwhm = combined_width(gauss, lorentz)
    by_gauss, by_lorentz = width_slopes(gauss, lorentz, fwhm)
    ratio = lorentz / fwhm
    fwhm_slope = np.hstack([by_gauss[:, None] * gauss_columns, by_lorentz[:, None] * lorentz_columns])
    ratio_slope = -(ratio / fwhm)[:, None] * fwhm_slope
    ratio_slope[:, 3:] += lorentz_columns / fwhm[:, None]
    return fwhm, lorentzian_share(ratio), fwhm_slope, share_slope(ratio)[:, None] * ratio_slope


def _positive(values: FloatArray, scale: float) -> tuple[FloatArray, FloatArray]:
    """A smooth max(value, 0), bent over *scale*, and its slope."""
    root = np.sqrt(values**2 + scale**2)
    return 0.5 * (values + root), 0.5 * (1.0 + values / root)
