"""Successive dichotomy in the manner of DICVOL: an exhaustive search, cubic to monoclinic.

The unknown is the reciprocal metric (A, B, C, E), in which Q is linear: over a box of metrics each reflection covers an
interval of Q with known ends. A box in which more than the allowed number of lines meet no such interval holds no
solution and is dropped whole; the others are halved, until no line moves by more than its tolerance. What is left is
fitted to the lines by least squares. The zero shift may be one more edge of the box.

The search is complete within its bounds: a lattice is found if all but ``n_missing`` of the first lines lie within
their tolerance of its reflections, its reciprocal axes lie between 1/``max_edge_angstrom`` and the last line, and its
volume between the shell's. Only lines count, not intensities. D. Louër & M. Louër, J. Appl. Cryst. 5 (1972) 271,
doi:10.1107/S0021889872009483; A. Boultif & D. Louër, J. Appl. Cryst. 24 (1991) 987, doi:10.1107/S0021889891006441,
and 37 (2004) 724, doi:10.1107/S0021889804014876.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from hybrid_index.classical import dichotomy_kernels as kernels
from hybrid_index.classical.dichotomy_settings import SETTINGS, Setting
from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice
from hybrid_index.types import Budget, Candidate, PeakList, default_esd_deg
from hybrid_index.units import FloatArray, dq_d_two_theta, q_from_two_theta, unshift_two_theta

_MAX_LEVELS = 256
_BOXES_PER_CALL = 200_000
"""Boxes between two looks at the clock: about 0.1 s."""
_SPARE_LINES = 3
"""Lines that an answer must explain beyond those that fix its parameters."""


@dataclass(frozen=True, slots=True)
class SearchLines:
    """The lines of a search.

    Parameters
    ----------
    lines
        Shape (n, 3): Q in Å⁻² and the slopes that the kernels want.
    tol
        Shape (n,): largest accepted |ΔQ|, Å⁻².
    floor
        Mean |ΔQ| that the data can carry; a smaller one wins nothing.
    """

    lines: FloatArray
    tol: FloatArray
    floor: float

    @classmethod
    def of(cls, peaks: PeakList, limits: Settings, n_lines: int, tolerance_deg: float | None) -> SearchLines:
        """Take the first lines of a list, corrected for shifts that the settings fix."""
        wavelength = peaks.wavelength_angstrom
        two_theta = unshift_two_theta(
            peaks.two_theta_deg[:n_lines],
            zero_shift_deg=limits.fix_zero_shift_deg or 0.0,
            displacement_mm=limits.fix_displacement_mm or 0.0,
            radius_mm=limits.radius_mm,
        )
        usual = default_esd_deg(wavelength)
        esd = peaks.two_theta_esd_deg[:n_lines]
        width = (
            np.clip(2.0 * esd, 1.5 * usual, 5.0 * usual)
            if tolerance_deg is None
            else np.full(two_theta.size, tolerance_deg)
        )
        slope = dq_d_two_theta(two_theta, wavelength)
        curvature = 2.0 * np.cos(np.radians(two_theta)) / wavelength**2 * np.radians(1.0) ** 2
        lines = np.stack([q_from_two_theta(two_theta, wavelength), slope, curvature], axis=1)
        return cls(lines, slope * width, float(np.mean(slope * np.minimum(esd, usual))) / 4.0)

    def volume(self, symmetry: int) -> float:
        """Return the primitive volume (Å³) that makes as many lines to the last Q, all of full multiplicity."""
        return 3.0 * symmetry * self.tol.size / (4.0 * math.pi * math.pow(self.lines[-1, 0], 1.5))


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of the search: a setting, a shell of volumes (Å³, primitive), lines that may be missing, a zero range."""

    setting: Setting
    volume_low: float
    volume_high: float
    n_missing: int
    zero_deg: float
    cost_s: float


class Dichotomy:
    """Exhaustive search by interval bisection; a ``CandidateSource``.

    Parameters
    ----------
    n_lines
        Lines used, the lowest ones.
    max_missing
        Lines among them that may stay unindexed (less where the settings allow less).
    tolerance_deg
        Largest accepted |Δ2θ|; by default 2 esd, at least 0.03° and at most 0.1° (for Cu Kα; less for shorter waves).
    max_per_unit
        Candidates handed out per piece of the search.
    min_score
        Candidates with a lower figure of merit are kept back.
    """

    name = "dichotomy"

    def __init__(
        self,
        *,
        n_lines: int = 20,
        max_missing: int = 2,
        tolerance_deg: float | None = None,
        max_per_unit: int = 24,
        min_score: float = 5.0,
    ) -> None:
        self.n_lines = n_lines
        self.max_missing = max_missing
        self.tolerance_deg = tolerance_deg
        self.max_per_unit = max_per_unit
        self.min_score = min_score

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield candidates, best first within each piece of the search; the pieces come cheapest first."""
        units = self.units(peaks, limits)
        if not units:
            return
        lines = SearchLines.of(peaks, limits, self.n_lines, self.tolerance_deg)
        yielded: dict[BravaisLattice, list[FloatArray]] = {}
        for unit in units:
            if budget.exhausted():
                return
            thetas, scores = search(unit, lines, limits.max_edge_angstrom, budget)
            for theta, score in zip(thetas[: self.max_per_unit], scores, strict=False):
                metric = unit.setting.metric(theta)
                earlier = yielded.setdefault(unit.setting.lattice, [])
                if score < self.min_score or any(_is_same(metric, other) for other in earlier):
                    continue
                earlier.append(metric)
                yield Candidate(
                    bravais_lattice=unit.setting.lattice, metric=metric, source=self.name, score=float(score)
                )

    def units(self, peaks: PeakList, limits: Settings) -> list[Unit]:
        """Pieces of the search of these lines, in the order of their expected cost."""
        if len(peaks) <= _SPARE_LINES:
            return []
        lines = SearchLines.of(peaks, limits, self.n_lines, self.tolerance_deg)
        n = lines.tol.size
        # A first line that the shift could bring to zero says nothing.
        zero_limit = min(limits.zero_limit_deg, 0.5 * float(peaks.two_theta_deg[0]))
        zeros = (0.0, zero_limit) if limits.fix_zero_shift_deg is None and zero_limit > 0.0 else (0.0,)
        units = []
        for setting in SETTINGS:
            if setting.lattice.crystal_system not in limits.systems:
                continue
            nominal = lines.volume(setting.symmetry)
            for zero in zeros:
                n_slots = len(setting.family.slots)
                n_free = n_slots + (zero > 0.0)
                for n_missing in range(min(self.max_missing, limits.max_unindexed) + 1):
                    if n - n_missing < n_free + _SPARE_LINES:
                        continue
                    # As measured: a line that may be missing, or a free zero shift, costs more the lower the symmetry.
                    freedom = (0.6 + 0.4 * n_slots) ** n_missing * (2.0 ** (n_slots - 1) if zero else 1.0)
                    for low, high in pairwise(setting.family.shells):
                        if low * nominal < limits.max_volume_angstrom3:
                            cost = freedom * setting.family.cost_s * high**setting.family.growth
                            top = min(high * nominal, limits.max_volume_angstrom3)
                            units.append(Unit(setting, low * nominal, top, n_missing, zero, cost))
        return sorted(units, key=lambda unit: unit.cost_s)


def search(
    unit: Unit, lines: SearchLines, max_edge_angstrom: float, budget: Budget, *, capacity: int = 256
) -> tuple[FloatArray, FloatArray]:
    """Search one piece; return the points found, shape (n, 5), and their scores, shape (n,), best first.

    A point is (A, B, C, E) in the axes of the setting and the zero shift in degrees. When the budget ends, what was
    found so far is returned; the ``capacity`` best are kept.
    """
    family, points = unit.setting.family, unit.setting.lattice.lattice_points
    ordered = np.array(unit.setting.ordered, dtype=np.int64).reshape(-1, 2)
    active = np.array([*family.slots, kernels.N_METRIC][: len(family.slots) + (unit.zero_deg > 0.0)], dtype=np.int64)
    det_low = (points * unit.volume_high) ** -2.0
    det_high = (points * unit.volume_low) ** -2.0 if unit.volume_low > 0.0 else math.inf

    q, slope = lines.lines[:, 0], lines.lines[:, 1]
    reach = lines.tol + unit.zero_deg * slope
    q_max = float(np.max(q + reach))
    lo, hi = np.zeros((2, _MAX_LEVELS, kernels.N_SLOTS))
    for slot, power in zip(family.slots, family.powers, strict=True):
        hi[0, slot] = q_max
        if power:
            lo[0, slot] = max(max_edge_angstrom**-2.0, (det_low / q_max ** (3 - power)) ** (1.0 / power))
    lo[0, -1], hi[0, -1] = -unit.zero_deg, unit.zero_deg
    none: tuple[FloatArray, FloatArray] = np.zeros((0, kernels.N_SLOTS)), np.zeros(0)
    if not kernels.admit_box(family.code, ordered, det_low, det_high, lo[0], hi[0]):
        return none

    rows = unit.setting.rows(lo[0], hi[0], q_max)
    n = q.size
    start = np.zeros((_MAX_LEVELS, n + 1), dtype=np.int64)
    arena = np.resize(np.arange(len(rows), dtype=np.int32), 4 * n * len(rows))
    everything = np.arange(n + 1) * len(rows)
    if not kernels.filter_rows(rows, lines.lines, lines.tol, unit.n_missing, lo[0], hi[0], everything, start[0], arena):
        return none
    split = np.zeros((_MAX_LEVELS, 2), dtype=np.int64)
    split[0, 0] = max(0, kernels.widest_parameter(rows, lines.lines, lines.tol, lo[0], hi[0], start[0], arena))
    thetas, scores = np.zeros((capacity, kernels.N_SLOTS)), np.zeros(capacity)
    cursor = np.zeros(3, dtype=np.int64)
    while cursor[0] >= 0 and not budget.exhausted():
        if 2 * start[cursor[0], n] - start[cursor[0], 0] > arena.size:
            arena = np.concatenate([arena, np.empty_like(arena)])
        kernels.bisect(
            family.code, ordered, active, det_low, det_high, rows, lines.lines, lines.tol, lines.floor, unit.n_missing,
            lo, hi, split, start, arena, thetas, scores, cursor, _BOXES_PER_CALL,
        )  # fmt: skip
    best = np.argsort(-scores[: cursor[2]], kind="stable")
    return thetas[best], scores[best]


def _is_same(metric: FloatArray, other: FloatArray) -> bool:
    scale = np.sqrt(metric[[0, 1, 2, 1, 0, 0]] * metric[[0, 1, 2, 2, 2, 1]])
    return bool(np.all(np.abs(metric - other) <= kernels.SAME_METRIC * scale))
