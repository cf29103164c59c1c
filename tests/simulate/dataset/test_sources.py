from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.simulate import Structure
from hybrid_index.simulate.dataset import open_sources
from hybrid_index.simulate.dataset.sources import GeneratedSource

RNG = np.random.default_rng(0)
HALITE = {"id": "halite", "cell": [5.64, 5.64, 5.64, 90, 90, 90], "space_group": "F m -3 m", "sym": "cif"}
SITES = [["Na", 0.0, 0.0, 0.0, 1.0, 0.0], ["Cl", 0.5, 0.5, 0.5, 1.0, 0.0]]


def write_records(path: Path, records: list[object]) -> Path:
    text = "\n".join(r if isinstance(r, str) else json.dumps(r) for r in records)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_folders_are_searched_and_files_named_once(cifs: Path) -> None:
    source = open_sources([str(cifs), str(cifs / "c_copper.cif")])
    assert source.size == 6
    names = [Path(source.name(i)).name for i in range(6)]
    assert sorted(names) == [
        "a_anglesite.cif",
        "b_broken.cif",
        "c_copper.cif",
        "d_corundum.cif",
        "e_text.cif",
        "f_fluorite.CIF",
    ]
    drawn = source.draw(names.index("d_corundum.cif"), RNG)
    assert (drawn.name, drawn.space_group, len(drawn.structure.elements)) == ("d_corundum", "R -3 c:H", 30)


@pytest.mark.parametrize("name", ["some.jsonl", "some.jsonl.gz"])
def test_records_are_read_one_by_one(tmp_path: Path, name: str) -> None:
    path = write_records(tmp_path / name, [{**HALITE, "sites": SITES}, "{", HALITE, {"id": 3}])
    source = open_sources([str(path)])
    assert source.size == 4
    drawn = source.draw(0, RNG)
    assert (drawn.name, drawn.source, drawn.space_group) == ("halite", name, "F m -3 m")
    assert len(drawn.structure.elements) == 8
    for number, reason in ((1, "is not a JSON object"), (2, "no field 'sites'"), (3, "no field 'space_group'")):
        with pytest.raises(InputError, match=reason):
            source.draw(number, RNG)
    assert [source.name(i) for i in (0, 1)] == [f"{name}: halite", f"{name}: record 2"]


def test_sources_follow_one_another(cifs: Path, tmp_path: Path) -> None:
    first = write_records(tmp_path / "first.jsonl", [{**HALITE, "sites": SITES}])
    both = open_sources([str(first), str(cifs / "a_anglesite.cif"), str(cifs / "c_copper.cif")])
    assert both.size == 3
    assert [both.draw(i, RNG).name for i in range(3)] == ["a_anglesite", "c_copper", "halite"]


def test_the_identity_follows_the_content(tmp_path: Path) -> None:
    path = write_records(tmp_path / "some.jsonl", [{**HALITE, "sites": SITES}])
    before = open_sources([str(path)]).identity
    assert open_sources([str(path)]).identity == before
    write_records(path, [{**HALITE, "cell": [5.65, 5.65, 5.65, 90, 90, 90], "sites": SITES}])
    assert open_sources([str(path)]).identity != before


def test_synthetic_crystals_never_end_and_stand_alone(cifs: Path) -> None:
    source = open_sources(["synthetic"])
    assert source.size is None
    first, again, other = (source.draw(0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.name == "synthetic 1"
    assert first.space_group
    assert first.structure.cell == again.structure.cell
    assert first.structure.cell != other.structure.cell
    with pytest.raises(InputError, match="stand alone"):
        open_sources(["synthetic", str(cifs)])


def test_generated_structures_never_end(rock_salt: Structure) -> None:
    source = GeneratedSource(lambda rng: rock_salt, "salt")
    assert source.size is None
    drawn = source.draw(11, RNG)
    assert (drawn.name, drawn.source, drawn.space_group) == ("salt 12", "salt", "F m -3 m")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("absent.cif", None, "no such file or folder"),
        ("notes.txt", b"", "neither a .cif nor a .jsonl"),
        ("empty.jsonl", b"\n\n", "contains no structures"),
        ("bad.jsonl.gz", b"not packed", "cannot be unpacked"),
    ],
)
def test_what_is_no_source_is_refused(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        open_sources([str(path)])


def test_a_folder_without_cifs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.cif file lies in this folder"):
        open_sources([str(tmp_path)])
