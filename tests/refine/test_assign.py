"""Assign–solve–iterate from starts that are nearly right, and its linear algebra against numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, metric_subspace
from hybrid_index.refine.assign import (
    FAILED,
    MAX_REFLECTIONS,
    assign_solve,
    assign_solve_many,
    nearest_reflections,
    solve_symmetric,
)
from hybrid_index.refine.lines import line_data
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray
from tests.synthetic import TYPICAL, gaps_deg, line_list, random_cell, strained

B = BravaisLattice
HELD = Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0)
N_CELLS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    metric: FloatArray
    evidence: float
    n_indexed: int
    n_reflections: int
    rms: float
    shifts: FloatArray


def improve(
    start: Cell, lattice: BravaisLattice, peaks: PeakList, settings: Settings = HELD, *, n_lines: int = 20
) -> Outcome:
    lines = line_data(peaks, settings)
    metric, out = start.metric.copy(), np.zeros(4 + len(lines.free_shifts))
    assign_solve(
        metric,
        lattice.code,
        lines.q,
        lines.q_esd,
        lines.foreign,
        lines.slack,
        lines.columns,
        lines.priors,
        min(n_lines, len(lines)),
        True,
        np.empty((MAX_REFLECTIONS, 3), dtype=np.int32),
        np.empty(MAX_REFLECTIONS),
        out,
    )
    return Outcome(metric, float(out[0]), int(out[1]), int(out[2]), float(out[3]), out[4:])


def deviation(metric: FloatArray, truth: Cell) -> float:
    """Largest error of a length, relative, or of an angle, in radians."""
    found = Cell.from_metric(metric)
    lengths = np.array(found.parameters[:3]) / truth.parameters[:3] - 1.0
    angles = np.radians(np.subtract(found.parameters[3:], truth.parameters[3:]))
    return float(np.max(np.abs(np.append(lengths, angles))))


class TestSolveSymmetric:
    @pytest.mark.parametrize("solve", [solve_symmetric, solve_symmetric.py_func], ids=["compiled", "python"])
    @pytest.mark.parametrize("n", range(1, 9))
    def test_agrees_with_numpy(self, solve: object, n: int) -> None:
        rng = np.random.default_rng(n)
        for _ in range(10):
            basis = rng.normal(size=(n + 2, n)) * np.exp(rng.uniform(-3.0, 3.0, n))
            matrix, rhs = basis.T @ basis, rng.normal(size=n)
            work, x = np.full((8, 8), np.nan), np.full(8, np.nan)
            work[:n, :n], x[:n] = np.tril(matrix), rhs
            assert solve(work, x, n)  # type: ignore[operator]
            np.testing.assert_allclose(x[:n], np.linalg.solve(matrix, rhs), rtol=1e-6)
            np.testing.assert_allclose(np.tril(work[:n, :n]), np.linalg.cholesky(matrix), rtol=1e-6, atol=1e-12)

    @pytest.mark.parametrize(
        "matrix",
        [np.zeros((2, 2)), -np.eye(2), np.ones((2, 2)), np.array([[1.0, 2.0], [2.0, 1.0]]), np.eye(2) * np.nan],
    )
    def test_refuses_what_is_not_positive_definite(self, matrix: FloatArray) -> None:
        assert not solve_symmetric(matrix.copy(), np.ones(2), 2)


@pytest.mark.parametrize("kernel", [nearest_reflections, nearest_reflections.py_func], ids=["compiled", "python"])
@pytest.mark.parametrize("n_calc", [0, 1, 15, 300])
def test_nearest_reflections_by_trying_all(kernel: object, n_calc: int) -> None:
    rng = np.random.default_rng(n_calc)
    lines, calculated = np.sort(rng.uniform(0.0, 1.0, 20)), rng.uniform(0.0, 1.1, n_calc)
    nearest, gap = np.empty(20, dtype=np.int32), np.empty(20)
    kernel(lines, 20, calculated, n_calc, nearest, gap)  # type: ignore[operator]
    # Only the two lines on either side of a reflection may claim it.
    for i in range(20):
        low = lines[i - 1] if i else -np.inf
        high = lines[i + 1] if i < 19 else np.inf
        rivals = np.flatnonzero((calculated > low) & (calculated <= high))
        if rivals.size == 0:
            assert nearest[i] == -1
            assert gap[i] > 1e8
            continue
        best = rivals[np.abs(calculated[rivals] - lines[i]).argmin()]
        assert nearest[i] == best
        assert gap[i] == lines[i] - calculated[best]


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_converges_from_a_start_that_is_nearly_right(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(40 + lattice.code)
    good = 0
    for _ in range(N_CELLS):
        truth = random_cell(lattice, rng, volume=float(rng.uniform(100.0, 500.0)))
        found = improve(strained(truth, lattice, rng), lattice, line_list(truth, lattice, noise=rng, esd_deg=0.005))
        good += deviation(found.metric, truth) < 5e-4 and found.n_indexed >= 18
    assert good >= N_CELLS - 1


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_foreign_lines_do_not_pull(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(60 + lattice.code)
    good = 0
    for _ in range(N_CELLS):
        truth = random_cell(lattice, rng, volume=float(rng.uniform(100.0, 300.0)))
        clean = line_list(truth, lattice, esd_deg=0.005)
        foreign = gaps_deg(clean, 3, rng)
        mixed = line_list(truth, lattice, noise=rng, esd_deg=0.005, foreign_deg=list(foreign))
        found = improve(strained(truth, lattice, rng), lattice, mixed, n_lines=len(mixed))
        good += deviation(found.metric, truth) < 5e-4 and found.n_indexed >= len(clean) - 2
    assert good >= N_CELLS - 2


@pytest.mark.parametrize("zero_shift_deg", [-0.04, 0.04])
@pytest.mark.parametrize("lattice", [B.CP, B.TI, B.HR, B.OP, B.MP, B.AP])
def test_zero_shift_is_recovered(lattice: BravaisLattice, zero_shift_deg: float) -> None:
    truth = TYPICAL[lattice]
    peaks = line_list(truth, lattice, esd_deg=0.003, zero_shift_deg=zero_shift_deg)
    found = improve(truth, lattice, peaks, Settings(fix_displacement_mm=0.0))
    assert found.shifts == pytest.approx([zero_shift_deg], abs=0.006)
    assert deviation(found.metric, truth) < 4e-4


@pytest.mark.parametrize("displacement_mm", [-0.06, 0.06])
@pytest.mark.parametrize("lattice", [B.CP, B.TI, B.HR, B.OP, B.MP, B.AP])
def test_displacement_is_recovered(lattice: BravaisLattice, displacement_mm: float) -> None:
    truth = TYPICAL[lattice]
    peaks = line_list(truth, lattice, esd_deg=0.003, displacement_mm=displacement_mm)
    found = improve(truth, lattice, peaks, Settings(fix_zero_shift_deg=0.0))
    assert found.shifts == pytest.approx([displacement_mm], abs=0.012)
    assert deviation(found.metric, truth) < 4e-4


def test_a_line_that_the_shift_moves_beyond_the_direct_beam_is_foreign() -> None:
    free = Settings(fix_displacement_mm=0.0)
    plain, with_it = (
        improve(TYPICAL[B.CF], B.CF, line_list(TYPICAL[B.CF], B.CF, zero_shift_deg=0.08, foreign_deg=foreign), free)
        for foreign in ([], [0.06])
    )
    assert with_it.shifts[0] == pytest.approx(plain.shifts[0], abs=0.005)
    assert with_it.shifts[0] > 0.06
    assert with_it.n_indexed == plain.n_indexed
    assert plain.evidence - 10.0 < with_it.evidence < plain.evidence


def test_fixed_shifts_are_taken_off_with_the_sign_of_the_convention() -> None:
    truth = TYPICAL[B.OP]
    peaks = line_list(truth, B.OP, esd_deg=0.003, zero_shift_deg=0.3, displacement_mm=0.4)
    held = improve(truth, B.OP, peaks, Settings(fix_zero_shift_deg=0.3, fix_displacement_mm=0.4))
    assert held.shifts.size == 0
    assert held.rms < 0.3
    assert deviation(held.metric, truth) < 1e-4


def test_metric_obeys_the_symmetry_whatever_the_start() -> None:
    rng = np.random.default_rng(8)
    for lattice in BRAVAIS_LATTICES:
        truth = TYPICAL[lattice]
        start = Cell.from_metric(truth.metric * (1.0 + rng.uniform(-0.001, 0.001, 6)))
        found = improve(start, lattice, line_list(truth, lattice))
        assert found.evidence > 0.0
        subspace = metric_subspace(lattice)
        theta = np.linalg.lstsq(subspace, found.metric, rcond=None)[0]
        np.testing.assert_allclose(subspace @ theta, found.metric, atol=1e-15)


def test_counts_of_a_perfect_fit() -> None:
    truth = TYPICAL[B.CF]
    found = improve(truth, B.CF, line_list(truth, B.CF, n_lines=10))
    # 111 200 220 311 222 400 331 420 422 and 333 with 511, which are two reflections in one line.
    assert (found.n_indexed, found.n_reflections) == (10, 11)
    assert found.rms < 1e-6


@pytest.mark.parametrize(
    "metric",
    [np.zeros(6), np.full(6, np.nan), np.array([0.01, 0.01, 0.01, 0.02, 0.02, 0.02]), np.array([1e-7] * 3 + [0.0] * 3)],
    ids=["nothing", "NaN", "flat", "too many reflections"],
)
def test_starts_that_are_no_lattice_fail(metric: FloatArray) -> None:
    lines = line_data(line_list(TYPICAL[B.AP], B.AP), HELD)
    metrics, out = metric[None].copy(), np.zeros((1, 4))
    codes: npt.NDArray[np.int64] = np.array([B.AP.code])
    assign_solve_many(
        metrics, codes, lines.q, lines.q_esd, lines.foreign, lines.slack, lines.columns, lines.priors, 20, False, out
    )
    assert out[0, 0] == FAILED


def test_wrong_lattice_earns_less_than_the_right_one() -> None:
    rng = np.random.default_rng(2)
    for lattice in BRAVAIS_LATTICES:
        peaks = line_list(TYPICAL[lattice], lattice, noise=rng)
        right = improve(TYPICAL[lattice], lattice, peaks).evidence
        for _ in range(10):
            wrong = random_cell(lattice, rng, volume=TYPICAL[lattice].volume / lattice.lattice_points * 1.3)
            assert improve(wrong, lattice, peaks).evidence < right - 10.0
