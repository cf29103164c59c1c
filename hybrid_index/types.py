"""The objects that travel between the rooms. Each stage adds a new one; none is filled in later.

``Pattern → PeakList → Candidate* → Refinement (Assignment, Merit) → Solution* → IndexingResult``

All are frozen; arrays are copied in and read-only. They compare by identity.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.units import FloatArray, Radiation, d_from_two_theta, dq_d_two_theta, q_from_two_theta

IntArray = npt.NDArray[np.int64]
_T = TypeVar("_T")
Status = Literal["solved", "ambiguous", "not_found", "budget_exhausted", "failed"]

MIN_LINES = 5
"""Fewer lines than this determine no lattice."""
_COLUMNS = ("two_theta_deg", "two_theta_esd_deg", "intensity", "fwhm_deg", "height_over_noise")


def frozen_array(value: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return a read-only copy of *value* as an array."""
    array = np.array(value, dtype=dtype)
    array.flags.writeable = False
    return array


class _Frozen:
    """Pickling through the constructor keeps arrays read-only in worker processes."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        values = _values(self)
        for name, value in values.items():
            if isinstance(value, MappingProxyType):
                values[name] = dict(value)
        return _rebuild, (type(self), values)


def _rebuild(cls: type[Any], values: dict[str, Any]) -> Any:
    return cls(**values)


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    """Kept, because searches copy candidates by the thousand."""
    return tuple(field.name for field in fields(kind))


def _replaced(instance: _T, changes: Mapping[str, Any]) -> _T:
    return type(instance)(**{**_values(instance), **changes})


def _values(instance: object) -> dict[str, Any]:
    kind: Any = type(instance)
    return {name: getattr(instance, name) for name in _field_names(kind)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern(_Frozen):
    """A measured powder pattern on a 2θ grid.

    Parameters
    ----------
    two_theta_deg
        Shape (n,), strictly increasing, degrees.
    intensity
        Shape (n,), counts or counts per second.
    sigma
        Shape (n,), standard uncertainty of *intensity*; ``None`` where the file has none.
    radiation
        ``None`` until somebody says it.
    name
        Short name for tables and plots.
    source
        The file it came from.
    metadata
        Anything else that the file said.
    """

    two_theta_deg: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None = None
    radiation: Radiation | None = None
    name: str = ""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "two_theta_deg", frozen_array(self.two_theta_deg))
        set_(self, "intensity", frozen_array(self.intensity))
        if self.sigma is not None:
            set_(self, "sigma", frozen_array(self.sigma))
        set_(self, "metadata", MappingProxyType(dict(self.metadata)))
        self._check()

    def _check(self) -> None:
        where = self.source or self.name or None
        x, y = self.two_theta_deg, self.intensity
        if x.ndim != 1 or x.shape != y.shape or (self.sigma is not None and self.sigma.shape != x.shape):
            raise InputError("2θ, intensity and sigma must be one-dimensional and equally long", source=where)
        if x.size < 20:
            raise InputError(f"a pattern of {x.size} points is too short; at least 20 are needed", source=where)
        if not np.all(np.isfinite(x)) or not np.all(np.isfinite(y)):
            bad = int(np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))[0])
            raise InputError(
                f"point {bad + 1} is not a finite number (NaN or infinity); remove or repair it", source=where
            )
        if x[0] < 0.0 or x[-1] > 180.0:
            raise InputError(f"2θ runs from {x[0]:g} to {x[-1]:g}°; angles must lie between 0 and 180°", source=where)
        steps = np.diff(x)
        if np.any(steps <= 0.0):
            at = int(np.flatnonzero(steps <= 0.0)[0])
            place = f"after {x[at]:g}° (point {at + 2})"
            raise InputError(f"2θ does not increase {place}; sort the pattern and drop repeated points", source=where)
        if not np.any(y != y[0]):
            raise InputError("all intensities are equal; this is not a diffraction pattern", source=where)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return _replaced(self, changes)

    def between(self, low_deg: float | None, high_deg: float | None) -> Self:
        """Return the points from *low_deg* to *high_deg*; ``None`` sets no limit."""
        low, high = -np.inf if low_deg is None else low_deg, np.inf if high_deg is None else high_deg
        kept = (self.two_theta_deg >= low) & (self.two_theta_deg <= high)
        return (
            self
            if kept.all()
            else self.replace(
                two_theta_deg=self.two_theta_deg[kept],
                intensity=self.intensity[kept],
                sigma=None if self.sigma is None else self.sigma[kept],
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeakList(_Frozen):
    """Positions of diffraction lines, ascending in 2θ, all referring to ``radiation.wavelength_angstrom``.

    Parameters
    ----------
    two_theta_deg
        Shape (n,), observed positions in degrees.
    two_theta_esd_deg
        Shape (n,), standard uncertainties in degrees (``default_esd_deg`` where the source gives none).
    intensity
        Shape (n,), integrated intensity on any scale; ones where unknown.
    fwhm_deg
        Shape (n,), full width at half maximum in degrees; NaN where unknown.
    height_over_noise
        Shape (n,), peak height over the noise of the background; NaN where unknown (a typed list).
    """

    two_theta_deg: FloatArray
    two_theta_esd_deg: FloatArray
    intensity: FloatArray
    fwhm_deg: FloatArray
    height_over_noise: FloatArray
    radiation: Radiation
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        self._check()

    def _check(self) -> None:
        where = self.source or self.name or None
        x = self.two_theta_deg
        if x.ndim != 1 or any(getattr(self, column).shape != x.shape for column in _COLUMNS):
            raise InputError("all columns of a peak list must be one-dimensional and equally long", source=where)
        if not np.all(np.isfinite(x)):
            raise InputError("a line position is not a finite number (NaN or infinity); remove that line", source=where)
        if x.size and (x.min() <= 0.0 or x.max() >= 180.0):
            raise InputError(
                f"line positions run from {x.min():g} to {x.max():g}°; 2θ must lie between 0 and 180°", source=where
            )
        if np.any(np.diff(x) <= 0.0):
            raise InputError("line positions must increase strictly", source=where)
        if not np.all(self.two_theta_esd_deg > 0.0):
            raise InputError("standard uncertainties of line positions must be positive", source=where)

    @classmethod
    def from_positions(
        cls,
        two_theta_deg: npt.ArrayLike,
        *,
        radiation: Radiation,
        intensity: npt.ArrayLike | None = None,
        two_theta_esd_deg: npt.ArrayLike | float | None = None,
        fwhm_deg: npt.ArrayLike | None = None,
        name: str = "",
        source: str = "",
    ) -> PeakList:
        """Make a list from bare positions (any order); identical positions are merged, their intensities added."""
        where = source or name or None
        x = np.atleast_1d(np.asarray(two_theta_deg, dtype=np.float64))
        if x.ndim != 1:
            raise InputError("line positions must be one-dimensional", source=where)
        if not np.all(np.isfinite(x)):
            raise InputError("a line position is not a finite number (NaN or infinity); remove that line", source=where)
        n = x.size
        y = np.ones(n) if intensity is None else np.broadcast_to(np.asarray(intensity, dtype=np.float64), (n,)).copy()
        y[~np.isfinite(y)] = 0.0
        esd = np.full(n, default_esd_deg(radiation.wavelength_angstrom))
        if two_theta_esd_deg is not None:
            given = np.broadcast_to(np.asarray(two_theta_esd_deg, dtype=np.float64), (n,))
            esd = np.where(np.isfinite(given) & (given > 0.0), given, esd)
        width = np.broadcast_to(np.asarray(np.nan if fwhm_deg is None else fwhm_deg, dtype=np.float64), (n,))
        values, first, inverse = np.unique(x, return_index=True, return_inverse=True)
        return cls(
            two_theta_deg=values,
            two_theta_esd_deg=esd[first],
            intensity=np.bincount(inverse, weights=y, minlength=values.size).astype(np.float64),
            fwhm_deg=width[first],
            height_over_noise=np.full(values.size, np.nan),
            radiation=radiation,
            name=name,
            source=source,
        )

    def __len__(self) -> int:
        return int(self.two_theta_deg.size)

    @property
    def wavelength_angstrom(self) -> float:
        """Wavelength in Å that the positions refer to."""
        return self.radiation.wavelength_angstrom

    @property
    def q(self) -> FloatArray:
        """Q = 1/d² in Å⁻², shape (n,), not corrected for shifts."""
        return q_from_two_theta(self.two_theta_deg, self.wavelength_angstrom)

    @property
    def q_esd(self) -> FloatArray:
        """Standard uncertainty of Q in Å⁻², shape (n,)."""
        slope = dq_d_two_theta(self.two_theta_deg, self.wavelength_angstrom)
        return np.asarray(slope * self.two_theta_esd_deg, dtype=np.float64)

    @property
    def d_angstrom(self) -> FloatArray:
        """Spacings d in Å, shape (n,), not corrected for shifts."""
        return d_from_two_theta(self.two_theta_deg, self.wavelength_angstrom)

    def select(self, keep: npt.ArrayLike) -> PeakList:
        """Return the lines chosen by a mask or by indices (order stays ascending)."""
        index = np.arange(len(self))[np.asarray(keep)]
        index.sort()
        return _replaced(self, {name: getattr(self, name)[index] for name in _COLUMNS})

    def replace(self, **changes: Any) -> PeakList:
        """Return a copy with some fields changed."""
        return _replaced(self, changes)


def default_esd_deg(wavelength_angstrom: float) -> float:
    """Position uncertainty (degrees) assumed for a list that states none: 0.02° for Cu Kα, less for shorter waves."""
    return 0.02 * min(1.0, max(0.1, wavelength_angstrom / 1.5406))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate(_Frozen):
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
        return _replaced(self, changes)

    def __post_init__(self) -> None:
        object.__setattr__(self, "metric", frozen_array(self.metric))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment(_Frozen):
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
class Refinement(_Frozen):
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
class Equivalent(_Frozen):
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
class Solution(_Frozen):
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
        return _replaced(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexingResult(_Frozen):
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
        return _replaced(self, changes)


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
