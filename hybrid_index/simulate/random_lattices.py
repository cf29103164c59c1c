"""Random conventional cells of a Bravais lattice, in the package's settings: kernels.

A cell comes from coordinates (``crystal_statistics.shape_coordinates``), drawn after real cells or evenly over a broad
range, and is then brought into the conventional setting: that is always possible, and needs no rejection.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice import BravaisLattice
from hybrid_index.lattice.kernels import shortest_basis, transform
from hybrid_index.random_stream import State, between, normals, uniform
from hybrid_index.units import FloatArray

VOLUME_LIMITS_ANGSTROM3 = (20.0, 10_000.0)
"""No conventional cell is smaller, no primitive one larger."""
SHORTEST_ANGSTROM = 2.2
"""No lattice repeats at a shorter distance."""
LONGEST_ANGSTROM = 120.0
"""No edge is longer: lines of such a cell crowd below 5°."""
BROAD_LOG_RATIO = math.log(4.0)
BROAD_BETA_DEG = (90.0, 125.0)
BROAD_ANGLE_DEG = (60.0, 120.0)
"""Ranges of axial ratios and angles where cells are drawn evenly."""
MAX_DRAWS = 64
"""Draws of a cell within the limits; after that an ordinary cell of the wanted lattice is taken."""

_CP, _CI, _CF, _TP, _TI, _HP, _HR = (BravaisLattice[x].code for x in ("CP", "CI", "CF", "TP", "TI", "HP", "HR"))
_OP, _OC, _OI, _OF, _MP, _MC, _AP = (BravaisLattice[x].code for x in ("OP", "OC", "OI", "OF", "MP", "MC", "AP"))
_LOW_LOG = math.log(VOLUME_LIMITS_ANGSTROM3[0])
_HIGH_LOG = np.array([math.log(VOLUME_LIMITS_ANGSTROM3[1] * lattice.lattice_points) for lattice in BravaisLattice])


@kernel
def random_gram(
    state: State,
    code: int,
    broad_share: float,
    log_volume: float,
    quantiles: FloatArray,
    cholesky: FloatArray,
    gram: FloatArray,
) -> None:
    """Write the direct Gram matrix (3, 3), Å², of a random conventional cell of lattice *code* into *gram*.

    Parameters
    ----------
    state
        Random stream.
    broad_share
        Probability of a cell from the broad range instead of one like real ones.
    log_volume
        ln(V/Å³) of the conventional cell; NaN to have it drawn as well.
    quantiles, cholesky
        Of ``CellStatistics``, (14, 6, 21) and (14, 6, 6).
    """
    x = np.empty(6, dtype=np.float64)
    for _ in range(MAX_DRAWS):
        if uniform(state) < broad_share:
            _broad_coordinates(state, code, x)
        else:
            _real_coordinates(state, code, quantiles, cholesky, x)
        if not math.isnan(log_volume):
            x[0] = log_volume
        if _LOW_LOG <= x[0] <= _HIGH_LOG[code] or not math.isnan(log_volume):
            _gram_of(code, x, gram)
            if gram[0, 0] > 0.0:
                standardise(code, gram)
                edge = max(gram[0, 0], gram[1, 1], gram[2, 2])
                if edge <= LONGEST_ANGSTROM**2 and shortest_square(code, gram) >= SHORTEST_ANGSTROM**2:
                    return
    x[:] = 0.0
    x[0] = 6.0 if math.isnan(log_volume) else log_volume
    x[1], x[2] = 0.1, 0.1
    x[3], x[4], x[5] = 98.0, 101.0, 104.0
    _gram_of(code, x, gram)
    standardise(code, gram)


@kernel
def _real_coordinates(state: State, code: int, quantiles: FloatArray, cholesky: FloatArray, x: FloatArray) -> None:
    """Draw coordinates (6,) from the Gaussian copula of real cells."""
    n = 1 if code < _TP else 2 if code < _OP else 3 if code < _MP else 4 if code < _AP else 6
    z = np.empty(6, dtype=np.float64)
    last = quantiles.shape[2] - 1
    for i in range(0, 6, 2):
        z[i], z[i + 1] = normals(state)
    for i in range(n):
        score = 0.0
        for j in range(i + 1):
            score += cholesky[code, i, j] * z[j]
        at = 0.5 * math.erfc(-score / math.sqrt(2.0)) * last
        k = min(int(at), last - 1)
        x[i] = quantiles[code, i, k] + (at - k) * (quantiles[code, i, k + 1] - quantiles[code, i, k])


@kernel
def _broad_coordinates(state: State, code: int, x: FloatArray) -> None:
    """Draw coordinates (6,) evenly from the broad range."""
    x[0] = between(state, _LOW_LOG, _HIGH_LOG[code])
    x[1] = between(state, -BROAD_LOG_RATIO, BROAD_LOG_RATIO)
    x[2] = between(state, -BROAD_LOG_RATIO, BROAD_LOG_RATIO)
    x[3] = between(state, BROAD_ANGLE_DEG[0], BROAD_ANGLE_DEG[1])
    x[4] = between(state, BROAD_ANGLE_DEG[0], BROAD_ANGLE_DEG[1])
    x[5] = between(state, BROAD_ANGLE_DEG[0], BROAD_ANGLE_DEG[1])
    if code == _MP or code == _MC:
        x[3] = between(state, BROAD_BETA_DEG[0], BROAD_BETA_DEG[1])


@kernel
def _gram_of(code: int, x: FloatArray, gram: FloatArray) -> None:
    """Gram matrix of the cell of coordinates; its first element is zero where there is no such cell."""
    gram[:] = 0.0
    volume = math.exp(x[0])
    if code < _TP:
        a = volume ** (1.0 / 3.0)
        b, c = a, a
    elif code < _OP:
        ratio = math.exp(x[1])
        right = math.sqrt(0.75) if code >= _HP else 1.0
        a = (volume / (ratio * right)) ** (1.0 / 3.0)
        b, c = a, a * ratio
        if code >= _HP:
            gram[0, 1] = gram[1, 0] = -0.5 * a * a
    else:
        b, c = math.exp(x[1]), math.exp(x[2])
        if code < _MP or code == _AP:
            c *= b
        cos_alpha, cos_beta, cos_gamma = 0.0, 0.0, 0.0
        if code == _AP:
            cos_alpha, cos_gamma = math.cos(math.radians(x[3])), math.cos(math.radians(x[5]))
            cos_beta = math.cos(math.radians(x[4]))
        elif code >= _MP:
            cos_beta = math.cos(math.radians(x[3]))
        square = 1.0 + 2.0 * cos_alpha * cos_beta * cos_gamma - cos_alpha**2 - cos_beta**2 - cos_gamma**2
        if square < 0.05:
            return
        a = (volume / (b * c * math.sqrt(square))) ** (1.0 / 3.0)
        b, c = a * b, a * c
        gram[0, 1] = gram[1, 0] = a * b * cos_gamma
        gram[0, 2] = gram[2, 0] = a * c * cos_beta
        gram[1, 2] = gram[2, 1] = b * c * cos_alpha
    gram[0, 0], gram[1, 1], gram[2, 2] = a * a, b * b, c * c


@kernel
def standardise(code: int, gram: FloatArray) -> None:
    """Bring a Gram matrix (3, 3), Å², into its lattice's conventional setting, as ``lattice.standardize`` would."""
    if code == _AP:
        _niggli(gram)
    elif code == _MP or code == _MC:
        _shortest_in_plane(gram, code == _MC)
    elif code >= _OP:
        for i, j in ((0, 1), (1, 2), (0, 1)):
            if gram[i, i] > gram[j, j] and (code != _OC or j == 1):
                gram[i, i], gram[j, j] = gram[j, j], gram[i, i]


@kernel
def _niggli(gram: FloatArray) -> None:
    """Niggli's form of a lattice without equalities: the three shortest vectors, all angles acute or none."""
    reduced = transform(gram, shortest_basis(gram))
    p, q, r = reduced[1, 2], reduced[0, 2], reduced[0, 1]
    sign = 1.0 if p * q * r > 0.0 else -1.0
    reduced[1, 2] = reduced[2, 1] = sign * abs(p)
    reduced[0, 2] = reduced[2, 0] = sign * abs(q)
    reduced[0, 1] = reduced[1, 0] = sign * abs(r)
    gram[:] = reduced


@kernel
def _shortest_in_plane(gram: FloatArray, centred: bool) -> None:
    """Shortest a and c with β ≥ 90°; C centring only lets a take vectors of odd first and even second index."""
    uu, vv, uv = gram[0, 0], gram[2, 2], gram[0, 2]
    # indices modulo two of u and v in the given a and c
    u, v = 1, 2
    for _ in range(100):
        if uu > vv:
            uu, vv = vv, uu
            u, v = v, u
        steps = math.floor(uv / uu + 0.5)
        if steps == 0.0:
            break
        vv += steps * (steps * uu - 2.0 * uv)
        uv -= steps * uu
        if steps % 2.0 != 0.0:
            v ^= u
    uv = -abs(uv)
    if centred and u != 1:
        if v == 1:
            uu, vv = vv, uu
        else:
            # a is the shorter diagonal u + v; its partner is the shortest vector
            uu, vv, uv = uu + vv + 2.0 * uv, uu, -abs(uu + uv)
    gram[0, 0], gram[2, 2] = uu, vv
    gram[0, 2] = gram[2, 0] = uv


@kernel
def shortest_square(code: int, gram: FloatArray) -> float:
    """Squared length of the shortest vector that can be one: an edge, or one to a centring point; Å²."""
    a, b, c = gram[0, 0], gram[1, 1], gram[2, 2]
    shortest: float = min(a, b, c)
    if code == _CI or code == _TI or code == _OI:
        shortest = min(shortest, 0.25 * (a + b + c))
    elif code == _CF or code == _OF:
        shortest = min(shortest, 0.25 * (a + b), 0.25 * (a + c), 0.25 * (b + c))
    elif code == _OC or code == _MC:
        shortest = min(shortest, 0.25 * (a + b))
    elif code == _HR:
        shortest = min(shortest, a / 3.0 + c / 9.0)
    return shortest


@kernel
def metric_of(gram: FloatArray, metric: FloatArray) -> float:
    """Write the reciprocal metric (A..F) of a direct Gram matrix into *metric* (6,) and return the volume (Å³)."""
    a, b, c, d, e, f = gram[0, 0], gram[1, 1], gram[2, 2], gram[1, 2], gram[0, 2], gram[0, 1]
    square = a * (b * c - d * d) + f * (d * e - f * c) + e * (f * d - b * e)
    metric[0] = (b * c - d * d) / square
    metric[1] = (a * c - e * e) / square
    metric[2] = (a * b - f * f) / square
    metric[3] = 2.0 * (e * f - a * d) / square
    metric[4] = 2.0 * (f * d - b * e) / square
    metric[5] = 2.0 * (d * e - c * f) / square
    return math.sqrt(square)


@kernel
def cell_sample(
    key: np.uint64,
    codes: npt.NDArray[np.int64],
    broad_share: float,
    log_volume: float,
    quantiles: FloatArray,
    cholesky: FloatArray,
) -> FloatArray:
    """Direct Gram matrices (n, 3, 3) of random cells of lattices *codes* (n,), all from the stream *key*."""
    state = np.array([key], dtype=np.uint64)
    grams = np.empty((codes.shape[0], 3, 3), dtype=np.float64)
    for i in range(codes.shape[0]):
        random_gram(state, codes[i], broad_share, log_volume, quantiles, cholesky, grams[i])
    return grams
