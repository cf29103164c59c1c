"""What a user can say about peak finding."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hybrid_index.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakOptions:
    """Settings of :func:`hybrid_index.peaks.find_peaks`.

    Parameters
    ----------
    false_peaks
        Peaks expected from noise alone in the whole pattern; the detection threshold follows from it.
        Far below one, since what passes in real patterns is seldom noise: near the
        threshold half of the lines are traces of something else, which cost an indexing run more than they give.
    min_relative_area
        Area of the faintest peak as a fraction of that of the third strongest. Long counting shows traces of other
        phases and of other wavelengths below it more often than lines of the sample.
    min_two_theta_deg, max_two_theta_deg
        Range that is looked at, degrees; ``None`` for all of it.
    max_peaks
        Peaks returned, counted from low angle, where lines overlap least and tell most about the cell.
    """

    false_peaks: float = 0.003
    min_relative_area: float = 0.004
    min_two_theta_deg: float | None = None
    max_two_theta_deg: float | None = None
    max_peaks: int = 100

    def __post_init__(self) -> None:
        if not (math.isfinite(self.false_peaks) and 1.0e-6 <= self.false_peaks <= 100.0):
            raise InputError(
                f"{self.false_peaks!r} is out of range; give a value from 1e-6 to 100", source="false_peaks"
            )
        if not 0.0 <= self.min_relative_area < 1.0:
            raise InputError(
                f"{self.min_relative_area!r} is out of range; give a fraction from 0 to below 1",
                source="min_relative_area",
            )
        if not 1 <= self.max_peaks <= 5000:
            raise InputError(f"{self.max_peaks!r} is out of range; give a value from 1 to 5000", source="max_peaks")
        low, high = self.min_two_theta_deg, self.max_two_theta_deg
        for name, value in (("min_two_theta_deg", low), ("max_two_theta_deg", high)):
            if value is not None and not 0.0 <= value <= 180.0:
                raise InputError(f"{value!r} is out of range; give an angle from 0 to 180°", source=name)
        if low is not None and high is not None and low >= high:
            raise InputError(f"{low:g}° is not below max_two_theta_deg, {high:g}°", source="min_two_theta_deg")
