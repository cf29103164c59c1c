"""Whole patterns decide where the lines leave doubt: Le Bail fits of the first solutions, and their order after that.

Lines that the peak search found and a cell does not explain are drawn in its fit as foreign lines, at a bounded price;
so no cell wins by merely meeting a strong foreign line.
"""

from __future__ import annotations

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.ranking import reweighed
from hybrid_index.refine.lebail import Comparison, LeBailFit, compare, foreign_lines, lebail_fit, range_end_deg
from hybrid_index.threads import side_by_side
from hybrid_index.types import Pattern, PeakList, Refinement, Solution, WholePattern

DOUBT_PROBABILITY = 0.9
"""The first answer is in doubt below this."""
RIVAL_SHARE = 0.01
MOST_RIVALS = 6
"""Answers are fitted down to this share of the first one's probability, and so many."""
MOST_REFLECTIONS = 200
"""Of any cell that is compared: the range ends there, since denser lines say little."""
MOST_DRAWN = 500
"""Of a cell that is only to be seen."""
LEAST_RANGE_DEG = 2.0


def fit_solution(
    pattern: Pattern,
    refinement: Refinement,
    peaks: PeakList,
    *,
    settings: Settings | None = None,
    end_deg: float | None = None,
    start: LeBailFit | None = None,
) -> LeBailFit:
    """Le Bail fit of a solution, with the lines of the list that it does not explain drawn beside its own.

    Parameters
    ----------
    pattern
        With its radiation.
    refinement
        The cell, and its shifts.
    peaks
        Lines of the pattern.
    settings
        For the goniometer radius, and for shifts that are held where both are.
    end_deg
        Where the fit ends, degrees; where the cell has some hundred reflections by default.
    start
        A fit of another cell to the same points.

    Raises
    ------
    InputError
        If the pattern cannot be fitted.
    """
    cell, lattice = refinement.cell, refinement.candidate.bravais_lattice
    settings = settings or Settings()
    fixed = settings.fix_zero_shift_deg is not None and settings.fix_displacement_mm is not None
    x = pattern.two_theta_deg
    if end_deg is None:
        end_deg = range_end_deg([(cell, lattice)], peaks.radiation, MOST_DRAWN)
    return lebail_fit(
        pattern if pattern.radiation else pattern.replace(radiation=peaks.radiation),
        cell,
        lattice,
        shift=refinement.shift,
        peaks=peaks,
        start=start,
        two_theta_range_deg=(float(x[0]), max(min(float(x[-1]), end_deg), float(x[0]) + LEAST_RANGE_DEG)),
        foreign_two_theta_deg=foreign_lines(peaks, cell, lattice, shift=refinement.shift, radius_mm=settings.radius_mm),
        fix_shift=fixed,
        radius_mm=settings.radius_mm,
    )


def is_called_for(solutions: tuple[Solution, ...], settings: Settings) -> bool:
    """Whether the settings ask for whole-pattern fits, or the first of the solutions is in doubt."""
    if settings.lebail == "auto":
        return len(_rivals(solutions)) > 1 and solutions[0].probability < DOUBT_PROBABILITY
    return settings.lebail == "always" and len(solutions) > 0


def _rivals(solutions: tuple[Solution, ...]) -> list[Solution]:
    return [s for s in solutions if s.probability >= RIVAL_SHARE * solutions[0].probability][:MOST_RIVALS]


def settled(
    pattern: Pattern, peaks: PeakList, solutions: tuple[Solution, ...], settings: Settings
) -> tuple[Solution, ...]:
    """The solutions in their order after whole-pattern fits of the first ones.

    Answers that cannot be fitted keep their probability and their place.

    Parameters
    ----------
    pattern, peaks
        The pattern, and all lines that were found in it.
    solutions
        Ranked by their lines.
    settings
        As for :func:`fit_solution`.
    """
    rivals = _rivals(solutions)
    cells = [(s.refinement.cell, s.refinement.candidate.bravais_lattice) for s in rivals]
    end_deg = range_end_deg(cells, peaks.radiation, MOST_REFLECTIONS)

    def fit(rival: Solution, start: LeBailFit | None) -> LeBailFit | None:
        try:
            return fit_solution(pattern, rival.refinement, peaks, settings=settings, end_deg=end_deg, start=start)
        except InputError:
            return None

    first, n = None, 0
    while first is None and n < len(rivals):
        first, n = fit(rivals[n], None), n + 1
    if first is None:
        return solutions
    tried = [first, *side_by_side(lambda rival: fit(rival, first), rivals[n:])]
    fitted = [rival for rival, one in zip(rivals[n - 1 :], tried, strict=True) if one is not None]
    fits = [one for one in tried if one is not None]
    compared = compare(fits)
    probability = reweighed(np.array([s.probability for s in fitted]), np.array([c.bits for c in compared]))
    changed = [
        s.replace(probability=float(p), whole_pattern=_found(fit, comparison))
        for s, p, fit, comparison in zip(fitted, probability, fits, compared, strict=True)
    ]
    places = [s.rank for s in fitted]
    reordered = dict(zip(places, sorted(changed, key=lambda s: -s.probability), strict=True))
    return tuple(reordered.get(s.rank, s).replace(rank=s.rank) for s in solutions)


def change_of_order(before: tuple[Solution, ...], after: tuple[Solution, ...]) -> list[str]:
    """A sentence where another solution comes first than before."""
    place = next(s.rank for s in before if s.refinement is after[0].refinement)
    new, old = after[0].whole_pattern, next(s for s in after if s.refinement is before[0].refinement).whole_pattern
    if place == 1 or new is None or old is None:
        return []
    r_wp = f"R_wp {100.0 * new.r_wp:.1f} % against {100.0 * old.r_wp:.1f} %"
    lead = f"{new.bits - old.bits:.0f} bits"
    return [f"the lines alone put this cell in place {place}; the whole pattern speaks for it by {lead} ({r_wp})"]


def _found(fit: LeBailFit, comparison: Comparison) -> WholePattern:
    r_wp = fit.r_wp_of_cell
    return WholePattern(
        r_wp=r_wp,
        r_exp=fit.r_exp,
        chi2=(r_wp / fit.r_exp) ** 2,
        bits=comparison.bits,
        n_reflections=len(fit.reflections),
        n_foreign=len(fit.foreign),
        two_theta_range_deg=(float(fit.two_theta_deg[0]), float(fit.two_theta_deg[-1])),
    )
