"""All extinction symbols of a Bravais lattice, with their space groups."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import BravaisLattice
from hybrid_index.refine.extinction.frequencies import occurrence
from hybrid_index.refine.extinction.naming import extinction_symbol
from hybrid_index.refine.extinction.space_groups import (
    absent_lines,
    conventional_settings,
    equivalent_reflections,
    generic_reflections,
    operations,
)

LARGEST_INDEX = 9
"""Indices up to which absences are compared; the longest period (of 6₁ and of d glides) is 6 or less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceGroup:
    """A space group in the setting of the lattice's conventional cell: its number and Hermann–Mauguin symbol."""

    number: int
    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtinctionSymbol:
    """Space groups whose lines are absent alike, so that no powder pattern tells them apart by absences.

    Parameters
    ----------
    bravais_lattice
        The lattice.
    symbol
        As in International Tables A, "-" for no condition: ``"P 1 21/c 1"``, ``"P n a -"``, ``"I 41/a - -"``. Where
        Laue classes name the same absences differently, all names: ``"P 31 - - or P 62 - -"``.
    space_groups
        Those with these absences, the most frequent ones first.
    weight
        Share of this symbol among structures with this lattice.
    """

    bravais_lattice: BravaisLattice
    symbol: str
    space_groups: tuple[SpaceGroup, ...]
    weight: float

    def absent(self, hkl: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether lines of the lattice are extinguished, given by one reflection each, hkl (n, 3), as a mask (n,).

        A line is absent if all reflections are that the symmetry of the lattice makes equivalent. What the centring
        forbids is absent as well.
        """
        members = equivalent_reflections(np.asarray(hkl, dtype=np.int64).reshape(-1, 3), self.bravais_lattice)
        return absent_lines(gemmi.SpaceGroup(self.space_groups[0].symbol), members)


@cache
def extinction_symbols(lattice: BravaisLattice) -> tuple[ExtinctionSymbol, ...]:
    """Return all extinction symbols of a Bravais lattice, fewest absences first.

    Space groups stand in the settings that the package's cells can have: monoclinic with b unique and any glide,
    orthorhombic with their axes in any order, rhombohedral on hexagonal axes (obverse).

    Examples
    --------
    >>> [symbol.symbol for symbol in extinction_symbols(BravaisLattice.CF)]
    ['F - - -', 'F 41 - -', 'F d - -', 'F - - c', 'F d - c']
    """
    members = equivalent_reflections(generic_reflections(lattice, LARGEST_INDEX), lattice)
    groups: dict[bytes, list[gemmi.SpaceGroup]] = {}
    for group in conventional_settings(lattice):
        groups.setdefault(absent_lines(group, members).tobytes(), []).append(group)
    classes = [_without_copies(same) for _, same in sorted(groups.items(), key=lambda item: item[0].count(1))]
    n_settings = Counter(group.number for same in classes for group in same)
    weights = [sum(occurrence(g.number) / n_settings[g.number] for g in same) for same in classes]
    return tuple(
        ExtinctionSymbol(
            bravais_lattice=lattice,
            symbol=" or ".join(dict.fromkeys(extinction_symbol(group) for group in same)),
            space_groups=tuple(
                SpaceGroup(number=group.number, symbol=str(group.hm))
                for group in sorted(same, key=lambda group: -occurrence(group.number))
            ),
            weight=weight / sum(weights),
        )
        for same, weight in zip(classes, weights, strict=True)
    )


def _without_copies(groups: list[gemmi.SpaceGroup]) -> list[gemmi.SpaceGroup]:
    """Leave out settings with the same absences that differ from another in the origin only (C m m b and C m m a)."""
    kept: dict[tuple[int, frozenset[bytes]], gemmi.SpaceGroup] = {}
    for group in groups:
        kept.setdefault((group.number, frozenset(r.tobytes() for r in operations(group)[0])), group)
    return list(kept.values())
