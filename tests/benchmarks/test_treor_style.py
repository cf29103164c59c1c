"""The TREOR-style baseline: its kernels against plain numpy, its rules, and published lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.experimental import measured_cases
from benchmarks.baselines import treor_kernels
from benchmarks.baselines.treor_settings import SYSTEMS, IndexLimit, TreorSettings
from benchmarks.baselines.treor_style import index_treor_style, label_rows
from benchmarks.peers.program import PeerCell
from benchmarks.peers.published import PUBLISHED, PublishedList
from benchmarks.peers.score import is_true, true_lattices
from hybrid_index.lattice import BravaisLattice, Cell, metric_subspace
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, two_theta_from_q

RADIATION = Radiation(wavelength_angstrom=1.5405981)


def lines_of(cell: Cell, lattice: BravaisLattice, n: int = 20) -> PeakList:
    q = enumerate_reflections(cell.metric, lattice, 1.2, merge_equal_q=True).q[:n]
    return PeakList.from_positions(two_theta_from_q(q, RADIATION.wavelength_angstrom), radiation=RADIATION)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 6])
def test_equations_are_solved_as_by_numpy(n: int) -> None:
    rng = np.random.default_rng(n)
    matrix, right = rng.normal(size=(n, n)), rng.normal(size=n)
    expected = np.linalg.solve(matrix, right)
    for function in (treor_kernels.solve, treor_kernels.solve.py_func):
        answer = right.copy()
        assert function(matrix.copy(), answer, n)
        np.testing.assert_allclose(answer, expected)


def test_dependent_equations_are_refused() -> None:
    assert not treor_kernels.solve(np.array([[1.0, 2.0], [2.0, 4.0]]), np.ones(2), 2)


def test_merit_is_de_wolffs() -> None:
    q = np.array([1.0, 2.0, 3.0])
    calculated = np.array([3.01, 0.99, 1.5, 2.0, 2.0, 4.0])
    nearest = np.array([1, 3, 0])
    # Possible up to the last line are 0.99, 1.5 and 2.0, which comes twice; 3.01 lies beyond it.
    expected = 3.0 / (2.0 * (0.01 + 0.0 + 0.01) / 3.0 * 3)
    assert treor_kernels.merit(q, calculated, 6, nearest) == pytest.approx(expected)


def test_limits_of_a_cell() -> None:
    limits = np.array([2.0, 20.0, 1000.0, np.cos(np.radians(50.0))])
    inside = Cell(a=5.0, b=9.0, c=12.0, beta=120.0)
    assert treor_kernels.is_within(inside.metric, limits)
    for outside in (
        Cell(a=5.0, b=9.0, c=21.0),
        Cell(a=1.9, b=9.0, c=12.0),
        Cell(a=10.0, b=10.0, c=11.0),
        Cell(a=5.0, b=9.0, c=12.0, beta=135.0),
    ):
        assert not treor_kernels.is_within(outside.metric, limits)


def test_indices_of_base_lines_keep_to_their_limits() -> None:
    rows = label_rows(
        IndexLimit(h=2, k=2, l=2, total=3), metric_subspace(BravaisLattice.OP), BravaisLattice.OP, first=True
    )
    assert sorted(map(tuple, rows)) == [
        (1.0, 0.0, 0.0),
        (1.0, 1.0, 0.0),
        (1.0, 1.0, 1.0),
        (4.0, 0.0, 0.0),
        (4.0, 1.0, 0.0),
    ]
    cubic = label_rows(
        IndexLimit(h=4, k=4, l=4, total=6), metric_subspace(BravaisLattice.CP), BravaisLattice.CP, first=True
    )
    assert 7.0 not in cubic  # no sum of three squares
    assert cubic.max() == 20.0  # 420: 431 has a sum of 8, 440 too


@pytest.mark.parametrize(
    ("lattice", "cell"),
    [
        (BravaisLattice.CP, Cell(a=4.2, b=4.2, c=4.2)),
        (BravaisLattice.TP, Cell(a=5.1, b=5.1, c=8.3)),
        (BravaisLattice.HP, Cell(a=4.9, b=4.9, c=7.7, gamma=120.0)),
        (BravaisLattice.OP, Cell(a=7.1, b=8.3, c=9.9)),
        (BravaisLattice.MP, Cell(a=7.1, b=9.9, c=11.3, beta=101.0)),
        (BravaisLattice.AP, Cell(a=5.1, b=6.9, c=8.0, alpha=82.0, beta=77.0, gamma=71.0)),
    ],
)
def test_each_system_is_found_and_ends_the_search(lattice: BravaisLattice, cell: Cell) -> None:
    found = index_treor_style(lines_of(cell, lattice))
    settings = TreorSettings()
    assert all(one.lattice[0] == found[0].lattice[0] or lattice[0] in "th" for one in found)
    assert all(one.is_accepted(settings) for one in found)
    assert [one.m20 for one in found] == sorted((one.m20 for one in found), reverse=True)
    assert is_true(PeerCell(cell=found[0].cell), true_lattices(cell.gram), 0.002)


def test_one_foreign_line_is_allowed() -> None:
    cell = Cell(a=7.1, b=8.3, c=9.9)
    lines = lines_of(cell, BravaisLattice.OP, 19)
    foreign = (lines.two_theta_deg[9] + lines.two_theta_deg[10]) / 2.0
    found = index_treor_style(PeakList.from_positions([*lines.two_theta_deg, foreign], radiation=RADIATION))
    assert is_true(PeerCell(cell=found[0].cell), [cell.gram], 0.002)
    assert found[0].n_indexed == 19


def test_a_chance_cell_of_higher_symmetry_ends_the_search() -> None:
    """The weakness of the published rule, kept: these orthorhombic lines fit a hexagonal cell six times as large."""
    found = index_treor_style(lines_of(Cell(a=5.4, b=6.96, c=8.48), BravaisLattice.OP))
    assert found[0].lattice is BravaisLattice.HP
    assert 10.0 <= found[0].m20 < 20.0


def test_a_cell_beyond_the_volume_is_not_proposed() -> None:
    settings = TreorSettings(vol_angstrom3=300.0)
    found = index_treor_style(lines_of(Cell(a=7.1, b=8.3, c=9.9), BravaisLattice.OP), settings)
    assert all(one.cell.volume <= 300.0 for one in found)


def test_no_time_no_cells() -> None:
    assert index_treor_style(lines_of(Cell(a=4.2, b=4.2, c=4.2), BravaisLattice.CP), budget_s=0.0) == []


def test_systems_run_from_cubic_to_triclinic() -> None:
    order = [system.lattice.crystal_system for together in SYSTEMS for system in together]
    assert order == ["cubic", "tetragonal", "hexagonal", "orthorhombic", "monoclinic", "triclinic"]


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda one: one.name)
def test_published_lists_come_first(published: PublishedList) -> None:
    case = published.case()
    assert isinstance(case.data, PeakList)
    found = index_treor_style(case.data)
    assert is_true(PeerCell(cell=found[0].cell), true_lattices(case.gram), case.tolerance)


def test_finds_the_classic_test_cases(shared_data: Path) -> None:
    cases, _ = measured_cases(shared_data, origin="list")
    found = 0
    classic = [case for case in cases if case.name.startswith("mcmaille/")]
    for case in classic:
        assert isinstance(case.data, PeakList)
        true = true_lattices(case.gram)
        found += any(is_true(PeerCell(cell=one.cell), true, case.tolerance) for one in index_treor_style(case.data))
    assert len(classic) == 7
    assert found >= 6
