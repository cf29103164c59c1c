"""Where peaks are: a matched filter blind to a straight background, a threshold that knows its false alarms.

Filtering with the peak's own shape, made orthogonal to a constant and a slope, estimates the height of a peak on a
local linear background by least squares; height over its standard uncertainty is the significance.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from hybrid_index.units import FloatArray

_WINDOW_FWHM = 1.6
"""Half width of the filter: long enough to see the background, short enough to miss the neighbours."""
_SCALE_STEP = 1.3
_MIN_FWHM_POINTS = 2.0
_MAX_FWHM_DEG = 2.0
_CLEAR = 8.0
"""Significance from which a peak may tell how wide peaks are."""
_WIDTH_WITNESSES = 40
_TALL = 0.2
"""Witnesses are at least this high, as a fraction of the highest: lower ones may be humps."""
_RIPPLE_WIDTHS = 5.0
_RIPPLE_GAIN = 1.6
"""A summit is noise on top of a peak up to so many times wider that answers so many times more strongly."""
_FILTER_EXCESS = 1.6
"""The Gaussian filter that answers best to a line is so much wider: lines have tails, and Kα2 companions."""


def kernel(fwhm_points: float) -> FloatArray:
    """Gaussian of this width without its constant and linear part, scaled so that it returns heights; odd length."""
    half = max(3, math.ceil(_WINDOW_FWHM * fwhm_points))
    x = np.arange(-half, half + 1, dtype=np.float64)
    shape = np.exp(-4.0 * math.log(2.0) * (x / fwhm_points) ** 2)
    shape -= shape.mean()
    return np.asarray(shape / np.dot(shape, shape), dtype=np.float64)


def significance(intensity: FloatArray, variance: FloatArray, fwhm_points: float, gain: float = 0.0) -> FloatArray:
    """Height over its uncertainty of a peak of this width at every point, shape (n,); zero at the very edges.

    Counts are skewed: their third moment is *gain* · variance. The first Cornish–Fisher term takes that out, so that a
    threshold means the same for ten counts as for ten thousand.
    """
    weights = kernel(fwhm_points)
    half = weights.size // 2
    out = np.zeros_like(intensity)
    if intensity.size <= weights.size:
        return out
    height = np.convolve(intensity, weights[::-1], mode="valid")
    spread = np.maximum(np.convolve(variance, weights**2, mode="valid"), 1.0e-300)
    z = height / np.sqrt(spread)
    if gain > 0.0:
        z -= (z * z - 1.0) * gain * np.sum(weights**3) / np.sum(weights**2) / (6.0 * np.sqrt(spread))
    out[half : intensity.size - half] = z
    return out


def threshold(span_deg: float, fwhm_deg: float, false_peaks: float) -> float:
    """Significance that noise exceeds *false_peaks* times in a range of *span_deg*.

    The filtered noise has about two independent maxima in one peak width.
    """
    trials = max(2.0, 2.0 * span_deg / fwhm_deg)
    return -NormalDist().inv_cdf(min(0.5, false_peaks / trials))


def local_maxima(z: FloatArray, minimum: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the indices of maxima above *minimum*, plateaus once."""
    inner = (z[1:-1] > z[:-2]) & (z[1:-1] >= z[2:]) & (z[1:-1] > minimum)
    return np.asarray(np.flatnonzero(inner) + 1, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class WidthLaw:
    """Smooth full width at half maximum, FWHM² = constant + slope · tan²θ (degrees²)."""

    constant: float
    slope: float

    def at(self, two_theta_deg: FloatArray) -> FloatArray:
        """FWHM in degrees at each 2θ."""
        tan = np.tan(np.radians(np.minimum(two_theta_deg, 160.0)) / 2.0)
        return np.asarray(np.sqrt(self.constant + self.slope * tan * tan), dtype=np.float64)


_LEAST_CONSTANT = 0.2
"""Share of the square of a usual width below which a constant part is not believed at once."""


def fit_width_law(two_theta_deg: FloatArray, fwhm_deg: FloatArray) -> WidthLaw:
    """Robust width law through measured widths (degrees); constant and slope are both non-negative."""
    tan2 = np.tan(np.radians(np.minimum(two_theta_deg, 160.0)) / 2.0) ** 2
    square = np.asarray(fwhm_deg, dtype=np.float64) ** 2
    flat = WidthLaw(constant=float(np.median(square)), slope=0.0)
    if square.size < 6:
        return flat
    i, j = np.triu_indices(square.size, k=1)
    apart = np.abs(tan2[i] - tan2[j]) > 0.1 * float(np.ptp(tan2))
    i, j = i[apart], j[apart]
    slope = float(np.median((square[i] - square[j]) / (tan2[i] - tan2[j]))) if i.size else 0.0
    constant = float(np.median(square - slope * tan2))
    if slope <= 0.0:
        return flat
    if constant > _LEAST_CONSTANT * flat.constant:
        return WidthLaw(constant=constant, slope=slope)
    # strain alone, or a few odd widths: what describes most lines better
    constant = _LEAST_CONSTANT * float(np.quantile(square, 0.1))
    strained = WidthLaw(constant=constant, slope=float(np.median((square - constant) / np.maximum(tan2, 1e-9))))
    off = [float(np.median(np.abs(np.log(law.at(two_theta_deg) ** 2 / square)))) for law in (strained, flat)]
    return strained if strained.slope > 0.0 and off[0] < off[1] else flat


def measure_widths(two_theta_deg: FloatArray, intensity: FloatArray, variance: FloatArray) -> WidthLaw | None:
    """Width law of the clear peaks of a pattern on a uniform grid; ``None`` where there are none.

    Against an even noise the filter answers most strongly at the place and the width of the peak: a maximum in both.
    Narrow ones are taken first, since groups of peaks and the humps below them answer again at larger widths.
    """
    step = float(two_theta_deg[1] - two_theta_deg[0])
    limit = min(_MAX_FWHM_DEG, 0.1 * float(two_theta_deg[-1] - two_theta_deg[0]))
    count = max(3, int(math.log(max(limit / step / _MIN_FWHM_POINTS, 1.0)) / math.log(_SCALE_STEP)) + 1)
    widths = _MIN_FWHM_POINTS * _SCALE_STEP ** np.arange(count)
    noise = float(np.median(variance))
    even = np.full_like(variance, noise)
    answer = np.stack([significance(intensity, even, float(w)) for w in widths])
    summits: list[tuple[int, float, float]] = []
    for level, width in enumerate(widths[:-1]):
        peaks = local_maxima(answer[level], _CLEAR)
        below = answer[level - 1, peaks] if level else np.zeros(peaks.size)
        summit = (answer[level, peaks] >= answer[level + 1, peaks]) & (answer[level, peaks] > below)
        clear = significance(intensity, variance, float(width))[peaks] > _CLEAR
        summits += [(int(at), float(width), float(answer[level, at])) for at in peaks[summit & clear]]
    taken = np.zeros(intensity.size, dtype=np.bool_)
    found: list[tuple[float, float, float]] = []
    for at, width, strength in summits:
        if not taken[at] and not _is_ripple(at, width, strength, summits):
            unit = math.sqrt(noise * float(np.sum(kernel(width) ** 2)))
            found.append((strength * unit, float(two_theta_deg[at]), width * step / _FILTER_EXCESS))
            taken[max(0, at - int(width)) : at + int(width) + 1] = True
    if not found:
        return None
    height, position, fwhm = np.array(sorted(found, reverse=True)[:_WIDTH_WITNESSES]).T
    tall = height > _TALL * height[0]
    return fit_width_law(position[tall], fwhm[tall])


def _is_ripple(at: int, width: float, strength: float, summits: list[tuple[int, float, float]]) -> bool:
    """Return whether this is noise on top of a peak that answers far more strongly at its own, larger width."""
    return any(
        width < other_width <= _RIPPLE_WIDTHS * width
        and abs(other - at) < 0.5 * other_width
        and other_strength > _RIPPLE_GAIN * strength
        for other, other_width, other_strength in summits
    )


def significance_map(
    two_theta_deg: FloatArray, intensity: FloatArray, variance: FloatArray, width: WidthLaw, gain: float
) -> FloatArray:
    """Significance at every point of a peak as wide as the law says there, shape (n,).

    *gain* is that of :func:`significance`.
    """
    step = float(two_theta_deg[-1] - two_theta_deg[0]) / (two_theta_deg.size - 1)
    wanted = np.log(np.maximum(width.at(two_theta_deg) / step, _MIN_FWHM_POINTS)) / math.log(_SCALE_STEP)
    nearest = np.rint(wanted - wanted.min()).astype(np.int64)
    out = np.zeros_like(intensity)
    for level in np.unique(nearest):
        z = significance(intensity, variance, float(_SCALE_STEP ** (wanted.min() + level)), gain)
        out[nearest == level] = z[nearest == level]
    return out
