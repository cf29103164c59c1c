"""Which Bravais lattices a metric fits, and their conventional settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice.cell import BRAVAIS_LATTICES, BravaisLattice, Cell, primitive_basis, primitive_gram
from hybrid_index.lattice.reduction import IntArray, checked_grams, niggli_reduce
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
    _, codes, bases, metrics, deviations = _fitting(reduced[None], tolerance)
    settings: list[ConventionalSetting] = []
    for code, basis, metric, deviation in zip(codes, bases, metrics, deviations, strict=True):
        lattice, nearness = BRAVAIS_LATTICES[code], _SAME_METRIC * metric[:3].min()
        if not any(s.bravais_lattice is lattice and np.abs(s.metric - metric).max() < nearness for s in settings):
            settings.append(
                ConventionalSetting(
                    bravais_lattice=lattice,
                    transformation=to_reduced @ basis.T,
                    metric=metric,
                    deviation=float(deviation),
                )
            )
    return settings


def fitting_metrics(
    grams: npt.ArrayLike, tolerance: float = DEFAULT_TOLERANCE
) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return what :func:`bravais_lattices` finds for many metrics at once: starts for refinements.

    Parameters
    ----------
    grams
        Gram matrices of primitive direct bases, shape (m, 3, 3), Å²; they need not be reduced.
    tolerance
        Largest ``deviation``.

    Returns
    -------
    owner, codes : numpy.ndarray
        int64 (n,): which of *grams* fits, and the code of the Bravais lattice; each metric's highest symmetry first.
    metrics : numpy.ndarray
        Shape (n, 6), reciprocal metrics of the conventional cells; equal settings are not singled out, and the basis
        of aP is a shortest one, not always Niggli's.
    deviations : numpy.ndarray
        Shape (n,).
    """
    from hybrid_index.lattice import kernels

    checked = checked_grams(grams)
    if not len(checked):
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 6)), np.zeros(0)
    owner, codes, _, metrics, deviations = _fitting(kernels.prepare(checked)[:, :3, :3], tolerance)
    return owner, codes, metrics, deviations


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
    from hybrid_index.lattice import kernels, twofold

    gram = primitive_gram(cell, lattice)
    if lattice is BravaisLattice.AP:
        return Cell.from_gram(niggli_reduce(gram)[0])
    a, b, c = (tuple(row) for row in np.rint(np.linalg.inv(primitive_basis(lattice))).astype(int).T.tolist())
    basis: twofold.Basis = (a, b, c)
    if lattice.crystal_system == "monoclinic":
        basis = twofold.monoclinic(gram, b, twofold.plane_of(c, a))[1]
    elif lattice.crystal_system == "orthorhombic":
        basis = twofold.orthorhombic(gram, basis)[1]
    metrics, _ = kernels.symmetric_metrics(
        gram[None], np.array([0]), np.array([basis]), np.array([lattice.code]), _MEANS
    )
    return Cell.from_metric(metrics[0])


def _fitting(reduced: FloatArray, tolerance: float) -> tuple[IntArray, IntArray, IntArray, FloatArray, FloatArray]:
    """Bravais lattices that reduced metrics (m, 3, 3) fit, each metric's highest symmetry first.

    Which metric and lattice (n,), conventional bases as rows (n, 3, 3), exactly symmetric reciprocal metrics (n, 6),
    and how far the given ones are from these (n,).
    """
    from hybrid_index.lattice import kernels, twofold

    reduced = np.ascontiguousarray(reduced)
    inverses: FloatArray = np.linalg.inv(reduced).astype(np.float64, copy=False)
    obliquity = _OBLIQUITY_PER_STRAIN * tolerance
    owner, codes, bases = twofold.conventional_bases(reduced, inverses, obliquity)
    metrics, deviations = kernels.symmetric_metrics(reduced, owner, bases, codes, _MEANS)
    # deviations of an exact lattice are rounding noise: the order must not hang on it
    place = np.lexsort((codes, deviations.round(9), -_HOLOHEDRY_ORDERS[codes], owner))
    place = place[deviations[place] <= tolerance]
    return owner[place], codes[place], bases[place], metrics[place], deviations[place]


# Mean over the point group of (aa, bb, cc, bc, ac, ab); in hexagonal axes [100], [010] and [110] are equivalent.
_MEAN = {
    "c": [[1 / 3] * 3 + [0] * 3] * 3 + [[0] * 6] * 3,
    "t": [[1 / 2, 1 / 2, 0, 0, 0, 0]] * 2 + [[0, 0, 1, 0, 0, 0]] + [[0] * 6] * 3,
    "h": [[2 / 3, 2 / 3, 0, 0, 0, 2 / 3]] * 2
    + [[0, 0, 1, 0, 0, 0]]
    + [[0] * 6] * 2
    + [[-1 / 3, -1 / 3, 0, 0, 0, -1 / 3]],
    "o": np.diag([1, 1, 1, 0, 0, 0]),
    "m": np.diag([1, 1, 1, 0, 1, 0]),
    "a": np.eye(6),
}
_HOLOHEDRY_ORDERS = np.array([holohedry_order(lattice) for lattice in BRAVAIS_LATTICES])
_MEANS = np.array([_MEAN[lattice.value[0]] for lattice in BRAVAIS_LATTICES], dtype=np.float64)
