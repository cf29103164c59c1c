"""From lines to a measured-looking pattern."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.simulate.lines import STRONGEST, Lines
from hybrid_index.simulate.profile import Background, Profile, add_pseudo_voigts, axial_rays, unit_area_height
from hybrid_index.types import Pattern
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, Radiation, shift_two_theta, two_theta_from_q

N_POINTS = 10_000
"""Of a pattern for which no step is given."""


def simulate_pattern(
    lines: Lines,
    *,
    radiation: Radiation | None = None,
    two_theta_range_deg: tuple[float, float] = (5.0, 80.0),
    step_deg: float | None = None,
    two_theta_deg: npt.ArrayLike | None = None,
    profile: Profile | None = None,
    background: Background | None = None,
    strongest_counts: float = 10_000.0,
    zero_shift_deg: float = 0.0,
    displacement_mm: float = 0.0,
    radius_mm: float = DEFAULT_RADIUS_MM,
    impurity: Lines | Sequence[Lines] = (),
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
        The grid, both ends included; without a step it has 10,000 points.
    two_theta_deg
        Any other grid, ascending, instead of these.
    profile, background
        Line shape and background; by default 0.1° wide symmetric lines on none.
    strongest_counts
        Counts at the top of a line of intensity 100 that stands alone (without Kα2 and axial divergence), if as wide as
        the strongest of *lines*.
    zero_shift_deg, displacement_mm, radius_mm
        Shifts, in the convention of :func:`hybrid_index.units.shift_two_theta`.
    impurity
        Lines of other origin, on the same intensity scale (see :func:`hybrid_index.simulate.mixture_lines`); they are
        shifted like the others.
    seed
        Seed of the Poisson noise; ``None`` draws the expected counts.

    Returns
    -------
    Pattern
        With ``sigma`` = √(counts), at least 1.

    Raises
    ------
    InputError
        If the grid is none, or the profile or background impossible on it.
    """
    radiation = radiation or lines.radiation
    profile, background = profile or Profile(), background or Background()
    grid = _grid(two_theta_range_deg, step_deg) if two_theta_deg is None else _checked(two_theta_deg)
    counts = background.counts(grid)
    if counts.min() < 0.0:
        raise InputError(f"the background falls to {counts.min():g} counts; add a constant", source="background")
    components = [lines, impurity] if isinstance(impurity, Lines) else [lines, *impurity]
    area_of_unit = strongest_counts / STRONGEST * _area_of_unit_height(profile, components, radiation)
    for wavelength, share in _wavelengths(radiation):
        q = np.concatenate([component.q for component in components])
        area = area_of_unit * share * np.concatenate([component.intensity for component in components])
        true = two_theta_from_q(q, wavelength)
        reached = np.isfinite(true)
        true, area = true[reached], area[reached]
        centre = shift_two_theta(
            true, zero_shift_deg=zero_shift_deg, displacement_mm=displacement_mm, radius_mm=radius_mm
        )
        fwhm, eta = profile.shapes(true, wavelength)
        ray, shift, weight = axial_rays(true, fwhm, profile.axial_divergence_deg)
        add_pseudo_voigts(grid, centre[ray] + shift, weight * area[ray], fwhm[ray], eta[ray], counts)
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


def _grid(two_theta_range_deg: tuple[float, float], step_deg: float | None) -> FloatArray:
    low, high = two_theta_range_deg
    if 0.0 <= low < high <= 180.0:
        if step_deg is None:
            return np.linspace(low, high, N_POINTS)
        if 0.0 < step_deg <= (high - low) / 20.0:
            grid: FloatArray = low + step_deg * np.arange(round((high - low) / step_deg) + 1, dtype=np.float64)
            return grid
    step = "10,000 points" if step_deg is None else f"steps of {step_deg:g}°"
    raise InputError(f"2θ from {low:g} to {high:g}° in {step} is no grid of at least 20 points within 0–180°")


def _checked(two_theta_deg: npt.ArrayLike) -> FloatArray:
    grid = np.array(two_theta_deg, dtype=np.float64)
    if grid.ndim != 1 or grid.size < 2 or not np.all(np.diff(grid) > 0.0) or grid[0] < 0.0 or grid[-1] > 180.0:
        raise InputError("two_theta_deg is no grid; give ascending angles within 0–180°")
    return grid


def _wavelengths(radiation: Radiation) -> list[tuple[float, float]]:
    """Wavelengths in Å with their intensities relative to the first."""
    if radiation.ka2_angstrom is None:
        return [(radiation.wavelength_angstrom, 1.0)]
    return [(radiation.wavelength_angstrom, 1.0), (radiation.ka2_angstrom, radiation.ka2_ratio)]


def _area_of_unit_height(profile: Profile, components: Sequence[Lines], radiation: Radiation) -> float:
    """Area (degrees) of a line of height 1, as wide as the strongest of the first component that has any."""
    for component in components:
        if len(component):
            strongest = component.two_theta_deg[np.argmax(component.intensity)]
            fwhm, eta = profile.shapes(strongest, radiation.wavelength_angstrom)
            return float(fwhm) / unit_area_height(float(eta))
    return 0.0
