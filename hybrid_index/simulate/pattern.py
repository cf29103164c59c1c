"""From lines to a measured-looking pattern."""

from __future__ import annotations

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.simulate.lines import STRONGEST, Lines
from hybrid_index.simulate.profile import Background, Profile, add_pseudo_voigts, axial_rays, unit_area_height
from hybrid_index.types import Pattern
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, Radiation, shift_two_theta, two_theta_from_q


def simulate_pattern(
    lines: Lines,
    *,
    radiation: Radiation | None = None,
    two_theta_range_deg: tuple[float, float] = (5.0, 80.0),
    step_deg: float = 0.01,
    profile: Profile | None = None,
    background: Background | None = None,
    strongest_counts: float = 10_000.0,
    zero_shift_deg: float = 0.0,
    displacement_mm: float = 0.0,
    radius_mm: float = DEFAULT_RADIUS_MM,
    impurity: Lines | None = None,
    seed: int | None = None,
    name: str = "",
) -> Pattern:
    """Draw the pattern of a line list.

    Parameters
    ----------
    lines
        Lines at their true positions; give them to a little beyond the range, so that tails come in.
    radiation
        Wavelengths, Kα2 satellite included; those of *lines* by default.
    two_theta_range_deg, step_deg
        The grid, both ends included.
    profile, background
        Line shape and background; by default 0.1° wide symmetric lines on none.
    strongest_counts
        Counts at the top of a line of intensity 100 that stands alone (without Kα2 and axial divergence).
    zero_shift_deg, displacement_mm, radius_mm
        Shifts, in the convention of :func:`hybrid_index.units.shift_two_theta`.
    impurity
        Lines of other origin, on the same intensity scale; they are shifted like the others.
    seed
        Seed of the Poisson noise; ``None`` draws the expected counts.

    Returns
    -------
    Pattern
        With ``sigma`` = √(counts), at least 1.
    """
    radiation = radiation or lines.radiation
    profile, background = profile or Profile(), background or Background()
    low, high = two_theta_range_deg
    if not (0.0 <= low < high <= 180.0 and 0.0 < step_deg <= (high - low) / 20.0):
        raise InputError(
            f"2θ from {low:g} to {high:g}° in steps of {step_deg:g}° is no grid of at least 20 points within 0–180°"
        )
    grid: FloatArray = low + step_deg * np.arange(round((high - low) / step_deg) + 1, dtype=np.float64)
    counts = background.counts(grid)
    for component in (lines, impurity):
        if component is None:
            continue
        scale = _area_of_unit_height(profile, component) * strongest_counts / STRONGEST
        for wavelength, share in _wavelengths(radiation):
            true = two_theta_from_q(component.q, wavelength)
            reached = np.isfinite(true)
            centre = shift_two_theta(
                true[reached], zero_shift_deg=zero_shift_deg, displacement_mm=displacement_mm, radius_mm=radius_mm
            )
            width, area = profile.fwhm_deg(true[reached]), share * (component.intensity * scale)[reached]
            shifts, weights = axial_rays(true[reached], profile.axial_divergence_deg)
            for ray, weight in enumerate(weights):
                add_pseudo_voigts(grid, centre + shifts[:, ray], weight * area, width, profile.eta, counts)
    if seed is not None:
        counts = np.random.default_rng(seed).poisson(counts).astype(np.float64)
    return Pattern(
        two_theta_deg=grid,
        intensity=counts,
        sigma=np.sqrt(np.maximum(counts, 1.0)),
        radiation=radiation,
        name=name,
        source="simulated",
    )


def _wavelengths(radiation: Radiation) -> list[tuple[float, float]]:
    """Wavelengths in Å with their intensities relative to the first."""
    if radiation.ka2_angstrom is None:
        return [(radiation.wavelength_angstrom, 1.0)]
    return [(radiation.wavelength_angstrom, 1.0), (radiation.ka2_angstrom, radiation.ka2_ratio)]


def _area_of_unit_height(profile: Profile, lines: Lines) -> float:
    """Area (degrees) of a line of height 1, as wide as the strongest."""
    if len(lines) == 0:
        return 0.0
    width = float(profile.fwhm_deg(lines.two_theta_deg[np.argmax(lines.intensity)]))
    return width / unit_area_height(profile.eta)
