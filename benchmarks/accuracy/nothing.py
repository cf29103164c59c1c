"""Data without an answer: random lines, patterns of noise, and mixtures in which no phase dominates.

Whatever is called solved here is wrong, so these cases measure how often the engine sees what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import numpy as np

from benchmarks.accuracy.cases import (
    RADIATION,
    TOLERANCE,
    TWO_THETA_MIN_DEG,
    Case,
    Half,
    KnownLattice,
    generator,
    observable,
)
from hybrid_index.lattice import holohedry_order
from hybrid_index.simulate import CONDITIONS, Background, Lines, draw_peak_list, simulate_pattern
from hybrid_index.types import Pattern, PeakList
from hybrid_index.units import Radiation, parse_radiation, q_from_two_theta, two_theta_from_q

LINE_COUNTS = (8, 60)
FIRST_LINE_DEG = (5.0, 25.0)
LAST_LINE_DEG = (50.0, 100.0)
GROWTH = (1.0, 1.5)
"""Lines below Q grow as a power of Q: about 1 where many coincide or are absent, 1.5 as lattice points do."""
RESOLVED_DEG = 0.06
RANDOM_ESD_DEG = 0.015
FAINTEST = 0.01
"""Relative intensity of the faintest line."""
NOISE_COUNTS = (3.0, 3000.0)
NOISE_STEPS_DEG = (0.01, 0.04)
PHASES = (2, 3)
LARGEST_SHARE = {2: 0.6, 3: 0.45}
"""Share of the lines, of all and of the first twenty, that one of two or three phases may have."""
FIRST_LINES = 20


def empty_cases(lattices: Sequence[KnownLattice], *, half: Half, limit: int, skip: int = 0) -> list[Case]:
    """Draw *limit* cases of each kind after the first *skip*; a shorter draw begins a longer one.

    *half* chooses the lattices that are mixed, and the random numbers of the other kinds.
    """
    kinds: tuple[Callable[[str], Case], ...] = (random_positions, random_lines, noise)
    cases = [make(f"{half} {i}") for make in kinds for i in range(skip, skip + limit)]
    return cases + list(islice(mixtures([x for x in lattices if x.half == half], name=half), skip, skip + limit))


def random_positions(name: str) -> Case:
    """Return a list of random positions, nothing else."""
    return _random("random positions", name, with_intensities=False)


def random_lines(name: str) -> Case:
    """Return a list of random lines with intensities and uncertainties."""
    return _random("random lines", name, with_intensities=True)


def noise(name: str) -> Case:
    """Return a pattern of counting noise on a background; every third has a broad hump."""
    group, radiation = "noise", parse_radiation(RADIATION)
    rng = generator(f"{group}/{name}")
    low, high = np.log(NOISE_COUNTS)
    level = float(np.exp(rng.uniform(low, high)))
    background = Background(
        constant=level,
        exponential=float(rng.uniform(0.0, 10.0)) * level,
        hump=float(rng.uniform(0.5, 3.0)) * level if rng.integers(3) == 0 else 0.0,
    )
    pattern = simulate_pattern(
        Lines.from_positions([], [], radiation=radiation),
        two_theta_range_deg=(TWO_THETA_MIN_DEG, round(float(rng.uniform(60.0, 120.0)), 1)),
        step_deg=float(rng.choice(NOISE_STEPS_DEG)),
        background=background,
        seed=int(rng.integers(2**31)),
        name=name,
    )
    return _case(group, name, pattern, radiation, f"noise on {level:.0f} counts")


def mixtures(lattices: Sequence[KnownLattice], *, name: str) -> Iterator[Case]:
    """Yield mixtures of two or three structures, as a laboratory diffractometer shows them.

    The strongest lines of all phases are equally strong. Neighbours in density of lines are mixed, for a phase with
    many more lines than the others would dominate.
    """
    rng = generator(f"mixtures/{name}")
    radiation = parse_radiation(RADIATION)
    dense = sorted(lattices, key=_density)
    for start in rng.permutation(max(len(dense) - max(PHASES) + 1, 0)).tolist():
        number = int(rng.choice(PHASES))
        case = _mixture(dense[start : start + number], radiation)
        if case is not None:
            yield case


def _random(group: str, name: str, *, with_intensities: bool) -> Case:
    radiation = parse_radiation(RADIATION)
    rng = generator(f"{group}/{name}")
    count = int(rng.integers(LINE_COUNTS[0], LINE_COUNTS[1] + 1))
    ends = [rng.uniform(*FIRST_LINE_DEG), rng.uniform(*LAST_LINE_DEG)]
    growth = float(rng.uniform(*GROWTH))
    low, high = q_from_two_theta(ends, radiation.wavelength_angstrom) ** growth
    position = np.empty(0)
    while position.size < count:
        q = rng.uniform(low, high, 4 * count) ** (1.0 / growth)
        position = _resolved(np.append(position, two_theta_from_q(q, radiation.wavelength_angstrom)), count)
    intensity = np.exp(rng.uniform(np.log(FAINTEST), 0.0, count)) * 100.0 if with_intensities else None
    peaks = PeakList.from_positions(
        position,
        radiation=radiation,
        intensity=intensity,
        two_theta_esd_deg=RANDOM_ESD_DEG if with_intensities else None,
        name=name,
        source="simulated",
    )
    return _case(group, name, peaks, radiation, f"{count} random lines")


def _resolved(position: np.ndarray, most: int) -> np.ndarray:
    """The first *most* positions, in the order drawn, that keep their distance from those before them."""
    kept: list[float] = []
    for x in position.tolist():
        if len(kept) < most and all(abs(x - other) >= RESOLVED_DEG for other in kept):
            kept.append(x)
    return np.array(kept)


def _density(lattice: KnownLattice) -> float:
    """Distinct lines per unit of Q^(3/2), but for a factor."""
    volume = float(np.sqrt(np.linalg.det(lattice.gram)))
    return volume / holohedry_order(lattice.setting.bravais_lattice)


def _mixture(phases: Sequence[KnownLattice], radiation: Radiation) -> Case | None:
    lines = [found for phase in phases if (found := observable(phase, radiation)) is not None]
    if len(lines) < len(phases):
        return None
    # Each range was chosen for its own structure; a pattern has but one.
    end = min(float(found.two_theta_deg[-1]) for found in lines)
    inside = [found.two_theta_deg <= end for found in lines]
    position = np.concatenate([found.two_theta_deg[keep] for found, keep in zip(lines, inside, strict=True)])
    intensity = np.concatenate([found.intensity[keep] for found, keep in zip(lines, inside, strict=True)])
    origin = np.repeat(np.arange(1, len(lines) + 1), [int(keep.sum()) for keep in inside])
    order = np.argsort(position, kind="stable")
    together = Lines(
        two_theta_deg=position[order],
        q=q_from_two_theta(position[order], radiation.wavelength_angstrom),
        intensity=intensity[order],
        # no reflections of one lattice: the number of the phase is carried along
        hkl=np.repeat(origin[order, None], 3, axis=1),
        multiplicity=np.ones(position.size, dtype=np.int64),
        radiation=radiation,
    )
    name = " + ".join(str(phase.record["id"]) for phase in phases)
    drawn = draw_peak_list(together, CONDITIONS["lab"], generator(f"mixture/{name}"), name=name)
    number = drawn.hkl[:, 0]
    shares = [np.bincount(part, minlength=2)[1:].max() / part.size for part in (number, number[:FIRST_LINES])]
    if len(drawn.peaks) < LINE_COUNTS[0] or max(shares) > LARGEST_SHARE[len(phases)]:
        return None
    cells = (f"{p.setting.bravais_lattice} {' '.join(f'{x:.4g}' for x in p.setting.cell.parameters)}" for p in phases)
    grams = tuple(phase.gram for phase in phases)
    return _case("mixture", name, drawn.peaks, radiation, " + ".join(cells), grams)


def _case(
    group: str,
    name: str,
    data: PeakList | Pattern,
    radiation: Radiation,
    truth: str,
    phases: tuple[np.ndarray, ...] = (),
) -> Case:
    return Case(
        name=name,
        group=group,
        system="",
        data=data,
        radiation=radiation,
        gram=None,
        tolerance=TOLERANCE,
        truth=truth,
        phases=phases,
    )
