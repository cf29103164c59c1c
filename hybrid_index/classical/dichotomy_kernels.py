"""The compiled part of :mod:`hybrid_index.classical.dichotomy`: depth-first bisection of a box of reciprocal metrics.

A point of the box is θ = (A, B, C, E, z): the metric, padded with zeros where its system has fewer parameters, and the
zero shift in degrees. A reflection is a row of coefficients with Q = row · (A, B, C, E), of which only the last (hl)
can be negative, so Q is bounded over a box exactly. A line is a row (q, s, c) with Q_true(z) = q − s z + c z²/2,
which falls with z.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.refine.assign import solve_symmetric
from hybrid_index.units import FloatArray

IndexArray = npt.NDArray[np.int64]
RowIndexArray = npt.NDArray[np.int32]

CUBIC, TETRAGONAL, HEXAGONAL, ORTHORHOMBIC, MONOCLINIC = range(5)
"""What the kernels know a family of metrics by."""

N_METRIC, N_SLOTS = 4, 5
_A, _B, _C, _E, _Z = range(N_SLOTS)
SAME_METRIC = 2.0e-3
"""Two metrics are one where no parameter differs by more than this (relative; E relative to √(AC))."""
_INDEXED_WITHIN = 1.5
"""Tolerances within which a line counts as indexed after the fit, which does not bound the single errors."""
_FIT_CYCLES = 3


@kernel
def determinant(family: int, a: float, b: float, c: float, e: float) -> float:
    """Return the determinant of the reciprocal Gram matrix: the inverse square of the conventional volume."""
    if family == CUBIC:
        return a * a * a
    if family == TETRAGONAL:
        return a * a * c
    if family == HEXAGONAL:
        return 0.75 * a * a * c
    if family == ORTHORHOMBIC:
        return a * b * c
    return b * (a * c - 0.25 * e * e)


@kernel
def is_metric(family: int, theta: FloatArray) -> bool:
    """Whether θ is the metric of a lattice (positive definite)."""
    return (
        bool(theta[_A] > 0.0 and theta[_B] >= 0.0)
        and determinant(family, theta[_A], theta[_B], theta[_C], theta[_E]) > 0.0
    )


@kernel
def admit_box(
    family: int, ordered: IndexArray, det_low: float, det_high: float, lo: FloatArray, hi: FloatArray
) -> bool:
    """Shrink a box (in place) to the conventions of its setting and test its volumes; False where nothing is left.

    ``ordered``, shape (n, 2), holds pairs (i, j) with θ_i ≤ θ_j; monoclinic metrics keep 0 ≤ E ≤ min(A, C).
    """
    for p in range(ordered.shape[0]):
        i, j = ordered[p, 0], ordered[p, 1]
        hi[i] = min(hi[i], hi[j])
        lo[j] = max(lo[j], lo[i])
    if family == MONOCLINIC:
        hi[_E] = min(hi[_E], hi[_A], hi[_C])
        lo[_A] = max(lo[_A], lo[_E])
        lo[_C] = max(lo[_C], lo[_E])
    for j in range(N_METRIC):
        if lo[j] > hi[j]:
            return False
    if determinant(family, hi[_A], hi[_B], hi[_C], lo[_E]) < det_low:
        return False
    return determinant(family, lo[_A], lo[_B], lo[_C], hi[_E]) <= det_high


@kernel
def filter_rows(
    rows: FloatArray,
    lines: FloatArray,
    tol: FloatArray,
    n_missing: int,
    lo: FloatArray,
    hi: FloatArray,
    parent: IndexArray,
    child: IndexArray,
    arena: RowIndexArray,
) -> bool:
    """Write behind the parent's lists those of its rows that still reach their line; False if too many lines starve."""
    a0, b0, c0, e0 = lo[_A], lo[_B], lo[_C], lo[_E]
    a1, b1, c1, e1 = hi[_A], hi[_B], hi[_C], hi[_E]
    z0, z1 = lo[_Z], hi[_Z]
    n = tol.size
    top = parent[n]
    missing = 0
    for i in range(n):
        child[i] = top
        q_low = lines[i, 0] - z1 * (lines[i, 1] - 0.5 * z1 * lines[i, 2]) - tol[i]
        q_high = lines[i, 0] - z0 * (lines[i, 1] - 0.5 * z0 * lines[i, 2]) + tol[i]
        for p in range(parent[i], parent[i + 1]):
            row = arena[p]
            ra, rb, rc, re = rows[row, _A], rows[row, _B], rows[row, _C], rows[row, _E]
            if ra * a0 + rb * b0 + rc * c0 + (re * e0 if re > 0.0 else re * e1) > q_high:
                continue
            if ra * a1 + rb * b1 + rc * c1 + (re * e1 if re > 0.0 else re * e0) >= q_low:
                arena[top] = row
                top += 1
        if top == child[i]:
            missing += 1
            if missing > n_missing:
                return False
    child[n] = top
    return True


@kernel
def widest_parameter(
    rows: FloatArray,
    lines: FloatArray,
    tol: FloatArray,
    lo: FloatArray,
    hi: FloatArray,
    start: IndexArray,
    arena: RowIndexArray,
) -> int:
    """Return the parameter that moves some line the most, in units of its tolerance; −1 if none by more than one."""
    reach = np.zeros(N_SLOTS)
    for i in range(tol.size):
        weight = 1.0 / tol[i]
        reach[_Z] = max(reach[_Z], lines[i, 1] * weight)
        for p in range(start[i], start[i + 1]):
            for j in range(N_METRIC):
                reach[j] = max(reach[j], abs(rows[arena[p], j]) * weight)
    widest, most = -1, 1.0
    for j in range(N_SLOTS):
        if reach[j] * (hi[j] - lo[j]) > most:
            widest, most = j, reach[j] * (hi[j] - lo[j])
    return widest


@kernel
def nearest_row(
    rows: FloatArray, theta: FloatArray, line: FloatArray, first: int, last: int, arena: RowIndexArray
) -> tuple[int, float]:
    """Return which row of ``arena[first:last]`` comes nearest to a line at θ, and how near; (−1, inf) if none."""
    q = line[0] - theta[_Z] * (line[1] - 0.5 * theta[_Z] * line[2])
    best, gap = -1, np.inf
    for p in range(first, last):
        row = arena[p]
        delta = abs(
            rows[row, _A] * theta[_A]
            + rows[row, _B] * theta[_B]
            + rows[row, _C] * theta[_C]
            + rows[row, _E] * theta[_E]
            - q
        )
        if delta < gap:
            best, gap = row, delta
    return best, gap


@kernel
def fit_lines(
    rows: FloatArray,
    lines: FloatArray,
    tol: FloatArray,
    active: IndexArray,
    start: IndexArray,
    arena: RowIndexArray,
    theta: FloatArray,
) -> bool:
    """Fit θ (in place) by least squares, each line by the nearest of its rows; False where they do not determine it."""
    m = active.size
    normal = np.empty((N_SLOTS, N_SLOTS))
    right = np.empty(N_SLOTS)
    column = np.empty(N_SLOTS)
    for _ in range(_FIT_CYCLES):
        normal[:] = 0.0
        right[:] = 0.0
        for i in range(tol.size):
            row, _gap = nearest_row(rows, theta, lines[i], start[i], start[i + 1], arena)
            if row < 0:
                continue
            column[:N_METRIC] = rows[row]
            column[_Z] = lines[i, 1] - theta[_Z] * lines[i, 2]
            target = lines[i, 0] - 0.5 * theta[_Z] ** 2 * lines[i, 2]
            weight = 1.0 / tol[i] ** 2
            for j in range(m):
                right[j] += weight * column[active[j]] * target
                for k in range(m):
                    normal[j, k] += weight * column[active[j]] * column[active[k]]
        if not solve_symmetric(normal, right, m):
            return False
        for j in range(m):
            theta[active[j]] = right[j]
    return True


@kernel
def score_metric(
    rows: FloatArray,
    lines: FloatArray,
    tol: FloatArray,
    floor: float,
    start: IndexArray,
    arena: RowIndexArray,
    theta: FloatArray,
) -> float:
    """Return de Wolff's M (doi:10.1107/S002188986800508X) of the lines, times the fraction of them that is indexed."""
    n = tol.size
    n_indexed, total = 0, 0.0
    for i in range(n):
        _row, gap = nearest_row(rows, theta, lines[i], start[i], start[i + 1], arena)
        if gap <= _INDEXED_WITHIN * tol[i]:
            n_indexed += 1
            total += gap
    if n_indexed == 0:
        return 0.0
    q_last = lines[-1, 0] + tol[-1]
    n_possible = 0
    for row in range(rows.shape[0]):
        if (
            rows[row, _A] * theta[_A]
            + rows[row, _B] * theta[_B]
            + rows[row, _C] * theta[_C]
            + rows[row, _E] * theta[_E]
            <= q_last
        ):
            n_possible += 1
    mean_gap = max(total / n_indexed, floor)
    score: float = lines[-1, 0] / (2.0 * mean_gap * max(n_possible, n_indexed)) * n_indexed / n
    return score


@kernel
def keep_metric(theta: FloatArray, score: float, found: FloatArray, scores: FloatArray, n_found: int) -> int:
    """Put θ among the found ones, in place of its twin or of the worst; return how many there are."""
    e_scale = np.sqrt(theta[_A] * max(theta[_C], theta[_A]))
    worst = 0
    for f in range(n_found):
        same = abs(found[f, _E] - theta[_E]) <= SAME_METRIC * e_scale
        for j in range(_E):
            same = same and abs(found[f, j] - theta[j]) <= SAME_METRIC * theta[j]
        if same:
            if score > scores[f]:
                scores[f] = score
                found[f] = theta
            return n_found
        if scores[f] < scores[worst]:
            worst = f
    if n_found < scores.size:
        worst = n_found
        n_found += 1
    elif score <= scores[worst]:
        return n_found
    scores[worst] = score
    found[worst] = theta
    return n_found


@kernel
def bisect(
    family: int,
    ordered: IndexArray,
    active: IndexArray,
    det_low: float,
    det_high: float,
    rows: FloatArray,
    lines: FloatArray,
    tol: FloatArray,
    floor: float,
    n_missing: int,
    lo: FloatArray,
    hi: FloatArray,
    split: IndexArray,
    start: IndexArray,
    arena: RowIndexArray,
    found: FloatArray,
    scores: FloatArray,
    cursor: IndexArray,
    max_boxes: int,
) -> None:
    """Go on with a search for at most ``max_boxes`` boxes, or until ``arena`` must grow; all is changed in place.

    Level d of the stack is a box ``lo[d]``, ``hi[d]`` with, for each line i, the rows that can reach it,
    ``arena[start[d, i]:start[d, i + 1]]``, and ``split[d]`` = (parameter to halve, halves done). A child looks only at
    the rows of its parent. ``cursor`` = (level, boxes done, metrics found); level −1 when the search is over.
    """
    level, n_found = cursor[0], cursor[2]
    n, boxes = tol.size, 0
    theta = np.zeros(N_SLOTS)
    while level >= 0 and boxes < max_boxes and 2 * start[level, n] - start[level, 0] <= arena.size:
        cut, half = split[level]
        if half == 2:
            level -= 1
            continue
        split[level, 1] += 1
        child = level + 1
        lo[child] = lo[level]
        hi[child] = hi[level]
        middle = 0.5 * (lo[level, cut] + hi[level, cut])
        if half == 0:
            hi[child, cut] = middle
        else:
            lo[child, cut] = middle
        if not admit_box(family, ordered, det_low, det_high, lo[child], hi[child]):
            continue
        boxes += 1
        if not filter_rows(rows, lines, tol, n_missing, lo[child], hi[child], start[level], start[child], arena):
            continue
        cut = widest_parameter(rows, lines, tol, lo[child], hi[child], start[child], arena)
        if cut >= 0:
            split[child, 0] = cut
            split[child, 1] = 0
            level = child
            continue
        theta[:] = 0.5 * (lo[child] + hi[child])
        if fit_lines(rows, lines, tol, active, start[child], arena, theta) and is_metric(family, theta):
            score = score_metric(rows, lines, tol, floor, start[child], arena, theta)
            n_found = keep_metric(theta, score, found, scores, n_found)
    cursor[0] = level
    cursor[1] += boxes
    cursor[2] = n_found
