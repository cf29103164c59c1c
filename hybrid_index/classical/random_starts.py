"""Assign–solve–iterate from random starts: the engine of last resort, which supposes nothing about which lines belong.

Volumes are drawn around what the number of lines asks for, shapes from a broad distribution, in every Bravais lattice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, metric_subspace
from hybrid_index.lattice.reciprocal import determinant, minors
from hybrid_index.refine.lines import LineData, line_data
from hybrid_index.search.pool import SEARCH_LINES, solved
from hybrid_index.types import Budget, Candidate, PeakList
from hybrid_index.units import FloatArray

_SHAPE_SPREAD = 0.5
"""Standard deviation of the logarithm of reciprocal axes around their mean."""
_COSINE_SPREAD = 0.2
_VOLUME_RANGE = (0.6, 2.5)
"""Volumes drawn, relative to the one that usually has as many reflections as there are lines."""
# Reflections that symmetry makes one: fewer than the order of the holohedry, for low-angle ones are special
# (medians over random cells of each family).
_EQUIVALENTS = {"c": 12.5, "h": 4.3, "t": 3.7, "o": 2.4, "m": 1.6, "a": 1.2}


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
    # N(Q) = 2π/3 · V · Q^1.5 / equivalents.
    usual = len(lines) * _EQUIVALENTS[lattice.value[0]] / (2.0 * np.pi / 3.0 * lines.q[-1] ** 1.5)
    volume = usual * lattice.lattice_points * np.exp(rng.uniform(np.log(low), np.log(high), n))
    axes = np.exp(rng.normal(0.0, _SHAPE_SPREAD, (n, 3)))
    cosines = np.clip(rng.normal(0.0, _COSINE_SPREAD, (n, 3)), -0.5, 0.5)
    pairs = 2.0 * cosines * axes[:, [1, 0, 0]] * axes[:, [2, 2, 1]]
    subspace = metric_subspace(lattice)
    metrics = np.column_stack([axes**2, pairs]) @ (subspace @ np.linalg.pinv(subspace)).T
    a, b, c = metrics[:, :3].T
    det = determinant(*metrics.T)
    real = (det > 0.05 * a * b * c) & (minors(*metrics.T)[0] > 0.0)
    scale = (1.0 / (det[real] * volume[real] ** 2)) ** (1.0 / 3.0)
    return np.ascontiguousarray(metrics[real] * scale[:, None])
