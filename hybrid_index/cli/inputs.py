"""From the options of a command to the data it works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hybrid_index.errors import InputError
from hybrid_index.io import read, read_peaks
from hybrid_index.peaks import PeakOptions, edit_peaks
from hybrid_index.types import MIN_LINES, Pattern, PeakList
from hybrid_index.units import Radiation


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What a command works on, and the measured pattern to draw it over, where there is one.

    ``searched`` is the part of the pattern whose lines count.
    """

    work: Pattern | PeakList
    pattern: Pattern | None
    searched: Pattern | None


def load(
    file: Path,
    *,
    radiation: Radiation | None = None,
    peak_units: str | None = None,
    peaks_from: Path | None = None,
    add: Sequence[float] = (),
    drop: Sequence[float] = (),
    range_deg: tuple[float, float] | None = None,
) -> Data:
    """Read a file and apply what the user says about its peaks.

    The pattern itself is handed on where nothing is said, so that the search finds (and times) the peaks.
    """
    data = read(file, radiation=radiation, peak_units=peak_units)
    pattern = data if isinstance(data, Pattern) else None
    if peaks_from is not None:
        known = radiation or data.radiation
        data = read_peaks(peaks_from, radiation=known, peak_units=peak_units)
    elif isinstance(data, Pattern):
        if not (add or drop or range_deg):
            return Data(work=data, pattern=data, searched=data)
        from hybrid_index.peaks import find_peaks  # loads the kernels

        low, high = range_deg or (None, None)
        data = find_peaks(data, PeakOptions(min_two_theta_deg=low, max_two_theta_deg=high))
    if range_deg is not None:
        data = _cut(data, range_deg)
    if add or drop:
        data = edit_peaks(data, add=add, drop=drop)
    searched = pattern if pattern is None or range_deg is None else pattern.between(*range_deg)
    return Data(work=data, pattern=pattern, searched=searched)


def _cut(peaks: PeakList, range_deg: tuple[float, float]) -> PeakList:
    low, high = range_deg
    kept = peaks.select((peaks.two_theta_deg >= low) & (peaks.two_theta_deg <= high))
    if len(kept) < MIN_LINES:
        raise InputError(f"only {len(kept)} lines lie in {low:g}–{high:g}°; widen it", source="--two-theta-range")
    return kept
