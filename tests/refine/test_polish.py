"""The last least squares: estimates that are right, uncertainties that are honest, constraints that are exact."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell
from hybrid_index.refine.polish import polish
from hybrid_index.types import Candidate, PeakList, Refinement
from hybrid_index.units import displacement_slope, two_theta_from_q, unshift_two_theta
from tests.synthetic import TYPICAL, gaps_deg, line_list, strained, true_positions

B = BravaisLattice
HELD = Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0)
FREE = {
    "c": ["a"], "t": ["a", "c"], "h": ["a", "c"], "o": ["a", "b", "c"], "m": ["a", "b", "c", "beta"],
    "a": ["a", "b", "c", "alpha", "beta", "gamma"],
}  # fmt: skip
ESD_DEG = 0.008
N_LISTS = 12


def refine(cell: Cell, lattice: BravaisLattice, peaks: PeakList, settings: Settings = HELD) -> Refinement:
    return polish(Candidate(bravais_lattice=lattice, metric=cell.metric, source="test"), peaks, settings)


def pulls(found: Refinement, truth: Cell, lattice: BravaisLattice) -> list[float]:
    names = FREE[lattice.value[0]]
    return [(getattr(found.cell, n) - getattr(truth, n)) / getattr(found.cell_esd, n) for n in names]


class TestPulls:
    """Over all lattices and seeds: (estimate − truth) / uncertainty is a standard normal."""

    @pytest.fixture(scope="class")
    @staticmethod
    def held() -> list[list[float]]:
        return _all_pulls(HELD, zero_spread_deg=0.0)

    @pytest.fixture(scope="class")
    @staticmethod
    def with_zero_shift() -> list[list[float]]:
        return _all_pulls(Settings(fix_displacement_mm=0.0), zero_spread_deg=0.04)

    @pytest.mark.parametrize("kind", ["held", "with_zero_shift"])
    def test_cells_lie_within_three_uncertainties(self, kind: str, request: pytest.FixtureRequest) -> None:
        # The uncertainty is itself estimated from some 20 lines, so tails are a little wider than the normal ones.
        each: list[list[float]] = request.getfixturevalue(kind)
        within = [max(np.abs(one)) <= 3.0 for one in each]
        assert np.mean(within) >= 0.95

    @pytest.mark.parametrize("kind", ["held", "with_zero_shift"])
    def test_pulls_have_no_bias_and_unit_width(self, kind: str, request: pytest.FixtureRequest) -> None:
        values = np.concatenate(request.getfixturevalue(kind))
        assert values.size > 400
        assert abs(np.mean(values)) < 0.2
        assert np.std(values) == pytest.approx(1.05, abs=0.2)


def _all_pulls(settings: Settings, *, zero_spread_deg: float) -> list[list[float]]:
    rng = np.random.default_rng(11)
    found = []
    for lattice in BRAVAIS_LATTICES:
        truth = TYPICAL[lattice]
        for _ in range(N_LISTS):
            zero = rng.normal(0.0, zero_spread_deg)
            peaks = line_list(truth, lattice, noise=rng, esd_deg=ESD_DEG, zero_shift_deg=zero)
            candidate = Candidate(bravais_lattice=lattice, metric=truth.metric, source="test", zero_shift_deg=zero)
            found.append(pulls(polish(candidate, peaks, settings), truth, lattice))
    return found


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_symmetry_is_exact(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(lattice.code)
    truth = TYPICAL[lattice]
    found = refine(strained(truth, lattice, rng, share=2e-4), lattice, line_list(truth, lattice, noise=rng))
    cell, esd, family = found.cell, found.cell_esd, lattice.value[0]
    assert list(found.parameter_names) == FREE[family]
    assert found.covariance.shape == (len(FREE[family]),) * 2
    if family == "c":
        assert cell.a == cell.b == cell.c
        assert esd.a == esd.b == esd.c > 0.0
    if family in "th":
        assert cell.a == cell.b != cell.c
        assert esd.a == esd.b > 0.0
    if family != "a":
        assert (cell.alpha, cell.gamma) == (90.0, 120.0 if family == "h" else 90.0)
        assert (esd.alpha, esd.gamma) == (0.0, 0.0)
    if family not in "ma":
        assert (cell.beta, esd.beta) == (90.0, 0.0)
    for i, name in enumerate(found.parameter_names):
        assert getattr(esd, name) == pytest.approx(np.sqrt(found.covariance[i, i]))
        assert getattr(esd, name) > 0.0


@pytest.mark.parametrize("lattice", [B.CF, B.HR, B.OP, B.MC, B.AP])
def test_calculated_positions_hold_the_shifts(lattice: BravaisLattice) -> None:
    truth = TYPICAL[lattice]
    peaks = line_list(truth, lattice, zero_shift_deg=0.03, displacement_mm=-0.04, foreign_deg=[])
    settings = Settings(fix_zero_shift_deg=0.03, fix_displacement_mm=-0.04)
    found = refine(truth, lattice, peaks, settings)
    assert np.all(found.assignment.indexed)
    np.testing.assert_allclose(found.assignment.two_theta_calc_deg, peaks.two_theta_deg, atol=1e-4)
    h, k, l = found.assignment.hkl.T.astype(float)
    q = np.column_stack([h * h, k * k, l * l, k * l, h * l, h * k]) @ truth.metric
    true = unshift_two_theta(peaks.two_theta_deg, zero_shift_deg=0.03, displacement_mm=-0.04)
    np.testing.assert_allclose(two_theta_from_q(q, peaks.wavelength_angstrom), true, atol=1e-6)


class TestShifts:
    truth = TYPICAL[B.OP]

    @pytest.mark.parametrize("fixed", [0.0, 0.07, -0.12])
    def test_fixed_zero_shift_is_held(self, fixed: float) -> None:
        peaks = line_list(self.truth, B.OP, zero_shift_deg=fixed, displacement_mm=0.05)
        shift = refine(self.truth, B.OP, peaks, Settings(fix_zero_shift_deg=fixed)).shift
        assert (shift.zero_shift_deg, shift.zero_shift_esd_deg) == (fixed, 0.0)
        assert shift.displacement_mm == pytest.approx(0.05, abs=0.01)
        assert shift.displacement_esd_mm > 0.0
        assert np.isnan(shift.correlation)
        assert shift.note == ""

    @pytest.mark.parametrize("fixed", [0.0, 0.1, -0.2])
    def test_fixed_displacement_is_held(self, fixed: float) -> None:
        peaks = line_list(self.truth, B.OP, zero_shift_deg=-0.03, displacement_mm=fixed)
        shift = refine(self.truth, B.OP, peaks, Settings(fix_displacement_mm=fixed)).shift
        assert (shift.displacement_mm, shift.displacement_esd_mm) == (fixed, 0.0)
        assert shift.zero_shift_deg == pytest.approx(-0.03, abs=0.005)
        assert shift.zero_shift_esd_deg > 0.0

    def test_both_held(self) -> None:
        peaks = line_list(self.truth, B.OP, noise=np.random.default_rng(1))
        found = refine(self.truth, B.OP, peaks)
        assert found.parameter_names == ("a", "b", "c")
        assert (found.shift.combined_deg, found.shift.combined_esd_deg) == (0.0, 0.0)

    def test_combined_shift_is_that_of_the_middle_line(self) -> None:
        peaks = line_list(self.truth, B.OP, noise=np.random.default_rng(2), zero_shift_deg=0.03, displacement_mm=0.04)
        found = refine(self.truth, B.OP, peaks, Settings())
        middle = float(np.median(peaks.two_theta_deg))
        slope = float(displacement_slope(middle))
        shift = found.shift
        assert shift.combined_deg == pytest.approx(shift.zero_shift_deg + slope * shift.displacement_mm)
        weights = np.array([{"zero": 1.0, "displacement": slope}.get(n, 0.0) for n in found.parameter_names])
        assert shift.combined_esd_deg == pytest.approx(np.sqrt(weights @ found.covariance @ weights))
        true = 0.03 + slope * 0.04
        assert abs(shift.combined_deg - true) < 3.5 * shift.combined_esd_deg
        assert shift.combined_esd_deg < 0.5 * shift.zero_shift_esd_deg

    def test_correlation_is_that_of_the_covariance(self) -> None:
        peaks = line_list(self.truth, B.OP, noise=np.random.default_rng(3))
        found = refine(self.truth, B.OP, peaks, Settings())
        i, j = (found.parameter_names.index(name) for name in ("zero", "displacement"))
        c = found.covariance
        assert found.shift.correlation == pytest.approx(c[i, j] / np.sqrt(c[i, i] * c[j, j]))
        assert found.shift.zero_shift_esd_deg == pytest.approx(np.sqrt(c[i, i]))
        assert found.shift.displacement_esd_mm == pytest.approx(np.sqrt(c[j, j]))

    @pytest.mark.parametrize("esd_deg", [0.005, 0.02, 0.05])
    def test_note_appears_where_zero_and_displacement_are_one(self, esd_deg: float) -> None:
        # Lines to 50°: cosθ runs from 0.99 to 0.91, and the lengths of the cell take up the rest.
        peaks = line_list(self.truth, B.OP, n_lines=40, esd_deg=esd_deg, noise=np.random.default_rng(1))
        shift = refine(self.truth, B.OP, peaks, Settings()).shift
        assert shift.combined_esd_deg < shift.zero_shift_esd_deg
        assert "zero shift" in shift.note
        assert "displacement" in shift.note
        assert f"{shift.combined_deg:+.3f}°" in shift.note

    def test_note_is_absent_where_the_lines_tell_them_apart(self) -> None:
        # One parameter, sharp lines from 21 to 149°: cosθ runs from 0.98 to 0.27.
        cell = TYPICAL[B.CP]
        peaks = line_list(cell, B.CP, n_lines=60, esd_deg=0.0005, noise=np.random.default_rng(1), zero_shift_deg=0.1)
        start = Candidate(bravais_lattice=B.CP, metric=cell.metric, source="test", zero_shift_deg=0.1)
        shift = polish(start, peaks, Settings()).shift
        assert shift.zero_shift_deg == pytest.approx(0.1, abs=0.005)
        assert shift.displacement_mm == pytest.approx(0.0, abs=0.01)
        assert shift.zero_shift_esd_deg < 0.002
        assert shift.note == ""

    @pytest.mark.parametrize("displaced_mm", [0.1, None], ids=["both free", "zero free"])
    def test_large_shift_does_not_bend_the_cell(self, displaced_mm: float | None) -> None:
        rng = np.random.default_rng(6)
        each = []
        for lattice in BRAVAIS_LATTICES:
            truth = TYPICAL[lattice]
            for _ in range(6):
                zero, displacement = 0.2, rng.uniform(-1.0, 1.0) * (displaced_mm or 0.0)
                peaks = line_list(truth, lattice, noise=rng, zero_shift_deg=zero, displacement_mm=displacement)
                start = Candidate(
                    bravais_lattice=lattice,
                    metric=truth.metric,
                    source="test",
                    zero_shift_deg=zero,
                    displacement_mm=displacement,
                )
                found = polish(start, peaks, Settings(fix_displacement_mm=None if displaced_mm else 0.0))
                each.append((found.cell.a - truth.a) / found.cell_esd.a)
        assert abs(np.mean(each)) < 0.5
        assert 0.7 < np.std(each) < 1.4

    def test_zero_shift_of_an_instrument_in_disorder_is_believed(self) -> None:
        # A search, which expects small shifts, takes half of it for displacement.
        truth, rng = TYPICAL[B.OP], np.random.default_rng(7)
        shifts, errors = [], []
        for _ in range(8):
            peaks = line_list(truth, B.OP, n_lines=30, noise=rng, zero_shift_deg=0.45)
            start = Candidate(
                bravais_lattice=B.OP, metric=truth.metric, source="test", zero_shift_deg=0.25, displacement_mm=-0.38
            )
            found = polish(start, peaks, Settings())
            shifts.append(found.shift.zero_shift_deg)
            errors.append(found.cell.a / truth.a - 1.0)
        assert np.mean(shifts) == pytest.approx(0.45, abs=0.04)
        assert abs(np.mean(errors)) < 2e-4


class TestAssignment:
    truth = TYPICAL[B.MP]

    def test_foreign_lines_stay_unindexed_and_do_not_pull(self) -> None:
        rng = np.random.default_rng(7)
        clean = line_list(self.truth, B.MP, noise=rng, esd_deg=0.005)
        foreign = gaps_deg(clean, 3, rng)
        mixed = PeakList.from_positions(
            np.append(clean.two_theta_deg, foreign), radiation=clean.radiation, two_theta_esd_deg=0.005
        )
        alone, among = (refine(self.truth, B.MP, peaks) for peaks in (clean, mixed))
        unindexed = mixed.two_theta_deg[~among.assignment.indexed]
        assert set(np.round(foreign, 6)) <= set(np.round(unindexed, 6))
        assert among.assignment.indexed.sum() == alone.assignment.indexed.sum() >= 23
        assert among.cell.parameters == pytest.approx(alone.cell.parameters, rel=1e-6)
        assert not among.assignment.hkl[~among.assignment.indexed].any()
        assert np.all(np.isnan(among.assignment.two_theta_calc_deg[~among.assignment.indexed]))

    def test_a_reflection_serves_the_nearest_of_two_lines(self) -> None:
        positions = true_positions(self.truth, B.MP)
        both = line_list(self.truth, B.MP, foreign_deg=[positions[3] + 0.015], esd_deg=0.01)
        found = refine(self.truth, B.MP, both)
        assert len(np.unique(found.assignment.hkl[found.assignment.indexed], axis=0)) == found.assignment.indexed.sum()
        assert found.assignment.indexed[3]
        assert not found.assignment.indexed[4]

    def test_too_few_lines_are_assigned_but_not_fitted(self) -> None:
        peaks = line_list(self.truth, B.MP, n_lines=4)
        found = refine(self.truth, B.MP, peaks)
        assert found.parameter_names == ()
        assert found.covariance.shape == (0, 0)
        assert found.cell_esd == Cell(a=0.0, b=0.0, c=0.0, alpha=0.0, beta=0.0, gamma=0.0)
        assert found.cell.parameters == pytest.approx(self.truth.parameters)
        assert found.assignment.indexed.all()

    def test_wrong_cell_indexes_little(self) -> None:
        found = refine(Cell(a=3.1, b=3.1, c=3.1), B.CP, line_list(self.truth, B.MP))
        assert found.assignment.indexed.sum() < 8
        assert found.merit.m20 < 5.0

    def test_merit_of_a_good_fit(self) -> None:
        found = refine(self.truth, B.MP, line_list(self.truth, B.MP, noise=np.random.default_rng(8), esd_deg=0.005))
        assert found.merit.m20 > 20.0
        assert found.merit.f20 > 20.0
        assert found.merit.n_possible >= 20
        assert found.merit.m_rev > 3.0

    def test_same_data_give_the_same_refinement(self) -> None:
        peaks = line_list(self.truth, B.MP, noise=np.random.default_rng(9))
        first, second = (refine(self.truth, B.MP, peaks, Settings()) for _ in range(2))
        assert first.cell == second.cell
        assert first.shift == second.shift
        np.testing.assert_array_equal(first.covariance, second.covariance)


def test_a_cell_does_not_hang_on_the_last_digits_of_its_start() -> None:
    # 221 and 300 of a cubic lattice are one line: which of them stands for it is decided by rounding.
    cell = TYPICAL[B.CP]
    peaks = line_list(cell, B.CP, n_lines=17, esd_deg=ESD_DEG, noise=np.random.default_rng(3), zero_shift_deg=0.05)
    found = []
    for scale in (1.0 - 1e-9, 1.0, 1.0 + 1e-9, 1.0 + 2e-9, 1.0 + 3e-9):
        start = Candidate(bravais_lattice=B.CP, metric=cell.metric * scale, source="test", zero_shift_deg=0.05)
        found.append(polish(start, peaks, Settings(), n_rounds=3))
    assert all(one.assignment.indexed.all() for one in found)
    assert found[0].cell.a != pytest.approx(cell.a, rel=1e-6)
    np.testing.assert_allclose([one.cell.a for one in found], found[0].cell.a, rtol=1e-7)
