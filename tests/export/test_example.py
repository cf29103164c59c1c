"""The example goes the whole way, from the raw pattern to files of all targets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hybrid_index.export.start import target_names

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_raw_to_start_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "raw_to_start_files.py", "out"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("solved: oP")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == list(target_names())
    assert all(path.stat().st_size > 0 for path in (tmp_path / "out").rglob("*") if path.is_file())
