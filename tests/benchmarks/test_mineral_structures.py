from __future__ import annotations

import json
import sqlite3
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.cases import known_lattices
from benchmarks.mineral_structures import COORDINATE_SCALE, element_of, mineral_records
from hybrid_index.errors import InputError
from hybrid_index.simulate import Structure

CENTRED = [
    "x,y,z",
    "1/2+x,1/2+y,z",
    "x,-y,z",
    "1/2+x,1/2-y,z",
    "-x,y,-z",
    "1/2-x,1/2+y,-z",
    "-x,-y,-z",
    "1/2-x,1/2-y,-z",
]
ODD = ["x,y,z", "x+1/8,y,z"]


def column(*values: float) -> str:
    return b64encode((np.array(values) * COORDINATE_SCALE).round().astype(np.int32).tobytes()).decode()


def database(path: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("create table minerals (id integer, name text)")
        made.execute("create table spacegroups (id integer, symmetry_xyz text)")
        made.execute(
            "create table cif (id integer, mineral_id integer, spacegroup_id integer, a text, b text, c text,"
            " alpha text, beta text, gamma text, atoms_sites text, atoms_x text, atoms_y text, atoms_z text,"
            " atoms_occupancy text, atoms_u_iso text)"
        )
        made.execute("insert into minerals values (1, 'Sanidine')")
        made.executemany("insert into spacegroups values (?, ?)", [(1, json.dumps(CENTRED)), (2, json.dumps(ODD))])
        made.executemany(f"insert into cif values ({','.join('?' * 15)})", rows)
    return path


def row(
    number: int, *, group: int = 1, labels: Sequence[str] = ("SiT1", "OH"), x: str = "", a: str = "8.5(2)"
) -> tuple[object, ...]:
    cell = (a, "13.0", "7.2", "90", "116", "90")
    places = (x or column(0.25, 0.1), column(0.0, 0.3), column(0.5, 0.4))
    return (number, 1, group, *cell, json.dumps(labels), *places, column(0.5, 1.0), "0")


def test_a_structure_is_read_as_a_record(tmp_path: Path) -> None:
    (record,) = mineral_records(database(tmp_path / "minerals.db", [row(7)]))
    assert record["id"] == "amcsd/7/Sanidine"
    assert record["cell"] == [8.5, 13.0, 7.2, 90.0, 116.0, 90.0]
    assert record["space_group"] == "C 1 2/m 1"
    assert record["sites"] == [["Si", 0.25, 0.0, 0.5, 0.5, 0.0], ["O", 0.1, 0.3, 0.4, 1.0, 0.0]]
    assert Structure.from_record(record).space_group == "C 1 2/m 1"
    (lattice,) = known_lattices([record])
    assert lattice.setting.bravais_lattice.value == "mC"


def test_incomplete_structures_are_passed_over(tmp_path: Path) -> None:
    without_place = row(2, x=column(2.0, 0.1))
    without_element = row(3, labels=("M1", "O"))
    rows = [row(1, group=2), without_place, without_element, row(4, a="?"), row(5)]
    assert [record["id"] for record in mineral_records(database(tmp_path / "minerals.db", rows))] == [
        "amcsd/5/Sanidine"
    ]


def test_other_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database, whatever its name says")
    for name in ("missing.db", "text.db"):
        with pytest.raises(InputError, match=name):
            list(mineral_records(tmp_path / name))


@pytest.mark.parametrize(
    ("label", "element"),
    [("SiT1", "Si"), ("OH", "O"), ("O-H2", "O"), ("Wat2", "O"), ("W1", "W"), ("D3", "H"), ("Fe3+M", "Fe"), ("Ow", "O"),
     ("NH4", "N"), ("Ob", "O"), ("CaM2", "Ca"), ("C1", "C")],
)  # fmt: skip
def test_labels_name_elements(label: str, element: str) -> None:
    assert element_of(label) == element
