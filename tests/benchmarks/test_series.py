from __future__ import annotations

import numpy as np
import pytest

from benchmarks.series.__main__ import go_through, summary
from benchmarks.series.heating import TRANSITIONS_K, heating_run, shares_at
from hybrid_index.config import Settings


def test_phases_take_over_from_one_another() -> None:
    assert shares_at(300.0) == {0: 1.0}
    assert shares_at(TRANSITIONS_K[0]) == pytest.approx({0: 0.5, 1: 0.5})
    assert set(shares_at(TRANSITIONS_K[1])) == {1, 2}
    assert shares_at(1100.0) == {2: 1.0}


def test_a_run_is_that_of_its_seed() -> None:
    first, again = heating_run(3, seed=4), heating_run(3, seed=4)
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.peaks.two_theta_deg, other.peaks.two_theta_deg)
    cells = [step.phases[0].at(step.kelvin).cell for step in first]
    growth = np.array(cells[-1].parameters[:3]) / np.array(cells[0].parameters[:3]) - 1.0
    assert np.allclose(growth, 800.0 * first[0].phases[0].expansion)


def test_both_ways_are_counted() -> None:
    rows = go_through(heating_run(7, seed=2)[2:5], Settings(budget_s=1.0))
    figures = summary(rows)
    assert figures["patterns"] == 3
    assert figures["with_right"] >= figures["without_right"] >= 2
    assert sum(figures["relations"].values()) == 3
    assert figures["without_total_s"] > 0.0
