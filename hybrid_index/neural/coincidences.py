"""Sums of lines that are lines again: the evidence that ITO and its kin search with, for every pair of lines at once.

In a rectangular plane Q₁ + Q₂ is a line; in any plane lines come in pairs with the sum 2·(Q₁ + Q₂) (P. M. de Wolff,
Acta Cryst. 10 (1957) 590, doi:10.1107/S0365110X57002066). A network would need millions of examples to learn to add.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

SLACKS_DEG = (0.005, 0.06)
"""Errors of 2θ that are allowed for beyond the stated ones: in good lists, and in shifted ones."""
KINDS = 5
N_COINCIDENCES = KINDS * len(SLACKS_DEG)
_REACH = 2.0
"""Half width of a match, in uncertainties of the sum."""
_AROUND = 8.0
"""Sums of pairs are counted in a window so many times as wide as well, to know what chance gives."""


def coincidences(
    q: FloatArray, q_esd: FloatArray, q_per_degree: FloatArray, count: IntArray
) -> npt.NDArray[np.float32]:
    """How well combinations of each pair of lines meet a line.

    Parameters
    ----------
    q, q_esd, q_per_degree
        (n, m): lines in Å⁻², their uncertainties, and dQ/d2θ.
    count
        (n,) lines in each list.

    Returns
    -------
    float32 (n, m, m, N_COINCIDENCES), from 0 (no) to 1 (exactly): for each of ``SLACKS_DEG`` the sum, the difference,
    4Q₁ + Q₂, Q₁ + 4Q₂, and how many pairs have the sum 2(Q₁ + Q₂) beyond chance. On the diagonal stand 4Q, 3Q, Q/4,
    Q/3 and nothing.
    """
    n, m = q.shape
    out = np.zeros((n, m, m, N_COINCIDENCES), dtype=np.float32)
    for kind, slack in enumerate(SLACKS_DEG):
        sigma = np.hypot(q_esd, slack * q_per_degree)
        _fill(q, sigma, count, KINDS * kind, out)
    return out


@kernel
def _fill(q: FloatArray, sigma: FloatArray, count: IntArray, first: int, out: npt.NDArray[np.float32]) -> None:
    for a in range(q.shape[0]):
        n = count[a]
        x, s, y = q[a], sigma[a], out[a]
        for i in range(n):
            y[i, i, first] = _nearest(4.0 * x[i], 4.0 * s[i], x, s, n)
            y[i, i, first + 1] = _nearest(3.0 * x[i], 3.0 * s[i], x, s, n)
            y[i, i, first + 2] = _nearest(0.25 * x[i], 0.25 * s[i], x, s, n)
            y[i, i, first + 3] = _nearest(x[i] / 3.0, s[i] / 3.0, x, s, n)
            for j in range(i):
                both = np.sqrt(s[i] * s[i] + s[j] * s[j])
                total = x[i] + x[j]
                y[i, j, first] = y[j, i, first] = _nearest(total, both, x, s, n)
                y[i, j, first + 1] = y[j, i, first + 1] = _nearest(x[i] - x[j], both, x, s, n)
                y[i, j, first + 2] = y[j, i, first + 3] = _nearest(4.0 * x[i] + x[j], 4.0 * both, x, s, n)
                y[j, i, first + 2] = y[i, j, first + 3] = _nearest(4.0 * x[j] + x[i], 4.0 * both, x, s, n)
                y[i, j, first + 4] = y[j, i, first + 4] = _pairs(2.0 * total, 2.0 * both, i, j, x, s, n)


@kernel
def _nearest(target: float, error: float, q: FloatArray, sigma: FloatArray, n: int) -> float:
    """How near (1 to 0) a line is to a target."""
    best = 0.0
    for k in range(n):
        reach = _REACH * np.sqrt(error * error + sigma[k] * sigma[k])
        best = max(best, 1.0 - abs(q[k] - target) / reach)
    return best


@kernel
def _pairs(target: float, error: float, i: int, j: int, q: FloatArray, sigma: FloatArray, n: int) -> float:
    """Pairs of other lines with a sum, beyond those that chance gives; 1 for very many."""
    near, around = 0.0, 0.0
    if target + error > 2.0 * q[n - 1]:
        return 0.0
    for k in range(n):
        if k == i or k == j:
            continue
        for l in range(k + 1, n):
            if l == i or l == j:
                continue
            off = abs(q[k] + q[l] - target)
            reach = _REACH * np.sqrt(error * error + sigma[k] * sigma[k] + sigma[l] * sigma[l])
            if off < reach:
                near += 1.0 - off / reach
            if off < _AROUND * reach:
                around += 1.0
    beyond = max(near - 0.5 * around / _AROUND, 0.0)
    return beyond / (1.0 + beyond)
