"""Running other people's executables: in a folder of their own, for a limited time, with limited output."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import Protocol

from benchmarks.peers.program import Limits, PeerCell, Result, Status
from hybrid_index.errors import InputError
from hybrid_index.types import PeakList

TIMES = "cells.json"
"""A program that is mostly loading may say here what its search alone took: ``wall_s`` and ``cpu_s``."""
_PAUSE_S = 0.005
_LONGEST_PAUSE_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How an executable is called: the words after its name, and what it reads where it asks questions."""

    arguments: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


class Adapter(Protocol):
    """What is particular to a program: one small class each."""

    @property
    def name(self) -> str:
        """Its name in tables."""
        ...

    @property
    def settings(self) -> str:
        """What it is told, in one sentence."""
        ...

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Write the input files into *folder*."""
        ...

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Read all cells from what the program wrote, best first; what it was stopped at may be cut off."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A program of the user's: how to start it, and its adapter."""

    adapter: Adapter
    command: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the program."""
        return self.adapter.name

    @property
    def settings(self) -> str:
        """What it is told."""
        return self.adapter.settings

    def prepare(self) -> None:
        """Nothing: starting is part of what it does."""

    def index(self, peaks: PeakList, limits: Limits) -> Result:
        """Write, run and parse in a temporary folder that is removed afterwards."""
        with tempfile.TemporaryDirectory(prefix="peer-") as name:
            folder = Path(name)
            call = self.adapter.write(peaks, folder, limits)
            finished = run_limited((*self.command, *call.arguments), call.answers, folder, limits)
            finished = with_own_times(finished, folder / TIMES)
            try:
                cells = tuple(self.adapter.parse(folder, finished.stdout))
            except (ValueError, KeyError, IndexError, InputError) as error:
                return finished.result((), status="failed", note=f"output not understood: {error}")
        return finished.result(cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A process that has ended or was ended."""

    stdout: str
    wall_s: float
    cpu_s: float
    code: int
    stopped: Status | None

    def result(self, cells: tuple[PeerCell, ...], *, status: Status | None = None, note: str = "") -> Result:
        """Result with these cells; an error of a program that gave cells is no failure, some always end with one."""
        if status is None:
            status = self.stopped or ("answered" if cells else "no answer" if self.code == 0 else "failed")
        if status == "failed" and not note:
            lines = self.stdout.strip().splitlines()
            note = f"exit code {self.code}" + (f": {lines[-1][:200]}" if lines else "")
        return Result(status=status, cells=cells, wall_s=self.wall_s, cpu_s=self.cpu_s, note=note)


def run_limited(command: Sequence[str], answers: Sequence[str], folder: Path, limits: Limits) -> Finished:
    """Run a command in *folder* until it ends, its time is up, or it has written too much; then end all it started."""
    questions, output = folder / ".answers", folder / ".stdout"
    questions.write_text("".join(f"{answer}\n" for answer in answers), encoding="utf-8")
    start = time.perf_counter()
    with questions.open("rb") as stdin, output.open("wb") as stdout:
        try:
            process = Popen(
                command,
                cwd=folder,
                stdin=stdin if answers else DEVNULL,
                stdout=stdout,
                stderr=STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return Finished(stdout=f"{command[0]}: {error.strerror}", wall_s=0.0, cpu_s=0.0, code=127, stopped=None)
        stopped, code, cpu_s = _watch(process, folder, start, limits)
    text = output.read_bytes()[: limits.output_bytes].decode("utf-8", "replace")
    return Finished(stdout=text, wall_s=time.perf_counter() - start, cpu_s=cpu_s, code=code, stopped=stopped)


def with_own_times(finished: Finished, path: Path) -> Finished:
    """Return the process with the times that it wrote itself, if it did."""
    if not path.exists():
        return finished
    times = json.loads(path.read_text(encoding="utf-8"))
    return replace(finished, wall_s=float(times["wall_s"]), cpu_s=float(times["cpu_s"]))


def read_outputs(folder: Path, *suffixes: str) -> str:
    """All that a program wrote into files with these suffixes (any case), in the order of their names."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


def _watch(process: Popen[bytes], folder: Path, start: float, limits: Limits) -> tuple[Status | None, int, float]:
    """Wait for a process; return why it was stopped, its exit code, and its processor seconds."""
    pause = _PAUSE_S
    stopped: Status | None = None
    try:
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.perf_counter() - start > limits.seconds:
                stopped = "timed out"
            elif _written(folder) > limits.output_bytes:
                stopped = "too much output"
            if stopped:
                _end(process)
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(pause)
            pause = min(2.0 * pause, _LONGEST_PAUSE_S)
    finally:
        _end(process)
    process.returncode = os.waitstatus_to_exitcode(status)
    return stopped, process.returncode, usage.ru_utime + usage.ru_stime


def _written(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):  # a scratch file may vanish meanwhile
            total += path.lstat().st_size
    return total


def _end(process: Popen[bytes]) -> None:
    """End the whole group that the process started, which has its number."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
