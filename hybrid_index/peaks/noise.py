"""How uncertain an intensity is: the file's word where it is plausible, else a law learned from the data.

Counting gives variance = gain · level + floor, with gain 1 for counts and another one for scaled data or rates.
Second differences of neighbouring points see the noise and hardly the peaks; their robust spread at several levels
gives the law.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.units import FloatArray

_LEVELS = 16
_POINTS_PER_LEVEL = 25
_MAD_TO_SIGMA = 1.4826
_PLAUSIBLE = (0.4, 2.5)
"""Spread found over spread stated within which a file's own sigma is believed (and scaled to fit)."""


@dataclass(frozen=True, slots=True)
class NoiseLaw:
    """variance = gain · max(level, 0) + floor."""

    gain: float
    floor: float

    def variance(self, level: FloatArray) -> FloatArray:
        """Variance of one point at each level; never zero."""
        return np.asarray(self.gain * np.maximum(level, 0.0) + self.floor, dtype=np.float64)


def moving_average(y: FloatArray, points: int) -> FloatArray:
    """Mean over *points* neighbours (odd), the edges repeated."""
    half = points // 2
    padded = np.concatenate([np.full(half, y[0]), y, np.full(half, y[-1])])
    return np.asarray(np.convolve(padded, np.full(2 * half + 1, 1.0 / (2 * half + 1)), mode="valid"), dtype=np.float64)


def second_difference(y: FloatArray) -> FloatArray:
    """(y[i-1] − 2 y[i] + y[i+1])/√6: of unit gain for white noise; shape (n − 2,)."""
    return np.asarray((y[:-2] - 2.0 * y[1:-1] + y[2:]) / np.sqrt(6.0), dtype=np.float64)


def learn_noise(intensity: FloatArray) -> NoiseLaw:
    """Fit the law to the second differences of a pattern, robust against its peaks.

    The lower levels, where background is, count most: the spread at high levels is partly the curvature of the peaks.
    """
    level = moving_average(intensity, 5)[1:-1]
    noise = np.abs(second_difference(intensity))
    chunks = np.array_split(np.argsort(level, kind="stable"), max(2, min(_LEVELS, noise.size // _POINTS_PER_LEVEL)))
    mean = np.array([level[c].mean() for c in chunks])
    spread = np.array([_MAD_TO_SIGMA * np.median(noise[c]) for c in chunks])
    variance = np.where(spread > 0.0, spread, [np.sqrt(np.mean(noise[c] ** 2)) for c in chunks]) ** 2
    tiny = max(float(np.ptp(intensity)) * 1.0e-6, 1.0e-12) ** 2
    positive = mean > 0.0
    gains = variance[positive] / mean[positive]
    gain = float(np.median(gains[: max(1, gains.size // 2 + 1)])) if gains.size else 0.0
    floor = float(np.median(np.maximum(variance - gain * np.maximum(mean, 0.0), 0.0)))
    return NoiseLaw(gain=gain, floor=max(floor, tiny))


def estimate_sigma(intensity: FloatArray, stated: FloatArray | None = None) -> FloatArray:
    """Estimate the standard uncertainty of each intensity, shape (n,).

    Parameters
    ----------
    intensity
        Shape (n,).
    stated
        Shape (n,): the file's own uncertainties, believed (up to a common factor) where the scatter agrees with them.
    """
    if stated is not None and np.all(np.isfinite(stated)) and np.all(stated > 0.0):
        ratio = np.abs(second_difference(intensity)) / stated[1:-1]
        factor = _MAD_TO_SIGMA * float(np.median(ratio))
        if _PLAUSIBLE[0] <= factor <= _PLAUSIBLE[1]:
            return np.asarray(stated * max(factor, 0.8), dtype=np.float64)
    law = learn_noise(intensity)
    return np.asarray(np.sqrt(law.variance(moving_average(intensity, 3))), dtype=np.float64)
