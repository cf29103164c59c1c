"""Which zero shift makes lines fall into planes of a reciprocal lattice: a spectrum over supposed shifts.

Two lines span a plane, and a third one, as the first reflection off both axes, fixes its angle (P. M. de Wolff, Acta
Cryst. 10 (1957) 590, doi:10.1107/S0365110X57002066; in rectangular planes no third one is needed). Then the other
lines of the plane are known. Single relations (:mod:`~hybrid_index.neural.shift_spectrum`) hold by chance as often as
not; that many relations of one plane hold at once does not happen by chance, unless the shift is the true one.
"""

from __future__ import annotations

import numpy as np

from hybrid_index.compiled import fast_kernel
from hybrid_index.neural.shift_spectrum import LIMIT_DEG, N_SHIFTS, STEP_DEG, SpectralLines
from hybrid_index.threads import side_by_side, thread_count
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

AXIS_LINES = 8
"""Any two of the first so many lines span a plane."""
LOWEST_LINES = 4
N_PLANE_KINDS = 4
"""Odds of all planes together; log-odds of planes, of rectangular ones, and of those of the lowest lines."""
_UNITS = (0.25, 1.0 / 30.0, 1.0 / 30.0, 0.1)
"""What makes numbers of about 1 of them."""
_HIT = 0.55
"""How often a line of a true plane is among those observed, roughly."""
_LARGEST_LOG_ODDS = 30.0
_SLACK = 1.05
"""Margin by which the third line may be beyond the shortest diagonal that a reduced plane allows."""
_FARTHEST = 16.0
"""Squared distance, in variances, from which a line is none of the plane."""
_NEIGHBOURS = 4
"""Lines on each side that tell how densely lines lie."""
_BINS = 128
"""Of Q, each with the first line beyond its lower end, to find lines quickly."""


def _relations(*indices: tuple[int, int], oblique: bool = True) -> FloatArray:
    """What multiplies Q of the axes and of the third line (n, 3) in Q of the reflections with these indices."""
    h, k = np.array(indices, dtype=np.float64).T
    cross = h * k * oblique
    return np.stack([h * h - cross, k * k - cross, cross], axis=1)


_ORDERS = _relations((2, 0), (0, 2), (3, 0), (0, 3))
_RECTANGULAR = _relations((1, 1), (2, 1), (1, 2), oblique=False)
_OBLIQUE = _relations((1, -1), (2, 1), (1, 2), (2, -1), (1, -2))


def plane_spectra(lines: SpectralLines) -> FloatArray:
    """Evidence of planes under each shift of the grid: (n, N_SHIFTS, N_PLANE_KINDS) for n lists, about 1 at most."""
    out = np.zeros((len(lines.count), N_SHIFTS, N_PLANE_KINDS))

    def fill(shifts: slice) -> None:
        _fill(
            lines.q, lines.slope, lines.variance, lines.count, _ORDERS, _RECTANGULAR, _OBLIQUE, shifts.start,
            out[:, shifts],
        )  # fmt: skip

    size = -(-N_SHIFTS // thread_count())
    side_by_side(fill, [slice(start, start + size) for start in range(0, N_SHIFTS, size)])
    return np.asarray(out * _UNITS)


@fast_kernel
def _odds(
    relations: FloatArray, i: int, j: int, k: int, q: FloatArray, slope: FloatArray, variance: FloatArray,
    density: FloatArray, n: int, starts: IntArray, bins_per_q: float,
) -> float:  # fmt: skip
    """Odds that these reflections of the plane of lines i, j, k are observed rather than met by chance."""
    odds = 1.0
    for r in range(relations.shape[0]):
        a, b, c = relations[r, 0], relations[r, 1], relations[r, 2]
        expected = a * q[i] + b * q[j] + c * q[k]
        if expected <= 0.0 or expected >= q[n - 1]:
            continue
        m = starts[int(expected * bins_per_q)]
        while q[m] < expected:
            m += 1
        if m > 0 and expected - q[m - 1] < q[m] - expected:
            m -= 1
        if m == i or m == j or m == k:
            continue
        within_step = (slope[m] - a * slope[i] - b * slope[j] - c * slope[k]) * STEP_DEG
        spread = a * a * variance[i] + b * b * variance[j] + c * c * variance[k] + variance[m] + within_step**2 / 12.0
        off = (q[m] - expected) ** 2 / spread
        near = np.exp(-0.5 * off) / np.sqrt(2.0 * np.pi * spread) / density[m] if off < _FARTHEST else 0.0
        odds *= 1.0 - _HIT + _HIT * near
    return odds


@fast_kernel
def _fill(
    q_all: FloatArray, slope_all: FloatArray, variance_all: FloatArray, count: IntArray, orders: FloatArray,
    rectangular: FloatArray, oblique: FloatArray, first: int, out: FloatArray,
) -> None:  # fmt: skip
    q, density = np.empty(q_all.shape[1]), np.empty(q_all.shape[1])
    starts = np.empty(_BINS, dtype=np.int64)
    for a in range(q_all.shape[0]):
        n, slope, variance = count[a], slope_all[a], variance_all[a]
        for m in range(n):
            low, high = max(m - _NEIGHBOURS, 0), min(m + _NEIGHBOURS, n - 1)
            density[m] = (high - low) / max(q_all[a, high] - q_all[a, low], 1e-9)
        for shift in range(out.shape[1]):
            for m in range(n):
                q[m] = q_all[a, m] - ((first + shift) * STEP_DEG - LIMIT_DEG) * slope[m]
            if n == 0 or q[0] <= 0.0:
                continue
            m, bins_per_q = 0, _BINS / q[n - 1]
            for b in range(_BINS):
                while q[m] * bins_per_q < b:
                    m += 1
                starts[b] = m
            together = 0.0
            for j in range(1, min(AXIS_LINES, n)):
                for i in range(j):
                    own = _odds(orders, i, j, i, q, slope, variance, density, n, starts, bins_per_q)
                    right_angled = own * _odds(rectangular, i, j, i, q, slope, variance, density, n, starts, bins_per_q)
                    best = right_angled
                    for k in range(j + 1, n):
                        beyond = q[k] - q[i] - q[j]
                        if beyond > _SLACK * q[i]:
                            break
                        if beyond >= -_SLACK * q[i]:
                            best = max(
                                best, own * _odds(oblique, i, j, k, q, slope, variance, density, n, starts, bins_per_q)
                            )
                    if right_angled > 1.0:
                        out[a, shift, 2] += np.log(right_angled)
                    if best > 1.0:
                        log_odds = np.log(best)
                        together += np.exp(min(log_odds, _LARGEST_LOG_ODDS))
                        out[a, shift, 1] += log_odds
                        if j < LOWEST_LINES:
                            out[a, shift, 3] += log_odds
            out[a, shift, 0] = np.log1p(together)
