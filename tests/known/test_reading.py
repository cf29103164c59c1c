from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.known import label, read_known
from hybrid_index.lattice import BravaisLattice, Cell

CIF = """data_{block}
{name}_cell_length_a 5.6402(2)
_cell_length_b 5.6402(2)
_cell_length_c 5.6402(2)
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{group}
"""
GROUP = "_space_group_name_H-M_alt 'F m -3 m'"
HALITE = Cell(a=5.6402, b=5.6402, c=5.6402)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    named = "_chemical_name_mineral 'Halite'\n"
    (tmp_path / "1000041.cif").write_text(CIF.format(block="x", name=named, group=GROUP))
    (tmp_path / "deep" / "broken.cif").write_text("data_x\nloop_\n_a\n'unfinished")
    (tmp_path / "empty.cif").write_text("data_x\n_cell_length_a ?\n")
    (tmp_path / "no_group.cif").write_text(CIF.format(block="x", name="", group=""))
    (tmp_path / "notes.txt").write_text("not a CIF")
    return tmp_path


def test_a_folder_of_cifs_and_what_is_skipped(folder: Path) -> None:
    phases, skipped = read_known(folder)
    assert len(phases) == 1
    assert label(phases.match(HALITE, BravaisLattice.CF)) == "Halite"
    reasons = {Path(item.file).name: item.reason for item in skipped}
    assert reasons.keys() == {"broken.cif", "empty.cif", "no_group.cif"}
    assert "not a readable CIF" in reasons["broken.cif"]
    assert "space group" in reasons["no_group.cif"]


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        ("salt_300K.cif", "", "salt_300K"),
        ("1000041.cif", "_chemical_formula_sum 'Cl Na'\n", "Cl Na"),
        ("salt.cif", "_chemical_formula_sum 'Cl Na'\n", "salt"),
        ("salt.cif", "_chemical_name_common 'table salt'\n", "table salt"),
        ("salt.cif", "_chemical_name_mineral ?\n", "salt"),
    ],
)
def test_names_of_cifs(tmp_path: Path, file: str, name: str, expected: str) -> None:
    (tmp_path / file).write_text(CIF.format(block="x", name=name, group=GROUP))
    phases, _ = read_known(tmp_path / file)
    assert phases.match(HALITE, BravaisLattice.CF)[0].name == expected


def test_the_group_may_stand_as_operations_or_be_rhombohedral(tmp_path: Path) -> None:
    operations = "loop_\n_space_group_symop_operation_xyz\nx,y,z\nx+1/2,y+1/2,z\nx+1/2,y,z+1/2\nx,y+1/2,z+1/2\n"
    (tmp_path / "a.cif").write_text(CIF.format(block="x", name="", group=operations))
    phases, _ = read_known(tmp_path)
    assert phases.match(HALITE, BravaisLattice.CF)[0].relation == "same lattice"


def test_several_blocks_are_several_phases(tmp_path: Path) -> None:
    text = "".join(CIF.format(block=block, name="", group=GROUP) for block in ("one", "two"))
    (tmp_path / "both.cif").write_text(text)
    phases, _ = read_known(tmp_path)
    assert label(phases.match(HALITE, BravaisLattice.CF)) in ("one or two", "two or one")


CSV = """# typed from a book
Name,lattice,space_group,a,b,c,alpha,beta,gamma
halite,cF,,5.6402,,,,,
rutile,,P 42/m n m,4.5937(3),,2.9587,,,
gypsum,,I 1 2/a 1,5.679,15.202,6.522,,118.43,
calcite,,R -3 c,4.9896,,17.061,,,
nothing,qq,,1,,,,,
,cF,,5.0,,,,,
open,oP,,5,6,,,,
words,cF,,five,,,,,
flat,aP,,5,6,7,150,120,120
"""


def test_a_csv_table(tmp_path: Path) -> None:
    table = tmp_path / "phases.csv"
    table.write_text(CSV)
    phases, skipped = read_known(table)
    assert len(phases) == 4
    assert label(phases.match(Cell(a=4.5937, b=4.5937, c=2.9587), BravaisLattice.TP)) == "rutile"
    assert label(phases.match(Cell(a=4.9896, b=4.9896, c=17.061, gamma=120.0), BravaisLattice.HR)) == "calcite"
    to_c_centred = np.array([[1, 0, 1], [0, 1, 0], [-1, 0, 0]])
    gypsum = Cell.from_gram(to_c_centred @ Cell(a=5.679, b=15.202, c=6.522, beta=118.43).gram @ to_c_centred.T)
    assert label(phases.match(gypsum, BravaisLattice.MC)) == "gypsum"
    assert [item.file for item in skipped] == [f"{table}, entry {n}" for n in (5, 6, 7, 8, 9)]
    for item, words in zip(skipped, ("'qq'", '"name"', "lacks c", "'five'", "volume would vanish"), strict=True):
        assert words in item.reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", '[{"name": "halite", "lattice": "cF", "a": 5.6402}]'),
        (
            "a.json",
            '{"phases": [{"name": "halite", "lattice": "cF", "cell": [5.6402, 5.6402, 5.6402, 90, 90, 90]}]}',
        ),
        ("a.toml", '[[phases]]\nname = "halite"\nspace_group = "F m -3 m"\na = 5.6402\n'),
    ],
)
def test_json_and_toml(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    phases, skipped = read_known(tmp_path / name)
    assert label(phases.match(HALITE, BravaisLattice.CF)) == "halite"
    assert skipped == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", "{", "not a valid JSON"),
        ("a.toml", "x = ", "not a valid TOML"),
        ("a.json", '{"cells": 3}', "list of phases"),
        ("a.json", "[3]", "no cell in it can be used"),
        ("a.csv", "name,a\n", "no cell in it can be used"),
        ("a.xlsx", "", "folder of CIFs or a file in"),
        ("a.cif", "data_x\n", "no unit cell"),
    ],
)
def test_files_that_cannot_serve(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=words):
        read_known(tmp_path / name)


def test_empty_folder_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.cif file lies in this folder"):
        read_known(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read_known(tmp_path / "none.csv")
