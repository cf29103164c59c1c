"""Compiled kernels of the lattice room: arrays in, arrays out. Imported late, because numba takes a while to load.

Every ``gram`` is a Gram matrix, float64 (3, 3); every ``basis`` is int64 (3, 3) whose ROWS are the new vectors
(rows are contiguous; the public functions return columns). Loops are written out where array expressions would do:
that compiles several times faster.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice.cell import BRAVAIS_LATTICES, primitive_basis, spans_space
from hybrid_index.units import FloatArray

IntArray = npt.NDArray[np.int64]

MAX_STEPS = 1000
"""No lattice met in practice needs more than some dozens of reduction steps; this ends cycles of rounding."""
EPSILON = 1e-11
"""Relative size below which a scalar product counts as zero: rounding must not drive another step."""
BOX = 2
"""Indices up to which vectors are tried in a reduced basis where a vector about as long as a basis vector is sought."""

_spans_space = kernel(spans_space)
PRIMITIVE = np.array([primitive_basis(lattice) for lattice in BRAVAIS_LATTICES])
"""Primitive bases (14, 3, 3), as columns in the conventional ones, by code of the Bravais lattice."""
# Where (aa, bb, cc, bc, ac, ab) stand in a Gram matrix.
_FIRST, _SECOND = np.array([0, 1, 2, 1, 0, 0]), np.array([0, 1, 2, 2, 2, 1])


@kernel
def inner(gram: FloatArray, u: IntArray, v: IntArray) -> float:
    """Scalar product of two integer vectors."""
    total = 0.0
    for i in range(3):
        for j in range(3):
            total += u[i] * gram[i, j] * v[j]
    return total


@kernel
def transform(gram: FloatArray, basis: IntArray) -> FloatArray:
    """Gram matrix of the new basis."""
    out = np.empty((3, 3), dtype=np.float64)
    for i in range(3):
        for j in range(i, 3):
            out[i, j] = inner(gram, basis[i], basis[j])
            out[j, i] = out[i, j]
    return out


@kernel
def are_positive_definite(grams: FloatArray) -> npt.NDArray[np.bool_]:
    """Which Gram matrices (m, 3, 3) belong to a lattice."""
    out = np.empty(grams.shape[0], dtype=np.bool_)
    for i in range(grams.shape[0]):
        g = grams[i]
        out[i] = _spans_space(g[0, 0], g[1, 1], g[2, 2], g[1, 2], g[0, 2], g[0, 1])
    return out


@kernel
def _cofactors(
    a: float, b: float, c: float, d: float, e: float, f: float
) -> tuple[tuple[float, float, float, float, float, float], float]:
    """Cofactors and determinant of a symmetric matrix, of (aa, bb, cc, bc, ac, ab)."""
    cofactors = (b * c - d * d, a * c - e * e, a * b - f * f, e * f - a * d, d * f - b * e, d * e - c * f)
    return cofactors, a * b * c + 2.0 * d * e * f - a * d * d - b * e * e - c * f * f


@kernel
def primitive_grams(metrics: FloatArray, codes: IntArray) -> FloatArray:
    """Direct Gram matrices (m, 3, 3) of primitive bases, from reciprocal metrics (m, 6) of conventional cells."""
    out, direct = np.empty((metrics.shape[0], 3, 3)), np.empty((3, 3))
    for i in range(metrics.shape[0]):
        basis, m = PRIMITIVE[codes[i]], metrics[i]
        cofactors, volume2 = _cofactors(m[0], m[1], m[2], 0.5 * m[3], 0.5 * m[4], 0.5 * m[5])
        for j, cofactor in enumerate(cofactors):
            direct[_FIRST[j], _SECOND[j]] = direct[_SECOND[j], _FIRST[j]] = cofactor
        for j in range(3):
            for k in range(3):
                total = 0.0
                for u in range(3):
                    for v in range(3):
                        total += basis[u, j] * direct[u, v] * basis[v, k]
                out[i, j, k] = total / volume2
    return out


@kernel
def symmetric_metrics(
    grams: FloatArray, owner: IntArray, bases: IntArray, codes: IntArray, means: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Metrics of exactly the symmetry of Bravais lattices that given ones resemble, and how far these are from it.

    Parameters
    ----------
    grams, owner
        Direct Gram matrices (m, 3, 3), and which of them each of the n lattices is made of.
    bases, codes
        Conventional bases (n, 3, 3) as rows, and codes (n,) of the Bravais lattices.
    means
        Shape (14, 6, 6): the mean over each point group, of (aa, bb, cc, bc, ac, ab).

    Returns
    -------
    metrics, strains : numpy.ndarray
        Reciprocal metrics (n, 6), and the largest relative change of a length (n,).
    """
    n = owner.size
    metrics, strains = np.empty((n, 6)), np.empty(n)
    values, mean, root = np.empty(6), np.empty(6), np.zeros((3, 3))
    symmetric, stretch = np.empty((3, 3)), np.empty((3, 3))
    for i in range(n):
        given = transform(grams[owner[i]], bases[i])
        for j in range(6):
            values[j] = given[_FIRST[j], _SECOND[j]]
        for j in range(6):
            mean[j] = 0.0
            for k in range(6):
                mean[j] += means[codes[i], j, k] * values[k]
            symmetric[_FIRST[j], _SECOND[j]] = symmetric[_SECOND[j], _FIRST[j]] = mean[j]
        cofactors, volume2 = _cofactors(mean[0], mean[1], mean[2], mean[3], mean[4], mean[5])
        for j, cofactor in enumerate(cofactors):
            metrics[i, j] = (1.0 if j < 3 else 2.0) * cofactor / volume2
        _fill_inverse_root(given, root)
        for j in range(3):
            for k in range(3):
                stretch[j, k] = 0.0
                for u in range(j + 1):
                    for v in range(k + 1):
                        stretch[j, k] += root[j, u] * symmetric[u, v] * root[k, v]
        squares = np.linalg.eigvalsh(stretch)
        strains[i] = max(abs(math.sqrt(squares[0]) - 1.0), abs(math.sqrt(squares[2]) - 1.0))
    return metrics, strains


@kernel
def _fill_inverse_root(gram: FloatArray, root: FloatArray) -> None:
    """Inverse of the lower triangular matrix L, LLᵀ = *gram*."""
    a = math.sqrt(gram[0, 0])
    b = gram[1, 0] / a
    c = math.sqrt(gram[1, 1] - b * b)
    d = gram[2, 0] / a
    e = (gram[2, 1] - b * d) / c
    f = math.sqrt(gram[2, 2] - d * d - e * e)
    root[0, 0], root[1, 1], root[2, 2] = 1.0 / a, 1.0 / c, 1.0 / f
    root[1, 0] = -b / (a * c)
    root[2, 1] = -e / (c * f)
    root[2, 0] = (b * e - c * d) / (a * c * f)


@kernel
def determinant(u: IntArray, v: IntArray, w: IntArray) -> int:
    """Return the determinant of three integer vectors."""
    total = 0
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        total += u[i] * (v[j] * w[k] - v[k] * w[j])
    return total


@kernel
def _add(u: IntArray, v: IntArray, factor: int) -> None:
    for i in range(3):
        u[i] += factor * v[i]


@kernel
def _copy(u: IntArray, v: IntArray) -> None:
    for i in range(3):
        v[i] = u[i]


@kernel
def selling_superbase(gram: FloatArray) -> IntArray:
    """Obtuse superbase, shape (4, 3): v1 + v2 + v3 + v4 = 0 and no positive scalar product.

    Each step takes the largest positive v_i·v_j off twice from the sum of the squares, so the steps end.
    """
    superbase = np.zeros((4, 3), dtype=np.int64)
    for i in range(3):
        superbase[i, i] = 1
    # Lagrange–Gauss by pairs, with rounding, takes long skews off in few steps
    changed = True
    for _ in range(MAX_STEPS):
        if not changed:
            break
        changed = False
        for i in range(3):
            for j in range(3):
                if i != j:
                    ratio = inner(gram, superbase[i], superbase[j]) / inner(gram, superbase[j], superbase[j])
                    if abs(ratio) > 0.5 + EPSILON:
                        _add(superbase[i], superbase[j], -math.floor(ratio + 0.5))
                        changed = True
    for i in range(3):
        _add(superbase[3], superbase[i], -1)
    for _ in range(MAX_STEPS):
        largest, at_i, at_j = 0.0, -1, -1
        for i in range(4):
            largest = max(largest, EPSILON * inner(gram, superbase[i], superbase[i]))
        for i in range(4):
            for j in range(i + 1, 4):
                value = inner(gram, superbase[i], superbase[j])
                if value > largest:
                    largest, at_i, at_j = value, i, j
        if at_i < 0:
            break
        for k in range(4):
            if k != at_i and k != at_j:
                _add(superbase[k], superbase[at_i], 1)
        _add(superbase[at_i], superbase[at_i], -2)
    return superbase


@kernel
def voronoi_vectors(gram: FloatArray) -> tuple[FloatArray, IntArray]:
    """Squared lengths, ascending (7,), and vectors (7, 3): the shortest of each of the seven classes of L/2L.

    Conway & Sloane's vonorms (1992, doi:10.1098/rspa.1992.0004): continuous in the lattice, where reduced cells jump.
    """
    superbase = selling_superbase(gram)
    vectors = np.zeros((7, 3), dtype=np.int64)
    norms = np.empty(7, dtype=np.float64)
    new = np.zeros(3, dtype=np.int64)
    for k in range(7):
        _add(new, new, -1)
        if k < 4:
            _add(new, superbase[k], 1)
        else:
            _add(new, superbase[k - 4], 1)
            _add(new, superbase[(k - 3) % 3], 1)
        norm = inner(gram, new, new)
        at = k
        while at > 0 and norms[at - 1] > norm:
            norms[at] = norms[at - 1]
            _copy(vectors[at - 1], vectors[at])
            at -= 1
        norms[at] = norm
        _copy(new, vectors[at])
    return norms, vectors


@kernel
def shortest_basis(gram: FloatArray) -> IntArray:
    """Basis of the three shortest independent vectors, lengths ascending (Minkowski-reduced), right-handed."""
    vectors = voronoi_vectors(gram)[1]
    basis = np.zeros((3, 3), dtype=np.int64)
    for j in range(1, 7):
        for k in range(j + 1, 7):
            volume = determinant(vectors[0], vectors[j], vectors[k])
            if volume != 0 and determinant(basis[0], basis[1], basis[2]) == 0:
                _copy(vectors[0], basis[0])
                _copy(vectors[j], basis[1])
                _add(basis[2], vectors[k], 1 if volume > 0 else -1)
    return basis


@kernel
def box(gram: FloatArray, square_max: float) -> IntArray:
    """Largest index of each axis among the vectors of a squared length up to *square_max*, shape (3,)."""
    limits = np.empty(3, dtype=np.int64)
    cofactors = np.empty(3, dtype=np.float64)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        cofactors[i] = gram[j, j] * gram[k, k] - gram[j, k] ** 2
    volume_squared = (
        gram[0, 0] * cofactors[0]
        - gram[0, 1] * (gram[0, 1] * gram[2, 2] - gram[1, 2] * gram[0, 2])
        + gram[0, 2] * (gram[0, 1] * gram[1, 2] - gram[1, 1] * gram[0, 2])
    )
    for i in range(3):
        limits[i] = int(math.sqrt(square_max * cofactors[i] / volume_squared) + 1e-9)
    return limits


@kernel
def squares_in_box(gram: FloatArray, limits: IntArray, square_max: float) -> FloatArray:
    """Squared lengths up to *square_max*, in no order, of the vectors of a box; v and −v once, the null vector not."""
    squares = np.empty((limits[0] + 1) * (2 * limits[1] + 1) * (2 * limits[2] + 1), dtype=np.float64)
    n = 0
    for h in range(limits[0] + 1):
        for k in range(-limits[1] if h > 0 else 0, limits[1] + 1):
            for m in range(-limits[2] if (h > 0 or k > 0) else 1, limits[2] + 1):
                square = h * h * gram[0, 0] + k * k * gram[1, 1] + m * m * gram[2, 2]
                square += 2.0 * (h * k * gram[0, 1] + h * m * gram[0, 2] + k * m * gram[1, 2])
                if square <= square_max:
                    squares[n] = square
                    n += 1
    return squares[:n]


@kernel
def squares_up_to(gram: FloatArray, square_max: float) -> FloatArray:
    """Squared lengths up to *square_max*, in no order, of all vectors but the null vector; v and −v once."""
    reduced = transform(gram, shortest_basis(gram))
    return squares_in_box(reduced, box(reduced, square_max), square_max)


@kernel
def _keep_smallest(values: FloatArray, smallest: FloatArray) -> None:
    """Put the smallest of many values, ascending, into *smallest*."""
    last = smallest.size - 1
    for i in range(smallest.size):
        smallest[i] = np.inf
    for value in values:
        if value < smallest[last]:
            k = last
            while k > 0 and smallest[k - 1] > value:
                smallest[k] = smallest[k - 1]
                k -= 1
            smallest[k] = value


@kernel
def shortest_squares(grams: FloatArray, n: int) -> FloatArray:
    """Squared lengths of the n shortest vectors of many lattices, ascending, v and −v once: (m, 3, 3) to (m, n)."""
    out = np.empty((grams.shape[0], n), dtype=np.float64)
    side = 1
    while (2 * side + 1) ** 3 < 2 * n + 1:
        side += 1
    cube = np.array([side, side, side], dtype=np.int64)
    for i in range(grams.shape[0]):
        reduced = transform(grams[i], shortest_basis(grams[i]))
        # a cube that surely holds n vectors bounds the n-th length, and that bound gives the box that misses none
        _keep_smallest(squares_in_box(reduced, cube, np.inf), out[i])
        bound = out[i, n - 1] * (1.0 + EPSILON)
        _keep_smallest(squares_in_box(reduced, box(reduced, bound), bound), out[i])
    return out


@kernel
def _angle(square_u: float, square_v: float, product: float) -> float:
    return math.acos(max(-1.0, min(1.0, product / math.sqrt(square_u * square_v))))


@kernel
def vectors_of_lengths(
    reduced: FloatArray, wanted: FloatArray, tolerance: float
) -> tuple[IntArray, FloatArray, IntArray]:
    """Vectors of a lattice that are as long as one of three basis vectors, to a relative tolerance.

    Returns indices (3, n, 3), squared lengths (3, n) and how many there are (3,), by diagonal element of *wanted*. Both
    matrices are Minkowski-reduced. Small indices suffice: such vectors are short in both lattices.
    """
    vectors = np.empty((3, (2 * BOX + 1) ** 3, 3), dtype=np.int64)
    squares = np.empty((3, (2 * BOX + 1) ** 3), dtype=np.float64)
    found = np.zeros(3, dtype=np.int64)
    hkl = np.empty(3, dtype=np.int64)
    for h in range(-BOX, BOX + 1):
        for k in range(-BOX, BOX + 1):
            for m in range(-BOX, BOX + 1):
                hkl[0], hkl[1], hkl[2] = h, k, m
                square = inner(reduced, hkl, hkl)
                for i in range(3):
                    if abs(math.sqrt(max(square, 0.0) / wanted[i, i]) - 1.0) <= tolerance:
                        _copy(hkl, vectors[i, found[i]])
                        squares[i, found[i]] = square
                        found[i] += 1
    return vectors, squares, found


@kernel
def mapping_exists(reduced1: FloatArray, reduced2: FloatArray, length_tolerance: float, angle_tolerance: float) -> bool:
    """Whether some basis of lattice 2 has the lengths (relative) and angles (radians) of the basis of lattice 1.

    Both come Minkowski-reduced.
    """
    gamma = _angle(reduced1[0, 0], reduced1[1, 1], reduced1[0, 1])
    beta = _angle(reduced1[0, 0], reduced1[2, 2], reduced1[0, 2])
    alpha = _angle(reduced1[1, 1], reduced1[2, 2], reduced1[1, 2])
    vectors, squares, found = vectors_of_lengths(reduced2, reduced1, length_tolerance)
    for i in range(found[0]):
        u, uu = vectors[0, i], squares[0, i]
        for j in range(found[1]):
            v, vv = vectors[1, j], squares[1, j]
            if abs(_angle(uu, vv, inner(reduced2, u, v)) - gamma) > angle_tolerance:
                continue
            for k in range(found[2]):
                w, ww = vectors[2, k], squares[2, k]
                if (
                    abs(determinant(u, v, w)) == 1
                    and abs(_angle(uu, ww, inner(reduced2, u, w)) - beta) <= angle_tolerance
                    and abs(_angle(vv, ww, inner(reduced2, v, w)) - alpha) <= angle_tolerance
                ):
                    return True
    return False


@kernel
def first_same(
    gram: FloatArray, grams: FloatArray, order: IntArray, length_tolerance: float, angle_tolerance: float
) -> int:
    """Position in *order* of the first of the listed lattices (reduced, with vonorms) that equals *gram*; −1 if none.

    ``gram`` and ``grams`` are rows of :func:`prepare`.
    """
    # vonorms of the same lattice agree to about the tolerance: a cheap sieve before the search for a mapping
    coarse = 3.0 * (length_tolerance + angle_tolerance)
    for at in range(order.size):
        other = grams[order[at]]
        near = True
        for k in range(7):
            if abs(gram[3, k] - other[3, k]) > coarse * (gram[3, k] + other[3, k]):
                near = False
                break
        if near and mapping_exists(other[:3, :3], gram[:3, :3], length_tolerance, angle_tolerance):
            return at
    return -1


@kernel
def prepare(grams: FloatArray) -> FloatArray:
    """Make many lattices ready to be compared: (m, 4, 7), the Minkowski-reduced matrix and below it the vonorms."""
    out = np.zeros((grams.shape[0], 4, 7), dtype=np.float64)
    for i in range(grams.shape[0]):
        norms = voronoi_vectors(grams[i])[0]
        reduced = transform(grams[i], shortest_basis(grams[i]))
        for k in range(7):
            out[i, 3, k] = norms[k]
        for j in range(3):
            for k in range(3):
                out[i, j, k] = reduced[j, k]
    return out


@kernel
def cluster(prepared: FloatArray, length_tolerance: float, angle_tolerance: float) -> IntArray:
    """Label every lattice by the first earlier one that it equals: labels count clusters in order of appearance."""
    n = prepared.shape[0]
    labels = np.empty(n, dtype=np.int64)
    leaders = np.empty(n, dtype=np.int64)
    n_leaders = 0
    for i in range(n):
        labels[i] = first_same(prepared[i], prepared, leaders[:n_leaders], length_tolerance, angle_tolerance)
        if labels[i] < 0:
            labels[i] = n_leaders
            leaders[n_leaders] = i
            n_leaders += 1
    return labels
