from __future__ import annotations

from typing import TYPE_CHECKING

import gemmi
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    BravaisLattice,
    Cell,
    is_niggli_reduced,
    is_selling_reduced,
    kernels,
    niggli_reduce,
    primitive_gram,
    reduced_cell,
    selling_reduce,
)
from hybrid_index.units import FloatArray

if TYPE_CHECKING:
    from tests.lattice.conftest import MakeCell, MakeUnimodular

# Křivý & Gruber (1976), the worked example: a² b² c² 2bc·cosα 2ac·cosβ 2ab·cosγ
KRIVY_GRUBER = np.array([[9.0, -11.0, -2.0], [-11.0, 27.0, -2.5], [-2.0, -2.5, 4.0]])
KRIVY_GRUBER_REDUCED = np.array([[4.0, 2.0, 1.5], [2.0, 9.0, 4.5], [1.5, 4.5, 9.0]])


def test_published_example_of_krivy_and_gruber() -> None:
    reduced, transformation = niggli_reduce(KRIVY_GRUBER)
    np.testing.assert_allclose(reduced, KRIVY_GRUBER_REDUCED, atol=1e-9)
    np.testing.assert_allclose(transformation.T @ KRIVY_GRUBER @ transformation, reduced, atol=1e-9)
    cell = Cell.from_gram(reduced)
    assert cell.parameters == pytest.approx((2.0, 3.0, 3.0, 60.0, 75.5225, 70.5288), abs=1e-4)
    assert is_niggli_reduced(reduced)
    assert not is_niggli_reduced(KRIVY_GRUBER)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_reductions_of_every_lattice_type(
    lattice: BravaisLattice, make_cell: MakeCell, make_unimodular: MakeUnimodular
) -> None:
    for _ in range(20):
        gram = primitive_gram(make_cell(lattice), lattice)
        skew = make_unimodular()
        first, _ = niggli_reduce(gram)
        for reduce, is_reduced in ((niggli_reduce, is_niggli_reduced), (selling_reduce, is_selling_reduced)):
            reduced, transformation = reduce(skew.T @ gram @ skew)
            assert abs(round(np.linalg.det(transformation))) == 1
            both = skew @ transformation
            np.testing.assert_allclose(both.T @ gram @ both, reduced, rtol=1e-6, atol=1e-6)
            assert is_reduced(reduced, epsilon=1e-6)
        again, _ = niggli_reduce(skew.T @ gram @ skew)
        np.testing.assert_allclose(again, first, atol=1e-5)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_gemmi_agrees(lattice: BravaisLattice, make_cell: MakeCell) -> None:
    for _ in range(10):
        cell = make_cell(lattice)
        judge = gemmi.GruberVector(gemmi.UnitCell(*cell.parameters), lattice.centring, False)
        judge.niggli_reduce(1e-6)
        assert reduced_cell(cell, lattice).parameters == pytest.approx(judge.cell_parameters(), abs=1e-4)


lengths = st.floats(2.0, 40.0)
angles = st.floats(50.0, 130.0)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(lengths, lengths, lengths, angles, angles, angles)
def test_any_cell_can_be_reduced(a: float, b: float, c: float, alpha: float, beta: float, gamma: float) -> None:
    cell = Cell(a=a, b=b, c=c, alpha=alpha, beta=beta, gamma=gamma)
    if cell.volume < 0.05 * a * b * c:
        return
    reduced, transformation = niggli_reduce(cell.gram)
    assert round(np.linalg.det(transformation)) == 1
    assert is_niggli_reduced(reduced, epsilon=1e-6)
    assert np.trace(reduced) <= np.trace(cell.gram) * (1 + 1e-9)
    selling, _ = selling_reduce(cell.gram)
    assert is_selling_reduced(selling)
    np.testing.assert_allclose(niggli_reduce(selling)[0], reduced, atol=1e-6 * np.trace(reduced))


def test_a_needle_and_a_sheared_cell_do_not_stop_it() -> None:
    for gram in (np.diag([1.0, 1e4, 1.0]), np.array([[1.0, 300.5, 0.0], [300.5, 90301.0, 0.0], [0.0, 0.0, 4.0]])):
        reduced, _ = niggli_reduce(gram)
        assert is_niggli_reduced(reduced, epsilon=1e-6)
        assert np.linalg.det(reduced) == pytest.approx(np.linalg.det(gram), rel=1e-6)


def test_python_of_the_kernels_agrees(make_cell: MakeCell) -> None:
    gram = primitive_gram(make_cell(BravaisLattice.MC), BravaisLattice.MC)
    np.testing.assert_array_equal(kernels.selling_superbase.py_func(gram), kernels.selling_superbase(gram))
    norms, vectors = kernels.voronoi_vectors.py_func(gram)
    np.testing.assert_allclose(norms, np.einsum("ki,ij,kj->k", vectors, gram, vectors))
    np.testing.assert_array_equal(kernels.shortest_basis.py_func(gram), kernels.shortest_basis(gram))


@pytest.mark.parametrize(
    "gram",
    [np.eye(2), np.diag([1.0, 1.0, 0.0]), np.full((3, 3), np.nan), np.array([[4.0, 1, 0], [2, 4, 0], [0, 0, 4]])],
)
def test_what_is_no_lattice_is_refused(gram: FloatArray) -> None:
    with pytest.raises(InputError, match="belongs to no lattice"):
        niggli_reduce(gram)
