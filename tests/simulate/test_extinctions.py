from __future__ import annotations

import gemmi
import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.refine.extinction.space_groups import laue_rotations
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate.extinctions import ExtinctionClasses, default_classes
from tests.synthetic import TYPICAL

HOLOHEDRY = {"c": "P m -3 m", "t": "P 4/m m m", "h": "P 6/m m m", "o": "P m m m", "m": "P 1 2/m 1", "a": "P -1"}
CLASSES = default_classes()


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_classes_forbid_what_gemmi_forbids(lattice: BravaisLattice) -> None:
    """A line is absent if all equivalents under the lattice's symmetry are."""
    symbol = "R -3 m:H" if lattice is BravaisLattice.HR else HOLOHEDRY[lattice.value[0]]
    rotations = laue_rotations(gemmi.find_spacegroup_by_name(symbol))
    metric = TYPICAL[lattice].metric
    hkl = enumerate_reflections(metric, lattice, 120.0 * float(metric[:3].min())).hkl
    members = (hkl[:, None, None] @ rotations)[:, :, 0].astype(np.int32)
    for number in CLASSES.of(lattice):
        for symbol in (CLASSES.groups[number][0], CLASSES.groups[number][-1]):
            operations = gemmi.find_spacegroup_by_name(symbol).operations()
            absent = operations.systematic_absences(members.reshape(-1, 3)).reshape(members.shape[:2]).all(axis=1)
            assert np.array_equal(CLASSES.absent(number, hkl), absent), symbol


def test_all_space_groups_are_in_a_class() -> None:
    numbers = {gemmi.find_spacegroup_by_name(symbol).number for groups in CLASSES.groups for symbol in groups}
    assert numbers == set(range(1, 231))


def test_known_conditions() -> None:
    p21c = next(i for i in CLASSES.of(BravaisLattice.MP) if "P 1 21/c 1" in CLASSES.groups[i])
    hkl = [(1, 0, 1), (1, 0, 2), (0, 1, 0), (0, 2, 0), (0, 1, 1), (2, 1, 1)]
    assert CLASSES.absent(p21c, hkl).tolist() == [True, False, True, False, False, False]


def test_weights_and_shares() -> None:
    sums = np.bincount(CLASSES.lattice, weights=CLASSES.weight)
    assert sums == pytest.approx(np.ones(14))
    assert ((CLASSES.centric >= 0.0) & (CLASSES.centric <= 1.0)).all()
    assert (CLASSES.merged >= 1.0).all()
    assert (CLASSES.merged <= 4.0).all()


def test_a_damaged_table_is_refused() -> None:
    with pytest.raises(InputError, match="make them anew"):
        ExtinctionClasses.from_document({"classes": [{"bravais_lattice": "xP"}]})
