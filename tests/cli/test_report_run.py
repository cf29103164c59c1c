"""The command ``report``, and ``--known`` of the commands that have it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hybrid_index.batch import BatchItem, NamingSolver
from hybrid_index.config import Settings
from hybrid_index.export import document, failed_document
from hybrid_index.known import KnownPhase, KnownPhases
from hybrid_index.lattice import Cell
from hybrid_index.types import IndexingResult

Run = Callable[..., Any]
TABLE = "name,lattice,a,b,c\nanglesite,oP,8.49,5.40,6.96\nbroken,oP,1,,\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "phases.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def run_folder(tmp_path: Path, make_result: Callable[..., IndexingResult]) -> Path:
    folder = tmp_path / "RUN"
    folder.mkdir()
    made = [document(make_result()), failed_document("b", ["no such file"])]
    (folder / "results.jsonl").write_text("".join(json.dumps(content) + "\n" for content in made) + '{"sch')
    return folder


def test_report_of_a_run(run: Run, run_folder: Path, table: Path) -> None:
    done = run("report", run_folder, "--known", table, "--title", "Night shift")
    assert done.exit_code == 0, done.stderr
    assert "2 inputs: 1 failed, 1 solved; the page is" in done.stderr
    assert "skipped" in done.stderr
    assert "entry 2: lacks b, c" in done.stderr
    assert "line 3 of the results is left out: not valid JSON" in done.stderr
    assert "<title>Night shift" in (run_folder / "report.html").read_text("utf-8")
    with open(run_folder / "cells.csv", newline="") as file:
        first = next(csv.DictReader(file))
    assert (first["id"], first["known"]) == ("anglesite.xye", "anglesite")


def test_report_elsewhere_with_sticks(run: Run, run_folder: Path, tmp_path: Path) -> None:
    done = run("report", run_folder / "results.jsonl", "--out", tmp_path / "new", "--sticks", "--quiet")
    assert done.exit_code == 0, done.stderr
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"report.html", "cells.csv", "cells.parquet"}


def test_index_names_the_phase(run: Run, fake: Any, peak_file: Path, table: Path) -> None:
    done = run("index", peak_file, "--known", table)
    assert done.exit_code == 0, done.stderr
    assert "Known phase: cell 1 is anglesite" in done.stdout
    content = json.loads(run("index", peak_file, "--known", table, "--json", "--quiet").stdout)
    [match] = content["solutions"][0]["known"]
    assert (match["name"], match["relation"], match["file"]) == ("anglesite", "same lattice", str(table))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--known", "{empty}"), "no .cif file lies in this folder"),
        (("--known", "{table}", "--known-tolerance", "40"), "40 % is no tolerance"),
        (("--known-tolerance", "1"), "is of use with --known only"),
        (("--known", "nowhere.csv"), "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["report", "index", "batch"])
def test_known_phases_that_cannot_serve(
    run: Run, run_folder: Path, peak_file: Path, table: Path, command: str, options: tuple[str, ...], words: str
) -> None:
    empty = run_folder / "empty"
    empty.mkdir()
    given = [option.format(empty=empty, table=table) for option in options]
    work: dict[str, list[object]] = {
        "report": [run_folder],
        "index": [peak_file],
        "batch": [peak_file, "--out", run_folder / "out.jsonl"],
    }
    done = run(command, *work[command], *given)
    assert done.exit_code == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_run_that_is_none(run: Run, tmp_path: Path) -> None:
    done = run("report", tmp_path)
    assert done.exit_code == 1
    assert "holds no results.jsonl; name the folder of a run" in done.stderr


def test_a_worker_names_the_phases(fake: Any, peak_file: Path) -> None:
    phases = KnownPhases([KnownPhase(name="anglesite", cell=Cell(a=8.49, b=5.40, c=6.96), centring="P")])
    content = NamingSolver(phases)(BatchItem(id="a", file=str(peak_file)), Settings())
    assert content["solutions"][0]["known"][0]["name"] == "anglesite"
