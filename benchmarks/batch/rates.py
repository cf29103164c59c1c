"""Patterns a second: the same block of patterns by one worker, by two, and through Ray, in turn."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.batch.patterns import WAVELENGTH
from benchmarks.batch.watched import Watched, watch
from benchmarks.speed.process import command_line

ONE, TWO, RAY = "1 worker", "2 workers", "2 workers, Ray"
OPTIONS: Mapping[str, tuple[str, ...]] = {
    ONE: ("--workers", "1"),
    TWO: ("--workers", "2"),
    RAY: ("--workers", "2", "--engine", "ray", "--address", "local"),
}
WORKERS = {ONE: 1, TWO: 2, RAY: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """How a block of patterns was done.

    ``wall_s`` is that of the whole command; ``work_s`` runs from when the first pattern was taken up to when the last
    was done. ``seconds`` are those of the patterns, in the order in which they were done.
    """

    how: str
    watched: Watched
    work_s: float
    seconds: tuple[float, ...]
    statuses: Mapping[str, int]
    answers: Mapping[str, str]

    @property
    def rate(self) -> float:
        """Patterns a second, start of the program not counted."""
        return len(self.seconds) / self.work_s

    @property
    def busy(self) -> float:
        """Share of the time that the workers had something to do."""
        return sum(self.seconds) / (WORKERS[self.how] * self.work_s)


def do_block(patterns: Sequence[Path], how: str, folder: Path, budget_s: float) -> Block:
    """Do a block of patterns in a folder of its own, which is left as it is then."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    names = folder.with_suffix(".list.jsonl")
    names.write_text("".join(json.dumps({"file": str(path.resolve())}) + "\n" for path in patterns), encoding="utf-8")
    command = batch_command(names, folder, budget_s, OPTIONS[how])
    watched = watch(command, folder / "results.jsonl")
    with sqlite3.connect(folder / "state.sqlite") as database:
        rows = database.execute("SELECT changed_at, seconds, result FROM inputs ORDER BY changed_at").fetchall()
    database.close()
    ended, seconds, statuses = zip(*rows, strict=True)
    begun = min(when - took for when, took in zip(ended, seconds, strict=True))
    return Block(
        how=how,
        watched=watched,
        work_s=max(ended) - begun,
        seconds=seconds,
        statuses={status: statuses.count(status) for status in sorted(set(statuses))},
        answers=_answers(folder / "results.jsonl", budget_s),
    )


def batch_command(inputs: Path, folder: Path, budget_s: float, options: Sequence[str]) -> list[str]:
    """Return the command that indexes what *inputs* names."""
    settings = ("--wavelength", WAVELENGTH, "--budget", f"{budget_s:g}", "--quiet")
    return [*command_line(), "batch", str(inputs), "--out", str(folder), *settings, *options]


def has_ray() -> bool:
    """Say whether Ray is installed; asked in another process, which need not keep it loaded."""
    return subprocess.run([sys.executable, "-c", "import ray"], capture_output=True, check=False).returncode == 0


def differing(blocks: Sequence[Block]) -> list[str]:
    """Name the patterns that got different answers one way and another, searches that ran out of time left aside."""
    of_pattern: dict[str, set[str]] = {}
    for block in blocks:
        for name, answer in block.answers.items():
            of_pattern.setdefault(name, set()).add(answer)
    return [name for name, found in of_pattern.items() if len(found - {""}) > 1]


def makespan(seconds: Sequence[float], workers: int) -> float:
    """Return how long it takes if each worker that is free takes the next in the order given."""
    until = [0.0] * workers
    for took in seconds:
        until[until.index(min(until))] += took
    return max(until)


def _answers(results: Path, budget_s: float) -> dict[str, str]:
    """Return each document as text without what hangs on the clock; empty where the time ran out.

    What a search had found when its time ran out may be called solved or ambiguous; it hangs on the clock all the same.
    """
    found = {}
    with open(results, encoding="utf-8") as lines:
        for line in lines:
            document: dict[str, Any] = json.loads(line)
            spent = document["timing_s"]["search"] + document["timing_s"]["rank"]
            out_of_time = document["status"] == "budget_exhausted" or spent >= budget_s
            found[document["id"]] = "" if out_of_time else json.dumps({**document, "timing_s": None}, sort_keys=True)
    return found
