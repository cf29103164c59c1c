"""The measured pattern made ready for detection: cut, evenly spaced, without spikes, not finer than its peaks need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.peaks.detect import WidthLaw, measure_widths
from hybrid_index.peaks.noise import estimate_sigma
from hybrid_index.peaks.options import PeakOptions
from hybrid_index.types import Pattern
from hybrid_index.units import FloatArray

_MIN_POINTS = 20
_DEAD_RUN = 6
"""So many equal values at an end of the pattern are no measurement."""
_UNEVEN = 0.2
"""Deviation from an even grid, in steps, above which the pattern is interpolated."""
_POINTS_PER_FWHM = 20.0
_SPIKE_SIGMA = 6.0
_SPIKE_FWHM_POINTS = 3.0


@dataclass(frozen=True, slots=True)
class WorkingPattern:
    """Arrays of shape (n,) on an even grid; ``width`` is the width law, ``None`` if no peak is clear enough to tell."""

    two_theta_deg: FloatArray
    intensity: FloatArray
    sigma: FloatArray
    width: WidthLaw | None

    @property
    def gain(self) -> float:
        """Variance over intensity where it is lowest: the unit in which intensities are counted."""
        level = np.maximum(self.intensity, 1.0e-12)
        return float(np.median(self.sigma**2 / level)) if np.median(self.intensity) > 0.0 else 0.0

    @property
    def step_deg(self) -> float:
        """Step in degrees."""
        return float(self.two_theta_deg[-1] - self.two_theta_deg[0]) / (self.two_theta_deg.size - 1)


def working_pattern(pattern: Pattern, options: PeakOptions) -> WorkingPattern:
    """Prepare a pattern for detection; raises :class:`InputError` if fewer than 20 points of it are left."""
    x, y, stated = pattern.two_theta_deg, pattern.intensity, pattern.sigma
    low = x[0] if options.min_two_theta_deg is None else options.min_two_theta_deg
    high = x[-1] if options.max_two_theta_deg is None else options.max_two_theta_deg
    keep = (x >= low) & (x <= high)
    keep[: _dead_points(y)] = False
    keep[y.size - _dead_points(y[::-1]) :] = False
    if np.count_nonzero(keep) < _MIN_POINTS:
        source = pattern.source or pattern.name or None
        raise InputError(
            f"only {np.count_nonzero(keep)} points are left between {low:g} and {high:g}°; widen the range",
            source=source,
        )
    x, y = x[keep], y[keep]
    stated = None if stated is None else stated[keep]
    x, y, stated = _evenly_spaced(x, y, stated)
    sigma = estimate_sigma(y, stated)
    # A spike would pass for a very narrow peak: widths are measured without, and spikes of one point believed to be
    # spikes only if the peaks turn out to be wider than that.
    quiet = _without_spikes(y, sigma)
    width = measure_widths(x, quiet, sigma**2)
    step = float(x[-1] - x[0]) / (x.size - 1)
    if width is not None and float(width.at(x[:1])[0]) >= _SPIKE_FWHM_POINTS * step:
        y = quiet
    else:
        width = measure_widths(x, y, sigma**2)
    if width is None:
        return WorkingPattern(x, y, sigma, None)
    block = int(float(width.at(x[:1])[0]) / step / _POINTS_PER_FWHM)
    if block > 1:
        x, y, sigma = _mean(x, block), _mean(y, block), np.sqrt(_mean(sigma**2, block) / block)
    return WorkingPattern(x, y, sigma, width)


def _dead_points(y: FloatArray) -> int:
    differs = np.flatnonzero(y != y[0])
    run = int(differs[0]) if differs.size else y.size
    return run if run >= _DEAD_RUN else 0


def _evenly_spaced(
    x: FloatArray, y: FloatArray, stated: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    even = np.linspace(x[0], x[-1], x.size)
    # The coarsest common step: points interpolated between measured ones would look less noisy than they are.
    step = float(np.quantile(np.diff(x), 0.95))
    if np.all(np.abs(x - even) <= _UNEVEN * step):
        return x, y, stated
    even = np.arange(x[0], x[-1] + 0.5 * step, step)
    return even, np.interp(even, x, y), None if stated is None else np.interp(even, x, stated)


def _without_spikes(y: FloatArray, sigma: FloatArray) -> FloatArray:
    """Replace single points that stand out as no peak of at least four points can."""
    level = np.concatenate([y[:2], np.median(np.lib.stride_tricks.sliding_window_view(y, 5), axis=1), y[-2:]])
    neighbour = np.maximum(np.concatenate([y[:1], y[:-1]]), np.concatenate([y[1:], y[-1:]]))
    rise = np.maximum(neighbour - level, 0.0)
    spike = y - neighbour > _SPIKE_SIGMA * sigma + rise
    return np.where(spike, level, y)


def _mean(values: FloatArray, block: int) -> FloatArray:
    whole = values.size // block * block
    return np.asarray(values[:whole].reshape(-1, block).mean(axis=1), dtype=np.float64)
