"""Many candidates at once: what is kept, what is dropped, and their relatives."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS, BravaisLattice, Cell, primitive_gram, same_lattice
from hybrid_index.refine.lines import line_data
from hybrid_index.refine.solving import SHORTEST_VECTOR_ANGSTROM, Solved, relatives, solve_candidates, solve_lattices
from hybrid_index.types import Candidate
from tests.synthetic import TYPICAL, is_lattice, line_list, random_cell, strained

B = BravaisLattice


def candidate(cell: Cell, lattice: BravaisLattice) -> Candidate:
    return Candidate(bravais_lattice=lattice, metric=cell.metric, source="test")


def solved_truth(lattice: BravaisLattice, *others: Candidate) -> Solved:
    rng = np.random.default_rng(lattice.code)
    lines = line_data(line_list(TYPICAL[lattice], lattice, noise=rng, n_lines=40), Settings())
    near = strained(TYPICAL[lattice], lattice, rng, share=0.001)
    return solve_candidates([*others, candidate(near, lattice)], lines)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_true_lattice_comes_first(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(90 + lattice.code)
    volume = TYPICAL[lattice].volume / lattice.lattice_points
    wrong = [candidate(random_cell(other, rng, volume=volume), other) for other in BRAVAIS_LATTICES]
    found = solved_truth(lattice, *wrong)
    assert is_lattice(found.lattices.candidate(0), TYPICAL[lattice], lattice, tolerance=0.001)
    assert np.all(np.diff(found.evidence) <= 0.0)
    assert found.n_indexed[0] >= 0.9 * found.n_indexed.max()
    for one, gram, evidence in zip(found.lattices.candidates(), found.grams, found.evidence, strict=True):
        np.testing.assert_allclose(
            primitive_gram(Cell.from_metric(one.metric), one.bravais_lattice), gram, rtol=1e-9, atol=1e-9
        )
        assert one.score == evidence
        assert one.source == "test"


def test_nothing_in_nothing_out() -> None:
    lines = line_data(line_list(TYPICAL[B.OP], B.OP), Settings())
    found = solve_candidates([], lines)
    assert len(found) == 0
    assert found.grams.shape == (0, 3, 3)
    assert found.lattices.shifts.shape == (0, 2)
    assert len(found.joined(found)) == 0
    assert relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=True).candidates() == []


def test_distances_that_no_crystal_has_are_dropped() -> None:
    cell = Cell(a=2.0, b=7.3, c=9.1)
    assert min(cell.parameters[:3]) < SHORTEST_VECTOR_ANGSTROM
    lines = line_data(line_list(cell, B.OP), Settings())
    assert len(solve_candidates([candidate(cell, B.OP)], lines)) == 0


def test_starting_shifts_are_used() -> None:
    # 0.3° is far beyond the slack: only a start that supposes the shift can find the lines.
    truth = TYPICAL[B.MP]
    lines = line_data(line_list(truth, B.MP, zero_shift_deg=0.3, esd_deg=0.005), Settings())
    plain = candidate(truth, B.MP)
    supposed = plain.replace(zero_shift_deg=0.3)
    first = solve_candidates([plain, supposed], lines).lattices.candidate(0)
    assert is_lattice(first, truth, B.MP, tolerance=0.003)
    assert first.zero_shift_deg > 0.05


def test_joined_is_sorted_and_take_selects() -> None:
    one, other = solved_truth(B.OP), solved_truth(B.TP)
    both = one.joined(other)
    assert len(both) == len(one) + len(other)
    assert np.all(np.diff(both.evidence) <= 0.0)
    last = both.take([len(both) - 1])
    np.testing.assert_array_equal(last.lattices.metrics, both.lattices.metrics[-1:])
    assert last.lattices.sources.tolist() == ["test"]
    assert last.evidence[0] == both.evidence[-1]
    np.testing.assert_array_equal(last.grams[0], both.grams[-1])


def test_relatives_of_a_hidden_symmetry() -> None:
    """A tetragonal lattice met as triclinic has its own symmetry among its relatives."""
    truth = TYPICAL[B.TI]
    gram = primitive_gram(truth, B.TI)
    lines = line_data(line_list(truth, B.TI), Settings())
    found = solve_candidates([candidate(Cell.from_gram(gram), B.AP)], lines)
    assert found.lattices.candidate(0).bravais_lattice is B.AP
    near = relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=False)
    assert any(c.bravais_lattice is B.TI and is_lattice(c, truth, B.TI) for c in near.candidates())
    only = relatives(found, systems=("monoclinic", "orthorhombic"), derivatives=False)
    assert {c.bravais_lattice.value[0] for c in only.candidates()} <= {"m", "o"}
    assert len(only)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_relatives_hold_half_and_double_cells(factor: float) -> None:
    truth = TYPICAL[B.OP]
    lines = line_data(line_list(truth, B.OP, n_lines=40), Settings())
    wrong = Cell(a=truth.a, b=truth.b, c=truth.c * factor)
    found = solve_candidates([candidate(wrong, B.OP)], lines)
    assert len(found) == 1
    near = relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=True)
    assert any(c.bravais_lattice is B.OP and is_lattice(c, truth, B.OP) for c in near.candidates())
    repaired = solve_lattices(near, lines)
    assert same_lattice(repaired.grams[0], primitive_gram(truth, B.OP))


def test_of_relatives_only_the_best_go_on() -> None:
    truth = TYPICAL[B.OP]
    lines = line_data(line_list(truth, B.OP, n_lines=40), Settings())
    found = solve_candidates([candidate(truth, B.OP)], lines)
    near = relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=True)
    every = solve_lattices(near, lines)
    best = solve_lattices(near, lines, promising=1)
    assert 1 <= len(best) < len(every)
    assert best.evidence[0] == every.evidence[0]
    np.testing.assert_array_equal(best.grams[0], every.grams[0])


def test_no_start_is_returned_twice() -> None:
    found = solved_truth(B.OC)
    tried: set[bytes] = set()
    first = relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=True, tried=tried)
    assert len(first) == len(tried) > 0
    assert relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=True, tried=tried).candidates() == []
    assert len(relatives(found, systems=CRYSTAL_SYSTEMS, derivatives=True)) == len(first)


def test_derivatives_of_exact_symmetry_come_without_their_subgroups() -> None:
    lines = line_data(line_list(TYPICAL[B.CP], B.CP, n_lines=20), Settings())
    cubic = solve_candidates([candidate(TYPICAL[B.CP], B.CP)], lines).take([0])
    own = relatives(cubic, systems=CRYSTAL_SYSTEMS, derivatives=False)
    assert {c.bravais_lattice for c in own.candidates()} == {B.CP, B.TP, B.HR, B.OP, B.OC, B.MP, B.MC, B.AP}
    every = relatives(cubic, systems=CRYSTAL_SYSTEMS, derivatives=True)
    derived = [
        c
        for c in every.candidates()
        if abs(Cell.from_metric(c.metric).volume / c.bravais_lattice.lattice_points - TYPICAL[B.CP].volume) > 1.0
    ]
    # Twice as large: tP along an axis, tP along a face diagonal, cF; half as large: two tP and cI.
    assert all(c.bravais_lattice.crystal_system != "monoclinic" for c in derived)
    assert {B.TP, B.CF, B.CI} <= {c.bravais_lattice for c in derived}
    assert len(derived) < 15


def test_starts_that_meet_are_one_solution() -> None:
    truth = TYPICAL[B.MP]
    lines = line_data(line_list(truth, B.MP, n_lines=50), Settings())
    rng = np.random.default_rng(4)
    starts = [candidate(strained(truth, B.MP, rng, share=5e-4), B.MP) for _ in range(6)]
    assert len(solve_candidates(starts, lines)) == 1
