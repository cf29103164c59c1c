from __future__ import annotations

import json
from pathlib import Path

import pytest

from hybrid_index.batch import collect_items
from hybrid_index.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.xy", "a.xye", "deep/c.xrdml", "notes.docx", "results.jsonl"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")
    return tmp_path / "data"


def test_folder_stands_for_what_can_be_read_in_it(folder: Path) -> None:
    items = collect_items([str(folder)], wavelength="CuKa")
    assert [Path(item.file).relative_to(folder).as_posix() for item in items] == ["a.xye", "b.xy", "deep/c.xrdml"]
    assert {item.wavelength for item in items} == {"CuKa"}


def test_globs_and_files(folder: Path) -> None:
    assert [Path(item.file).name for item in collect_items([f"{folder}/*.x*"])] == ["a.xye", "b.xy"]
    assert [Path(item.file).name for item in collect_items([f"{folder}/**/*.xrdml"])] == ["c.xrdml"]
    # A file that does not exist becomes an item that fails by itself: every input has its line.
    assert [item.id for item in collect_items(["gone.xy", str(folder / "b.xy")])] == ["gone.xy", str(folder / "b.xy")]


def test_names_with_brackets_are_files_first(tmp_path: Path) -> None:
    path = tmp_path / "scan[1].xy"
    path.write_text("1 2\n")
    assert [item.file for item in collect_items([str(path)])] == [str(path)]


def test_manifest(folder: Path) -> None:
    manifest = folder / "list.jsonl"
    entries = [
        {"id": "one", "file": "b.xy", "wavelength": 1.5406},
        {"file": str(folder / "a.xye")},
        {"id": "three", "wavelength": "MoKa", "two_theta": [10, 20.5], "intensity": [3, 4]},
    ]
    manifest.write_text("\n\n".join(json.dumps(entry) for entry in entries) + "\n")
    one, two, three = collect_items([str(manifest)], wavelength="CuKa1")
    assert (one.id, one.file, one.wavelength) == ("one", str(folder / "b.xy"), 1.5406)
    assert (two.id, two.wavelength) == (str(folder / "a.xye"), "CuKa1")
    assert (three.two_theta, three.intensity, three.wavelength) == ((10.0, 20.5), (3.0, 4.0), "MoKa")
    assert not any(item.fault for item in (one, two, three))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not valid JSON"),
        ("[1, 2]", 'either "file" or "two_theta"'),
        ('{"id": "x"}', 'either "file" or "two_theta"'),
        ('{"file": "a", "two_theta": [1]}', 'either "file" or "two_theta"'),
        ('{"file": 3}', "must be a path"),
        ('{"file": "a", "wavelength": [1]}', "number in Å"),
        ('{"two_theta": "10 20"}', "list of numbers"),
        ('{"two_theta": [10, true]}', "list of numbers"),
        ('{"two_theta": [10, 20], "intensity": [1]}', "equally long"),
    ],
)
def test_line_at_fault_becomes_an_item_that_says_so(tmp_path: Path, line: str, words: str) -> None:
    manifest = tmp_path / "list.jsonl"
    manifest.write_text(f'{line}\n{{"file": "good.xy"}}\n')
    bad, good = collect_items([str(manifest)])
    assert words in bad.fault
    assert "list.jsonl:1" in bad.fault
    assert not good.fault


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file matches"):
        collect_items([f"{tmp_path}/*.xy"])
    with pytest.raises(InputError, match="no file in this folder"):
        collect_items([str(tmp_path)])
    with pytest.raises(InputError, match="cannot be read"):
        collect_items([str(tmp_path / "missing.jsonl")])
    binary = tmp_path / "binary.jsonl"
    binary.write_bytes(b"\xff\xfe\x00\xd8")
    with pytest.raises(InputError, match="not a text file"):
        collect_items([str(binary)])
