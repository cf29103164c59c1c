from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybrid_index.io import read_peaks

Run = Callable[..., Any]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_output_is_a_peak_list_that_can_be_read(run: Run, peak_file: Path, tmp_path: Path, form: str) -> None:
    done = run("peaks", peak_file, *(["--json"] if form == "json" else []))
    assert done.exit_code == 0, done.stderr
    again = tmp_path / f"again.{form}"
    again.write_text(done.stdout)
    before, after = read_peaks(peak_file), read_peaks(again)
    np.testing.assert_allclose(after.two_theta_deg, before.two_theta_deg, atol=1e-5)
    np.testing.assert_allclose(after.two_theta_esd_deg, before.two_theta_esd_deg, rtol=1e-3)
    np.testing.assert_allclose(after.intensity, before.intensity, rtol=1e-4)
    assert after.wavelength_angstrom == pytest.approx(before.wavelength_angstrom, rel=1e-7)


def test_lines_of_a_pattern(run: Run, pattern_file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "lines.png"
    done = run("peaks", pattern_file, "--wavelength", "CuKa1", "--plot", plot, "--json")
    assert done.exit_code == 0, done.stderr
    found = np.array(json.loads(done.stdout)["two_theta"])
    assert np.abs(found - 10.462).min() < 0.02
    assert np.abs(found - 28.912).min() < 0.05
    assert 18 <= found.size <= 30
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_edited_lines(run: Run, peak_file: Path) -> None:
    done = run("peaks", peak_file, "--drop-peak", 28.9, "--add-peak", 30.5)
    assert done.exit_code == 0, done.stderr
    assert "\n30.50000," in done.stdout
    assert "\n28.91" not in done.stdout


@pytest.mark.parametrize("form", ["csv", "json"])
def test_edited_lines_can_be_read(run: Run, pattern_file: Path, tmp_path: Path, form: str) -> None:
    edit = ("--drop-peak", 28.9, "--add-peak", 30.5, "-w", "CuKa1")
    done = run("peaks", pattern_file, *edit, *(["--json"] if form == "json" else []))
    assert done.exit_code == 0, done.stderr
    again = tmp_path / f"again.{form}"
    again.write_text(done.stdout)
    lines = read_peaks(again)
    added = int(np.abs(lines.two_theta_deg - 30.5).argmin())
    assert lines.two_theta_deg[added] == 30.5
    assert np.isnan(lines.fwhm_deg[added])
    assert np.isfinite(np.delete(lines.fwhm_deg, added)).all()
