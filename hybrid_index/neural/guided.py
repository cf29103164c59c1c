"""Trial lattices from probable labels: base lines and their indices are drawn as the network believes them.

Like base-line trials, but no index is tried more often than it is probable: a few thousand draws do what an exhaustive
search needs millions for. Each draw chooses a reading of the list, labels by it as many independent lines as the
lattice has parameters, solves for these exactly, and is scored by the odds against chance over all lines. Most draws
keep all but one of the equations of an earlier one that went well: it is mostly a single label that is wrong. Some
suppose that a line, however far out, is the first of a layer: where one axis is short, the lines that are labelled are
often all of the plane across it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import fast_kernel, kernel
from hybrid_index.lattice import reciprocal
from hybrid_index.random_stream import State, uniform
from hybrid_index.refine.hkl import fill_reflections
from hybrid_index.search.windows import bit_count, heap_push
from hybrid_index.units import FloatArray

DEPENDENT = 1e-4
"""A row with less than this share of its square outside the rows before it adds nothing to them."""
SAME_VOLUME = 0.01
"""Lattices that meet the same lines and differ less in volume are one."""
_MASK, _DETERMINANT, _READING, _DRAWN = 7, 8, 9, 10
"""Columns of what is kept of a trial, after metric and code; lines and labels come last."""
FEWEST_PARENTS = 4
"""Good trials there must be before any is changed."""
FLAT = 1.05
"""Margin (of squares) by which reciprocal axes must span an angle."""
_determinant = fast_kernel(reciprocal.determinant)


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
def _add_equation(rows: FloatArray, label: int, q: float, found: int, solved: FloatArray) -> bool:
    """Take the equation of a label and a line's Q as number *found*, if it does not depend on those before.

    Gram and Schmidt: *solved* (k, k + 2) holds the part of each row that is at right angles to those before, what that
    part gives, and its square.
    """
    k = rows.shape[1]
    whole, left = 0.0, 0.0
    for j in range(k):
        solved[found, j] = rows[label, j]
        whole += rows[label, j] * rows[label, j]
    solved[found, k] = q
    for i in range(found):
        along = 0.0
        for j in range(k):
            along += rows[label, j] * solved[i, j]
        along /= solved[i, k + 1]
        for j in range(k + 1):
            solved[found, j] -= along * solved[i, j]
    for j in range(k):
        left += solved[found, j] * solved[found, j]
    solved[found, k + 1] = left
    return left >= DEPENDENT * whole


@fast_kernel
def _draw_equations(
    state: State,
    rows: FloatArray,
    label_running: FloatArray,
    line_running: FloatArray,
    q: FloatArray,
    solved: FloatArray,
    drawn: npt.NDArray[np.int64],
    found: int,
) -> bool:
    """Draw lines and labels, after the first *found* of *drawn*, until their rows determine all parameters."""
    n_lines, k = line_running.shape[0], rows.shape[1]
    attempts = 0
    while found < k:
        attempts += 1
        if attempts > 4 * k:
            return False
        line = _place(line_running, uniform(state) * line_running[n_lines - 1])
        for i in range(found):
            if drawn[i, 0] == line:
                break
        else:
            label = _place(label_running[line], uniform(state))
            if _add_equation(rows, label, q[line], found, solved):
                drawn[found, 0], drawn[found, 1] = line, label
                found += 1
    return True


@fast_kernel
def _inherit(
    parent: FloatArray,
    dropped: int,
    rows: FloatArray,
    q: FloatArray,
    solved: FloatArray,
    drawn: npt.NDArray[np.int64],
) -> int:
    """Take all equations of an earlier trial but one; returns how many."""
    k, found = rows.shape[1], 0
    for i in range(k):
        if i != dropped:
            drawn[found, 0], drawn[found, 1] = int(parent[_DRAWN + i]), int(parent[_DRAWN + k + i])
            _add_equation(rows, drawn[found, 1], q[drawn[found, 0]], found, solved)
            found += 1
    return found


@fast_kernel
def _fill_metric(subspace: FloatArray, solved: FloatArray, metric: FloatArray) -> None:
    """The metric that solves all equations."""
    k = solved.shape[0]
    metric[:] = 0.0
    for j in range(k):
        parameter = 0.0
        for i in range(k):
            parameter += solved[i, k] / solved[i, k + 1] * solved[i, j]
        for m in range(6):
            metric[m] += subspace[m, j] * parameter


@fast_kernel
def _is_lattice(m: FloatArray, least_determinant: float) -> bool:
    a, b, c, d, e, f = m[0], m[1], m[2], m[3], m[4], m[5]
    if a <= 0.0 or b <= 0.0 or c <= 0.0:
        return False
    if 4.0 * b * c <= FLAT * d * d or 4.0 * a * c <= FLAT * e * e or 4.0 * a * b <= FLAT * f * f:
        return False
    return bool(_determinant(a, b, c, d, e, f) > least_determinant)


@fast_kernel
def _is_known(kept: FloatArray, size: int, mask: int, determinant: float) -> bool:
    """Whether a lattice that meets the same lines with the same volume is kept already."""
    for i in range(size):
        if kept[i, _MASK] == mask and abs(kept[i, _DETERMINANT] - determinant) < SAME_VOLUME * determinant:
            return True
    return False


@kernel
def guided_trials(
    seed: np.uint64,
    n_trials: int,
    code: int,
    subspace: FloatArray,
    rows: FloatArray,
    reading_running: FloatArray,
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
    axes: npt.NDArray[np.int64],
    changed: float,
    layered: float,
) -> int:
    """Draw lattices of one Bravais lattice (*code*) and keep the best in a heap; returns their number.

    Parameters
    ----------
    seed, n_trials
        Of the draws, and their number.
    code, subspace
        Bravais lattice and its matrix (6, k) from free parameters to the reciprocal metric.
    rows
        Float (K, k), what multiplies the free parameters in Q under each label.
    reading_running
        (R,): running sum of the readings' probabilities, ending in 1.
    label_running
        (R, n, K): in each reading, for each line, the running sum of the labels' probabilities, ending in 1.
    line_running
        (R, n): in each reading the running sum of how readily each line is taken.
    q
        (m,) Q of the lines in Å⁻², m ≥ n.
    q_max, table, bins_per_q
        See :class:`hybrid_index.search.windows.LineWindows`.
    least_determinant
        Of the reciprocal metric, Å⁻⁶: limits the volume.
    odds
        See :func:`hybrid_index.search.windows.chance_table`.
    scores, pool
        The heap (capacity,), (capacity, 7), filled here.
    axes
        Labels of the first orders of the axes.
    changed, layered
        Share of the trials that change one equation of a good one; share of the others that suppose a line to be the
        first order of an axis.
    """
    k, size = rows.shape[1], 0
    state = np.array([seed], dtype=np.uint64)
    drawn = np.empty((k, 2), dtype=np.int64)
    kept = np.empty((scores.shape[0], _DRAWN + 2 * k))
    solved = np.zeros((k, k + 2))
    hkl, q_calc = np.empty((odds.shape[1] - 1, 3), dtype=np.int32), np.empty(odds.shape[1] - 1)
    metric, row = np.zeros(6), np.empty(_DRAWN + 2 * k)
    for _ in range(n_trials):
        if size >= FEWEST_PARENTS and uniform(state) < changed:
            parent = kept[int(uniform(state) * size)]
            r, found = int(parent[_READING]), _inherit(parent, int(uniform(state) * k), rows, q, solved, drawn)
        else:
            r, found = _place(reading_running, uniform(state)), 0
            if axes.shape[0] > 0 and uniform(state) < layered:
                drawn[0, 0], drawn[0, 1] = int(uniform(state) * q.shape[0]), axes[int(uniform(state) * axes.shape[0])]
                _add_equation(rows, drawn[0, 1], q[drawn[0, 0]], 0, solved)
                found = 1
        if not _draw_equations(state, rows, label_running[r], line_running[r], q, solved, drawn, found):
            continue
        _fill_metric(subspace, solved, metric)
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
            determinant = _determinant(metric[0], metric[1], metric[2], metric[3], metric[4], metric[5])
            if _is_known(kept, size, mask, determinant):
                continue
            row[:6] = metric
            row[6], row[_MASK], row[_DETERMINANT], row[_READING] = code, mask, determinant, r
            row[_DRAWN : _DRAWN + k], row[_DRAWN + k :] = drawn[:, 0], drawn[:, 1]
            size = heap_push(scores, kept, size, score, row)
    pool[:size] = kept[:size, :7]
    return size
