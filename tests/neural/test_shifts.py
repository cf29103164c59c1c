from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.neural.numpy_operations import NumpyOperations
from hybrid_index.neural.shift_reader import GRID_DEG, ReaderArchitecture, Spectra, shift_scores
from hybrid_index.neural.shift_spectrum import N_KINDS, N_SHIFTS, STEP_DEG
from hybrid_index.neural.shifts import DISPLACEMENT_DEG, ShiftBelief, prior, read_shifts, shift_belief
from hybrid_index.neural.weights import ShiftReader
from hybrid_index.schedule import SHIFT_STEP_DEG, plan
from hybrid_index.types import PeakList
from tests.synthetic import TYPICAL, B, line_list

SIZE = ReaderArchitecture(width=8, depth=2, reach=2)


def trusting() -> ShiftReader:
    """A reader made by hand: the score of a shift is five times the contrast of its votes."""
    size = ReaderArchitecture(width=2, depth=1, reach=1)
    weights = {name: np.zeros(shape, dtype=np.float32) for name, shape in size.shapes().items()}
    here = (2 * N_KINDS + 1) + N_KINDS  # of three neighbours the middle one, after its votes
    weights["in.weight"][0, here : here + N_KINDS] = 1.0
    weights["score.weight"][0, 0] = 5.0
    return ShiftReader(architecture=size, weights=weights)


@pytest.fixture
def reader() -> ShiftReader:
    return ShiftReader(architecture=SIZE, weights=SIZE.initial_weights(3))


@pytest.fixture
def lines() -> PeakList:
    return line_list(TYPICAL[B.OP], B.OP, n_lines=25, zero_shift_deg=0.34)


def test_a_reader_sees_as_far_as_its_layers_reach(reader: ShiftReader) -> None:
    # Without what layers know of the whole list, a vote is seen reach · (depth + 1) places away and no farther.
    weights = {n: w if ".all." not in n else np.zeros_like(w) for n, w in reader.weights.items()}
    votes = np.zeros((2, N_SHIFTS, 2 * N_KINDS + 1), dtype=np.float32)
    votes[1, 30] = 1.0
    lists = np.zeros((2, 5), dtype=np.float32)
    scores = shift_scores(NumpyOperations(), weights, SIZE, Spectra(votes, lists))
    changed = np.flatnonzero(scores[0] != scores[1])
    assert changed.min() >= 30 - SIZE.reach * (SIZE.depth + 1)
    assert changed.max() <= 30 + SIZE.reach * (SIZE.depth + 1)
    assert 30 in changed


def test_the_shift_of_a_lattice_comes_first(lines: PeakList) -> None:
    found = read_shifts(trusting(), lines, Settings(zero_limit_deg=0.5))
    assert abs(found.shift_deg[0] - 0.34) <= 0.5 * SHIFT_STEP_DEG + STEP_DEG
    assert found.probability[0] > 0.5


@pytest.mark.parametrize("limit", [0.0, 0.1, 0.5])
def test_probabilities_cover_what_the_settings_allow(reader: ShiftReader, lines: PeakList, limit: float) -> None:
    settings = Settings(zero_limit_deg=limit)
    found = read_shifts(reader, lines, settings)
    assert found.probability.sum() == pytest.approx(1.0)
    assert (np.diff(found.probability) <= 0.0).all()
    assert 0.0 in found.shift_deg
    assert np.abs(found.shift_deg).max() <= limit + DISPLACEMENT_DEG + STEP_DEG + 1e-9
    np.testing.assert_allclose(np.diff(np.sort(found.shift_deg)), SHIFT_STEP_DEG)  # no gap that searches cannot bridge
    belief = shift_belief(reader, lines, settings)
    assert belief.probability.sum() == pytest.approx(1.0)
    beyond = np.abs(belief.shift_deg) > limit + DISPLACEMENT_DEG + 1e-9
    assert belief.probability[beyond].max(initial=0.0) == 0.0


def test_what_a_belief_covers() -> None:
    belief = ShiftBelief(shift_deg=np.array([-0.02, 0.0, 0.02, 0.04]), probability=np.array([0.1, 0.6, 0.25, 0.05]))
    assert belief.best_deg == pytest.approx((0.6 * 0.0 + 0.25 * 0.02 - 0.1 * 0.02) / 0.95)
    assert [belief.covers(x, 0.5) for x in belief.shift_deg] == [False, True, False, False]
    assert [belief.covers(x, 0.8) for x in belief.shift_deg] == [False, True, True, False]
    assert belief.esd_deg == pytest.approx(np.sqrt(0.1 * 0.0004 + 0.25 * 0.0004 + 0.05 * 0.0016 - 0.005**2))


def test_small_shifts_are_likelier_before_any_line_is_read() -> None:
    known = prior(GRID_DEG, Settings(zero_limit_deg=0.5), 1.0)
    assert known.sum() == pytest.approx(1.0)
    assert known.argmax() == N_SHIFTS // 2
    np.testing.assert_allclose(known, known[::-1])
    assert known[np.abs(GRID_DEG) <= 0.05].sum() > 0.4


def test_a_fixed_shift_is_not_read(lines: PeakList) -> None:
    stages = list(plan(lines, Settings(fix_zero_shift_deg=0.1)))
    assert {stage.zero_shift_deg for stage in stages} == {0.0}
