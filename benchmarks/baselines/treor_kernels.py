"""Trial cells from the indices of base lines, tested and refined: the inner loops of the TREOR-style baseline.

All works on Q = 1/d² (Å⁻²), of which TREOR's sin²θ is a multiple.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from hybrid_index.refine.hkl import EQUAL_Q, fill_reflections
from hybrid_index.units import FloatArray

IntArray = npt.NDArray[np.int64]
HklArray = npt.NDArray[np.int32]

FIRST_LINES, MORE_LINES = 8, 4
"""A trial cell is tested on so many lines first, and on so many more each time that it passes."""
CAPACITY = 600
"""Most reflections up to the last line; a cell with more of them has no merit."""


@njit(cache=True, nogil=True)
def solve(matrix: FloatArray, right: FloatArray, n: int) -> bool:
    """Solve n equations in place, the answer in *right*; false where they are dependent."""
    for i in range(n):
        pivot = i
        for j in range(i + 1, n):
            if abs(matrix[j, i]) > abs(matrix[pivot, i]):
                pivot = j
        if abs(matrix[pivot, i]) < 1e-10:
            return False
        if pivot != i:
            for k in range(n):
                matrix[i, k], matrix[pivot, k] = matrix[pivot, k], matrix[i, k]
            right[i], right[pivot] = right[pivot], right[i]
        for j in range(i + 1, n):
            factor = matrix[j, i] / matrix[i, i]
            if factor != 0.0:
                for k in range(i, n):
                    matrix[j, k] -= factor * matrix[i, k]
                right[j] -= factor * right[i]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            right[i] -= matrix[i, k] * right[k]
        right[i] /= matrix[i, i]
    return True


@njit(cache=True, nogil=True)
def expand(subspace: FloatArray, free: FloatArray, metric: FloatArray) -> None:
    """Write the metric (A..F) that the free parameters of a system stand for."""
    for j in range(6):
        metric[j] = 0.0
        for p in range(free.shape[0]):
            metric[j] += subspace[j, p] * free[p]


@njit(cache=True, nogil=True)
def is_within(metric: FloatArray, limits: FloatArray) -> bool:
    """Whether a metric is a lattice within *limits*: shortest and longest edge, volume, |cosine| of an angle."""
    a, b, c, d, e, f = metric[0], metric[1], metric[2], metric[3], metric[4], metric[5]
    if not (a > 0.0 and b > 0.0 and c > 0.0):
        return False
    bound = 4.0 * limits[3] ** 2
    if d * d > bound * b * c or e * e > bound * a * c or f * f > bound * a * b:
        return False
    det = a * b * c + 0.25 * (d * e * f - a * d * d - b * e * e - c * f * f)
    if not det * limits[2] ** 2 > 1.0:
        return False
    low, high = limits[0] ** 2 * det, limits[1] ** 2 * det
    for minor in (b * c - 0.25 * d * d, a * c - 0.25 * e * e, a * b - 0.25 * f * f):
        if minor < low or minor > high:
            return False
    return True


@njit(cache=True, nogil=True)
def assign(
    metric: FloatArray,
    code: int,
    q: FloatArray,
    tolerance: FloatArray,
    n: int,
    hkl: HklArray,
    q_calc: FloatArray,
    nearest: IntArray,
) -> tuple[int, int]:
    """Write the nearest reflection of each of the first *n* lines (−1: none near enough) into *nearest*.

    Returns
    -------
    int
        Lines that are indexed; 0 where the cell has too many reflections to be tested.
    int
        Reflections up to the last line, in ``hkl`` and ``q_calc``.
    """
    n_calc = fill_reflections(metric, code, q[n - 1] + tolerance[n - 1], hkl, q_calc)
    nearest[:n] = -1
    if n_calc <= 0:
        return 0, 0
    for j in range(n_calc):
        above = np.searchsorted(q[:n], q_calc[j])
        for i in range(max(above - 1, 0), min(above + 1, n)):
            gap = abs(q[i] - q_calc[j])
            if gap < tolerance[i] and (nearest[i] < 0 or gap < abs(q[i] - q_calc[nearest[i]])):
                nearest[i] = j
    return int(np.sum(nearest[:n] >= 0)), n_calc


@njit(cache=True, nogil=True)
def least_squares(
    metric: FloatArray,
    subspace: FloatArray,
    q: FloatArray,
    weight: FloatArray,
    hkl: HklArray,
    nearest: IntArray,
) -> bool:
    """Fit the metric to the indexed lines, with weights whose sum is about 1; false where they do not determine it."""
    n_free = subspace.shape[1]
    normal, right, row = np.zeros((n_free, n_free)), np.zeros(n_free), np.empty(n_free)
    for i in range(q.shape[0]):
        if nearest[i] < 0:
            continue
        h, k, l = float(hkl[nearest[i], 0]), float(hkl[nearest[i], 1]), float(hkl[nearest[i], 2])
        for p in range(n_free):
            row[p] = h * h * subspace[0, p] + k * k * subspace[1, p] + l * l * subspace[2, p]
            row[p] += k * l * subspace[3, p] + h * l * subspace[4, p] + h * k * subspace[5, p]
        for p in range(n_free):
            right[p] += weight[i] * row[p] * q[i]
            for r in range(n_free):
                normal[p, r] += weight[i] * row[p] * row[r]
    if not solve(normal, right, n_free):
        return False
    expand(subspace, right, metric)
    return True


@njit(cache=True, nogil=True)
def merit(q: FloatArray, q_calc: FloatArray, n_calc: int, nearest: IntArray) -> float:
    """De Wolff's M of all lines, those that are not indexed left out of the mean error."""
    total, count = 0.0, 0
    for i in range(q.shape[0]):
        if nearest[i] >= 0:
            total += abs(q[i] - q_calc[nearest[i]])
            count += 1
    if count == 0:
        return 0.0
    ordered = np.sort(q_calc[:n_calc])
    possible, last = 0, -1.0
    for value in ordered:
        if value > q[-1] * (1.0 + 1e-4):
            break
        if value - last > EQUAL_Q * value:
            possible += 1
            last = value
    return float(q[-1] / (2.0 * max(total / count, 1e-9) * max(possible, 1)))


@njit(cache=True, nogil=True)
def refine(
    metric: FloatArray,
    code: int,
    subspace: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    weight: FloatArray,
    cycles: int,
    hkl: HklArray,
    q_calc: FloatArray,
    nearest: IntArray,
) -> tuple[float, int]:
    """Assign and fit in turn, in place; return the figure of merit and how many lines are indexed."""
    n = q.shape[0]
    for _ in range(cycles):
        indexed, _ = assign(metric, code, q, tolerance, n, hkl, q_calc, nearest)
        if indexed == 0 or not least_squares(metric, subspace, q, weight, hkl, nearest):
            return 0.0, 0
    indexed, n_calc = assign(metric, code, q, tolerance, n, hkl, q_calc, nearest)
    if indexed == 0:
        return 0.0, 0
    return merit(q, q_calc, n_calc, nearest), indexed


@njit(cache=True, nogil=True)
def extend(
    metric: FloatArray,
    code: int,
    subspace: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    weight: FloatArray,
    n_use: int,
    missed: int,
    hkl: HklArray,
    q_calc: FloatArray,
    nearest: IntArray,
) -> bool:
    """Test a trial cell on the first lines, fit it to them, and go on to more; false where more than *missed* are left.

    Errors of low lines grow with the angle, so that a cell of base lines alone does not reach the last ones.
    """
    n = min(FIRST_LINES, n_use)
    while True:
        indexed, _ = assign(metric, code, q, tolerance, n, hkl, q_calc, nearest)
        if indexed < n - missed:
            return False
        if n == n_use:
            return True
        if not least_squares(metric, subspace, q[:n], weight, hkl, nearest):
            return False
        n = min(n + MORE_LINES, n_use)


@njit(cache=True, nogil=True)
def keep(metrics: FloatArray, scores: FloatArray, n: int, metric: FloatArray, score: float, indexed: int) -> int:
    """Keep a cell, M20 and its number of lines, unless it is there already; the worst gives way where all is full."""
    for i in range(n):
        if abs(scores[i, 0] - score) < 1e-6 * score and np.max(np.abs(metrics[i] - metric)) < 1e-6 * metric[0]:
            return n
    place = n
    if n == scores.shape[0]:
        place = int(np.argmin(scores[:, 0]))
        if scores[place, 0] >= score:
            return n
    metrics[place] = metric
    scores[place, 0], scores[place, 1] = score, indexed
    return int(min(n + 1, scores.shape[0]))


@njit(cache=True, nogil=True)
def try_base_lines(
    base_q: FloatArray,
    labels: FloatArray,
    n_labels: IntArray,
    code: int,
    subspace: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    weight: FloatArray,
    limits: FloatArray,
    use: int,
    iq: int,
    cycles: int,
    metrics: FloatArray,
    scores: FloatArray,
    n_kept: int,
) -> int:
    """Give the base lines all indices they may have; solve for the cell, test it, refine it, keep it.

    Parameters
    ----------
    base_q
        Shape (p,): Q of the base lines.
    labels, n_labels
        Shapes (p, m, p) and (p,): for each base line the rows that its indices make in the free parameters.
    limits
        Of a cell; see :func:`is_within`.
    metrics, scores, n_kept
        What was kept so far, shapes (c, 6) and (c, 2), and how many.

    Returns
    -------
    int
        How many are kept now.
    """
    n_free = base_q.shape[0]
    hkl, q_calc = np.empty((CAPACITY, 3), dtype=np.int32), np.empty(CAPACITY)
    nearest = np.empty(q.shape[0], dtype=np.int64)
    matrix, right, metric = np.empty((n_free, n_free)), np.empty(n_free), np.empty(6)
    chosen = np.zeros(n_free, dtype=np.int64)
    n_use = min(use, q.shape[0])
    while True:
        for i in range(n_free):
            matrix[i] = labels[i, chosen[i]]
            right[i] = base_q[i]
        if solve(matrix, right, n_free):
            expand(subspace, right, metric)
            if is_within(metric, limits):
                missed = n_use - iq
                if extend(metric, code, subspace, q, tolerance, weight, n_use, missed, hkl, q_calc, nearest):
                    score, indexed = refine(metric, code, subspace, q, tolerance, weight, cycles, hkl, q_calc, nearest)
                    if score > 0.0 and is_within(metric, limits):
                        n_kept = keep(metrics, scores, n_kept, metric, score, indexed)
        last = n_free - 1
        while last >= 0:
            chosen[last] += 1
            if chosen[last] < n_labels[last]:
                break
            chosen[last] = 0
            last -= 1
        if last < 0:
            return n_kept
