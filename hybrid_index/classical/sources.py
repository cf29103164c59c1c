"""The zone and base-line engines as ``CandidateSource``s: from lines to solved, distinct candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_index.classical.leaning import lean_planes, lean_rectangles
from hybrid_index.classical.planes import find_planes, halved
from hybrid_index.classical.stacking import stack_planes
from hybrid_index.classical.trials import cubic_trials, index_squares, layer_squares, uniaxial_trials
from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.search.pool import SEARCH_LINES, Pool, Prepared
from hybrid_index.types import Budget, Candidate, PeakList
from hybrid_index.units import FloatArray

_FEW_PARAMETERS = BRAVAIS_LATTICES[: BravaisLattice.HR.code + 1]
_CUBIC_SQUARES = 40.0
_UNIAXIAL_SQUARES = 14.0
"""Base lines get indices up to these sums of squares."""


@dataclass(frozen=True, slots=True)
class BaseLineTrials:
    """Cubic, tetragonal, hexagonal and rhombohedral lattices by base-line trials; see :mod:`.trials`."""

    name: str = "trials"
    n_base: int = 8
    capacity: int = 300
    most: int = 30

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best lattices of one or two parameters."""
        ready, pool = Prepared.from_peaks(peaks, limits), Pool(self.capacity)
        for lattice in _FEW_PARAMETERS:
            if lattice.crystal_system in limits.systems and not budget.exhausted():
                self._try(lattice, ready, limits, pool)
        yield from pool.candidates(ready.lines, limits, source=self.name, most=self.most)

    def _try(self, lattice: BravaisLattice, ready: Prepared, limits: Settings, pool: Pool) -> None:
        w = ready.windows
        if lattice.crystal_system == "cubic":
            squares = np.ascontiguousarray(index_squares(lattice, limit=_CUBIC_SQUARES)[:, 0])
            pool.size = cubic_trials(
                squares, lattice.code, w.q, w.q_max, self.n_base, ready.height_min,
                w.table, w.bins_per_q, ready.odds, pool.scores, pool.rows, pool.size,
            )  # fmt: skip
            return
        cross = 1.0 if lattice.value[0] == "h" else 0.0
        volume = limits.max_volume_angstrom3 * lattice.lattice_points
        pool.size = uniaxial_trials(
            index_squares(lattice, limit=_UNIAXIAL_SQUARES), layer_squares(lattice), cross, lattice.code, w.q,
            w.q_max, self.n_base, ready.height_min, volume, w.table, w.bins_per_q, ready.odds,
            pool.scores, pool.rows, pool.size,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrthorhombicZones:
    """Rectangular planes with a perpendicular axis; see :mod:`.planes` and :mod:`.stacking`."""

    name: str = "zones-orthorhombic"
    n_planes: int = 400
    capacity: int = 2500
    most: int = 80

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best orthorhombic lattices."""
        if "orthorhombic" not in limits.systems or budget.exhausted():
            return
        ready, pool = Prepared.from_peaks(peaks, limits), Pool(self.capacity)
        _stack(_planes(ready, limits, self.n_planes, rectangular=True), ready, limits, pool)
        yield from pool.candidates(ready.lines, limits, source=self.name, most=self.most)


@dataclass(frozen=True, slots=True)
class MonoclinicZones:
    """Leaning rectangular planes, and oblique ones with a perpendicular axis."""

    name: str = "zones-monoclinic"
    n_planes: int = 600
    n_rectangles: int = 400
    capacity: int = 4000
    most: int = 120

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best monoclinic lattices."""
        if "monoclinic" not in limits.systems or budget.exhausted():
            return
        ready, pool = Prepared.from_peaks(peaks, limits), Pool(self.capacity)
        w = ready.windows
        pool.size = lean_rectangles(
            _planes(ready, limits, self.n_rectangles, rectangular=True), w.q, w.tolerance, w.q_max, SEARCH_LINES,
            ready.height_min, limits.max_volume_angstrom3, w.table, w.bins_per_q, ready.odds,
            pool.scores, pool.rows, pool.size,
        )  # fmt: skip
        if not budget.exhausted():
            _stack(_planes(ready, limits, self.n_planes, rectangular=False), ready, limits, pool)
        yield from pool.candidates(ready.lines, limits, source=self.name, most=self.most)


@dataclass(frozen=True, slots=True)
class TriclinicZones:
    """Oblique planes under leaning layers."""

    name: str = "zones-triclinic"
    n_planes: int = 1000
    n_base: int = 14
    capacity: int = 4000
    most: int = 120

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best triclinic lattices."""
        if "triclinic" not in limits.systems or budget.exhausted():
            return
        ready, pool = Prepared.from_peaks(peaks, limits), Pool(self.capacity)
        w = ready.windows
        planes = find_planes(w, rectangular=False, n_planes=self.n_planes, max_edge_angstrom=limits.max_edge_angstrom)
        pool.size = lean_planes(
            planes, w.q, w.tolerance, w.q_max, self.n_base, ready.height_min, limits.max_volume_angstrom3,
            w.table, w.bins_per_q, ready.odds, pool.scores, pool.rows, pool.size,
        )  # fmt: skip
        yield from pool.candidates(ready.lines, limits, source=self.name, most=self.most)


def _planes(ready: Prepared, limits: Settings, n_planes: int, *, rectangular: bool) -> FloatArray:
    """The best planes, and those that glide planes and screws may hide behind them."""
    planes = find_planes(
        ready.windows, rectangular=rectangular, n_planes=n_planes, max_edge_angstrom=limits.max_edge_angstrom
    )
    return np.concatenate([planes, halved(planes)])


def _stack(planes: FloatArray, ready: Prepared, limits: Settings, pool: Pool) -> None:
    w = ready.windows
    pool.size = stack_planes(
        planes, w.q, w.tolerance, w.q_max, ready.height_min, limits.max_volume_angstrom3, w.table, w.bins_per_q,
        ready.odds, pool.scores, pool.rows, pool.size,
    )  # fmt: skip
