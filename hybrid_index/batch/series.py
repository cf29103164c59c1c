"""Series of patterns: where one stands, and what it is handed from those before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.types import Candidate

SOURCE = "series"
"""What a solution says that was found from a cell before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """The latest trusted cell of one phase of a series.

    Parameters
    ----------
    id, position
        The pattern that it was found in.
    bravais_lattice, cell, zero_shift_deg, displacement_mm
        What was found.
    n_lines, n_unindexed
        Of the pattern since which nothing has changed: many more lines that the cell does not explain are a change.
    drift_percent
        How fast the volume was changing last, percent a step; ``None`` where that is not known.
    """

    id: str
    position: int
    bravais_lattice: str
    cell: Cell
    zero_shift_deg: float
    displacement_mm: float
    n_lines: int
    n_unindexed: int
    drift_percent: float | None = None

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Trusted:
        """Return what :func:`dataclasses.asdict` made a dictionary of."""
        return cls(**{**content, "cell": Cell(**content["cell"])})

    @property
    def lattice(self) -> BravaisLattice:
        """The Bravais lattice itself."""
        return BravaisLattice(self.bravais_lattice)

    @property
    def volume(self) -> float:
        """Volume (Å³) of a primitive cell."""
        return self.cell.volume / self.lattice.lattice_points


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a pattern stands in its series, and what those before it have left.

    Parameters
    ----------
    name, position
        The series, and the pattern's number in it, from 1 on.
    value, unit
        Temperature, time, charge, …, if it was given.
    trusted
        The latest trusted cell of each phase before it, latest first.
    """

    name: str
    position: int
    value: float | None = None
    unit: str = ""
    trusted: tuple[Trusted, ...] = ()

    @property
    def n_foreign(self) -> int:
        """Lines that the last trusted cell has not explained since the last change."""
        return self.trusted[0].n_unindexed if self.trusted else 0

    @property
    def hints(self) -> tuple[Candidate, ...]:
        """Return the lattices to try first."""
        return tuple(
            Candidate(
                bravais_lattice=phase.lattice,
                metric=phase.cell.metric,
                source=SOURCE,
                zero_shift_deg=phase.zero_shift_deg,
                displacement_mm=phase.displacement_mm,
            )
            for phase in self.trusted
        )


def trusted_after(content: Mapping[str, Any]) -> tuple[Trusted, ...]:
    """Return what the document of a pattern leaves to the next one of its series."""
    return tuple(Trusted.of(phase) for phase in content["series"]["trusted"])
