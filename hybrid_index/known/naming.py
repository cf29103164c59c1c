"""Names of known phases put to the solutions of a result or of its document, and in words for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from hybrid_index.lattice import BravaisLattice, Cell

if TYPE_CHECKING:
    from hybrid_index.known.library import KnownPhases
    from hybrid_index.types import IndexingResult, KnownMatch

_NAMES_SHOWN = 2
_PARTS = {2: "half", 3: "a third of", 4: "a quarter of"}


def name_solutions(result: IndexingResult, phases: KnownPhases) -> IndexingResult:
    """Return the same result with the known phases named that its solutions are (``Solution.known``).

    Whether it is a derivative lattice of a known one is asked of the first solution only.
    """
    solutions = []
    for solution in result.solutions:
        refinement = solution.refinement
        known = phases.match(
            refinement.cell,
            refinement.candidate.bravais_lattice,
            partners=[(partner.cell, partner.bravais_lattice) for partner in solution.equivalents],
            derivatives=solution.rank == 1,
        )
        solutions.append(solution.replace(known=known))
    return result.replace(solutions=tuple(solutions))


def name_document(content: Mapping[str, Any], phases: KnownPhases) -> dict[str, Any]:
    """Return a result document with the known phases of each of its solutions (``known``); see :func:`name_solutions`.

    For documents on their way into or out of a file, which need not become results for that.
    """
    solutions = []
    for solution in content["solutions"]:
        partners = [_lattice_of(partner) for partner in solution["equivalents"]]
        known = phases.match(*_lattice_of(solution), partners=partners, derivatives=solution["rank"] == 1)
        solutions.append({**solution, "known": [asdict(match) for match in known]})
    return {**content, "solutions": solutions}


def _lattice_of(item: Mapping[str, Any]) -> tuple[Cell, BravaisLattice]:
    return Cell(**item["cell"]), BravaisLattice(item["bravais_lattice"])


def label(matches: Sequence[KnownMatch]) -> str:
    """Return in a few words which phase a lattice is: one name, several where it is ambiguous, or whose derivative.

    Examples
    --------
    >>> from hybrid_index.types import KnownMatch
    >>> halite = KnownMatch(name="halite", relation="strained", strain_percent=0.35, file="salts.csv")
    >>> label([halite])
    'halite (+0.35 %)'
    >>> label([halite, KnownMatch(name="galena", relation="strained", strain_percent=-0.5, file="")])
    'halite (+0.35 %) or galena (-0.50 %)'
    >>> label([KnownMatch(name="halite", relation="sublattice of index 2", strain_percent=0.0, file="")])
    'half the cell of halite'
    """
    if not matches:
        return ""
    # the best kind of match silences the others; of a phase that stands in several files, the nearest speaks
    kind = matches[0].relation
    named: dict[str, str] = {}
    for match in matches:
        if match.relation == kind:
            named.setdefault(match.name, _words(match))
    shown = " or ".join(list(named.values())[:_NAMES_SHOWN])
    hidden = len(named) - _NAMES_SHOWN
    return f"{shown} or {hidden} more" if hidden > 0 else shown


def _words(match: KnownMatch) -> str:
    if match.relation == "same lattice":
        return match.name
    if match.relation == "strained":
        return f"{match.name} ({match.strain_percent:+.2f} %)"
    if match.relation == "same lines":
        return f"same lines as {match.name}"
    kind, _, index = match.relation.partition(" of index ")
    if kind == "sublattice":
        return f"{_PARTS[int(index)]} the cell of {match.name}"
    return f"{'twice' if index == '2' else f'{index} times'} the cell of {match.name}"
