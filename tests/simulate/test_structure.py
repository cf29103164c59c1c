from __future__ import annotations

import pickle
from collections import Counter
from pathlib import Path

import gemmi
import numpy as np
import pytest

from hybrid_index.errors import FileFormatError, InputError
from hybrid_index.lattice import Cell
from hybrid_index.refine.extinction.space_groups import laue_rotations
from hybrid_index.simulate import Site, Structure
from hybrid_index.simulate.structure import parse_element

CIF = """data_corundum
_cell_length_a 4.7570(6)
_cell_length_b 4.7570(6)
_cell_length_c 12.9877(35)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 120
_symmetry_space_group_name_H-M 'R -3 c'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_U_iso_or_equiv
Al1 0 0 0.35216 0.0041
O1 0.30624 0 0.25 0.0045
"""


def test_anglesite_has_four_formula_units(anglesite: Structure) -> None:
    assert Counter(anglesite.elements) == {"Pb": 4, "S": 4, "O": 16}
    assert len(anglesite.rotations) == 4


def test_rounded_coordinates_on_special_positions_are_merged() -> None:
    cell = Cell(a=3.25, b=3.25, c=5.207, gamma=120.0)
    zincite = Structure.from_sites(
        cell,
        "P 63 m c",
        [Site(element="Zn", xyz=(0.333, 0.667, 0.0)), Site(element="O", xyz=(0.333, 0.667, 0.3819))],
    )
    assert Counter(zincite.elements) == {"Zn": 2, "O": 2}
    assert zincite.xyz[0, :2] == pytest.approx([1 / 3, 2 / 3], abs=1e-6)


@pytest.mark.parametrize("x", [0.0, 0.125])
def test_open_origin_is_the_one_with_fewer_atoms(x: float) -> None:
    silicon = Structure.from_sites(Cell(a=5.431, b=5.431, c=5.431), "F d -3 m", [Site(element="Si", xyz=(x, x, x))])
    assert len(silicon.elements) == 8


@pytest.mark.parametrize(
    ("label", "element"),
    [("Fe3+", "Fe"), ("O2-", "O"), ("Ow1", "O"), ("HC2", "H"), ("Wat12", "O"), ("D", "D"), ("OH", "O"), ("KA(m)", "K")],
)
def test_labels_are_understood(label: str, element: str) -> None:
    assert parse_element(label) == element


@pytest.mark.parametrize("label", ["", "0.8Nb + 0.2Zr", "M1", "-0.1"])
def test_what_is_no_element_is_refused(label: str) -> None:
    with pytest.raises(InputError, match="not understood"):
        parse_element(label)


def test_record_with_full_content_gets_no_symmetry() -> None:
    record = {"id": "x", "cell": [5, 5, 5, 90, 90, 90], "space_group": "Pm-3m", "sites": [["Cs", 0.1, 0.2, 0.3, 1, 0]]}
    assert len(Structure.from_record({**record, "sym": "spglib(0.01) from P1"}).elements) == 1
    assert len(Structure.from_record({**record, "sym": "cif"}).elements) == 48


def test_displacements_of_records_are_made_plausible() -> None:
    sites = [["Cs", 0, 0, 0, 1, 0.02], ["Cl", 0.5, 0.5, 0.5, 1, 0.0], ["O", 0.5, 0.5, 0, 1, 1.6]]
    record = {"id": "x", "cell": [5, 6, 7, 90, 90, 90], "space_group": "P 1", "sym": "cif", "sites": sites}
    u_iso = Structure.from_record(record, default_u_iso=0.01).u_iso
    assert u_iso == pytest.approx([0.02, 0.01, 1.6 / (8 * np.pi**2)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space_group": "P 7"}, "not known"),
        ({"cell": [5, 6, 5, 90, 90, 90]}, "symmetry"),
        ({"cell": [5, 5, 5]}, "six positive numbers"),
        ({"sites": []}, "at least one atom"),
        ({"sites": [["Cs", 0, 0]]}, "cannot be read"),
        ({"sites": [["Cs", float("nan"), 0, 0, 1, 0]], "sym": "spglib"}, "finite"),
    ],
)
def test_bad_records_are_refused_in_one_sentence(change: dict[str, object], message: str) -> None:
    record = {"id": "x", "cell": [5] * 3 + [90] * 3, "space_group": "P m -3 m", "sites": [["Cs", 0, 0, 0, 1, 0]]}
    with pytest.raises(InputError, match=message):
        Structure.from_record({**record, **change})


def test_missing_field_is_named() -> None:
    with pytest.raises(InputError, match="cell"):
        Structure.from_record({"id": "x"})


def test_cif(tmp_path: Path) -> None:
    path = tmp_path / "corundum.cif"
    path.write_text(CIF)
    corundum = Structure.from_cif(path)
    assert Counter(corundum.elements) == {"Al": 12, "O": 18}
    assert set(corundum.u_iso) == {0.0041, 0.0045}
    assert corundum.cell.c == pytest.approx(12.9877)


@pytest.mark.parametrize("text", ["not a cif", "data_x\n_cell_length_a 5\n"])
def test_cif_without_a_structure_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.cif"
    path.write_text(text)
    with pytest.raises(InputError, match=r"bad\.cif"):
        Structure.from_cif(path)


def test_missing_cif_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError):
        Structure.from_cif(tmp_path / "none.cif")


def test_laue_groups_are_complete() -> None:
    orders = {"P 1": 1, "P -1": 1, "P 1 21/c 1": 2, "C 2 2 21": 4, "P m m 2": 4, "I 41/a": 4, "R -3 c": 6, "P 63": 6}
    orders |= {"F d -3 m:1": 24, "P 4 3 2": 24, "I a -3": 12}
    for symbol, order in orders.items():
        rotations = laue_rotations(gemmi.SpaceGroup(symbol))
        assert len(rotations) == order, symbol
        assert np.allclose(np.linalg.det(rotations), 1.0)


def test_round_trip_through_pickle_keeps_arrays(anglesite: Structure) -> None:
    copy = pickle.loads(pickle.dumps(anglesite))
    assert np.array_equal(copy.xyz, anglesite.xyz)
    assert not anglesite.xyz.flags.writeable
