"""Numerical kernels behind the lines of a structure: reflections of an asymmetric unit, |F|², lines of equal Q."""

from __future__ import annotations

import numpy as np
from numba import njit

from hybrid_index.refine.hkl import fill_reflections
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

EQUAL_Q = 1.0e-7
"""Relative difference in Q below which reflections are one line (3e-6° at 2θ = 60°)."""
ABSENT = 1.0e-10
"""|F|² per squared number of atoms (electrons² or fm²) below which a reflection is extinct and the rest is rounding."""

# Codes of BravaisLattice: primitive lattices whose asymmetric units hold the first reflection of each orbit.
_CP, _TP, _OP, _MP, _AP = 0, 3, 7, 11, 13
"""A quarter, an eighth of all reflections and so on, without centring; see ``orbit_sizes`` for "first"."""


@njit(cache=True, nogil=True)
def asymmetric_unit(
    metric: FloatArray, q_min: float, q_max: float, rotations: IntArray, capacity: int
) -> tuple[IntArray, FloatArray, IntArray]:
    """One reflection of each orbit with *q_min* ≤ Q ≤ *q_max*, unsorted but with equal (h, k) in a row.

    Parameters
    ----------
    metric
        Reciprocal metric (A..F), Å⁻².
    q_min, q_max
        Range, Å⁻².
    rotations
        Shape (m, 3, 3), the proper rotations of the Laue group, acting on columns of coordinates.
    capacity
        Room for all reflections of a half sphere.

    Returns
    -------
    hkl, q, multiplicity
        Shapes (n, 3), (n,), (n,). None at all if the metric is not positive definite or *capacity* too small.
    """
    hkl, q = np.empty((capacity, 3), dtype=np.int32), np.empty(capacity)
    n = max(fill_reflections(metric, _enclosing_code(rotations), q_max, hkl, q), 0)
    sizes = orbit_sizes(hkl[:n], rotations)
    kept = 0
    for i in range(n):
        if sizes[i] and q[i] >= q_min:
            hkl[kept], q[kept], sizes[kept] = hkl[i], q[i], sizes[i]
            kept += 1
    return hkl[:kept].astype(np.int64), q[:kept], sizes[:kept]


@njit(cache=True, nogil=True)
def _enclosing_code(rotations: IntArray) -> int:
    """Code of the most symmetric primitive lattice on these axes whose rotations are all among the given ones."""
    twofold_y = _has_diagonal(rotations, -1, 1, -1)
    if not twofold_y:
        return _AP
    if not _has_diagonal(rotations, -1, -1, 1):
        return _MP
    if rotations.shape[0] == 24:
        return _CP
    return _TP if rotations.shape[0] == 8 else _OP


@njit(cache=True, nogil=True)
def _has_diagonal(rotations: IntArray, x: int, y: int, z: int) -> bool:
    for j in range(rotations.shape[0]):
        r = rotations[j]
        if r[0, 0] == x and r[1, 1] == y and r[2, 2] == z and np.count_nonzero(r) == 3:
            return True
    return False


@njit(cache=True, nogil=True)
def orbit_sizes(hkl: IntArray, rotations: IntArray) -> IntArray:
    """Count the reflections equivalent to each under *rotations* and inversion; 0 unless it is the first of its orbit.

    First is the one with the largest h, then k, then l, among those whose first non-zero index is positive. The input
    holds such reflections only.
    """
    n, m = hkl.shape[0], rotations.shape[0]
    sizes = np.zeros(n, dtype=np.int64)
    for i in range(n):
        h, k, l = np.int64(hkl[i, 0]), np.int64(hkl[i, 1]), np.int64(hkl[i, 2])
        same, first = 0, True
        for j in range(m):
            r = rotations[j]
            a = h * r[0, 0] + k * r[1, 0] + l * r[2, 0]
            b = h * r[0, 1] + k * r[1, 1] + l * r[2, 1]
            c = h * r[0, 2] + k * r[1, 2] + l * r[2, 2]
            if a < 0 or (a == 0 and (b < 0 or (b == 0 and c < 0))):
                a, b, c = -a, -b, -c
            if a == h and b == k and c == l:
                same += 1
            elif a > h or (a == h and (b > k or (b == k and c > l))):
                first = False
                break
        if first:
            sizes[i] = 2 * m // same
    return sizes


@njit(cache=True, nogil=True, fastmath=True)
def structure_factors_squared(
    hkl: IntArray,
    q: FloatArray,
    xyz: FloatArray,
    occupancy: FloatArray,
    u_iso: FloatArray,
    element: IntArray,
    coefficients: FloatArray,
) -> FloatArray:
    """|F|² of reflections, shape (n,): electrons² for x-rays, fm² for neutrons.

    Parameters
    ----------
    hkl, q
        Shapes (n, 3) and (n,); fastest where equal (h, k) stand in a row.
    xyz, occupancy, u_iso
        Shapes (m, 3), (m,) and (m,), the atoms; fastest where those of one element and displacement stand in a row.
    element, coefficients
        Shape (m,), the row of each atom in the table of form factors (shape (e, 9)).
    """
    n_atoms, n_elements = xyz.shape[0], coefficients.shape[0]
    first = _runs(element, u_iso)
    # exp(2πi·h·x) for all h of an axis: products of these replace one sine and cosine per atom and reflection.
    limits = np.zeros(3, dtype=np.int64)
    for i in range(hkl.shape[0]):
        for axis in range(3):
            limits[axis] = max(limits[axis], abs(hkl[i, axis]))
    cos_h, sin_h = _phase_table(xyz[:, 0], limits[0])
    cos_k, sin_k = _phase_table(xyz[:, 1], limits[1])
    cos_l, sin_l = _phase_table(xyz[:, 2], limits[2])
    cos_hk, sin_hk, form = np.empty(n_atoms), np.empty(n_atoms), np.empty(n_elements)
    squared = np.empty(hkl.shape[0])
    for i in range(hkl.shape[0]):
        h, k, l = hkl[i, 0] + limits[0], hkl[i, 1] + limits[1], hkl[i, 2] + limits[2]
        if i == 0 or hkl[i, 0] != hkl[i - 1, 0] or hkl[i, 1] != hkl[i - 1, 1]:
            for j in range(n_atoms):
                cos_hk[j] = occupancy[j] * (cos_h[h, j] * cos_k[k, j] - sin_h[h, j] * sin_k[k, j])
                sin_hk[j] = occupancy[j] * (cos_h[h, j] * sin_k[k, j] + sin_h[h, j] * cos_k[k, j])
        for e in range(n_elements):
            form[e] = coefficients[e, 8]
            for s in range(4):
                form[e] += coefficients[e, s] * np.exp(-0.25 * coefficients[e, 4 + s] * q[i])
        real, imaginary = 0.0, 0.0
        for t in range(first.shape[0] - 1):
            start = first[t]
            a, b = 0.0, 0.0
            for j in range(start, first[t + 1]):
                a += cos_hk[j] * cos_l[l, j] - sin_hk[j] * sin_l[l, j]
                b += cos_hk[j] * sin_l[l, j] + sin_hk[j] * cos_l[l, j]
            f = form[element[start]]
            if u_iso[start] > 0.0:
                f *= np.exp(-2.0 * np.pi**2 * u_iso[start] * q[i])
            real += f * a
            imaginary += f * b
        squared[i] = real * real + imaginary * imaginary
    return squared


@njit(cache=True, nogil=True)
def _runs(element: IntArray, u_iso: FloatArray) -> IntArray:
    """Where runs of atoms of one element and displacement begin, and the number of atoms."""
    n = element.shape[0]
    first = np.empty(n + 1, dtype=np.int64)
    m = 0
    for j in range(n):
        if j == 0 or element[j] != element[j - 1] or u_iso[j] != u_iso[j - 1]:
            first[m] = j
            m += 1
    first[m] = n
    return first[: m + 1]


@njit(cache=True, nogil=True)
def _phase_table(x: FloatArray, limit: int) -> tuple[FloatArray, FloatArray]:
    """cos(2πhx) and sin(2πhx), shape (2·limit + 1, n): row h + limit, from the one before by the addition theorem."""
    cosine, sine = np.empty((2 * limit + 1, x.shape[0])), np.empty((2 * limit + 1, x.shape[0]))
    for j in range(x.shape[0]):
        step_cos, step_sin = np.cos(2.0 * np.pi * x[j]), np.sin(2.0 * np.pi * x[j])
        c, s = 1.0, 0.0
        for h in range(limit + 1):
            cosine[limit + h, j], sine[limit + h, j] = c, s
            cosine[limit - h, j], sine[limit - h, j] = c, -s
            c, s = c * step_cos - s * step_sin, s * step_cos + c * step_sin
    return cosine, sine


@njit(cache=True, nogil=True)
def merged_lines(
    hkl: IntArray, q: FloatArray, multiplicity: IntArray, intensity: FloatArray
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """One line for all reflections of equal Q, ascending; hkl is that of the strongest, of equals the first met."""
    hkl_lines, q_lines = np.empty_like(hkl), np.empty_like(q)
    multiplicities, intensities = np.empty_like(multiplicity), np.empty_like(intensity)
    n, last, strongest = 0, -1.0, 0.0
    for i in np.argsort(q, kind="mergesort"):
        if q[i] - last > EQUAL_Q * q[i]:
            hkl_lines[n], q_lines[n], multiplicities[n], intensities[n] = hkl[i], q[i], 0, 0.0
            strongest = intensity[i]
            n += 1
        elif intensity[i] > strongest:
            hkl_lines[n - 1], strongest = hkl[i], intensity[i]
        multiplicities[n - 1] += multiplicity[i]
        intensities[n - 1] += intensity[i]
        last = q[i]
    return hkl_lines[:n], q_lines[:n], multiplicities[:n], intensities[:n]


@njit(cache=True, nogil=True)
def calculated_lines(
    metric: FloatArray,
    q_min: float,
    q_max: float,
    rotations: IntArray,
    capacity: int,
    xyz: FloatArray,
    occupancy: FloatArray,
    u_iso: FloatArray,
    element: IntArray,
    coefficients: FloatArray,
    wavelength: float,
    polarised: bool,
) -> tuple[IntArray, FloatArray, IntArray, FloatArray]:
    """Lines of a structure: hkl, Q, multiplicity and intensity (electrons² or fm², times the angular factors)."""
    hkl, q, multiplicity = asymmetric_unit(metric, q_min, q_max, rotations, capacity)
    squared = structure_factors_squared(hkl, q, xyz, occupancy, u_iso, element, coefficients)
    present = 0
    for i in range(q.shape[0]):
        if squared[i] <= ABSENT * xyz.shape[0] ** 2:
            continue
        sine2 = 0.25 * q[i] * wavelength**2
        factor = 1.0 / (sine2 * np.sqrt(1.0 - sine2))
        if polarised:
            factor *= 1.0 + (1.0 - 2.0 * sine2) ** 2
        hkl[present], q[present], multiplicity[present] = hkl[i], q[i], multiplicity[i]
        squared[present] = multiplicity[i] * factor * squared[i]
        present += 1
    return merged_lines(hkl[:present], q[:present], multiplicity[:present], squared[:present])
