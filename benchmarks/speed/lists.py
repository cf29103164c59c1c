"""Line lists to be timed on: random lattices of each crystal system, as a laboratory instrument would show them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.cases import spanned_index
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    CRYSTAL_SYSTEMS,
    BravaisLattice,
    Cell,
    conventional,
    is_positive_definite,
    metric_subspace,
    primitive_gram,
    shortest_lengths,
)
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.units import FloatArray, parse_radiation, q_from_two_theta, shift_two_theta, two_theta_from_q

RADIATION = parse_radiation("CuKa1")
N_LINES = 24
SIGMA_DEG = (0.010, 0.015)
ZERO_LIMIT_DEG = 0.03
SEEN = 0.9
"""Share of the lines that intensity leaves visible."""
MERGE_DEG = 0.06
TWO_THETA_DEG = (5.0, 110.0)
VOLUMES_ANGSTROM3 = (80.0, 1200.0)
"""Range of the primitive volume."""
SHORTEST_ANGSTROM = 3.0
"""Crystals hardly ever repeat at a shorter distance."""
EDGE_SPREAD = 0.35
"""Standard deviation of the logarithm of an edge."""
ANGLE_SPREAD_DEG = 10.0
NEAR_SYMMETRY = 0.01
"""A lattice this near to a higher symmetry is drawn again: its system would be a matter of taste."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimedList:
    """Positions (n,) in degrees, and the lattice that they come from."""

    name: str
    system: str
    lattice: BravaisLattice
    cell: Cell
    two_theta_deg: FloatArray

    @property
    def gram(self) -> FloatArray:
        """Gram matrix of a primitive basis, Å²."""
        return primitive_gram(self.cell, self.lattice)

    def csv(self) -> str:
        """The peak list as a file."""
        rows = "\n".join(f"{x:.4f}" for x in self.two_theta_deg)
        return f"# wavelength {RADIATION.wavelength_angstrom}\ntwo_theta\n{rows}\n"


def draw_lists(n: int, *, seed: int = 0) -> list[TimedList]:
    """Draw *n* lists of each crystal system, those of a higher one first; more lists begin with the same ones."""
    lists = []
    for place, system in enumerate(CRYSTAL_SYSTEMS):
        lattices = [b for b in BRAVAIS_LATTICES if b.crystal_system == system]
        for i in range(n):
            rng = np.random.default_rng((seed, place, i))
            lists.append(_draw(f"{system}-{i + 1}", lattices[i % len(lattices)], rng))
    return lists


def _draw(name: str, lattice: BravaisLattice, rng: np.random.Generator) -> TimedList:
    for cell in _cells(lattice, rng):
        positions = _observed(cell, lattice, rng)
        if positions is not None:
            return TimedList(
                name=name, system=lattice.crystal_system, lattice=lattice, cell=cell, two_theta_deg=positions
            )
    raise AssertionError("the draw of cells never ends")


def _cells(lattice: BravaisLattice, rng: np.random.Generator) -> Iterator[Cell]:
    """Random conventional cells of exactly this lattice."""
    subspace = metric_subspace(lattice)
    while True:
        volume = np.exp(rng.uniform(*np.log(VOLUMES_ANGSTROM3))) * lattice.lattice_points
        edges = np.exp(rng.normal(0.0, EDGE_SPREAD, 3))
        a, b, c = (edges * np.cbrt(volume / edges.prod())).tolist()
        alpha, beta, gamma = rng.normal(98.0, ANGLE_SPREAD_DEG, 3).tolist()
        metric = Cell(a=a, b=b, c=c, alpha=alpha, beta=beta, gamma=gamma).metric
        cell = Cell.from_metric(subspace @ np.linalg.lstsq(subspace, metric, rcond=None)[0])
        gram = primitive_gram(cell, lattice)
        if not is_positive_definite(gram) or shortest_lengths(gram, 1)[0] < SHORTEST_ANGSTROM:
            continue
        if conventional(gram, NEAR_SYMMETRY).bravais_lattice == lattice:
            yield cell


def _observed(cell: Cell, lattice: BravaisLattice, rng: np.random.Generator) -> FloatArray | None:
    """The first lines that are seen, degrees; ``None`` where there are too few, or they do not span the lattice."""
    low, high = TWO_THETA_DEG
    wavelength = RADIATION.wavelength_angstrom
    q_max = float(q_from_two_theta(high, wavelength))
    lines = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    seen = rng.random(lines.q.size) < SEEN
    position = shift_two_theta(
        two_theta_from_q(lines.q[seen], wavelength), zero_shift_deg=float(rng.uniform(-1.0, 1.0)) * ZERO_LIMIT_DEG
    )
    apart = np.diff(position, prepend=0.0) > MERGE_DEG
    position, hkl = position[apart][:N_LINES], lines.hkl[seen][apart][:N_LINES].astype(np.int64)
    if position.size < N_LINES or position[0] < low or spanned_index(hkl) != lattice.lattice_points:
        return None
    return np.sort(position + rng.normal(0.0, rng.uniform(*SIGMA_DEG), N_LINES))
