"""Which zero shift would make the most sums of lines lines again: a spectrum over supposed shifts.

In every lattice Q obeys linear relations with integer factors: 4Q₁ = Q₂ for second orders, Q₁ + Q₂ = Q₃ for vectors at
right angles, 2(Q₁ + Q₂) = Q₃ + Q₄ for any two vectors (P. M. de Wolff, Acta Cryst. 10 (1957) 590,
doi:10.1107/S0365110X57002066). A shift of 2θ breaks them all by known amounts, so each relation that nearly holds votes
for one shift, and for the same one if the relations are real (second orders alone: C. Dong, F. Wu & H. Chen, J. Appl.
Cryst. 32 (1999) 850, doi:10.1107/S0021889899007086). Votes weigh the less, the more likely lines meet by chance.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, dq_d_two_theta, q_from_two_theta

SPECTRUM_LINES = 40
"""Lines that vote, from the first."""
LIMIT_DEG, STEP_DEG = 0.6, 0.02
"""Largest shift on the grid, and its step: degrees at Cu Kα, less for shorter waves (:func:`shift_unit`)."""
N_SHIFTS = round(2 * LIMIT_DEG / STEP_DEG) + 1
N_KINDS = 6
"""4Q; 3Q and 2Q; Q₁ + Q₂; 4Q₁ + Q₂; 2(Q₁ + Q₂) = Q₃ + Q₄, and those of the first few lines once more."""
_LOW_LINES = 6
_EXPECTED = (0.3, 0.3, 0.2, 0.1, 0.1)
"""How often a relation of each kind holds, roughly, if the lines are of one lattice."""
_FAINTEST_VOTE = 0.02
_WIDEST_STEPS = 15.0
"""A relation that fixes the shift no better than this (standard uncertainty, in steps) does not vote."""


def shift_unit(wavelength_angstrom: FloatArray | float) -> FloatArray:
    """Scale of the grid of shifts: 1 down to 1.5 Å, then falling with the wavelength, as the angles do."""
    return np.minimum(1.0, np.asarray(wavelength_angstrom, dtype=np.float64) / 1.5)


def shift_spectra(
    two_theta_deg: FloatArray, sigma_deg: npt.NDArray[np.floating], wavelength_angstrom: FloatArray, count: IntArray
) -> FloatArray:
    """Votes for each shift of the grid.

    Parameters
    ----------
    two_theta_deg, sigma_deg
        (n, m): lines and their uncertainties; rows end after ``count`` (n,) lines.
    wavelength_angstrom
        (n,).

    Returns
    -------
    float64 (n, N_SHIFTS, N_KINDS), votes for shifts from −LIMIT_DEG to LIMIT_DEG times :func:`shift_unit`.
    """
    used = np.minimum(count, SPECTRUM_LINES)
    listed = np.arange(two_theta_deg.shape[1]) < used[:, None]
    two_theta = np.where(listed, two_theta_deg, 0.0)
    square = np.asarray(wavelength_angstrom)[:, None] ** 2
    unit = shift_unit(wavelength_angstrom)
    slope = dq_d_two_theta(two_theta, 1.0) / square * unit[:, None]
    sigma = np.maximum(sigma_deg, 1e-4) / unit[:, None]
    out = np.zeros((len(used), N_SHIFTS, N_KINDS))
    _fill(q_from_two_theta(two_theta, 1.0) / square, slope, (slope * sigma) ** 2, used.astype(np.int64), out)
    return out


@kernel
def _vote(votes: FloatArray, rest: float, slope: float, variance: float, density: float, expected: float) -> None:
    """Vote for the shift rest / slope, by a triangle as wide as that is uncertain."""
    if slope <= 0.0:
        return
    centre = rest / slope / STEP_DEG + 0.5 * (votes.shape[0] - 1)
    esd = np.sqrt(variance) / slope / STEP_DEG
    if esd > _WIDEST_STEPS:
        return
    weight = np.log1p(expected / (2.0 * density * slope * max(esd, 1.0) * STEP_DEG))
    if weight < _FAINTEST_VOTE:
        return
    half = np.sqrt(2.25 * esd * esd + 0.5)
    for b in range(max(0, int(np.ceil(centre - half))), min(votes.shape[0] - 1, int(np.floor(centre + half))) + 1):
        votes[b] += weight * (1.0 - abs(b - centre) / half)


@kernel
def _first_beyond(q: FloatArray, n: int, x: float) -> int:
    """Number of the first n values, ascending, that are below *x*."""
    low, high = 0, n
    while low < high:
        middle = (low + high) >> 1
        if q[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def _votes_of_sum(
    votes: FloatArray, total: float, slope: float, variance: float, q: FloatArray, s: FloatArray, v: FloatArray, n: int,
    density: float, expected: float,
) -> None:  # fmt: skip
    """Votes of every line that could be the sum *total*."""
    reach = LIMIT_DEG * slope
    for k in range(_first_beyond(q, n, total - reach), n):
        if q[k] > total + reach:
            break
        _vote(votes, total - q[k], slope - s[k], variance + v[k], density, expected)


@kernel
def _fill(q_all: FloatArray, s_all: FloatArray, v_all: FloatArray, count: IntArray, out: FloatArray) -> None:
    for a in range(q_all.shape[0]):
        n, q, s, v, y = count[a], q_all[a], s_all[a], v_all[a], out[a]
        density = n / q[n - 1] if n else 1.0
        for i in range(n):
            _votes_of_sum(y[:, 0], 4.0 * q[i], 4.0 * s[i], 16.0 * v[i], q, s, v, n, density, _EXPECTED[0])
            _votes_of_sum(y[:, 1], 3.0 * q[i], 3.0 * s[i], 9.0 * v[i], q, s, v, n, density, _EXPECTED[1])
            _votes_of_sum(y[:, 1], 2.0 * q[i], 2.0 * s[i], 4.0 * v[i], q, s, v, n, density, _EXPECTED[1])
            for j in range(i):
                x, r, w = q[i] + q[j], s[i] + s[j], v[i] + v[j]
                _votes_of_sum(y[:, 2], x, r, w, q, s, v, n, density, _EXPECTED[2])
                for low, high in ((i, j), (j, i)):
                    _votes_of_sum(
                        y[:, 3], 4.0 * q[low] + q[high], 4.0 * s[low] + s[high], 16.0 * v[low] + v[high],
                        q, s, v, n, density, _EXPECTED[3],
                    )  # fmt: skip
                if x < q[n - 1]:
                    _parallelograms(y, i, j, q, s, v, n, density)


@kernel
def _parallelograms(
    votes: FloatArray, i: int, j: int, q: FloatArray, s: FloatArray, v: FloatArray, n: int, density: float
) -> None:
    total, slope, variance = 2.0 * (q[i] + q[j]), 2.0 * (s[i] + s[j]), 4.0 * (v[i] + v[j])
    reach = LIMIT_DEG * slope
    for k in range(n):
        if k == i or k == j:
            continue
        rest = total - q[k]
        for l in range(_first_beyond(q, k, rest - reach), k):
            if q[l] > rest + reach:
                break
            if l == i or l == j:
                continue
            _vote(votes[:, 4], rest - q[l], slope - s[k] - s[l], variance + v[k] + v[l], density, _EXPECTED[4])
            if i < _LOW_LINES:
                _vote(votes[:, 5], rest - q[l], slope - s[k] - s[l], variance + v[k] + v[l], density, _EXPECTED[4])
