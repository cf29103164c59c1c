"""Compiled comparison of lattices with many known ones, after sieves by volume and by short vectors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice.kernels import determinant, inner, vectors_of_lengths
from hybrid_index.units import FloatArray

IntArray = npt.NDArray[np.int64]


@kernel
def vonorms_agree(first: FloatArray, second: FloatArray, tolerance: float) -> bool:
    """Whether a strain of at most *tolerance* may turn the one list of squared lengths (7,) into the other."""
    low, high = (1.0 - tolerance) ** 2, (1.0 + tolerance) ** 2
    agree = True
    for k in range(7):
        agree = agree and low * first[k] <= second[k] <= high * first[k]
    return agree


@kernel
def image_in(basis: IntArray, gram: FloatArray) -> FloatArray:
    """Gram matrix (3, 3) of the vectors that stand in the rows of *basis*."""
    image = np.empty((3, 3), dtype=np.float64)
    for i in range(3):
        for j in range(3):
            image[i, j] = inner(gram, basis[i], basis[j])
    return image


@kernel
def deviation_of(inverse: FloatArray, image: FloatArray) -> float:
    """Trace of (G⁻¹G′ − 1)², four times the sum of the squared principal strains where they are small."""
    total = 0.0
    for i in range(3):
        for j in range(3):
            forth, back = 0.0, 0.0
            for k in range(3):
                forth += inverse[i, k] * image[k, j]
                back += inverse[j, k] * image[k, i]
            one = 1.0 if i == j else 0.0
            total += (forth - one) * (back - one)
    return total


@kernel
def nearest_image(known: FloatArray, inverse: FloatArray, found: FloatArray, tolerance: float) -> FloatArray:
    """Gram matrix of the basis of *found* that is most like the reduced basis of *known*; zeros if none is.

    Both come Minkowski-reduced. Lengths must agree to the relative *tolerance*.
    """
    vectors, _, count = vectors_of_lengths(found, known, tolerance)
    basis = np.empty((3, 3), dtype=np.int64)
    best, nearest = np.inf, np.zeros((3, 3), dtype=np.float64)
    for i in range(count[0]):
        basis[0] = vectors[0, i]
        for j in range(count[1]):
            basis[1] = vectors[1, j]
            for k in range(count[2]):
                basis[2] = vectors[2, k]
                if abs(determinant(basis[0], basis[1], basis[2])) != 1:
                    continue
                image = image_in(basis, found)
                deviation = deviation_of(inverse, image)
                if deviation < best:
                    best, nearest = deviation, image
    return nearest


@kernel
def search(
    found: FloatArray,
    begins: IntArray,
    ends: IntArray,
    known: FloatArray,
    inverses: FloatArray,
    tolerance: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Compare each found lattice with the known ones from its *begins* to its *ends*.

    Parameters
    ----------
    found, known
        Rows of :func:`hybrid_index.lattice.kernels.prepare`, (m, 4, 7) and (n, 4, 7).
    begins, ends
        int64 (m,): the known lattices whose volumes are near enough.
    inverses
        Inverses (n, 3, 3) of the reduced matrices of the known lattices.
    tolerance
        Largest relative difference of a length.

    Returns
    -------
    numpy.ndarray
        Which found lattice (k,), which known one (k,), and the Gram matrix (k, 3, 3) of the basis of the found one.
    """
    total = 0
    for i in range(found.shape[0]):
        for row in range(begins[i], ends[i]):
            if vonorms_agree(known[row, 3], found[i, 3], tolerance):
                total += 1
    which = np.empty(total, dtype=np.int64)
    rows = np.empty(total, dtype=np.int64)
    images = np.empty((total, 3, 3), dtype=np.float64)
    n = 0
    for i in range(found.shape[0]):
        for row in range(begins[i], ends[i]):
            if not vonorms_agree(known[row, 3], found[i, 3], tolerance):
                continue
            image = nearest_image(known[row, :3, :3], inverses[row], found[i, :3, :3], tolerance)
            if image[0, 0] > 0.0:
                which[n], rows[n] = i, row
                images[n] = image
                n += 1
    return which[:n], rows[:n], images[:n]
