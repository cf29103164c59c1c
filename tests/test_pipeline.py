"""From lines or a pattern to an answer: every lattice, shifts, noise, hard input, the same answer every time."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from hybrid_index import pipeline
from hybrid_index.config import SOLVED_PROBABILITY, SOLVED_SHARE_INDEXED, Settings
from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.export import document, from_document
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, primitive_gram, same_lattice, to_pymatgen
from hybrid_index.pipeline import index, refine_cell
from hybrid_index.schedule import Stage, plan
from hybrid_index.types import Candidate, IndexingResult, Pattern, PeakList, Solution
from hybrid_index.units import Radiation
from tests.synthetic import CU, TYPICAL, gaps_deg, is_lattice, line_list, random_cell, strained

B = BravaisLattice
# Where more than this is needed for a clean list something is wrong; a run that is certain ends long before.
QUICK = Settings(budget_s=6.0)


def lattices_of(solution: Solution) -> list[tuple[BravaisLattice, Cell]]:
    own = (solution.refinement.candidate.bravais_lattice, solution.refinement.cell)
    return [own, *((other.bravais_lattice, other.cell) for other in solution.equivalents)]


def is_solved(result: IndexingResult, cell: Cell, lattice: BravaisLattice) -> bool:
    """Whether the first answer, or a lattice with the same line positions, is the true one."""
    truth = primitive_gram(cell, lattice)
    return result.best is not None and any(
        same_lattice(truth, primitive_gram(other, kind)) for kind, other in lattices_of(result.best)
    )


def summary(result: IndexingResult) -> list[object]:
    """Everything but the time it took."""
    solutions = [
        (s.rank, s.probability, lattices_of(s), s.refinement.shift.combined_deg, s.refinement.merit)
        for s in result.solutions
    ]
    return [result.status, result.reasons, solutions]


class TestSolves:
    @pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
    def test_clean_list_of_every_lattice(self, lattice: BravaisLattice) -> None:
        said: list[str] = []
        result = index(line_list(TYPICAL[lattice], lattice), settings=QUICK, progress=said.append)
        assert result.status == "solved"
        assert is_solved(result, TYPICAL[lattice], lattice)
        assert result.best.refinement.assignment.indexed.all()
        assert result.best.probability > 0.9
        # The search ends when the answer is beyond doubt, not when the time is up.
        assert [text for text in said if text.startswith("searching")] == ["searching: neural"]

    @pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
    def test_zero_shift_of_a_fifth_of_a_degree(self, lattice: BravaisLattice) -> None:
        peaks = line_list(TYPICAL[lattice], lattice, zero_shift_deg=0.2)
        result = index(peaks, settings=QUICK)
        assert result.status == "solved"
        assert is_solved(result, TYPICAL[lattice], lattice)
        assert result.best.refinement.shift.combined_deg == pytest.approx(0.2, abs=0.04)

    @pytest.mark.parametrize("lattice", [B.CI, B.TP, B.HR, B.OP, B.MP, B.AP])
    def test_noise_and_foreign_lines(self, lattice: BravaisLattice) -> None:
        rng = np.random.default_rng(lattice.code)
        truth = random_cell(lattice, rng, volume=250.0)
        foreign = gaps_deg(line_list(truth, lattice), 2, rng)
        peaks = line_list(truth, lattice, noise=rng, foreign_deg=list(foreign))
        result = index(peaks, settings=QUICK)
        assert result.status == "solved"
        assert is_solved(result, truth, lattice)
        unindexed = peaks.two_theta_deg[~result.best.refinement.assignment.indexed]
        assert set(np.round(foreign, 6)) <= set(np.round(unindexed, 6))

    def test_a_long_axis_of_a_centred_cell(self) -> None:
        truth = Cell(a=13.02, b=13.02, c=64.46, gamma=120.0)
        result = index(line_list(truth, B.HR, n_lines=40, noise=np.random.default_rng(1)), settings=QUICK)
        assert is_solved(result, truth, B.HR)
        assert result.best.refinement.candidate.bravais_lattice == B.HR

    def test_anglesite(self, peaks: PeakList) -> None:
        result = index(peaks, settings=QUICK)
        assert result.status == "solved"
        assert is_solved(result, Cell(a=8.482, b=5.398, c=6.959), B.OP)
        assert result.id == "anglesite"
        assert result.best.refinement.assignment.indexed.sum() == 24

    def test_pattern(self, pattern: Pattern) -> None:
        result = index(pattern, settings=QUICK)
        assert result.status == "solved"
        assert is_solved(result, Cell(a=8.482, b=5.398, c=6.959), B.OP)
        assert result.timing_s["peaks"] > 0.0


class TestTheSameAnswerEveryTime:
    @pytest.mark.parametrize("lattice", [B.HR, B.MC])
    def test_twice_and_on_one_or_two_threads(self, lattice: BravaisLattice, monkeypatch: pytest.MonkeyPatch) -> None:
        peaks = line_list(TYPICAL[lattice], lattice, noise=np.random.default_rng(3))
        found = []
        for threads in ("1", "1", "2"):
            monkeypatch.setenv("NUMBA_NUM_THREADS", threads)
            found.append(summary(index(peaks, settings=Settings(budget_s=60.0))))
        assert found[0] == found[1]
        assert found[0] == found[2]


class TestNoise:
    @pytest.mark.parametrize("seed", range(3))
    def test_lines_anywhere_are_not_solved(self, seed: int) -> None:
        positions = np.sort(np.random.default_rng(seed).uniform(8.0, 60.0, 25))
        result = index(PeakList.from_positions(positions, radiation=CU), settings=Settings(budget_s=0.7, seed=seed))
        assert result.status in ("not_found", "budget_exhausted")
        assert result.reasons
        assert all(s.probability < 0.5 for s in result.solutions)

    def test_search_to_the_end_says_not_found(self) -> None:
        positions = np.sort(np.random.default_rng(50).uniform(8.0, 60.0, 25))
        settings = Settings(
            systems=("cubic", "tetragonal"),
            zero_limit_deg=0.0,
            max_unindexed=0,
            max_volume_angstrom3=400.0,
            budget_s=20.0,
        )
        result = index(PeakList.from_positions(positions, radiation=CU), settings=settings)
        assert result.status == "not_found"
        assert result.reasons[-1]

    def test_pattern_of_noise_is_not_found_with_the_reason(self) -> None:
        x = np.arange(10.0, 80.0, 0.02)
        y = np.random.default_rng(4).poisson(100.0, x.size).astype(float)
        result = index(Pattern(two_theta_deg=x, intensity=y, radiation=CU, name="noise"), settings=QUICK)
        assert result.status == "not_found"
        assert result.solutions == ()
        assert result.best is None
        assert "lines were found" in result.reasons[0]
        assert "5" in result.reasons[0]


class TestHardInput:
    @pytest.mark.parametrize("n", [0, 1, 4])
    def test_fewer_than_five_lines(self, n: int) -> None:
        peaks = PeakList.from_positions(np.linspace(20.0, 40.0, n), radiation=CU, name="few")
        with pytest.raises(InputError, match=rf"few: only {n} lines are given; at least 5"):
            index(peaks)

    def test_five_lines_give_an_answer_of_some_kind(self) -> None:
        result = index(line_list(TYPICAL[B.CF], B.CF, n_lines=5), settings=Settings(budget_s=2.0))
        assert result.status in ("solved", "ambiguous", "not_found", "budget_exhausted")
        assert result.reasons

    def test_identical_lines_are_one(self) -> None:
        clean = line_list(TYPICAL[B.TI], B.TI)
        twice = np.append(clean.two_theta_deg, clean.two_theta_deg[[3, 3, 7]])
        peaks = PeakList.from_positions(twice, radiation=CU, two_theta_esd_deg=0.01)
        assert summary(index(peaks, settings=QUICK))[0] == "solved"
        assert len(peaks) == len(clean)

    def test_nearly_identical_lines_do_not_matter(self) -> None:
        clean = line_list(TYPICAL[B.TI], B.TI)
        near = np.append(clean.two_theta_deg, clean.two_theta_deg[[3, 7]] + 1e-7)
        result = index(PeakList.from_positions(near, radiation=CU, two_theta_esd_deg=0.01), settings=QUICK)
        assert result.status == "solved"
        assert is_solved(result, TYPICAL[B.TI], B.TI)

    def test_five_thousand_lines(self) -> None:
        rng = np.random.default_rng(5)
        peaks = PeakList.from_positions(rng.uniform(5.0, 150.0, 5000), radiation=CU)
        began = time.perf_counter()
        result = index(peaks, settings=Settings(budget_s=1.0))
        assert time.perf_counter() - began < 6.0
        assert result.status in ("not_found", "budget_exhausted")

    def test_lines_up_to_backscattering(self) -> None:
        true = line_list(TYPICAL[B.CP], B.CP).two_theta_deg
        peaks = PeakList.from_positions(np.append(true[true < 170.0], 179.95), radiation=CU)
        assert is_solved(index(peaks, settings=Settings(budget_s=4.0)), TYPICAL[B.CP], B.CP)

    def test_pattern_without_a_wavelength(self, pattern: Pattern) -> None:
        with pytest.raises(WavelengthError, match="--wavelength"):
            index(pattern.replace(radiation=None))

    def test_impossible_wavelength(self, peaks: PeakList) -> None:
        with pytest.raises(WavelengthError, match="154"):
            index(peaks, wavelength=154)


class TestSettings:
    truth = TYPICAL[B.OP]

    def test_budget_is_kept(self) -> None:
        positions = np.sort(np.random.default_rng(8).uniform(8.0, 60.0, 25))
        index(PeakList.from_positions(positions, radiation=CU), settings=Settings(budget_s=0.1))
        began = time.perf_counter()
        result = index(PeakList.from_positions(positions, radiation=CU), settings=Settings(budget_s=0.5))
        assert time.perf_counter() - began < 2.5
        assert result.status == "budget_exhausted"

    def test_only_the_systems_asked_for(self) -> None:
        peaks = line_list(self.truth, B.OP)
        result = index(peaks, settings=Settings(systems=("monoclinic",), budget_s=0.7))
        assert {kind.crystal_system for s in result.solutions for kind, _ in lattices_of(s)} == {"monoclinic"}

    def test_volume_limit_holds_for_every_answer(self) -> None:
        peaks = line_list(self.truth, B.OP)
        result = index(peaks, settings=Settings(max_volume_angstrom3=250.0, budget_s=0.7))
        for solution in result.solutions:
            for kind, cell in lattices_of(solution):
                assert cell.volume / kind.lattice_points <= 250.0 * 1.01

    def test_edge_limit_holds_for_every_answer(self) -> None:
        peaks = line_list(self.truth, B.OP)
        result = index(peaks, settings=Settings(max_edge_angstrom=8.0, budget_s=0.7))
        for solution in result.solutions:
            assert max(solution.refinement.cell.parameters[:3]) <= 8.0 * 1.02

    def test_shift_beyond_the_limit_is_not_accepted(self) -> None:
        peaks = line_list(self.truth, B.OP, zero_shift_deg=0.4)
        result = index(peaks, settings=Settings(zero_limit_deg=0.0, budget_s=0.7))
        assert all(abs(s.refinement.shift.combined_deg) < 0.15 for s in result.solutions)

    def test_fixed_shifts_are_held(self) -> None:
        peaks = line_list(self.truth, B.OP, zero_shift_deg=0.5, displacement_mm=0.3)
        result = index(peaks, settings=Settings(fix_zero_shift_deg=0.5, fix_displacement_mm=0.3, budget_s=6.0))
        assert result.status == "solved"
        assert is_solved(result, self.truth, B.OP)
        shift = result.best.refinement.shift
        assert (shift.zero_shift_deg, shift.displacement_mm) == (0.5, 0.3)

    def test_no_more_solutions_than_asked_for(self) -> None:
        result = index(line_list(self.truth, B.OP), settings=Settings(max_solutions=3, budget_s=6.0))
        assert 1 <= len(result.solutions) <= 3

    def test_wavelength_given_wins(self) -> None:
        """Positions scale: a list taken with another wavelength gives the same lattice in another size."""
        peaks = line_list(self.truth, B.OP).replace(radiation=Radiation(wavelength_angstrom=1.0))
        result = index(peaks, wavelength=CU.wavelength_angstrom, settings=QUICK)
        assert is_solved(result, self.truth, B.OP)
        assert result.peaks.wavelength_angstrom == CU.wavelength_angstrom

    def test_progress_is_told(self) -> None:
        told: list[str] = []
        index(line_list(self.truth, B.OP), settings=QUICK, progress=told.append, id="mine")
        assert any(text.startswith("searching: ") for text in told)
        assert told[-1] == "refining"


class TestHints:
    hint = Candidate(bravais_lattice=B.MP, metric=TYPICAL[B.MP].metric, source="series")
    grown = Cell(a=7.12 * 1.006, b=8.36 * 0.996, c=5.93 * 1.011, beta=103.9)

    def test_a_lattice_that_has_changed_a_little_needs_no_search(self) -> None:
        told: list[str] = []
        peaks = line_list(self.grown, B.MP, noise=np.random.default_rng(1))
        result = index(peaks, settings=QUICK, hints=[self.hint], progress=told.append)
        assert not any("searching" in text for text in told)
        assert result.status == "solved"
        assert result.best.refinement.candidate.source == "series"
        assert is_lattice(result.best.refinement.candidate, self.grown, B.MP)

    def test_lines_that_are_left_are_searched(self) -> None:
        peaks = line_list(self.grown, B.MP, noise=np.random.default_rng(1))
        foreign = gaps_deg(peaks, 4, np.random.default_rng(4))
        told: list[str] = []
        peaks = line_list(self.grown, B.MP, noise=np.random.default_rng(1), foreign_deg=list(foreign))
        result = index(peaks, settings=QUICK, hints=[self.hint], progress=told.append)
        assert any("searching" in text for text in told)
        assert is_lattice(result.best.refinement.candidate, self.grown, B.MP)

        told.clear()
        index(peaks, settings=QUICK, hints=[self.hint], n_foreign=4, progress=told.append)
        assert not any("searching" in text for text in told)

    def test_systems_that_are_not_wanted_are_not_hinted_at(self) -> None:
        settings = Settings(budget_s=1.0, systems=("orthorhombic", "cubic"))
        peaks = line_list(self.grown, B.MP, noise=np.random.default_rng(1))
        result = index(peaks, settings=settings, hints=[self.hint])
        assert not any(kind is B.MP for s in result.solutions for kind, _ in lattices_of(s)[:1])


class TestProposed:
    peaks = line_list(TYPICAL[B.OP], B.OP, noise=np.random.default_rng(3))
    right = Candidate(bravais_lattice=B.OP, metric=TYPICAL[B.OP].metric, source="elsewhere")
    wrong = Candidate(bravais_lattice=B.MP, metric=TYPICAL[B.MP].metric, source="elsewhere")

    @pytest.mark.parametrize("place", [0, 1])
    def test_a_lattice_beyond_doubt_needs_no_search(self, place: int) -> None:
        told: list[str] = []
        proposed = [self.wrong, self.right][:: 1 - 2 * place]
        result = index(self.peaks, settings=QUICK, proposed=proposed, progress=told.append)
        assert not any("searching" in text for text in told)
        assert result.best.refinement.candidate.source == "elsewhere"
        assert is_lattice(result.best.refinement.candidate, TYPICAL[B.OP], B.OP)

    def test_others_are_followed_by_a_search(self) -> None:
        told: list[str] = []
        result = index(self.peaks, settings=QUICK, proposed=[self.wrong], progress=told.append)
        assert any("searching" in text for text in told)
        assert is_lattice(result.best.refinement.candidate, TYPICAL[B.OP], B.OP)

    def test_systems_that_are_not_wanted_stay_out(self) -> None:
        settings = Settings(budget_s=1.0, systems=("cubic",))
        result = index(self.peaks, settings=settings, proposed=[self.right])
        assert not any(kind is B.OP for s in result.solutions for kind, _ in lattices_of(s)[:1])


class TestResult:
    @pytest.fixture(scope="class")
    @staticmethod
    def result() -> IndexingResult:
        return index(line_list(TYPICAL[B.HR], B.HR, noise=np.random.default_rng(6)), settings=QUICK, id="calcite")

    def test_ranks_and_probabilities(self, result: IndexingResult) -> None:
        assert [s.rank for s in result.solutions] == list(range(1, len(result.solutions) + 1))
        assert sum(s.probability for s in result.solutions) <= 1.0 + 1e-9
        assert result.best is result.solutions[0]
        assert result.best.probability == max(s.probability for s in result.solutions)

    def test_solutions_are_distinct_lattices(self, result: IndexingResult) -> None:
        grams = [primitive_gram(cell, kind) for s in result.solutions for kind, cell in lattices_of(s)[:1]]
        assert not any(same_lattice(grams[i], grams[j]) for i in range(len(grams)) for j in range(i))

    def test_times_are_told(self, result: IndexingResult) -> None:
        assert set(result.timing_s) >= {"total", "peaks", "search", "refine", "rank"}
        parts = sum(result.timing_s[name] for name in ("peaks", "search", "refine", "rank"))
        assert 0.0 < parts <= result.timing_s["total"] + 1e-6

    def test_survives_the_document(self, result: IndexingResult) -> None:
        again = from_document(document(result))
        assert again.status == result.status
        assert again.best.refinement.cell.parameters == pytest.approx(result.best.refinement.cell.parameters)

    def test_cell_as_a_lattice_of_pymatgen(self, result: IndexingResult) -> None:
        lattice = to_pymatgen(result.best.refinement.cell)
        assert lattice.parameters == pytest.approx(result.best.refinement.cell.parameters)
        assert lattice.volume == pytest.approx(result.best.refinement.cell.volume)

    def test_plain_numbers(self, result: IndexingResult) -> None:
        assert np.asarray(result.best.refinement.cell.parameters).shape == (6,)
        assert result.settings["seed"] == result.seed == 0
        assert result.id == "calcite"


class TestRefineCell:
    @pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
    def test_converges_from_a_cell_that_is_nearly_right(self, lattice: BravaisLattice) -> None:
        rng = np.random.default_rng(lattice.code)
        truth = TYPICAL[lattice]
        peaks = line_list(truth, lattice, noise=rng, esd_deg=0.005)
        for _ in range(3):
            result = refine_cell(peaks, strained(truth, lattice, rng), bravais_lattice=lattice)
            found = result.best.refinement
            assert found.cell.parameters == pytest.approx(truth.parameters, rel=1e-3)
            assert found.assignment.indexed.sum() >= len(peaks) - 1
            assert result.status == "solved"
            assert len(result.solutions) == 1

    def test_lattice_is_read_off_the_cell(self) -> None:
        peaks = line_list(TYPICAL[B.TP], B.TP)
        found = refine_cell(peaks, TYPICAL[B.TP]).best.refinement
        assert found.candidate.bravais_lattice is B.TP

    def test_wrong_cell_is_not_found(self) -> None:
        result = refine_cell(line_list(TYPICAL[B.MP], B.MP), Cell(a=5.0, b=5.0, c=5.0))
        assert result.status == "not_found"
        assert "lines" in result.reasons[0]

    def test_no_lines(self) -> None:
        with pytest.raises(InputError, match="no lines"):
            refine_cell(PeakList.from_positions([], radiation=CU, name="empty"), Cell(a=5.0, b=5.0, c=5.0))

    def test_primitive_cell_of_a_centred_lattice(self) -> None:
        """Without a lattice the cell is taken as primitive; its conventional cell has the symmetry."""
        truth = TYPICAL[B.CF]
        primitive = Cell.from_gram(primitive_gram(truth, B.CF))
        found = refine_cell(line_list(truth, B.CF), primitive).best.refinement
        assert same_lattice(primitive_gram(found.cell, found.candidate.bravais_lattice), primitive_gram(truth, B.CF))

    def test_monoclinic_cell_with_another_unique_axis(self) -> None:
        truth = TYPICAL[B.MP]
        turned = Cell(a=truth.c, b=truth.a, c=truth.b, gamma=truth.beta)
        found = refine_cell(line_list(truth, B.MP), turned).best.refinement
        assert found.candidate.bravais_lattice is B.MP
        assert same_lattice(primitive_gram(found.cell, B.MP), truth.gram)


def test_a_mixture_is_not_solved() -> None:
    phases = [line_list(TYPICAL[b], b, n_lines=n) for b, n in ((B.OP, 40), (B.HP, 12))]
    positions = np.concatenate([phase.two_theta_deg for phase in phases])
    more = np.random.default_rng(4).uniform(20.0, 60.0, 8)
    peaks = PeakList.from_positions(np.concatenate([positions, more]), radiation=CU, two_theta_esd_deg=0.01)
    result = index(peaks, settings=Settings(budget_s=20.0))
    assert result.best is not None
    assert result.best.refinement.assignment.indexed.mean() < SOLVED_SHARE_INDEXED
    assert result.best.probability > SOLVED_PROBABILITY
    assert result.status == "ambiguous"
    assert any("another phase" in reason for reason in result.reasons)


def test_a_flat_cell_is_found_beyond_its_dominant_zone() -> None:
    cell = Cell(a=29.28, b=29.28, c=3.25, gamma=120.0)
    peaks = line_list(cell, B.HP, n_lines=60, noise=np.random.default_rng(6), esd_deg=0.005)
    assert is_solved(index(peaks, settings=QUICK), cell, B.HP)


def test_to_choose_what_is_searched_is_part_of_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(peaks: PeakList, settings: Settings) -> Iterator[Stage]:
        time.sleep(0.2)
        for stage in plan(peaks, settings):
            time.sleep(0.2)
            yield stage

    monkeypatch.setattr(pipeline, "plan", slow)
    lines = line_list(TYPICAL[B.TP], B.TP, n_lines=25)
    assert index(lines).timing_s["search"] >= 0.2
    # The first stage comes when the time is over.
    late = index(lines, settings=Settings(budget_s=0.1))
    assert late.timing_s["search"] >= 0.2
    assert not late.solutions
