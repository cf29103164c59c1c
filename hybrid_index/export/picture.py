"""What a picture of a result shows, worked out once for every drawing library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.export.notation import with_esd
from hybrid_index.types import IndexingResult, IntArray, Pattern, PeakList, Solution, frozen_array
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, q_from_two_theta, shift_two_theta, two_theta_from_q

if TYPE_CHECKING:
    from hybrid_index.refine.lebail import LeBailFit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curves:
    """A whole-pattern fit, shape (n,) each: what the cell and the background explain, and what they leave, in σ."""

    two_theta_deg: FloatArray
    calculated: FloatArray
    background: FloatArray
    misfit: FloatArray
    legend: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """Curves, ticks and marks of one picture.

    ``indexed``, ``hkl`` and ``difference_deg`` (observed − calculated, NaN where not indexed) run parallel to
    ``peaks``; ``ticks_deg`` are all calculated lines of the cell in the range, shifts included. ``has_cell`` is false
    where there is no solution to show. ``fit`` replaces the differences of positions, where there is one.
    """

    title: str
    subtitle: str
    pattern: Pattern | None
    peaks: PeakList
    has_cell: bool
    indexed: npt.NDArray[np.bool_]
    hkl: IntArray
    difference_deg: FloatArray
    ticks_deg: FloatArray
    fit: Curves | None = None

    @property
    def range_deg(self) -> tuple[float, float]:
        """Range of 2θ to show, degrees: the pattern's, or a little more than that of the lines."""
        if self.pattern is not None:
            return float(self.pattern.two_theta_deg[0]), float(self.pattern.two_theta_deg[-1])
        low, high = float(self.peaks.two_theta_deg[0]), float(self.peaks.two_theta_deg[-1])
        margin = 0.03 * (high - low) + 0.2
        return max(0.0, low - margin), min(180.0, high + margin)

    @property
    def heights(self) -> FloatArray:
        """Where the lines end: the highest measured point nearby, or the listed intensity."""
        if self.pattern is None:
            return self.peaks.intensity
        x, y = self.pattern.two_theta_deg, self.pattern.intensity
        widths = np.nan_to_num(self.peaks.fwhm_deg, nan=0.1)
        spans = zip(
            np.searchsorted(x, self.peaks.two_theta_deg - widths / 2),
            np.searchsorted(x, self.peaks.two_theta_deg + widths / 2),
            strict=True,
        )
        return np.array([y[min(low, y.size - 1) : max(high, low + 1)].max() for low, high in spans], dtype=np.float64)


def picture_of_result(
    result: IndexingResult, *, pattern: Pattern | None = None, solution: int = 1, fit: LeBailFit | None = None
) -> Picture:
    """Return the picture of the *solution*-th answer of a result (1 is the best); without answers, of the bare lines.

    Raises
    ------
    InputError
        If the result has no lines, or fewer solutions than asked for.
    """
    if result.peaks is None:
        raise InputError("there are no lines to plot", source=result.id or None)
    if not result.solutions:
        return picture_of_peaks(result.peaks, pattern=pattern, title=f"{result.id} · no cell found")
    if not 1 <= solution <= len(result.solutions):
        raise InputError(f"solution {solution} does not exist; choose one from 1 to {len(result.solutions)}")
    radius_mm = float(result.settings.get("radius_mm", DEFAULT_RADIUS_MM))
    curves = None if fit is None or pattern is None else _curves(fit)
    return _with_cell(result, result.peaks, result.solutions[solution - 1], pattern, radius_mm, curves)


def _curves(fit: LeBailFit) -> Curves:
    calculated = fit.calculated - fit.foreign.pattern
    n = len(fit.foreign)
    foreign = f", {n} foreign line{'s' if n > 1 else ''} apart" if n else ""
    return Curves(
        two_theta_deg=fit.two_theta_deg,
        calculated=calculated,
        background=fit.background,
        misfit=np.asarray((fit.observed - calculated) / fit.sigma, dtype=np.float64),
        legend=f"Le Bail fit: R_wp {100.0 * fit.r_wp_of_cell:.1f} %, R_exp {100.0 * fit.r_exp:.1f} %{foreign}",
    )


def picture_of_peaks(peaks: PeakList, *, pattern: Pattern | None = None, title: str = "") -> Picture:
    """Return the picture of lines without a cell."""
    n = len(peaks)
    if n == 0 and pattern is None:
        raise InputError("there are no lines to plot", source=peaks.source or None)
    return Picture(
        title=title or peaks.name or peaks.source,
        subtitle=f"{n} lines, λ {peaks.wavelength_angstrom:.6g} Å",
        pattern=pattern,
        peaks=peaks,
        has_cell=False,
        indexed=np.zeros(n, dtype=np.bool_),
        hkl=np.zeros((n, 3), dtype=np.int64),
        difference_deg=np.full(n, np.nan),
        ticks_deg=np.zeros(0),
    )


def _with_cell(
    result: IndexingResult,
    peaks: PeakList,
    solution: Solution,
    pattern: Pattern | None,
    radius_mm: float,
    curves: Curves | None,
) -> Picture:
    from hybrid_index.refine.hkl import enumerate_reflections  # numba: only where a cell is drawn

    refinement = solution.refinement
    lattice, cell, esd = refinement.candidate.bravais_lattice, refinement.cell, refinement.cell_esd
    last_deg = float((peaks if pattern is None else pattern).two_theta_deg[-1])
    q_max = float(q_from_two_theta(min(last_deg, 179.0), peaks.wavelength_angstrom))
    lines = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    ticks = shift_two_theta(
        two_theta_from_q(lines.q, peaks.wavelength_angstrom),
        zero_shift_deg=refinement.shift.zero_shift_deg,
        displacement_mm=refinement.shift.displacement_mm,
        radius_mm=radius_mm,
    )
    lengths = "  ".join(with_esd(v, e) for v, e in zip(cell.parameters[:3], esd.parameters[:3], strict=True))
    angles = "  ".join(with_esd(v, e) for v, e in zip(cell.parameters[3:], esd.parameters[3:], strict=True))
    assignment = refinement.assignment
    return Picture(
        title=f"{result.id} · solution {solution.rank}: {lattice.value}  {lengths} Å  {angles}°",
        subtitle=(
            f"V {cell.volume:.1f} Å³ · M20 {refinement.merit.m20:.1f} · F20 {refinement.merit.f20:.1f} · "
            f"{int(assignment.indexed.sum())} of {len(peaks)} lines indexed · probability {solution.probability:.2f}"
        ),
        pattern=pattern,
        peaks=peaks,
        has_cell=True,
        indexed=assignment.indexed,
        hkl=assignment.hkl,
        difference_deg=frozen_array(peaks.two_theta_deg - assignment.two_theta_calc_deg),
        ticks_deg=ticks,
        fit=curves,
    )
