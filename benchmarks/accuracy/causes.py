"""Why a true lattice was missed: the search is driven once more, watched, and the truth is put beside its answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np

from hybrid_index import PeakList, Settings
from hybrid_index.lattice import Cell, bravais_lattices, derivative_relation, primitive_gram
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.race import Race, load_kernels
from hybrid_index.refine.solving import SYMMETRY_TOLERANCE, Solved, solve_candidates
from hybrid_index.schedule import Clock, plan, supposed_shifts
from hybrid_index.types import Budget, Candidate, CandidateSource
from hybrid_index.units import FloatArray

Cause = Literal["never proposed", "lost in refinement", "ranked below", "undecidable", "refused", "not repeated"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
NO_RELATION = "none"
NO_ANSWER = "no answer"
NEAR_MISS = "near miss"

REACH = 0.02
"""Relative, in the lengths of the shortest vectors: a proposal this near to the true lattice can be refined to it."""
RELATION_ANGLE_DEG = 1.0
"""Difference of angles (degrees) up to which a wrong cell counts as a derivative of the true one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well a lattice explains the lines: bits with and without the prior, lines, misfit over its uncertainty."""

    score_bits: float
    evidence_bits: float
    n_indexed: int
    n_possible: int
    rms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Why the true lattice is not the first answer.

    Parameters
    ----------
    cause
        ``undecidable``: evidence and prior of the first answer are at least those of the true lattice, refined from
        the truth by the same machinery; no search would help. ``lost in refinement``: the true lattice does not come
        back even from there, or it was proposed and was not kept. ``never proposed``: neither an engine nor what was
        bred from its findings came near. ``ranked below``: it was there, with more evidence than the first answer.
        ``refused``: nothing was searched. ``not repeated``: the same search was right when it was run again.
    relation
        What the first answer is of the true lattice.
    proposed
        Whether the search came within :data:`REACH` of the true lattice.
    first, true
        Fits of the first answer and of the true lattice, ``None`` where there is none.
    """

    cause: Cause
    relation: str = NO_ANSWER
    proposed: bool = False
    first: Fit | None = None
    true: Fit | None = None

    @property
    def by_prior_alone(self) -> bool:
        """Whether the lines themselves speak for the true lattice, and only the prior for the wrong cell."""
        return bool(
            self.cause == "undecidable"
            and self.first
            and self.true
            and self.first.evidence_bits < self.true.evidence_bits
        )

    @property
    def by_plain_count(self) -> bool:
        """Whether an undecidable wrong cell indexes no line less, out of no more possible ones: beyond any dispute."""
        return bool(
            self.cause == "undecidable"
            and self.first
            and self.true
            and self.first.n_indexed >= self.true.n_indexed
            and self.first.n_possible <= self.true.n_possible
        )


@dataclass(frozen=True, slots=True)
class Watched:
    """A source that writes down what it proposes."""

    source: CandidateSource
    seen: list[Candidate]

    @property
    def name(self) -> str:
        """Name of the source."""
        return self.source.name

    def propose(self, peaks: PeakList, limits: Any, budget: Budget) -> Iterator[Candidate]:
        """Yield what the source proposes."""
        for candidate in self.source.propose(peaks, limits, budget):
            self.seen.append(candidate)
            yield candidate


def relation_of(true: FloatArray, other: FloatArray, tolerance: float) -> str:
    """What a wrong cell is of the true lattice: a sublattice or superlattice of index n, a near miss, or none."""
    relation = derivative_relation(true, other, tolerance, RELATION_ANGLE_DEG) or NO_RELATION
    return NEAR_MISS if relation == "same lattice" else relation


def watched_race(peaks: PeakList, settings: Settings) -> tuple[Race, list[Candidate]]:
    """Search as :func:`hybrid_index.index` does; return the race and all that its engines proposed."""
    race, seen = Race(peaks=peaks, settings=settings, clock=Clock.start(settings.budget_s)), list[Candidate]()
    for stage in plan(peaks, settings):
        if race.clock.exhausted():
            break
        with race.clock.stopped():
            load_kernels(stage)
        race.run(replace(stage, sources=tuple(Watched(source, seen) for source in stage.sources)))
        if race.can_stop(all_systems=stage.all_systems, glanced=stage.glanced):
            break
    return race, seen


def solved_truth(race: Race, true: FloatArray, tolerance: float) -> Solved:
    """Refine the true lattice against the lines of a race, in every symmetry it nearly has and from every shift.

    Returns
    -------
    Solved
        Those that are still the true lattice, best score first; none where refinement leads away from it.
    """
    zeros = (0.0, *supposed_shifts(race.settings, race.peaks.wavelength_angstrom))
    starts = [
        Candidate(bravais_lattice=setting.bravais_lattice, metric=setting.metric, source="truth", zero_shift_deg=zero)
        for setting in bravais_lattices(true, SYMMETRY_TOLERANCE)
        for zero in zeros
    ]
    solved = solve_candidates(starts, race.lines)
    back = [i for i, gram in enumerate(solved.grams) if same_shortest_vectors(gram, true, tolerance)]
    solved = solved.take(back)
    return solved.take(np.argsort(-race.score(solved), kind="stable"))


def diagnose(
    true: FloatArray, tolerance: float, peaks: PeakList, settings: Settings, answer: FloatArray | None
) -> Miss:
    """Find the cause of a miss.

    Parameters
    ----------
    true
        Gram matrix of a primitive basis of the true lattice, Å².
    tolerance
        Relative, in the lengths of the shortest vectors.
    peaks
        The lines that were indexed.
    answer
        Gram matrix of the first answer that was given, if there was one.
    """
    race, seen = watched_race(peaks, settings)
    truth = solved_truth(race, true, tolerance)
    held = [same_shortest_vectors(gram, true, tolerance) for gram in race.solved.grams]
    proposed = any(held) or _was_proposed(seen, true)
    best_true = _fit(race, truth, 0) if len(truth) else None
    first: Fit | None = None
    first_is_true = False
    if len(race.solved):
        members = race.answers(settings.max_solutions)[0].members
        first = _fit(race, race.solved, members[0])
        first_is_true = any(held[i] for i in members)
    if first_is_true:
        # the last refinement, after the race, led away from it; or time made the difference
        near = answer is not None and same_shortest_vectors(answer, true, REACH)
        cause: Cause = "lost in refinement" if near else "not repeated"
    else:
        cause = cause_of(first, best_true, proposed=proposed, held=any(held))
    relation = NO_ANSWER if answer is None else relation_of(true, answer, tolerance)
    return Miss(cause=cause, relation=relation, proposed=proposed, first=first, true=best_true)


def cause_of(first: Fit | None, true: Fit | None, *, proposed: bool, held: bool) -> Cause:
    """Name the cause, given the fits of the wrong first answer and of the truth, and how far the truth came.

    What no search could help comes before what a better search would: first a wrong cell that explains the lines as
    well, then a truth that refinement leaves (*true* is ``None``).
    """
    if first and true and first.score_bits >= true.score_bits:
        return "undecidable"
    if true is None:
        return "lost in refinement"
    if held:
        return "ranked below"
    return "lost in refinement" if proposed else "never proposed"


def _was_proposed(seen: list[Candidate], true: FloatArray) -> bool:
    volume = float(np.sqrt(np.linalg.det(true)))
    for candidate in seen:
        gram = primitive_gram(Cell.from_metric(candidate.metric), candidate.bravais_lattice)
        # volumes first: there are thousands of proposals
        if abs(float(np.sqrt(np.linalg.det(gram))) / volume - 1.0) <= 3.0 * REACH and same_shortest_vectors(
            gram, true, REACH
        ):
            return True
    return False


def _fit(race: Race, solved: Solved, i: int) -> Fit:
    return Fit(
        score_bits=float(race.score(solved)[i]),
        evidence_bits=float(solved.evidence[i]),
        n_indexed=int(solved.n_indexed[i]),
        n_possible=int(solved.n_possible[i]),
        rms=float(solved.rms[i]),
    )
