from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_index.errors import OutputError
from hybrid_index.export.training_curves import loss_parts, shares, write_training_curves

HISTORY = [
    {"step": step, "seconds": 2.0, "lattice": 3.0 / (1 + step), "shift": 0.5 - step, "right lattice": 0.1,
     "right labels": {"cubic": 0.9, "triclinic": 0.1 * step}}
    for step in range(4)
]  # fmt: skip


def test_parts_of_the_loss_are_told_from_shares() -> None:
    assert loss_parts(HISTORY[0]) == {"lattice": 3.0, "shift": 0.5}
    assert shares(HISTORY[0]) == {"right lattice": {"all": 0.1}, "right labels": {"cubic": 0.9, "triclinic": 0.0}}


@pytest.mark.parametrize("n", [1, 4])
def test_curves_are_drawn(tmp_path: Path, n: int) -> None:
    write_training_curves(HISTORY[:n], tmp_path / "progress.png", title="lines")
    assert (tmp_path / "progress.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_picture_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_training_curves(HISTORY, tmp_path / "absent" / "progress.png")
    assert not list(tmp_path.iterdir())
