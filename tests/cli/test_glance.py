from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def test_what_the_networks_see_in_lines(run: Run, peak_file: Path) -> None:
    done = run("glance", peak_file)
    assert done.exit_code == 0, done.stderr
    assert "Crystal system: orthorhombic" in done.stdout
    assert "oP" in done.stdout
    assert "Cell found" in done.stdout
    assert f"hybrid-index index {peak_file}" in done.stdout.replace("\n", "")


def test_document(run: Run, pattern_file: Path) -> None:
    done = run("glance", pattern_file, "-w", "CuKa1", "--json")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["schema"] == "hybrid-index/glance/1"
    assert len(said["lattices"]) == 14
    assert next(iter(said["crystal_systems"])) == "orthorhombic"
    assert abs(said["shift_deg"]) < 0.1
    assert all(0.0 <= line["foreign"] <= 1.0 for line in said["lines"])
    assert said["lattices"][0]["volume"] == pytest.approx(318.0, rel=0.02)
    cell = said["cells"][0]
    assert cell["bravais_lattice"] == "oP"
    assert cell["probability"] > 0.5
    assert sorted(cell["cell"].values()) == pytest.approx([5.398, 6.959, 8.482, 90.0, 90.0, 90.0], rel=0.005)
    assert 0.0 < cell["cell_esd"]["a"] < 0.02


def test_a_line_that_is_left_out_is_not_looked_at(run: Run, peak_file: Path) -> None:
    before, after = (
        json.loads(run("glance", peak_file, "--json", *drop).stdout)["lines"] for drop in ((), ("--drop-peak", 20.8))
    )
    assert {line["two_theta"] for line in after} != {line["two_theta"] for line in before}


def test_a_pattern_without_a_wavelength_is_refused(run: Run, pattern_file: Path) -> None:
    done = run("glance", pattern_file)
    assert done.exit_code == 2
    assert "--wavelength" in done.stderr
