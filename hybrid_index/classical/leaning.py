"""From planes to lattices whose layers lean: triclinic, and monoclinic over a plane that holds the unique axis.

Lines are taken for neighbouring points of the first layer, three over an oblique plane, two over a rectangular one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.classical.planes import OBLIQUE, RECTANGULAR, plane_points
from hybrid_index.compiled import kernel
from hybrid_index.lattice import BravaisLattice
from hybrid_index.search.windows import bit_count, heap_push
from hybrid_index.units import FloatArray

_MAX_POINTS = 200

# Points (h, k) of the first layer beside the three, (0, 0), (1, 0) and (0, 1), that a triclinic trial starts from.
_NEIGHBOURS = ((-1, 0), (0, -1), (1, 1), (1, -1), (-1, 1), (2, 0), (0, 2))
# k² of the two lowest points of the first layer, above h = 0 and above h = 1, in each kind of layer.
_RISES = np.array([[[0.0, 1.0], [0.0, 1.0]], [[0.25, 2.25], [0.25, 2.25]], [[0.0, 4.0], [1.0, 9.0]]])
_MP, _MC, _AP = (b.code for b in (BravaisLattice.MP, BravaisLattice.MC, BravaisLattice.AP))


@kernel
def _lattice_score(
    metric: FloatArray,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
) -> float:
    """Odds of a triclinic lattice given by its reciprocal metric."""
    a, b, c, d, e, f = metric[0], metric[1], metric[2], metric[3], metric[4], metric[5]
    a1, b1, f1 = a - e * e / (4.0 * c), b - d * d / (4.0 * c), f - d * e / (2.0 * c)
    if not b1 > 0.0:
        return 0.0
    a2 = a1 - f1 * f1 / (4.0 * b1)
    if not a2 > 1e-3 * a:
        return 0.0
    limit = odds.shape[1]
    mask, n = 0, 0
    for h in range(int(np.sqrt(q_max / a2)) + 1):
        half = f1 * h / (2.0 * b1)
        disc = half * half - (a1 * h * h - q_max) / b1
        if disc < 0.0:
            continue
        root = np.sqrt(disc)
        k_low, k_high = int(np.ceil(-half - root)), int(np.floor(-half + root))
        if h == 0:
            k_low = 0
        for k in range(k_low, k_high + 1):
            rest = a * h * h + b * k * k + f * h * k
            slope = d * k + e * h
            mid = slope / (2.0 * c)
            disc = mid * mid - (rest - q_max) / c
            if disc < 0.0:
                continue
            root = np.sqrt(disc)
            l_low, l_high = int(np.ceil(-mid - root)), int(np.floor(-mid + root))
            if h == 0 and k == 0:
                l_low = 1
            n += l_high - l_low + 1
            if n >= limit:
                return 0.0
            for l in range(l_low, l_high + 1):
                line = table[int((rest + l * (slope + c * l)) * bins_per_q)]
                if line:
                    mask |= 1 << (line - 1)
    return float(odds[bit_count(mask), n])


@kernel
def _neighbours_agree(
    q1: float,
    q2: float,
    f: float,
    c: float,
    d: float,
    e: float,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
) -> bool:
    """Whether at least a third of the next points of the first layer meet lines: most trials stop here."""
    inside, met = 0, 0
    for h, k in _NEIGHBOURS:
        value = c + h * (h * q1 + e) + k * (k * q2 + d) + h * k * f
        if 0.0 < value <= q_max:
            inside += 1
            if table[int(value * bins_per_q)]:
                met += 1
    return 3 * met >= inside


@kernel
def lean_planes(
    planes: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    q_max: float,
    n_base: int,
    height_min: float,
    volume_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
    size: int,
) -> int:
    """Triclinic: take three lines for three neighbouring points of the first layer, over every plane."""
    metric, row = np.empty(6), np.empty(7)
    points = np.empty(_MAX_POINTS)
    free = np.empty(q.shape[0], dtype=np.int64)
    for p in range(planes.shape[0]):
        q1, q2, r = planes[p, 0], planes[p, 1], planes[p, 2]
        n_points = plane_points(q1, q2, r, OBLIQUE, 0.0, 0.0, 0, q_max, points)
        if n_points < 0:
            continue
        n_free = 0
        for i in range(q.shape[0]):
            inside = False
            for m in range(n_points):
                if abs(points[m] - q[i]) < 0.5 * tolerance[i]:
                    inside = True
                    break
            if not inside and n_free < n_base:
                free[n_free] = i
                n_free += 1
        area = q1 * q2 - 0.25 * r * r
        low = max(height_min, 1.0 / (volume_max * volume_max * area))
        metric[0], metric[1], metric[5] = q1, q2, -r
        for x in range(n_free):
            c = q[free[x]]
            for y in range(n_free):
                if y == x:
                    continue
                e = q[free[y]] - c - q1
                for z in range(n_free):
                    if z == x or z == y:
                        continue
                    d = q[free[z]] - c - q2
                    # Height of the layer above the plane: c minus the part within the plane.
                    height = c - (q2 * e * e + q1 * d * d + r * d * e) / (4.0 * area)
                    if height < low:
                        continue
                    if not _neighbours_agree(q1, q2, -r, c, d, e, q_max, table, bins_per_q):
                        continue
                    metric[2], metric[3], metric[4] = c, d, e
                    score = _lattice_score(metric, q_max, table, bins_per_q, odds)
                    if score > 0.0 and (size < scores.shape[0] or score > scores[0]):
                        row[:6] = metric
                        row[6] = _AP
                        size = heap_push(scores, rows, size, score, row)
    return size


@kernel
def _monoclinic_score(
    q1: float,
    q2: float,
    c: float,
    e: float,
    kind: int,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
) -> float:
    """Odds of leaning rectangular layers; *kind* 0: primitive, 1: odd layers offset along b, 2: rhombic."""
    floor = q1 - e * e / (4.0 * c)
    if not floor > 1e-3 * q1:
        return 0.0
    limit = odds.shape[1]
    mask, n = 0, 0
    for h in range(int(np.sqrt(q_max / floor)) + 1):
        mid = e * h / (2.0 * c)
        disc = mid * mid - (q1 * h * h - q_max) / c
        if disc < 0.0:
            continue
        root = np.sqrt(disc)
        l_low, l_high = int(np.ceil(-mid - root)), int(np.floor(-mid + root))
        if h == 0:
            l_low = 0
        for l in range(l_low, l_high + 1):
            base = h * (q1 * h + e * l) + c * l * l
            if kind == 0:
                k, step = 0.0, 1.0
            elif kind == 1:
                k, step = 0.5 * (l % 2), 1.0
            else:
                k, step = 1.0 * (h % 2), 2.0
            if h == 0 and l == 0:
                k = step
            value = base + k * k * q2
            while value <= q_max:
                n += 1
                line = table[int(value * bins_per_q)]
                if line:
                    mask |= 1 << (line - 1)
                k += step
                value = base + k * k * q2
            if n >= limit:
                return 0.0
    return float(odds[bit_count(mask), n])


@kernel
def lean_rectangles(
    planes: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    q_max: float,
    n_base: int,
    height_min: float,
    volume_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
    size: int,
) -> int:
    """Monoclinic: over each rectangular or rhombic plane with b*, two lines make a first layer that leans along a*."""
    row = np.empty(7)
    points = np.empty(_MAX_POINTS)
    free = np.empty(q.shape[0], dtype=np.int64)
    for p in range(planes.shape[0]):
        plane_kind = int(planes[p, 3])
        n_points = plane_points(planes[p, 0], planes[p, 1], 0.0, plane_kind, 0.0, 0.0, 0, q_max, points)
        if n_points < 0:
            continue
        n_free = 0
        for i in range(q.shape[0]):
            inside = False
            for m in range(n_points):
                if abs(points[m] - q[i]) < 0.5 * tolerance[i]:
                    inside = True
                    break
            if not inside and n_free < n_base:
                free[n_free] = i
                n_free += 1
        for swap in range(2):
            q1, q2 = planes[p, swap], planes[p, 1 - swap]
            area = q1 * q2 * (4.0 if plane_kind != RECTANGULAR else 1.0)
            low = max(height_min, 1.0 / (volume_max * volume_max * area))
            # c* + a* ends at another point of the layer, or in a rhombic plane c* + 2 a*.
            lean_max = q1 * (1.02 if plane_kind == RECTANGULAR else 2.04)
            for kind in range(2 if plane_kind == RECTANGULAR else 1):
                layer = 2 if plane_kind != RECTANGULAR else kind
                for x in range(n_free):
                    for rise_x in range(2):
                        c = q[free[x]] - _RISES[layer, 0, rise_x] * q2
                        if c < low:
                            continue
                        for y in range(n_free):
                            if y == x:
                                continue
                            for rise_y in range(2):
                                e = q[free[y]] - _RISES[layer, 1, rise_y] * q2 - c - q1
                                if abs(e) > lean_max or c - e * e / (4.0 * q1) < low:
                                    continue
                                score = _monoclinic_score(q1, q2, c, e, layer, q_max, table, bins_per_q, odds)
                                if score > 0.0 and (size < scores.shape[0] or score > scores[0]):
                                    row[:] = 0.0
                                    if layer == 1:
                                        row[0], row[1], row[2], row[4] = c, 0.25 * q2, q1, e
                                    else:
                                        row[0], row[1], row[2], row[4] = q1, q2, c, e
                                    row[6] = _MP if layer == 0 else _MC
                                    size = heap_push(scores, rows, size, score, row)
    return size
