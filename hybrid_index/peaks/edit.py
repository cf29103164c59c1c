"""Adding and dropping lines by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.types import PeakList, default_esd_deg

_COLUMNS = ("two_theta_deg", "two_theta_esd_deg", "intensity", "fwhm_deg", "height_over_noise")


def edit_peaks(
    peaks: PeakList, *, add: Sequence[float] = (), drop: Sequence[float] = (), tolerance_deg: float = 0.1
) -> PeakList:
    """Return the list without the lines nearest to *drop* and with lines at *add*.

    Parameters
    ----------
    peaks
        The list to change; it stays as it is.
    add
        Positions in degrees 2θ. They get the default uncertainty, the median intensity and no width or significance.
    drop
        Positions in degrees 2θ; for each one the nearest line goes.
    tolerance_deg
        How far from *drop* a line may lie, degrees.

    Raises
    ------
    InputError
        If no line lies within the tolerance of a position to drop, two positions mean the same line,
        or a line to add is there already.
    """
    source = peaks.source or peaks.name or None
    keep = np.ones(len(peaks), dtype=np.bool_)
    for position in drop:
        distance = np.where(keep, np.abs(peaks.two_theta_deg - position), np.inf)
        at = int(np.argmin(distance)) if distance.size else -1
        if at < 0 or not distance[at] <= tolerance_deg:
            raise InputError(
                f"no peak to drop within {tolerance_deg:g}° of {position:g}°; see the peak list for the positions",
                source=source,
            )
        keep[at] = False
    columns = {name: getattr(peaks, name)[keep] for name in _COLUMNS}
    for position in add:
        if not (math.isfinite(position) and 0.0 < position < 180.0):
            raise InputError(f"cannot add a peak at {position:g}°; 2θ must lie between 0 and 180°", source=source)
        if np.any(columns["two_theta_deg"] == position):
            raise InputError(f"a peak at {position:g}° is there already; drop it from the ones to add", source=source)
        level = float(np.median(peaks.intensity)) if len(peaks) else 1.0
        new = (position, default_esd_deg(peaks.wavelength_angstrom), level, np.nan, np.nan)
        columns = {name: np.append(columns[name], value) for name, value in zip(_COLUMNS, new, strict=True)}
    order = np.argsort(columns["two_theta_deg"])
    return peaks.replace(**{name: column[order] for name, column in columns.items()})
