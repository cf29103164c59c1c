"""What comes out: refinements, ranked solutions, and the result that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.types.candidates import Candidate
from hybrid_index.types.frozen import Frozen, IntArray, frozen_array, replaced
from hybrid_index.types.measured import PeakList
from hybrid_index.units import FloatArray

Status = Literal["solved", "ambiguous", "not_found", "budget_exhausted", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment(Frozen):
    """Which reflection each observed line is: rows parallel to the peak list.

    ``indexed`` (n,) bool; ``hkl`` (n, 3), zeros where not indexed; ``two_theta_calc_deg`` (n,) includes the shifts,
    NaN where not indexed.
    """

    indexed: npt.NDArray[np.bool_]
    hkl: IntArray
    two_theta_calc_deg: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "indexed", frozen_array(self.indexed, np.bool_))
        object.__setattr__(self, "hkl", frozen_array(self.hkl, np.int64))
        object.__setattr__(self, "two_theta_calc_deg", frozen_array(self.two_theta_calc_deg))


@dataclass(frozen=True, slots=True, kw_only=True)
class Merit:
    """Figures of merit; see :mod:`hybrid_index.merit` for definitions and sources."""

    m20: float
    f20: float
    m_rev: float
    m_sym: float
    info: float
    n_possible: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Zero shift and displacement with what the data say about telling them apart.

    Parameters
    ----------
    zero_shift_deg, displacement_mm
        Fitted or fixed values.
    zero_shift_esd_deg, displacement_esd_mm
        Standard uncertainties; 0 where fixed.
    correlation
        Correlation of the two, NaN unless both were fitted.
    combined_deg, combined_esd_deg
        Shift of 2θ in the middle of the lines, which is known well even where its parts are not.
    note
        A sentence where the data cannot tell zero from displacement, else empty.
    """

    zero_shift_deg: float = 0.0
    zero_shift_esd_deg: float = 0.0
    displacement_mm: float = 0.0
    displacement_esd_mm: float = 0.0
    correlation: float = float("nan")
    combined_deg: float = 0.0
    combined_esd_deg: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Refinement(Frozen):
    """A candidate after least squares against the observed lines.

    ``covariance`` belongs to ``parameter_names`` (free cell parameters, then shifts).
    """

    candidate: Candidate
    cell: Cell
    cell_esd: Cell
    shift: Shift
    assignment: Assignment
    merit: Merit
    parameter_names: tuple[str, ...] = ()
    covariance: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariance", frozen_array(self.covariance))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Equivalent(Frozen):
    """A different lattice with the same line positions, or the same answer in lower symmetry."""

    bravais_lattice: BravaisLattice
    cell: Cell
    relation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMatch:
    """A known phase whose lattice was found; see :class:`hybrid_index.known.KnownPhases`.

    Parameters
    ----------
    name, file
        The phase, and where it stands.
    relation
        What the found lattice is of the known one: ``"same lattice"``, ``"strained"`` (the same within the tolerance),
        ``"same lines"`` (that lattice is among its equivalents), ``"superlattice of index n"`` or
        ``"sublattice of index n"``, n from 2 to 4.
    strain_percent
        Largest relative change of a length from the known lattice to the found one, with its sign.
    """

    name: str
    relation: str
    strain_percent: float
    file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholePattern:
    """What a Le Bail fit of a solution found.

    Parameters
    ----------
    r_wp, r_exp
        Profile R values as fractions, background included; observed lines that are none of the cell's count as
        unexplained.
    chi2
        (R_wp / R_exp)².
    bits
        Evidence of the whole pattern, 0 for the best of the solutions that were fitted.
    n_reflections, n_foreign
        Reflections of the cell, and observed lines beside them, that were drawn.
    two_theta_range_deg
        What was fitted, degrees.
    """

    r_wp: float
    r_exp: float
    chi2: float
    bits: float
    n_reflections: int
    n_foreign: int
    two_theta_range_deg: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution(Frozen):
    """A ranked answer.

    ``whole_pattern`` is ``None`` where no whole-pattern fit was made; ``known`` names the phases whose lattice it has,
    nearest first.
    """

    rank: int
    refinement: Refinement
    probability: float
    equivalents: tuple[Equivalent, ...] = ()
    known: tuple[KnownMatch, ...] = ()
    whole_pattern: WholePattern | None = None

    def replace(self, **changes: Any) -> Solution:
        """Return a copy with some fields changed."""
        return replaced(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexingResult(Frozen):
    """Everything :func:`hybrid_index.index` found out.

    ``hybrid_index.export.document`` turns it into the JSON document.
    """

    id: str
    status: Status
    reasons: tuple[str, ...]
    peaks: PeakList | None
    solutions: tuple[Solution, ...]
    timing_s: Mapping[str, float]
    settings: Mapping[str, Any]
    version: str
    seed: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "timing_s", MappingProxyType(dict(self.timing_s)))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @property
    def best(self) -> Solution | None:
        """The first solution, if there is one."""
        return self.solutions[0] if self.solutions else None

    def replace(self, **changes: Any) -> IndexingResult:
        """Return a copy with some fields changed."""
        return replaced(self, changes)
