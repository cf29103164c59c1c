"""Engines of other packages: found, fenced in, their candidates refined and ranked with ours."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from hybrid_index import engines, third_party
from hybrid_index.classical.sources import BaseLineTrials
from hybrid_index.cli.app import app
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.pipeline import index
from hybrid_index.schedule import stages
from hybrid_index.third_party import MAX_CANDIDATES, ThirdPartySource, find_sources, troubles_of
from hybrid_index.types import Budget, Candidate, CandidateSource, IndexingResult, PeakList
from tests.synthetic import CU, TYPICAL, Spent, Unlimited, is_lattice, line_list

B = BravaisLattice
TRUTH = TYPICAL[B.MP]
PEAKS = line_list(TRUTH, B.MP, noise=np.random.default_rng(3), esd_deg=0.008)
QUICK = Settings(budget_s=3.0)


def candidate(cell: Cell, lattice: BravaisLattice, **more: float) -> Candidate:
    return Candidate(bravais_lattice=lattice, metric=cell.metric, source="whatever it says", score=1e9, **more)


@dataclass
class Engine:
    """Proposes what it is given, in the end."""

    proposals: tuple[object, ...] = ()
    name: str = "engine"

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        yield from self.proposals  # type: ignore[misc]  # that it may be anything is the point


class Knows(Engine):
    """Is right, but for half a percent."""

    def __init__(self) -> None:
        near = Cell(a=TRUTH.a * 1.003, b=TRUTH.b * 0.998, c=TRUTH.c, beta=TRUTH.beta + 0.1)
        super().__init__(proposals=(candidate(near, B.MP),))


class Raises(Engine):
    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        yield candidate(TRUTH, B.MP)
        raise RuntimeError("no model\nfound")


class Exits(Engine):
    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        raise SystemExit(3)


class Hangs(Engine):
    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        yield candidate(TRUTH, B.MP)
        time.sleep(8.0)


class Endless(Engine):
    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        while True:
            yield candidate(TRUTH, B.MP)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let the named classes of this module be the entry points."""
    lookups: list[str] = []

    def put(**engines: str) -> None:
        points = [EntryPoint(name, f"{__name__}:{value}", third_party.GROUP) for name, value in engines.items()]

        def entry_points(*, group: str) -> EntryPoints:
            lookups.append(group)
            return EntryPoints(points).select(group=group)

        monkeypatch.setattr("importlib.metadata.entry_points", entry_points)
        third_party._makers.cache_clear()

    yield put
    third_party._makers.cache_clear()
    assert len(lookups) <= 1  # once a process
    assert set(lookups) <= {third_party.GROUP}


@pytest.fixture
def ours_are_blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let our own engines look for lattices of one or two parameters only."""
    blind = (BaseLineTrials(),)
    for name in ("_look", "_at_length", "_quick_high", "_quick_low", "_thorough", "_deep", "_last_resorts"):
        monkeypatch.setattr(engines, name, lambda: blind)


def run(engine: CandidateSource, budget: Budget | None = None, limits: Settings = QUICK) -> tuple[list[Candidate], str]:
    source = ThirdPartySource("theirs", lambda: engine)
    return list(source.propose(PEAKS, limits, budget or Unlimited())), source.trouble


class TestSearch:
    def test_their_candidate_wins_where_ours_find_nothing(
        self, install: Callable[..., None], ours_are_blind: None
    ) -> None:
        install(knows="Knows")
        result = index(PEAKS, settings=QUICK)
        assert result.status == "solved"
        best = result.solutions[0].refinement
        assert best.candidate.source == "knows"
        assert is_lattice(best.candidate, TRUTH, B.MP)
        assert summary(index(PEAKS, settings=QUICK)) == summary(result)

    def test_without_plugins_they_are_not_asked(self, install: Callable[..., None], ours_are_blind: None) -> None:
        install(knows="Knows")
        result = index(PEAKS, settings=Settings(budget_s=1.0, plugins=False))
        assert result.status != "solved"
        assert result.settings["plugins"] is False

    def test_bad_ones_cost_a_sentence_each(self, install: Callable[..., None], ours_are_blind: None) -> None:
        install(knows="Knows", exits="Exits", absent="Nothing", hangs="Hangs")
        result = index(PEAKS, settings=Settings(budget_s=1.5))
        assert result.status == "solved"
        assert [reason for reason in result.reasons if "search engine" in reason] == [
            f"search engine absent failed (AttributeError: module '{__name__}' has no attribute 'Nothing') "
            "and was left out",
            "search engine exits failed (SystemExit: 3) and was left out",
            "search engine hangs did not stop when its time was over and was left behind",
        ]

    def test_easy_patterns_do_not_even_look_for_them(
        self, install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(exits="Exits")
        monkeypatch.setattr(engines, "find_sources", pytest.fail)
        peaks = line_list(TYPICAL[B.CF], B.CF)
        assert index(peaks, settings=QUICK).status == "solved"


class TestOrder:
    def test_stage_of_their_own_after_the_quick_ones(self, install: Callable[..., None]) -> None:
        install(b="Engine", a="Engine")
        found = list(stages(QUICK, CU.wavelength_angstrom))
        assert found[2].name == "engines of other packages"
        assert [source.name for source in found[2].sources] == ["a", "b"]
        assert [source.name for source in find_sources(QUICK)] == ["a", "b"]

    def test_none_installed_makes_no_stage(self, install: Callable[..., None]) -> None:
        install()
        assert "engines of other packages" not in [stage.name for stage in stages(QUICK, CU.wavelength_angstrom)]


@pytest.fixture(autouse=True)
def nobody_is_left_behind() -> Iterator[None]:
    yield
    third_party._left_behind.clear()


class TestFence:
    def test_candidates_bear_the_name_of_the_entry_point_and_no_score(self) -> None:
        found, trouble = run(Knows())
        assert [(c.source, c.score) for c in found] == [("theirs", 0.0)]
        assert not trouble

    def test_what_came_before_an_error_counts(self) -> None:
        found, trouble = run(Raises())
        assert len(found) == 1
        assert trouble == "search engine theirs failed (RuntimeError: no model found) and was left out"

    def test_budget_spent_gives_nothing_more(self) -> None:
        assert len(run(Endless(), Spent())[0]) <= 1

    def test_endless_proposals_end(self) -> None:
        found, trouble = run(Endless(), limits=Settings(budget_s=60.0))
        assert len(found) == MAX_CANDIDATES
        assert not trouble

    def test_hanging_keeps_to_its_share(self) -> None:
        began = time.perf_counter()
        found, trouble = run(Hangs(), limits=Settings(budget_s=1.0))
        assert len(found) == 1
        assert "left behind" in trouble
        assert time.perf_counter() - began < 6.0
        # one that hangs in every search of a batch would take up one processor after the other
        found, trouble = run(Hangs())
        assert found == []
        assert trouble == "search engine theirs is still busy with an earlier search and was left out"

    @pytest.mark.parametrize(
        "rubbish",
        [
            "a cell",
            None,
            candidate(Cell(a=np.nan, b=5.0, c=6.0), B.OP),
            candidate(TRUTH, B.MP, zero_shift_deg=np.inf),
            Candidate(bravais_lattice=B.OP, metric=np.array([0.1, 0.1, -0.1, 0.0, 0.0, 0.0]), source="x"),
            Candidate(bravais_lattice=B.OP, metric=np.array([0.1, 0.1]), source="x"),
            candidate(Cell(a=1000.0, b=8.0, c=9.0), B.OP),
            candidate(Cell(a=50.0, b=50.0, c=50.0), B.OP),
        ],
        ids=["text", "none", "nan", "shift", "indefinite", "short", "edge", "volume"],
    )
    def test_rubbish_does_not_reach_the_kernels(self, rubbish: object) -> None:
        found, trouble = run(Engine((rubbish, candidate(TRUTH, B.MP))))
        assert len(found) == 1
        assert trouble.startswith("1 proposals of search engine theirs are no lattices within the limits")

    def test_systems_of_the_user_hold_for_them_too(self) -> None:
        assert run(Knows(), limits=Settings(systems=("cubic",)))[0] == []

    def test_metric_gets_the_symmetry_that_is_claimed(self) -> None:
        found, _ = run(Engine((candidate(Cell(a=4.0, b=4.02, c=3.98, gamma=90.5), B.CP),)))
        a, b, c, *angles = found[0].metric
        assert a == pytest.approx(b)
        assert a == pytest.approx(c)
        np.testing.assert_allclose(angles, 0.0, atol=1e-15)

    def test_only_theirs_have_troubles(self) -> None:
        source = ThirdPartySource("theirs", Exits)
        assert list(source.propose(PEAKS, QUICK, Unlimited())) == []
        assert troubles_of((BaseLineTrials(), source)) == [source.trouble]


@pytest.mark.parametrize(("flags", "expected"), [((), True), (("--no-plugins",), False), (("--plugins",), True)])
def test_command_line_switch(tmp_path: Path, flags: tuple[str, ...], expected: bool) -> None:
    lines = tmp_path / "lines.csv"
    angles = line_list(TYPICAL[B.CF], B.CF).two_theta_deg
    lines.write_text("two_theta\n" + "".join(f"{x:.4f}\n" for x in angles))
    done = CliRunner().invoke(app, ["index", str(lines), "-w", "CuKa1", "--json", "-q", *flags])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["settings"]["plugins"] is expected


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_setting_is_true_or_false(value: object) -> None:
    assert Settings.from_mapping({"plugins": False}).plugins is False
    with pytest.raises(InputError, match=r"setting plugins = .* should be of type bool"):
        Settings.from_mapping({"plugins": value})


def summary(result: IndexingResult) -> list[object]:
    return [(s.refinement.cell, s.probability, s.refinement.candidate.source) for s in result.solutions]
