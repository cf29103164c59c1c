"""Derivative lattices: superlattices (larger cells) and sublattices (smaller cells) of a small index.

Santoro & Mighell, "Properties of crystal lattices: the derivative lattices and their determination",
Acta Cryst. A28 (1972) 284, whose words are used: the primitive cell of a superlattice is larger.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice.compare import ANGLE_TOLERANCE_DEG, LENGTH_TOLERANCE, contains_lattice
from hybrid_index.lattice.reduction import IntArray, checked_gram, checked_grams
from hybrid_index.units import FloatArray

MAX_INDEX = 4
"""Largest index that occurs as a mistake of indexing often enough to be looked for."""


def hermite_normal_forms(index: int) -> IntArray:
    """Return all integer matrices of determinant *index* whose columns span different superlattices.

    Returns
    -------
    numpy.ndarray
        int64 (n, 3, 3), lower triangular, 0 ≤ entry < diagonal entry of its row; n = 7, 13, 35 for index 2, 3, 4.

    Raises
    ------
    InputError
        If *index* is not positive.
    """
    if index < 1:
        raise InputError(f"the index of a derivative lattice is a positive integer; got {index}", source="index")
    return _hermite_normal_forms(index).copy()


@cache
def _hermite_normal_forms(index: int) -> IntArray:
    divisors = [d for d in range(1, index + 1) if index % d == 0]
    forms = [
        [[a, 0, 0], [d, b, 0], [e, f, index // (a * b)]]
        for a in divisors
        for b in divisors
        if (index // a) % b == 0
        for d in range(b)
        for e in range(index // (a * b))
        for f in range(index // (a * b))
    ]
    return np.array(forms, dtype=np.int64)


def superlattices(gram: npt.ArrayLike, index: int) -> FloatArray:
    """Return all superlattices of an index: some of the points, in a primitive cell *index* times as large.

    Parameters
    ----------
    gram
        Gram matrix of a primitive direct basis, shape (3, 3), or many of them, (m, 3, 3); Å².
    index
        Ratio of the volumes.

    Returns
    -------
    numpy.ndarray
        Gram matrices (n, 3, 3), or (m, n, 3, 3), not reduced; those that the symmetry of the lattice makes alike are
        all there.
    """
    return _derived(gram, hermite_normal_forms(index))


def sublattices(gram: npt.ArrayLike, index: int) -> FloatArray:
    """Return all sublattices of an index: the points and more, in a primitive cell *index* times as small.

    Arguments and result as of :func:`superlattices`: in reciprocal space the one is the other.
    """
    return _derived(gram, _dual_forms(index))


def _derived(gram: npt.ArrayLike, bases: npt.NDArray[Any]) -> FloatArray:
    many = np.ndim(gram) == 3
    grams = checked_grams(gram)[:, None] if many else checked_gram(gram)
    return np.asarray(np.swapaxes(bases, 1, 2) @ grams @ bases, dtype=np.float64)


@cache
def _dual_forms(index: int) -> FloatArray:
    return np.asarray(np.swapaxes(np.linalg.inv(hermite_normal_forms(index)), 1, 2))


def derivative_relation(
    gram1: npt.ArrayLike,
    gram2: npt.ArrayLike,
    length_tolerance: float = LENGTH_TOLERANCE,
    angle_tolerance_deg: float = ANGLE_TOLERANCE_DEG,
) -> str | None:
    """Tell what the second lattice is of the first, or ``None`` where it is nothing of the kind.

    Parameters
    ----------
    gram1, gram2
        Gram matrices of primitive direct bases, shape (3, 3), Å².
    length_tolerance, angle_tolerance_deg
        As of :func:`hybrid_index.lattice.same_lattice`.

    Returns
    -------
    str or None
        ``"same lattice"``, ``"superlattice of index n"`` or ``"sublattice of index n"``, n from 2 to 4.

    Examples
    --------
    >>> derivative_relation(np.diag([9.0, 16.0, 25.0]), np.diag([9.0, 16.0, 100.0]))
    'superlattice of index 2'
    """
    first, second = checked_gram(gram1), checked_gram(gram2)
    ratio = math.sqrt(float(np.linalg.det(second) / np.linalg.det(first)))
    index = round(max(ratio, 1.0 / ratio))
    if index > MAX_INDEX:
        return None
    related = superlattices(first, index) if ratio >= 1.0 else sublattices(first, index)
    if not contains_lattice(related, second, length_tolerance, angle_tolerance_deg):
        return None
    if index == 1:
        return "same lattice"
    return f"{'superlattice' if ratio > 1.0 else 'sublattice'} of index {index}"
