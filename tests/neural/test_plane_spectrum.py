from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.neural.plane_spectrum import N_PLANE_KINDS, plane_spectra
from hybrid_index.neural.shift_reader import GRID_DEG
from hybrid_index.neural.shift_spectrum import N_SHIFTS, STEP_DEG, SpectralLines
from hybrid_index.units import FloatArray, two_theta_from_q
from tests.synthetic import CU, TYPICAL, B, line_list

ODDS, PLANES, RECTANGLES, LOWEST = range(N_PLANE_KINDS)
OBLIQUE = [(1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (2, 1), (2, -1), (0, 2), (1, 2), (1, -2), (3, 0)]


def plane(angle_term: float) -> FloatArray:
    """Q of the lines of a plane with axes 1 and 1.37, in units of 0.02 Å⁻²."""
    h, k = np.array(OBLIQUE, dtype=np.float64).T
    return np.unique(0.02 * (h * h + 1.37 * k * k + angle_term * h * k).round(12))


def evidence(q: FloatArray, shift_deg: float, sigma_deg: float = 0.005) -> FloatArray:
    two_theta = two_theta_from_q(np.asarray(q, dtype=np.float64), CU.wavelength_angstrom) + shift_deg
    sigma = np.full((1, len(two_theta)), sigma_deg)
    lines = SpectralLines.of(two_theta[None], sigma, np.array([CU.wavelength_angstrom]), np.array([len(two_theta)]))
    return np.asarray(plane_spectra(lines)[0])


@pytest.mark.parametrize("shift", [-0.41, 0.0, 0.22])
def test_an_oblique_plane_shows_at_its_shift(shift: float) -> None:
    found = evidence(plane(0.61), shift)
    for kind in (ODDS, PLANES, LOWEST):
        assert abs(GRID_DEG[found[:, kind].argmax()] - shift) <= 1.5 * STEP_DEG + 0.06 * shift**2
    # Its axes are not at right angles, so the plane as a rectangular one explains second orders at most.
    assert found[:, RECTANGLES].max() < 0.7 * found[:, PLANES].max()


@pytest.mark.parametrize("shift", [-0.3, 0.14])
def test_a_rectangular_plane_needs_no_third_line(shift: float) -> None:
    found = evidence(plane(0.0), shift)
    assert abs(GRID_DEG[found[:, RECTANGLES].argmax()] - shift) <= 1.5 * STEP_DEG + 0.06 * shift**2
    third_missing = evidence(np.delete(plane(0.0), 2), shift)  # without (1, 1)
    assert third_missing[:, RECTANGLES].max() > 0.0


@pytest.mark.parametrize("lattice", [B.CF, B.TP, B.OP, B.MP, B.AP])
def test_planes_of_a_lattice_agree_on_its_shift(lattice: B) -> None:
    peaks = line_list(TYPICAL[lattice], lattice, n_lines=30, zero_shift_deg=0.26)
    found = evidence(peaks.q, 0.0)
    assert abs(GRID_DEG[found[:, PLANES].argmax()] - 0.26) <= 2.0 * STEP_DEG


def test_the_same_planes_say_less_where_lines_are_less_certain() -> None:
    sharp, vague = evidence(plane(0.61), 0.1), evidence(plane(0.61), 0.1, sigma_deg=0.05)
    assert vague[:, PLANES].max() < sharp[:, PLANES].max()


@pytest.mark.parametrize("q", [[0.05], [0.05, 0.073]])
def test_one_or_two_lines_are_evidence_of_nothing(q: list[float]) -> None:
    found = evidence(np.array(q), 0.0)
    assert found.shape == (N_SHIFTS, N_PLANE_KINDS)
    assert found.max() == 0.0


def test_lists_without_lines_are_evidence_of_nothing() -> None:
    none = SpectralLines.of(np.zeros((2, 3)), np.zeros((2, 3)), np.array([1.54, 0.7]), np.array([0, 0]))
    assert plane_spectra(none).shape == (2, N_SHIFTS, N_PLANE_KINDS)
    assert not plane_spectra(none).any()


def test_lists_do_not_touch_each_other() -> None:
    short, long = plane(0.61), plane(0.0)
    both = np.zeros((2, max(len(short), len(long))))
    for row, q in enumerate((short, long)):
        both[row, : len(q)] = two_theta_from_q(q, CU.wavelength_angstrom)
    lines = SpectralLines.of(
        both, np.full(both.shape, 0.005), np.full(2, CU.wavelength_angstrom), np.array([len(short), len(long)])
    )
    together = plane_spectra(lines)
    np.testing.assert_array_equal(together[0], evidence(short, 0.0))
    np.testing.assert_array_equal(together[1], evidence(long, 0.0))
