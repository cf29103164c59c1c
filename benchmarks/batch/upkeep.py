"""What a batch costs beside the searches: memory as it grows long, keeping state, going on with what is finished."""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.batch.canned import Work
from benchmarks.batch.watched import Watched, watch

REPEATS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Memory (PSS, MiB) of the parent and of all workers together, against the number of patterns done."""

    name: str
    done: tuple[int, ...]
    parent_mib: tuple[float, ...]
    workers_mib: tuple[float, ...]

    def growth(self, first: int) -> tuple[float, float]:
        """Return by how much (MiB) parent and workers grew from about the *first* pattern up to the last."""
        last = self.done[-1]
        early = [place for place, done in enumerate(self.done) if first <= done <= first + 0.15 * (last - first)]
        late = [place for place, done in enumerate(self.done) if done >= last - 0.15 * (last - first)]
        parent, workers = (
            statistics.median(values[place] for place in late) - statistics.median(values[place] for place in early)
            for values in (self.parent_mib, self.workers_mib)
        )
        return parent, workers


def run_canned(template: Path, out: Path, n: int, work: Work, files: Sequence[Path]) -> Watched:
    """Run a batch of *n* inputs without searches, in a process of its own; go on where *out* is there."""
    command = [sys.executable, "-m", "benchmarks.batch.canned", str(template), str(out), str(n), work]
    results = out.with_name(out.name + ".partial") if out.suffix == ".jsonl" else out / "results.jsonl"
    return watch([*command, *map(str, files)], results)


def write_template(results: Path, path: Path) -> None:
    """Write the first document of a finished batch."""
    with open(results, encoding="utf-8") as lines:
        path.write_text(json.dumps(json.loads(lines.readline())), encoding="utf-8")


def memory_of_long_batch(template: Path, folder: Path, n: int, files: Sequence[Path]) -> Memory:
    """Run a long batch that only reads its files, and return its memory."""
    run = folder / "long"
    watched = run_canned(template, run, n, "read", files)
    shutil.rmtree(run)
    samples = [sample for sample in watched.samples if 0 < sample.done < n]  # while all workers are there
    return Memory(
        name="files are only read",
        done=tuple(sample.done for sample in samples),
        parent_mib=tuple(sample.parent_mib for sample in samples),
        workers_mib=tuple(sample.workers_mib for sample in samples),
    )


def cost_of_state(template: Path, folder: Path, n: int, files: Sequence[Path]) -> tuple[float, float, float]:
    """Return what *n* inputs without work take in a RUN folder, in a plain file, and when the RUN is finished (s)."""
    in_run, in_file, again = [], [], []
    for number in range(REPEATS):
        run = folder / f"state {number}"
        in_run.append(run_canned(template, run, n, "nothing", files).wall_s)
        in_file.append(run_canned(template, folder / "plain.jsonl", n, "nothing", files).wall_s)
        again.append(run_canned(template, run, n, "nothing", files).wall_s)
    return statistics.median(in_run), statistics.median(in_file), statistics.median(again)
