"""Running executables: limits, failures, and programs that are not there. Small Python scripts play the programs."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.peers import registry
from benchmarks.peers.program import Absent, Limits, PeerCell
from benchmarks.peers.published import PUBLISHED
from benchmarks.peers.python_programs import FOX, RIETX, Driven
from benchmarks.peers.running import TIMES, Call, Executable, run_limited
from hybrid_index.lattice import Cell
from hybrid_index.types import PeakList

CELL = PeerCell(cell=Cell(a=5.0, b=6.0, c=7.0))


@dataclass(frozen=True)
class Scripted:
    """A program that runs a script, and gives a cell if it printed so."""

    script: str
    name: str = "scripted"
    settings: str = "none"

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        (folder / "script.py").write_text(self.script, encoding="utf-8")
        return Call(arguments=("script.py",), answers=("lines.dat",))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        if "garbage" in stdout:
            raise ValueError(stdout.strip())
        return [CELL] if "found" in stdout else []


def outcome(script: str, *, seconds: float = 20.0, output_bytes: int = 1_000_000) -> tuple[str, int, str]:
    peaks = PUBLISHED[0].case().data
    assert isinstance(peaks, PeakList)
    program = Executable(adapter=Scripted(script), command=(sys.executable,))
    result = program.index(peaks, Limits(seconds=seconds, output_bytes=output_bytes))
    return result.status, len(result.cells), result.note


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("print('found')", ("answered", 1, "")),
        ("print(input() == 'lines.dat')", ("no answer", 0, "")),
        ("import sys; print('found'); sys.exit(3)", ("answered", 1, "")),
        ("import sys; print('no such file'); sys.exit(3)", ("failed", 0, "exit code 3: no such file")),
        ("print('garbage')", ("failed", 0, "output not understood: garbage")),
    ],
)
def test_how_a_program_ends(script: str, expected: tuple[str, int, str]) -> None:
    assert outcome(script) == expected


def test_time_is_limited_and_what_was_found_counts() -> None:
    start = time.perf_counter()
    status, n_cells, _ = outcome("import time; print('found', flush=True); time.sleep(60)", seconds=1.0)
    assert (status, n_cells) == ("timed out", 1)
    assert time.perf_counter() - start < 30.0


def test_output_is_limited() -> None:
    script = "while True: print('x' * 10000, flush=True)"
    assert outcome(script, output_bytes=200_000)[0] == "too much output"


def test_children_end_with_the_program(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('child').write_text(str(child.pid)); time.sleep(60)\n"
    )
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    finished = run_limited([sys.executable, "script.py"], (), tmp_path, Limits(seconds=3.0))
    assert finished.stopped == "timed out"
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    deadline = time.perf_counter() + 10.0
    while _runs(child) and time.perf_counter() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(pid: int) -> bool:
    """Whether a process is there and no mere entry that nobody has asked for yet."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


def test_a_program_may_say_what_its_search_took() -> None:
    script = f"import pathlib; pathlib.Path('{TIMES}').write_text('{{\"wall_s\": 0.125, \"cpu_s\": 0.25}}')"
    peaks = PUBLISHED[0].case().data
    assert isinstance(peaks, PeakList)
    result = Executable(adapter=Scripted(script), command=(sys.executable,)).index(peaks, Limits())
    assert (result.wall_s, result.cpu_s) == (0.125, 0.25)


def test_an_executable_that_vanished_is_a_failure() -> None:
    peaks = PUBLISHED[0].case().data
    assert isinstance(peaks, PeakList)
    result = Executable(adapter=Scripted(""), command=("/nowhere/treor",)).index(peaks, Limits())
    assert result.status == "failed"
    assert "/nowhere/treor" in result.note


FAKE_FOX = """
import math
from types import SimpleNamespace

class PeakList:
    def set_dobs_list(self, values):
        self.values = values

def quick_index(peaks, verbose):
    assert abs(1.0 / peaks.values[0] - 7.9079) < 1e-3  # Å, of the first line
    def cell(a, letter):
        edges = SimpleNamespace(centering=SimpleNamespace(name="LATTICE_" + letter))
        edges.DirectUnitCell = lambda: (a, 6.0, 7.0, math.pi / 2, math.radians(100.0), math.pi / 2, 42.0 * a)
        return edges
    return SimpleNamespace(GetSolutions=lambda: [(cell(4.0, "P"), 11.0), (cell(5.0, "C"), 30.0)])
"""
FAKE_RIETX = """
from types import SimpleNamespace

def index_pattern(peaks, spec):
    assert (len(peaks.two_theta), spec.total_budget_seconds) == (25, 18.0)
    return SimpleNamespace(candidates=[SimpleNamespace(cell=(5.0, 6.0, 7.0, 90.0, 100.0, 90.0), centring="C")])
"""
FAKE_SCHEMAS = """
from types import SimpleNamespace

class PeakList:
    @classmethod
    def from_positions(cls, two_theta, wavelength, *, intensity, two_theta_esd):
        return SimpleNamespace(two_theta=two_theta)
"""
FAKE_ENGINES = """
from types import SimpleNamespace as SearchSpec
"""


@pytest.mark.parametrize(
    ("adapter", "modules"),
    [
        (FOX, {"pyobjcryst/__init__.py": "", "pyobjcryst/indexing.py": FAKE_FOX}),
        (
            RIETX,
            {
                "rietx/__init__.py": FAKE_RIETX,
                "rietx/schemas/indexing.py": FAKE_SCHEMAS,
                "rietx/indexing/engines.py": FAKE_ENGINES,
            },
        ),
    ],
)
def test_drivers_call_packages_of_another_python(
    adapter: Driven, modules: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in modules.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    peaks = PUBLISHED[0].case().data
    assert isinstance(peaks, PeakList)
    result = Executable(adapter=adapter, command=(sys.executable,)).index(peaks, Limits(seconds=20.0))
    assert result.status == "answered", result.note
    assert result.cells[0].cell.parameters == pytest.approx((5.0, 6.0, 7.0, 90.0, 100.0, 90.0))
    assert result.cells[0].centring == "C"


def entry(key: str) -> registry.Entry:
    return next(one for one in registry.ENTRIES if one.key == key)


def test_programs_are_found_by_option_variable_and_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "treor90"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    treor = entry("treor")
    absent = registry.find(treor, None, {})
    assert isinstance(absent, Absent)
    assert "treor90" in absent.reason
    for option, environment in ((str(program), {}), (None, {"HYBRID_INDEX_TREOR": str(program)})):
        found = registry.find(treor, option, environment)
        assert isinstance(found, Executable)
        assert found.command == (str(program),)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert isinstance(registry.find(treor, None, {}), Executable)
    assert isinstance(registry.find(treor, str(tmp_path / "wrong"), {}), Absent)


def test_a_python_without_the_package_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    fox = entry("fox")
    monkeypatch.setattr(registry, "_has_package", lambda python, package: package == "pyobjcryst")
    assert isinstance(registry.find(fox, None, {}), Executable)
    assert isinstance(registry.find(entry("rietx"), None, {}), Absent)


def test_a_program_without_its_models_is_not_there(tmp_path: Path) -> None:
    program = tmp_path / "mlindex.run"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    mlindex = entry("mlindex")
    absent = registry.find(mlindex, str(program), {"MLINDEX_MODELS_DIR": str(tmp_path / "nothing")})
    assert isinstance(absent, Absent)
    assert "models" in absent.reason
    assert isinstance(registry.find(mlindex, str(program), {"MLINDEX_MODELS_DIR": str(tmp_path)}), Executable)


def test_every_program_has_an_option() -> None:
    parser = ArgumentParser()
    registry.add_options(parser)
    arguments = parser.parse_args(["--dicvol06", "/opt/dicvol06"])
    assert arguments.dicvol06 == "/opt/dicvol06"
    found = registry.find_programs(parser.parse_args([]), {"PATH": ""})
    assert [one.name for one in found[:2]] == ["hybrid-index", "TREOR-style"]
    assert len(found) == 2 + len(registry.ENTRIES)
