from __future__ import annotations

import pytest

from hybrid_index.lattice import Cell, from_pymatgen, to_pymatgen


def test_pymatgen_round_trip() -> None:
    cell = Cell(a=5.1, b=6.3, c=7.7, alpha=81.0, beta=99.0, gamma=107.0)
    lattice = to_pymatgen(cell)
    assert lattice.volume == pytest.approx(cell.volume)
    assert from_pymatgen(lattice).parameters == pytest.approx(cell.parameters)
