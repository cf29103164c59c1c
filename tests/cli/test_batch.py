"""``batch`` and ``merge`` by their real entry point; the search itself is real where a process is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hybrid_index.types import PeakList

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., Any]


def start(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from hybrid_index.cli import main; main()", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def results_of(run: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    found = {line["id"]: {**line, "timing_s": None} for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.fixture
def manifest(tmp_path: Path, peaks: PeakList) -> Path:
    """Ten lists of the same lattice, one line moved a little; and one that is no list."""
    path = tmp_path / "list.jsonl"
    rows = []
    for number in range(10):
        positions = peaks.two_theta_deg.copy()
        positions[-1] += 0.01 * number
        entry = {"id": f"list {number}", "two_theta": positions.tolist(), "intensity": peaks.intensity.tolist()}
        rows.append(json.dumps(entry))
    path.write_text("\n".join([*rows, '{"id": "short", "two_theta": [10, 20]}']) + "\n")
    return path


def test_series(manifest: Path, tmp_path: Path, run: Run) -> None:
    done = run("batch", manifest, "--out", tmp_path / "RUN", "-w", "CuKa1", "--series", "--workers", 1, "--quiet")
    assert done.exit_code == 0, done.output
    results = results_of(tmp_path / "RUN")
    relations = [results[f"list {number}"]["series"]["relation"] for number in range(10)]
    assert relations == ["first", *["continued"] * 9]
    assert results["short"]["series"]["relation"] == "lost"
    assert results["list 1"]["solutions"][0]["source"] == "series"
    settings = json.loads((tmp_path / "RUN" / "settings.json").read_text())
    assert settings["options"]["series"] is True
    other = run("batch", manifest, "--out", tmp_path / "RUN", "-w", "CuKa1", "--quiet")
    assert other.exit_code == 2
    assert "series yes → no" in other.stderr
    plain = run("batch", manifest, "--out", tmp_path / "out.jsonl", "--series")
    assert plain.exit_code == 2
    assert "--series: needs a folder" in plain.stderr


def test_other_known_phases_are_noticed(manifest: Path, tmp_path: Path, run: Run) -> None:
    table = tmp_path / "phases.csv"
    table.write_text("name,lattice,a,b,c\nanglesite,oP,8.482,5.398,6.959\n")
    given = ("batch", manifest, "--out", tmp_path / "RUN", "-w", "CuKa1", "--known", table, "--workers", 1, "--quiet")
    assert run(*given).exit_code == 0
    assert run(*given).exit_code == 0
    table.write_text("name,lattice,a,b,c\nbarite,oP,8.88,5.45,7.15\n")
    other = run(*given)
    assert other.exit_code == 2
    assert "known_phases 1 (" in other.stderr
    tolerance = run(*given, "--known-tolerance", "2")
    assert "known_tolerance 0.01 → 0.02" in tolerance.stderr


@pytest.mark.slow
def test_killed_and_continued(manifest: Path, tmp_path: Path) -> None:
    arguments = ("batch", manifest.name, "-w", "CuKa1", "--budget", 60, "--workers", 2)
    whole = start(*arguments, "--out", "whole", folder=tmp_path)
    _, errors = whole.communicate(timeout=120)
    assert whole.returncode == 0, errors
    assert "11 inputs: 1 failed, 10 solved; results in whole/results.jsonl; --retry-failed" in errors
    results = tmp_path / "RUN" / "results.jsonl"
    process = start(*arguments, "--out", "RUN", folder=tmp_path)
    deadline = time.monotonic() + 60.0
    while not (results.exists() and results.read_bytes().count(b"\n") >= 3):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert results.read_bytes().count(b"\n") < 11
    last = start(*arguments, "--out", "RUN", folder=tmp_path)
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert "of them done before): 1 failed, 10 solved" in errors
    assert results_of(tmp_path / "RUN") == results_of(tmp_path / "whole")


def test_shards_and_merge(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "list.jsonl"
    manifest.write_text("".join(f'{{"id": "{n}", "two_theta": [10, 20]}}\n' for n in range(6)))
    for shard in ("1/2", "2/2"):
        done = run("batch", manifest, "-w", "CuKa", "--out", tmp_path / "RUN", "--shard", shard, "--workers", 1)
        assert done.exit_code == 0, done.output
        assert f"shard-{shard[0]}-of-2/results.jsonl" in done.output
    done = run("merge", tmp_path / "RUN", "--out", tmp_path / "RUN")
    assert done.exit_code == 0, done.output
    assert "6 inputs: 6 failed" in done.output
    assert sorted(results_of(tmp_path / "RUN")) == list("012345")
    done = run("batch", manifest, "-w", "CuKa", "--out", tmp_path / "RUN", "--workers", 1)
    assert "6 inputs (6 of them done before): 6 failed" in done.output
    done = run("batch", manifest, "-w", "MoKa", "--out", tmp_path / "RUN", "--workers", 1)
    assert done.exit_code == 2
    assert "(wavelength CuKa → MoKa); name another folder, or do all anew with --force" in done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--out", "RUN", "--shard", "0/4"), "--shard: '0/4' is no part; give one such as 2/8, counted from 1"),
        (("--out", "RUN", "--shard", "5/4"), "--shard: '5/4'"),
        (("--out", "RUN", "--memory-limit", "much"), "--memory-limit: 'much' is no size"),
        (("--out", "RUN", "--memory-limit", "10MB"), "--memory-limit: '10MB' is no size of 100 MB or more"),
        (("--out", "r.jsonl", "--force"), "--force: needs a folder"),
        (("--out", "r.jsonl", "--shard", "1/2"), "--shard: needs a folder"),
        (("--out", "r.jsonl", "--retry-failed"), "--retry-failed: needs a folder"),
    ],
)
def test_options_that_cannot_be(
    run: Run, peak_file: Path, options: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(peak_file.parent)
    before = sorted(peak_file.parent.iterdir())
    done = run("batch", peak_file, *options)
    assert done.exit_code == 2
    assert words in done.output
    assert sorted(peak_file.parent.iterdir()) == before


def test_inputs_are_looked_at_before_a_folder_is_made(run: Run, tmp_path: Path) -> None:
    for wrong in ("*.nothing", "missing.jsonl"):
        done = run("batch", tmp_path / wrong, "--out", tmp_path / "RUN")
        assert done.exit_code == 1
        assert wrong in done.output
    assert list(tmp_path.iterdir()) == []


def test_merge_of_what_is_no_run(run: Run, tmp_path: Path) -> None:
    done = run("merge", tmp_path, "--out", tmp_path / "RUN")
    assert done.exit_code == 1
    assert "is no RUN folder" in done.output


def test_engines(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = tmp_path / "list.jsonl"
    manifest.write_text('{"id": "short", "two_theta": [10, 20]}\n')
    refused = run("batch", manifest, "--out", tmp_path / "RUN", "--address", "auto")
    assert refused.exit_code == 2
    assert "--address: is for a cluster; add --engine ray" in refused.stderr
    monkeypatch.setitem(sys.modules, "ray", None)
    absent = run("batch", manifest, "--out", tmp_path / "RUN", "--engine", "ray")
    assert absent.exit_code == 2
    assert 'Ray is not installed; get it with pip install "hybrid-index[cluster]"' in absent.stderr
    assert not (tmp_path / "RUN").exists()
