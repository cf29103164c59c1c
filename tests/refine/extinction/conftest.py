from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import pytest

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.peaks import find_peaks
from hybrid_index.refine.extinction import extinction_symbols, fit_all_lines
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.refine.lebail import LeBailFit
from hybrid_index.simulate import Background, Lines, Profile, simulate_pattern
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation, q_from_two_theta, two_theta_from_q

FitOf = Callable[..., LeBailFit]
RADIATION = parse_radiation("CuKa1")


def pattern_of(
    cell: Cell, symbol: str, lattice: BravaisLattice, *, end_deg: float, foreign: Mapping[float, float], seed: int
) -> Pattern:
    """A pattern with Wilson-distributed intensities, and foreign lines: 2θ and share of the strongest line."""
    rng = np.random.default_rng(seed)
    q_max = float(q_from_two_theta(end_deg + 1.0, RADIATION.wavelength_angstrom))
    found = enumerate_reflections(cell.metric, lattice, q_max)
    absent = next(s for s in extinction_symbols(lattice) if s.symbol == symbol).absent(found.hkl)
    two_theta = two_theta_from_q(found.q, RADIATION.wavelength_angstrom)
    theta = np.radians(two_theta) / 2.0
    fall = np.exp(-5.0 * found.q) * (1.0 + np.cos(2.0 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
    intensity = np.where(absent, 0.0, found.multiplicity * fall * rng.exponential(1.0, len(found)))
    lines = Lines.from_positions(
        np.append(two_theta[~absent], list(foreign)),
        np.append(intensity[~absent], intensity.max() * np.array(list(foreign.values()))),
        radiation=RADIATION,
    )
    return simulate_pattern(
        lines, radiation=RADIATION, two_theta_range_deg=(8.0, end_deg), step_deg=0.02,
        profile=Profile(u=0.002, v=-0.001, w=0.01, eta=0.5), background=Background(constant=100.0),
        strongest_counts=20_000.0, seed=seed, name=symbol,
    )  # fmt: skip


@pytest.fixture(scope="session")
def fit_of() -> FitOf:
    """Fit a simulated pattern of a symbol."""

    @lru_cache
    def fit(
        cell: Cell,
        symbol: str,
        lattice: BravaisLattice,
        *,
        end_deg: float = 60.0,
        foreign: tuple[tuple[float, float], ...] = (),
        seed: int = 0,
    ) -> LeBailFit:
        pattern = pattern_of(cell, symbol, lattice, end_deg=end_deg, foreign=dict(foreign), seed=seed)
        return fit_all_lines(pattern, cell, lattice, peaks=find_peaks(pattern))

    return fit
