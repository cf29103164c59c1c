"""Cells to and from pymatgen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hybrid_index.lattice.cell import Cell

if TYPE_CHECKING:
    from pymatgen.core.lattice import Lattice


def to_pymatgen(cell: Cell) -> Lattice:
    """Return a :class:`pymatgen.core.Lattice` with the parameters of a cell."""
    from pymatgen.core.lattice import Lattice

    return Lattice.from_parameters(*cell.parameters)


def from_pymatgen(lattice: Lattice) -> Cell:
    """Return the cell of a :class:`pymatgen.core.Lattice`."""
    return Cell.from_parameters(lattice.parameters)
