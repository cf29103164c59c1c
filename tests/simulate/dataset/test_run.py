from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import hybrid_index
from hybrid_index.errors import HybridIndexError, InputError, OutputError
from hybrid_index.simulate import Structure
from hybrid_index.simulate.dataset import Recipe, make_dataset, open_sources
from hybrid_index.simulate.dataset.parquet import METADATA_KEY, SCHEMA
from hybrid_index.simulate.dataset.sources import GeneratedSource, StructureSource

USABLE = 3


@pytest.fixture
def source(cifs: Path) -> StructureSource:
    return open_sources([str(cifs)])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def stop_after(rows: int) -> object:
    def progress(done: int, skipped: int) -> None:
        if done > rows:
            raise KeyboardInterrupt

    return progress


def test_one_pattern_of_each_usable_structure(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    summary = make_dataset(source, recipe, tmp_path)
    assert summary.rows == USABLE
    table = pq.read_table(tmp_path)
    assert table.schema.equals(SCHEMA)
    rows = {row["structure"]: row for row in table.to_pylist()}
    assert {name: row["bravais_lattice"] for name, row in rows.items()} == {
        "a_anglesite": "oP",
        "d_corundum": "hR",
        "f_fluorite": "cF",
    }
    corundum = rows["d_corundum"]
    assert corundum["crystal_system"] == "trigonal"
    assert corundum["volume"] == pytest.approx(254.98, abs=0.05)
    assert len(corundum["counts"]) == recipe.n_points
    assert corundum["step_deg"] == pytest.approx(0.02)
    assert corundum["peak_two_theta_deg"][0] == pytest.approx(25.58, abs=0.01)  # 012, ICDD 46-1212
    assert [abs(corundum[f"peak_{x}"][0]) for x in "hkl"] in ([0, 1, 2], [1, 0, 2], [1, 1, 2])
    settings = json.loads(pq.read_schema(tmp_path / "part-00000.parquet").metadata[METADATA_KEY])
    assert settings["recipe"]["seed"] == recipe.seed
    assert settings["recipe"]["condition"]["name"] == "contest"


def test_what_cannot_be_used_is_listed_with_its_reason(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    make_dataset(source, recipe, tmp_path, count=10)
    lines = (tmp_path / "_skipped.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "name,reason"
    listed = {Path(line.split(",")[0]).name: line for line in lines[1:]}
    assert sorted(listed) == ["b_broken.cif", "c_copper.cif", "e_text.cif"]
    assert len(lines) == 4
    assert "at least 5 determine a lattice" in listed["c_copper.cif"]
    assert "is not a readable CIF" in listed["e_text.cif"]


def test_more_patterns_than_structures_measure_them_again(
    source: StructureSource, recipe: Recipe, tmp_path: Path
) -> None:
    make_dataset(source, recipe, tmp_path, count=8, shard_rows=5)
    assert [pq.read_metadata(path).num_rows for path in sorted(tmp_path.glob("part-*"))] == [5, 3]
    rows = pq.read_table(tmp_path).to_pylist()
    assert sorted(row["structure"] for row in rows[:6]) == sorted(["a_anglesite", "f_fluorite", "d_corundum"] * 2)
    assert len({row["zero_shift_deg"] for row in rows}) == 8
    assert len({row["id"] for row in rows}) == 8


@pytest.mark.parametrize("format", ["parquet", "aicomp"])
def test_an_interrupted_run_goes_on_to_the_same_files(
    source: StructureSource, recipe: Recipe, tmp_path: Path, format: str
) -> None:
    options = {"format": format, "count": 9, "shard_rows": 2}
    make_dataset(source, recipe, tmp_path / "whole", **options)  # type: ignore[arg-type]
    for rows in (3, 6, 8):
        with pytest.raises(KeyboardInterrupt):
            make_dataset(source, recipe, tmp_path / "cut", progress=stop_after(rows), **options)  # type: ignore[arg-type]
    made: list[int] = []
    make_dataset(source, recipe, tmp_path / "cut", progress=lambda rows, _: made.append(rows), **options)  # type: ignore[arg-type]
    assert made == [9]
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    make_dataset(source, recipe, tmp_path / "cut", progress=stop_after(0), **options)  # type: ignore[arg-type]


def test_two_workers_write_the_same_bytes(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    for workers in (1, 2):
        make_dataset(source, recipe, tmp_path / str(workers), count=7, shard_rows=3, workers=workers)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_a_killed_command_goes_on_to_the_same_files(cifs: Path, tmp_path: Path) -> None:
    options = ["--count", "120", "--shard-rows", "6", "--points", "1000", "--quiet", "--workers", "1"]
    command = [sys.executable, "-c", "from hybrid_index.cli import main; main()", "simulate", str(cifs), *options]
    cut, whole = tmp_path / "cut", tmp_path / "whole"
    process = subprocess.Popen([*command, "--out", str(cut)])
    end = time.monotonic() + 60.0
    while not (cut / "part-00001.parquet").exists() and time.monotonic() < end:
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    before = (cut / "part-00000.parquet").stat().st_mtime_ns
    for folder in (cut, whole):
        subprocess.run([*command, "--out", str(folder)], check=True)
    assert (cut / "part-00000.parquet").stat().st_mtime_ns == before
    assert contents(cut) == contents(whole)
    assert len(list(whole.glob("part-*"))) == 20


def test_changed_settings_are_refused(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    make_dataset(source, recipe, tmp_path, count=2)
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=r"begun with other settings \(count was 2, is 3; recipe.seed was 7, is 1\)"):
        make_dataset(source, replace(recipe, seed=1), tmp_path, count=3)
    with pytest.raises(OutputError, match="source was 6 CIF files"):
        make_dataset(open_sources([source.name(0)]), recipe, tmp_path, count=2)
    assert contents(tmp_path) == before


def test_folders_with_something_else_are_refused(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "part-00000.parquet").touch()
    with pytest.raises(OutputError, match=r"holds data files but no _dataset\.json"):
        make_dataset(source, recipe, tmp_path)
    (tmp_path / "_dataset.json").write_text("[]")
    with pytest.raises(OutputError, match="is not the record of a data set"):
        make_dataset(source, recipe, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        make_dataset(source, recipe, tmp_path / "file")


def test_lost_shards_are_noticed(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    make_dataset(source, recipe, tmp_path, count=3, shard_rows=1)
    (tmp_path / "part-00001.parquet").unlink()
    with pytest.raises(OutputError, match="files of finished shards are missing"):
        make_dataset(source, recipe, tmp_path, count=3, shard_rows=1)


def test_a_full_disk_leaves_what_is_done(
    source: StructureSource, recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_dataset(source, recipe, tmp_path / "whole", count=6, shard_rows=2)
    write, calls = pq.write_table, [0]

    def full(table: object, handle: object, **options: object) -> None:
        calls[0] += 1
        write(table, handle, **options)
        if calls[0] == 2:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", full)
        with pytest.raises(OutputError, match=r"part-00001.parquet: cannot be written \(No space left on device\)"):
            make_dataset(source, recipe, tmp_path / "cut", count=6, shard_rows=2)
    assert sorted(p.name for p in (tmp_path / "cut").glob("*")) == [
        "_dataset.json",
        "_skipped.csv",
        "part-00000.parquet",
    ]
    make_dataset(source, recipe, tmp_path / "cut", count=6, shard_rows=2)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_nothing_usable_is_said(cifs: Path, recipe: Recipe, tmp_path: Path) -> None:
    bad = open_sources([str(cifs / "e_text.cif"), str(cifs / "c_copper.cif")])
    for count in (None, 5):
        with pytest.raises(InputError, match=r"no structure can be used; _skipped\.csv says why"):
            make_dataset(bad, recipe, tmp_path / str(count), count=count)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"format": "csv"}, "unknown format 'csv'; choose from parquet, aicomp"),
        ({"count": 0}, "count: 0 is too few"),
        ({"shard_rows": 0}, "shard_rows: 0 is too few"),
        ({"workers": 0}, "workers: 0 is too few"),
    ],
)
def test_impossible_options_are_refused(
    source: StructureSource, recipe: Recipe, tmp_path: Path, options: dict[str, object], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        make_dataset(source, recipe, tmp_path / "new", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_a_generator_is_drawn_from_until_there_are_enough(
    rock_salt: Structure, anglesite: Structure, recipe: Recipe, tmp_path: Path
) -> None:
    def generate(rng: np.random.Generator) -> Structure:
        if rng.uniform() < 0.5:
            raise InputError("no luck")
        return rock_salt if rng.uniform() < 0.5 else anglesite

    source = GeneratedSource(generate)
    summary = make_dataset(source, recipe, tmp_path / "some", count=12)
    assert summary.rows == 12
    assert {skip.reason for skip in summary.skipped} == {"no luck"}
    rows = pq.read_table(tmp_path / "some").to_pylist()
    assert {row["bravais_lattice"] for row in rows} == {"oP", "cF"}
    with pytest.raises(InputError, match="never end; say how many"):
        make_dataset(source, recipe, tmp_path / "all")


def test_a_generator_that_always_fails_is_given_up(recipe: Recipe, tmp_path: Path) -> None:
    def generate(rng: np.random.Generator) -> Structure:
        raise InputError("never")

    with pytest.raises(InputError, match="1000 structures on end cannot be used, the last because never"):
        make_dataset(GeneratedSource(generate), recipe, tmp_path, count=1)


class Deadly:
    """A source whose structures take the process with them."""

    size: int | None = 4
    identity = "deadly"

    def name(self, number: int) -> str:
        return str(number)

    def draw(self, number: int, rng: np.random.Generator) -> object:
        os._exit(9)


def test_a_dead_worker_is_reported(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(HybridIndexError, match="a worker process died"):
        make_dataset(Deadly(), recipe, tmp_path, workers=2)  # type: ignore[arg-type]


def test_a_fault_of_ours_loses_one_structure_only(rock_salt: Structure, recipe: Recipe, tmp_path: Path) -> None:
    def generate(rng: np.random.Generator) -> Structure:
        if rng.uniform() < 0.3:
            raise ZeroDivisionError("oh")
        return rock_salt

    summary = make_dataset(GeneratedSource(generate), recipe, tmp_path, count=8)
    assert {skip.reason for skip in summary.skipped} == {"internal error: ZeroDivisionError: oh"}


def test_contest_pairs_have_the_fields_of_the_contest(source: StructureSource, recipe: Recipe, tmp_path: Path) -> None:
    make_dataset(source, recipe, tmp_path, format="aicomp")
    labels = sorted(tmp_path.glob("[0-9]*.json"))
    assert len(labels) == USABLE
    for path in labels:
        label = json.loads(path.read_text(encoding="utf-8"))
        assert list(label["crystal_info"]) == ["a", "b", "c", "alpha", "beta", "gamma"]
        assert abs(label["zero_shift"]) <= 0.5
        assert abs(label["sample_displacement"]) <= 0.2
        wavelength = label["simulation"]["wavelength_angstrom"]
        for two_theta, d, one, hkl in label["diffraction_info"]["peaks"]:
            assert wavelength == pytest.approx(2.0 * d * np.sin(np.radians(two_theta / 2.0)))
            assert (one, len(hkl)) == (1.0, 3)
        pattern = hybrid_index.read_pattern(path.with_suffix(".xy"), radiation=recipe.radiation)
        assert pattern.two_theta_deg[[0, -1]] == pytest.approx([10.0, 80.0])
        assert pattern.intensity.size == recipe.n_points
