from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, Cell, metric_subspace
from hybrid_index.neural.guided import guided_trials
from hybrid_index.neural.labels import FAMILY_OF_CODE, LABELLED_LINES, label_rows
from hybrid_index.neural.proposer import CHANGED, LAYERED, first_orders
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.search.pool import Pool, Prepared
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray, two_theta_from_q
from tests.synthetic import CU, TYPICAL, B, is_lattice, line_list

LIMITS = Settings()


def run_trials(
    ready: Prepared,
    lattice: B,
    rows: FloatArray,
    labels: FloatArray,
    *,
    seed: int = 1,
    n_trials: int = 100,
    capacity: int = 20,
    volume: float = LIMITS.max_volume_angstrom3,
    odds: FloatArray | None = None,
    changed: float = CHANGED,
    layered: float = 0.0,
) -> Pool:
    """Trials with labels (R, n, K) of readings that are equally likely, and lines that are equally welcome."""
    pool, w, (n_readings, n, _) = Pool(capacity), ready.windows, labels.shape
    pool.size = guided_trials(
        np.uint64(seed), n_trials, lattice.code, metric_subspace(lattice), rows,
        np.cumsum(np.full(n_readings, 1.0 / n_readings)), np.cumsum(labels, axis=-1),
        np.cumsum(np.ones((n_readings, n)), axis=1), w.q, w.q_max, (volume * lattice.lattice_points) ** -2, w.table,
        w.bins_per_q, ready.odds if odds is None else odds, pool.scores, pool.rows, first_orders(rows), changed,
        layered,
    )  # fmt: skip
    return pool


def finds(pool: Pool, ready: Prepared, cell: Cell, lattice: B) -> bool:
    """Whether the best of the trials is the true lattice."""
    best = next(pool.candidates(ready.lines, LIMITS, source="test", most=1), None)
    return best is not None and is_lattice(best, cell, lattice)


def true_rows(cell: Cell, lattice: B, peaks: PeakList) -> FloatArray:
    """Rows of the labelled lines."""
    lines = enumerate_reflections(cell.metric, lattice, float(peaks.q[-1]) * 1.01, merge_equal_q=True)
    nearest = np.abs(lines.q[None, :] - peaks.q[:LABELLED_LINES, None]).argmin(axis=1)
    return label_rows(lines.hkl[nearest], lattice).astype(np.float64)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES, ids=lambda lattice: lattice.value)
def test_a_certain_belief_finds_the_true_lattice_at_once(lattice: B) -> None:
    cell = TYPICAL[lattice]
    peaks = line_list(cell, lattice, n_lines=20)
    rows, ready = true_rows(cell, lattice, peaks), Prepared.from_peaks(peaks, LIMITS)
    pool = run_trials(ready, lattice, rows, np.eye(len(rows))[None])
    first = next(pool.candidates(ready.lines, LIMITS, source="test", most=1))
    assert FAMILY_OF_CODE[first.bravais_lattice.code] == FAMILY_OF_CODE[lattice.code]
    assert is_lattice(first, cell, lattice)


def test_labels_that_are_mostly_wrong_are_mended_one_by_one() -> None:
    cell, lattice = TYPICAL[B.AP], B.AP
    peaks = line_list(cell, lattice, n_lines=20)
    rows, ready = true_rows(cell, lattice, peaks), Prepared.from_peaks(peaks, LIMITS)
    n, right = len(rows), 0.15
    labels = np.where(np.eye(n) > 0.0, right, (1.0 - right) / (n - 1))[None]

    def found(seed: int, changed: float) -> bool:
        pool = run_trials(ready, lattice, rows, labels, seed=seed, n_trials=2000, capacity=30, changed=changed)
        return finds(pool, ready, cell, lattice)

    assert all(found(seed, CHANGED) for seed in range(10))
    assert sum(found(seed, 0.0) for seed in range(10)) <= 5


def test_a_short_axis_is_found_that_no_label_tells() -> None:
    cell, lattice = Cell(a=27.0, b=27.0, c=3.5, gamma=120.0), B.HP
    plane = [(1, 1), (2, 0), (2, 1), (2, 2), (3, 1), (4, 0), (3, 2), (4, 1), (3, 3), (4, 2)]
    hkl = np.array([(h, k, 0) for h, k in plane] + [(h, k, 1) for h, k in ((0, 0), (1, 0), (1, 1), (2, 0), (2, 1))])
    rows = label_rows(hkl, lattice).astype(np.float64)
    q = rows @ cell.metric[[0, 2]]
    hkl, rows, q = (x[np.argsort(q)] for x in (hkl, rows, q))
    peaks = PeakList.from_positions(two_theta_from_q(q, CU.wavelength_angstrom), radiation=CU, two_theta_esd_deg=0.01)
    ready = Prepared.from_peaks(peaks, LIMITS)
    n = int(np.argmax(hkl[:, 2] > 0))
    labels = np.eye(len(rows))[None, :n]  # those of the plane are known, others cannot be said
    assert not finds(run_trials(ready, lattice, rows, labels, n_trials=2000), ready, cell, lattice)
    assert finds(run_trials(ready, lattice, rows, labels, n_trials=2000, layered=LAYERED), ready, cell, lattice)


def test_first_orders_are_single_parameters() -> None:
    rows = np.array([[1.0, 1.0], [0.0, 1.0], [4.0, 0.0], [1.0, 0.0], [1.0, -1.0]])
    np.testing.assert_array_equal(first_orders(rows), [1, 3])


def test_labels_of_different_readings_are_not_mixed() -> None:
    peaks = line_list(TYPICAL[B.OP], B.OP, n_lines=10)
    rows = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 4.0, 0.0], [0.0, 0.0, 4.0]])
    # Lines two and three are both first orders, or both second.
    readings = np.array([np.eye(5)[[0, 1, 2]], np.eye(5)[[0, 3, 4]]])
    ready = Prepared.from_peaks(peaks, LIMITS)
    pool = run_trials(ready, B.OP, rows, readings, n_trials=50, volume=1e6, odds=np.ones_like(ready.odds))
    found = {tuple(row) for row in pool.rows[: pool.size, :3]}
    q = ready.windows.q
    assert found == {tuple(q[:3]), tuple(q[:3] / [1.0, 4.0, 4.0])}


def test_volumes_beyond_the_limit_are_not_tried() -> None:
    peaks = line_list(TYPICAL[B.CP], B.CP, n_lines=10)
    ready, rows, labels = Prepared.from_peaks(peaks, LIMITS), np.array([[1.0]]), np.ones((1, 1, 1))
    volume = TYPICAL[B.CP].volume
    assert run_trials(ready, B.CP, rows, labels, n_trials=10, volume=1.01 * volume).size == 1
    assert run_trials(ready, B.CP, rows, labels, n_trials=10, volume=0.99 * volume).size == 0
