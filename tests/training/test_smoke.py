from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hybrid_index.errors import HybridIndexError
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.weights import Network, ShiftReader
from hybrid_index.training import smoke
from hybrid_index.training.batches import common_labels
from hybrid_index.training.config import Recipe
from hybrid_index.training.loop import LESSONS

CPU = torch.device("cpu")
SMALL = smoke.SmokeSize(steps=12, batch=32, validation_lists=64, width=16)


def test_numpy_and_torch_say_the_same(tiny: Recipe) -> None:
    lesson, size = LESSONS[tiny.subject](tiny), tiny.architecture
    weights, trained = lesson.initial_weights(), None
    if isinstance(size, Architecture):
        trained = Network(architecture=size, vocabulary=common_labels(size.labels, tiny.seed), weights=weights)
    off = smoke.difference(trained or ShiftReader(architecture=size, weights=weights), lesson.batch(0))  # type: ignore[arg-type]
    assert off < 2e-5


def test_what_is_not_proved_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "AGREEMENT", 0.0)
    with pytest.raises(HybridIndexError, match="shifts: numpy and torch differ by"):
        list(smoke.prove("shifts", tmp_path / "a", device=CPU, size=SMALL))
    monkeypatch.setattr(smoke, "loss_parts", lambda entry: {"shift": 1.0})
    with pytest.raises(HybridIndexError, match="shifts: loss of shift did not fall"):
        list(smoke.prove("shifts", tmp_path / "b", device=CPU, size=SMALL))
    with pytest.raises(HybridIndexError, match="holds a run already"):
        list(smoke.prove("shifts", tmp_path / "b", device=CPU, size=SMALL))
