from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, metric_subspace
from hybrid_index.neural.guided import guided_trials
from hybrid_index.neural.labels import FAMILY_OF_CODE, LABELLED_LINES, label_rows
from hybrid_index.neural.proposer import CHANGED
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.search.pool import Pool, Prepared
from tests.synthetic import TYPICAL, B, is_lattice, line_list


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES, ids=lambda lattice: lattice.value)
def test_a_certain_belief_finds_the_true_lattice_at_once(lattice: B) -> None:
    cell = TYPICAL[lattice]
    peaks = line_list(cell, lattice, n_lines=20)
    lines = enumerate_reflections(cell.metric, lattice, float(peaks.q[-1]) * 1.01, merge_equal_q=True)
    nearest = np.abs(lines.q[None, :] - peaks.q[:LABELLED_LINES, None]).argmin(axis=1)
    rows = label_rows(lines.hkl[nearest], lattice).astype(np.float64)
    certain = np.cumsum(np.eye(len(rows)), axis=1)
    limits = Settings()
    ready, pool = Prepared.from_peaks(peaks, limits), Pool(20)
    w = ready.windows
    n = len(rows)
    pool.size = guided_trials(
        np.uint64(1), 100, lattice.code, metric_subspace(lattice), rows, np.ones(1), certain[None],
        np.cumsum(np.ones((1, n)), axis=1), w.q[:n], w.q_max,
        (limits.max_volume_angstrom3 * lattice.lattice_points) ** -2, w.table, w.bins_per_q, ready.odds, pool.scores,
        pool.rows, CHANGED,
    )  # fmt: skip
    first = next(pool.candidates(ready.lines, limits, source="test", most=1))
    assert FAMILY_OF_CODE[first.bravais_lattice.code] == FAMILY_OF_CODE[lattice.code]
    assert is_lattice(first, cell, lattice)


def test_labels_that_are_mostly_wrong_are_mended_one_by_one() -> None:
    cell, lattice = TYPICAL[B.AP], B.AP
    peaks = line_list(cell, lattice, n_lines=20)
    lines = enumerate_reflections(cell.metric, lattice, float(peaks.q[-1]) * 1.01, merge_equal_q=True)
    nearest = np.abs(lines.q[None, :] - peaks.q[:LABELLED_LINES, None]).argmin(axis=1)
    rows = label_rows(lines.hkl[nearest], lattice).astype(np.float64)
    n, right, limits = len(rows), 0.15, Settings()
    labels = np.cumsum(np.where(np.eye(n) > 0.0, right, (1.0 - right) / (n - 1)), axis=1)[None]
    ready = Prepared.from_peaks(peaks, limits)
    w = ready.windows

    def finds(seed: int, changed: float) -> bool:
        pool = Pool(30)
        pool.size = guided_trials(
            np.uint64(seed), 2000, lattice.code, metric_subspace(lattice), rows, np.ones(1), labels,
            np.cumsum(np.ones((1, n)), axis=1), w.q[:n], w.q_max, limits.max_volume_angstrom3**-2, w.table,
            w.bins_per_q, ready.odds, pool.scores, pool.rows, changed,
        )  # fmt: skip
        best = next(pool.candidates(ready.lines, limits, source="test", most=1), None)
        return best is not None and is_lattice(best, cell, lattice)

    assert all(finds(seed, CHANGED) for seed in range(10))
    assert sum(finds(seed, 0.0) for seed in range(10)) <= 5


def test_labels_of_different_readings_are_not_mixed() -> None:
    peaks = line_list(TYPICAL[B.OP], B.OP, n_lines=10)
    rows = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]])
    first, second = (
        np.eye(5)[[0, 1, 2]],
        np.eye(5)[[0, 3, 4]],
    )  # lines two and three are both first orders, or both second
    ready, pool = Prepared.from_peaks(peaks, Settings()), Pool(20)
    w = ready.windows
    always = np.ones_like(ready.odds)
    size = guided_trials(
        np.uint64(1), 50, B.OP.code, metric_subspace(B.OP), rows, np.array([0.5, 1.0]),
        np.cumsum([first, second], axis=-1),
        np.cumsum(np.ones((2, 3)), axis=1), w.q[:3], w.q_max, 1e-12, w.table, w.bins_per_q, always, pool.scores,
        pool.rows, CHANGED,
    )  # fmt: skip
    found = {tuple(row) for row in pool.rows[:size, :3]}
    assert found == {tuple(w.q[:3]), tuple(w.q[:3] / [1.0, 4.0, 4.0])}


def test_volumes_beyond_the_limit_are_not_tried() -> None:
    peaks = line_list(TYPICAL[B.CP], B.CP, n_lines=10)
    ready, pool = Prepared.from_peaks(peaks, Settings()), Pool(5)
    w, rows = ready.windows, np.array([[1.0]])
    volume = 0.99 * TYPICAL[B.CP].volume
    size = guided_trials(
        np.uint64(1), 10, B.CP.code, metric_subspace(B.CP), rows, np.ones(1), np.ones((1, 1, 1)), np.ones((1, 1)),
        w.q[:1], w.q_max, volume**-2, w.table, w.bins_per_q, ready.odds, pool.scores, pool.rows, CHANGED,
    )  # fmt: skip
    assert size == 0
