"""The enumerator against gemmi and against counting, over random cells of all 14 lattices."""

from __future__ import annotations

from collections import Counter

import gemmi
import numpy as np
import numpy.typing as npt
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell
from hybrid_index.refine import hkl as kernels
from hybrid_index.refine.hkl import Reflections, enumerate_reflections
from hybrid_index.units import FloatArray

B = BravaisLattice
HOLOHEDRY = {
    B.CP: "P m -3 m", B.CI: "I m -3 m", B.CF: "F m -3 m", B.TP: "P 4/m m m", B.TI: "I 4/m m m",
    B.HP: "P 6/m m m", B.HR: "R -3 m:H", B.OP: "P m m m", B.OC: "C m m m", B.OI: "I m m m", B.OF: "F m m m",
    B.MP: "P 1 2/m 1", B.MC: "C 1 2/m 1", B.AP: "P -1",
}  # fmt: skip
EQUAL_EDGES = {"c": [0, 0, 0], "t": [0, 0, 2], "h": [0, 0, 2]}
N_CELLS = 12


def random_cell(lattice: BravaisLattice, rng: np.random.Generator) -> Cell:
    """A cell from compact to very flat, monoclinic and triclinic ones in skewed settings too."""
    letter = lattice.value[0]
    edges = np.exp(rng.uniform(np.log(2.5), np.log(30.0), 3))[EQUAL_EDGES.get(letter, [0, 1, 2])]
    cell = Cell(a=edges[0], b=edges[1], c=edges[2], gamma=120.0 if letter == "h" else 90.0)
    skew = np.eye(3)
    if letter == "m":
        skew[0, 2] = rng.normal()
    elif letter == "a":
        skew += np.triu(rng.normal(size=(3, 3)), 1)
    return Cell.from_gram(skew.T @ cell.gram @ skew)


def all_indices(cell: Cell, lattice: BravaisLattice, q_max: float) -> npt.NDArray[np.int64]:
    """Every hkl but 000 in the sphere that the centring lets exist, by trying all in the box about it."""
    limits = [int(edge * np.sqrt(q_max)) for edge in cell.parameters[:3]]
    box = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in limits), indexing="ij"), axis=-1).reshape(-1, 3)
    inside = np.einsum("ni,ij,nj->n", box, np.linalg.inv(cell.gram), box) <= q_max
    h, k, l = box.T
    allowed = {
        "P": h == h,
        "I": (h + k + l) % 2 == 0,
        "F": ((h + k) % 2 == 0) & ((k + l) % 2 == 0),
        "C": (h + k) % 2 == 0,
        "R": (-h + k + l) % 3 == 0,
    }[lattice.centring]
    return np.asarray(box[inside & allowed & box.any(axis=1)], dtype=np.int64)


def orbit(hkl: list[int], operations: gemmi.GroupOps) -> set[tuple[int, ...]]:
    images = [tuple(op.apply_to_hkl(hkl)) for op in operations.sym_ops]
    return {*images, *(tuple(-i for i in image) for image in images)}


def some_q_max(cell: Cell, lattice: BravaisLattice, n_points: float) -> float:
    """Radius² of the sphere with about so many lattice points."""
    return float((3.0 * n_points / (4.0 * np.pi) * lattice.lattice_points / cell.volume) ** (2.0 / 3.0))


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_complete_and_without_duplicates(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(lattice.code)
    group = gemmi.SpaceGroup(HOLOHEDRY[lattice])
    asu, operations = gemmi.ReciprocalAsu(group), group.operations()
    for n_points in rng.uniform(20.0, 3000.0, N_CELLS):
        cell = random_cell(lattice, rng)
        q_max = some_q_max(cell, lattice, n_points)
        found = enumerate_reflections(cell.metric, lattice, q_max)
        judge = gemmi.UnitCell(*cell.parameters)
        expected = gemmi.make_miller_array(judge, group, q_max**-0.5)
        representatives = [tuple(asu.to_asu(row, operations)[0]) for row in found.hkl.tolist()]
        assert len(set(representatives)) == len(found)
        assert set(representatives) == {tuple(row) for row in expected.tolist()}
        np.testing.assert_allclose(found.q, judge.calculate_1_d2_array(found.hkl), rtol=1e-9)
        assert np.all(np.diff(found.q) >= 0.0)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_multiplicities_count_all_reflections(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(100 + lattice.code)
    operations = gemmi.SpaceGroup(HOLOHEDRY[lattice]).operations()
    for n_points in rng.uniform(20.0, 1000.0, N_CELLS):
        cell = random_cell(lattice, rng)
        q_max = some_q_max(cell, lattice, n_points)
        found = enumerate_reflections(cell.metric, lattice, q_max)
        orbits = [orbit(row, operations) for row in found.hkl.tolist()]
        assert found.multiplicity.tolist() == [len(images) for images in orbits]
        assert set().union(*orbits) == {tuple(row) for row in all_indices(cell, lattice, q_max).tolist()}


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_the_limit_itself_belongs_to_it(lattice: BravaisLattice) -> None:
    cell = random_cell(lattice, np.random.default_rng(200 + lattice.code))
    found = enumerate_reflections(cell.metric, lattice, some_q_max(cell, lattice, 200.0))
    for i in range(0, len(found), 3):
        q = found.q[i]
        again = enumerate_reflections(cell.metric, lattice, q)
        assert len(again) == np.searchsorted(found.q, q * (1.0 + 1e-11))


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_kernels_equal_their_python(lattice: BravaisLattice, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = random_cell(lattice, np.random.default_rng(300 + lattice.code))
    q_max = some_q_max(cell, lattice, 300.0)
    compiled = enumerate_reflections(cell.metric, lattice, q_max)
    lines = line_positions(cell, lattice, q_max)
    for name in ("is_allowed", "multiplicity_of", "fill_reflections", "listed_reflections"):
        monkeypatch.setattr(kernels, name, getattr(kernels, name).py_func)
    plain = enumerate_reflections(cell.metric, lattice, q_max)
    np.testing.assert_array_equal(compiled.hkl, plain.hkl)
    np.testing.assert_allclose(compiled.q, plain.q, rtol=1e-14)
    np.testing.assert_array_equal(compiled.multiplicity, plain.multiplicity)
    np.testing.assert_allclose(lines, line_positions(cell, lattice, q_max), rtol=1e-14)


def line_positions(cell: Cell, lattice: BravaisLattice, q_max: float) -> FloatArray:
    found, hkl, q, _ = kernels.listed_reflections(cell.metric, lattice.code, q_max, True, 5000)
    assert found
    np.testing.assert_allclose(q, gemmi.UnitCell(*cell.parameters).calculate_1_d2_array(hkl), rtol=1e-9)
    return np.asarray(q, dtype=np.float64)


def multiplicities(found: Reflections) -> dict[tuple[int, ...], int]:
    return {tuple(row): int(m) for row, m in zip(found.hkl.tolist(), found.multiplicity, strict=True)}


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_lines_are_the_distinct_q(lattice: BravaisLattice) -> None:
    cell = random_cell(lattice, np.random.default_rng(400 + lattice.code))
    q_max = some_q_max(cell, lattice, 1000.0)
    separate = enumerate_reflections(cell.metric, lattice, q_max)
    merged = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    assert np.all(np.diff(merged.q) > 1e-10 * merged.q[1:])
    assert merged.multiplicity.sum() == separate.multiplicity.sum()
    assert np.isin(merged.q, separate.q).all()
    assert np.abs(merged.q[:, None] - separate.q).min(axis=0).max() < 1e-9 * q_max
    np.testing.assert_array_equal(line_positions(cell, lattice, q_max), merged.q)


@pytest.mark.parametrize("lattice", [B.CP, B.CI, B.CF])
def test_a_cube_has_one_line_for_each_sum_of_squares(lattice: BravaisLattice) -> None:
    a, largest = 4.2, 60
    merged = enumerate_reflections(Cell(a=a, b=a, c=a).metric, lattice, (largest + 0.5) / a**2, merge_equal_q=True)
    indices = all_indices(Cell(a=a, b=a, c=a), lattice, (largest + 0.5) / a**2)
    counts = Counter((indices**2).sum(axis=1).tolist())
    assert (
        dict(zip(np.round(merged.q * a**2).astype(int).tolist(), merged.multiplicity.tolist(), strict=True)) == counts
    )


def test_333_and_511_are_one_line() -> None:
    metric = Cell(a=5.0, b=5.0, c=5.0).metric
    separate = enumerate_reflections(metric, B.CF, 27.5 / 25.0)
    assert multiplicities(separate)[3, 3, 3] == 8
    assert multiplicities(separate)[5, 1, 1] == 24
    merged = enumerate_reflections(metric, B.CF, 27.5 / 25.0, merge_equal_q=True)
    assert merged.q[-1] == pytest.approx(27.0 / 25.0)
    assert merged.multiplicity[-1] == 32


def test_a_cube_in_a_skewed_primitive_setting_has_the_same_lines() -> None:
    cube = Cell(a=6.0, b=6.0, c=6.0)
    skew = np.array([[1, 2, -1], [0, 1, 3], [0, 0, 1]])
    skewed = Cell.from_gram(skew.T @ cube.gram @ skew)
    one = enumerate_reflections(cube.metric, B.CP, 1.01, merge_equal_q=True)
    other = enumerate_reflections(skewed.metric, B.AP, 1.01, merge_equal_q=True)
    np.testing.assert_allclose(other.q, one.q, rtol=1e-9)
    np.testing.assert_array_equal(other.multiplicity, one.multiplicity)


def test_nothing_below_the_first_line() -> None:
    assert len(enumerate_reflections(Cell(a=4.0, b=4.0, c=4.0).metric, B.CF, 0.1)) == 0


@pytest.mark.parametrize(
    ("metric", "q_max", "message"),
    [
        ([0.04, 0.04, 0.04, 0.0, 0.0, -0.09], 1.0, "finite number|positive definite"),
        ([0.04, 0.04, -0.04, 0.0, 0.0, 0.0], 1.0, "finite number|positive definite"),
        ([1e-6, 1e-6, 1e-6, 0.0, 0.0, 0.0], 1.0, "finite number"),
    ],
)
def test_what_is_no_lattice_is_refused(metric: list[float], q_max: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        enumerate_reflections(metric, B.AP, q_max)


def test_a_room_too_small_is_said() -> None:
    hkl, q = np.empty((3, 3), dtype=np.int32), np.empty(3)
    assert kernels.fill_reflections(Cell(a=5.0, b=6.0, c=7.0).metric, B.OP.code, 1.0, hkl, q) == -1
