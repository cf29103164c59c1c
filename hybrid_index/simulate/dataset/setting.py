"""The conventional setting of a structure by its space group: Bravais lattice, cell, and where the indices go."""

from __future__ import annotations

from dataclasses import dataclass

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    BravaisLattice,
    Cell,
    bravais_lattices,
    gram_from_metric,
    metric_subspace,
    primitive_basis,
)
from hybrid_index.lattice.bravais import ConventionalSetting
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of, laue_rotations
from hybrid_index.types import IntArray

LARGEST_STRAIN = 1.0e-3
"""A cell that has the symmetry of its space group only to more than this contradicts it."""
_GENERIC = (1.0, 1.37, 2.11, 0.23, 0.31, 0.17)
"""Free parameters of a metric that has the symmetry of its system and no more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledSetting:
    """What an indexing program is to answer.

    Parameters
    ----------
    space_group
        Extended Hermann–Mauguin symbol of the setting that the source uses.
    bravais_lattice
        That of the space group, whatever higher symmetry the metric may have.
    cell
        In the package's conventional setting (:func:`hybrid_index.lattice.standardize`).
    basis
        Shape (3, 3), columns are the conventional basis vectors in the basis of the structure.
    """

    space_group: str
    bravais_lattice: BravaisLattice
    cell: Cell
    basis: npt.NDArray[np.float64]

    def hkl(self, hkl: IntArray) -> IntArray:
        """Indices (n, 3) in the conventional setting of reflections given in the structure's own."""
        return np.rint(hkl @ self.basis).astype(np.int64)


def labelled_setting(cell: Cell, space_group: str) -> LabelledSetting:
    """Return the conventional setting of a cell that is given in any setting of its space group.

    Parameters
    ----------
    cell
        The cell of the structure.
    space_group
        Hermann–Mauguin symbol.

    Raises
    ------
    InputError
        If the symbol is not known, or the cell does not have that symmetry.
    """
    group = gemmi.find_spacegroup_by_name(space_group.replace("_", ""), cell.alpha, cell.gamma)
    if group is None:
        raise InputError(
            f"space group {space_group!r} is not known; give a Hermann–Mauguin symbol such as 'P 1 21/c 1'"
        )
    lattice = bravais_lattice_of(group)
    settings: list[tuple[ConventionalSetting, npt.NDArray[np.float64]]] = []
    for centring in (group.centring_type(), "P"):  # some sources list a primitive cell beside the centred symbol
        to_primitive = primitive_basis(centring)
        found = bravais_lattices(to_primitive.T @ cell.gram @ to_primitive, LARGEST_STRAIN)
        settings += [(s, to_primitive @ s.transformation) for s in found if s.bravais_lattice is lattice]
        if settings:
            break
    else:
        raise InputError(f"the cell {cell.parameters} does not have the symmetry of {space_group}; correct one of them")
    # A metric of higher symmetry than its space group fits in several orientations: the axes of the group decide. Where
    # none is along them, equal metrics were listed but once, and any of them will do.
    rotations = laue_rotations(group)

    def misfit(setting: ConventionalSetting, basis: npt.NDArray[np.float64]) -> tuple[bool, float]:
        return not _is_along_axes(rotations, basis, lattice), round(setting.deviation, 9)

    best, basis = min(settings, key=lambda pair: misfit(*pair))
    return LabelledSetting(space_group=group.xhm(), bravais_lattice=lattice, cell=best.cell, basis=basis)


def _is_along_axes(rotations: IntArray, basis: npt.NDArray[np.float64], lattice: BravaisLattice) -> bool:
    """Whether the rotations, written in *basis*, leave any metric of the lattice's system as it is."""
    subspace = metric_subspace(lattice)
    gram = np.linalg.inv(gram_from_metric(subspace @ np.array(_GENERIC[: subspace.shape[1]])))
    turned = np.linalg.inv(basis) @ rotations @ basis
    return bool(np.allclose(np.swapaxes(turned, 1, 2) @ gram @ turned, gram, atol=1.0e-6))
