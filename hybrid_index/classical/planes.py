"""Zones of the reciprocal lattice in the manner of ITO: planes in which many low-angle lines lie.

A plane spanned by two lines, Q = h² q₁ + k² q₂ + hk R, has one unknown; every other line proposes values of R, and a
true plane is one that many lines agree on. P. M. de Wolff, Acta Cryst. 11 (1958) 664, doi:10.1107/S0365110X58001791;
J. W. Visser, J. Appl. Cryst. 2 (1969) 89, doi:10.1107/S0021889869006649. Unlike ITO, all planes are scored by the odds
against chance and the search goes on with hundreds of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.refine.assign import solve_symmetric
from hybrid_index.search.windows import LineWindows, bit_count, chance_table, heap_push
from hybrid_index.units import FloatArray

OBLIQUE, RECTANGULAR, RHOMBIC = 0, 1, 2
_MAX_POINTS = 60
_CROSS = np.array([[1, 1], [1, 2], [2, 1], [1, 3], [3, 1]], dtype=np.int64)
_ORDERS = np.array([1.0, 4.0])
_RECTANGLE_INDICES = np.array(
    [[1, 0], [0, 1], [2, 0], [0, 2], [1, 1], [2, 1], [1, 2], [3, 1], [1, 3], [2, 2], [4, 0], [0, 4]], dtype=np.int64
)


@kernel
def plane_points(
    q1: float, q2: float, r: float, kind: int, u: float, v: float, odd: int, q_max: float, points: FloatArray
) -> int:
    """Write the Q of the points (h + u, k + v) of a plane up to *q_max*, one of each symmetric set, unsorted.

    Offsets are 0 or 1/2. A rhombic plane is a rectangle with h + k even, or odd where *odd* is 1. The origin is left
    out. Returns the number of points, −1 if they do not fit.
    """
    n = 0
    det = q1 * q2 - 0.25 * r * r
    if not det > 1e-6 * q1 * q2:
        return -1
    for h in range(int(np.sqrt(q_max * q2 / det)) + 1):
        x = h + u
        mid = r * x / (2.0 * q2)
        disc = mid * mid - (q1 * x * x - q_max) / q2
        if disc < 0.0:
            continue
        root = np.sqrt(disc)
        k_low, k_high = int(np.ceil(-mid - root - v)), int(np.floor(-mid + root - v))
        if kind != OBLIQUE or x == 0.0:
            k_low = max(k_low, 0)
        for k in range(k_low, k_high + 1):
            if kind == RHOMBIC and (h + k) % 2 != odd:
                continue
            y = k + v
            value = q1 * x * x + q2 * y * y + r * x * y
            if value <= 0.0 or value > q_max:
                continue
            if n == points.shape[0]:
                return -1
            points[n] = value
            n += 1
    return n


@kernel
def _plane_score(
    q1: float,
    q2: float,
    r: float,
    kind: int,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    points: FloatArray,
) -> float:
    n = plane_points(q1, q2, r, kind, 0.0, 0.0, 0, q_max, points)
    if n < 2 or n >= odds.shape[1]:
        return 0.0
    mask = 0
    for i in range(n):
        line = table[int(points[i] * bins_per_q)]
        if line:
            mask |= 1 << (line - 1)
    return float(odds[bit_count(mask), n])


@kernel
def refine_plane(row: FloatArray, q: FloatArray, tolerance: FloatArray, q_max: float) -> None:
    """One linear least squares of (q₁, q₂, R) against the lines that the plane explains."""
    q1, q2, r, kind = row[0], row[1], row[2], int(row[3])
    n_free = 3 if kind == OBLIQUE else 2
    normal, rhs, x = np.zeros((8, 8)), np.zeros(8), np.zeros(3)
    h_max = int(np.sqrt(q_max * q2 / (q1 * q2 - 0.25 * r * r))) + 1
    k_max = int(np.sqrt(q_max * q1 / (q1 * q2 - 0.25 * r * r))) + 1
    for i in range(q.shape[0]):
        best, bh, bk = tolerance[i], 0, 0
        for h in range(h_max + 1):
            for k in range(-k_max if kind == OBLIQUE else 0, k_max + 1):
                if kind == RHOMBIC and (h + k) % 2:
                    continue
                gap = abs(q[i] - q1 * h * h - q2 * k * k - r * h * k)
                if gap < best:
                    best, bh, bk = gap, h, k
        if bh or bk:
            x[0], x[1], x[2] = bh * bh, bk * bk, bh * bk
            weight = 1.0 / (tolerance[i] * tolerance[i])
            for a in range(n_free):
                rhs[a] += weight * x[a] * q[i]
                for b in range(a + 1):
                    normal[a, b] += weight * x[a] * x[b]
    if not solve_symmetric(normal, rhs, n_free):
        return
    q1, q2 = rhs[0], rhs[1]
    r = rhs[2] if n_free == 3 else 0.0
    if q1 > 0.0 and q2 > 0.0 and q1 * q2 - 0.25 * r * r > 1e-6 * q1 * q2:
        row[0], row[1], row[2] = q1, q2, r


@kernel
def reduce_plane(row: FloatArray) -> None:
    """Lagrange reduction to 0 ≤ R ≤ q₁ ≤ q₂; rectangles are only ordered."""
    q1, q2, r = row[0], row[1], row[2]
    if row[3] != OBLIQUE:
        if q1 > q2:
            row[0], row[1] = q2, q1
        return
    for _ in range(50):
        if q1 > q2:
            q1, q2 = q2, q1
        m = np.round(r / (2.0 * q1))
        if m == 0.0:
            break
        q2, r = q2 + m * m * q1 - m * r, r - 2.0 * m * q1
    row[0], row[1], row[2] = q1, q2, abs(r)


@kernel
def _oblique_planes(
    q: FloatArray,
    n_base: int,
    q_max: float,
    area_min: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
) -> int:
    size = 0
    points = np.empty(_MAX_POINTS)
    row = np.empty(4)
    for i in range(n_base):
        for order_i in _ORDERS:
            for j in range(n_base):
                for order_j in _ORDERS:
                    q1, q2 = q[i] / order_i, q[j] / order_j
                    if i == j or q1 > q2:
                        continue
                    for m in range(q.shape[0]):
                        if m == i or m == j:
                            continue
                        for c in range(_CROSS.shape[0]):
                            h, k = _CROSS[c, 0], _CROSS[c, 1]
                            r = (q[m] - h * h * q1 - k * k * q2) / (h * k)
                            if abs(r) > 1.3 * q1 or q1 * q2 - 0.25 * r * r < area_min:
                                continue
                            score = _plane_score(q1, q2, abs(r), OBLIQUE, q_max, table, bins_per_q, odds, points)
                            if score > 3.0:
                                row[0], row[1], row[2], row[3] = q1, q2, abs(r), OBLIQUE
                                size = heap_push(scores, rows, size, score, row)
    return size


@kernel
def _rectangular_planes(
    q: FloatArray,
    n_base: int,
    q_max: float,
    area_min: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
) -> int:
    size = 0
    points = np.empty(_MAX_POINTS)
    row = np.empty(4)
    for i in range(n_base):
        for j in range(i + 1, n_base):
            for a in range(_RECTANGLE_INDICES.shape[0]):
                for b in range(_RECTANGLE_INDICES.shape[0]):
                    h1, k1 = _RECTANGLE_INDICES[a, 0] ** 2, _RECTANGLE_INDICES[a, 1] ** 2
                    h2, k2 = _RECTANGLE_INDICES[b, 0] ** 2, _RECTANGLE_INDICES[b, 1] ** 2
                    det = h1 * k2 - h2 * k1
                    if det == 0:
                        continue
                    q1, q2 = (q[i] * k2 - q[j] * k1) / det, (q[j] * h1 - q[i] * h2) / det
                    if q1 <= 0.0 or q2 <= 0.0 or q1 > q2 or q1 * q2 < area_min:
                        continue
                    for kind in (RECTANGULAR, RHOMBIC):
                        score = _plane_score(q1, q2, 0.0, kind, q_max, table, bins_per_q, odds, points)
                        if score > 2.0:
                            row[0], row[1], row[2], row[3] = q1, q2, 0.0, kind
                            size = heap_push(scores, rows, size, score, row)
    return size


@kernel
def _tidy(
    rows: FloatArray,
    scores: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
) -> None:
    points = np.empty(_MAX_POINTS)
    for i in range(rows.shape[0]):
        refine_plane(rows[i], q, tolerance, q_max)
        reduce_plane(rows[i])
        scores[i] = _plane_score(
            rows[i, 0], rows[i, 1], rows[i, 2], int(rows[i, 3]), q_max, table, bins_per_q, odds, points
        )


@kernel
def _distinct(rows: FloatArray, width: float, capacity: int) -> npt.NDArray[np.int64]:
    """Indices of rows (best first) that are no near copy of an earlier one."""
    kept = np.empty(capacity, dtype=np.int64)
    n = 0
    for i in range(rows.shape[0]):
        fresh = True
        for m in range(n):
            other = rows[kept[m]]
            if (
                other[3] == rows[i, 3]
                and abs(other[0] - rows[i, 0]) < width
                and abs(other[1] - rows[i, 1]) < width
                and abs(other[2] - rows[i, 2]) < width
            ):
                fresh = False
                break
        if fresh:
            kept[n] = i
            n += 1
            if n == capacity:
                break
    return kept[:n]


def find_planes(
    windows: LineWindows, *, rectangular: bool, n_planes: int, n_base: int = 12, max_edge_angstrom: float = 100.0
) -> FloatArray:
    """The planes that explain the lines best.

    Returns
    -------
    FloatArray
        Shape (m, 4), best first: q₁, q₂, R (Å⁻²), kind (OBLIQUE, RECTANGULAR or RHOMBIC).
    """
    q, q_max = windows.q, windows.q_max
    odds = chance_table(q, windows.tolerance, _MAX_POINTS, 1.0)
    capacity = 12 * n_planes
    scores, rows = np.empty(capacity), np.empty((capacity, 4))
    search = _rectangular_planes if rectangular else _oblique_planes
    area_min = 1.0 / max_edge_angstrom**4
    size = search(q, min(n_base, q.size), q_max, area_min, windows.table, windows.bins_per_q, odds, scores, rows)
    rows, scores = rows[:size], scores[:size]
    _tidy(rows, scores, q, windows.tolerance, q_max, windows.table, windows.bins_per_q, odds)
    rows = np.ascontiguousarray(rows[np.argsort(-scores, kind="stable")])
    return rows[_distinct(rows, float(np.median(windows.tolerance)), n_planes)]


def halved(planes: FloatArray) -> FloatArray:
    """The planes with one or both (as e₁ + e₂) reciprocal axes halved: what glide planes and screws hide.

    Shape (3 m, 4) for oblique planes, (2 m, 4) for rectangular ones.
    """
    q1, q2, r, kind = planes.T
    if planes.size and kind[0] == OBLIQUE:
        diagonal = (q1 + q2 + r) / 4.0
        new = [
            np.column_stack([q1 / 4, q2, r / 2, kind]),
            np.column_stack([q1, q2 / 4, r / 2, kind]),
            np.column_stack([q1, diagonal, q1 + r / 2, kind]),
        ]
    else:
        new = [np.column_stack([q1 / 4, q2, r, kind]), np.column_stack([q1, q2 / 4, r, kind])]
    rows = np.ascontiguousarray(np.stack(new, axis=1).reshape(-1, 4))
    for row in rows:
        reduce_plane(row)
    return rows
