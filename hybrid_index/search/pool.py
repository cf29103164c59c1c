"""What the engines share: prepared lines, and a bounded pool of trial lattices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.refine.assign import FAILED
from hybrid_index.refine.lattices import within_limits
from hybrid_index.refine.lines import LineData, line_data
from hybrid_index.refine.solving import solve_some
from hybrid_index.search.windows import LineWindows, chance_table
from hybrid_index.types import Candidate, PeakList
from hybrid_index.units import FloatArray

SEARCH_LINES = 20
"""Lines that a search works on; more add little but time, and their errors grow with Q."""
MAX_REFLECTIONS_PER_LATTICE = 200
"""A trial lattice with more reflections than this under 20 lines explains them by chance."""
ALLOWANCE_DEG = 0.015
"""Shift (degrees, at Cu Kα) that windows allow for; larger ones are supposed on purpose, see ``schedule``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prepared:
    """Lines as a search needs them.

    ``lines`` the first ``SEARCH_LINES``; ``windows`` where reflections count as meeting them; ``odds`` (n + 1, N + 1)
    against chance; ``height_min`` (Å⁻²) the smallest reciprocal square that the longest allowed edge permits.
    """

    lines: LineData
    windows: LineWindows
    odds: FloatArray
    height_min: float

    @classmethod
    def from_peaks(cls, peaks: PeakList, settings: Settings) -> Prepared:
        """Prepare the low-angle lines of a list."""
        lines = line_data(peaks, settings, n_lines=SEARCH_LINES)
        allowance = ALLOWANCE_DEG * min(1.0, peaks.wavelength_angstrom / 1.5) if lines.free_shifts else 0.0
        windows = LineWindows.from_lines(lines, allowance_deg=allowance)
        odds = chance_table(windows.q, windows.tolerance, MAX_REFLECTIONS_PER_LATTICE, 1.5)
        return cls(lines=lines, windows=windows, odds=odds, height_min=1.0 / settings.max_edge_angstrom**2)


class Pool:
    """The best trial lattices of one engine: a bounded heap of rows (metric, code), worst first."""

    def __init__(self, capacity: int) -> None:
        self.scores = np.empty(capacity)
        self.rows = np.empty((capacity, 7))
        self.size = 0

    def candidates(self, lines: LineData, settings: Settings, *, source: str, most: int) -> Iterator[Candidate]:
        """Solve all of them against the lines and yield the best distinct ones."""
        metrics = np.ascontiguousarray(self.rows[: self.size, :6])
        codes = self.rows[: self.size, 6].astype(np.int64)
        yield from solved(metrics, codes, lines, settings, source=source, most=most)


def solved(
    metrics: FloatArray, codes: np.ndarray, lines: LineData, settings: Settings, *, source: str, most: int
) -> Iterator[Candidate]:
    """Solve the lattices (m, 6), (m,) against the lines and yield the best distinct ones, best first."""
    out = np.zeros((len(metrics), 4 + len(lines.free_shifts)))
    # engines already run side by side
    solve_some(metrics, codes, out, lines, n_lines=len(lines), weigh_classes=False)
    within = within_limits(metrics, codes, settings)
    seen: set[tuple[int, int, int]] = set()
    for i in np.argsort(-out[:, 0], kind="stable"):
        if out[i, 0] <= FAILED or len(seen) >= most:
            return
        # Copies of a lattice end at the same lines with the same evidence.
        key = (int(out[i, 1]), int(out[i, 2]), round(float(out[i, 0]) * 50))
        if key in seen or not within[i]:
            continue
        seen.add(key)
        shifts = {name: float(out[i, 4 + s]) for s, name in enumerate(lines.free_shifts)}
        yield Candidate(
            bravais_lattice=BRAVAIS_LATTICES[codes[i]],
            metric=metrics[i],
            source=source,
            score=float(out[i, 0]),
            **shifts,
        )
