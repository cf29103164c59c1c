"""Space groups in the settings that the package's cells can have, and what of them a powder pattern sees."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import BravaisLattice, metric_subspace
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import IntArray, frozen_array

PERIOD = 24
"""Translations are in 24ths of the edges."""
_FAMILY = {"triclinic": "a", "monoclinic": "m", "orthorhombic": "o", "tetragonal": "t", "cubic": "c"}
_CENTRING: dict[str, dict[str, str]] = {
    "triclinic": dict.fromkeys("ABCIF", "P"),
    "monoclinic": dict.fromkeys("ABIF", "C"),
    "orthorhombic": dict.fromkeys("AB", "C"),
    "tetragonal": {"C": "P", "F": "I"},
    "cubic": {},
}
"""What a centring of an unusual setting is called in the conventional one."""
_HOLOHEDRY = {"c": "P m -3 m", "t": "P 4/m m m", "h": "P 6/m m m", "o": "P m m m", "m": "P 1 2/m 1", "a": "P -1"}


def bravais_lattice_of(group: gemmi.SpaceGroup) -> BravaisLattice:
    """Bravais lattice of a space group, whatever its setting: all one-face centrings are C, all R groups hR."""
    system = str(group.crystal_system_str())
    letter = str(group.hm)[0]
    if system in ("trigonal", "hexagonal"):
        return BravaisLattice.HR if letter == "R" else BravaisLattice.HP
    return BravaisLattice(_FAMILY[system] + _CENTRING[system].get(letter, letter))


def conventional_settings(lattice: BravaisLattice) -> Iterator[gemmi.SpaceGroup]:
    """Space groups in the settings that the package's cells can be in: b unique, one face centred C, hexagonal axes.

    Those are all three glides of a monoclinic group and all orders of orthorhombic axes, but one origin of each.
    """
    seen = set()
    for group in gemmi.spacegroup_table():
        if group.hm[0] != lattice.centring or group.ext == "R" or bravais_lattice_of(group) is not lattice:
            continue
        if (lattice.crystal_system == "monoclinic" and group.monoclinic_unique_axis() != "b") or group.hm in seen:
            continue
        seen.add(group.hm)
        yield group


def operations(group: gemmi.SpaceGroup) -> tuple[IntArray, IntArray]:
    """Rotations (m, 3, 3) and translations (m, 3) in 24ths, centring translations included; they act on columns."""
    listed = list(group.operations())
    rotations = np.array([op.rot for op in listed], dtype=np.int64) // gemmi.Op.DEN
    translations = np.array([op.tran for op in listed], dtype=np.int64) * PERIOD // gemmi.Op.DEN
    return rotations, translations


def laue_rotations(group: gemmi.SpaceGroup) -> IntArray:
    """Proper rotations of the Laue group, shape (m, 3, 3): with the inversion they make all of it."""
    seen: dict[tuple[int, ...], npt.NDArray[np.int64]] = {}
    for op in group.operations().sym_ops:
        rotation = np.array(op.rot, dtype=np.int64) // op.DEN
        if round(float(np.linalg.det(rotation))) < 0:
            rotation = -rotation
        seen.setdefault(tuple(rotation.ravel().tolist()), rotation)
    return np.array(list(seen.values()), dtype=np.int64)


@cache
def holohedry_rotations(lattice: BravaisLattice) -> IntArray:
    """Proper rotations of a lattice's own symmetry, shape (m, 3, 3), acting on columns of coordinates."""
    name = "R -3 m:H" if lattice is BravaisLattice.HR else _HOLOHEDRY[lattice.value[0]]
    return frozen_array(laue_rotations(gemmi.find_spacegroup_by_name(name)), np.int64)


def generic_reflections(lattice: BravaisLattice, largest_index: int) -> IntArray:
    """Reflections (n, 3) of a lattice, one of each line, with indices up to *largest_index* along the axes at least."""
    axial = metric_subspace(lattice).any(axis=1) * 1.0
    metric = axial if lattice.value[0] in "cth" else np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    return enumerate_reflections(metric, lattice, largest_index**2).hkl.astype(np.int64)


def equivalent_reflections(hkl: IntArray, lattice: BravaisLattice) -> IntArray:
    """All reflections (n, m, 3) that a lattice's symmetry puts on one line with each of hkl (n, 3), Friedel's apart."""
    return np.asarray((hkl[:, None, None] @ holohedry_rotations(lattice))[:, :, 0], dtype=np.int64)


def absent_lines(group: gemmi.SpaceGroup, members: IntArray) -> npt.NDArray[np.bool_]:
    """Which lines (n,) a space group extinguishes: those of which all *members* (n, m, 3) are absent."""
    absent = group.operations().systematic_absences(members.reshape(-1, 3).astype(np.int32))
    return np.asarray(absent.reshape(members.shape[:2]).all(axis=1), dtype=np.bool_)
