from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks.batch import judge, rates, report, watched
from benchmarks.batch.patterns import SYNTHETIC, make_patterns
from benchmarks.batch.rates import ONE, RAY, TWO, Block
from benchmarks.batch.upkeep import Memory, run_canned
from benchmarks.batch.watched import Sample, Watched, watch
from hybrid_index.config import Settings
from hybrid_index.export import failed_document


def a_block(how: str, work_s: float, answers: dict[str, str] | None = None) -> Block:
    return Block(
        how=how,
        watched=Watched(wall_s=work_s + 1.0, cpu_s=6.0, samples=(Sample(done=1, parent_mib=40.0, workers_mib=400.0),)),
        work_s=work_s,
        seconds=(1.0, 2.0, 3.0),
        statuses={"solved": 3},
        answers=answers or {"a": "x"},
    )


def test_bars_are_those_that_were_promised() -> None:
    blocks = [a_block(ONE, 6.0), a_block(TWO, 3.3), a_block(RAY, 3.6), a_block(RAY, 3.6), a_block(TWO, 3.3)]
    blocks.append(a_block(ONE, 6.0))
    of_name = {line.name: line for line in judge.judge_rates(blocks)}
    two, ray = of_name["2 workers / 1 worker"], of_name["Ray / local pool"]
    assert [two.value, ray.value] == pytest.approx([6.0 / 3.3, 3.3 / 3.6])
    assert [two.at_least, ray.at_least] == [1.8, 0.9]
    assert two.passed
    assert ray.passed
    assert of_name["differing answers"].passed
    assert blocks[0].busy == 1.0
    slower = [a_block(ONE, 6.0), a_block(TWO, 3.4)]
    assert [line.passed for line in judge.judge_rates(slower) if line.at_least] == [False]


def test_answers_that_differ_are_counted() -> None:
    blocks = [a_block(ONE, 1.0, {"a": "x", "b": "y", "c": ""}), a_block(TWO, 1.0, {"a": "x", "b": "z", "c": "w"})]
    assert rates.differing(blocks) == ["b"]  # where the time ran out, nothing can be said


def test_makespan() -> None:
    assert rates.makespan([1.0, 1.0, 4.0], 2) == 5.0
    assert rates.makespan([4.0, 1.0, 1.0], 2) == 4.0
    assert rates.makespan([4.0, 1.0, 1.0], 1) == 6.0


def test_growth_of_memory() -> None:
    done = tuple(range(0, 5001, 100))
    flat = Memory(name="", done=done, parent_mib=(40.0,) * 51, workers_mib=tuple(0.01 * n for n in done))
    parent, workers = judge.judge_memory(flat)
    assert (parent.value, parent.passed) == (0.0, True)
    assert workers.value == pytest.approx(0.01 * 3400, rel=0.05)
    assert not workers.passed


def test_a_process_is_watched_with_its_children(tmp_path: Path) -> None:
    results = tmp_path / "RUN" / "results.jsonl"
    body = (
        "import pathlib, subprocess, sys, time;"
        f"path = pathlib.Path({str(results)!r}); path.parent.mkdir(); path.write_text('1\\n2\\n');"
        "subprocess.run([sys.executable, '-c', 'import time; x = bytearray(60_000_000); time.sleep(1.2)'])"
    )
    took = watch([sys.executable, "-c", body], results)
    assert took.wall_s > 1.2
    assert took.samples[-1].done == 2
    assert max(sample.workers_mib for sample in took.samples) > 55.0
    assert max(sample.parent_mib for sample in took.samples) < 40.0
    with pytest.raises(RuntimeError, match="exit here"):
        watch([sys.executable, "-c", "raise SystemExit('exit here')"], results)


def test_proportional_memory_of_nobody() -> None:
    assert watched.proportional_mib(2**22 + 1) == 0.0


@pytest.mark.slow
def test_patterns_are_made_once_and_batches_of_them_run(tmp_path: Path) -> None:
    files = make_patterns(tmp_path / "patterns", 2, source=SYNTHETIC, seed=1)
    before = [path.stat().st_mtime_ns for path in files]
    assert make_patterns(tmp_path / "patterns", 2, source=SYNTHETIC, seed=1) == files
    assert [path.stat().st_mtime_ns for path in files] == before
    template = tmp_path / "template.json"
    template.write_text(json.dumps(failed_document("x", ["nothing"], settings=Settings().as_dict(), seed=0)))
    took = run_canned(template, tmp_path / "RUN", 5, "read", files)
    assert took.samples
    lines = (tmp_path / "RUN" / "results.jsonl").read_text().splitlines()
    assert {json.loads(line)["id"] for line in lines} == {f"{n:06d} {files[n % 2].name}" for n in range(5)}
    run_canned(template, tmp_path / "plain.jsonl", 5, "nothing", files)
    assert len((tmp_path / "plain.jsonl").read_text().splitlines()) == 5


def test_document_and_picture(tmp_path: Path) -> None:
    blocks = [a_block(ONE, 6.0), a_block(TWO, 3.0)]
    memory = Memory(name="x", done=(1, 2, 3), parent_mib=(4.0, 4.0, 4.0), workers_mib=(9.0, 9.0, 9.0))
    content = report.as_document({"out": tmp_path}, judge.judge_rates(blocks), blocks, memory)
    report.write_json(content, tmp_path / "out.json")
    again = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert again["blocks"][0]["rate"] == 0.5
    assert {line["name"]: line["passed"] for line in again["lines"]}["2 workers / 1 worker"] is True
    report.draw(blocks, memory, tmp_path / "out.png")
    report.draw(blocks, None, tmp_path / "without.png")
    assert (tmp_path / "out.png").stat().st_size > 5000
