"""Random crystal structures with the statistics of real ones: space group, cell, elements, occupied positions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import gemmi
import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS, BravaisLattice, Cell
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of, laue_rotations, operations
from hybrid_index.simulate.crystal_statistics import Chemistry, CrystalStatistics, default_statistics, from_quantiles
from hybrid_index.simulate.packing import place_site, room_for
from hybrid_index.simulate.random_lattices import VOLUME_LIMITS_ANGSTROM3, cell_sample
from hybrid_index.simulate.space_groups import (
    GRID,
    WyckoffPositions,
    standard_group,
    wyckoff_positions,
)
from hybrid_index.simulate.structure import Structure
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

CONTACT = 0.75
"""Atoms stay this share of the sum of their covalent radii apart: random packings are looser than real ones."""
TRIES = 40
"""Points tried for one site before it is given up."""
MAX_FAILURES = 6
"""Sites given up before the cell counts as full."""
MAX_CRYSTALS = 8
"""Crystals tried until one is nearly as dense as it should be; the densest is taken."""
DENSE_ENOUGH = 0.8
"""Share of the wanted number of atoms."""
RARE_ORDER = 0.02
"""Share of the sites on positions of a symmetry that was met on no site of the system."""

_K = TypeVar("_K")


def synthetic_crystal(
    rng: np.random.Generator,
    *,
    space_group: int | None = None,
    crystal_system: str | None = None,
    volume: float | None = None,
    statistics: CrystalStatistics | None = None,
) -> Structure:
    """Draw a random crystal structure.

    Space group, volume and shape of the cell, elements, atoms per volume, occupied Wyckoff positions and displacements
    follow real crystals; coordinates are random, and atoms keep 0.75 of the sum of their covalent radii apart.

    Parameters
    ----------
    rng
        Source of everything random.
    space_group
        Number, 1 to 230; drawn if not given. The setting is the standard one (b unique, hexagonal axes).
    crystal_system
        That of the lattice, one of ``CRYSTAL_SYSTEMS`` (``trigonal`` is rhombohedral, hP ``hexagonal``), to draw a
        space group of.
    volume
        Of the conventional cell in Å³; drawn if not given.
    statistics
        What to draw after; that of the package if not given.

    Raises
    ------
    InputError
        If there is no such space group or system, if they contradict each other, or if the volume is out of bounds.

    Examples
    --------
    >>> crystal = synthetic_crystal(np.random.default_rng(1), space_group=62, volume=400.0)
    >>> crystal.space_group, round(crystal.cell.volume, 3)
    ('P n m a', 400.0)
    """
    statistics = statistics or default_statistics()
    number = _space_group(rng, space_group, crystal_system, statistics)
    group = standard_group(number)
    lattice = bravais_lattice_of(group)
    smallest, largest = VOLUME_LIMITS_ANGSTROM3[0], VOLUME_LIMITS_ANGSTROM3[1] * lattice.lattice_points
    if volume is not None and not smallest <= volume <= largest:
        raise InputError(f"must lie between {smallest:g} and {largest:g} Å³, got {volume:g}", source="volume")
    best: Structure | None = None
    best_share = -1.0
    for _ in range(MAX_CRYSTALS):
        cell = _cell(rng, lattice, volume, statistics)
        kind = _kind(rng, lattice, cell.volume / lattice.lattice_points, statistics)
        wanted = max(1, round(cell.volume / float(from_quantiles(kind.volume_per_atom, rng.random()))))
        structure = _filled(rng, number, lattice, cell, kind, wanted)
        share = 0.0 if structure is None else min(len(structure.elements) / wanted, 1.0)
        if structure is not None and share > best_share:
            best, best_share = structure, share
        if best_share >= DENSE_ENOUGH:
            break
    if best is None:
        raise InputError(
            f"no atom finds room in a cell of {group.hm} of this volume; give a larger one", source="volume"
        )
    return best


def _space_group(
    rng: np.random.Generator, number: int | None, system: str | None, statistics: CrystalStatistics
) -> int:
    if system is not None and system not in CRYSTAL_SYSTEMS:
        raise InputError(f"{system!r} is none of {', '.join(CRYSTAL_SYSTEMS)}", source="crystal_system")
    if number is not None:
        found = bravais_lattice_of(standard_group(number)).crystal_system
        if system not in (None, found):
            raise InputError(
                f"space group {number} is {found}, not {system}; leave one of them out", source="space_group"
            )
        return number
    counts = statistics.space_groups
    if system is not None:
        counts = {n: c for n, c in counts.items() if bravais_lattice_of(standard_group(n)).crystal_system == system}
    return _one_of(rng, counts)


def _cell(
    rng: np.random.Generator, lattice: BravaisLattice, volume: float | None, statistics: CrystalStatistics
) -> Cell:
    key = np.uint64(rng.integers(0, 2**63))
    log_volume = math.nan if volume is None else math.log(volume)
    codes = np.array([lattice.code], dtype=np.int64)
    cells = statistics.cells
    return Cell.from_gram(cell_sample(key, codes, 0.0, log_volume, cells.quantiles, cells.cholesky)[0])


def _kind(
    rng: np.random.Generator, lattice: BravaisLattice, primitive_volume: float, statistics: CrystalStatistics
) -> Chemistry:
    """Organic or inorganic: as often as in this crystal system, and among primitive cells of this size."""
    weights = {
        name: kind.systems.get(lattice.crystal_system, 0.0) * _density(kind.primitive_volume, primitive_volume)
        for name, kind in statistics.chemistry.items()
    }
    if not sum(weights.values()) > 0.0:
        weights = {name: float(sum(kind.systems.values())) for name, kind in statistics.chemistry.items()}
    return statistics.chemistry[_one_of(rng, weights)]


def _density(quantiles: FloatArray, value: float) -> float:
    """Probability density at a value of a distribution given by quantiles; 0 outside."""
    place = int(np.searchsorted(quantiles, value))
    if not 0 < place < quantiles.size:
        return 0.0
    return 1.0 / max(float(quantiles[place] - quantiles[place - 1]), 1e-9)


def _filled(
    rng: np.random.Generator, number: int, lattice: BravaisLattice, cell: Cell, kind: Chemistry, wanted: int
) -> Structure | None:
    """Put about *wanted* atoms into a cell; ``None`` if not even one finds room."""
    group = standard_group(number)
    rotations, translations = operations(group)
    shifts = translations / GRID
    positions = wyckoff_positions(number)
    multiplicity = len(rotations) // positions.order
    symbols, shares = _elements(rng, kind)
    weights = _order_weights(positions.order, kind.site_orders[lattice.crystal_system])
    xyz, radii = room_for(max(wanted, int(multiplicity.min())), len(rotations))
    free = np.ones(len(positions), dtype=np.bool_)
    sites: list[tuple[str, int, float]] = []
    n = failures = 0
    while n < wanted and failures < MAX_FAILURES:
        symbol = symbols[len(sites)] if len(sites) < len(symbols) else symbols[_place(rng, shares)]
        possible = free & ((multiplicity <= wanted - n) | ((n == 0) & (multiplicity == multiplicity[free].min())))
        if not possible.any():
            break
        radius = CONTACT * _covalent_radius(symbol)
        for _ in range(TRIES):
            which = _place(rng, weights * possible)
            point = _point(rng, positions, which)
            found = place_site(point, radius, rotations, shifts, cell.gram, xyz, radii, n)
            if found > n:
                break
        else:
            failures += 1
            continue
        free[which] = positions.freedom[which] > 0
        sites.append((symbol, found - n, float(from_quantiles(kind.u_iso, rng.random()))))
        n = found
    if not sites:
        return None
    return Structure(
        cell=cell,
        elements=tuple(symbol for symbol, count, _ in sites for _ in range(count)),
        xyz=xyz[:n],
        occupancy=np.ones(n),
        u_iso=np.repeat([u for _, _, u in sites], [count for _, count, _ in sites]),
        rotations=_laue(number),
        space_group=group.xhm(),
        name=f"synthetic {group.hm}",
    )


def _point(rng: np.random.Generator, positions: WyckoffPositions, which: int) -> FloatArray:
    return np.asarray(positions.origin[which] / GRID + positions.projection[which] @ rng.random(3))


def _order_weights(order: IntArray, known: Mapping[int, float]) -> FloatArray:
    """Weight of each Wyckoff position: that of the order of its symmetry, shared among those of the same order."""
    total = sum(known.values())
    weights = np.array([max(known.get(int(o), 0.0), RARE_ORDER * total) for o in order])
    same = (order[:, None] == order).sum(axis=1)
    return np.asarray(weights / same, dtype=np.float64)


def _elements(rng: np.random.Generator, kind: Chemistry) -> tuple[list[str], FloatArray]:
    """Draw the elements of a crystal, and the shares of the sites that they take."""
    symbols = _scattering_elements(tuple(kind.presence))
    presence = np.array([kind.presence[symbol] for symbol in symbols], dtype=np.float64)
    n = min(_one_of(rng, kind.n_elements), len(symbols))
    chosen = rng.choice(len(symbols), size=n, replace=False, p=presence / presence.sum())
    shares = np.array([kind.abundance[symbols[i]] for i in chosen])
    return [symbols[i] for i in chosen], shares


@lru_cache(maxsize=32)
def _scattering_elements(symbols: tuple[str, ...]) -> tuple[str, ...]:
    """Those whose form factors are known."""
    return tuple(s for s in symbols if (e := gemmi.Element(s)).atomic_number and e.it92 is not None)


@lru_cache(maxsize=256)
def _covalent_radius(symbol: str) -> float:
    return float(gemmi.Element(symbol).covalent_r)


@lru_cache(maxsize=256)
def _laue(number: int) -> IntArray:
    return laue_rotations(standard_group(number))


def _one_of(rng: np.random.Generator, weights: Mapping[_K, float]) -> _K:
    """Draw a key, as often as its value says."""
    keys = list(weights)
    return keys[_place(rng, np.fromiter(weights.values(), dtype=np.float64))]


def _place(rng: np.random.Generator, weights: FloatArray) -> int:
    running = np.cumsum(weights)
    return min(int(np.searchsorted(running, rng.random() * running[-1], side="right")), running.size - 1)
