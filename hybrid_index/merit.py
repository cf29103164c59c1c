"""Figures of merit: how well a lattice explains the lines, against how many reflections it needs for that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.types import Merit
from hybrid_index.units import FloatArray, two_theta_from_q

N_MERIT = 20
"""Lines that M and F are customarily computed on."""
SUPERLATTICE_PRICE = 14.0
"""Bits that it costs to say that the reflections of one sublattice are seen more often than the others."""
GLIDE_PRICE = 4.0
"""Bits that it costs to say that a zone has a glide plane."""


@kernel
def place_of(value: float, ascending: FloatArray, n: int, near: int) -> int:
    """How many of the first *n* are below a value, by walking from *near*: neighbours in a list are neighbours in Q."""
    while near < n and ascending[near] < value:
        near += 1
    while near > 0 and ascending[near - 1] >= value:
        near -= 1
    return near


@kernel
def density_exponent(q_calc: FloatArray, n_calc: int, q_last: float) -> float:
    """Exponent γ of N(Q) ∝ Q^γ for the reflections of a lattice up to *q_last*: 1.5 in general, less for flat cells."""
    total, n = 0.0, 0
    for j in range(n_calc):
        if q_calc[j] < q_last:
            total += np.log(q_last / q_calc[j])
            n += 1
    if n < 5 or total <= 0.0:
        return 1.5
    return min(max(n / total, 0.8), 1.6)


@kernel
def evidence_bits(
    q_line: FloatArray,
    q_esd: FloatArray,
    foreign: FloatArray,
    n_lines: int,
    gap: FloatArray,
    n_free: int,
    q_calc: FloatArray,
    parity: npt.NDArray[np.uint8],
    broken: npt.NDArray[np.int64],
    n_conditions: int,
    n_calc: int,
    weigh_classes: bool,
) -> float:
    """Log-likelihood ratio, in bits, of the lines coming from this lattice against coming from anywhere.

    Each line is foreign with its own prior probability; otherwise it lies at one of the reflections with a
    Gaussian error. Reflections are equally likely to be seen; or, where that pays more than its price, those that
    glide planes forbid are not (``GLIDE_PRICE`` for each zone), or those of one of the seven sublattices of index two
    are more likely than the others, as in superstructures (``SUPERLATTICE_PRICE``).
    The scale of the errors is estimated for the lattice itself, shrunk towards the stated ones and kept from falling
    far below them, so that an accidental fit of few lines wins nothing.

    Parameters
    ----------
    q_line, q_esd
        Shape (n,): lines corrected for shifts, ascending, and their uncertainties.
    foreign
        Shape (n,): probability, before anything is known, that a line does not belong to the phase.
    n_lines
        How many of them count.
    gap
        Shape (n,): distance to the nearest reflection.
    n_free
        Free parameters that were fitted.
    q_calc, n_calc
        Reflections in any order and their number; those beyond the last line are ignored.
    parity
        Shape (m,): for each reflection its indices in a primitive basis modulo 2, as a number from 0 to 7.
    broken, n_conditions
        Shape (m,): which of so many conditions of glide planes each reflection breaks, as bits.
    weigh_classes
        Whether to try the glide planes and sublattices.
    """
    q_last = q_line[n_lines - 1] + 3.0 * q_esd[n_lines - 1]
    squares, used = 0.0, 0
    for i in range(n_lines):
        z = gap[i] / q_esd[i]
        if abs(z) < 3.0:
            squares += z * z
            used += 1
    scale = np.sqrt((squares + 2.0) / (max(used - n_free, 0) + 4.0))
    scale = min(max(scale, 0.25), 1.6)
    exponent = density_exponent(q_calc, n_calc, q_last)
    sums = np.zeros((n_lines, 8))
    counts = np.zeros(8)
    low = 0
    for j in range(n_calc):
        value = q_calc[j]
        if value > q_last:
            continue
        counts[parity[j]] += 1.0
        low = place_of(value, q_line, n_lines, low)
        for direction in range(2):
            i = low - 1 if direction == 0 else low
            while 0 <= i < n_lines:
                sigma = scale * q_esd[i]
                z = (q_line[i] - value) / sigma
                if abs(z) > 5.0:
                    break
                sums[i, parity[j]] += np.exp(-0.5 * z * z) / sigma
                i += -1 if direction == 0 else 1
    # Divide by the density that the lattice would have with one reflection: exponent / q_last · (Q / q_last)^(γ − 1).
    for i in range(n_lines):
        density = exponent / q_last * (q_line[i] / q_last) ** (exponent - 1.0)
        for c in range(8):
            sums[i, c] *= 0.3989422804014327 / density
    even, odd = np.empty(n_lines), np.zeros(n_lines)
    total = max(np.sum(counts), 1.0)
    for i in range(n_lines):
        even[i] = np.sum(sums[i]) / total
    best = _mixture_bits(even, odd, foreign, n_lines, False)
    if not weigh_classes:
        return best
    glides = _glide_bits(
        q_line, q_esd * scale, foreign, n_lines, exponent, q_calc, broken, n_conditions, n_calc, q_last, best
    )
    for v in range(1, 8):
        n_even, n_odd = 0.0, 0.0
        even[:], odd[:] = 0.0, 0.0
        for c in range(8):
            bits = c & v
            if ((bits & 1) + (bits >> 1 & 1) + (bits >> 2)) % 2 == 0:
                n_even += counts[c]
                even += sums[:, c]
            else:
                n_odd += counts[c]
                odd += sums[:, c]
        if n_even == 0.0 or n_odd == 0.0:
            continue
        even /= n_even
        odd /= n_odd
        best = max(best, _mixture_bits(even, odd, foreign, n_lines, True) - SUPERLATTICE_PRICE)
    return max(best, glides)


@kernel
def _glide_bits(
    q_line: FloatArray,
    sigma: FloatArray,
    foreign: FloatArray,
    n_lines: int,
    exponent: float,
    q_calc: FloatArray,
    broken: npt.NDArray[np.int64],
    n_conditions: int,
    n_calc: int,
    q_last: float,
    bits: float,
) -> float:
    """Evidence after the glide planes that pay, one after the other; *bits* without any."""
    seen, lost = np.empty(n_lines), np.empty((n_lines, n_conditions))
    n_lost = np.empty(n_conditions)
    even, odd = np.empty(n_lines), np.zeros(n_lines)
    chosen, n_chosen = 0, 0
    while True:
        seen[:], lost[:], n_lost[:] = 0.0, 0.0, 0.0
        total, low = 0.0, 0
        for j in range(n_calc):
            value = q_calc[j]
            if value > q_last or broken[j] & chosen:
                continue
            total += 1.0
            for c in range(n_conditions):
                n_lost[c] += (broken[j] >> c) & 1
            low = place_of(value, q_line, n_lines, low)
            for direction in range(2):
                i = low - 1 if direction == 0 else low
                while 0 <= i < n_lines:
                    z = (q_line[i] - value) / sigma[i]
                    if abs(z) > 5.0:
                        break
                    share = np.exp(-0.5 * z * z) / sigma[i]
                    seen[i] += share
                    for c in range(n_conditions):
                        if (broken[j] >> c) & 1:
                            lost[i, c] += share
                    i += -1 if direction == 0 else 1
        for i in range(n_lines):
            density = exponent / q_last * (q_line[i] / q_last) ** (exponent - 1.0)
            seen[i] *= 0.3989422804014327 / density
            for c in range(n_conditions):
                lost[i, c] *= 0.3989422804014327 / density
        best, at = bits, -1
        for c in range(n_conditions):
            if n_lost[c] == 0.0 or n_lost[c] == total:
                continue
            for i in range(n_lines):
                even[i] = (seen[i] - lost[i, c]) / (total - n_lost[c])
            trial = _mixture_bits(even, odd, foreign, n_lines, False) - (n_chosen + 1) * GLIDE_PRICE
            if trial > best:
                best, at = trial, c
        if at < 0:
            return bits
        chosen |= 1 << at
        n_chosen += 1
        bits = best


@kernel
def _mixture_bits(even: FloatArray, odd: FloatArray, foreign: FloatArray, n_lines: int, weigh: bool) -> float:
    """Σ log2 of the likelihood ratios of all lines; with *weigh*, the share of the even class is fitted (EM)."""
    share = 1.0
    if weigh:
        share = 0.8
        for _ in range(4):
            total, n = 1.0, 1.25
            for i in range(n_lines):
                e, o = share * even[i], (1.0 - share) * odd[i]
                member = (1.0 - foreign[i]) * (e + o)
                if member > 0.0:
                    member /= member + foreign[i]
                    total += member * e / (e + o)
                    n += member
            share = min(total / n, 0.999)
    bits = 0.0
    for i in range(n_lines):
        ratio = share * even[i] + (1.0 - share) * odd[i]
        bits += np.log2((1.0 - foreign[i]) * ratio + foreign[i])
    return bits


def chance_bits(q_line: FloatArray, gap: FloatArray, floor: FloatArray, n_possible: int) -> float:
    """Information merit: Σ −log2(1 − exp(−a_i)), a_i the reflections expected at least as near by chance.

    D. Taupin, J. Appl. Cryst. 21 (1988) 485, doi:10.1107/S0021889888004443. The density of reflections rises as √Q.
    Distances (*gap*, NaN for lines without a reflection) below *floor* count as *floor*.
    """
    q_last = q_line[-1]
    density = 1.5 * max(n_possible, 1) / q_last * np.sqrt(q_line / q_last)
    expected = 2.0 * density * np.maximum(np.abs(np.nan_to_num(gap, nan=np.inf)), floor)
    return float(-np.sum(np.log2(-np.expm1(-np.minimum(expected, 700.0)))))


def figures_of_merit(
    q_line: npt.ArrayLike,
    q_esd: npt.ArrayLike,
    q_assigned: npt.ArrayLike,
    q_possible: npt.ArrayLike,
    *,
    wavelength_angstrom: float,
) -> Merit:
    """All figures of merit of one solution.

    Parameters
    ----------
    q_line, q_esd
        Shape (n,): observed Q corrected for shifts, ascending, and uncertainties, Å⁻².
    q_assigned
        Shape (n,): Q of the reflection that each line was given, NaN where unindexed.
    q_possible
        Distinct calculated lines (m,), ascending, at least up to the last observed line.
    wavelength_angstrom
        For F_N, which counts in 2θ.

    Returns
    -------
    Merit
        M_N = Q_N / (2 ⟨|ΔQ|⟩ N_poss) (P. M. de Wolff, J. Appl. Cryst. 1 (1968) 108, doi:10.1107/S002188986800508X);
        F_N = N / (⟨|Δ2θ|⟩ N_poss) (G. S. Smith & R. L. Snyder, J. Appl. Cryst. 12 (1979) 60,
        doi:10.1107/S002188987901178X), both on the first 20 indexed lines, or all where there are fewer;
        the reversed M_rev, which measures from each calculated line to the nearest observed one, and M_sym = M·M_rev
        (R. Oishi-Tomiyasu, J. Appl. Cryst. 46 (2013) 1277, doi:10.1107/S0021889813020871); and Taupin's information.
    """
    line, esd, assigned = (np.asarray(x, dtype=np.float64) for x in (q_line, q_esd, q_assigned))
    possible = np.asarray(q_possible, dtype=np.float64)
    indexed = np.flatnonzero(np.isfinite(assigned))[:N_MERIT]
    if indexed.size == 0:
        return Merit(m20=0.0, f20=0.0, m_rev=0.0, m_sym=0.0, info=0.0, n_possible=0)
    q_n = float(line[indexed[-1]])
    n_possible = max(int(np.sum(possible <= max(q_n, float(assigned[indexed[-1]])) * (1 + 1e-9))), 1)
    error = float(np.mean(np.abs(line[indexed] - assigned[indexed])))
    m = q_n / (2.0 * max(error, 1e-9) * n_possible)
    angle = np.abs(
        two_theta_from_q(line[indexed], wavelength_angstrom) - two_theta_from_q(assigned[indexed], wavelength_angstrom)
    )
    f = indexed.size / (max(float(np.nanmean(angle)), 1e-6) * n_possible)
    inside = possible[possible <= q_n * (1 + 1e-9)]
    # Expected distance of a random point to the nearest observed line, over the mean one found.
    observed = line[: indexed[-1] + 1]
    edges = np.concatenate([[0.0], observed])
    random_distance = float(np.sum(np.diff(edges) ** 2) / (4.0 * q_n))
    found = float(np.mean(np.min(np.abs(inside[:, None] - observed[None, :]), axis=1))) if inside.size else np.inf
    m_rev = random_distance / max(found, 1e-9)
    n_all = int(np.sum(possible <= line[-1]))
    return Merit(
        m20=m,
        f20=f,
        m_rev=m_rev,
        m_sym=m * m_rev,
        info=chance_bits(line, line - assigned, 0.5 * esd, n_all),
        n_possible=n_possible,
    )
