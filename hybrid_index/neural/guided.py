"""Trial lattices from probable labels: base lines and their indices are drawn as the network believes them.

Like base-line trials, but no index is tried more often than it is probable: a few thousand draws do what an exhaustive
search needs millions for. Each draw labels as many independent lines as the lattice has parameters, solves for these
exactly, and is scored by the odds against chance over all lines.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import fast_kernel, kernel
from hybrid_index.random_stream import State, uniform
from hybrid_index.refine.hkl import fill_reflections
from hybrid_index.search.windows import bit_count, heap_push
from hybrid_index.units import FloatArray

_MAX_REFLECTIONS = 1200
_DEPENDENT = 1e-4
"""A row with less than this share of its square outside the rows before it adds nothing to them."""
_FLAT = 1.05
"""Margin (of squares) by which reciprocal axes must span an angle."""


@kernel
def _place(running: FloatArray, x: float) -> int:
    """First place of a running sum that exceeds *x*."""
    low, high = 0, running.shape[0] - 1
    while low < high:
        middle = (low + high) >> 1
        if running[middle] <= x:
            low = middle + 1
        else:
            high = middle
    return low


@fast_kernel
def _solve(system: FloatArray) -> bool:
    """Solve k equations (k, k + 1) in place by Gauss and Jordan; the last column becomes the solution."""
    k = system.shape[0]
    for c in range(k):
        pivot = c
        for i in range(c + 1, k):
            if abs(system[i, c]) > abs(system[pivot, c]):
                pivot = i
        if abs(system[pivot, c]) < 1e-9:
            return False
        for j in range(c, k + 1):
            system[c, j], system[pivot, j] = system[pivot, j], system[c, j]
        for i in range(k):
            if i != c and system[i, c] != 0.0:
                factor = system[i, c] / system[c, c]
                for j in range(c, k + 1):
                    system[i, j] -= factor * system[c, j]
    for i in range(k):
        system[i, k] /= system[i, i]
    return True


@fast_kernel
def _draw_equations(
    state: State,
    rows: FloatArray,
    label_running: FloatArray,
    line_running: FloatArray,
    q: FloatArray,
    used: npt.NDArray[np.bool_],
    outside: FloatArray,
    system: FloatArray,
) -> bool:
    """Draw lines and labels until their rows determine all parameters; False if that does not come about."""
    n_lines, k = line_running.shape[0], rows.shape[1]
    used[:] = False
    found, attempts = 0, 0
    while found < k:
        attempts += 1
        if attempts > 4 * k:
            return False
        line = _place(line_running, uniform(state) * line_running[n_lines - 1])
        if used[line]:
            continue
        label = _place(label_running[line], uniform(state))
        whole = 0.0
        for j in range(k):
            outside[found, j] = rows[label, j]
            whole += rows[label, j] * rows[label, j]
        for i in range(found):  # Gram–Schmidt
            along, square = 0.0, 0.0
            for j in range(k):
                along += outside[found, j] * outside[i, j]
                square += outside[i, j] * outside[i, j]
            for j in range(k):
                outside[found, j] -= along / square * outside[i, j]
        left = 0.0
        for j in range(k):
            left += outside[found, j] * outside[found, j]
        if left < _DEPENDENT * whole:
            continue
        used[line] = True
        for j in range(k):
            system[found, j] = rows[label, j]
        system[found, k] = q[line]
        found += 1
    return True


@fast_kernel
def _is_lattice(m: FloatArray, least_determinant: float) -> bool:
    a, b, c, d, e, f = m[0], m[1], m[2], m[3], m[4], m[5]
    if a <= 0.0 or b <= 0.0 or c <= 0.0:
        return False
    if 4.0 * b * c <= _FLAT * d * d or 4.0 * a * c <= _FLAT * e * e or 4.0 * a * b <= _FLAT * f * f:
        return False
    return bool(a * b * c + (d * e * f - a * d * d - b * e * e - c * f * f) / 4.0 > least_determinant)


@kernel
def guided_trials(
    seed: np.uint64,
    n_trials: int,
    code: int,
    subspace: FloatArray,
    rows: FloatArray,
    label_running: FloatArray,
    line_running: FloatArray,
    q: FloatArray,
    q_max: float,
    least_determinant: float,
    table: npt.NDArray[np.uint8],
    bins_per_q: float,
    odds: FloatArray,
    scores: FloatArray,
    pool: FloatArray,
    size: int,
) -> int:
    """Draw lattices of one Bravais lattice (*code*) and keep the best in a heap; returns its size.

    Parameters
    ----------
    seed, n_trials
        Of the draws, and their number.
    code, subspace
        Bravais lattice and its matrix (6, k) from free parameters to the reciprocal metric.
    rows
        Float (K, k), what multiplies the free parameters in Q under each label.
    label_running
        (n, K): for each line the running sum of the labels' probabilities, ending in 1.
    line_running
        (n,): running sum of how readily each line is taken.
    q
        (n,) Q of the lines in Å⁻².
    q_max, table, bins_per_q
        See :class:`hybrid_index.search.windows.LineWindows`.
    least_determinant
        Of the reciprocal metric, Å⁻⁶: limits the volume.
    odds
        See :func:`hybrid_index.search.windows.chance_table`.
    scores, pool, size
        The heap (capacity,), (capacity, 7) and what it holds.
    """
    k = rows.shape[1]
    state = np.array([seed], dtype=np.uint64)
    used = np.zeros(line_running.shape[0], dtype=np.bool_)
    outside, system = np.zeros((k, k)), np.zeros((k, k + 1))
    hkl, q_calc = np.empty((_MAX_REFLECTIONS, 3), dtype=np.int32), np.empty(_MAX_REFLECTIONS)
    metric, row = np.zeros(6), np.empty(7)
    for _ in range(n_trials):
        if not _draw_equations(state, rows, label_running, line_running, q, used, outside, system):
            continue
        if not _solve(system):
            continue
        for i in range(6):
            metric[i] = 0.0
            for j in range(k):
                metric[i] += subspace[i, j] * system[j, k]
        if not _is_lattice(metric, least_determinant):
            continue
        n = fill_reflections(metric, code, q_max, hkl, q_calc)
        if n <= 0 or n >= odds.shape[1]:
            continue
        mask = 0
        for j in range(n):
            line = table[int(q_calc[j] * bins_per_q)]
            if line:
                mask |= 1 << (line - 1)
        score = odds[bit_count(mask), n]
        if score > 0.0 and (size < scores.shape[0] or score > scores[0]):
            row[:6] = metric
            row[6] = code
            size = heap_push(scores, pool, size, score, row)
    return size
