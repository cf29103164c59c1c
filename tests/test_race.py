"""What a race takes from the networks when it ranks, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest

from hybrid_index.config import Networks, Settings
from hybrid_index.neural.belief import believe
from hybrid_index.neural.weights import packaged_network
from hybrid_index.race import HEARD_NEAR_DEG, PATIENCE, Answer, Race
from hybrid_index.ranking import prior_bits
from hybrid_index.refine.lines import without_shift
from hybrid_index.schedule import Clock, Stage
from hybrid_index.types import Budget, Candidate, PeakList
from tests.synthetic import TYPICAL, B, line_list

SHIFT_DEG = 0.12


def raced(neural: Networks) -> Race:
    """A race that was told the true lattice of shifted lines."""
    settings = Settings(neural=neural)
    peaks = line_list(TYPICAL[B.OI], B.OI, zero_shift_deg=SHIFT_DEG)
    race = Race(peaks=peaks, settings=settings, clock=Clock.start(settings.budget_s))
    race.run(Stage(name="nothing", sources=()))
    assert race.heard_at_deg is None
    truth = Candidate(bravais_lattice=B.OI, metric=TYPICAL[B.OI].metric, source="truth")
    race.try_hints([truth], n_foreign=0)
    return race


def test_the_network_is_heard_about_the_lines_without_their_shift() -> None:
    race, network = raced("auto"), packaged_network()
    assert network is not None
    assert race.heard_at_deg is not None
    assert race.heard_at_deg == pytest.approx(SHIFT_DEG, abs=HEARD_NEAR_DEG)
    said = believe(network, without_shift(race.peaks, race.heard_at_deg)).lattices
    assert said.sum() == pytest.approx(1.0)
    np.testing.assert_array_equal(race.prior, prior_bits(said))
    best = race.answers(1)[0]
    assert best.score == pytest.approx(race.solved.evidence[best.members[0]] + race.prior[B.OI.code])


def test_a_shift_that_is_fixed_is_taken_off_before_the_network_is_heard() -> None:
    settings = Settings(fix_zero_shift_deg=0.4, fix_displacement_mm=0.0)
    race = Race(peaks=line_list(TYPICAL[B.OI], B.OI, zero_shift_deg=0.4), settings=settings, clock=Clock.start(60.0))
    race.try_hints([Candidate(bravais_lattice=B.OI, metric=TYPICAL[B.OI].metric, source="truth")], n_foreign=0)
    network = packaged_network()
    assert network is not None
    for shift_deg, is_heard in ((0.0, True), (0.4, False)):
        said = prior_bits(believe(network, line_list(TYPICAL[B.OI], B.OI, zero_shift_deg=shift_deg)).lattices)
        assert np.allclose(race.prior, said, atol=0.01) is is_heard


def test_without_networks_shares_among_crystals_are_the_prior() -> None:
    race = raced("never")
    np.testing.assert_array_equal(race.prior, prior_bits())
    assert race.answers(1)[0].score == pytest.approx(race.solved.evidence[0] + prior_bits()[B.OI.code])


def test_the_order_follows_what_was_heard() -> None:
    race = raced("auto")
    score = race.score(race.solved)
    assert len(score) > 1
    assert np.all(np.diff(score) <= 0.0)


LOOK = Stage(name="look", sources=(), all_systems=False, glanced=True)
THOROUGH = Stage(name="nothing", sources=())


@dataclass(frozen=True)
class Told:
    """An engine that was told the true lattice."""

    lattice: B
    name: str = "told"

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        yield Candidate(bravais_lattice=self.lattice, metric=TYPICAL[self.lattice].metric, source=self.name)


def told(lattice: B, n_lines: int) -> Race:
    """A race that was told the true lattice of a short list of rough lines."""
    race = Race(
        peaks=line_list(TYPICAL[lattice], lattice, n_lines=n_lines, esd_deg=0.02),
        settings=Settings(neural="never"),
        clock=Clock.start(60.0),
    )
    race.try_hints([Candidate(bravais_lattice=lattice, metric=TYPICAL[lattice].metric, source="truth")], n_foreign=0)
    return race


@pytest.mark.parametrize(
    ("lattice", "n_lines", "quickly", "at_once"),
    [(B.TP, 10, True, True), (B.OP, 10, False, True), (B.OP, 7, False, False)],
)
def test_what_is_beyond_doubt_ends_a_search(lattice: B, n_lines: int, quickly: bool, at_once: bool) -> None:
    race = told(lattice, n_lines)
    assert race.can_stop(all_systems=False, glanced=True) is quickly
    assert race.can_stop(all_systems=False) is quickly
    assert race.can_stop(all_systems=True) is at_once


@pytest.mark.parametrize(("probabilities", "found"), [((0.3, 0.3, 0.3), True), ((0.3, 0.3, 0.1), False)])
def test_where_rivals_are_in_the_way_a_search_ends_after_work_in_vain(
    monkeypatch: pytest.MonkeyPatch, probabilities: tuple[float, ...], found: bool
) -> None:
    race = told(B.TP, 10)
    rivals = [Answer(members=(0,), score=60.0, needless=False, probability=p) for p in probabilities]
    monkeypatch.setattr(Race, "answers", lambda self, most: rivals)
    for stage in [LOOK] * PATIENCE + [THOROUGH] * (PATIENCE - 1):
        race.run(stage)
        assert not race.can_stop(all_systems=stage.all_systems)
    race.run(THOROUGH)
    assert race.can_stop(all_systems=True) is found


def test_work_that_brings_something_better_is_not_in_vain() -> None:
    race = Race(peaks=line_list(TYPICAL[B.TP], B.TP), settings=Settings(neural="never"), clock=Clock.start(60.0))
    race.run(THOROUGH)
    assert race.vain == 1
    race.run(Stage(name="finds it", sources=(Told(B.TP),)))
    assert race.vain == 0
    race.run(THOROUGH)
    assert race.vain == 1


def test_a_race_without_a_solution_goes_on() -> None:
    race = Race(peaks=line_list(TYPICAL[B.OI], B.OI), settings=Settings(), clock=Clock.start(60.0))
    assert not race.can_stop(all_systems=True)
