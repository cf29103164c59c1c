from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from benchmarks.simulation.realism import Look, crystal_looks, random_looks, real_looks


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[Look]:
    return real_looks(shared_data, 300)


@pytest.mark.parametrize(("looks_of", "n"), [(random_looks, 900), (crystal_looks, 300)])
def test_what_is_drawn_looks_like_real_structures(
    real: list[Look], looks_of: Callable[[int, int], list[Look]], n: int
) -> None:
    drawn = looks_of(n, 1)
    for name, distance in (("missing20", 0.15), ("missing60", 0.2), ("n_lines", 0.15)):
        sides = [[getattr(one, name) for one in looks] for looks in (real, drawn)]
        assert stats.ks_2samp(*sides).statistic < distance, name
    levels = [np.nanmean([one.log_intensity for one in looks], axis=0) for looks in (real, drawn)]
    assert np.abs(levels[0] - levels[1])[:4].max() < 0.25
