"""The engines as ``CandidateSource``s: from lines to refined, distinct candidates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from hybrid_index.classical.planes import find_planes, halved
from hybrid_index.classical.stacking import lean_planes, lean_rectangles, stack_planes
from hybrid_index.classical.trials import cubic_trials, index_squares, uniaxial_trials
from hybrid_index.classical.windows import LineWindows, chance_table
from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.refine.assign import FAILED, assign_solve_many
from hybrid_index.refine.lines import LineData, line_data
from hybrid_index.types import Budget, Candidate, PeakList
from hybrid_index.units import FloatArray

SEARCH_LINES = 20
"""Lines that a search works on; more add little but time, and their errors grow with Q."""
MAX_REFLECTIONS_PER_LATTICE = 200
"""A trial lattice with more reflections than this under 20 lines explains them by chance."""
ALLOWANCE_DEG = 0.015
"""Shift (degrees, at Cu Kα) that windows allow for; larger ones are tried on purpose, see ``schedule``."""


class Pool:
    """The best trial lattices of one engine: a bounded heap of (metric, code)."""

    def __init__(self, capacity: int) -> None:
        self.scores = np.empty(capacity)
        self.rows = np.empty((capacity, 7))
        self.size = 0

    def candidates(self, lines: LineData, settings: Settings, *, source: str, most: int) -> Iterator[Candidate]:
        """Solve all of them against the lines and yield the best distinct ones."""
        metrics = np.ascontiguousarray(self.rows[: self.size, :6])
        codes = self.rows[: self.size, 6].astype(np.int64)
        out = np.zeros((self.size, 4 + lines.columns.shape[0]))
        assign_solve_many(
            metrics, codes, lines.q, lines.q_esd, lines.foreign, lines.slack, lines.columns, lines.priors, len(lines), False, out
        )
        seen: set[tuple[int, int, int]] = set()
        for i in np.argsort(-out[:, 0], kind="stable"):
            if out[i, 0] <= FAILED or len(seen) >= most:
                return
            key = (int(out[i, 1]), int(out[i, 2]), round(float(out[i, 0]) * 50))
            if key in seen or not _within(metrics[i], BRAVAIS_LATTICES[codes[i]], settings):
                continue
            seen.add(key)
            yield Candidate(
                bravais_lattice=BRAVAIS_LATTICES[codes[i]], metric=metrics[i], source=source, score=float(out[i, 0])
            )


def _within(metric: FloatArray, lattice: BravaisLattice, settings: Settings) -> bool:
    """Whether a lattice respects the user's limits on volume."""
    a, b, c, d, e, f = metric
    det = a * b * c + (d * e * f - a * d * d - b * e * e - c * f * f) / 4.0
    return bool(det * (lattice.lattice_points * settings.max_volume_angstrom3) ** 2 >= 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    """What every engine needs of the lines."""

    lines: LineData
    windows: LineWindows
    odds: FloatArray
    edge_min: float

    @classmethod
    def prepare(cls, peaks: PeakList, settings: Settings) -> _Trial:
        lines = line_data(peaks, settings, n_lines=SEARCH_LINES)
        allowance = ALLOWANCE_DEG * min(1.0, peaks.wavelength_angstrom / 1.5)
        windows = LineWindows.from_lines(lines, allowance_deg=allowance if lines.columns.size else 0.0)
        odds = chance_table(windows.q, windows.tolerance, MAX_REFLECTIONS_PER_LATTICE, 1.5)
        return cls(lines=lines, windows=windows, odds=odds, edge_min=1.0 / settings.max_edge_angstrom**2)


@dataclass(frozen=True, slots=True)
class BaseLineTrials:
    """Cubic, tetragonal, hexagonal and rhombohedral lattices by base-line trials; see :mod:`.trials`."""

    name: str = "trials"
    n_base: int = 8
    capacity: int = 1500
    most: int = 60
    systems: tuple[str, ...] = field(default=("cubic", "tetragonal", "hexagonal", "trigonal"))

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best lattices of one or two parameters."""
        t = _Trial.prepare(peaks, limits)
        w, pool = t.windows, Pool(self.capacity)
        for lattice in BRAVAIS_LATTICES[:7]:
            if lattice.crystal_system not in limits.systems or budget.exhausted():
                continue
            tail = (w.table, w.bins_per_q, t.odds, pool.scores, pool.rows, pool.size)
            if lattice.crystal_system == "cubic":
                squares = np.ascontiguousarray(index_squares(lattice, limit=40.0)[:, 0])
                pool.size = cubic_trials(squares, lattice.code, w.q, w.q_max, self.n_base, t.edge_min, *tail)
            else:
                squares = index_squares(lattice, limit=14.0)
                cross = 1.0 if lattice.value[0] == "h" else 0.0
                volume = limits.max_volume_angstrom3 * lattice.lattice_points
                pool.size = uniaxial_trials(
                    squares, cross, lattice.code, w.q, w.q_max, self.n_base, t.edge_min, volume, *tail
                )
        yield from pool.candidates(t.lines, limits, source=self.name, most=self.most)


@dataclass(frozen=True, slots=True)
class OrthorhombicZones:
    """Rectangular planes with a perpendicular axis; see :mod:`.planes` and :mod:`.stacking`."""

    name: str = "zones-orthorhombic"
    n_planes: int = 400
    capacity: int = 2500
    most: int = 80
    systems: tuple[str, ...] = field(default=("orthorhombic",))

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best orthorhombic lattices."""
        t = _Trial.prepare(peaks, limits)
        w, pool = t.windows, Pool(self.capacity)
        planes = find_planes(w, rectangular=True, n_planes=self.n_planes, max_edge_angstrom=limits.max_edge_angstrom)
        planes = np.concatenate([planes, halved(planes)])
        pool.size = stack_planes(
            planes, w.q, w.tolerance, w.q_max, t.edge_min, limits.max_volume_angstrom3, w.table, w.bins_per_q, t.odds,
            pool.scores, pool.rows, 0,
        )  # fmt: skip
        yield from pool.candidates(t.lines, limits, source=self.name, most=self.most)


@dataclass(frozen=True, slots=True)
class MonoclinicZones:
    """Oblique planes with a perpendicular axis, and leaning rectangular ones."""

    name: str = "zones-monoclinic"
    n_planes: int = 600
    n_rectangles: int = 400
    capacity: int = 4000
    most: int = 120
    systems: tuple[str, ...] = field(default=("monoclinic",))

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best monoclinic lattices."""
        t = _Trial.prepare(peaks, limits)
        w, pool = t.windows, Pool(self.capacity)
        edge = limits.max_edge_angstrom
        head = (w.q, w.tolerance, w.q_max)
        tail = (t.edge_min, limits.max_volume_angstrom3, w.table, w.bins_per_q, t.odds, pool.scores, pool.rows)
        rectangles = find_planes(w, rectangular=True, n_planes=self.n_rectangles, max_edge_angstrom=edge)
        rectangles = np.concatenate([rectangles, halved(rectangles)])
        pool.size = lean_rectangles(rectangles, *head, SEARCH_LINES, *tail, pool.size)
        if not budget.exhausted():
            planes = find_planes(w, rectangular=False, n_planes=self.n_planes, max_edge_angstrom=edge)
            planes = np.concatenate([planes, halved(planes)])
            pool.size = stack_planes(planes, *head, *tail, pool.size)
        yield from pool.candidates(t.lines, limits, source=self.name, most=self.most)


@dataclass(frozen=True, slots=True)
class TriclinicZones:
    """Oblique planes under leaning layers."""

    name: str = "zones-triclinic"
    n_planes: int = 1000
    n_base: int = 14
    capacity: int = 4000
    most: int = 120
    systems: tuple[str, ...] = field(default=("triclinic",))

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best triclinic lattices."""
        t = _Trial.prepare(peaks, limits)
        w, pool = t.windows, Pool(self.capacity)
        planes = find_planes(w, rectangular=False, n_planes=self.n_planes, max_edge_angstrom=limits.max_edge_angstrom)
        pool.size = lean_planes(
            planes, w.q, w.tolerance, w.q_max, self.n_base, t.edge_min, limits.max_volume_angstrom3, w.table,
            w.bins_per_q, t.odds, pool.scores, pool.rows, 0,
        )  # fmt: skip
        yield from pool.candidates(t.lines, limits, source=self.name, most=self.most)
