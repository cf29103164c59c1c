from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybrid_index.export import document, to_json
from hybrid_index.types import IndexingResult, Pattern

Run = Callable[..., Any]
MakeResult = Callable[..., IndexingResult]


@pytest.fixture
def workplace(make_result: MakeResult, pattern: Pattern, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``result.json``, whose lines came from ``scans/anglesite.xy``, and that file."""
    monkeypatch.chdir(tmp_path)
    content = document(make_result())
    content["peaks"]["source"] = "scans/anglesite.xy"
    (tmp_path / "result.json").write_text(to_json(content))
    (tmp_path / "results.jsonl").write_text("".join(to_json({**content, "id": name}) + "\n" for name in "ab"))
    (tmp_path / "scans").mkdir()
    rows = np.column_stack([pattern.two_theta_deg, pattern.intensity])
    np.savetxt(tmp_path / "scans" / "anglesite.xy", rows, fmt="%.4f")
    return tmp_path


def test_pattern_is_found_where_the_result_names_it(run: Run, workplace: Path) -> None:
    done = run("export", "result.json", "--to", "plain, topas", "--out", "start", "-q")
    assert done.exit_code == 0, done.stderr
    assert "start/topas: pattern.xye, lebail.inp, pawley.inp" in done.stderr
    assert done.stdout == ""
    text = (workplace / "start" / "topas" / "lebail.inp").read_text()
    assert 'space_group "P_m_m_m"' in text
    assert "lo 1.5405929" in text


def test_pattern_is_found_from_where_the_result_lies(
    run: Run, workplace: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    done = run("export", workplace / "result.json", "--to", "maud", "--out", "start", "-q")
    assert done.exit_code == 0, done.stderr


def test_pattern_that_is_gone_is_asked_for(run: Run, workplace: Path) -> None:
    (workplace / "scans" / "anglesite.xy").rename(workplace / "moved.xy")
    done = run("export", "result.json", "--to", "topas", "--out", "start", "-q")
    assert done.exit_code == 2
    assert "came from scans/anglesite.xy" in done.stderr
    assert "--pattern FILE" in done.stderr
    assert not (workplace / "start").exists()
    done = run("export", "result.json", "--to", "topas", "--out", "start", "--pattern", "moved.xy", "-q")
    assert done.exit_code == 0, done.stderr


def test_one_of_a_batch_another_solution_a_space_group(run: Run, workplace: Path) -> None:
    done = run("export", "results.jsonl", "--to", "fullprof", "--out", "start", "-q")
    assert done.exit_code == 1
    assert "--id" in done.stderr
    done = run(
        "export", "results.jsonl", "--id", "b", "--to", "fullprof", "--out", "start", "-q",
        "--space-group", "Pnma",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "P n m a " in (workplace / "start" / "fullprof" / "lebail.pcr").read_text()
    done = run("export", "result.json", "--solution", 2, "--to", "fullprof", "--out", "start", "--force", "-q")
    assert done.exit_code == 0, done.stderr
    assert "P -1 " in (workplace / "start" / "fullprof" / "lebail.pcr").read_text()


def test_raw_pattern_is_indexed_first(run: Run, fake: Any, workplace: Path) -> None:
    done = run("export", "scans/anglesite.xy", "--id", "a", "--to", "jana2020", "--out", "start", "-q")
    assert done.exit_code == 2
    assert "--id: scans/anglesite.xy holds no results" in done.stderr
    done = run("export", "scans/anglesite.xy", "-w", "CuKa1", "--to", "jana2020", "--out", "start", "-q")
    assert done.exit_code == 0, done.stderr
    assert isinstance(fake.calls[0]["data"], Pattern)
    assert fake.calls[0]["id"] == "anglesite.xy"


def test_raw_pattern_without_a_cell(run: Run, fake: Any, make_result: MakeResult, workplace: Path) -> None:
    fake.result = make_result("not_found", n_solutions=0)
    done = run("export", "scans/anglesite.xy", "-w", "CuKa1", "--to", "topas", "--out", "start", "-q")
    assert done.exit_code == 3
    assert "no cell was found (one line is not indexed)" in done.stderr
    fake.result = make_result("budget_exhausted")
    done = run("export", "scans/anglesite.xy", "-w", "CuKa1", "--to", "topas", "--out", "start", "-q")
    assert done.exit_code == 0
    assert "not to be trusted (status budget_exhausted)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "words"),
    [
        (["--to", "shelx"], 2, "--to: unknown target 'shelx'; known are easydiffraction (EasyDiffraction:"),
        (["--to", "topas", "--solution", "3"], 2, "--solution: solution 3 is not there; the result has 2"),
        (["--to", "topas", "--space-group", "Fm-3m"], 2, "--space-group: space group F m -3 m has a lattice F"),
        (["--to", "topas", "--out", "scans"], 1, "scans: exists already"),
        (["--to", "topas", "--out", "scans", "--force"], 1, "anglesite.xy is not from an export"),
        (["--to", "topas", "-w", "CuKa"], 2, "--wavelength: a result has its wavelength"),
        (["--to", "topas", "--pattern", "absent.xy"], 1, "absent.xy: no such file"),
    ],
)
def test_bad_input(run: Run, workplace: Path, arguments: list[str], exit_code: int, words: str) -> None:
    out = [] if "--out" in arguments else ["--out", "start"]
    done = run("export", "result.json", *arguments, *out, "-q")
    assert done.exit_code == exit_code
    assert words in done.stderr
    assert not (workplace / "start").exists()
