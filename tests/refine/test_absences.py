"""Glide planes, judged by gemmi: what the conditions say is extinct, and no extinct zone is missed."""

from __future__ import annotations

from itertools import permutations

import gemmi
import numpy as np
import pytest

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, metric_subspace
from hybrid_index.refine.absences import N_CONDITIONS, broken_conditions
from hybrid_index.refine.hkl import enumerate_reflections

LETTER = {"triclinic": "a", "monoclinic": "m", "orthorhombic": "o", "tetragonal": "t", "cubic": "c"}


def lattice_of(group: gemmi.SpaceGroup) -> BravaisLattice | None:
    """Bravais lattice of a group in the settings of the package; none for others."""
    hm = group.hm
    system = group.crystal_system_str()
    if system in ("trigonal", "hexagonal"):
        if hm[0] == "R":
            return BravaisLattice.HR if group.ext == "H" else None
        return BravaisLattice.HP
    if system == "monoclinic" and (group.monoclinic_unique_axis() != "b" or hm[0] not in "PC"):
        return None
    try:
        return BravaisLattice(LETTER[system] + hm[0])
    except ValueError:  # centred on A or B
        return None


def is_absent(operations: gemmi.GroupOps, lattice: BravaisLattice, hkl: tuple[int, int, int]) -> bool:
    """Whether all reflections that the lattice makes one line are extinct."""
    h, k, l = hkl
    same = set(permutations(hkl)) if lattice.value[0] == "c" else {hkl}
    if lattice.value[0] == "t":
        same.add((k, h, l))
    if lattice is BravaisLattice.HP:
        same |= {(k, h, l)}
    return all(operations.is_systematically_absent(list(one)) for one in same)


GROUPS = [(group, lattice) for group in gemmi.spacegroup_table() if (lattice := lattice_of(group)) is not None]


def test_all_groups_of_all_lattices_are_judged() -> None:
    assert {lattice for _, lattice in GROUPS} == set(BRAVAIS_LATTICES)
    assert len({group.number for group, _ in GROUPS}) > 220


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_conditions_are_those_of_the_space_groups(lattice: BravaisLattice) -> None:
    metric = metric_subspace(lattice).sum(axis=1)
    reflections = [tuple(row) for row in enumerate_reflections(metric, lattice, 70.0).hkl.tolist()]
    broken = np.array([broken_conditions(lattice.code, *hkl) for hkl in reflections])
    bits = (broken[:, None] >> np.arange(N_CONDITIONS)) & 1 == 1
    assert not np.any(broken >> N_CONDITIONS)
    known = np.zeros(N_CONDITIONS, dtype=bool)
    for group, its in GROUPS:
        if its is not lattice:
            continue
        absent = np.array([is_absent(group.operations(), lattice, hkl) for hkl in reflections])
        valid = ~np.any(bits & ~absent[:, None], axis=0) & np.any(bits, axis=0)
        known |= valid
        # what is extinct beyond the conditions that hold lies on an axis: screws
        rest = absent & ~np.any(bits[:, valid], axis=1)
        axial = np.array([sum(index == 0 for index in hkl) == 2 or hkl[0] == hkl[1] == 0 for hkl in reflections])
        assert not np.any(rest & ~axial), (group.xhm(), [reflections[i] for i in np.flatnonzero(rest & ~axial)][:5])
    # no condition that some reflection breaks is one that no space group has
    assert np.array_equal(known, np.any(bits, axis=0)), np.flatnonzero(known != np.any(bits, axis=0))
