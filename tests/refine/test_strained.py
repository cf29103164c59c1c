from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, metric_subspace
from hybrid_index.race import HINT_SLACK_DEG
from hybrid_index.refine.lines import line_data
from hybrid_index.refine.solving import solve_candidates
from hybrid_index.refine.strained import SHEAR, STRAINS, strained_starts
from hybrid_index.types import Candidate
from tests.synthetic import TYPICAL, constrained, is_lattice, line_list

NUMBERS = {"c": 11, "t": 49, "h": 49, "o": 27, "m": 29, "a": 33}


def hint(lattice: BravaisLattice) -> Candidate:
    return Candidate(bravais_lattice=lattice, metric=TYPICAL[lattice].metric, source="series")


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_starts_keep_the_symmetry(lattice: BravaisLattice) -> None:
    starts = strained_starts(hint(lattice))
    assert len(starts) == NUMBERS[lattice.value[0]]
    assert np.array_equal(starts[0].metric, TYPICAL[lattice].metric)
    space = metric_subspace(lattice)
    metrics = np.array([start.metric for start in starts])
    assert np.allclose(space @ np.linalg.pinv(space) @ metrics.T, metrics.T, atol=1e-12)
    edges = np.array([Cell.from_metric(metric).parameters[:3] for metric in metrics])
    change = edges / np.array(TYPICAL[lattice].parameters[:3]) - 1.0
    assert np.abs(change).max() == pytest.approx(STRAINS[3][-1], abs=SHEAR)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_a_lattice_that_has_changed_by_two_percent_is_found(lattice: BravaisLattice) -> None:
    rng = np.random.default_rng(5)
    for _ in range(4):
        edges = np.array(TYPICAL[lattice].parameters[:3]) * (1.0 + rng.uniform(-0.02, 0.02, 3))
        angles = np.array(TYPICAL[lattice].parameters[3:]) + rng.uniform(-0.8, 0.8, 3)
        cell = constrained(lattice, edges, angles)
        peaks = line_list(cell, lattice, n_lines=25, noise=rng)
        solved = [
            solve_candidates(strained_starts(hint(lattice)), line_data(peaks, Settings(), slack_deg=slack))
            for slack in HINT_SLACK_DEG
        ]
        best = max(solved, key=lambda s: float(s.evidence[0]))
        assert is_lattice(best.lattices.candidate(0), cell, lattice)
