"""The table of windows, the odds against chance, and the heap, each against counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.refine.lines import line_data
from hybrid_index.search.windows import BINS, LineWindows, bit_count, chance_table, heap_push
from hybrid_index.types import PeakList
from tests.synthetic import CU, TYPICAL, B, line_list

HEAPS = pytest.mark.parametrize("push", [heap_push, heap_push.py_func], ids=["compiled", "python"])


def windows(peaks: PeakList, allowance_deg: float = 0.015) -> LineWindows:
    return LineWindows.from_lines(line_data(peaks, Settings(), n_lines=20), allowance_deg=allowance_deg)


def test_table_gives_the_nearest_line_within_its_window() -> None:
    found = windows(line_list(TYPICAL[B.MP], B.MP))
    grid = np.arange(BINS + 2) / found.bins_per_q
    distance = np.abs(grid[:, None] - found.q[None, :])
    inside, nearest = np.any(distance <= found.tolerance, axis=1), distance.argmin(axis=1)
    # At the edges the table may be a grid point wider, never narrower.
    assert np.all(found.table[inside] > 0)
    near_edge = np.any(distance <= found.tolerance + 1.01 / found.bins_per_q, axis=1)
    assert not found.table[~near_edge].any()
    sure = inside & (np.partition(distance, 1, axis=1)[:, 1] - distance.min(axis=1) > 1e-12)
    widths = found.tolerance[nearest] >= distance[np.arange(len(grid)), nearest]
    np.testing.assert_array_equal(found.table[sure & widths], nearest[sure & widths] + 1)


def test_windows_hold_the_stated_widths() -> None:
    peaks = line_list(TYPICAL[B.OP], B.OP, esd_deg=0.01)
    found = windows(peaks, allowance_deg=0.03)
    lines = line_data(peaks, Settings(), n_lines=20)
    np.testing.assert_allclose(found.tolerance, lines.slope * 0.05)
    assert found.q_max == pytest.approx(found.q[-1] + found.tolerance[-1])
    assert int(found.q_max * found.bins_per_q) < found.table.size


def test_two_lines_in_one_window_both_appear() -> None:
    peaks = PeakList.from_positions(np.append(np.linspace(10.0, 50.0, 12), 30.01), radiation=CU, two_theta_esd_deg=0.02)
    assert set(windows(peaks).table) == set(range(14))


class TestOdds:
    q = np.linspace(0.02, 0.3, 20)
    tolerance = np.full(20, 0.0008)

    @pytest.mark.parametrize("exponent", [1.0, 1.5])
    def test_bounds_the_binomial_tail(self, exponent: float) -> None:
        table = chance_table(self.q, self.tolerance, 60, exponent)
        for n_calc in (5, 20, 60):
            density = exponent * n_calc / self.q[-1] * (self.q / self.q[-1]) ** (exponent - 1.0)
            p = float(np.mean(1.0 - np.exp(-2.0 * self.tolerance * density)))
            for n in range(1, 21):
                tail = sum(math.comb(20, m) * p**m * (1.0 - p) ** (20 - m) for m in range(n, 21))
                assert table[n, n_calc] <= -math.log(tail) + 1e-9
                if n / 20 > p:
                    assert table[n, n_calc] > 0.0

    def test_more_lines_are_better_and_more_reflections_worse(self) -> None:
        table = chance_table(self.q, self.tolerance, 60, 1.5)
        assert np.all(np.diff(table[:, 1:], axis=0) >= 0.0)
        assert np.all(np.diff(table[:, 1:], axis=1) <= 1e-12)
        assert not table[0].any()

    def test_agrees_with_python(self) -> None:
        np.testing.assert_allclose(
            chance_table(self.q, self.tolerance, 10, 1.5), chance_table.py_func(self.q, self.tolerance, 10, 1.5)
        )


@pytest.mark.parametrize("count", [bit_count, bit_count.py_func], ids=["compiled", "python"])
def test_bit_count(count: object) -> None:
    for mask in (0, 1, 2, 3, 0b1011, 2**19, 2**20 - 1, 2**40 + 5):
        assert count(mask) == bin(mask).count("1")  # type: ignore[operator]


@HEAPS
@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 200])
def test_heap_keeps_the_best_rows(push: object, n: int) -> None:
    rng = np.random.default_rng(n)
    values = np.round(rng.uniform(0.0, 10.0, n), 1)
    scores, rows, size = np.empty(8), np.empty((8, 2)), 0
    for i, value in enumerate(values):
        size = push(scores, rows, size, value, np.array([value, float(i)]))  # type: ignore[operator]
    assert size == min(n, 8)
    np.testing.assert_array_equal(np.sort(scores[:size]), np.sort(values)[::-1][:8][::-1])
    np.testing.assert_array_equal(rows[:size, 0], scores[:size])
    assert len(set(rows[:size, 1])) == size
    if size:
        assert scores[0] == scores[:size].min()
