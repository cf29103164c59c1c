from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hybrid_index.export import document, to_json
from hybrid_index.types import IndexingResult, PeakList

Run = Callable[..., Any]
MakeResult = Callable[..., IndexingResult]


@pytest.fixture
def result_file(tmp_path: Path, make_result: MakeResult, pattern_file: Path) -> Path:
    """A result document that names its pattern, which lies beside it."""
    content = document(make_result())
    content["peaks"]["source"] = pattern_file.name
    path = tmp_path / "result.json"
    path.write_text(to_json(content), encoding="utf-8")
    return path


def test_a_pattern_is_indexed_first(run: Run, fake: Any, pattern_file: Path) -> None:
    done = run("spacegroup", pattern_file, "-w", "CuKa1", "--top", 3)
    assert done.exit_code == 0, done.stderr
    assert len(fake.calls) == 1
    assert "P 21 21 21" in done.stdout or "P - - -" in done.stdout
    assert "more (--top 71, --json)" in done.stdout
    assert "probability" in done.stdout
    assert "Next: " in done.stdout


def test_a_result_is_used_as_it_is(run: Run, fake: Any, result_file: Path) -> None:
    done = run("spacegroup", result_file, "--json", "--quiet")
    assert done.exit_code == 0, done.stderr
    assert fake.calls == []
    content = json.loads(done.stdout)
    assert content["schema"] == "hybrid-index/spacegroup/1"
    assert content["bravais_lattice"] == "oP"
    assert content["solution"] == 1
    symbols = content["extinction_symbols"]
    assert len(symbols) == 71
    assert sum(entry["probability"] for entry in symbols) == pytest.approx(1.0)
    assert [entry["rank"] for entry in symbols] == list(range(1, 72))
    assert {"number": 62, "symbol": "P n m a"} in [g for entry in symbols for g in entry["space_groups"]]
    violations = [violation for entry in symbols for violation in entry["violations"]]
    assert all(len(v["hkl"]) == 3 and 10.0 < v["two_theta_deg"] < 50.0 and v["significance"] > 4.0 for v in violations)


def test_lines_against_symbols_are_named(run: Run, result_file: Path) -> None:
    done = run("spacegroup", result_file, "--top", 71, "-q")
    assert done.exit_code == 0, done.stderr
    assert "Against " in done.stdout
    assert "σ)" in done.stdout
    assert "more (--top" not in done.stdout


def test_exit_code_says_that_the_cell_is_not_to_be_trusted(
    run: Run, fake: Any, make_result: MakeResult, pattern_file: Path
) -> None:
    fake.result = make_result("not_found")
    done = run("spacegroup", pattern_file, "-w", "CuKa1", "-q")
    assert done.exit_code == 3
    assert "Space groups" in done.stdout
    fake.result = make_result("not_found", n_solutions=0)
    done = run("spacegroup", pattern_file, "-w", "CuKa1", "-q")
    assert (done.exit_code, done.stdout) == (3, "")
    assert "no cell was found" in done.stderr


def test_bad_input(run: Run, result_file: Path, peak_file: Path, pattern_file: Path, tmp_path: Path) -> None:
    def fails(code: int, words: str, *arguments: object) -> None:
        done = run("spacegroup", *arguments, "-q")
        assert (done.exit_code, done.stdout) == (code, ""), done.stderr
        assert words in done.stderr
        assert done.stderr.count("\n") == 1

    fails(2, "--solution: solution 3 does not exist; choose one from 1 to 2", result_file, "--solution", 3)
    fails(1, "is a peak list, which does not say which lines are absent", peak_file)
    fails(1, "holds a peak list", result_file, "--pattern", peak_file)
    pattern_file.unlink()
    fails(1, "give it with --pattern FILE", result_file)
    fails(1, "gone.json", tmp_path / "gone.json")


def test_a_pattern_can_be_given(run: Run, result_file: Path, pattern_file: Path, tmp_path: Path) -> None:
    moved = pattern_file.rename(tmp_path / "moved.xy")
    done = run("spacegroup", result_file, "--pattern", moved, "-q", "--solution", 1)
    assert done.exit_code == 0, done.stderr


def test_peak_list_with_its_pattern(run: Run, fake: Any, peak_file: Path, pattern_file: Path, peaks: PeakList) -> None:
    done = run("spacegroup", peak_file, "--pattern", pattern_file, "-q")
    assert done.exit_code == 0, done.stderr
    assert len(fake.calls[0]["data"]) == len(peaks)
