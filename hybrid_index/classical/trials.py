"""Base-line trials in the manner of TREOR, for lattices of one or two parameters (cubic, tetragonal, hexagonal).

One or two low-angle lines are given small indices, the metric is solved exactly, and the odds of the lattice are
counted. P.-E. Werner, L. Eriksson & M. Westdahl, J. Appl. Cryst. 18 (1985) 367, doi:10.1107/S0021889885010512.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice import BravaisLattice, metric_subspace
from hybrid_index.refine.hkl import enumerate_reflections, fill_reflections
from hybrid_index.search.windows import bit_count, heap_push
from hybrid_index.units import FloatArray

_MAX_REFLECTIONS = 1200
_MAX_LAYER_INDEX = 40
_LAYER_LOW = 1.0
"""h² + k² [+ hk] of the lowest lines of a layer."""


@kernel
def _score(
    metric: FloatArray,
    code: int,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    hkl: npt.NDArray[np.int32],
    q_calc: FloatArray,
) -> float:
    n = fill_reflections(metric, code, q_max, hkl, q_calc)
    if n <= 0 or n >= odds.shape[1]:
        return 0.0
    mask = 0
    for j in range(n):
        line = table[int(q_calc[j] * bins_per_q)]
        if line:
            mask |= 1 << (line - 1)
    return float(odds[bit_count(mask), n])


@kernel
def cubic_trials(
    squares: FloatArray,
    code: int,
    q: FloatArray,
    q_max: float,
    n_base: int,
    a_min: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
    size: int,
) -> int:
    """Every line as every h² + k² + l² that the centring allows (*squares*)."""
    hkl, q_calc = np.empty((_MAX_REFLECTIONS, 3), dtype=np.int32), np.empty(_MAX_REFLECTIONS)
    metric, row = np.zeros(6), np.empty(7)
    for i in range(min(n_base, q.shape[0])):
        for square in squares:
            a = q[i] / square
            if a < a_min:
                continue
            metric[0] = metric[1] = metric[2] = a
            score = _score(metric, code, q_max, table, bins_per_q, odds, hkl, q_calc)
            if score > 0.0:
                row[:6] = metric
                row[6] = code
                size = heap_push(scores, rows, size, score, row)
    return size


@kernel
def _uniaxial_score(
    a: float,
    c: float,
    layers: FloatArray,
    q_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
) -> float:
    """Odds of a lattice whose reflections are m a + l² c; row l (modulo their number) of *layers* holds its m."""
    mask, n, l = 0, 0, 0
    while l * l * c <= q_max:
        base = l * l * c
        layer = layers[l % layers.shape[0]]
        for m in layer:
            value = base + m * a
            if value > q_max:
                break
            if value == 0.0:
                continue
            n += 1
            line = table[int(value * bins_per_q)]
            if line:
                mask |= 1 << (line - 1)
        if n >= odds.shape[1]:
            return 0.0
        l += 1
    return float(odds[bit_count(mask), n])


@kernel
def uniaxial_trials(
    squares: FloatArray,
    layers: FloatArray,
    cross: float,
    code: int,
    q: FloatArray,
    q_max: float,
    n_base: int,
    a_min: float,
    volume_max: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    rows: FloatArray,
    size: int,
) -> int:
    """Every pair of base lines as every pair of (h² + k² [+ hk], l²) in *squares* (m, 2); *cross* is F/A.

    Where c is much shorter than a, no base line may tell it. So lines beyond are tried as well, as the lowest ones of a
    layer over a base line in the plane. *layers* as :func:`layer_squares` gives them.
    """
    row = np.zeros(7)
    n = min(n_base, q.shape[0])
    density_min = 1.0 / (volume_max * volume_max)
    for i in range(n):
        for j in range(i + 1, q.shape[0]):
            for x in range(squares.shape[0]):
                if j >= n and squares[x, 1] > 0.0:
                    continue
                for y in range(squares.shape[0]):
                    if j >= n and (squares[y, 1] == 0.0 or squares[y, 0] > _LAYER_LOW):
                        continue
                    det = squares[x, 0] * squares[y, 1] - squares[y, 0] * squares[x, 1]
                    if det == 0.0:
                        continue
                    a = (q[i] * squares[y, 1] - q[j] * squares[x, 1]) / det
                    c = (q[j] * squares[x, 0] - q[i] * squares[y, 0]) / det
                    if a < a_min or c < a_min or a * a * c < density_min:
                        continue
                    score = _uniaxial_score(a, c, layers, q_max, table, bins_per_q, odds)
                    if score > 0.0 and (size < scores.shape[0] or score > scores[0]):
                        row[0] = row[1] = a
                        row[2], row[5], row[6] = c, cross * a, code
                        size = heap_push(scores, rows, size, score, row)
    return size


@functools.cache
def layer_squares(lattice: BravaisLattice) -> FloatArray:
    """The h² + k² (tetragonal) or h² + hk + k² (hexagonal axes) that layer l = 0, 1, … of a lattice holds.

    Shape (period, n), ascending: the layers repeat. Enough for any trial lattice that is not refused for having too
    many reflections.
    """
    h, k = np.mgrid[0:_MAX_LAYER_INDEX, 0:_MAX_LAYER_INDEX]
    squares = h * h + k * k + (h * k if lattice.value[0] == "h" else 0)
    squares = np.unique(squares[squares < _MAX_LAYER_INDEX**2])
    if lattice is BravaisLattice.TI:  # h + k + l even
        layers = [squares[squares % 2 == 0], squares[squares % 2 == 1]]
    elif lattice is BravaisLattice.HR:  # −h + k + l a multiple of three; m and (h − k)² agree modulo three
        layers = [squares[squares % 3 == 0], squares[squares % 3 == 1], squares[squares % 3 == 1]]
    else:
        layers = [squares]
    n = min(len(layer) for layer in layers)
    return np.array([layer[:n] for layer in layers], dtype=np.float64)


@functools.cache
def index_squares(lattice: BravaisLattice, *, limit: float) -> FloatArray:
    """What multiplies the free parameters in Q for the low reflections of a lattice, distinct, shape (m, n_free).

    *limit* is the largest Q of a lattice with unit reciprocal axes.
    """
    subspace = metric_subspace(lattice)
    reflections = enumerate_reflections(subspace.sum(axis=1), lattice, limit)
    h, k, l = reflections.hkl.astype(np.float64).T
    products = np.column_stack([h * h, k * k, l * l, k * l, h * l, h * k])
    return np.unique(np.round(products @ subspace), axis=0)
