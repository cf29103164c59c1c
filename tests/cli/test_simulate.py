from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Run = Callable[..., Any]

HALITE = {
    "id": "halite",
    "cell": [5.64, 5.64, 5.64, 90, 90, 90],
    "space_group": "F m -3 m",
    "sym": "cif",
    "sites": [["Na", 0.0, 0.0, 0.0, 1.0, 0.0], ["Cl", 0.5, 0.5, 0.5, 1.0, 0.0]],
}


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """One good structure, and one that is not of its space group."""
    path = tmp_path / "some.jsonl"
    bad = {**HALITE, "id": "bad", "cell": [5.0, 6.0, 7.0, 90, 90, 90]}
    path.write_text("\n".join(json.dumps(record) for record in (HALITE, bad)))
    return path


def test_patterns_are_written_and_counted(run: Run, records: Path, tmp_path: Path) -> None:
    done = run("simulate", records, "--out", tmp_path / "set", "-n", 3, "--points", 800, "-j", 1, "--foreign", 2)
    assert done.exit_code == 0, done.output
    assert "3 patterns in" in done.stderr
    assert "1 structures skipped, see" in done.stderr
    assert "bad" in (tmp_path / "set" / "_skipped.csv").read_text()
    rows = pq.read_table(tmp_path / "set").to_pylist()
    assert [len(row["counts"]) for row in rows] == [800] * 3
    assert rows[0]["ka2_angstrom"] == pytest.approx(1.5444, abs=1e-4)
    assert all(abs(row["zero_shift_deg"]) <= 0.05 for row in rows)


def test_options_win_over_the_condition(run: Run, records: Path, tmp_path: Path) -> None:
    options = ["--condition", "contest", "--zero-limit", 0, "--size", "50", "--counts", "100,200", "--no-noise"]
    done = run("simulate", records, "-o", tmp_path / "set", "-n", 2, "-j", 1, "-w", "CoKa1", *options)
    assert done.exit_code == 0, done.output
    for row in pq.read_table(tmp_path / "set").to_pylist():
        assert row["zero_shift_deg"] == 0.0
        assert row["sample_displacement_mm"] != 0.0
        assert row["size_nm"] == pytest.approx(50.0)
        assert 100.0 <= row["strongest_counts"] <= 200.0
        assert row["wavelength_angstrom"] == pytest.approx(1.788996)
        assert row["ka2_angstrom"] is None
        assert any(x != round(x) for x in row["counts"])


def test_contest_pairs(run: Run, records: Path, tmp_path: Path) -> None:
    done = run("simulate", records, "-o", tmp_path / "set", "-f", "aicomp", "-j", 1, "--points", 800, "-q")
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "set").glob("0*")) == ["00000000.json", "00000000.xy"]


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--condition", "best"], 2, "--condition: unknown condition 'best'"),
        (["--format", "csv"], 2, "--format: unknown format 'csv'"),
        (["--count", "0"], 2, "--count: 0 is too few"),
        (["--size", "big"], 2, "--size: 'big' is not understood"),
        (["--size", "100,20"], 2, "--size: (100.0, 20.0) is not possible"),
        (["--zero-limit", "9"], 2, "--zero-limit: 9.0 is not possible"),
        (["--wavelength", "99"], 2, "--wavelength: wavelength 99 Å is not possible"),
        (["--two-theta-range", "80,5"], 2, "--two-theta-range: '80,5' is no range"),
        (["--points", "3"], 2, "--points: 3 points are no pattern"),
        (["--seed", "-1"], 2, "--seed: -1 is negative"),
    ],
)
def test_impossible_options_name_themselves(
    run: Run, records: Path, tmp_path: Path, options: list[str], code: int, says: str
) -> None:
    done = run("simulate", records, "--out", tmp_path / "set", *options)
    assert done.exit_code == code
    assert says in done.stderr
    assert not (tmp_path / "set").exists()


def test_bad_sources_and_folders_are_told_in_one_sentence(run: Run, records: Path, tmp_path: Path) -> None:
    done = run("simulate", tmp_path / "absent.cif", "--out", tmp_path / "set")
    assert (done.exit_code, "no such file or folder" in done.stderr) == (1, True)
    done = run("simulate", records, "--out", records)
    assert (done.exit_code, "cannot be written" in done.stderr) == (1, True)


def test_other_settings_in_the_same_folder_are_refused(run: Run, records: Path, tmp_path: Path) -> None:
    words = ["simulate", records, "--out", tmp_path / "set", "-j", 1, "--points", 800]
    assert run(*words).exit_code == 0
    assert run(*words).exit_code == 0
    done = run(*words, "--seed", 1)
    assert done.exit_code == 1
    assert "begun with other settings (recipe.seed was 0, is 1)" in done.stderr
