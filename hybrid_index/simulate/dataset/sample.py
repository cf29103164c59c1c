"""One sample of a data set: a pattern, and everything that is known about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.refine.hkl import expected_count
from hybrid_index.simulate.dataset.conditions import Measurement, PatternCondition, Range
from hybrid_index.simulate.dataset.setting import LabelledSetting, labelled_setting
from hybrid_index.simulate.dataset.sources import SourcedStructure
from hybrid_index.simulate.lines import STRONGEST, Lines, powder_lines
from hybrid_index.simulate.pattern import simulate_pattern
from hybrid_index.simulate.structure import Structure
from hybrid_index.types import MIN_LINES, IntArray, Pattern
from hybrid_index.units import FloatArray, Radiation, q_from_two_theta

DEFAULT_RANGE_DEG = (5.0, 80.0)
DEFAULT_U_ISO = 0.01
"""Mean-square displacement in Å² of atoms whose source states none: a usual value at room temperature."""
MARGIN_DEG = 2.0
"""Lines so far outside the range still reach into it, by their tails or by a shift."""
DRAWN_SHARE = 1.0e-5
"""Weaker lines, relative to the strongest, are not drawn: they are less than a count."""
MOST_TERMS = 4.0e9
"""Atoms times reflections beyond which a structure would take many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What all samples of a data set have in common.

    Parameters
    ----------
    condition
        Limits of what is drawn at random.
    radiation
        Wavelengths of the patterns; labels refer to the first.
    two_theta_range_deg, n_points
        The grid, both ends included.
    weakest
        Lines below this share of the strongest are no label.
    seed
        Of the whole data set.
    """

    condition: PatternCondition
    radiation: Radiation
    two_theta_range_deg: Range = DEFAULT_RANGE_DEG
    n_points: int = 10_000
    weakest: float = 0.001
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = self.two_theta_range_deg
        if not 0.0 < low < high <= 175.0:
            raise InputError(
                f"2θ from {low:g} to {high:g}° is no range; give two rising angles above 0 and up to 175°",
                source="two_theta_range_deg",
            )
        if not 100 <= self.n_points <= 1_000_000:
            raise InputError(f"{self.n_points} points are no pattern; give 100 to 1,000,000", source="n_points")
        if not 0.0 <= self.weakest < 1.0:
            raise InputError(f"a share of {self.weakest:g} leaves no line; give 0 to less than 1", source="weakest")
        if self.seed < 0:
            raise InputError(f"{self.seed} is negative; give 0 or more", source="seed")

    @property
    def step_deg(self) -> float:
        """Step of the grid, degrees."""
        low, high = self.two_theta_range_deg
        return (high - low) / (self.n_points - 1)

    def generator(self, number: int) -> np.random.Generator:
        """Random numbers of one sample, whatever other samples are drawn, and in which order."""
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=(number,)))

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for JSON."""
        radiation = self.radiation
        return {
            "condition": self.condition.as_dict(),
            "wavelength_angstrom": radiation.wavelength_angstrom,
            "ka2_angstrom": radiation.ka2_angstrom,
            "ka2_ratio": radiation.ka2_ratio if radiation.ka2_angstrom else 0.0,
            "two_theta_range_deg": list(self.two_theta_range_deg),
            "n_points": self.n_points,
            "weakest": self.weakest,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """A pattern with its labels.

    Parameters
    ----------
    number
        Number of the sample in its data set: together with the recipe and the source it says all.
    name, source
        Of the structure, and of the file that it came from.
    setting
        Space group, Bravais lattice and conventional cell.
    lines
        Lines in the range, at true positions; indices refer to the structure's own cell.
    hkl
        Shape (n, 3), indices of the lines in the conventional cell.
    measurement
        Shifts, profile, background, foreign lines.
    two_theta_min_deg, step_deg
        The grid.
    counts
        Shape (m,), float32, whole numbers where there is noise.
    """

    number: int
    name: str
    source: str
    setting: LabelledSetting
    lines: Lines
    hkl: IntArray
    measurement: Measurement
    two_theta_min_deg: float
    step_deg: float
    counts: npt.NDArray[np.float32]

    @property
    def id(self) -> str:
        """The number, as text that sorts."""
        return f"{self.number:08d}"

    @property
    def d_angstrom(self) -> FloatArray:
        """Spacings of the lines, shape (n,)."""
        return np.asarray(1.0 / np.sqrt(self.lines.q), dtype=np.float64)

    @property
    def two_theta_deg(self) -> FloatArray:
        """The grid, shape (m,)."""
        return self.two_theta_min_deg + self.step_deg * np.arange(self.counts.size, dtype=np.float64)

    @property
    def pattern(self) -> Pattern:
        """The pattern as the other rooms know it, with its radiation and Poisson uncertainties."""
        counts = self.counts.astype(np.float64)
        return Pattern(
            two_theta_deg=self.two_theta_deg,
            intensity=counts,
            sigma=np.sqrt(np.maximum(counts, 1.0)),
            radiation=self.lines.radiation,
            name=self.name,
            source="simulated",
        )


def draw_sample(drawn: SourcedStructure, recipe: Recipe, number: int, rng: np.random.Generator) -> Sample:
    """Measure a structure.

    Parameters
    ----------
    drawn
        The structure.
    recipe
        What is measured, and with what.
    number
        Number of the sample.
    rng
        Source of everything random.

    Raises
    ------
    InputError
        If the structure is too large, contradicts its space group, or shows too few lines to determine a lattice.
    """
    structure = _with_motion(drawn.structure)
    setting = labelled_setting(structure.cell, drawn.space_group)
    low, high = recipe.two_theta_range_deg
    _check_size(structure, float(q_from_two_theta(high, recipe.radiation.wavelength_angstrom)))
    lines = powder_lines(
        structure,
        recipe.radiation,
        high + MARGIN_DEG,
        two_theta_min_deg=max(low - MARGIN_DEG, 0.0),
        relative_cutoff=DRAWN_SHARE,
    )
    two_theta = lines.two_theta_deg
    seen = lines.select((two_theta >= low) & (two_theta <= high) & (lines.intensity >= recipe.weakest * STRONGEST))
    if len(seen) < MIN_LINES:
        raise InputError(f"only {len(seen)} lines lie in {low:g}–{high:g}°; at least {MIN_LINES} determine a lattice")
    measurement = recipe.condition.draw(rng, recipe.radiation, recipe.two_theta_range_deg)
    pattern = simulate_pattern(
        lines,
        radiation=recipe.radiation,
        two_theta_range_deg=recipe.two_theta_range_deg,
        step_deg=recipe.step_deg,
        profile=measurement.profile,
        background=measurement.background,
        strongest_counts=measurement.strongest_counts,
        zero_shift_deg=measurement.zero_shift_deg,
        displacement_mm=measurement.displacement_mm,
        radius_mm=measurement.radius_mm,
        impurity=measurement.foreign,
        seed=measurement.noise_seed,
    )
    return Sample(
        number=number,
        name=drawn.name,
        source=drawn.source,
        setting=setting,
        lines=seen,
        hkl=setting.hkl(seen.hkl),
        measurement=measurement,
        two_theta_min_deg=low,
        step_deg=recipe.step_deg,
        counts=pattern.intensity.astype(np.float32),
    )


def _with_motion(structure: Structure) -> Structure:
    """Let atoms move of which nothing is said: at rest they would scatter far too much at high angles."""
    return replace(structure, u_iso=np.where(structure.u_iso > 0.0, structure.u_iso, DEFAULT_U_ISO))


def _check_size(structure: Structure, q_max: float) -> None:
    n_atoms, n_reflections = len(structure.elements), expected_count(structure.cell.metric, q_max)
    if not n_atoms * n_reflections <= MOST_TERMS:
        raise InputError(f"{n_atoms} atoms and {n_reflections:.2g} reflections are too many to simulate")
