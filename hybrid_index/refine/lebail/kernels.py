"""Compiled sums over the profile: the calculated pattern, its derivatives, and the normal equations.

Arrays of one row per line of a reflection are (w, m, …): w wavelengths, m reflections. The profile of a reflection (all
its lines, unit area) is kept for its own window of points, one after the other in a flat array.
"""

from __future__ import annotations

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

_FOUR_LN2 = 4.0 * np.log(2.0)
_GAUSS_HEIGHT = 2.0 * np.sqrt(np.log(2.0) / np.pi)
_GAUSS_END = 8.0
"""(Δ/FWHM)² beyond which a Gaussian is nothing (exp(−22))."""


@kernel
def windows(
    x: FloatArray, centre: FloatArray, fwhm: FloatArray, ray_shift: FloatArray, reach: float
) -> tuple[IntArray, IntArray]:
    """First point (m,) and the one after the last (m,) of each reflection, *reach* widths beyond its lines.

    ``centre`` (w, m) may hold NaN for a line that the wavelength cannot reach; ``ray_shift`` (m,) is that of the ray
    which axial divergence shifts most.
    """
    n_lines, m = centre.shape
    first, last = np.empty(m, dtype=np.int64), np.empty(m, dtype=np.int64)
    for k in range(m):
        low, high = centre[0, k], centre[0, k]
        for line in range(1, n_lines):
            if np.isfinite(centre[line, k]):
                high = max(high, centre[line, k])
        low, high = low + min(ray_shift[k], 0.0), high + max(ray_shift[k], 0.0)
        first[k] = np.searchsorted(x, low - reach * fwhm[k])
        last[k] = np.searchsorted(x, high + reach * fwhm[k])
    return first, last


@kernel
def profiles(
    x: FloatArray,
    centre: FloatArray,
    share: FloatArray,
    fwhm: FloatArray,
    eta: FloatArray,
    cot: FloatArray,
    axial: float,
    ray_square: FloatArray,
    ray_weight: FloatArray,
    first: IntArray,
    last: IntArray,
    offset: IntArray,
    out: FloatArray,
) -> None:
    """Write the profile of each reflection into *out*, from ``offset`` (m,) on.

    The rays of axial divergence lie ``axial · ray_square · cot`` (degrees) below the line; reflections for which that
    is nothing beside their width have but their mean.
    """
    for k in range(centre.shape[1]):
        base = offset[k]
        for i in range(last[k] - first[k]):
            out[base + i] = 0.0
        single = is_narrow(axial, cot[k], fwhm[k])
        for line in range(centre.shape[0]):
            if not np.isfinite(centre[line, k]) or share[line] == 0.0:
                continue
            for ray in range(1 if single else ray_square.shape[0]):
                square = 1.0 / 3.0 if single else ray_square[ray]
                weight = share[line] * (1.0 if single else ray_weight[ray])
                c = centre[line, k] - axial * square * cot[k]
                lorentz = weight * eta[k] * 2.0 / (np.pi * fwhm[k])
                gauss = weight * (1.0 - eta[k]) * _GAUSS_HEIGHT / fwhm[k]
                for i in range(first[k], last[k]):
                    u2 = ((x[i] - c) / fwhm[k]) ** 2
                    value = lorentz / (1.0 + 4.0 * u2)
                    if u2 < _GAUSS_END:
                        value += gauss * np.exp(-_FOUR_LN2 * u2)
                    out[base + i - first[k]] += value


@kernel
def is_narrow(axial: float, cot: float, fwhm: float) -> bool:
    """Whether axial divergence only shifts a reflection, and does not show in its shape."""
    return abs(axial * cot) < 0.05 * fwhm


@kernel
def derivatives(
    x: FloatArray,
    intensity: FloatArray,
    centre: FloatArray,
    centre_slope: FloatArray,
    share: FloatArray,
    fwhm: FloatArray,
    fwhm_slope: FloatArray,
    eta: FloatArray,
    eta_slope: FloatArray,
    cot: FloatArray,
    axial: float,
    ray_square: FloatArray,
    ray_weight: FloatArray,
    first: IntArray,
    last: IntArray,
    out: FloatArray,
) -> None:
    """Add the derivatives of the pattern to *out* (n, p); windows ``first``, ``last`` may be shorter than when drawn.

    Its columns: the parameters of the positions (``centre_slope`` is (w, m, p_position)), those of the widths
    (``fwhm_slope``, ``eta_slope`` are (m, p_width)), the axial divergence, and the share of the second line.
    """
    n_position, n_width = centre_slope.shape[2], fwhm_slope.shape[1]
    longest = 0
    for k in range(centre.shape[1]):
        longest = max(longest, last[k] - first[k])
    # by the centre, the width, the Lorentzian share, the axial divergence; and the profile itself
    by = np.empty((longest, 5))
    for k in range(centre.shape[1]):
        n = last[k] - first[k]
        for line in range(centre.shape[0]):
            if np.isfinite(centre[line, k]) and n > 0:
                _sum_rays(
                    x[first[k] : last[k]], centre[line, k], fwhm[k], eta[k], cot[k], axial, ray_square, ray_weight, by
                )  # fmt: skip
                scale = intensity[k] * share[line]
                for i in range(n):
                    row = out[first[k] + i]
                    for j in range(n_position):
                        row[j] += scale * by[i, 0] * centre_slope[line, k, j]
                    for j in range(n_width):
                        slope = by[i, 1] * fwhm_slope[k, j] + by[i, 2] * eta_slope[k, j]
                        row[n_position + j] += scale * slope
                    row[n_position + n_width] += scale * by[i, 3]
                    if line == 1:
                        row[n_position + n_width + 1] += intensity[k] * by[i, 4]


@kernel
def _sum_rays(
    x: FloatArray,
    centre: float,
    fwhm: float,
    eta: float,
    cot: float,
    axial: float,
    ray_square: FloatArray,
    ray_weight: FloatArray,
    by: FloatArray,
) -> None:
    """Profile of one line and its derivatives, over all rays, into *by* (n, 5)."""
    single = is_narrow(axial, cot, fwhm)
    for i in range(x.shape[0]):
        by[i] = 0.0
    for ray in range(1 if single else ray_square.shape[0]):
        square = 1.0 / 3.0 if single else ray_square[ray]
        weight = (1.0 if single else ray_weight[ray]) / fwhm
        c = centre - axial * square * cot
        for i in range(x.shape[0]):
            u = (x[i] - c) / fwhm
            body = 1.0 / (1.0 + 4.0 * u * u)
            lorentz = weight * 2.0 / np.pi * body
            gauss = weight * _GAUSS_HEIGHT * np.exp(-_FOUR_LN2 * u * u) if u * u < _GAUSS_END else 0.0
            fall = eta * lorentz * 8.0 * body + (1.0 - eta) * gauss * 2.0 * _FOUR_LN2
            value = eta * lorentz + (1.0 - eta) * gauss
            by[i, 0] += fall * u / fwhm
            by[i, 1] += (fall * u * u - value) / fwhm
            by[i, 2] += lorentz - gauss
            by[i, 3] -= fall * u / fwhm * square * cot
            by[i, 4] += value


@kernel
def add_reflections(
    intensity: FloatArray, profile: FloatArray, first: IntArray, last: IntArray, offset: IntArray, out: FloatArray
) -> None:
    """Add all reflections to *out* (n,)."""
    for k in range(intensity.shape[0]):
        for i in range(first[k], last[k]):
            out[i] += intensity[k] * profile[offset[k] + i - first[k]]


@kernel
def project(values: FloatArray, profile: FloatArray, first: IntArray, last: IntArray, offset: IntArray) -> FloatArray:
    """Sum of *values* (n,) under the profile of each reflection, shape (m,)."""
    out = np.zeros(first.shape[0])
    for k in range(first.shape[0]):
        for i in range(first[k], last[k]):
            out[k] += values[i] * profile[offset[k] + i - first[k]]
    return out


@kernel
def squares(weight: FloatArray, profile: FloatArray, first: IntArray, last: IntArray, offset: IntArray) -> FloatArray:
    """Sum of the squares of each profile, weighted: the information on its intensity if it stood alone, shape (m,)."""
    out = np.zeros(first.shape[0])
    for k in range(first.shape[0]):
        for i in range(first[k], last[k]):
            out[k] += weight[i] * profile[offset[k] + i - first[k]] ** 2
    return out


@kernel
def normal_blocks(
    weight: FloatArray,
    profile: FloatArray,
    first: IntArray,
    offset: IntArray,
    inner_first: IntArray,
    inner_last: IntArray,
    jacobian: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Blocks of the normal equations that intensities take part in.

    Profiles are cut at an inner window here: far tails make the band wide and tell nothing about the intensities.

    Returns
    -------
    band
        Shape (b, m), lower banded form of PᵀWP: row d holds the products of reflections k and k + d.
    mixed
        Shape (m, p), PᵀWD with the derivatives D (n, p) by all other parameters.
    """
    m, p = first.shape[0], jacobian.shape[1]
    width = 1
    for k in range(m):
        j = k + width
        while j < m and inner_first[j] < inner_last[k]:
            width = j - k + 1
            j += 1
    band, mixed = np.zeros((width, m)), np.zeros((m, p))
    for k in range(m):
        for i in range(inner_first[k], inner_last[k]):
            value = weight[i] * profile[offset[k] + i - first[k]]
            for j in range(p):
                mixed[k, j] += value * jacobian[i, j]
        for d in range(min(width, m - k)):
            j = k + d
            total = 0.0
            for i in range(max(inner_first[k], inner_first[j]), min(inner_last[k], inner_last[j])):
                total += weight[i] * profile[offset[k] + i - first[k]] * profile[offset[j] + i - first[j]]
            band[d, k] = total
    return band, mixed
