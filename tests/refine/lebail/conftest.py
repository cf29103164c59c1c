"""A simulated pattern of an orthorhombic lattice, with all that a diffractometer adds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import Background, Lines, Profile, simulate_pattern
from hybrid_index.types import IntArray, Pattern
from hybrid_index.units import FloatArray, Radiation, parse_radiation, q_from_two_theta, two_theta_from_q


@dataclass(frozen=True, kw_only=True)
class Known:
    """A pattern and what it was made of."""

    pattern: Pattern
    cell: Cell
    lattice: BravaisLattice
    hkl: IntArray
    intensity: FloatArray
    zero_shift_deg: float


def lines_of(cell: Cell, lattice: BravaisLattice, radiation: Radiation, end_deg: float, seed: int) -> Lines:
    """Lines of all reflections, with intensities of two orders of magnitude."""
    q_max = float(q_from_two_theta(end_deg, radiation.wavelength_angstrom))
    found = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    intensity = np.random.default_rng(seed).exponential(1.0, found.q.size) + 0.02
    return Lines(
        two_theta_deg=two_theta_from_q(found.q, radiation.wavelength_angstrom),
        q=found.q,
        intensity=intensity * 100.0 / intensity.max(),
        hkl=found.hkl.astype(np.int64),
        multiplicity=found.multiplicity,
        radiation=radiation,
    )


def known_pattern(cell: Cell, lattice: BravaisLattice, *, seed: int = 3, counts: float = 8000.0) -> Known:
    """Simulate Cu Kα from 12 to 62°."""
    radiation = parse_radiation("CuKa")
    lines = lines_of(cell, lattice, radiation, 64.0, seed)
    zero = 0.03
    pattern = simulate_pattern(
        lines, two_theta_range_deg=(12.0, 62.0), step_deg=0.02, strongest_counts=counts, zero_shift_deg=zero,
        profile=Profile(u=0.004, v=-0.002, w=0.012, eta=0.5, axial_divergence_deg=1.0),
        background=Background(constant=40.0, exponential=400.0, hump=80.0), seed=seed, name="known",
    )  # fmt: skip
    return Known(
        pattern=pattern, cell=cell, lattice=lattice, hkl=lines.hkl, intensity=lines.intensity, zero_shift_deg=zero
    )


@pytest.fixture(scope="session")
def orthorhombic() -> Known:
    """The lattice of anglesite."""
    return known_pattern(Cell(a=8.482, b=5.398, c=6.959), BravaisLattice.OP)
