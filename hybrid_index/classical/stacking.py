"""From planes to lattices with an axis perpendicular to them: monoclinic and orthorhombic.

The layers lie above one another or are offset by half a period, which is what centring is. Each line that is taken
for a point of the first layer proposes a height; heights that several lines agree on are tried.
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
_N_BUCKETS = 512

# Offsets of odd layers that make a Bravais lattice of each kind of plane: u, v, odd.
_OFFSETS = np.array(
    [
        [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.5, 0.5, 0.0]],
        [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.5, 0.5, 0.0]],
        [[0.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ]
)
_N_OFFSETS = np.array([4, 4, 2], dtype=np.int64)
_MP, _MC = BravaisLattice.MP.code, BravaisLattice.MC.code
_OP, _OC, _OI, _OF = (b.code for b in (BravaisLattice.OP, BravaisLattice.OC, BravaisLattice.OI, BravaisLattice.OF))


@kernel
def _as_lattice(plane: FloatArray, offset: int, height: float, row: FloatArray) -> None:
    """Write the conventional reciprocal metric (6) and the lattice code of a stacking into *row* (7,)."""
    q1, q2, r, kind = plane[0], plane[1], plane[2], int(plane[3])
    row[3] = row[4] = row[5] = 0.0
    if kind == OBLIQUE:
        if offset == 0:
            row[0], row[1], row[2], row[4], row[6] = q1, height, q2, r, _MP
            return
        if offset == 2:
            q1, q2 = q2, q1
        elif offset == 3:
            q1, r = q1 + q2 + r, r + 2.0 * q2
        row[0], row[1], row[2], row[4], row[6] = q1 / 4.0, height, q2, r / 2.0, _MC
    elif kind == RECTANGULAR:
        if offset == 0:
            row[0], row[1], row[2], row[6] = q1, q2, height, _OP
        elif offset == 1:
            row[0], row[1], row[2], row[6] = q1 / 4.0, height, q2, _OC
        elif offset == 2:
            row[0], row[1], row[2], row[6] = q2 / 4.0, height, q1, _OC
        else:
            row[0], row[1], row[2], row[6] = q1 / 4.0, q2 / 4.0, height, _OF
    else:
        row[0], row[1], row[2] = q1, q2, height
        row[6] = _OC if offset == 0 else _OI


@kernel
def _match(
    points: FloatArray, base: float, q_max: float, table: npt.NDArray[np.uint8], bins_per_q: float
) -> tuple[int, int]:
    """Lines (a bit mask) that the sorted *points*, raised by *base*, meet up to *q_max*, and the number of points."""
    mask, n = 0, 0
    for p in range(points.shape[0]):
        value = base + points[p]
        if value > q_max:
            break
        n += 1
        line = table[int(value * bins_per_q)]
        if line:
            mask |= 1 << (line - 1)
    return mask, n


@kernel
def _stack_score(
    even: FloatArray,
    odd: FloatArray,
    plane_mask: int,
    plane_n: int,
    height: float,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
) -> float:
    """Odds of a stacking; *even* holds the plane's points (origin first), *odd* those of odd layers, both sorted."""
    mask, n, layer = plane_mask, plane_n, 1
    while layer * layer * height <= q_max:
        met, more = _match(odd if layer % 2 else even, layer * layer * height, q_max, table, bins_per_q)
        mask |= met
        n += more
        if n >= odds.shape[1]:
            return 0.0
        layer += 1
    return float(odds[bit_count(mask), n])


@kernel
def _sort(values: FloatArray, low: float, high: float, counts: npt.NDArray[np.int64], ordered: FloatArray) -> None:
    """Sort *values*, evenly spread between *low* and *high*, into *ordered*: by buckets, then by insertion."""
    n, n_buckets = values.shape[0], counts.shape[0] - 1
    scale = (n_buckets - 1) / (high - low)
    counts[:] = 0
    for value in values:
        counts[int((value - low) * scale) + 1] += 1
    for b in range(1, n_buckets):
        counts[b + 1] += counts[b]
    for value in values:
        b = int((value - low) * scale)
        ordered[counts[b]] = value
        counts[b] += 1
    for i in range(1, n):
        value, j = ordered[i], i
        while j > 0 and ordered[j - 1] > value:
            ordered[j] = ordered[j - 1]
            j -= 1
        ordered[j] = value


@kernel
def stack_planes(
    planes: FloatArray,
    q: FloatArray,
    tolerance: FloatArray,
    q_max: float,
    height_min: float,
    volume_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
    size: int,
) -> int:
    """Try every height over every plane; keep the best lattices (metric, code) in the heap. Returns its size."""
    even_buffer, odd_buffer = np.empty(_MAX_POINTS), np.empty(_MAX_POINTS)
    heights = np.empty(q.shape[0] * (_MAX_POINTS + 1))
    ordered, counts = np.empty_like(heights), np.empty(_N_BUCKETS + 1, dtype=np.int64)
    row = np.empty(7)
    width = 0.0
    for i in range(q.shape[0]):
        width += tolerance[i] / q.shape[0]
    for p in range(planes.shape[0]):
        q1, q2, r, kind = planes[p, 0], planes[p, 1], planes[p, 2], int(planes[p, 3])
        n_even = plane_points(q1, q2, r, kind, 0.0, 0.0, 0, q_max, even_buffer[1:])
        if n_even < 0:
            continue
        even_buffer[0] = 0.0
        even = np.sort(even_buffer[: n_even + 1])
        plane_mask, plane_n = _match(even[1:], 0.0, q_max, table, bins_per_q)
        votes = min(3, max(1, (q.shape[0] - bit_count(plane_mask)) // 3))
        area = q1 * q2 - 0.25 * r * r
        if kind == 2:
            area *= 4.0
        for offset in range(_N_OFFSETS[kind]):
            u, v, parity = _OFFSETS[kind, offset]
            if offset == 0:
                odd = even
            else:
                n_odd = plane_points(q1, q2, r, kind, u, v, int(parity), q_max, odd_buffer)
                if n_odd < 0:
                    continue
                odd = np.sort(odd_buffer[:n_odd])
            low = max(height_min, 1.0 / (volume_max * volume_max * area))
            n = 0
            for i in range(q.shape[0]):
                if offset == 0 and q[i] / 4.0 > low:
                    heights[n] = q[i] / 4.0
                    n += 1
                for m in range(odd.shape[0]):
                    height = q[i] - odd[m]
                    if height <= low:
                        break
                    heights[n] = height
                    n += 1
            if n == 0:
                continue
            _sort(heights[:n], low, q_max, counts, ordered)
            first, last, best, best_height = 0, -1.0, 0.0, -1.0
            for i in range(n):
                # Lines that agree on a height vote for it; one that only two lines propose explains too little.
                while ordered[i] - ordered[first] > 2.0 * width:
                    first += 1
                height = 0.5 * (ordered[i] + ordered[first])
                if i - first + 1 < votes or height - last < 0.25 * width:
                    continue
                last = height
                score = _stack_score(even, odd, plane_mask, plane_n, height, q_max, table, bins_per_q, odds)
                if best > 0.0 and height - best_height > 2.0 * width:
                    if size < scores.shape[0] or best > scores[0]:
                        _as_lattice(planes[p], offset, best_height, row)
                        size = heap_push(scores, rows, size, best, row)
                    best = 0.0
                if score > best:
                    best, best_height = score, height
            if best > 0.0 and (size < scores.shape[0] or best > scores[0]):
                _as_lattice(planes[p], offset, best_height, row)
                size = heap_push(scores, rows, size, best, row)
    return size
