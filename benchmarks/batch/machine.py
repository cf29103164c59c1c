"""What two processes get done on this machine, against one: no batch can do better than that."""

from __future__ import annotations

import statistics
import subprocess
import sys

REPEATS = 3
COMPUTE = "h = hashlib.sha256()\nfor _ in range(1000): h.update(block)"
MEMORY = "for _ in range(60): big[:] = other"
_PROGRAM = """
import hashlib, time
import numpy as np
block = bytes(2**20); big = np.zeros(2**23); other = np.ones(2**23)
print("ready", flush=True)
input()
start = time.monotonic()
{work}
print(time.monotonic() - start)
"""


def machine_ratio(work: str) -> float:
    """Return how many times the work of one process two get done side by side: median of alternating repeats."""
    return statistics.median(2.0 * _timed(work, 1) / _timed(work, 2) for _ in range(REPEATS))


def _timed(work: str, n: int) -> float:
    """Return the seconds that a piece of work takes when *n* processes do it at the same time: the mean."""
    program = [sys.executable, "-c", _PROGRAM.format(work=work)]
    started = [subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(n)]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return statistics.mean(float(process.communicate()[0]) for process in started)
