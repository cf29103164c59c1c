"""From a result to what all writers need: the solution, its pattern, a Le Bail fit, a space group."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import gemmi

from hybrid_index.errors import InputError
from hybrid_index.export.notation import with_esd
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.space_group import absent, check_space_group, default_space_group, parse_space_group
from hybrid_index.types import IndexingResult, Pattern, PeakList, Solution
from hybrid_index.units import DEFAULT_RADIUS_MM

if TYPE_CHECKING:
    from hybrid_index.refine.lebail import LeBailFit

MOST_REFLECTIONS = 1000
"""A fit ends where the cell has more reflections than this: beyond, they all overlap and take long."""


def prepare(
    result: IndexingResult,
    *,
    solution: int = 1,
    pattern: Pattern | None = None,
    space_group: str | None = None,
    fit: bool = True,
) -> RefinementStart:
    """Gather what the start files of a refinement hold.

    Parameters
    ----------
    result
        What :func:`hybrid_index.index` returned.
    solution
        Rank of the solution, 1 is the best.
    pattern
        The measured pattern. It is fitted by Le Bail's method, and most programs need it.
    space_group
        Hermann-Mauguin symbol or number in the setting of the cell; by default the group of the lattice without
        absences beyond its centring, so that no line is left out before space groups have been compared.
    fit
        Whether to fit the pattern; without, cell and widths are those of the lines.

    Raises
    ------
    InputError
        If the result has no such solution, the space group is unknown or does not fit the cell, or the pattern
        cannot be fitted.
    """
    where = result.id or None
    chosen = _solution(result, solution)
    refinement = chosen.refinement
    lattice = refinement.candidate.bravais_lattice
    try:
        group = parse_space_group(default_space_group(lattice) if space_group is None else space_group)
        check_space_group(group, refinement.cell, lattice)
    except InputError as error:
        raise error.at("space_group") from error
    if result.peaks is None:
        raise InputError("the result has no lines", source=where)
    if pattern is not None:
        pattern = pattern.replace(radiation=result.peaks.radiation)
    return RefinementStart(
        result=result,
        solution=chosen,
        pattern=pattern,
        fit=_fitted(result, result.peaks, chosen, pattern, group) if fit and pattern is not None else None,
        space_group=str(group.hm),
        title=_title(result, chosen),
    )


def _solution(result: IndexingResult, number: int) -> Solution:
    where = result.id or None
    if not result.solutions:
        reasons = "; ".join(result.reasons)
        raise InputError(
            f"the result has no solution to export (status {result.status}{': ' if reasons else ''}{reasons}); "
            "index the pattern again with more time or better lines",
            source=where,
        )
    if not 1 <= number <= len(result.solutions):
        count = len(result.solutions)
        has = "only one" if count == 1 else f"{count}, numbered 1 to {count}"
        raise InputError(f"solution {number} is not there; the result has {has}", source="solution")
    return result.solutions[number - 1]


def _fitted(
    result: IndexingResult, peaks: PeakList, solution: Solution, pattern: Pattern, group: gemmi.SpaceGroup
) -> LeBailFit:
    from hybrid_index.refine.lebail import foreign_lines, lebail_fit, range_end_deg  # loads the kernels

    refinement = solution.refinement
    cell, lattice, shift = refinement.cell, refinement.candidate.bravais_lattice, refinement.shift
    end = range_end_deg([(cell, lattice)], peaks.radiation, MOST_REFLECTIONS)
    radius_mm = float(result.settings.get("radius_mm", DEFAULT_RADIUS_MM))
    return lebail_fit(
        pattern,
        cell,
        lattice,
        shift=shift,
        peaks=peaks,
        two_theta_range_deg=(float(pattern.two_theta_deg[0]), min(float(pattern.two_theta_deg[-1]), end)),
        foreign_two_theta_deg=foreign_lines(peaks, cell, lattice, shift=shift, radius_mm=radius_mm),
        absent=lambda hkl: absent(group, hkl),
        radius_mm=radius_mm,
    )


def _title(result: IndexingResult, solution: Solution) -> str:
    refinement = solution.refinement
    cell, esd = refinement.cell, refinement.cell_esd
    lengths = " ".join(with_esd(v, e) for v, e in zip(cell.parameters[:3], esd.parameters[:3], strict=True))
    text = f"{result.id}: solution {solution.rank}, {refinement.candidate.bravais_lattice.value} {lengths}"
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "replace").decode("ascii")
    return " ".join(plain.split())
