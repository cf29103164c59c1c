"""Lines that may be one of several reflections: how they are shared, and what that leaves unknown."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.line_assignment import Model
from hybrid_index.refine.lines import foreign_probability, position_esd_deg
from hybrid_index.refine.polish import polish
from hybrid_index.refine.shared_lines import (
    LEAST_LEFT,
    SharedLines,
    fitted_scale,
    nearest_lines,
    share_lines,
    shared_covariance,
)
from hybrid_index.types import Candidate, PeakList
from hybrid_index.units import FloatArray, parse_radiation
from tests.synthetic import TYPICAL, line_list, true_positions

CU = parse_radiation("CuKa1")
CUBE = Cell(a=5.0, b=5.0, c=5.0)


def model(cell: Cell, lattice: BravaisLattice) -> Model:
    return Model(lattice=lattice, cell=cell, zero_shift_deg=0.0, displacement_mm=0.0, radius_mm=200.0)


def listed(two_theta_deg: FloatArray | list[float], esd_deg: float = 0.01) -> PeakList:
    return PeakList.from_positions(np.sort(two_theta_deg), radiation=CU, two_theta_esd_deg=esd_deg)


def shared(cell: Cell, lattice: BravaisLattice, peaks: PeakList) -> SharedLines:
    return share_lines(model(cell, lattice), peaks, position_esd_deg(peaks), 1.0)


class TestShares:
    def test_a_line_alone_is_its_reflection(self) -> None:
        peaks = listed(true_positions(CUBE, BravaisLattice.CP)[:8])
        lines = shared(CUBE, BravaisLattice.CP, peaks)
        assert lines.rows.tolist() == list(range(8))
        assert np.all(lines.share > 0.99)
        assert lines.hkl[0].tolist() == [1, 0, 0] or sorted(lines.hkl[0].tolist()) == [0, 0, 1]

    def test_a_line_between_two_reflections_is_either(self) -> None:
        nearly = Cell(a=5.0, b=5.005, c=7.0)
        h00 = model(nearly, BravaisLattice.OP).observed_two_theta(np.array([[1, 0, 0], [0, 1, 0]]), 1.5406)
        lines = shared(nearly, BravaisLattice.OP, listed([10.0, float(h00.mean())]))
        assert {tuple(hkl) for hkl in lines.hkl.tolist()} == {(1, 0, 0), (0, 1, 0)}
        assert lines.rows.tolist() == [1, 1]
        assert lines.share == pytest.approx([0.5, 0.5], abs=0.03)

    def test_a_blend_of_two_reflections_is_no_foreign_line(self) -> None:
        nearly = Cell(a=5.0, b=5.04, c=7.0)
        pair = model(nearly, BravaisLattice.OP).observed_two_theta(np.array([[1, 0, 0], [0, 1, 0]]), 1.5406)
        assert 0.1 < pair[0] - pair[1] < 0.2
        between = float(pair.mean())
        for fwhm, explained in ((0.1, 0.0), (0.5, 1.0)):
            peaks = PeakList.from_positions([between], radiation=CU, two_theta_esd_deg=0.01, fwhm_deg=fwhm)
            esd = np.full(1, 0.01)
            lines = share_lines(model(nearly, BravaisLattice.OP), peaks, esd, 1.0)
            assert lines.explained == pytest.approx(explained, abs=0.1)

    def test_a_lattice_without_reflections_shares_nothing(self) -> None:
        tiny = Cell(a=0.7, b=0.7, c=0.7)
        lines = shared(tiny, BravaisLattice.CP, listed([10.0, 20.0, 30.0]))
        assert lines.explained == 0.0
        assert lines.hkl.shape == (0, 3)

    def test_a_foreign_line_is_nothing(self) -> None:
        positions = true_positions(CUBE, BravaisLattice.CP)[:6]
        peaks = listed([*positions, 0.5 * (positions[2] + positions[3])])
        lines = shared(CUBE, BravaisLattice.CP, peaks)
        assert 3 not in lines.rows
        assert lines.explained == pytest.approx(6.0, abs=0.05)

    def test_a_line_some_way_off_may_be_foreign(self) -> None:
        positions = true_positions(CUBE, BravaisLattice.CP)[:6]
        shares = [
            shared(CUBE, BravaisLattice.CP, listed([*positions[:5], positions[5] + 0.01 * k])).share[-1]
            for k in range(5)
        ]
        assert np.all(np.diff(shares) < 0.0)
        assert shares[0] > 0.99
        assert shares[4] < 0.5

    def test_a_reflection_gives_one_line(self) -> None:
        positions = true_positions(CUBE, BravaisLattice.CP)[:6]
        lines = shared(CUBE, BravaisLattice.CP, listed([*positions, positions[3] + 0.012]))
        assert lines.share[np.isin(lines.rows, (3, 4))].sum() == pytest.approx(1.0, abs=0.01)
        assert lines.explained == pytest.approx(6.0, abs=0.05)

    def test_the_nearest_is_taken_whole(self) -> None:
        positions = true_positions(CUBE, BravaisLattice.CP)[:6]
        peaks = listed([*positions, positions[3] + 0.012])
        lines = nearest_lines(model(CUBE, BravaisLattice.CP), peaks, position_esd_deg(peaks))
        assert lines.rows.tolist() == [0, 1, 2, 3, 5, 6]
        assert np.all(lines.share == 1.0)

    def test_shares_say_what_bayes_says(self) -> None:
        truth = TYPICAL[BravaisLattice.AP]
        peaks = line_list(truth, BravaisLattice.AP, noise=np.random.default_rng(1), esd_deg=0.03, n_lines=30)
        lines = shared(truth, BravaisLattice.AP, peaks)
        assert np.bincount(lines.rows, lines.share).max() <= 1.0 + 1e-12
        row = int(np.flatnonzero(np.bincount(lines.rows) >= 2)[0])
        pair = np.flatnonzero(lines.rows == row)[:2]
        esd, observed = lines.esd_deg[pair[0]], peaks.two_theta_deg[row]
        positions = model(truth, BravaisLattice.AP).observed_two_theta(lines.hkl[pair], CU.wavelength_angstrom)
        odds = np.exp(-0.5 * np.subtract(*((observed - positions) ** 2)) / esd**2)
        assert lines.share[pair[0]] / lines.share[pair[1]] == pytest.approx(odds, rel=1e-9)
        assert np.all(foreign_probability(peaks) > 0.0)


class TestCovariance:
    rng = np.random.default_rng(3)
    slopes = rng.normal(size=(2, 6))
    priors = np.diag([0.5, 0.25])

    def lines(self, rows: list[int], share: list[float]) -> SharedLines:
        hkl = np.zeros((len(rows), 3), dtype=np.int64)
        return SharedLines(
            n_lines=6, rows=np.array(rows), hkl=hkl, share=np.array(share), esd_deg=np.full(len(rows), 0.01)
        )

    def test_of_lines_that_are_sure_is_that_of_least_squares(self) -> None:
        sure = self.lines([0, 1, 2, 3, 4, 5], [1.0] * 6)
        found = shared_covariance(sure, self.rng.normal(size=6), self.slopes, self.priors)
        np.testing.assert_allclose(found, np.linalg.inv(self.slopes @ self.slopes.T + self.priors), rtol=1e-10)

    def test_is_the_curvature_of_the_mixture(self) -> None:
        # One parameter; a line halfway up between two reflections: minus the second derivative of log Σ exp(−z²/2).
        misfit, slope = np.array([0.4, -0.7]), np.array([[1.0, 1.0]])

        def log_likelihood(step: float) -> float:
            return float(np.log(np.sum(np.exp(-0.5 * (misfit - step * slope[0]) ** 2))))

        share = np.exp(-0.5 * misfit**2)
        share /= share.sum()
        h = 1e-4
        curvature = -(log_likelihood(h) - 2.0 * log_likelihood(0.0) + log_likelihood(-h)) / h**2
        found = shared_covariance(self.lines([0, 0], share.tolist()), misfit, slope, np.zeros((1, 1)))
        assert found[0, 0] == pytest.approx(1.0 / curvature, rel=1e-5)

    def test_sharing_leaves_a_part_of_what_is_known(self) -> None:
        between = self.lines([0, 0], [0.5, 0.5])
        found = shared_covariance(between, np.array([5.0, -5.0]), np.array([[1.0, 1.0]]), np.zeros((1, 1)))
        assert found[0, 0] == pytest.approx(1.0 / LEAST_LEFT)

    def test_too_few_lines_are_an_error(self) -> None:
        with pytest.raises(np.linalg.LinAlgError):
            shared_covariance(self.lines([0], [1.0]), np.zeros(1), np.ones((2, 1)), np.zeros((2, 2)))


def test_scale_is_the_misfit_per_free_line() -> None:
    lines = SharedLines(
        n_lines=40, rows=np.arange(40), hkl=np.zeros((40, 3), np.int64), share=np.ones(40), esd_deg=np.ones(40)
    )
    assert fitted_scale(lines, np.full(40, 3.0), 0) == pytest.approx(np.sqrt((9.0 * 40 + 2.0) / 42.0))
    assert fitted_scale(lines, np.full(40, 1.0), 4) == pytest.approx(np.sqrt(42.0 / 38.0))


def test_a_fit_knows_that_lines_are_better_than_they_were_said_to_be() -> None:
    # Two reflections of this cell are 0.05° apart; errors are a tenth of the stated 0.03°, which would blend them.
    truth, rng, errors = Cell(a=7.0, b=7.02, c=9.0), np.random.default_rng(8), []
    for _ in range(10):
        every = model(truth, BravaisLattice.OP).reflections(np.array([60.0]), CU.wavelength_angstrom).hkl[:40]
        exact = model(truth, BravaisLattice.OP).observed_two_theta(every.astype(np.int64), CU.wavelength_angstrom)
        peaks = listed(exact + rng.normal(0.0, 0.003, 40), 0.03)
        start = Candidate(bravais_lattice=BravaisLattice.OP, metric=truth.metric, source="test")
        found = polish(start, peaks, Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0), n_rounds=3)
        errors.append(found.cell.b / found.cell.a - truth.b / truth.a)
        assert found.cell_esd.a < 0.0004
    assert np.sqrt(np.mean(np.square(errors))) < 1e-4


def test_lines_within_two_stated_uncertainties_are_indexed() -> None:
    # All lines but one are where they belong, so that the scale of the errors is small.
    truth = TYPICAL[BravaisLattice.OP]
    exact = true_positions(truth, BravaisLattice.OP)
    for off, indexed in ((1.9, True), (3.0, False)):
        moved = exact.copy()
        moved[7] += off * 0.01
        start = Candidate(bravais_lattice=BravaisLattice.OP, metric=truth.metric, source="test")
        found = polish(start, listed(moved), Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0), n_rounds=3)
        assert bool(found.assignment.indexed[7]) is indexed
        assert found.assignment.indexed.sum() == len(exact) - (not indexed)


def test_uncertainties_hold_where_reflections_are_dense() -> None:
    # Two in five lines of a large triclinic cell are seen. With each taken for the nearest, the spread is 1.6.
    rng, pulls = np.random.default_rng(5), []
    truth = Cell(a=9.1, b=10.3, c=12.2, alpha=97.0, beta=102.0, gamma=94.0)
    for _ in range(40):
        every = true_positions(truth, BravaisLattice.AP, n_lines=100)
        seen = np.sort(rng.choice(100, 40, replace=False))
        peaks = listed(every[seen] + rng.normal(0.0, 0.03, 40), 0.03)
        start = Candidate(bravais_lattice=BravaisLattice.AP, metric=truth.metric, source="test")
        found = polish(start, peaks, Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0), n_rounds=3)
        differences = np.subtract(found.cell.parameters, truth.parameters)
        pulls.extend(differences / np.array(found.cell_esd.parameters))
    assert np.mean(np.abs(pulls) < 1.96) >= 0.92
    assert np.std(pulls) == pytest.approx(1.0, abs=0.25)
