from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from hybrid_index.neural.network import Architecture
from hybrid_index.neural.shift_reader import ReaderArchitecture
from hybrid_index.training import batches
from hybrid_index.training.config import Recipe


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One thread, and labels from a few thousand lists."""
    monkeypatch.setattr(batches, "_VOCABULARY_LISTS", 4000)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tiny_lines() -> Recipe:
    size = Architecture(width=8, heads=2, depth=1, depth_given=1, pair_width=4, labels=(20, 30, 30, 40, 40, 50))
    return _tiny("lines", size)


@pytest.fixture
def tiny_shifts() -> Recipe:
    return _tiny("shifts", ReaderArchitecture(width=6, depth=1, reach=1))


@pytest.fixture(params=["lines", "shifts"])
def tiny(request: pytest.FixtureRequest) -> Recipe:
    recipe: Recipe = request.getfixturevalue(f"tiny_{request.param}")
    return recipe


def _tiny(subject: str, size: Architecture | ReaderArchitecture) -> Recipe:
    return Recipe(
        subject=subject,
        steps=4,
        batch=24,
        warm_up_steps=0,
        cool_down_steps=0,
        wide_steps=2,
        validate_every=2,
        checkpoint_every=100,
        validation_lists=16,
        architecture=size,
    )
