from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import known_crystals
from benchmarks.accuracy.cases import known_lattices, load_structures
from hybrid_index.simulate import Crystals


def test_only_lattices_that_may_be_trained_on_are_taken(shared_data: Path) -> None:
    lattices = known_lattices(load_structures(shared_data)[::20])
    chosen = known_crystals.trainable(lattices)
    assert 0 < len(chosen) < len(lattices)
    assert all(k.half == "tune" and not k.record["matches_experimental"] for k in chosen)
    codes = {k.setting.bravais_lattice.code for k in chosen}
    made = Crystals.of(known_crystals.crystals(chosen))
    assert set(made.arrays.lattice.tolist()) <= codes
    assert 0.8 * len(chosen) < len(made) <= len(chosen)


def test_a_missing_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert known_crystals.main(["--data", str(tmp_path), "--out", str(tmp_path / "x.npz")]) == 1
    assert "--data" in capsys.readouterr().err
    assert not (tmp_path / "x.npz").exists()


def test_minerals_near_to_a_lattice_that_is_judged_by_are_left_out() -> None:
    minerals = known_lattices(
        {"id": f"m{a}", "cell": [a, a, 7.0, 90.0, 90.0, 90.0], "space_group": "P 4", "sites": []}
        for a in (4.0, 4.1, 4.5)
    )
    judged = np.array([np.diag([4.04**2, 4.04**2, 7.0**2])])
    assert [k.record["id"] for k in known_crystals.unseen(minerals, judged)] == ["m4.5"]


def test_results_are_judged_by_the_other_half_and_by_measured_patterns(shared_data: Path) -> None:
    lattices = known_lattices(load_structures(shared_data)[::20])
    judged = known_crystals.judged_lattices(lattices, shared_data)
    marked = [k for k in lattices if k.half == "report" or k.record["matches_experimental"]]
    assert len(judged) > len(marked) + 100
    assert known_crystals.unseen(marked, judged) == []
