"""Compiled kernels are dropped when the file of any kernel is younger."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hybrid_index.compiled import drop_stale


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Two kernel files and one without kernels, all older than what was compiled."""
    now = time.time()
    for name in ("upper/caller", "called", "upper/plain"):
        source = tmp_path / f"{name}.py"
        source.parent.mkdir(exist_ok=True)
        source.touch()
        os.utime(source, (now - 100, now - 100))
        if "plain" not in name:
            cache = source.parent / "__pycache__"
            cache.mkdir()
            for ending in ("nbi", "1.nbc"):
                compiled = cache / f"{source.stem}.run-12.py311.{ending}"
                compiled.touch()
                os.utime(compiled, (now - 50, now - 50))
    return tmp_path


def kept(package: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in package.rglob("*.nb[ic]")}


def test_nothing_is_dropped_where_nothing_changed(package: Path) -> None:
    os.utime(package / "upper" / "plain.py")
    assert drop_stale(package) == 0
    assert kept(package) == {"caller", "called"}


def test_callers_in_other_files_are_dropped_with_what_changed(package: Path) -> None:
    os.utime(package / "called.py")
    assert drop_stale(package) == 4
    assert kept(package) == set()


def test_what_was_compiled_since_stays(package: Path) -> None:
    os.utime(package / "called.py", (time.time() - 20,) * 2)
    for compiled in (package / "upper" / "__pycache__").iterdir():
        os.utime(compiled)
    assert drop_stale(package) == 2
    assert kept(package) == {"caller"}


def test_a_file_from_the_future_drops_nothing(package: Path) -> None:
    os.utime(package / "called.py", (time.time() + 3600,) * 2)
    assert drop_stale(package) == 0


_ANSWERS = """
import hashlib
import numpy as np
from hybrid_index.simulate import powder_lines
from hybrid_index.simulate.synthetic import synthetic_crystal
from tests.neural.test_guided import LIMITS, Prepared, run_trials, true_rows
from tests.synthetic import CU, TYPICAL, B, line_list

answers = [powder_lines(synthetic_crystal(np.random.default_rng(seed)), CU).intensity for seed in range(4)]
for seed in range(4):
    cell, rng = TYPICAL[B.AP], np.random.default_rng(seed)
    peaks = line_list(cell, B.AP, n_lines=20, noise=rng)
    rows = true_rows(cell, B.AP, peaks)
    pool = run_trials(
        Prepared.from_peaks(peaks, LIMITS), B.AP, rows, 0.4 * np.eye(len(rows))[None] + 0.6 / len(rows), n_trials=2000
    )
    answers += [pool.scores[: pool.size], pool.rows[: pool.size]]
print([hashlib.sha256(np.ascontiguousarray(answer).tobytes()).hexdigest()[:12] for answer in answers])
"""


def test_just_compiled_or_loaded_the_answers_are_the_same(tmp_path: Path) -> None:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    root = Path(__file__).parents[1]
    compiled, loaded = (
        subprocess.run(
            [sys.executable, "-c", _ANSWERS], env=environment, cwd=root, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    )
    assert list(tmp_path.rglob("*.nbc"))
    assert loaded == compiled
