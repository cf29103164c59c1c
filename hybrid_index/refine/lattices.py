"""Candidates by the hundred: as arrays, which a search sorts and selects without making an object of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.lattice.reciprocal import determinant, minors
from hybrid_index.types import Candidate, IntArray
from hybrid_index.units import FloatArray

LATTICE_POINTS = np.array([lattice.lattice_points for lattice in BRAVAIS_LATTICES])
"""In the conventional cell of each Bravais lattice, by code (14,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lattices:
    """Lattices, and the shifts that go with them.

    ``codes`` (m,) of the Bravais lattices; ``metrics`` (m, 6) reciprocal, Å⁻²; ``shifts`` (m, 2) zero shift (degrees)
    and displacement (mm); ``scores`` (m,) merits, and ``sources`` (m,) names of the engines.
    """

    codes: IntArray
    metrics: FloatArray
    shifts: FloatArray
    scores: FloatArray
    sources: npt.NDArray[np.object_]

    @classmethod
    def from_candidates(cls, candidates: Sequence[Candidate]) -> Lattices:
        """Lattices in the order of *candidates*."""
        return cls(
            codes=np.array([c.bravais_lattice.code for c in candidates], dtype=np.int64),
            metrics=np.array([c.metric for c in candidates], dtype=np.float64).reshape(-1, 6),
            shifts=np.array([(c.zero_shift_deg, c.displacement_mm) for c in candidates]).reshape(-1, 2),
            scores=np.array([c.score for c in candidates], dtype=np.float64),
            sources=np.array([c.source for c in candidates], dtype=object),
        )

    def __len__(self) -> int:
        return len(self.codes)

    def candidate(self, place: int) -> Candidate:
        """One of them."""
        return Candidate(
            bravais_lattice=BRAVAIS_LATTICES[self.codes[place]],
            metric=self.metrics[place],
            source=self.sources[place],
            score=float(self.scores[place]),
            zero_shift_deg=float(self.shifts[place, 0]),
            displacement_mm=float(self.shifts[place, 1]),
        )

    def candidates(self) -> list[Candidate]:
        """All of them."""
        return [self.candidate(place) for place in range(len(self))]

    def take(self, index: npt.ArrayLike) -> Lattices:
        """Return a selection, in the order of *index*."""
        rows = np.asarray(index, dtype=np.int64)
        return Lattices(**{name: getattr(self, name)[rows] for name in self.__slots__})

    def joined(self, other: Lattices) -> Lattices:
        """Return both, one after the other."""
        both = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in self.__slots__}
        return Lattices(**both)


def within_limits(metrics: FloatArray, codes: IntArray, settings: Settings) -> npt.NDArray[np.bool_]:
    """Which lattices (m, 6), (m,) respect the user's limits on volume and edges, shape (m,)."""
    columns = metrics.T
    det, longest = determinant(*columns), np.maximum.reduce(minors(*columns))
    volume = settings.max_volume_angstrom3 * LATTICE_POINTS[codes]
    return np.asarray((det * volume**2 >= 1.0) & (longest <= det * settings.max_edge_angstrom**2))
