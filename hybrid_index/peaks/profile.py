"""The line shape: split pseudo-Voigt lines, each with its Kα2 companion, on a straight background.

A group of n peaks has the parameters (numbering fixed, the kernels rely on it)

    0, 1   background at the centre of the window, its change to the end of the window
    2      natural logarithm of the group's width relative to the width law
    3      Lorentzian fraction η
    4      asymmetry α: left and right half widths are (1 ± α) FWHM/2
    5 + 2i, 6 + 2i   position of the Kα1 line (degrees), its height
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.units import FloatArray

N_SHARED = 5
_LN2 = math.log(2.0)
SHARED_LIMITS = np.array([[-np.inf, np.inf], [-np.inf, np.inf], [-1.5, 1.5], [0.0, 1.0], [-0.7, 0.7]])
"""Least and largest values of the shared parameters."""
_GAUSS_REACH = 50.0
"""Square of the distance, in half widths, beyond which a Gaussian is nothing (1e-15)."""
AREA_LORENTZIAN = math.pi / 2.0
AREA_GAUSSIAN = 0.5 * math.sqrt(math.pi / _LN2)


@kernel
def satellite(two_theta_deg: float, wavelength_ratio: float) -> tuple[float, float]:
    """2θ (degrees) of the same spacing at a wavelength longer by the ratio, and its derivative; (−1, 0) beyond 180°."""
    half = math.radians(two_theta_deg) / 2.0
    s = wavelength_ratio * math.sin(half)
    if s >= 1.0 or s <= -1.0:
        return -1.0, 0.0
    return 2.0 * math.degrees(math.asin(s)), wavelength_ratio * math.cos(half) / math.sqrt(1.0 - s * s)


@kernel
def add_peaks(
    parameters: FloatArray,
    width: FloatArray,
    wavelength_ratio: float,
    ka2_ratio: float,
    x: FloatArray,
    out: FloatArray,
    slopes: FloatArray,
) -> None:
    """Add the peaks of a group to *out* (n,) and their derivatives to *slopes* (m, n), unless that has no rows.

    *width* (n_peaks,) is the width law at each peak (degrees), *ka2_ratio* zero for a single line.
    """
    scale, eta, asymmetry = math.exp(parameters[2]), parameters[3], parameters[4]
    want_slopes = slopes.shape[0] > 0
    lines = 2 if ka2_ratio > 0.0 else 1
    for i in range(width.shape[0]):
        height = parameters[6 + 2 * i]
        for line in range(lines):
            centre = parameters[5 + 2 * i]
            stretch = 1.0
            share = 1.0
            if line == 1:
                centre, stretch = satellite(centre, wavelength_ratio)
                share = ka2_ratio
                if centre < 0.0:
                    continue
            half = 0.5 * scale * width[i]
            for k in range(x.shape[0]):
                sign = 1.0 if x[k] < centre else -1.0
                h = half * (1.0 + sign * asymmetry)
                u = (x[k] - centre) / h
                lorentz = 1.0 / (1.0 + u * u)
                gauss = math.exp(-_LN2 * u * u) if u * u < _GAUSS_REACH else 0.0
                value = share * (eta * lorentz + (1.0 - eta) * gauss)
                out[k] += height * value
                if want_slopes:
                    du = -2.0 * share * u * height * (eta * lorentz * lorentz + (1.0 - eta) * _LN2 * gauss)
                    slopes[2, k] -= du * u
                    slopes[3, k] += share * height * (lorentz - gauss)
                    slopes[4, k] -= du * u * sign / (1.0 + sign * asymmetry)
                    slopes[5 + 2 * i, k] -= du * stretch / h
                    slopes[6 + 2 * i, k] += value


class Window(NamedTuple):
    """What is fitted, and what is known beforehand.

    ``width`` (n_peaks,), ``wavelength_ratio`` and ``ka2_ratio`` are as for :func:`add_peaks`; ``x`` (degrees), ``y``,
    ``sigma`` (n,) the points; the shared parameters are expected near ``prior`` (N_SHARED,) within ``prior_esd``.
    """

    width: FloatArray
    wavelength_ratio: float
    ka2_ratio: float
    x: FloatArray
    y: FloatArray
    sigma: FloatArray
    prior: FloatArray
    prior_esd: FloatArray


@kernel
def residuals(parameters: FloatArray, window: Window) -> tuple[FloatArray, FloatArray]:
    """Weighted residuals (n + N_SHARED,) of a group and their derivatives (m, n + N_SHARED).

    The last ones hold the shared parameters near what is expected: so a weak peak borrows its shape from strong ones.
    """
    x, y, sigma = window.x, window.y, window.sigma
    n = x.shape[0]
    m = parameters.shape[0]
    out = np.zeros(n + N_SHARED)
    slopes = np.zeros((m, n + N_SHARED))
    add_peaks(parameters, window.width, window.wavelength_ratio, window.ka2_ratio, x, out, slopes)
    middle = 0.5 * (x[0] + x[n - 1])
    reach = 0.5 * (x[n - 1] - x[0])
    for k in range(n):
        t = (x[k] - middle) / reach
        out[k] = (out[k] + parameters[0] + parameters[1] * t - y[k]) / sigma[k]
        slopes[0, k] = 1.0 / sigma[k]
        slopes[1, k] = t / sigma[k]
    for j in range(2, m):
        for k in range(n):
            slopes[j, k] /= sigma[k]
    for j in range(N_SHARED):
        out[n + j] = (parameters[j] - window.prior[j]) / window.prior_esd[j]
        slopes[j, n + j] = 1.0 / window.prior_esd[j]
    return out, slopes
