"""A process that is watched while it works: time, processor time, memory of itself and of all below it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.process import environment

LOOK_EVERY_S = 0.5
_MIB = 2.0**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Memory (PSS, MiB) of the command and of all below it, when so many results were written."""

    done: int
    parent_mib: float
    workers_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a process took: wall and processor seconds (of its children, too), and its memory."""

    wall_s: float
    cpu_s: float
    samples: tuple[Sample, ...]


def watch(command: Sequence[str], results: Path) -> Watched:
    """Run *command*, which writes *results*, a line for each; raises :class:`RuntimeError` if it fails."""
    start = time.monotonic()
    lines = _Lines(results)
    samples: list[Sample] = []
    with (
        open(results.parent.with_suffix(".stderr"), "w+b") as errors,
        subprocess.Popen(command, stderr=errors, env=environment()) as process,
    ):
        pid, code = 0, 0
        while pid == 0:
            time.sleep(LOOK_EVERY_S if samples else 0.1)
            samples.append(_sample(process.pid, lines.count()))
            pid, code, usage = os.wait4(process.pid, os.WNOHANG)
        wall_s = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(code)
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command[:3])} …: {errors.read().decode('utf-8', 'replace')}")
    seen = tuple(sample for sample in samples if sample.parent_mib > 0.0)
    return Watched(wall_s=wall_s, cpu_s=usage.ru_utime + usage.ru_stime, samples=seen)


class _Lines:
    """Counts the lines of a file that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place = 0
        self._lines = 0

    def count(self) -> int:
        if self._path.exists():
            with open(self._path, "rb") as handle:
                handle.seek(self._place)
                while piece := handle.read(2**20):
                    self._lines += piece.count(b"\n")
                    self._place += len(piece)
        return self._lines


def _sample(pid: int, done: int) -> Sample:
    workers = sum(proportional_mib(below) for below in _descendants(pid))
    return Sample(done=done, parent_mib=proportional_mib(pid), workers_mib=workers)


def proportional_mib(pid: int) -> float:
    """Return the proportional set size of a process in MiB: what it shares counts in parts. 0 if it is no more."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024 / _MIB
    except (OSError, ValueError):
        return 0.0


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended meanwhile
        parents.setdefault(parent, []).append(int(stat.parent.name))
    below = list(parents.get(pid, ()))
    for child in below:  # grows as it goes
        below += parents.get(child, ())
    return below
