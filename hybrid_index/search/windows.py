"""What every engine looks lines up in: observed lines as windows on a fine Q grid, and the odds of a chance fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.refine.lines import LineData
from hybrid_index.units import FloatArray

BINS = 8192
"""Grid points up to the last line: some eight across the narrowest usual window; the table stays in the L1 cache."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineWindows:
    """The lines a search works on.

    ``q`` (n,) ascending in Å⁻²; ``tolerance`` (n,) half width of the windows; ``table`` (BINS + 2,) the number (from
    1) of the line whose window covers a grid point, else 0; ``bins_per_q`` grid points per Å⁻².
    """

    q: FloatArray
    tolerance: FloatArray
    table: npt.NDArray[np.uint8]
    bins_per_q: float

    @property
    def q_max(self) -> float:
        """Upper edge of the last window, Å⁻²."""
        return float(self.q[-1] + self.tolerance[-1])

    @classmethod
    def from_lines(cls, lines: LineData, *, allowance_deg: float) -> LineWindows:
        """Windows of twice each line's uncertainty and an allowance (degrees) for shifts that are not yet known."""
        tolerance = 2.0 * lines.q_esd + lines.slope * allowance_deg
        bins_per_q = BINS / float(lines.q[-1] + tolerance[-1])
        return cls(
            q=lines.q,
            tolerance=tolerance,
            table=_fill_table(lines.q, tolerance, bins_per_q),
            bins_per_q=bins_per_q,
        )


@kernel
def _fill_table(q: FloatArray, tolerance: FloatArray, bins_per_q: float) -> npt.NDArray[np.uint8]:
    table = np.zeros(BINS + 2, dtype=np.uint8)
    for i in range(q.shape[0]):
        low = max(0, int((q[i] - tolerance[i]) * bins_per_q))
        high = min(BINS + 1, int((q[i] + tolerance[i]) * bins_per_q) + 1)
        for b in range(low, high + 1):
            other = table[b]
            centre = b / bins_per_q
            if other == 0 or abs(centre - q[i]) < abs(centre - q[other - 1]):
                table[b] = i + 1
    return table


@kernel
def chance_table(q: FloatArray, tolerance: FloatArray, n_calc_max: int, exponent: float) -> FloatArray:
    """Odds, in nats, against *n* matched lines being chance, for a lattice with *N* reflections: shape (n + 1, N + 1).

    Chernoff's bound for the binomial tail. The density of reflections rises as Q^(exponent − 1): 1.5 for a lattice,
    1 for a plane.
    """
    n_lines = q.shape[0]
    q_last = q[n_lines - 1]
    reach = 2.0 * tolerance * exponent / q_last * (q / q_last) ** (exponent - 1.0)
    share = np.arange(n_lines + 1) / n_lines
    log_met, log_missed = np.log(np.maximum(share, 1e-300)), np.log(np.maximum(1.0 - share, 1e-300))
    table = np.zeros((n_lines + 1, n_calc_max + 1))
    for n_calc in range(1, n_calc_max + 1):
        p = 0.0
        for i in range(n_lines):
            p += 1.0 - np.exp(-n_calc * reach[i])
        p = min(max(p / n_lines, 1e-6), 1.0 - 1e-6)
        log_chance, log_no_chance = np.log(p), np.log(1.0 - p)
        for n in range(1, n_lines + 1):
            if share[n] > p:
                met, missed = log_met[n] - log_chance, log_missed[n] - log_no_chance
                table[n, n_calc] = n_lines * (share[n] * met + (1.0 - share[n]) * missed)
    return table


@kernel
def bit_count(mask: int) -> int:
    """Number of set bits."""
    n = 0
    while mask:
        mask &= mask - 1
        n += 1
    return n


@kernel
def heap_push(scores: FloatArray, rows: FloatArray, size: int, score: float, row: FloatArray) -> int:
    """Keep the best rows: a min-heap of fixed capacity. Returns the new size."""
    capacity = scores.shape[0]
    if size < capacity:
        i = size
        size += 1
        while i > 0:
            parent = (i - 1) >> 1
            if scores[parent] <= score:
                break
            scores[i] = scores[parent]
            rows[i] = rows[parent]
            i = parent
        scores[i] = score
        rows[i] = row
        return size
    if score <= scores[0]:
        return size
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and scores[child + 1] < scores[child]:
            child += 1
        if scores[child] >= score:
            break
        scores[i] = scores[child]
        rows[i] = rows[child]
        i = child
    scores[i] = score
    rows[i] = row
    return size
