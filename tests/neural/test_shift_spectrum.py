from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.neural.shift_reader import GRID_DEG, spectra_of
from hybrid_index.neural.shift_spectrum import N_KINDS, N_SHIFTS, STEP_DEG, shift_spectra, shift_unit
from hybrid_index.units import FloatArray, two_theta_from_q
from tests.synthetic import CU, TYPICAL, B, line_list

CU_ANGSTROM = CU.wavelength_angstrom


def spectrum(q: FloatArray, shift_deg: float, wavelength: float = CU_ANGSTROM) -> FloatArray:
    two_theta = two_theta_from_q(np.asarray(q, dtype=np.float64), wavelength) + shift_deg
    sigma = np.full((1, len(two_theta)), 0.005)
    return np.asarray(shift_spectra(two_theta[None], sigma, np.array([wavelength]), np.array([len(two_theta)]))[0])


@pytest.mark.parametrize("shift", [-0.43, -0.06, 0.0, 0.2, 0.5])
@pytest.mark.parametrize(
    ("factors", "kind"),
    [((1.0, 4.0), 0), ((1.0, 3.0), 1), ((1.0, 2.0), 1), ((1.0, 1.55, 2.55), 2), ((1.0, 1.6, 5.6), 3)],
)
def test_a_relation_votes_for_the_shift_that_was_put_in(factors: tuple[float, ...], kind: int, shift: float) -> None:
    votes = spectrum(0.02 * np.array(factors), shift)
    assert votes[:, kind].max() > 0.0
    # Relations are linear in small shifts only: half a degree is read 0.015° too small where lines start at 12°.
    assert abs(GRID_DEG[votes[:, kind].argmax()] - shift) <= 0.5 * STEP_DEG + 0.06 * shift**2 + 1e-9
    others = [k for k in range(N_KINDS) if k != kind]
    assert votes[:, others].max() == 0.0


@pytest.mark.parametrize("shift", [-0.31, 0.17])
def test_parallelograms_vote_in_both_columns_if_low_lines_take_part(shift: float) -> None:
    # 2 (1 + 1.3) = 1.9 + 2.7
    votes = spectrum(0.02 * np.array([1.0, 1.3, 1.9, 2.7]), shift)
    assert abs(GRID_DEG[votes[:, 4].argmax()] - shift) <= STEP_DEG
    np.testing.assert_array_equal(votes[:, 4], votes[:, 5])


@pytest.mark.parametrize("lattice", [B.CF, B.TP, B.OP, B.MP])
def test_lines_of_a_lattice_agree_on_its_shift(lattice: B) -> None:
    peaks = line_list(TYPICAL[lattice], lattice, n_lines=20, zero_shift_deg=0.26)
    votes = spectrum(peaks.q, 0.0).sum(axis=1)
    assert abs(GRID_DEG[votes.argmax()] - 0.26) <= 1.5 * STEP_DEG


@pytest.mark.parametrize("q", [[], [0.05], [0.05, 0.073]])
def test_lists_without_relations_do_not_vote(q: list[float]) -> None:
    votes = spectrum(np.array([*q, 0.0])[: max(len(q), 1)], 0.0) if q else _empty()
    assert votes.shape == (N_SHIFTS, N_KINDS)
    assert votes.max() == 0.0


def _empty() -> FloatArray:
    return np.asarray(shift_spectra(np.zeros((1, 3)), np.zeros((1, 3)), np.array([1.54]), np.array([0]))[0])


def test_shifts_shrink_with_the_wavelength_as_angles_do() -> None:
    assert shift_unit(np.array([0.75, 1.5, 2.4])).tolist() == [0.5, 1.0, 1.0]
    # A mirror of angles: the same lattice at half the wavelength has lines at about half the angles.
    at_cu = spectrum(0.02 * np.array([1.0, 4.0]), 0.2, wavelength=1.5)
    at_mo = spectrum(0.02 * np.array([1.0, 4.0]), 0.1, wavelength=0.75)
    assert at_cu[:, 0].argmax() == at_mo[:, 0].argmax()


def test_what_the_reader_sees_hangs_on_listed_lines_only() -> None:
    q = 0.02 * np.array([1.0, 1.3, 2.3, 4.0])
    two_theta = two_theta_from_q(q, CU_ANGSTROM)[None]
    sigma = np.full((1, 4), 0.01)
    alone = spectra_of(two_theta, sigma, np.array([CU_ANGSTROM]), np.array([4]))
    wide = spectra_of(
        np.hstack([two_theta, [[55.0, 70.0]]]), np.hstack([sigma, [[9.0, 9.0]]]), np.array([CU_ANGSTROM]), np.array([4])
    )
    np.testing.assert_array_equal(alone.votes, wide.votes)
    np.testing.assert_array_equal(alone.lists, wide.lists)
    contrast = alone.votes[0, :, N_KINDS : 2 * N_KINDS]
    assert contrast[alone.votes[0, :, :N_KINDS].sum(axis=1).argmax()].sum() > 0.0
