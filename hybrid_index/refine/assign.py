"""Assign–solve–iterate: the inner loop of the refiner and of every search engine.

Start from a lattice; give each observed line its nearest reflection; solve the linear least squares for the free
metric parameters and the zero shift (Q is linear in both); repeat with tighter windows until nothing changes.
Lines that no reflection comes near take no part, so impurities do not pull.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice import BRAVAIS_LATTICES, metric_subspace
from hybrid_index.lattice.kernels import PRIMITIVE
from hybrid_index.merit import evidence_bits, place_of
from hybrid_index.refine.absences import N_CONDITIONS, broken_conditions
from hybrid_index.refine.hkl import fill_reflections
from hybrid_index.units import FloatArray

MAX_REFLECTIONS = 6000
"""Room for the reflections of one trial lattice; a lattice that needs more explains lines by chance."""

N_FREE = np.array([metric_subspace(b).shape[1] for b in BRAVAIS_LATTICES], dtype=np.int64)
SUBSPACES = np.zeros((14, 6, 6))
for _i, _b in enumerate(BRAVAIS_LATTICES):
    SUBSPACES[_i, :, : N_FREE[_i]] = metric_subspace(_b)

WINDOWS = np.array([5.0, 4.0, 3.5, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0, 3.0])
SLACK = np.array([1.0, 0.5, 0.25, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
"""Half widths of the windows step by step: uncertainties of a line, and shares of the slack that shifts may need."""
LEAST_PIVOT = 1e-14
"""Square of a pivot, as a share of its diagonal element, below which lines do not determine a parameter."""
MARGIN = 1.02
"""Reflections are made so many times as far as the last line."""
LEAST_Q = 1e-9
"""Å⁻²; a line that a shift would move beyond the direct beam stays here, where no reflection is."""
FAILED = -1.0e9
"""Evidence of a start that led nowhere."""


@kernel
def solve_symmetric(matrix: FloatArray, rhs: FloatArray, n: int) -> bool:
    """Solve the positive definite system of size *n* in place by Cholesky; the solution replaces *rhs*."""
    for i in range(n):
        for j in range(i + 1):
            s = matrix[i, j]
            for m in range(j):
                s -= matrix[i, m] * matrix[j, m]
            if i == j:
                if not s > LEAST_PIVOT * abs(matrix[i, i]):
                    return False
                matrix[i, i] = np.sqrt(s)
            else:
                matrix[i, j] = s / matrix[j, j]
    for i in range(n):
        s = rhs[i]
        for m in range(i):
            s -= matrix[i, m] * rhs[m]
        rhs[i] = s / matrix[i, i]
    for i in range(n - 1, -1, -1):
        s = rhs[i]
        for m in range(i + 1, n):
            s -= matrix[m, i] * rhs[m]
        rhs[i] = s / matrix[i, i]
    return True


@kernel
def nearest_reflections(
    q_line: FloatArray, n_lines: int, q_calc: FloatArray, n_calc: int, nearest: npt.NDArray[np.int32], gap: FloatArray
) -> None:
    """For each line write the index of its nearest reflection and the signed distance Q_line − Q_calc."""
    for i in range(n_lines):
        gap[i] = 1e9
        nearest[i] = -1
    low = 0
    for j in range(n_calc):
        value = q_calc[j]
        low = place_of(value, q_line, n_lines, low)
        if low < n_lines and abs(q_line[low] - value) < abs(gap[low]):
            gap[low], nearest[low] = q_line[low] - value, j
        if low > 0 and abs(q_line[low - 1] - value) < abs(gap[low - 1]):
            gap[low - 1], nearest[low - 1] = q_line[low - 1] - value, j


@kernel
def assign_solve(
    metric: FloatArray,
    code: int,
    q: FloatArray,
    q_esd: FloatArray,
    foreign: FloatArray,
    slack: FloatArray,
    columns: FloatArray,
    priors: FloatArray,
    n_lines: int,
    weigh_classes: bool,
    hkl: npt.NDArray[np.int32],
    q_calc: FloatArray,
    out: FloatArray,
) -> None:
    """Improve one lattice against the first *n_lines* lines.

    Parameters
    ----------
    metric
        Shape (6,), start; overwritten with the result.
    code
        Bravais lattice code.
    q, q_esd
        Shape (n,): observed Q and its uncertainty, Å⁻².
    foreign
        Shape (n,): prior probability of each line not to belong to the phase.
    slack
        Shape (n,): by how much more, in Q, lines may miss their reflections at first.
    columns
        Shape (s, n): ∂Q/∂(shift) of the s shifts that are free (zero shift per degree, displacement per mm).
    priors
        Shape (s,): standard deviation of each shift around 0.
    weigh_classes
        Whether the evidence may weigh sublattices apart, which takes longer; see :func:`evidence_bits`.
    hkl, q_calc
        Scratch, (m, 3) and (m,).
    out
        Shape (4 + s,): evidence (bits, after the price of the free parameters), lines indexed, reflections up to the
        last line, rms misfit in units of the uncertainty, then the shifts, which on entry hold where to start. The
        evidence is ``FAILED`` where the loop came to nothing.
    """
    n_free = N_FREE[code]
    n_shift = columns.shape[0]
    subspace = SUBSPACES[code]
    size = n_free + n_shift
    corrected = q[:n_lines].copy()
    for s in range(n_shift):
        corrected -= out[4 + s] * columns[s, :n_lines]
    corrected = np.maximum(corrected, LEAST_Q)
    gap = np.empty(n_lines)
    nearest = np.full(n_lines, -1, dtype=np.int32)
    before = np.full((n_lines, 3), 99, dtype=np.int32)
    normal, rhs, row = np.empty((8, 8)), np.empty(8), np.empty(8)
    out[0] = FAILED
    price, moved = 0.0, True
    for step in range(WINDOWS.shape[0]):
        if moved:
            n_calc = fill_reflections(metric, code, corrected[n_lines - 1] * MARGIN, hkl, q_calc)
            if n_calc <= 0:
                return
            nearest_reflections(corrected, n_lines, q_calc, n_calc, nearest, gap)
        used, changed = 0, False
        for i in range(n_lines):
            j = nearest[i]
            h = k = l = 0
            if j >= 0 and abs(gap[i]) <= WINDOWS[step] * q_esd[i] + SLACK[step] * slack[i]:
                h, k, l = hkl[j, 0], hkl[j, 1], hkl[j, 2]
            if h != before[i, 0] or k != before[i, 1] or l != before[i, 2]:
                changed = True
                before[i, 0], before[i, 1], before[i, 2] = h, k, l
            if h or k or l:
                used += 1
        if used < n_free + 1:
            return
        moved = changed
        if not changed:
            if step > 4:
                break
            continue  # the same lines give the same lattice; only the windows close
        normal[:size, :size] = 0.0
        rhs[:size] = 0.0
        for i in range(n_lines):
            h, k, l = before[i, 0], before[i, 1], before[i, 2]
            if h == 0 and k == 0 and l == 0:
                continue
            for p in range(n_free):
                row[p] = (
                    subspace[0, p] * h * h
                    + subspace[1, p] * k * k
                    + subspace[2, p] * l * l
                    + subspace[3, p] * k * l
                    + subspace[4, p] * h * l
                    + subspace[5, p] * h * k
                )
            for s in range(n_shift):
                row[n_free + s] = columns[s, i]
            weight = 1.0 / (q_esd[i] * q_esd[i])
            for a in range(size):
                rhs[a] += weight * row[a] * q[i]
                for b in range(a + 1):
                    normal[a, b] += weight * row[a] * row[b]
        for s in range(n_shift):
            normal[n_free + s, n_free + s] += 1.0 / (priors[s] * priors[s])
        if not solve_symmetric(normal, rhs, size):
            return
        price = _parameter_price(normal, rhs, n_free)
        for m in range(6):
            metric[m] = 0.0
            for p in range(n_free):
                metric[m] += subspace[m, p] * rhs[p]
        for i in range(n_lines):
            corrected[i] = q[i]
            for s in range(n_shift):
                corrected[i] -= rhs[n_free + s] * columns[s, i]
            corrected[i] = max(corrected[i], LEAST_Q)
        for s in range(n_shift):
            out[4 + s] = rhs[n_free + s]
    n_calc = fill_reflections(metric, code, corrected[n_lines - 1] * MARGIN, hkl, q_calc)
    if n_calc <= 0:
        return
    nearest_reflections(corrected, n_lines, q_calc, n_calc, nearest, gap)
    below, indexed, squares = 0, 0, 0.0
    for j in range(n_calc):
        if q_calc[j] <= corrected[n_lines - 1] + q_esd[n_lines - 1]:
            below += 1
    for i in range(n_lines):
        if abs(gap[i]) <= 3.0 * q_esd[i]:
            indexed += 1
            squares += (gap[i] / q_esd[i]) ** 2
    parity, broken = np.zeros(n_calc, dtype=np.uint8), np.zeros(n_calc, dtype=np.int64)
    if weigh_classes:
        _fill_parity(code, hkl, n_calc, parity)
        for j in range(n_calc):
            broken[j] = broken_conditions(code, hkl[j, 0], hkl[j, 1], hkl[j, 2])
    out[0] = -price + evidence_bits(
        corrected, q_esd, foreign, n_lines, gap, n_free, q_calc, parity, broken, N_CONDITIONS, n_calc, weigh_classes
    )
    out[1] = indexed
    out[2] = below
    out[3] = np.sqrt(squares / max(indexed, 1))


@kernel
def _fill_parity(code: int, hkl: npt.NDArray[np.int32], n_calc: int, parity: npt.NDArray[np.uint8]) -> None:
    """Indices in a primitive basis modulo 2, as a number from 0 to 7."""
    basis = PRIMITIVE[code]
    for j in range(n_calc):
        number = 0
        for m in range(3):
            index = basis[0, m] * hkl[j, 0] + basis[1, m] * hkl[j, 1] + basis[2, m] * hkl[j, 2]
            if int(np.round(index)) % 2 != 0:
                number |= 1 << m
        parity[j] = number


@kernel
def _parameter_price(factor: FloatArray, solution: FloatArray, n_free: int) -> float:
    """Bits that the free metric parameters cost: how much more precisely they are known now than before.

    Laplace's approximation with a prior one e-fold wide on each parameter. *factor* is the Cholesky factor of the
    normal matrix, *solution* its solution; parameters that may vanish are measured against the geometric mean.
    """
    mean = 0.0
    for p in range(min(n_free, 3)):
        mean += np.log2(max(solution[p], 1e-12)) / min(n_free, 3)
    bits = 0.0
    for p in range(n_free):
        scale = np.log2(max(solution[p], 1e-12)) if p < 3 else mean
        bits += np.log2(factor[p, p]) + scale - 1.3257480647361595
    return max(bits, 0.0)


@kernel
def assign_solve_many(
    metrics: FloatArray,
    codes: npt.NDArray[np.int64],
    q: FloatArray,
    q_esd: FloatArray,
    foreign: FloatArray,
    slack: FloatArray,
    columns: FloatArray,
    priors: FloatArray,
    n_lines: int,
    weigh_classes: bool,
    out: FloatArray,
) -> None:
    """:func:`assign_solve` for every row of *metrics* (m, 6), in place; *out* is (m, 4 + s)."""
    hkl = np.empty((MAX_REFLECTIONS, 3), dtype=np.int32)
    q_calc = np.empty(MAX_REFLECTIONS)
    for r in range(metrics.shape[0]):
        assign_solve(
            metrics[r], codes[r], q, q_esd, foreign, slack, columns, priors, n_lines, weigh_classes, hkl, q_calc, out[r]
        )
