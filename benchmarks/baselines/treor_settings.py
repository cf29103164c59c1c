"""Parameters of the TREOR-style baseline, under the names that TREOR's input gives them.

The numbers are the defaults that TREOR90 states in its manual and that the graphical interfaces built around it repeat;
P.-E. Werner, L. Eriksson & M. Westdahl, J. Appl. Cryst. 18 (1985) 367, doi:10.1107/S0021889885010512. What users are
told to set themselves (``MONO``, ``TRIC``) is set here, and the limits of volume and edge are N-TREOR's:
A. Altomare et al., J. Appl. Cryst. 33 (2000) 1180, doi:10.1107/S0021889800006427.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from hybrid_index.lattice import BravaisLattice

CU_KA1_ANGSTROM = 1.5405981
"""The tolerances are in sin²θ at this wavelength; data of others are converted to it, as the manual advises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLimit:
    """Largest h, k and l, and largest sum of them, that a base line may be given."""

    h: int
    k: int
    l: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A crystal system: the primitive lattice that is tried, and the limits of indices for each of its base lines."""

    lattice: BravaisLattice
    base_lines: tuple[IndexLimit, ...]


def _limit(largest: int, total: int) -> IndexLimit:
    return IndexLimit(h=largest, k=largest, l=largest, total=total)


# KH..KS; THH..THS for both lines; OH1..OS3; MH1..MS4. The published programs try triclinic cells with base lines of
# indices 0 and 1 only.
SYSTEMS = (
    System(lattice=BravaisLattice.CP, base_lines=(_limit(4, 6),)),
    System(lattice=BravaisLattice.TP, base_lines=(_limit(4, 4),) * 2),
    System(lattice=BravaisLattice.HP, base_lines=(_limit(4, 4),) * 2),
    System(lattice=BravaisLattice.OP, base_lines=(_limit(2, 3), _limit(2, 4), _limit(2, 4))),
    System(lattice=BravaisLattice.MP, base_lines=(_limit(2, 2), _limit(2, 3), _limit(2, 3), _limit(2, 4))),
    System(lattice=BravaisLattice.AP, base_lines=(_limit(1, 1), _limit(1, 2), *(_limit(1, 2),) * 4)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreorSettings:
    """What a run may be told.

    Parameters
    ----------
    systems
        Crystal systems in the order in which they are tried; the first with an accepted cell ends the search.
    d1, ssqtl, d2
        A line is indexed if a calculated sin²θ is nearer than ``d1``, or than ``d2`` where sin²θ exceeds ``ssqtl``.
    use
        Lines that a trial cell is tested on.
    iq
        Lines among these that a trial cell must index to be refined.
    merit
        M20 from which a cell is accepted.
    nix
        Lines among the first twenty that an accepted cell may leave unindexed.
    vol_angstrom3, cem_angstrom
        Largest volume of a cell, and its longest edge.
    min_edge_angstrom
        No edge of a cell is shorter.
    mono_deg
        Largest monoclinic angle.
    cycles
        Cycles of assignment and least squares for a trial cell.
    zone_lines
        So many of the first lines must lie in a zone for it to be called dominant.
    """

    systems: tuple[System, ...] = SYSTEMS
    d1: float = 0.0002
    ssqtl: float = 0.05
    d2: float = 0.0004
    use: int = 19
    iq: int = 16
    merit: float = 10.0
    nix: int = 1
    vol_angstrom3: float = 4000.0
    cem_angstrom: float = 35.0
    min_edge_angstrom: float = 2.0
    mono_deg: float = 130.0
    cycles: int = 4
    zone_lines: int = 7

    def replace(self, **changes: object) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
