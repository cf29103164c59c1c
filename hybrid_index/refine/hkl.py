"""All reflections of a lattice up to a Q limit, without duplicates: the enumerator everything else counts with.

The three nested index ranges are exact (Schur complements of the reciprocal metric), so skewed and very flat cells
cost no more than compact ones and nothing is missed. Indices run over an asymmetric unit of the lattice's holohedry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice
from hybrid_index.lattice.reciprocal import determinant, minors
from hybrid_index.units import FloatArray

EQUAL_Q = 1.0e-9
"""Relative difference in Q below which two reflections are one line by symmetry, not by accident."""

# Codes of BravaisLattice, in the order of its definition.
_CF, _TP, _TI, _HP, _HR, _OP = 2, 3, 4, 5, 6, 7
_OC, _OI, _OF, _MP, _MC, _AP = 8, 9, 10, 11, 12, 13


@kernel
def is_allowed(code: int, h: int, k: int, l: int) -> bool:
    """Whether the centring of lattice *code* lets the reflection hkl exist."""
    if code == 1 or code == _TI or code == _OI:
        return (h + k + l) % 2 == 0
    if code == _CF or code == _OF:
        return (h + k) % 2 == 0 and (k + l) % 2 == 0
    if code == _OC or code == _MC:
        return (h + k) % 2 == 0
    if code == _HR:
        return (-h + k + l) % 3 == 0
    return True


@kernel
def multiplicity_of(code: int, h: int, k: int, l: int) -> int:
    """Number of reflections that the holohedry of lattice *code* makes of one in its asymmetric unit."""
    if code == _AP:
        return 2
    if code >= _MP:
        return 2 if k == 0 or (h == 0 and l == 0) else 4
    if code >= _OP:
        return (1 + (h != 0)) * (1 + (k != 0)) * (1 + (l != 0))
    if code == _HR and h != k and l != 0:
        if h == 0 or k == 0:
            return 6
        return 12
    if code >= _HP:
        ring = 1 if h == 0 and k == 0 else (6 if k == 0 or h == 0 or h == k else 12)
        return ring * (1 + (l != 0))
    if code >= _TP:
        ring = 1 if h == 0 and k == 0 else (4 if k == 0 or h == k else 8)
        return ring * (1 + (l != 0))
    signs = (1 + (h != 0)) * (1 + (k != 0)) * (1 + (l != 0))
    if h == k and k == l:
        return signs
    if h == k or k == l:
        return 3 * signs
    return 6 * signs


@kernel
def fill_reflections(metric: FloatArray, code: int, q_max: float, hkl: npt.NDArray[np.int32], q: FloatArray) -> int:
    """Write the unique reflections of a lattice with 0 < Q ≤ *q_max* into *hkl* (m, 3) and *q* (m,), unsorted.

    Returns
    -------
    int
        How many there are; −1 if they do not fit or the metric is not positive definite.
    """
    a, b, c, d, e, f = metric[0], metric[1], metric[2], metric[3], metric[4], metric[5]
    if not (a > 0.0 and b > 0.0 and c > 0.0):
        return -1
    a1 = a - e * e / (4.0 * c)
    b1 = b - d * d / (4.0 * c)
    f1 = f - d * e / (2.0 * c)
    if not b1 > 0.0:
        return -1
    a2 = a1 - f1 * f1 / (4.0 * b1)
    if not a2 > 1e-9 * a:
        return -1
    slack = q_max * (1.0 + 1e-12)
    triclinic, monoclinic = code == _AP, code == _MP or code == _MC
    ladder = code < _OP
    cubic = code < _TP
    capacity = q.shape[0]
    n = 0
    for h in range(int(np.sqrt(slack / a2)) + 1):
        half = f1 * h / (2.0 * b1)
        disc = half * half - (a1 * h * h - slack) / b1
        if disc < 0.0:
            continue
        root = np.sqrt(disc)
        k_low, k_high = int(np.ceil(-half - root)), int(np.floor(-half + root))
        if not triclinic or h == 0:
            k_low = max(k_low, 0)
        if ladder:
            k_high = min(k_high, h)
        for k in range(k_low, k_high + 1):
            rest = a * h * h + b * k * k + f * h * k
            slope = d * k + e * h
            mid = slope / (2.0 * c)
            disc = mid * mid - (rest - slack) / c
            if disc < 0.0:
                continue
            root = np.sqrt(disc)
            l_low, l_high = int(np.ceil(-mid - root)), int(np.floor(-mid + root))
            if not (triclinic or monoclinic) or (h == 0 and (monoclinic or k == 0)):
                l_low = max(l_low, 0)
            if cubic:
                l_high = min(l_high, k)
            for l in range(l_low, l_high + 1):
                value = rest + l * (slope + c * l)
                if value > slack or (h == 0 and k == 0 and l == 0):
                    continue
                if is_allowed(code, h, k, l):
                    if n == capacity:
                        return -1
                    hkl[n, 0], hkl[n, 1], hkl[n, 2] = h, k, l
                    q[n] = value
                    n += 1
                if code == _HR and h != k and l != 0 and is_allowed(code, k, h, l):
                    if n == capacity:
                        return -1
                    hkl[n, 0], hkl[n, 1], hkl[n, 2] = k, h, l
                    q[n] = value
                    n += 1
    return n


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reflections:
    """Reflections ascending in Q: ``hkl`` (n, 3), ``q`` (n,) in Å⁻², ``multiplicity`` (n,)."""

    hkl: npt.NDArray[np.int32]
    q: FloatArray
    multiplicity: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.q.size)


def enumerate_reflections(
    metric: npt.ArrayLike, lattice: BravaisLattice, q_max: float, *, merge_equal_q: bool = False
) -> Reflections:
    """All unique reflections of a lattice with 0 < Q ≤ *q_max*.

    Parameters
    ----------
    metric
        Reciprocal metric (A..F) of the conventional cell, Å⁻².
    lattice
        Bravais lattice: decides the asymmetric unit, the centring condition and the multiplicities.
    q_max
        Limit in Å⁻².
    merge_equal_q
        Make one line, with the multiplicities added, of reflections whose Q agree by symmetry of the metric
        (cubic 333 and 511): what a powder pattern can show.

    Raises
    ------
    InputError
        If the metric is not positive definite or would give more than ten million reflections.
    """
    values = np.ascontiguousarray(metric, dtype=np.float64)
    capacity = reflection_capacity(values, q_max)
    found, hkl, q, multiplicity = listed_reflections(values, lattice.code, float(q_max), merge_equal_q, capacity)
    if not found:
        raise InputError(f"the metric {values.tolist()} is not that of a lattice (not positive definite)")
    return Reflections(hkl=hkl, q=q, multiplicity=multiplicity)


@kernel
def listed_reflections(
    metric: FloatArray, code: int, q_max: float, merge_equal_q: bool, capacity: int
) -> tuple[bool, npt.NDArray[np.int32], FloatArray, npt.NDArray[np.int64]]:
    """Whether there is such a lattice, and its reflections in order, with multiplicities."""
    hkl, q = np.empty((capacity, 3), dtype=np.int32), np.empty(capacity)
    count = fill_reflections(metric, code, q_max, hkl, q)
    n = max(count, 0)
    order = np.argsort(q[:n], kind="mergesort")
    hkl_listed, q_listed = np.empty((n, 3), dtype=np.int32), np.empty(n)
    multiplicity = np.zeros(n, dtype=np.int64)
    m = 0
    for i in order:
        if not (merge_equal_q and m and q[i] - q_listed[m - 1] <= EQUAL_Q * q[i]):
            hkl_listed[m] = hkl[i]
            q_listed[m] = q[i]
            m += 1
        multiplicity[m - 1] += multiplicity_of(code, hkl[i, 0], hkl[i, 1], hkl[i, 2])
    return count >= 0, hkl_listed[:m], q_listed[:m], multiplicity[:m]


def reflection_capacity(metric: FloatArray, q_max: float) -> int:
    """Room that is enough for all reflections of a half sphere.

    Raises
    ------
    InputError
        If the metric would give more than ten million reflections, or is none.
    """
    expected = expected_count(metric, q_max)
    if not math.isfinite(expected) or expected > 1e7:
        raise InputError(f"the metric {metric.tolist()} gives no finite number of reflections up to Q = {q_max:g} Å⁻²")
    return int(1.5 * expected) + 1000


def expected_count(metric: FloatArray, q_max: float) -> float:
    """Half the lattice points in the sphere, and a surface term for flat cells; NaN if there is no such lattice."""
    det, squares = determinant(*metric.tolist()), minors(*metric.tolist())
    if not (math.isfinite(det) and det > 0.0 and min(squares) > 0.0):
        return math.nan
    if not q_max > 0.0:
        return 0.0
    u, v, w = (math.sqrt(q_max * square / det) for square in squares)
    return float(2.0 / 3.0 * math.pi * q_max**1.5 / math.sqrt(det) + 4.0 * (u * v + v * w + u * w))
