from __future__ import annotations

import numpy as np
import pytest

from benchmarks.accuracy import causes
from benchmarks.accuracy.causes import Fit, Miss
from hybrid_index import PeakList, Settings
from hybrid_index.lattice import Cell
from hybrid_index.units import FloatArray

TRUE = Cell(a=8.482, b=5.398, c=6.959)
QUICK = Settings(budget_s=0.4)
TOLERANCE = 0.005


def fit(score: float, *, evidence: float = 0.0, n_indexed: int = 20, n_possible: int = 30) -> Fit:
    return Fit(score_bits=score, evidence_bits=evidence, n_indexed=n_indexed, n_possible=n_possible, rms=1.0)


def diagnose(
    peaks: PeakList, *, true: FloatArray = TRUE.gram, answer: FloatArray | None = None, settings: Settings = QUICK
) -> Miss:
    return causes.diagnose(true, TOLERANCE, peaks, settings, answer)


@pytest.mark.parametrize(
    ("first", "true", "proposed", "held", "cause"),
    [
        (fit(50), fit(50), False, False, "undecidable"),
        (fit(50), fit(49), True, True, "undecidable"),
        (fit(50), None, False, False, "lost in refinement"),
        (fit(50), fit(51), True, False, "lost in refinement"),
        (fit(50), fit(51), True, True, "ranked below"),
        (fit(50), fit(51), False, False, "never proposed"),
        (None, fit(51), False, False, "never proposed"),
    ],
)
def test_causes_in_order(first: Fit, true: Fit | None, proposed: bool, held: bool, cause: str) -> None:
    assert causes.cause_of(first, true, proposed=proposed, held=held) == cause


def test_a_search_without_the_true_system_never_proposes_it(peaks: PeakList) -> None:
    settings = Settings(systems=("cubic",), zero_limit_deg=0.0, budget_s=0.4)
    miss = diagnose(peaks, settings=settings)
    assert (miss.cause, miss.proposed, miss.relation) == ("never proposed", False, causes.NO_ANSWER)
    assert miss.true is not None
    assert miss.true.n_indexed >= 24


def test_lines_of_a_smaller_cell_cannot_prove_a_larger_one(peaks: PeakList) -> None:
    doubled = Cell(a=8.482, b=2 * 5.398, c=6.959)
    miss = diagnose(peaks, true=doubled.gram, answer=TRUE.gram)
    assert (miss.cause, miss.relation) == ("undecidable", "sublattice of index 2")
    assert miss.first is not None
    assert miss.true is not None
    assert miss.first.n_possible < miss.true.n_possible
    assert miss.by_plain_count
    assert not miss.by_prior_alone


def test_an_answer_that_the_search_does_not_repeat(peaks: PeakList) -> None:
    wrong = Cell(a=3.0, b=4.0, c=5.0).gram
    miss = diagnose(peaks, answer=wrong)
    assert (miss.cause, miss.proposed, miss.relation) == ("not repeated", True, causes.NO_RELATION)


def test_the_last_refinement_may_lose_the_truth(peaks: PeakList) -> None:
    miss = diagnose(peaks, answer=1.01**2 * TRUE.gram)
    assert (miss.cause, miss.relation) == ("lost in refinement", causes.NO_RELATION)


def test_a_truth_that_the_lines_contradict_does_not_come_back(peaks: PeakList) -> None:
    race, seen = causes.watched_race(peaks, Settings(systems=("orthorhombic",), budget_s=0.4))
    assert seen
    off = Cell(a=8.482, b=5.398, c=1.03 * 6.959).gram
    assert len(causes.solved_truth(race, off, 0.001)) == 0
    back = causes.solved_truth(race, TRUE.gram, TOLERANCE)
    assert np.all(np.diff(race.score(back)) <= 0.0)


def test_prior_and_plain_count_split_the_undecidable() -> None:
    by_prior = Miss(cause="undecidable", first=fit(50, evidence=52), true=fit(49, evidence=53, n_possible=29))
    assert (by_prior.by_prior_alone, by_prior.by_plain_count) == (True, False)
    by_count = Miss(cause="undecidable", first=fit(50, evidence=53), true=fit(49, evidence=52))
    assert (by_count.by_prior_alone, by_count.by_plain_count) == (False, True)
    assert not Miss(cause="ranked below", first=fit(50), true=fit(51)).by_plain_count


def test_relations_of_the_wrong_cell() -> None:
    other = Cell(a=8.482, b=5.398, c=2 * 6.959).gram
    assert causes.relation_of(TRUE.gram, other, TOLERANCE) == "superlattice of index 2"
    assert causes.relation_of(TRUE.gram, 1.001**2 * TRUE.gram, TOLERANCE) == causes.NEAR_MISS
    assert causes.relation_of(TRUE.gram, Cell(a=3, b=4, c=5).gram, TOLERANCE) == causes.NO_RELATION
