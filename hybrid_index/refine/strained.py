"""Starts around a lattice that is known roughly: one from elsewhere, which heat or composition has changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from hybrid_index.lattice import BravaisLattice, metric_subspace
from hybrid_index.types import Candidate
from hybrid_index.units import FloatArray

STRAINS = {1: (0.004, 0.008, 0.012, 0.016, 0.020), 2: (0.006, 0.012, 0.018), 3: (0.012,)}
"""Relative changes, either way, of each edge that are tried besides none, by the number of free edges. The fewer they
are, the farther out the lines reach and the narrower is what solving bridges."""
SHEAR = 0.010
"""Change of the cosine of each free angle, either way, that is tried besides none."""
_EDGES_OF_PRODUCT = ((1, 2), (0, 2), (0, 1))
"""Edges whose angle the metric's D, E and F belong to."""


def strained_starts(candidate: Candidate) -> list[Candidate]:
    """Return a lattice as it is, strained along each axis in all combinations, and with each free angle changed.

    Axes are changed apart from one another, as layers may shrink while they move away from each other; those that
    symmetry holds equal go together. There are 11 (cubic) to 49 (tetragonal, hexagonal) starts.
    """
    return [candidate.replace(metric=metric) for metric in _strained(candidate.metric, candidate.bravais_lattice)]


def _strained(metric: FloatArray, lattice: BravaisLattice) -> Iterator[FloatArray]:
    free = metric_subspace(lattice)
    groups = [group for group in (np.flatnonzero(column[:3]) for column in free.T) if group.size]
    sizes = (0.0, *(sign * size for size in STRAINS[len(groups)] for sign in (1.0, -1.0)))
    for steps in product(sizes, repeat=len(groups)):
        stretch = np.ones(3)
        for group, step in zip(groups, steps, strict=True):
            stretch[group] -= step
        products = [stretch[i] * stretch[j] for i, j in _EDGES_OF_PRODUCT]
        yield metric * np.concatenate([stretch**2, products])
    for column in free.T[[not column[:3].any() for column in free.T]]:
        place = int(np.flatnonzero(column)[0])
        i, j = _EDGES_OF_PRODUCT[place - 3]
        for step in (SHEAR, -SHEAR):
            sheared = metric.copy()
            sheared[place] += 2.0 * step * np.sqrt(metric[i] * metric[j])
            yield sheared
