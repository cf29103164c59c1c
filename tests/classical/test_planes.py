"""Planes of the reciprocal lattice: points against counting, reduction, and planes that are known."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.classical.planes import (
    OBLIQUE,
    RECTANGULAR,
    RHOMBIC,
    find_planes,
    halved,
    plane_points,
    reduce_plane,
)
from hybrid_index.config import Settings
from hybrid_index.refine.lines import line_data
from hybrid_index.search.windows import LineWindows
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray
from tests.synthetic import CU, TYPICAL, B, line_list

KERNELS = pytest.mark.parametrize("points_of", [plane_points, plane_points.py_func], ids=["compiled", "python"])


def windows(peaks: PeakList) -> LineWindows:
    return LineWindows.from_lines(line_data(peaks, Settings(), n_lines=20), allowance_deg=0.015)


def holds(planes: FloatArray, q1: float, q2: float, r: float, kind: int, rel: float = 0.01) -> bool:
    row = np.array([q1, q2, r, float(kind)])
    reduce_plane(row)
    return any(p[3] == kind and np.all(np.abs(p[:3] - row[:3]) < rel * row[0]) for p in planes)


class TestPoints:
    @KERNELS
    @pytest.mark.parametrize(("u", "v"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5)])
    def test_oblique_plane_has_every_point_once(self, points_of: object, u: float, v: float) -> None:
        q1, q2, r, q_max = 0.011, 0.017, 0.006, 0.16
        buffer = np.empty(200)
        n = points_of(q1, q2, r, OBLIQUE, u, v, 0, q_max, buffer)  # type: ignore[operator]
        h, k = np.mgrid[-20:21, -20:21]
        x, y = h + u, k + v
        q = q1 * x * x + q2 * y * y + r * x * y
        every = np.sort(q[(q > 0.0) & (q <= q_max)])
        # Points come in pairs ±.
        np.testing.assert_allclose(np.sort(buffer[:n]), every[::2])

    @KERNELS
    @pytest.mark.parametrize(
        ("kind", "odd", "u", "v"),
        [(RECTANGULAR, 0, 0.0, 0.0), (RECTANGULAR, 0, 0.5, 0.5), (RHOMBIC, 0, 0.0, 0.0), (RHOMBIC, 1, 0.0, 0.0)],
    )
    def test_rectangle_has_one_of_each_symmetric_set(
        self, points_of: object, kind: int, odd: int, u: float, v: float
    ) -> None:
        q1, q2, q_max = 0.011, 0.017, 0.3
        buffer = np.empty(200)
        n = points_of(q1, q2, 0.0, kind, u, v, odd, q_max, buffer)  # type: ignore[operator]
        h, k = np.mgrid[0:20, 0:20]
        kept = (h + k) % 2 == odd if kind == RHOMBIC else h >= 0
        q = (q1 * (h + u) ** 2 + q2 * (k + v) ** 2)[kept]
        np.testing.assert_allclose(np.sort(buffer[:n]), np.sort(q[(q > 0.0) & (q <= q_max)]))

    def test_too_many_points_and_no_plane_are_refused(self) -> None:
        assert plane_points(1e-4, 1e-4, 0.0, OBLIQUE, 0.0, 0.0, 0, 0.3, np.empty(60)) == -1
        assert plane_points(0.01, 0.01, 0.02, OBLIQUE, 0.0, 0.0, 0, 0.3, np.empty(60)) == -1


class TestReduction:
    @pytest.mark.parametrize("reduce", [reduce_plane, reduce_plane.py_func], ids=["compiled", "python"])
    def test_reduced_plane_is_the_same_and_reduced(self, reduce: object) -> None:
        rng = np.random.default_rng(1)
        for _ in range(100):
            basis = np.array([[1.0, rng.uniform(-0.5, 0.5)], [0.0, rng.uniform(0.6, 3.0)]])
            basis = basis @ np.array([[1.0, rng.integers(-4, 5)], [0.0, 1.0]])[:: rng.choice([-1, 1])]
            gram = basis.T @ basis
            row = np.array([gram[0, 0], gram[1, 1], 2.0 * gram[0, 1], float(OBLIQUE)])
            reduce(row)  # type: ignore[operator]
            q1, q2, r = row[:3]
            assert 0.0 <= r <= q1 * (1 + 1e-9)
            assert q1 <= q2 * (1 + 1e-9)
            assert q1 * q2 - 0.25 * r * r == pytest.approx(np.linalg.det(gram), rel=1e-6)
            h, k = np.mgrid[-12:13, -12:13].reshape(2, -1)
            shortest = np.sort(gram[0, 0] * h * h + gram[1, 1] * k * k + 2.0 * gram[0, 1] * h * k)[1]
            assert q1 == pytest.approx(shortest)

    def test_rectangles_are_only_ordered(self) -> None:
        row = np.array([0.03, 0.01, 0.0, float(RHOMBIC)])
        reduce_plane(row)
        assert row.tolist() == [0.01, 0.03, 0.0, RHOMBIC]


class TestFindPlanes:
    @pytest.mark.parametrize("lattice", [B.OP, B.OI, B.TP])
    def test_rectangular_planes_of_a_lattice_are_found(self, lattice: B) -> None:
        a, b, c = TYPICAL[lattice].metric[:3]
        found = find_planes(windows(line_list(TYPICAL[lattice], lattice)), rectangular=True, n_planes=400)
        kind = RHOMBIC if lattice is B.OI else RECTANGULAR
        assert sum(holds(found, *pair, 0.0, kind) for pair in ((a, b), (a, c), (b, c))) >= 2

    def test_oblique_planes_of_a_triclinic_lattice_are_found(self) -> None:
        a, b, c, d, e, f = TYPICAL[B.AP].metric
        found = find_planes(windows(line_list(TYPICAL[B.AP], B.AP)), rectangular=False, n_planes=1000)
        assert holds(found, a, b, f, OBLIQUE)
        assert holds(found, b, c, d, OBLIQUE)
        assert holds(found, a, c, e, OBLIQUE)

    def test_a_plane_alone_comes_first(self) -> None:
        q1, q2, r = 0.0121, 0.0187, 0.0049
        buffer = np.empty(60)
        n = plane_points(q1, q2, r, OBLIQUE, 0.0, 0.0, 0, 0.25, buffer)
        two_theta = np.degrees(2.0 * np.arcsin(CU.wavelength_angstrom * np.sqrt(np.sort(buffer[:n])) / 2.0))
        peaks = PeakList.from_positions(two_theta[:20], radiation=CU, two_theta_esd_deg=0.01)
        found = find_planes(windows(peaks), rectangular=False, n_planes=50)
        assert holds(found[:3], q1, q2, r, OBLIQUE)

    @pytest.mark.parametrize("rectangular", [True, False])
    def test_planes_are_distinct_limited_and_reduced(self, rectangular: bool) -> None:
        found = find_planes(windows(line_list(TYPICAL[B.MP], B.MP)), rectangular=rectangular, n_planes=60)
        assert 0 < len(found) <= 60
        assert len(np.unique(np.round(found, 7), axis=0)) == len(found)
        assert np.all(found[:, 0] <= found[:, 1])
        assert np.all((found[:, 3] == OBLIQUE) != rectangular)

    def test_longest_edge_bounds_the_area(self) -> None:
        found = find_planes(
            windows(line_list(TYPICAL[B.AP], B.AP)), rectangular=False, n_planes=400, max_edge_angstrom=8.0
        )
        area = found[:, 0] * found[:, 1] - 0.25 * found[:, 2] ** 2
        assert np.all(area > 0.98 / 8.0**4)

    def test_few_lines_are_no_obstacle(self) -> None:
        few = windows(PeakList.from_positions([20.0, 28.4], radiation=CU))
        for rectangular in (True, False):
            assert find_planes(few, rectangular=rectangular, n_planes=10).shape[1] == 4


class TestHalved:
    def test_oblique_plane_has_three_of_half_the_area(self) -> None:
        plane = np.array([[0.012, 0.017, 0.005, float(OBLIQUE)]])
        found = halved(plane)
        assert found.shape == (3, 4)
        area = found[:, 0] * found[:, 1] - 0.25 * found[:, 2] ** 2
        np.testing.assert_allclose(area, (0.012 * 0.017 - 0.25 * 0.005**2) / 4.0)
        # Each holds all points of the given one.
        q = np.array([0.012, 0.017, 0.012 + 0.017 + 0.005, 0.012 + 0.017 - 0.005])
        h, k = np.mgrid[-5:6, -5:6]
        for q1, q2, r, _ in found:
            values = q1 * h * h + q2 * k * k + r * h * k
            assert all(np.min(np.abs(values - x)) < 1e-12 for x in q)

    def test_rectangle_has_two(self) -> None:
        found = halved(np.array([[0.012, 0.017, 0.0, float(RECTANGULAR)]]))
        assert sorted(map(tuple, np.round(found[:, :2], 9))) == [(0.00425, 0.012), (0.003, 0.017)][::-1]

    def test_no_planes_no_halves(self) -> None:
        assert halved(np.empty((0, 4))).shape == (0, 4)
