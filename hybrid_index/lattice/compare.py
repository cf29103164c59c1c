"""Equality of lattices, whatever basis they come in.

Reduced cells jump when a lattice crosses a boundary of the reduction; lengths of short vectors do not, and neither does
the question whether some basis of one lattice resembles a given basis of the other. Both are used here.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice.reduction import IntArray, checked_gram, checked_grams
from hybrid_index.units import FloatArray

LENGTH_TOLERANCE = 0.002
"""Relative difference of lengths up to which lattices are the same ("strict")."""
ANGLE_TOLERANCE_DEG = 0.2
"""Difference of angles (degrees) up to which lattices are the same ("strict")."""
SHORTEST_VECTORS = 16
"""How many of the shortest vectors are looked at."""


def shortest_lengths(gram: npt.ArrayLike, n: int = SHORTEST_VECTORS) -> FloatArray:
    """Return the lengths of the shortest vectors of a lattice, continuous in the metric.

    Parameters
    ----------
    gram
        Gram matrix of a primitive direct basis, shape (3, 3), or many of them, (m, 3, 3); Å².
    n
        Number of vectors; v and −v count once, multiples count.

    Returns
    -------
    numpy.ndarray
        Ascending lengths in Å, shape (n,) or (m, n).

    Examples
    --------
    >>> shortest_lengths(np.eye(3), 4).round(3)
    array([1.   , 1.   , 1.   , 1.414])
    """
    from hybrid_index.lattice import kernels

    if np.ndim(gram) == 3:
        return np.asarray(np.sqrt(kernels.shortest_squares(checked_grams(gram), n)), dtype=np.float64)
    return np.asarray(np.sqrt(kernels.shortest_squares(checked_gram(gram)[None], n)[0]), dtype=np.float64)


def voronoi_lengths(gram: npt.ArrayLike) -> FloatArray:
    """Return the lengths (Å), ascending, of the shortest vector in each class of L/2L: (7,), or (m, 7) of (m, 3, 3).

    The square roots of Conway & Sloane's vonorms (1992, doi:10.1098/rspa.1992.0004): continuous in the metric, and
    unlike a list of shortest vectors they always span the space. The first is that of the shortest vector of all.
    """
    from hybrid_index.lattice import kernels

    if np.ndim(gram) == 3:
        return np.asarray(np.sqrt(kernels.prepare(checked_grams(gram))[:, 3]), dtype=np.float64)
    return np.asarray(np.sqrt(kernels.prepare(checked_gram(gram)[None])[0, 3]), dtype=np.float64)


def same_lattice(
    gram1: npt.ArrayLike,
    gram2: npt.ArrayLike,
    length_tolerance: float = LENGTH_TOLERANCE,
    angle_tolerance_deg: float = ANGLE_TOLERANCE_DEG,
) -> bool:
    """Whether the second lattice has a basis with the lengths and angles of the shortest basis of the first.

    Parameters
    ----------
    gram1, gram2
        Gram matrices of primitive direct bases, shape (3, 3), Å²; they need not be reduced.
    length_tolerance
        Largest relative difference of a length.
    angle_tolerance_deg
        Largest difference of an angle, degrees.
    """
    return contains_lattice(checked_gram(gram1)[None], checked_gram(gram2), length_tolerance, angle_tolerance_deg)


def contains_lattice(grams: FloatArray, gram: FloatArray, length_tolerance: float, angle_tolerance_deg: float) -> bool:
    """Whether one of many lattices (n, 3, 3) is the same as *gram*; tolerances as of :func:`same_lattice`."""
    from hybrid_index.lattice import kernels

    one, many = kernels.prepare(gram[None])[0], kernels.prepare(grams)
    angle_tolerance = math.radians(angle_tolerance_deg)
    return bool(kernels.first_same(one, many, np.arange(len(many)), length_tolerance, angle_tolerance) >= 0)


def same_shortest_vectors(gram1: npt.ArrayLike, gram2: npt.ArrayLike, tolerance: float = 0.01) -> bool:
    """Whether the shortest vectors of two lattices agree in length, each to a relative *tolerance*.

    Compared are the 16 shortest and the seven of :func:`voronoi_lengths`, which lead out of the plane where a lattice
    is so flat that the 16 lie in it.
    """
    for lengths in (shortest_lengths, voronoi_lengths):
        first, second = lengths(gram1), lengths(gram2)
        if np.any(np.abs(first - second) > tolerance * np.minimum(first, second)):
            return False
    return True


def cluster_lattices(
    grams: npt.ArrayLike,
    length_tolerance: float = LENGTH_TOLERANCE,
    angle_tolerance_deg: float = ANGLE_TOLERANCE_DEG,
) -> IntArray:
    """Group many lattices: each joins the first group whose first member is the same lattice.

    Parameters
    ----------
    grams
        Gram matrices of primitive direct bases, best first, shape (n, 3, 3), Å².
    length_tolerance, angle_tolerance_deg
        As of :func:`same_lattice`.

    Returns
    -------
    numpy.ndarray
        int64 (n,): the group of each lattice, numbered from 0 in order of appearance.

    Raises
    ------
    InputError
        If the shape is another one or a matrix is not that of a lattice.
    """
    from hybrid_index.lattice import kernels

    prepared = kernels.prepare(checked_grams(grams))
    return kernels.cluster(prepared, length_tolerance, math.radians(angle_tolerance_deg))
