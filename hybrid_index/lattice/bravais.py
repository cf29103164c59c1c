"""Which Bravais lattices a metric fits, and their conventional settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice.cell import BravaisLattice, Cell, metric_from_gram, primitive_basis, primitive_gram
from hybrid_index.lattice.reduction import IntArray, niggli_reduce
from hybrid_index.lattice.twofold import Basis, candidates, monoclinic, orthorhombic, plane_of, square_of
from hybrid_index.units import FloatArray

DEFAULT_TOLERANCE = 0.003
"""Largest strain: 0.3 % of a length, and up to 0.3° of an angle."""

_OBLIQUITY_PER_STRAIN = 2.1
"""A strain turns a row against its plane by at most twice its size (radians); a little is added for second order."""
_SAME_METRIC = 1e-5
"""Settings whose metrics agree to this fraction are the same start for a refinement."""
_HOLOHEDRY = {"c": 48, "h": 24, "t": 16, "o": 8, "m": 4, "a": 2}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConventionalSetting:
    """A Bravais lattice that a metric fits.

    Parameters
    ----------
    bravais_lattice
        The lattice type.
    transformation
        int64 (3, 3): columns are the conventional basis vectors in the primitive basis that was given;
        the determinant is the number of lattice points.
    metric
        Reciprocal metric (A..F) of the conventional cell, shape (6,), Å⁻², exactly of that symmetry.
    deviation
        Largest relative change of the length of any vector between the given metric and this one (principal strain).
    """

    bravais_lattice: BravaisLattice
    transformation: IntArray
    metric: FloatArray
    deviation: float

    @property
    def cell(self) -> Cell:
        """The conventional cell."""
        return Cell.from_metric(self.metric)


def holohedry_order(lattice: BravaisLattice) -> int:
    """Return the number of point symmetry operations of a lattice, from 2 (triclinic) to 48 (cubic)."""
    return 12 if lattice is BravaisLattice.HR else _HOLOHEDRY[lattice.value[0]]


def bravais_lattices(gram: npt.ArrayLike, tolerance: float = DEFAULT_TOLERANCE) -> list[ConventionalSetting]:
    """Return all Bravais lattices that a metric fits, highest symmetry first, down to aP.

    A lattice type comes more than once where it fits in several orientations with different metrics.

    Parameters
    ----------
    gram
        Gram matrix of a primitive direct basis, shape (3, 3), Å²; it need not be reduced.
    tolerance
        Largest ``deviation``: relative change of any length; an angle may change by twice that (radians).

    Raises
    ------
    InputError
        If *gram* is not that of a lattice.

    References
    ----------
    Le Page (1982), doi:10.1107/S0021889882011959.

    Examples
    --------
    >>> [s.bravais_lattice.value for s in bravais_lattices(Cell(a=3, b=3, c=5).gram)]
    ['tP', 'oP', 'oC', 'mP', 'mP', 'mC', 'aP']
    """
    reduced, to_reduced = niggli_reduce(gram)
    lattices, bases = zip(*candidates(reduced, _OBLIQUITY_PER_STRAIN * tolerance), strict=True)
    transformations = np.swapaxes(np.array(bases, dtype=np.int64), 1, 2)
    given = np.swapaxes(transformations, 1, 2) @ reduced @ transformations
    symmetric = np.array([_symmetrized(g, lattice) for g, lattice in zip(given, lattices, strict=True)])
    deviations = _strain(given, symmetric)
    metrics = np.linalg.inv(symmetric)

    def rank(i: int) -> tuple[int, float, int]:
        # deviations of an exact lattice are rounding noise: the order must not hang on it
        return -holohedry_order(lattices[i]), round(float(deviations[i]), 9), lattices[i].code

    settings: list[ConventionalSetting] = []
    for i in sorted(np.flatnonzero(deviations <= tolerance).tolist(), key=rank):
        metric = metric_from_gram(metrics[i])
        nearness = _SAME_METRIC * metric[:3].min()
        if not any(s.bravais_lattice is lattices[i] and np.abs(s.metric - metric).max() < nearness for s in settings):
            settings.append(
                ConventionalSetting(
                    bravais_lattice=lattices[i],
                    transformation=to_reduced @ transformations[i],
                    metric=metric,
                    deviation=float(deviations[i]),
                )
            )
    return settings


def conventional(gram: npt.ArrayLike, tolerance: float = DEFAULT_TOLERANCE) -> ConventionalSetting:
    """Return the highest symmetry that a primitive metric fits; arguments as of :func:`bravais_lattices`."""
    return bravais_lattices(gram, tolerance)[0]


def standardize(cell: Cell, lattice: BravaisLattice) -> Cell:
    """Return the same lattice with the same symmetry axes in the package's conventional setting.

    Monoclinic: b unique, centred on C, a and c as short as may be and β ≥ 90°. Orthorhombic: a ≤ b ≤ c, or centred on C
    with a ≤ b. Triclinic: Niggli-reduced. The others are only made exact (equal axes equal, right angles right).

    Parameters
    ----------
    cell
        Conventional cell: monoclinic with b unique, one-face centring on C, hexagonal axes for hR.
    lattice
        Its Bravais lattice.

    Examples
    --------
    >>> [round(x, 6) for x in standardize(Cell(a=7, b=5, c=6), BravaisLattice.OP).parameters]
    [5.0, 6.0, 7.0, 90.0, 90.0, 90.0]
    """
    gram = primitive_gram(cell, lattice)
    if lattice is BravaisLattice.AP:
        return Cell.from_gram(niggli_reduce(gram)[0])
    a, b, c = (tuple(row) for row in np.rint(np.linalg.inv(primitive_basis(lattice))).astype(int).T.tolist())
    basis: Basis = (a, b, c)
    if lattice.crystal_system == "monoclinic":
        basis = monoclinic(square_of(gram), b, plane_of(c, a))[1]
    elif lattice.crystal_system == "orthorhombic":
        basis = orthorhombic(square_of(gram), basis)[1]
    rows = np.array(basis)
    return Cell.from_gram(_symmetrized(rows @ gram @ rows.T, lattice))


def _symmetrized(gram: FloatArray, lattice: BravaisLattice) -> FloatArray:
    """Mean of a conventional direct Gram matrix over the point group of the lattice."""
    g = gram.copy()
    a, b, c = np.diag(gram)
    system = lattice.value[0]
    if system == "m":
        g[0, 1] = g[1, 0] = g[1, 2] = g[2, 1] = 0.0
    elif system == "o":
        g = np.diag([a, b, c])
    elif system == "t":
        g = np.diag([(a + b) / 2, (a + b) / 2, c])
    elif system == "c":
        g = np.eye(3) * (a + b + c) / 3
    elif system == "h":
        # [100], [010] and [110] are equivalent
        square = 2.0 * (a + b + gram[0, 1]) / 3.0
        g = np.array([[square, -square / 2, 0.0], [-square / 2, square, 0.0], [0.0, 0.0, c]])
    return g


def _strain(given: FloatArray, symmetric: FloatArray) -> FloatArray:
    """Largest relative change of a length between pairs of Gram matrices (m, 3, 3), shape (m,)."""
    inverse_root = np.linalg.inv(np.linalg.cholesky(given))
    stretches = np.linalg.eigvalsh(inverse_root @ symmetric @ np.swapaxes(inverse_root, 1, 2))
    return np.asarray(np.abs(np.sqrt(stretches) - 1.0).max(axis=1), dtype=np.float64)
