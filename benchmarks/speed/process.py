"""One fresh process: how long it takes from start to end, and what it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CORES = 2
_LAUNCHER = Path(__file__).with_name("launch.py")
_MIB = 2.0**20
_RSS_UNIT = 1.0 if sys.platform == "darwin" else 1024.0
"""Bytes in what ``getrusage`` counts memory in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a process took: wall and processor time (s), peak resident memory (MiB); its exit code and texts."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    code: int
    stdout: str
    stderr: str


def command_line() -> tuple[str, ...]:
    """The installed command beside this Python, or the same by way of Python."""
    script = Path(sys.executable).with_name("hybrid-index")
    if script.exists():
        return (str(script),)
    return (sys.executable, "-c", "from hybrid_index.cli import main; main()")


def keep_to_cores(n: int = CORES) -> int:
    """Confine this process and its children to *n* cores where the system can; return how many they have."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:n])
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a timed process: as it is, but bytecode is kept, as in any installation that is used twice."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **(extra or {})}


def run(arguments: Sequence[str], *, env: Mapping[str, str] | None = None) -> Run:
    """Run ``hybrid-index`` with *arguments* in a fresh process, *env* added to :func:`environment`."""
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.json"
        launch = (sys.executable, "-I", "-S", str(_LAUNCHER), str(record))
        done = subprocess.run(
            [*launch, *command_line(), *arguments], capture_output=True, env=environment(env), check=False
        )
        took = json.loads(record.read_text(encoding="utf-8"))
    return Run(
        wall_s=took["wall_s"],
        cpu_s=took["cpu_s"],
        peak_mib=took["max_rss"] * _RSS_UNIT / _MIB,
        code=done.returncode,
        stdout=done.stdout.decode("utf-8", "replace"),
        stderr=done.stderr.decode("utf-8", "replace"),
    )
