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
    """How a crystal system is tried.

    Parameters
    ----------
    lattice
        Its primitive lattice.
    base_lines
        Limits of the indices of each base line; as many as the system has parameters.
    spare
        All base lines but the last are chosen among so many more of the first lines than are needed.
    reach
        The last base line is one of so many first lines.
    """

    lattice: BravaisLattice
    base_lines: tuple[IndexLimit, ...]
    spare: int
    reach: int


def _limit(largest: int, total: int) -> IndexLimit:
    return IndexLimit(h=largest, k=largest, l=largest, total=total)


def _system(lattice: BravaisLattice, *base_lines: IndexLimit, spare: int = 1, reach: int | None = None) -> System:
    return System(lattice=lattice, base_lines=base_lines, spare=spare, reach=reach or len(base_lines) + spare)


# KH..KS; THH..THS for both lines; OH1..OS3; MH1..MS4.
_TWO_AXES = (_limit(4, 4),) * 2
_ORTHORHOMBIC = (_limit(2, 3), _limit(2, 4), _limit(2, 4))
_MONOCLINIC = (_limit(2, 2), _limit(2, 3), _limit(2, 3), _limit(2, 4))
_TRICLINIC = (_limit(1, 1), *(_limit(1, 2),) * 5)
SYSTEMS = (
    (_system(BravaisLattice.CP, _limit(4, 6)),),
    (_system(BravaisLattice.TP, *_TWO_AXES), _system(BravaisLattice.HP, *_TWO_AXES)),
    (_system(BravaisLattice.OP, *_ORTHORHOMBIC),),
    (_system(BravaisLattice.MP, *_MONOCLINIC),),
    (_system(BravaisLattice.AP, *_TRICLINIC, spare=2),),
)
# The papers give no numbers for these; the last base line is the first that does not lie in the zone.
DOMINANT_ZONES = (
    (_system(BravaisLattice.TP, *_TWO_AXES, reach=19), _system(BravaisLattice.HP, *_TWO_AXES, reach=19)),
    (_system(BravaisLattice.OP, *_ORTHORHOMBIC, reach=16),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreorSettings:
    """What a run may be told.

    Parameters
    ----------
    systems
        Crystal systems in the order in which they are tried; the first group with an accepted cell ends the search.
        Tetragonal and hexagonal tests go together, as they share their keywords.
    dominant_zones
        What is tried where none of these has an accepted cell, in the same way.
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
    """

    systems: tuple[tuple[System, ...], ...] = SYSTEMS
    dominant_zones: tuple[tuple[System, ...], ...] = DOMINANT_ZONES
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

    def replace(self, **changes: object) -> Self:
        """Return a copy with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]
