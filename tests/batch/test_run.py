from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hybrid_index.batch import BatchItem, run_batch
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, OutputError
from tests.batch.solvers import solve

ROOT = Path(__file__).resolve().parents[2]


def items_of(*names: str) -> list[BatchItem]:
    return [BatchItem(id=name, file=name) for name in names]


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("workers", [1, 3])
def test_one_line_per_input_in_their_order(tmp_path: Path, workers: int) -> None:
    names = ["slow", "good", "bad", "broken", "deadly", "leaving", "good:2"]
    seen: list[object] = []
    summary = run_batch(
        items_of(*names),
        tmp_path / "out.jsonl",
        workers=workers,
        solve=solve,
        settings=Settings(seed=5),
        progress=lambda content: seen.append(content["id"]),
    )
    lines = lines_of(tmp_path / "out.jsonl")
    assert [line["id"] for line in lines] == names
    assert sorted(map(str, seen)) == sorted(names)
    assert summary.by_status == {"solved": 3, "failed": 4}
    assert summary.total == 7
    reasons = {str(line["id"]): str(line["reasons"]) for line in lines if line["status"] == "failed"}
    assert "bad: cannot be read" in reasons["bad"]
    assert "ZeroDivisionError" in reasons["broken"]
    assert "died 2 times (signal 9)" in reasons["deadly"]
    assert "died 2 times (exit code 7)" in reasons["leaving"]
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


def _heed_interrupts() -> None:
    """Undo what a shell does to jobs in the background: a test that runs in one must still be interruptible."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_leaves_what_is_done_and_no_worker(tmp_path: Path) -> None:
    mark, out = tmp_path / "mark", tmp_path / "out.jsonl"
    code = (
        "from hybrid_index.batch import BatchItem, run_batch\n"
        "from tests.batch.solvers import solve\n"
        "if __name__ == '__main__':\n"
        f"    names = ['good', 'hanging:{mark}', 'good:2']\n"
        f"    run_batch([BatchItem(id=n, file=n) for n in names], {str(out)!r}, workers=2, solve=solve)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    )
    partial = tmp_path / "out.jsonl.partial"
    deadline = time.monotonic() + 60.0
    while not (mark.exists() and mark.read_text() and partial.exists() and partial.read_text()):
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30.0)
    assert "KeyboardInterrupt" in errors
    assert [line["id"] for line in lines_of(partial)] == ["good", "good:2"]
    assert not out.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
