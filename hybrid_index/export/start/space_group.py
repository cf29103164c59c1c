"""The space group that a start file names: by default one without absences beyond the centring."""

from __future__ import annotations

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.types import IntArray

_SAME_METRIC = 1.0e-6
"""A group fits a cell whose metric its rotations change by no more than this share."""

_WITHOUT_ABSENCES = {
    "cP": "P m -3 m", "cI": "I m -3 m", "cF": "F m -3 m", "tP": "P 4/m m m", "tI": "I 4/m m m", "hP": "P 6/m m m",
    "hR": "R -3 m", "oP": "P m m m", "oC": "C m m m", "oI": "I m m m", "oF": "F m m m", "mP": "P 1 2/m 1",
    "mC": "C 1 2/m 1", "aP": "P -1",
}  # fmt: skip


def default_space_group(lattice: BravaisLattice) -> str:
    """Return the full Hermann-Mauguin symbol of the group that lets every reflection of a lattice exist.

    Examples
    --------
    >>> default_space_group(BravaisLattice.MP)
    'P 1 2/m 1'
    """
    return _WITHOUT_ABSENCES[lattice.value]


def parse_space_group(text: str) -> gemmi.SpaceGroup:
    """Find a space group by its symbol (short or full) or its number; rhombohedral ones on hexagonal axes.

    Raises
    ------
    InputError
        If there is no such group.

    Examples
    --------
    >>> parse_space_group("P21/c").hm, parse_space_group("R -3 m").ext
    ('P 1 21/c 1', 'H')
    """
    cleaned = " ".join(text.split())
    if cleaned.isdigit():
        group = gemmi.find_spacegroup_by_number(int(cleaned))
    else:
        group = gemmi.find_spacegroup_by_name(cleaned, 90.0, 120.0, "2H")
    if group is None:
        raise InputError(
            f"{text!r} is not a space group; give a Hermann-Mauguin symbol such as 'P 1 21/c 1', or a number"
        )
    return group


def check_space_group(group: gemmi.SpaceGroup, cell: Cell, lattice: BravaisLattice) -> None:
    """Raise :class:`InputError` if a space group cannot belong to a cell in the setting that the cell has."""
    setting = f"the {lattice.crystal_system} cell ({lattice.value})"
    fits = default_space_group(lattice)
    if group.centring_type() != lattice.centring:
        raise InputError(
            f"space group {group.xhm()} has a lattice {group.centring_type()}, but {setting} has {lattice.centring}; "
            f"give a group in the setting of the cell, such as {fits}"
        )
    gram = cell.gram
    for operation in group.operations().sym_ops:
        rotation = np.array(operation.rot, dtype=np.float64) / gemmi.Op.DEN
        if not np.allclose(rotation.T @ gram @ rotation, gram, rtol=0.0, atol=_SAME_METRIC * float(gram.max())):
            raise InputError(
                f"space group {group.xhm()} does not fit {setting}; choose a group of that lattice in the setting of "
                f"the cell, such as {fits}"
            )


def absent(group: gemmi.SpaceGroup, hkl: IntArray) -> npt.NDArray[np.bool_]:
    """Which reflections hkl (m, 3) are systematically absent, as a mask (m,)."""
    return np.asarray(group.operations().systematic_absences(np.asarray(hkl, dtype=np.int32)), dtype=np.bool_)
