"""Reduction of a lattice basis: Niggli's cell and Selling's superbase, each beside its predicate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice.cell import BravaisLattice, Cell, is_positive_definite, primitive_gram
from hybrid_index.units import FloatArray

IntArray = npt.NDArray[np.int64]

DEFAULT_EPSILON = 1e-8
"""Equalities in the conditions of reduction hold to this fraction of V^(2/3)."""
_ITERATION_LIMIT = 500


def checked_gram(gram: npt.ArrayLike) -> FloatArray:
    """Return a direct Gram matrix (3, 3) as a new array; raises :class:`InputError` if it is not that of a lattice."""
    g = np.array(gram, dtype=np.float64)
    if g.shape != (3, 3) or np.any(np.abs(g - g.T) > 1e-9 * np.abs(g).max()) or not is_positive_definite(g):
        raise InputError(
            "a Gram matrix is symmetric, 3 × 3 and positive definite; this one belongs to no lattice", source="gram"
        )
    return g


def checked_grams(grams: npt.ArrayLike) -> FloatArray:
    """Return direct Gram matrices (n, 3, 3) as a new array; raises :class:`InputError` if one belongs to no lattice."""
    from hybrid_index.lattice import kernels

    stack = np.array(grams, dtype=np.float64)
    if stack.size == 0:
        return np.zeros((0, 3, 3))
    if stack.ndim != 3 or stack.shape[1:] != (3, 3):
        raise InputError(f"Gram matrices come as an array (n, 3, 3); got {stack.shape}", source="grams")
    bad = np.flatnonzero(~kernels.are_positive_definite(stack))
    if bad.size:
        raise InputError(f"matrix {bad[0]} is not positive definite: it belongs to no lattice", source="grams")
    return stack


def niggli_reduce(gram: npt.ArrayLike, *, epsilon: float = DEFAULT_EPSILON) -> tuple[FloatArray, IntArray]:
    """Niggli-reduce a direct lattice basis.

    Parameters
    ----------
    gram
        Gram matrix of the basis, shape (3, 3), Å².
    epsilon
        What counts as equal in the conditions of reduction, as a fraction of V^(2/3).

    Returns
    -------
    gram : numpy.ndarray
        Gram matrix of the reduced basis, shape (3, 3).
    transformation : numpy.ndarray
        Unimodular int64 (3, 3), determinant +1: columns are the new basis vectors in the old basis.

    Raises
    ------
    InputError
        If *gram* is not that of a lattice.

    References
    ----------
    Křivý & Gruber (1976), doi:10.1107/S0567739476000636; Grosse-Kunstleve, Sauter & Adams (2004),
    doi:10.1107/S010876730302186X (the tolerance). The steps themselves are gemmi's.
    """
    import gemmi

    from hybrid_index.lattice import kernels

    g = checked_gram(gram)
    # a short basis first: gemmi's steps are subtractions, and its angles lose digits in very skew cells
    basis = kernels.shortest_basis(g)
    short = kernels.transform(g, basis)
    cell = Cell.from_gram(short / volume_scale(short))
    vector = gemmi.GruberVector(gemmi.UnitCell(*cell.parameters), "P", True)
    vector.niggli_reduce(epsilon, _ITERATION_LIMIT)
    step = np.array(vector.change_of_basis.rot, dtype=np.int64) // gemmi.Op.DEN
    transformation = np.asarray(basis.T @ step, dtype=np.int64)
    return _transformed(g, transformation), transformation


def is_niggli_reduced(gram: npt.ArrayLike, *, epsilon: float = DEFAULT_EPSILON) -> bool:
    """Whether a direct basis satisfies Niggli's conditions (Int. Tables A, 3.1.3), equalities to *epsilon*·V^(2/3)."""
    g = checked_gram(gram)
    eps = epsilon * volume_scale(g)
    a, b, c = np.diag(g)
    xi, eta, zeta = 2 * g[1, 2], 2 * g[0, 2], 2 * g[0, 1]

    def less(x: float, y: float) -> bool:
        return x < y - eps

    def equal(x: float, y: float) -> bool:
        return abs(x - y) <= eps

    if less(b, a) or less(c, b):
        return False
    if (equal(a, b) and less(abs(eta), abs(xi))) or (equal(b, c) and less(abs(zeta), abs(eta))):
        return False
    if less(b, abs(xi)) or less(a, abs(eta)) or less(a, abs(zeta)):
        return False
    positive = min(xi, eta, zeta) > eps
    if not positive and max(xi, eta, zeta) > eps:
        return False
    if positive:
        return not (
            (equal(xi, b) and less(2 * eta, zeta))
            or (equal(eta, a) and less(2 * xi, zeta))
            or (equal(zeta, a) and less(2 * xi, eta))
        )
    total = a + b + xi + eta + zeta
    if (equal(xi, -b) or equal(eta, -a)) and not equal(zeta, 0.0):
        return False
    if equal(zeta, -a) and not equal(eta, 0.0):
        return False
    return not (less(total, 0.0) or (equal(total, 0.0) and less(0.0, 2 * (a + eta) + zeta)))


def selling_reduce(gram: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """Selling-reduce a direct lattice basis: no two of a, b, c and d = −(a + b + c) enclose an acute angle.

    Parameters
    ----------
    gram
        Gram matrix of the basis, shape (3, 3), Å².

    Returns
    -------
    gram : numpy.ndarray
        Gram matrix of the reduced basis, shape (3, 3); of the four vectors the three shortest, ascending.
    transformation : numpy.ndarray
        Unimodular int64 (3, 3), determinant +1 or −1 (turning a vector round would make angles acute):
        columns are the new basis vectors in the old basis.

    Raises
    ------
    InputError
        If *gram* is not that of a lattice.

    References
    ----------
    Selling (1874), doi:10.1515/crll.1874.77.143; Delaunay (1933), doi:10.1524/zkri.1933.84.1.109.
    """
    from hybrid_index.lattice import kernels

    g = checked_gram(gram)
    superbase = kernels.selling_superbase(g)
    squares = np.einsum("ki,ij,kj->k", superbase, g, superbase)
    transformation = np.ascontiguousarray(superbase[np.argsort(squares, kind="stable")[:3]].T)
    return _transformed(g, transformation), transformation


def is_selling_reduced(gram: npt.ArrayLike, *, epsilon: float = DEFAULT_EPSILON) -> bool:
    """Whether none of the six scalar products of a, b, c and −(a + b + c) is above *epsilon*·V^(2/3)."""
    g = checked_gram(gram)
    last = -g.sum(axis=0)
    products = (g[0, 1], g[0, 2], g[1, 2], last[0], last[1], last[2])
    return bool(max(products) <= epsilon * volume_scale(g))


def reduced_cell(cell: Cell, lattice: BravaisLattice) -> Cell:
    """Return the Niggli-reduced primitive cell of a conventional cell.

    Examples
    --------
    >>> reduced_cell(Cell(a=4, b=4, c=4), BravaisLattice.CF).parameters  # doctest: +ELLIPSIS
    (2.828..., 2.828..., 2.828..., 60.0..., 60.0..., 60.0...)
    """
    return Cell.from_gram(niggli_reduce(primitive_gram(cell, lattice))[0])


def _transformed(gram: FloatArray, transformation: IntArray) -> FloatArray:
    new = transformation.T @ gram @ transformation
    return np.asarray((new + new.T) / 2.0, dtype=np.float64)


def volume_scale(gram: FloatArray) -> float:
    """Return V^(2/3), the natural size of a squared length."""
    return math.cbrt(float(np.linalg.det(gram)))
