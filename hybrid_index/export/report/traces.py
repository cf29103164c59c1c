"""A pattern in a few hundred bytes: the highest point of each bin, on a square-root scale."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_index.errors import HybridIndexError
from hybrid_index.types import Pattern
from hybrid_index.units import FloatArray, Radiation

BINS = 480
_TOP = 255
_BACKGROUND_PERCENTILE = 5.0
_MARGIN_DEG = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A small picture of a pattern.

    Parameters
    ----------
    range_deg
        From the left edge of the first bin to the right edge of the last, 2θ in degrees.
    levels
        One byte for each bin, base64: the square root of the height over the background, 255 at the highest point.
    measured
        False where only the lines are known and drawn.
    """

    range_deg: tuple[float, float]
    levels: str
    measured: bool


def trace_of(content: Mapping[str, Any], *, folders: tuple[Path, ...] = (), measured: bool = True) -> Trace | None:
    """Return the trace of a result document, or ``None`` where it has no lines.

    Parameters
    ----------
    content
        A result document; the pattern is read from the file that it names.
    folders
        Where to look for that file, if its path is relative and leads nowhere.
    measured
        If false the file is not looked for, and the lines are drawn.
    """
    peaks = content["peaks"]
    if peaks is None or not peaks["two_theta_deg"]:
        return None
    pattern = _pattern(peaks, folders) if measured else None
    if pattern is None:
        return _of_lines(peaks)
    return _of_pattern(pattern)


def _pattern(peaks: Mapping[str, Any], folders: tuple[Path, ...]) -> Pattern | None:
    from hybrid_index.io import read

    source = peaks["source"]
    if not source:
        return None
    for path in (Path(source), *(folder / source for folder in folders)):
        try:
            pattern = read(path, radiation=Radiation(**peaks["radiation"]))
        except HybridIndexError:
            continue
        lines = peaks["two_theta_deg"]
        # another file may stand there by now: it must hold the lines at least
        if (
            isinstance(pattern, Pattern)
            and pattern.two_theta_deg[0] <= lines[0] <= lines[-1] <= pattern.two_theta_deg[-1]
        ):
            return pattern
    return None


def _of_lines(peaks: Mapping[str, Any]) -> Trace:
    x = np.array(peaks["two_theta_deg"], dtype=np.float64)
    y = np.array([value or 0.0 for value in peaks["intensity"]], dtype=np.float64)
    low, high = max(0.0, float(x[0]) - _MARGIN_DEG), float(x[-1]) + _MARGIN_DEG
    return Trace(range_deg=(low, high), levels=_packed(_highest(x, y, low, high)), measured=False)


def _of_pattern(pattern: Pattern) -> Trace:
    x, y = pattern.two_theta_deg, pattern.intensity
    low, high = float(x[0]), float(x[-1])
    highest = _highest(x, y - float(np.percentile(y, _BACKGROUND_PERCENTILE)), low, high)
    filled = np.flatnonzero(np.isfinite(highest))  # a coarse scan leaves bins without a point
    return Trace(
        range_deg=(low, high), levels=_packed(np.interp(np.arange(BINS), filled, highest[filled])), measured=True
    )


def _highest(x: FloatArray, y: FloatArray, low: float, high: float) -> FloatArray:
    """Highest value in each bin, shape (BINS,); −∞ where there is none."""
    bins = np.minimum(((x - low) / (high - low) * BINS).astype(np.int64), BINS - 1)
    highest = np.full(BINS, -np.inf)
    np.maximum.at(highest, bins, y)
    return highest


def _packed(heights: FloatArray) -> str:
    top = max(float(heights.max()), 1e-300)
    levels = np.round(_TOP * np.sqrt(np.clip(heights / top, 0.0, 1.0)))
    return base64.b64encode(levels.astype(np.uint8).tobytes()).decode("ascii")
