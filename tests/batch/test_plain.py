from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from hybrid_index.batch import BatchItem, run_batch
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, OutputError
from tests.batch.helpers import is_alive, items_of, lines_of, start_script, wait_until
from tests.batch.solvers import solve


@pytest.mark.parametrize("workers", [1, 3])
def test_one_line_per_input_in_their_order(tmp_path: Path, workers: int) -> None:
    names = ["slow", "good", "bad", "broken", "deadly", "leaving", "good:2"]
    seen: list[tuple[str, int, int]] = []
    summary = run_batch(
        items_of(*names),
        tmp_path / "out.jsonl",
        workers=workers,
        solve=solve,
        settings=Settings(seed=5),
        progress=lambda content, finished, total: seen.append((content["id"], finished, total)),
    )
    lines = lines_of(tmp_path / "out.jsonl")
    assert [line["id"] for line in lines] == names
    assert sorted(name for name, _, _ in seen) == sorted(names)
    assert seen[-1][1:] == (7, 7)
    assert summary.by_status == {"solved": 3, "failed": 4}
    assert summary.total == 7
    reasons = {str(line["id"]): str(line["reasons"]) for line in lines if line["status"] == "failed"}
    assert "bad: cannot be read" in reasons["bad"]
    assert "ZeroDivisionError" in reasons["broken"]
    assert "died (signal 9); 2 attempts failed" in reasons["deadly"]
    assert "died (exit code 7); 2 attempts failed" in reasons["leaving"]
    assert {line["seed"] for line in lines} == {5}
    assert lines[1]["threads"] == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["out.jsonl"]


def test_killed_worker_costs_one_more_attempt(tmp_path: Path) -> None:
    summary = run_batch(items_of(f"once:{tmp_path / 'mark'}", "good"), tmp_path / "out.jsonl", solve=solve)
    assert summary.by_status == {"solved": 2}


def test_unusable_item_fails_with_its_reason(tmp_path: Path) -> None:
    run_batch([BatchItem(id="m:1", fault="m:1: not valid JSON")], tmp_path / "out.jsonl", solve=solve)
    (line,) = lines_of(tmp_path / "out.jsonl")
    assert (line["status"], line["reasons"]) == ("failed", ["m:1: not valid JSON"])


def test_nothing_to_do_makes_an_empty_file(tmp_path: Path) -> None:
    assert run_batch([], tmp_path / "out.jsonl", solve=solve).total == 0
    assert (tmp_path / "out.jsonl").read_text() == ""


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        run_batch(items_of("good"), tmp_path / "missing" / "out.jsonl", solve=solve)
    with pytest.raises(InputError, match="0 workers"):
        run_batch(items_of("good"), tmp_path / "out.jsonl", workers=0, solve=solve)


def test_interrupt_leaves_what_is_done_and_no_worker(tmp_path: Path) -> None:
    mark, out = tmp_path / "mark", tmp_path / "out.jsonl"
    process = start_script(
        tmp_path / "script.py",
        f"run_batch(items_of('good', 'hanging:{mark}', 'good:2'), {str(out)!r}, workers=2, solve=solvers.solve)\n",
    )
    partial = tmp_path / "out.jsonl.partial"
    wait_until(lambda: all(path.exists() and path.read_text() for path in (mark, partial)), process)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30.0)
    assert "KeyboardInterrupt" in errors
    assert [line["id"] for line in lines_of(partial)] == ["good", "good:2"]
    assert not out.exists()
    for number in mark.read_text().split():
        assert not is_alive(int(number))
