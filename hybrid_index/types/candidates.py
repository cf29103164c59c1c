"""What a search proposes, and what a search engine is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from hybrid_index.lattice import BravaisLattice
from hybrid_index.types.frozen import Frozen, frozen_array, replaced
from hybrid_index.types.measured import PeakList
from hybrid_index.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate(Frozen):
    """A lattice that a search engine proposes, before refinement.

    Parameters
    ----------
    bravais_lattice
        Symmetry under which the metric is constrained.
    metric
        Shape (6,): the reciprocal metric (A..F) of the conventional cell, Å⁻²,
        Q = A h² + B k² + C l² + D kl + E hl + F hk.
    source
        Name of the engine.
    score
        The engine's own merit; larger is better. Comparable only within one engine.
    zero_shift_deg, displacement_mm
        The shifts that the engine supposed or found.
    """

    bravais_lattice: BravaisLattice
    metric: FloatArray
    source: str
    score: float = 0.0
    zero_shift_deg: float = 0.0
    displacement_mm: float = 0.0

    def replace(self, **changes: Any) -> Candidate:
        """Return a copy with some fields changed."""
        return replaced(self, changes)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metric", frozen_array(self.metric))


class Budget(Protocol):
    """How much time is left; engines ask between their work units."""

    def exhausted(self) -> bool:
        """Return whether the engine must stop now."""
        ...


class CandidateSource(Protocol):
    """A search engine: the one verb that all of them share."""

    @property
    def name(self) -> str:
        """What the engine is called in candidates and settings."""
        ...

    def propose(self, peaks: PeakList, limits: Any, budget: Budget) -> Iterator[Candidate]:
        """Yield candidates, best first as far as the engine can tell."""
        ...
