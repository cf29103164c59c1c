"""The order of a search, its budget, and its independence of threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from hybrid_index import schedule
from hybrid_index.classical.sources import BaseLineTrials, MonoclinicZones, OrthorhombicZones, TriclinicZones
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice
from hybrid_index.neural.shift_reader import ReaderArchitecture
from hybrid_index.neural.shifts import SupposedShifts
from hybrid_index.neural.weights import ShiftReader
from hybrid_index.schedule import (
    SHIFT_STEP_DEG,
    Clock,
    Stage,
    load_networks,
    missing_weights,
    plan,
    run_stage,
    stages,
    supposed_shifts,
)
from hybrid_index.types import Budget, Candidate, PeakList
from tests.synthetic import CU, TYPICAL, is_lattice, line_list

B = BravaisLattice


@dataclass
class Recorder:
    """Proposes one lattice and remembers the lines that it was given."""

    name: str
    wait_s: float = 0.0
    zero_shift_deg: float = 0.0
    seen: list[PeakList] = field(default_factory=list)

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        self.seen.append(peaks)
        time.sleep(self.wait_s)
        for score in (2.0, 1.0):
            yield Candidate(
                bravais_lattice=B.OP,
                metric=TYPICAL[B.OP].metric,
                source=self.name,
                score=score,
                zero_shift_deg=self.zero_shift_deg,
            )


class TestStages:
    def test_cheap_ones_first_shifts_then_deep_ones(self) -> None:
        found = list(stages(Settings(zero_limit_deg=0.13), CU.wavelength_angstrom))
        shifts = [stage.zero_shift_deg for stage in found]
        assert shifts[:2] == [0.0, 0.0]
        assert {source.name for source in found[0].sources} == {"trials", "zones-orthorhombic-quick", "zones-dominant"}
        assert {source.name for source in found[1].sources} == {"zones-monoclinic-quick", "zones-triclinic-quick"}
        quick, thorough = (
            [stage for stage in found if stage.zero_shift_deg and stage.name.startswith(name)]
            for name in ("all symmetries", "more planes")
        )
        supposed = supposed_shifts(Settings(zero_limit_deg=0.13), CU.wavelength_angstrom)
        for group in (quick, thorough):
            assert [stage.zero_shift_deg for stage in group] == supposed
        assert found.index(quick[-1]) < found.index(thorough[0])
        assert all(stage.sources == found[0].sources + found[1].sources for stage in quick)
        assert {source.name for source in found[-1].sources} == {"dichotomy", "random"}
        assert all("deep" in source.name for source in found[-2].sources)

    def test_names_differ(self) -> None:
        names = [stage.name for stage in stages(Settings(), CU.wavelength_angstrom)]
        assert len(set(names)) == len(names)

    def test_fixed_zero_shift_is_not_searched(self) -> None:
        settings = Settings(fix_zero_shift_deg=0.1)
        assert supposed_shifts(settings, CU.wavelength_angstrom) == []
        assert not any(stage.zero_shift_deg for stage in stages(settings, CU.wavelength_angstrom))


class TestReadShifts:
    """Searches in the order of what a reader believes of the shift."""

    supposed = SupposedShifts(
        shift_deg=np.array([0.11, 0.05, 0.17, -0.31]), probability=np.array([0.9, 0.07, 0.025, 0.005])
    )

    def searched(self) -> list[tuple[str, float]]:
        found = stages(Settings(), CU.wavelength_angstrom, self.supposed)
        return [(stage.name.split(",")[0], stage.zero_shift_deg) for stage in found]

    def test_the_order_is_that_of_probability_times_worth(self) -> None:
        assert self.searched()[:7] == [
            ("neural", 0.11),
            ("high symmetry", 0.11),
            ("neural", 0.05),
            ("low symmetry", 0.11),
            ("neural at length", 0.11),
            ("neural", 0.17),
            ("neural at length", 0.05),
        ]

    def test_under_each_shift_all_is_done_likelier_shifts_first(self) -> None:
        order = self.supposed.shift_deg.tolist()
        for name, shifts in {
            "neural": order,
            "neural at length": order,
            "high symmetry": order[:1],
            "low symmetry": order[:1],
            "all symmetries": order[1:],
            "more planes": order,
        }.items():
            assert [shift for found, shift in self.searched() if found == name] == shifts

    def test_stages_say_what_was_searched(self) -> None:
        found = list(stages(Settings(), CU.wavelength_angstrom, self.supposed))[:7]
        assert [stage.glanced for stage in found] == [True] + [False] * 6
        assert [stage.all_systems for stage in found] == [False] * 3 + [True] * 4

    def test_looks_at_likely_shifts_come_before_all_else(self) -> None:
        even = SupposedShifts(shift_deg=np.array([0.0, 0.06, -0.06]), probability=np.array([0.4, 0.35, 0.25]))
        found = list(stages(Settings(), CU.wavelength_angstrom, even))[:4]
        assert [stage.zero_shift_deg for stage in found] == [0.0, 0.06, -0.06, 0.0]
        assert [stage.glanced for stage in found] == [True, True, True, False]

    def test_the_network_alone_looks_at_all_shifts_and_at_length(self) -> None:
        found = list(stages(Settings(neural="only"), CU.wavelength_angstrom, self.supposed))
        assert {source.name for stage in found for source in stage.sources} == {"neural", "neural-quick"}
        assert len(found) == 2 * len(self.supposed.shift_deg)
        assert [stage.all_systems for stage in found[:3]] == [False, False, True]
        assert found[0].glanced

    def test_a_thorough_search_at_a_likely_shift_precedes_a_quick_one_at_an_unlikely_one(self) -> None:
        names = self.searched()
        assert names.index(("more planes", 0.11)) < names.index(("all symmetries", -0.31))

    def test_shifts_beyond_those_that_can_be_read_are_supposed_last(self) -> None:
        settings = Settings(zero_limit_deg=0.5)
        found = [stage.zero_shift_deg for stage in stages(settings, CU.wavelength_angstrom, self.supposed)]
        assert max(found) == pytest.approx(0.48)
        assert found.index(max(found)) > found.index(-0.31)

    def test_names_differ(self) -> None:
        names = [stage.name for stage in stages(Settings(), CU.wavelength_angstrom, self.supposed)]
        assert len(set(names)) == len(names)

    def test_low_symmetry_comes_first_where_a_list_looks_so(self) -> None:
        def looks_low(zero_shift_deg: float) -> bool:
            asked.append(zero_shift_deg)
            return True

        asked: list[float] = []
        found = stages(Settings(), CU.wavelength_angstrom, self.supposed, looks_low)
        assert next(found).glanced
        assert asked == []
        low, look, high = next(found), next(found), next(found)
        assert set(asked) == {0.11}
        assert [stage.name.split(",")[0] for stage in (low, look, high)] == ["low symmetry", "neural", "high symmetry"]
        usual = list(stages(Settings(), CU.wavelength_angstrom, self.supposed))
        assert (usual[3].sources, usual[1].sources) == (low.sources, high.sources)
        assert [stage.name for stage in found] == [stage.name for stage in usual[4:]]

    @pytest.mark.parametrize("lattice", [B.CF, B.HP, B.TI, B.AP])
    def test_the_network_says_which_lists_look_so(self, lattice: BravaisLattice) -> None:
        lines = line_list(TYPICAL[lattice], lattice, noise=np.random.default_rng(1))
        names = [stage.name.split(",")[0] for stage in plan(lines, Settings())]
        assert (names.index("low symmetry") < names.index("high symmetry")) == (lattice is B.AP)

    def test_without_networks_nothing_is_read(self) -> None:
        lines, settings = line_list(TYPICAL[B.OP], B.OP), Settings(neural="never")
        plain = [(stage.name, stage.zero_shift_deg) for stage in stages(settings, lines.wavelength_angstrom)]
        assert [(stage.name, stage.zero_shift_deg) for stage in plan(lines, settings)] == plain
        assert not any("neural" in name for name, _ in plain)

    @pytest.mark.parametrize("fixed", [{"fix_zero_shift_deg": 0.25}, {"fix_displacement_mm": 0.3}])
    def test_shifts_that_are_known_are_taken_off_before_anything_is_read(self, fixed: dict[str, float]) -> None:
        zero, displacement = fixed.get("fix_zero_shift_deg", 0.0), fixed.get("fix_displacement_mm", 0.0)
        lines = line_list(TYPICAL[B.CF], B.CF, zero_shift_deg=zero, displacement_mm=displacement)
        settings = Settings(**fixed)  # type: ignore[arg-type]
        found = list(plan(lines, settings))
        assert found[0].sources[0].name == "neural-quick"
        assert found[0].zero_shift_deg == 0.0
        seen = run_stage(found[0], lines, settings, Clock.start(60.0))
        assert any(is_lattice(c, TYPICAL[B.CF], B.CF) and c.bravais_lattice is B.CF for c in seen)
        if zero:
            assert {stage.zero_shift_deg for stage in found} == {0.0}

    def test_a_shifted_list_is_searched_at_its_shift_first(self) -> None:
        lines = line_list(TYPICAL[B.OP], B.OP)
        moved = lines.replace(two_theta_deg=lines.two_theta_deg + 0.2)
        assert next(plan(moved, Settings())).zero_shift_deg == pytest.approx(0.2, abs=0.03)

    def test_missing_weights_are_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert missing_weights(Settings()) == []
        monkeypatch.setattr("hybrid_index.schedule.packaged_reader", lambda: None)
        monkeypatch.setattr("hybrid_index.schedule.packaged_network", lambda: None)
        assert missing_weights(Settings(neural="never")) == []
        assert "not installed" in missing_weights(Settings())[0]
        with pytest.raises(InputError, match="weights"):
            plan(line_list(TYPICAL[B.OP], B.OP), Settings(neural="only"))


class TestSupposedShifts:
    @pytest.mark.parametrize("limit", [0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0])
    @pytest.mark.parametrize("wavelength", [0.4, 1.5406, 2.29])
    def test_within_the_limit_nearest_first_in_both_directions(self, limit: float, wavelength: float) -> None:
        found = supposed_shifts(Settings(zero_limit_deg=limit), wavelength)
        sizes = np.abs(found)
        assert np.all(np.diff(sizes) >= 0.0)
        assert np.all(sizes <= limit + 1e-9)
        assert sorted(found) == sorted(-x for x in found)
        step = SHIFT_STEP_DEG * min(1.0, wavelength / 1.5)
        # Steps that windows bridge, and nothing within the limit farther than half a step from the last.
        positive = np.concatenate([[0.0], found[::2]])
        assert np.all(np.diff(positive) <= step + 1e-9)
        assert limit - positive[-1] <= 0.5 * step + 1e-9
        # No shift within the limit is farther than one step from a supposed one.
        assert limit - max(sizes, default=0.0) <= step

    def test_nothing_to_suppose(self) -> None:
        assert supposed_shifts(Settings(zero_limit_deg=0.0), 1.5406) == []


class TestRunStage:
    settings = Settings()

    def run(self, stage: Stage, peaks: PeakList, *, threads: int = 1) -> list[Candidate]:
        return run_stage(stage, peaks, self.settings, Clock.start(60.0), threads=threads)

    @pytest.mark.parametrize("lattice", [B.HR, B.OP, B.MP])
    @pytest.mark.parametrize("zero_shift_deg", [0.0, 0.06])
    def test_one_and_two_threads_give_the_same(self, lattice: BravaisLattice, zero_shift_deg: float) -> None:
        peaks = line_list(TYPICAL[lattice], lattice, noise=np.random.default_rng(1), zero_shift_deg=zero_shift_deg)
        sources = (BaseLineTrials(), OrthorhombicZones(n_planes=100), MonoclinicZones(n_planes=100, n_rectangles=100))
        stage = Stage(name="test", sources=(*sources, TriclinicZones(n_planes=100)), zero_shift_deg=zero_shift_deg)
        one, two = (self.run(stage, peaks, threads=n) for n in (1, 2))
        assert len(one) == len(two) > 100
        for x, y in zip(one, two, strict=True):
            assert (x.bravais_lattice, x.source, x.score) == (y.bravais_lattice, y.source, y.score)
            assert (x.zero_shift_deg, x.displacement_mm) == (y.zero_shift_deg, y.displacement_mm)
            np.testing.assert_array_equal(x.metric, y.metric)
        assert any(c.bravais_lattice is lattice and is_lattice(c, TYPICAL[lattice], lattice) for c in one)

    @pytest.mark.parametrize("threads", [1, 2, 4])
    def test_order_is_that_of_the_engines_whoever_ends_first(self, threads: int) -> None:
        sources = (Recorder("slow", wait_s=0.05), Recorder("fast"), Recorder("last"))
        found = self.run(Stage(name="test", sources=sources), line_list(TYPICAL[B.OP], B.OP), threads=threads)
        assert [c.source for c in found] == ["slow", "slow", "fast", "fast", "last", "last"]
        assert [c.score for c in found] == [2.0, 1.0] * 3

    def test_supposed_shift_is_taken_off_and_put_back(self) -> None:
        source = Recorder("one", zero_shift_deg=0.01)
        peaks = line_list(TYPICAL[B.OP], B.OP)
        found = self.run(Stage(name="test", sources=(source,), zero_shift_deg=0.12), peaks)
        np.testing.assert_allclose(source.seen[0].two_theta_deg, peaks.two_theta_deg - 0.12)
        assert [c.zero_shift_deg for c in found] == pytest.approx([0.13, 0.13])
        assert [c.displacement_mm for c in found] == [0.0, 0.0]

    def test_lines_that_a_shift_moves_below_zero_are_left_out(self) -> None:
        source = Recorder("one")
        peaks = PeakList.from_positions([0.1, 1.0, 2.0, 3.0, 4.0, 5.0], radiation=CU)
        self.run(Stage(name="test", sources=(source,), zero_shift_deg=0.2), peaks)
        np.testing.assert_allclose(source.seen[0].two_theta_deg, [0.8, 1.8, 2.8, 3.8, 4.8])

    def test_lines_that_a_shift_moves_beyond_backscattering_are_left_out(self) -> None:
        source = Recorder("one")
        peaks = PeakList.from_positions([100.0, 120.0, 140.0, 150.0, 160.0, 179.9], radiation=CU)
        self.run(Stage(name="test", sources=(source,), zero_shift_deg=-0.2), peaks)
        np.testing.assert_allclose(source.seen[0].two_theta_deg, [100.2, 120.2, 140.2, 150.2, 160.2])

    def test_spent_budget_gives_nothing(self) -> None:
        stage = next(iter(stages(self.settings, CU.wavelength_angstrom)))
        clock = Clock(budget_s=0.0, started=time.perf_counter() - 1.0)
        assert run_stage(stage, line_list(TYPICAL[B.OP], B.OP), self.settings, clock, threads=2) == []


def test_clock() -> None:
    clock = Clock.start(0.02)
    assert not clock.exhausted()
    assert 0.0 <= clock.elapsed() < 0.02
    time.sleep(0.03)
    assert clock.exhausted()
    assert clock.elapsed() >= 0.03


def test_a_stopped_clock_does_not_count() -> None:
    clock = Clock.start(60.0)
    with clock.stopped():
        time.sleep(0.05)
    assert clock.elapsed() < 0.05


def test_the_kernels_of_the_reader_are_loaded_once_and_only_where_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    size = ReaderArchitecture(width=4, depth=1, reach=1)
    reader = ShiftReader(architecture=size, weights=size.initial_weights(1))
    read: list[PeakList] = []

    def reading(_: ShiftReader, peaks: PeakList, __: Settings) -> None:
        read.append(peaks)

    monkeypatch.setattr(schedule, "packaged_reader", lambda: reader)
    monkeypatch.setattr(schedule, "read_shifts", reading)
    load_networks(Settings(neural="never"))
    load_networks(Settings(fix_zero_shift_deg=0.0))
    assert not read
    load_networks(Settings())
    load_networks(Settings())
    assert len(read) == 1
    monkeypatch.setattr(schedule, "packaged_reader", lambda: None)
    load_networks(Settings())
    assert len(read) == 1
