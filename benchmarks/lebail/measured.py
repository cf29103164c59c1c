"""Measured patterns: whether the whole pattern prefers the known cell to its rivals."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.accuracy.cases import Case
from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    BravaisLattice,
    Cell,
    cluster_lattices,
    conventional,
    derivative_relation,
    primitive_gram,
    sublattices,
    superlattices,
)
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.peaks import find_peaks
from hybrid_index.pipeline import refine_cell
from hybrid_index.refine.lebail import Comparison, LeBailFit, compare, foreign_lines, lebail_fit, range_end_deg
from hybrid_index.types import IndexingResult, Pattern, Shift
from hybrid_index.units import FloatArray

MOST_REFLECTIONS = 300
"""Of any of the cells that are compared: the range ends there."""
MOST_LISTED = 6
"""Answers of the list that are compared."""
SYMMETRY_TOLERANCE = 0.002
SAME_LATTICE = 0.0015
KNOWN_TOLERANCE = 2.0e-4
DERIVATIVE_TOLERANCE, DERIVATIVE_ANGLE_DEG = 0.005, 0.5
KNOWN = "known cell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """A cell to be compared, and where it comes from."""

    origin: str
    cell: Cell
    lattice: BravaisLattice
    shift: Shift

    @property
    def gram(self) -> FloatArray:
        """Gram matrix of a primitive basis."""
        return primitive_gram(self.cell, self.lattice)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """All cells that were fitted to a pattern, the known one first; parallel tuples."""

    name: str
    rank: int | None
    rivals: tuple[Rival, ...]
    fits: tuple[LeBailFit, ...]
    comparisons: tuple[Comparison, ...]
    failures: tuple[str, ...]
    seconds: float

    def lead(self, *origins: str) -> float:
        """Bits by which the known cell leads the best of the rivals whose origin begins so; infinite without any."""
        return self._lead_over([r.origin.startswith(origins) for r in self.rivals[1:]])

    def lead_over_listed_derivatives(self) -> float:
        """The same, over the sub- and superlattices (to index four) of the known lattice among the listed answers."""
        known = self.rivals[0].gram
        return self._lead_over(
            [
                rival.origin.startswith("listed")
                and derivative_relation(known, rival.gram, DERIVATIVE_TOLERANCE, DERIVATIVE_ANGLE_DEG) is not None
                for rival in self.rivals[1:]
            ]
        )

    def _lead_over(self, counts: Sequence[bool]) -> float:
        others = [c.bits for c, counted in zip(self.comparisons[1:], counts, strict=True) if counted]
        return self.comparisons[0].bits - max(others, default=-np.inf)


def known_cell(case: Case, pattern: Pattern, result: IndexingResult) -> Rival:
    """The known cell: as it stands in the list of answers, or refined against the peaks where it does not.

    A listed cell of higher symmetry than the known one (β = 90.1° taken for 90°) is a rival, not the known cell.
    """
    if case.gram is None:
        raise InputError("this pattern has no known cell", source=case.name)
    setting = conventional(case.gram, KNOWN_TOLERANCE)
    for solution in result.solutions:
        refinement = solution.refinement
        lattice = refinement.candidate.bravais_lattice
        if lattice is setting.bravais_lattice and same_shortest_vectors(
            primitive_gram(refinement.cell, lattice), case.gram, case.tolerance
        ):
            return Rival(origin=KNOWN, cell=refinement.cell, lattice=lattice, shift=refinement.shift)
    data = result.peaks or pattern
    refinement = refine_cell(data, setting.cell, bravais_lattice=setting.bravais_lattice).solutions[0].refinement
    return Rival(origin=KNOWN, cell=refinement.cell, lattice=setting.bravais_lattice, shift=refinement.shift)


def rivals_of(known: Rival, result: IndexingResult) -> list[Rival]:
    """The other answers of the list, and the derivative lattices of index two of the known cell; each lattice once."""
    found = [known]
    for solution in result.solutions[: MOST_LISTED + 1]:
        refinement = solution.refinement
        origin, lattice = f"listed {solution.rank}", refinement.candidate.bravais_lattice
        found.append(Rival(origin=origin, cell=refinement.cell, lattice=lattice, shift=refinement.shift))
    for origin, grams in (("superlattice", superlattices(known.gram, 2)), ("sublattice", sublattices(known.gram, 2))):
        for gram in grams:
            setting = conventional(gram, SYMMETRY_TOLERANCE)
            found.append(Rival(origin=origin, cell=setting.cell, lattice=setting.bravais_lattice, shift=known.shift))
    labels = cluster_lattices(np.array([rival.gram for rival in found]), SAME_LATTICE)
    return [found[i] for i in sorted(np.unique(labels, return_index=True)[1])]


def contest(case: Case, pattern: Pattern, result: IndexingResult, rank: int | None) -> Contest:
    """Fit all cells over one range, and compare."""
    start = time.perf_counter()
    known = known_cell(case, pattern, result)
    rivals = rivals_of(known, result)
    ends = range_end_deg([(rival.cell, rival.lattice) for rival in rivals], case.radiation, MOST_REFLECTIONS)
    x, peaks = pattern.two_theta_deg, find_peaks(pattern)
    fitted: list[Rival] = []
    fits: list[LeBailFit] = []
    failures: list[str] = []
    for rival in rivals:
        try:
            fit = lebail_fit(
                pattern, rival.cell, rival.lattice, shift=rival.shift, peaks=peaks,
                start=fits[0] if fits else None,
                two_theta_range_deg=(float(x[0]), max(min(float(x[-1]), ends), float(x[0]) + 1.0)),
                foreign_two_theta_deg=foreign_lines(peaks, rival.cell, rival.lattice, shift=rival.shift),
            )  # fmt: skip
        except InputError as error:
            if rival is known:
                raise
            failures.append(f"{rival.origin}: {error}")
            continue
        fitted.append(rival)
        fits.append(fit)
    return Contest(
        name=case.name,
        rank=rank,
        rivals=tuple(fitted),
        fits=tuple(fits),
        comparisons=tuple(compare(fits)),
        failures=tuple(failures),
        seconds=time.perf_counter() - start,
    )


def contest_record(found: Contest) -> dict[str, Any]:
    """What a table and the document say of a contest; a lead is ``None`` where there was no such rival."""
    others = range(1, len(found.fits))
    best = max(others, key=lambda i: found.comparisons[i].bits, default=0)
    rival, fit = found.rivals[best], found.fits[best]
    leads = {f"lead_{kind}": found.lead(kind) for kind in ("sublattice", "superlattice", "listed")}
    leads["lead_listed_derivative"] = found.lead_over_listed_derivatives()
    return {
        "name": found.name,
        "rank": found.rank,
        **{name: lead if np.isfinite(lead) else None for name, lead in leads.items()},
        "best_rival": f"{rival.origin}, {rival.lattice}, V {fit.cell.volume:.0f}",
        "chi2": found.fits[0].chi2,
        "chi2_of_best_rival": fit.chi2,
        "fits": len(found.fits),
        "failures": list(found.failures),
        "seconds": found.seconds,
    }


def shares(contests: Sequence[Contest]) -> dict[str, float]:
    """Share of the patterns in which the known cell wins, against each kind of rival and against all."""
    kinds = {"sublattice": ("sublattice",), "superlattice": ("superlattice",), "listed": ("listed",), "all": ("",)}
    won = {name: float(np.mean([c.lead(*origins) > 0.0 for c in contests])) for name, origins in kinds.items()}
    return won | {"listed_derivative": float(np.mean([c.lead_over_listed_derivatives() > 0.0 for c in contests]))}
