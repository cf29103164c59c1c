"""Observed lines as the kernels want them: Q, uncertainties, and how shifts move them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray, displacement_slope, dq_d_two_theta, q_from_two_theta

SHIFT_NAMES = ("zero_shift_deg", "displacement_mm")
"""What the shifts of a candidate are called."""
ZERO_PRIOR_DEG = 0.05
"""Standard deviation expected of a zero shift at Cu Kα; scales with the wavelength."""
DISPLACEMENT_PRIOR_MM = 0.08
"""Standard deviation expected of a sample displacement at R = 200 mm."""
_LOOSE_ZERO_DEG = 0.175
_LOOSE_DISPLACEMENT_MM = 0.14
_IN_DISORDER = 2.0
"""Standard deviations of the shifts in a last refinement, at Cu Kα and R = 200 mm. That of a zero shift is at least
this multiple of itself: most instruments are in order, and those that are not may be off by any amount."""
SLACK_DEG = 0.04
"""Shift (degrees, at Cu Kα) that a start may be wrong by."""
WIDTH_SHARE = 0.06
"""Share of the peak width by which positions are wrong for reasons that counting statistics do not know."""

FOREIGN_UNKNOWN = 0.06
FOREIGN_STRONG = 0.03
FOREIGN_FAINT = 0.17
FAINT_INTENSITY = 0.03
"""Share of lines that do not belong: where intensities are unknown, of strong lines, how much more of faint ones, and
what is faint (relative to the third strongest line)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineData:
    """Arrays for the kernels.

    ``two_theta_deg`` (n,) after *offset_deg* was taken off; ``q``, ``q_esd`` (n,) Å⁻²; ``foreign``
    (n,) prior probability of not belonging to the phase; ``slack`` (n,) what
    unknown shifts may add to a misfit in Q; ``slope`` (n,) ∂Q/∂2θ per
    degree; ``columns`` (s, n) ∂Q per unit of each free shift and ``priors`` (s,) their standard deviations, in the
    order zero shift (degrees), displacement (mm), as far as they are free; ``offset_deg`` what was taken off 2θ;
    ``free_shifts`` the names of the free shifts.
    """

    two_theta_deg: FloatArray
    q: FloatArray
    q_esd: FloatArray
    foreign: FloatArray
    slack: FloatArray
    slope: FloatArray
    columns: FloatArray
    priors: FloatArray
    offset_deg: FloatArray
    free_shifts: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.q.size)

    @property
    def free_columns(self) -> list[int]:
        """Places of the free shifts among zero shift and displacement."""
        return [SHIFT_NAMES.index(name) for name in self.free_shifts]


def position_esd_deg(peaks: PeakList) -> FloatArray:
    """Uncertainty of each 2θ in degrees: counting statistics and a share of the peak width, shape (n,)."""
    width = peaks.fwhm_deg
    typical = float(np.nanmedian(width)) if np.any(np.isfinite(width)) else 0.0
    width = np.where(np.isfinite(width), width, typical)
    return np.asarray(np.hypot(peaks.two_theta_esd_deg, WIDTH_SHARE * width), dtype=np.float64)


def loose_shift_priors(zero_shift_deg: float, wavelength_angstrom: float, radius_mm: float) -> tuple[float, float]:
    """Standard deviations, around 0, of zero shift (degrees) and displacement (mm) in a last refinement.

    Just enough to keep both finite where the lines do not tell them apart. *zero_shift_deg* is where the refinement
    starts.
    """
    scale = min(1.0, wavelength_angstrom / 1.5)
    zero = float(np.hypot(_LOOSE_ZERO_DEG * scale, _IN_DISORDER * zero_shift_deg))
    return zero, _LOOSE_DISPLACEMENT_MM * radius_mm / 200.0 * scale


def foreign_probability(peaks: PeakList) -> FloatArray:
    """Prior probability of each line not to belong to the phase, shape (n,).

    Among peaks found in measured patterns, some 3 % of the strong lines are foreign and more of the faint ones.
    Lists without intensities get one value for all.
    """
    intensity = peaks.intensity
    if not len(peaks) or np.ptp(intensity) <= 0.0:
        return np.full(len(peaks), FOREIGN_UNKNOWN)
    reference = np.sort(intensity)[-min(3, len(peaks))]
    relative = np.maximum(intensity, 0.0) / max(float(reference), 1e-300)
    return np.asarray(FOREIGN_STRONG + FOREIGN_FAINT * np.exp(-relative / FAINT_INTENSITY), dtype=np.float64)


def line_data(
    peaks: PeakList, settings: Settings, *, n_lines: int | None = None, slack_deg: float = SLACK_DEG
) -> LineData:
    """Prepare the first *n_lines* lines, corrected for the shifts that are fixed.

    *slack_deg* (at Cu Kα) is what a start may be wrong by.
    """
    n = len(peaks) if n_lines is None else min(n_lines, len(peaks))
    wavelength = peaks.wavelength_angstrom
    observed = peaks.two_theta_deg[:n]
    leverage = displacement_slope(observed, radius_mm=settings.radius_mm)
    offset = _fixed_shift_deg(observed, settings)
    true = np.maximum(observed - offset, 0.02)
    slope = np.maximum(dq_d_two_theta(true, wavelength), 1e-12)
    scale = min(1.0, wavelength / 1.5)
    columns, priors, names = [], [], []
    if settings.fix_zero_shift_deg is None:
        names.append(SHIFT_NAMES[0])
        columns.append(slope)
        priors.append(ZERO_PRIOR_DEG * scale)
    if settings.fix_displacement_mm is None:
        names.append(SHIFT_NAMES[1])
        columns.append(slope * leverage)
        priors.append(DISPLACEMENT_PRIOR_MM * settings.radius_mm / 200.0 * scale)
    return LineData(
        two_theta_deg=true,
        q=q_from_two_theta(true, wavelength),
        q_esd=slope * position_esd_deg(peaks)[:n],
        foreign=foreign_probability(peaks)[:n],
        slack=slope * slack_deg * scale,
        slope=slope,
        columns=np.array(columns).reshape(len(columns), n),
        priors=np.array(priors, dtype=np.float64),
        offset_deg=offset,
        free_shifts=tuple(names),
    )


def without_shift(peaks: PeakList, zero_shift_deg: float) -> PeakList:
    """Move all lines back by a shift of 2θ; those that would leave the circle are dropped."""
    return _moved_back(peaks, np.full(len(peaks), zero_shift_deg))


def without_fixed_shifts(peaks: PeakList, settings: Settings) -> PeakList:
    """Move all lines back by the shifts that are fixed; those that would leave the circle are dropped."""
    return _moved_back(peaks, _fixed_shift_deg(peaks.two_theta_deg, settings))


def _fixed_shift_deg(two_theta_deg: FloatArray, settings: Settings) -> FloatArray:
    leverage = displacement_slope(two_theta_deg, radius_mm=settings.radius_mm)
    return np.asarray((settings.fix_zero_shift_deg or 0.0) + (settings.fix_displacement_mm or 0.0) * leverage)


def _moved_back(peaks: PeakList, shift_deg: FloatArray) -> PeakList:
    if not shift_deg.any():
        return peaks
    position = peaks.two_theta_deg - shift_deg
    inside = (position > 0.05) & (position < 179.95)
    kept = peaks if inside.all() else peaks.select(inside)
    return kept.replace(two_theta_deg=position[inside])
