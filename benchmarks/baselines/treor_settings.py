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
class Attempt:
    """One way to choose base lines and their indices.

    Parameters
    ----------
    base_lines
        Limits of the indices of each base line; as many as the system has parameters.
    spare
        All base lines but the last are chosen among so many more of the first lines than are needed.
    reach
        The last base line is one of so many first lines.
    """

    base_lines: tuple[IndexLimit, ...]
    spare: int
    reach: int


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A crystal system: the primitive lattice that is tried, and how, until an attempt finds an accepted cell."""

    lattice: BravaisLattice
    attempts: tuple[Attempt, ...]


def _limit(largest: int, total: int) -> IndexLimit:
    return IndexLimit(h=largest, k=largest, l=largest, total=total)


def _published(*base_lines: IndexLimit, spare: int = 1) -> Attempt:
    """Base lines among the first few."""
    return Attempt(base_lines=base_lines, spare=spare, reach=len(base_lines) + spare)


# KH..KS; THH..THS for both lines; OH1..OS3; MH1..MS4. The second attempts are the tests for a dominant zone, for which
# the papers give no numbers: the first lines lie in one plane, and the last base line is the first that does not.
_CUBIC = (_published(_limit(4, 6)),)
_TWO_AXES = (
    _published(_limit(4, 4), _limit(4, 4)),
    Attempt(base_lines=(_limit(4, 6), _limit(6, 8)), spare=1, reach=19),
)
_ORTHORHOMBIC = (
    _published(_limit(2, 3), _limit(2, 4), _limit(2, 4)),
    Attempt(base_lines=(_limit(3, 4), _limit(3, 4), _limit(3, 4)), spare=1, reach=16),
)
_MONOCLINIC = (
    _published(_limit(2, 2), _limit(2, 3), _limit(2, 3), _limit(2, 4)),
    Attempt(base_lines=(_limit(2, 2), _limit(2, 3), _limit(2, 3), _limit(2, 3)), spare=1, reach=12),
)
_TRICLINIC = (_published(_limit(1, 1), *(_limit(1, 2),) * 5, spare=2),)
SYSTEMS = (
    (System(lattice=BravaisLattice.CP, attempts=_CUBIC),),
    (System(lattice=BravaisLattice.TP, attempts=_TWO_AXES), System(lattice=BravaisLattice.HP, attempts=_TWO_AXES)),
    (System(lattice=BravaisLattice.OP, attempts=_ORTHORHOMBIC),),
    (System(lattice=BravaisLattice.MP, attempts=_MONOCLINIC),),
    (System(lattice=BravaisLattice.AP, attempts=_TRICLINIC),),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreorSettings:
    """What a run may be told.

    Parameters
    ----------
    systems
        Crystal systems in the order in which they are tried; the first group with an accepted cell ends the search.
        Tetragonal and hexagonal tests go together, as they share their keywords.
    d1, ssqtl, d2
        A line is indexed if a calculated sin²θ is nearer than ``d1``, or than ``d2`` where sin²θ exceeds ``ssqtl``.
    scales
        Factors of these limits: the search is repeated with each until a cell is accepted. Precise lines need less than
        the published tolerance, lines with a zero shift need all of it.
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
    d1: float = 0.0002
    ssqtl: float = 0.05
    d2: float = 0.0004
    scales: tuple[float, ...] = (0.25, 1.0)
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
