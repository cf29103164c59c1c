"""The command line as a process of its own, with the real search."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
SILICON = [28.4409, 47.3003, 56.1193, 69.1261, 76.3718, 88.0247, 94.9463, 106.7009]
"""Lines of silicon for Cu Kα1, from a = 5.4311946 Å (SRM 640c)."""


def hybrid_index(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from hybrid_index.cli import main; main()", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture
def silicon(tmp_path: Path) -> Path:
    path = tmp_path / "silicon.csv"
    path.write_text("# wavelength 1.5405929\ntwo_theta\n" + "\n".join(map(str, [*SILICON, SILICON[0]])))
    return path


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    x = np.arange(5.0, 80.0, 0.02)
    path = tmp_path / "noise.xy"
    np.savetxt(path, np.column_stack([x, np.random.default_rng(3).poisson(400.0, x.size)]), fmt="%.2f")
    return path


def test_silicon(silicon: Path, tmp_path: Path) -> None:
    done = hybrid_index("index", silicon, "--budget", 60, "--json", "--plot", "si.png", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    content = json.loads(done.stdout)
    best = content["solutions"][0]
    assert content["n_peaks"] == 8
    assert best["bravais_lattice"] == "cF"
    assert best["cell"]["a"] == pytest.approx(5.4312, abs=0.002)
    assert best["n_indexed"] == 8
    assert (tmp_path / "si.png").stat().st_size > 10_000


def test_silicon_refined(silicon: Path, tmp_path: Path) -> None:
    done = hybrid_index(
        "refine", silicon, "--cell", 5.43, "--bravais", "cF", "--fix-zero", 0, "--json", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (solution,) = json.loads(done.stdout)["solutions"]
    assert solution["cell"]["a"] == pytest.approx(5.4312, abs=0.001)
    assert solution["zero_shift_deg"] == 0.0


def test_noise_is_not_found(noise: Path, tmp_path: Path) -> None:
    done = hybrid_index("index", noise, "-w", "CuKa", "--budget", 2, "--plot", "noise.png", folder=tmp_path)
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert "No trusted cell was found" in done.stdout
    assert "Traceback" not in done.stderr


def test_batch(silicon: Path, noise: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "list.jsonl"
    entries: list[dict[str, Any]] = [
        {"id": "inline", "wavelength": 1.5405929, "two_theta": SILICON, "intensity": [100.0] * 8},
        {"id": "no wavelength", "two_theta": SILICON},
        {"id": "too short", "wavelength": "CuKa1", "two_theta": SILICON[:3]},
        {"id": "impossible", "wavelength": -1, "two_theta": SILICON},
        {"id": "noise", "file": "noise.xy", "wavelength": "CuKa"},
        {"id": "gone", "file": "gone.xy"},
    ]
    manifest.write_text("\n".join(json.dumps(entry) for entry in entries) + "\n{\n")
    done = hybrid_index(
        "batch", "list.jsonl", silicon, "--out", "out.jsonl", "--workers", 2, "--budget", 60, folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "8 inputs: " in done.stderr
    assert "5 failed, 1 not_found" in done.stderr
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["schema"] for line in lines} == {"hybrid-index/result/1"}
    found = ("solved", "ambiguous")  # the lines of diamond-like silicon fit other lattices too
    status = ["found" if line["status"] in found else line["status"] for line in lines]
    assert status == ["found", *["failed"] * 3, "not_found", *["failed"] * 2, "found"]
    assert [line["id"] for line in lines[:6]] == [entry["id"] for entry in entries]
    for line, words in zip(lines, ["", "wavelength", "5", "-1 Å", "", "gone.xy", "not valid JSON", ""], strict=True):
        if line["status"] == "failed":
            assert words in line["reasons"][0]


def test_batch_that_cannot_be_written(silicon: Path, tmp_path: Path) -> None:
    done = hybrid_index("batch", silicon, "--out", "missing/out.jsonl", folder=tmp_path)
    assert done.returncode == 1
    assert "missing/out.jsonl: cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    done = hybrid_index("batch", "*.nothing", "--out", "out.jsonl", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "no file matches" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
