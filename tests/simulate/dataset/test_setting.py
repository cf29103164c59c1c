from __future__ import annotations

import gemmi
import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell, gram_from_metric, standardize
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of
from hybrid_index.refine.hkl import is_allowed
from hybrid_index.simulate.dataset.setting import labelled_setting

RHOMBOHEDRON = Cell(a=5.13, b=5.13, c=5.13, alpha=55.3, beta=55.3, gamma=55.3)
CASES = [
    (Cell(a=6.9549, b=8.472, c=5.3973), "P b n m", "oP", (5.3973, 6.9549, 8.472, 90.0, 90.0, 90.0)),
    (Cell(a=5.0, b=6.0, c=7.0), "P 1 2 1", "mP", (5.0, 6.0, 7.0, 90.0, 90.0, 90.0)),
    (Cell(a=5.0, b=6.0, c=7.0), "P 1 1 2", "mP", (5.0, 7.0, 6.0, 90.0, 90.0, 90.0)),
    (Cell(a=5.0, b=6.0, c=7.0, gamma=101.0), "P 1 1 21/b", "mP", (5.0, 7.0, 6.0, 90.0, 101.0, 90.0)),
    (Cell(a=9.0, b=6.0, c=7.0, beta=96.0), "P2_1/c", "mP", (7.0, 6.0, 9.0, 90.0, 96.0, 90.0)),
    (Cell(a=5.0, b=6.0, c=7.0), "A m m 2", "oC", (6.0, 7.0, 5.0, 90.0, 90.0, 90.0)),
    (Cell(a=3.0, b=3.0, c=3.0), "P 4", "tP", (3.0, 3.0, 3.0, 90.0, 90.0, 90.0)),
    (Cell(a=4.76, b=4.76, c=12.99, gamma=120.0), "R -3 c", "hR", (4.76, 4.76, 12.99, 90.0, 90.0, 120.0)),
    (Cell(a=4.2, b=4.2, c=5.0, gamma=120.0), "P -3 m 1", "hP", (4.2, 4.2, 5.0, 90.0, 90.0, 120.0)),
]
OTHERS = [
    (Cell(a=9.5, b=6.0, c=7.0, beta=110.0), "I 1 2/a 1", "mC"),
    (Cell(a=9.5, b=6.0, c=7.0, beta=118.0), "P 1 21/n 1", "mP"),
    (Cell(a=9.5, b=11.0, c=7.0), "F d d 2", "oF"),
    (Cell(a=9.5, b=11.0, c=7.0), "I m m a", "oI"),
    (RHOMBOHEDRON, "R -3 m", "hR"),
    (Cell(a=5.6, b=5.6, c=5.6), "F m -3 m", "cF"),
    (Cell(a=5.1, b=6.3, c=7.7, alpha=95.0, beta=101.0, gamma=88.0), "P -1", "aP"),
    (Cell(a=5.1, b=6.3, c=7.7, alpha=95.0, beta=101.0, gamma=88.0), "C -1", "aP"),
]


@pytest.mark.parametrize(("cell", "symbol", "lattice", "expected"), CASES)
def test_the_conventional_cell_of_a_setting(cell: Cell, symbol: str, lattice: str, expected: tuple[float, ...]) -> None:
    setting = labelled_setting(cell, symbol)
    assert setting.bravais_lattice.value == lattice
    assert setting.cell.parameters == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("cell", "symbol", "lattice"), [case[:3] for case in CASES] + OTHERS)
def test_indices_go_where_the_axes_go(cell: Cell, symbol: str, lattice: str) -> None:
    setting = labelled_setting(cell, symbol)
    group = gemmi.find_spacegroup_by_name(symbol.replace("_", ""), cell.alpha, cell.gamma)
    hkl = np.array([v for v in np.ndindex(5, 5, 5) if any(v)]) - [2, 2, 2]
    hkl = hkl[[any(v) and not group.operations().is_systematically_absent(v.tolist()) for v in hkl]]
    turned = setting.hkl(hkl)
    assert setting.bravais_lattice.value == lattice
    assert standardize(setting.cell, setting.bravais_lattice).parameters == pytest.approx(setting.cell.parameters)
    before = np.einsum("ni,ij,nj->n", hkl, gram_from_metric(cell.metric), hkl)
    after = np.einsum("ni,ij,nj->n", turned, gram_from_metric(setting.cell.metric), turned)
    assert after == pytest.approx(before, rel=1e-6)
    assert all(is_allowed(setting.bravais_lattice.code, *v) for v in turned.tolist())


def test_a_primitive_cell_beside_a_centred_symbol_is_understood() -> None:
    primitive = Cell(a=3.0 / 2**0.5, b=3.0 / 2**0.5, c=3.0 / 2**0.5, alpha=60.0, beta=60.0, gamma=60.0)
    setting = labelled_setting(primitive, "F m -3 m")
    assert setting.bravais_lattice is BravaisLattice.CF
    assert setting.cell.a == pytest.approx(3.0)


def test_every_space_group_has_its_lattice() -> None:
    found = {bravais_lattice_of(group) for group in gemmi.spacegroup_table()}
    assert found == set(BravaisLattice)


def test_a_cell_that_contradicts_its_group_is_refused() -> None:
    with pytest.raises(InputError, match="does not have the symmetry of P m -3 m"):
        labelled_setting(Cell(a=5.0, b=5.1, c=5.0), "P m -3 m")
    with pytest.raises(InputError, match="'Q 17' is not known"):
        labelled_setting(Cell(a=5.0, b=5.0, c=5.0), "Q 17")
