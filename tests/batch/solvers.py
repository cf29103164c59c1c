"""What the workers do in these tests (a module of its own, because worker processes import it)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from hybrid_index.batch import BatchItem
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.export import failed_document
from hybrid_index.io import read


def solve(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Do what the name of the item says."""
    match item.id.split(":"):
        case ["slow", *_]:
            time.sleep(0.4)
        case ["bad", *_]:
            raise InputError("cannot be read", source=item.id)
        case ["broken", *_]:
            raise ZeroDivisionError("division by zero")
        case ["deadly", *_]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["leaving", *_]:
            os._exit(7)
        case ["hungry", *_]:
            _eat(900)
        case ["forking", path]:
            # The child keeps all pipes of its parent open, and would do so for a minute.
            if (child := os.fork()) == 0:
                time.sleep(60.0)
            Path(path).write_text(str(child))
            os.kill(os.getpid(), signal.SIGKILL)
        case ["once", path]:
            if not Path(path).exists():
                Path(path).touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case ["hanging", path]:
            helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            with open(path, "a", encoding="utf-8") as handle:
                handle.write(f"{os.getpid()} {helper.pid}\n")
            time.sleep(60.0)
    threads = os.environ.get("NUMBA_NUM_THREADS")
    return {**failed_document(item.id, []), "status": "solved", "seed": settings.seed, "threads": threads}


def read_only(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Read the file, and tell its source."""
    return {**failed_document(item.id, []), "status": "solved", "source": read(item.file).source}


def steady(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Take 20 ms, and give a document that hangs on the content of the item."""
    time.sleep(0.02)
    return at_once(item, settings)


def at_once(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Give a document that hangs on the content of the item."""
    content = sum(item.two_theta)
    return {**failed_document(item.id, [f"sum {content:.6f}"] * 40), "status": "solved", "seed": settings.seed}


def in_turn(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Give a cell that hangs on the content of the item and on what the one before has left; "bad" ones give none."""
    if item.id.startswith("bad"):
        raise InputError("cannot be read", source=item.id)
    assert item.place is not None
    before = item.place.trusted[0].cell.a if item.place.trusted else 4.0
    a = before * (1.0 + 1e-4 * sum(item.two_theta))
    cell = {"a": a, "b": a, "c": a, "alpha": 90.0, "beta": 90.0, "gamma": 90.0}
    solution = {
        "rank": 1,
        "bravais_lattice": "cP",
        "cell": cell,
        "zero_shift_deg": 0.0,
        "displacement_mm": 0.0,
        "probability": 0.95,
        "n_indexed": 20,
        "equivalents": [],
    }
    return {**failed_document(item.id, []), "status": "solved", "n_peaks": 20, "solutions": [solution]}


def _eat(megabytes: int) -> None:
    """Take memory, and use it."""
    held = []
    for _ in range(megabytes // 10):
        held.append(bytearray(os.urandom(1000)) * 10_000)
