from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    BravaisLattice,
    Cell,
    conventional,
    derivative_relation,
    hermite_normal_forms,
    primitive_gram,
    sublattices,
    superlattices,
)

if TYPE_CHECKING:
    from tests.lattice.conftest import MakeUnimodular

TRICLINIC = Cell(a=5.1, b=6.3, c=7.7, alpha=81.0, beta=99.0, gamma=107.0).gram


@pytest.mark.parametrize(("index", "number"), [(1, 1), (2, 7), (3, 13), (4, 35)])
def test_number_of_derivative_lattices(index: int, number: int) -> None:
    forms = hermite_normal_forms(index)
    assert forms.shape == (number, 3, 3)
    np.testing.assert_allclose(np.linalg.det(forms), index)
    # two bases span one lattice when one is integer in the other
    for i in range(number):
        for j in range(i):
            change = np.linalg.inv(forms[i]) @ forms[j]
            assert np.abs(change - np.rint(change)).max() > 1e-6


@pytest.mark.parametrize("index", [2, 3, 4])
def test_sublattices_undo_superlattices(index: int) -> None:
    for larger in superlattices(TRICLINIC, index):
        assert np.sqrt(np.linalg.det(larger) / np.linalg.det(TRICLINIC)) == pytest.approx(index)
        assert derivative_relation(TRICLINIC, larger) == f"superlattice of index {index}"
        assert derivative_relation(larger, TRICLINIC) == f"sublattice of index {index}"
        assert any(derivative_relation(TRICLINIC, back) == "same lattice" for back in sublattices(larger, index))


def test_relation_of_centred_cells(make_unimodular: MakeUnimodular) -> None:
    cell = Cell(a=5.0, b=6.0, c=7.0)
    primitive, body = primitive_gram(cell, BravaisLattice.OP), primitive_gram(cell, BravaisLattice.OI)
    skew = make_unimodular()
    assert derivative_relation(primitive, skew.T @ body @ skew) == "sublattice of index 2"
    assert derivative_relation(primitive, primitive_gram(cell, BravaisLattice.OF)) == "sublattice of index 4"
    assert derivative_relation(primitive, TRICLINIC) is None
    assert derivative_relation(primitive, 25.0 * primitive) is None


def test_the_seven_of_a_cube() -> None:
    kinds = sorted(conventional(g).bravais_lattice.value for g in superlattices(np.eye(3) * 16.0, 2))
    assert kinds == ["cF", "tP", "tP", "tP", "tP", "tP", "tP"]


def test_index_must_be_positive() -> None:
    with pytest.raises(InputError, match="positive"):
        hermite_normal_forms(0)
