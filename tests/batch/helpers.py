"""What the tests of batches share: inputs, results in a comparable form, processes that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hybrid_index.batch import BatchItem, Outcome
from hybrid_index.batch.executors import Solve
from hybrid_index.batch.identity import examine
from hybrid_index.batch.work import answer
from hybrid_index.config import Settings

ROOT = Path(__file__).resolve().parents[2]


class Inline:
    """An executor without processes, for tests of what a batch remembers."""

    capacity = 2

    def __init__(self, solve: Solve, settings: Settings) -> None:
        self._solve, self._settings = solve, settings
        self._waiting: list[tuple[str, BatchItem]] = []

    def submit(self, key: str, item: BatchItem) -> None:
        self._waiting.append((key, item))

    def completed(self) -> list[Outcome]:
        if not self._waiting:
            return []
        key, item = self._waiting.pop()
        facts = examine(item)
        return [Outcome(key=key, ending="done", document=answer(item, self._settings, self._solve), facts=facts)]

    def close(self) -> None:
        self._waiting.clear()


def items_of(*names: str) -> list[BatchItem]:
    return [BatchItem(id=name, two_theta=(1.0 + place,)) for place, name in enumerate(names)]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def results_of(run: Path) -> dict[str, dict[str, Any]]:
    """Return the documents of a RUN by id, without what hangs on the clock; none twice."""
    lines = lines_of(run / "results.jsonl")
    found = {line["id"]: {**line, "timing_s": None} for line in lines}
    assert len(found) == len(lines)
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, "waited for a minute"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.02)


def _heed_interrupts() -> None:
    """Undo what a shell does to jobs in the background: a test that runs in one must still be interruptible."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start_script(script: Path, body: str) -> subprocess.Popen[str]:
    """Start a Python process, a group of its own, that runs *body*."""
    script.write_text(
        "from hybrid_index.batch import *\n"
        "from tests.batch.helpers import *\n"
        "from tests.batch import solvers\n"
        "if __name__ == '__main__':\n" + textwrap.indent(textwrap.dedent(body), "    ")
    )
    return subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
    )


def uxd_scans(path: Path, *, n: int = 3) -> None:
    """Write a file of several scans."""
    parts = ["_FILEVERSION=1\n_SAMPLE='x'\n_WL1 = 1.5406\n"]
    for number in range(n):
        rows = "\n".join(f"{10.0 + 0.02 * i:.2f} {(i * 7 + number) % 13 + 1}" for i in range(60))
        parts.append(f"; Data for range {number + 1}\n_DRIVE='COUPLED'\n_STEPSIZE=0.02\n_2THETACOUNTS\n{rows}\n")
    path.write_text("".join(parts))
