"""The reflections of an asymmetric unit, in any setting of any Laue group."""

from __future__ import annotations

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.refine.hkl import fill_reflections
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

# Codes of BravaisLattice. Their asymmetric units (an octant, a quarter, a half of all reflections) hold the first of
# each orbit in the sense of ``orbit_size``, which finds out the rest.
_OP, _MP, _AP = 7, 11, 13


@kernel
def asymmetric_unit(
    metric: FloatArray, q_min: float, q_max: float, rotations: IntArray, translations: FloatArray, capacity: int
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
    translations
        Shape (t, 3), those of the centring: reflections with fractional h·t are left out.
    capacity
        Room for all reflections of a half sphere.

    Returns
    -------
    hkl, q, multiplicity
        Shapes (n, 3), (n,), (n,). None at all if the metric is not positive definite or *capacity* too small.
    """
    hkl, q = np.empty((capacity, 3), dtype=np.int32), np.empty(capacity)
    n = max(fill_reflections(metric, _enclosing_code(rotations), q_max, hkl, q), 0)
    multiplicity = np.empty(n, dtype=np.int64)
    kept = 0
    for i in range(n):
        if q[i] < q_min or not _is_allowed(hkl[i], translations):
            continue
        size = orbit_size(hkl[i], rotations)
        if size:
            hkl[kept], q[kept], multiplicity[kept] = hkl[i], q[i], size
            kept += 1
    return hkl[:kept].astype(np.int64), q[:kept], multiplicity[:kept]


@kernel
def _is_allowed(hkl: IntArray, translations: FloatArray) -> bool:
    for t in translations:
        phase = hkl[0] * t[0] + hkl[1] * t[1] + hkl[2] * t[2]
        if abs(phase - np.rint(phase)) > 0.01:
            return False
    return True


@kernel
def _enclosing_code(rotations: IntArray) -> int:
    """Code of a primitive lattice on these axes whose twofold axes are all among the given rotations."""
    if not _has_diagonal(rotations, -1, 1, -1):
        return _AP
    return _OP if _has_diagonal(rotations, -1, -1, 1) else _MP


@kernel
def _has_diagonal(rotations: IntArray, x: int, y: int, z: int) -> bool:
    for j in range(rotations.shape[0]):
        r = rotations[j]
        if r[0, 0] == x and r[1, 1] == y and r[2, 2] == z and np.count_nonzero(r) == 3:
            return True
    return False


@kernel
def orbit_size(hkl: IntArray, rotations: IntArray) -> int:
    """Count the reflections equivalent to one under *rotations* and inversion; 0 unless it is the first of its orbit.

    First is the one with the largest h, then k, then l, among those whose first non-zero index is positive. The given
    one must be of these.
    """
    h, k, l = np.int64(hkl[0]), np.int64(hkl[1]), np.int64(hkl[2])
    same, order = 0, 0
    for r in rotations:
        order += 1
        a = h * r[0, 0] + k * r[1, 0] + l * r[2, 0]
        b = h * r[0, 1] + k * r[1, 1] + l * r[2, 1]
        c = h * r[0, 2] + k * r[1, 2] + l * r[2, 2]
        if a < 0 or (a == 0 and (b < 0 or (b == 0 and c < 0))):
            a, b, c = -a, -b, -c
        if a == h and b == k and c == l:
            same += 1
        elif a > h or (a == h and (b > k or (b == k and c > l))):
            return 0
    return 2 * order // same
