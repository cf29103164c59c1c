"""Run a command and write down what it took: ``python -I -S launch.py record.json command argument…``.

A process of its own, and a small one: Linux counts what a parent held when it made a process as memory of that process.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    """Return the exit code of the command, 128 and the signal where one ended it."""
    record, *command = sys.argv[1:]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)  # the usage of this child alone
    wall_s = time.perf_counter() - start
    with open(record, "w", encoding="utf-8") as out:
        json.dump({"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime, "max_rss": usage.ru_maxrss}, out)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
