"""Peak lists as bad as real ones: what happens to the lines of a structure before an indexing program sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.simulate.lines import Lines, powder_lines
from hybrid_index.simulate.structure import Structure
from hybrid_index.types import MIN_LINES, IntArray, PeakList, frozen_array
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, Radiation, shift_two_theta, two_theta_from_q

FIRST_LINES = 20
"""Missing and foreign lines fall among so many first ones, which is where they hurt."""
MAX_LINES = 60
LADDER_DEG = (80.0, 100.0, 120.0, 140.0)
"""Where a measurement ends: beyond 80° only where it has to go there, for a small cell, to see twenty lines."""
FOREIGN_INTENSITY = (0.02, 0.5)
"""Foreign lines are between this weak and this strong, relative to the strongest line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How a list of lines was spoilt.

    Parameters
    ----------
    sigma_deg
        Standard deviation of the positions.
    zero_limit_deg, displacement_limit_mm
        Zero shift and displacement are drawn evenly from ± these.
    n_missing, n_foreign
        Lines lost from, and lines put among, the first twenty.
    merge_deg
        Lines nearer than this become one, at their centre of gravity.
    weakest
        Lines below this share of the strongest are lost.
    """

    name: str
    sigma_deg: float
    zero_limit_deg: float = 0.0
    displacement_limit_mm: float = 0.0
    n_missing: int = 0
    n_foreign: int = 0
    merge_deg: float = 0.06
    weakest: float = 0.01


_LAB = Condition(name="lab", sigma_deg=0.015, zero_limit_deg=0.05, displacement_limit_mm=0.1, n_missing=2)
CONDITIONS: MappingProxyType[str, Condition] = MappingProxyType(
    {
        condition.name: condition
        for condition in (
            Condition(name="clean", sigma_deg=0.005, merge_deg=0.02, weakest=0.001),
            _LAB,
            replace(_LAB, name="impure", n_foreign=2),
            replace(_LAB, name="hard", sigma_deg=0.02, zero_limit_deg=0.30, n_missing=4, n_foreign=2),
        )
    }
)
"""The four conditions of the accuracy benchmark. Even ``clean`` loses what no diffractometer would resolve or see."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnList:
    """A spoilt peak list and what really was.

    ``hkl`` (n, 3) is parallel to the peaks, zeros for foreign lines.
    """

    peaks: PeakList
    zero_shift_deg: float
    displacement_mm: float
    hkl: IntArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "hkl", frozen_array(self.hkl, np.int64))

    @property
    def foreign(self) -> npt.NDArray[np.bool_]:
        """Which peaks (n,) do not belong to the structure."""
        return np.asarray(~self.hkl.any(axis=1))


def observable_lines(
    structure: Structure, radiation: Radiation, *, two_theta_min_deg: float = 5.0, weakest: float = 0.001
) -> Lines:
    """Calculate the lines that a measurement would go for: to 80°, or on to 140° until there are twenty.

    Big cells have tens of thousands of reflections to 80°, of which indexing never sees but the first hundred, so the
    range grows until it holds enough.

    Parameters
    ----------
    structure, radiation
        What is measured.
    two_theta_min_deg
        Where the pattern begins.
    weakest
        Lines below this share of the strongest are not seen.
    """
    for two_theta_max, enough in _ranges(structure.cell.volume, radiation.wavelength_angstrom):
        lines = powder_lines(
            structure, radiation, two_theta_max, two_theta_min_deg=two_theta_min_deg, relative_cutoff=weakest
        )
        if len(lines) >= enough:
            break
    return lines


def draw_peak_list(
    lines: Lines,
    condition: Condition,
    rng: np.random.Generator,
    *,
    radius_mm: float = DEFAULT_RADIUS_MM,
    max_lines: int = MAX_LINES,
    name: str = "",
) -> DrawnList:
    """Spoil a line list.

    Shifts are applied to true positions; then foreign lines come in, near lines merge, weak ones vanish, some of the
    first twenty are lost, and noise is added to what is left.

    Parameters
    ----------
    lines
        True lines, all that could be seen (:func:`observable_lines`).
    condition
        How bad; see :data:`CONDITIONS`.
    rng
        Source of everything random.
    radius_mm
        Goniometer radius for the displacement.
    max_lines
        Length of the list.

    Returns
    -------
    DrawnList
        Peaks with the condition's sigma as their standard uncertainty, and the truth.

    Raises
    ------
    InputError
        If no line is left.
    """
    zero = float(rng.uniform(-1.0, 1.0)) * condition.zero_limit_deg
    displacement = float(rng.uniform(-1.0, 1.0)) * condition.displacement_limit_mm
    position = shift_two_theta(
        lines.two_theta_deg, zero_shift_deg=zero, displacement_mm=displacement, radius_mm=radius_mm
    )
    intensity, hkl = np.array(lines.intensity), np.array(lines.hkl)
    if condition.n_foreign and position.size:
        first = position[intensity >= condition.weakest * intensity.max()]
        foreign = rng.uniform(0.8 * first[0], first[:FIRST_LINES][-1], condition.n_foreign)
        position = np.append(position, foreign)
        weak, strong = FOREIGN_INTENSITY
        strength = weak * (strong / weak) ** rng.uniform(0.0, 1.0, condition.n_foreign)
        intensity = np.append(intensity, strength * intensity.max())
        hkl = np.append(hkl, np.zeros((condition.n_foreign, 3), dtype=np.int64), axis=0)
    position, intensity, hkl = _merge_near(position, intensity, hkl, condition.merge_deg)
    seen = np.flatnonzero(intensity >= condition.weakest * intensity.max(initial=0.0))
    own = seen[:FIRST_LINES][hkl[seen[:FIRST_LINES]].any(axis=1)]
    lost = rng.choice(own, size=min(condition.n_missing, max(own.size - MIN_LINES, 0)), replace=False)
    seen = np.setdiff1d(seen, lost)[:max_lines]
    if seen.size == 0:
        raise InputError("no line is left in the range; choose a longer one", source=name or None)
    position = position[seen] + rng.normal(0.0, condition.sigma_deg, seen.size)
    order = np.argsort(position)
    seen, position = seen[order], position[order]
    peaks = PeakList.from_positions(
        position,
        radiation=lines.radiation,
        intensity=intensity[seen],
        two_theta_esd_deg=condition.sigma_deg,
        name=name,
        source="simulated",
    )
    return DrawnList(peaks=peaks, zero_shift_deg=zero, displacement_mm=displacement, hkl=hkl[seen])


def _ranges(volume_angstrom3: float, wavelength_angstrom: float) -> Iterator[tuple[float, int]]:
    """Yield growing ends of the range (degrees), each with the number of lines that is enough there."""
    q = (3.0 * MAX_LINES / (np.pi * volume_angstrom3)) ** (2.0 / 3.0)
    while (two_theta_max := float(two_theta_from_q(q, wavelength_angstrom))) < LADDER_DEG[0]:
        yield two_theta_max, 2 * MAX_LINES
        q *= 1.6
    yield from ((two_theta_max, FIRST_LINES) for two_theta_max in LADDER_DEG)


def _merge_near(
    position: FloatArray, intensity: FloatArray, hkl: IntArray, merge_deg: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Merge lines nearer than *merge_deg* pair by pair, the nearest pair first; the stronger one gives its hkl."""
    order = np.argsort(position)
    position, intensity, hkl = position[order], intensity[order], hkl[order]
    while position.size > 1:
        gaps = np.diff(position)
        i = int(np.argmin(gaps))
        if gaps[i] >= merge_deg:
            break
        total = intensity[i] + intensity[i + 1]
        position[i] = (position[i] * intensity[i] + position[i + 1] * intensity[i + 1]) / total
        hkl[i] = hkl[i] if intensity[i] >= intensity[i + 1] else hkl[i + 1]
        intensity[i] = total
        keep = np.arange(position.size) != i + 1
        position, intensity, hkl = position[keep], intensity[keep], hkl[keep]
    return position, intensity, hkl
