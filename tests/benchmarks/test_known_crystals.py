from __future__ import annotations

from pathlib import Path

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
