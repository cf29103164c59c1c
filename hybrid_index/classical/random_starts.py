"""Assign–solve–iterate from random starts: the engine of last resort, which supposes nothing about which lines belong.

Volumes are drawn around what the number of lines asks for, shapes from a broad distribution, in every Bravais lattice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_index.classical.pool import SEARCH_LINES, solved
from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, is_positive_definite, metric_subspace
from hybrid_index.refine.lines import LineData, line_data
from hybrid_index.types import Budget, Candidate, PeakList
from hybrid_index.units import FloatArray

_SHAPE_SPREAD = 0.5
"""Standard deviation of the logarithm of reciprocal squares around their mean."""
_VOLUME_RANGE = (0.7, 6.0)
"""Volumes drawn, relative to the one with as many reflections as there are lines."""
_ANGLE_SPREAD_DEG = 12.0


@dataclass(frozen=True, slots=True)
class RandomStarts:
    """Random lattices, solved against the lines."""

    name: str = "random"
    n_starts: int = 4000
    rounds: int = 2
    most: int = 20

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield what the starts converge to, for one Bravais lattice after the other, high symmetry first."""
        lines = line_data(peaks, limits, n_lines=SEARCH_LINES)
        for round_ in range(self.rounds):
            for lattice in BRAVAIS_LATTICES:
                if lattice.crystal_system not in limits.systems or budget.exhausted():
                    continue
                rng = np.random.default_rng((limits.seed, round_, lattice.code))
                metrics = random_metrics(lattice, lines, self.n_starts, rng)
                codes = np.full(len(metrics), lattice.code, dtype=np.int64)
                yield from solved(metrics, codes, lines, limits, source=self.name, most=self.most)


def random_metrics(lattice: BravaisLattice, lines: LineData, n: int, rng: np.random.Generator) -> FloatArray:
    """Reciprocal metrics (m, 6), m ≤ n, of random lattices that have about as many reflections as there are lines."""
    low, high = _VOLUME_RANGE
    order = {"c": 24, "h": 12, "t": 8, "o": 4, "m": 2, "a": 1}[lattice.value[0]]
    # N(Q) = 2π/3 · V · Q^1.5 / order, order being the reflections that symmetry makes one.
    primitive = len(lines) * order / (2.0 * np.pi / 3.0 * lines.q[-1] ** 1.5)
    volume = primitive * lattice.lattice_points * np.exp(rng.uniform(np.log(low), np.log(high), n))
    edges = np.exp(rng.normal(0.0, _SHAPE_SPREAD, (n, 3)))
    angles = np.clip(rng.normal(90.0, _ANGLE_SPREAD_DEG, (n, 3)), 60.0, 120.0)
    subspace = metric_subspace(lattice)
    metrics = np.empty((n, 6))
    kept = 0
    for i in range(n):
        a, b, c = edges[i] * (volume[i] / np.prod(edges[i])) ** (1.0 / 3.0)
        cell = Cell(a=a, b=b, c=c, alpha=angles[i, 0], beta=angles[i, 1], gamma=angles[i, 2])
        if is_positive_definite(cell.gram):
            metrics[kept] = subspace @ np.linalg.lstsq(subspace, cell.metric, rcond=None)[0]
            kept += 1
    return metrics[:kept]
