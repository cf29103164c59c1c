"""Whole fits of simulated patterns, whose truth is known, and of what cannot be fitted."""

from __future__ import annotations

import pickle

import numpy as np
import numpy.typing as npt
import pytest

from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail import LeBailFit, lebail_fit, range_end_deg
from hybrid_index.refine.lebail.correlation import correlated_noise
from hybrid_index.types import IntArray, Shift
from tests.refine.lebail.conftest import Known, known_pattern


@pytest.fixture(scope="module")
def fitted(orthorhombic: Known) -> LeBailFit:
    start = Cell(a=8.4835, b=5.3972, c=6.9602)
    return lebail_fit(orthorhombic.pattern, start, orthorhombic.lattice)


def test_cell_is_true_within_its_uncertainties(fitted: LeBailFit, orthorhombic: Known) -> None:
    assert fitted.converged
    for name in "abc":
        error = getattr(fitted.cell, name) - getattr(orthorhombic.cell, name)
        esd = getattr(fitted.cell_esd, name)
        assert abs(error) < 3.5 * esd
        assert 1e-6 < esd < 5e-3
    assert fitted.cell_esd.alpha == 0.0
    shift = fitted.shift
    assert abs(shift.combined_deg - orthorhombic.zero_shift_deg) < 4.0 * shift.combined_esd_deg
    assert shift.correlation > 0.9


def test_fit_reaches_the_noise(fitted: LeBailFit) -> None:
    assert fitted.r_wp < 1.05 * fitted.r_exp
    assert fitted.chi2 == pytest.approx((fitted.r_wp / fitted.r_exp) ** 2)
    misfit = np.sum((fitted.difference / fitted.sigma) ** 2)
    assert fitted.r_wp == pytest.approx(np.sqrt(misfit / np.sum((fitted.observed / fitted.sigma) ** 2)))
    assert abs(np.mean(fitted.difference / fitted.sigma)) < 0.1


def test_intensities_are_those_that_were_put_in(fitted: LeBailFit, orthorhombic: Known) -> None:
    listed = fitted.reflections
    assert np.all(listed.intensity >= 0.0)
    apart = np.abs(np.subtract.outer(listed.two_theta_deg, listed.two_theta_deg))
    np.fill_diagonal(apart, 9.0)
    clear = (apart.min(axis=1) > 0.3) & (listed.two_theta_deg > 13.0) & (listed.two_theta_deg < 61.0)
    assert clear.sum() > 8
    put_in = dict(zip(map(tuple, orthorhombic.hkl.tolist()), orthorhombic.intensity.tolist(), strict=True))
    true = np.array([put_in[tuple(hkl)] for hkl in listed.hkl[clear].tolist()])
    found, esd = listed.intensity[clear], listed.intensity_esd[clear]
    scale = float(np.sum(true * found) / np.sum(true**2))
    assert np.sqrt(np.mean(((found - scale * true) / np.hypot(esd, 0.01 * scale * true)) ** 2)) < 2.0


def test_pawley_agrees_with_le_bail_and_gives_covariances(fitted: LeBailFit, orthorhombic: Known) -> None:
    pawley = lebail_fit(orthorhombic.pattern, fitted.cell, fitted.bravais_lattice, intensities="pawley")
    covariance = pawley.intensity_covariance
    assert covariance is not None
    assert fitted.intensity_covariance is None
    assert covariance.shape == (len(pawley.reflections),) * 2
    assert np.all(np.linalg.eigvalsh(covariance) > 0.0)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(pawley.reflections.intensity_esd)
    strong = fitted.reflections.intensity > 10.0 * fitted.reflections.intensity_esd
    ratio = pawley.reflections.intensity[strong] / fitted.reflections.intensity[strong]
    assert np.median(np.abs(ratio - 1.0)) < 0.02
    assert pawley.cell.a == pytest.approx(fitted.cell.a, abs=2.0 * fitted.cell_esd.a)


@pytest.mark.parametrize("seed", range(3, 8))
def test_pawley_keeps_what_cannot_be_resolved_in_bounds(seed: int) -> None:
    """A cubic lattice described as tetragonal: 200 and 002 have nearly the same place, and 2:1 multiplicities."""
    known = known_pattern(Cell(a=5.43, b=5.43, c=5.43), BravaisLattice.CF, seed=seed)
    almost = Cell(a=5.43 / np.sqrt(2.0), b=5.43 / np.sqrt(2.0), c=5.43 * (1.0 + 1.0e-6))
    fit = lebail_fit(known.pattern, almost, BravaisLattice.TI, intensities="pawley", fix_shift=True)
    listed, covariance = fit.reflections, fit.intensity_covariance
    assert covariance is not None
    pair = [listed.hkl.tolist().index(hkl) for hkl in ([0, 0, 2], [1, 1, 0])]
    assert abs(np.subtract(*listed.two_theta_deg[pair])) < 0.3 * listed.fwhm_deg[pair[0]]
    total = listed.intensity[pair].sum()
    assert np.all(np.abs(listed.intensity[pair]) < 5.0 * total)  # one does not grow at the cost of the other
    # their sum is known far better than each of them
    assert np.sqrt(covariance[np.ix_(pair, pair)].sum()) < 0.5 * listed.intensity_esd[pair].min()


def test_doublet_width_and_axial_divergence_are_found(fitted: LeBailFit) -> None:
    assert fitted.profile["ka2_ratio"] == pytest.approx(0.5, abs=0.02)
    assert fitted.profile_esd["ka2_ratio"] > 0.0
    assert fitted.profile["axial"] > 0.0
    middle = np.argmin(np.abs(fitted.reflections.two_theta_deg - 40.0))
    assert fitted.reflections.fwhm_deg[middle] == pytest.approx(0.1075, rel=0.05)


def test_fixed_shift_stays(orthorhombic: Known) -> None:
    shift = Shift(zero_shift_deg=0.03)
    fit = lebail_fit(orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice, shift=shift, fix_shift=True)
    assert fit.shift.zero_shift_deg == 0.03
    assert fit.shift.zero_shift_esd_deg == 0.0
    assert "zero" not in fit.parameter_names
    assert abs(fit.cell.a - orthorhombic.cell.a) < 4.0 * fit.cell_esd.a


def test_absent_reflections_are_left_out(orthorhombic: Known) -> None:
    def absent(hkl: IntArray) -> npt.NDArray[np.bool_]:
        return np.asarray(hkl[:, 0] % 2 == 1, dtype=np.bool_)

    fit = lebail_fit(orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice, absent=absent)
    assert np.all(fit.reflections.hkl[:, 0] % 2 == 0)
    assert fit.chi2 > 5.0


def test_a_fit_can_start_from_another(fitted: LeBailFit, orthorhombic: Known) -> None:
    again = lebail_fit(orthorhombic.pattern, fitted.cell, fitted.bravais_lattice, shift=fitted.shift, start=fitted)
    assert again.n_iterations < fitted.n_iterations
    assert again.r_wp == pytest.approx(fitted.r_wp, rel=1e-3)
    with pytest.raises(InputError, match="other points"):
        lebail_fit(
            orthorhombic.pattern, fitted.cell, fitted.bravais_lattice, start=fitted, two_theta_range_deg=(15.0, 60.0)
        )


def test_same_input_same_answer_and_arrays_are_read_only(fitted: LeBailFit, orthorhombic: Known) -> None:
    again = lebail_fit(orthorhombic.pattern, Cell(a=8.4835, b=5.3972, c=6.9602), orthorhombic.lattice)
    assert again.cell == fitted.cell
    assert np.array_equal(again.calculated, fitted.calculated)
    copy = pickle.loads(pickle.dumps(fitted))
    assert copy.cell == fitted.cell
    with pytest.raises(ValueError, match="read-only"):
        copy.calculated[0] = 0.0


def test_bad_input_is_told_in_one_sentence(orthorhombic: Known) -> None:
    pattern, lattice = orthorhombic.pattern, orthorhombic.lattice
    with pytest.raises(WavelengthError, match="no wavelength is known"):
        lebail_fit(pattern.replace(radiation=None), orthorhombic.cell, lattice)
    with pytest.raises(InputError, match="widen the range"):
        lebail_fit(pattern, orthorhombic.cell, lattice, two_theta_range_deg=(70.0, 80.0))
    with pytest.raises(InputError, match="no reflection between 12 and 20°"):
        lebail_fit(pattern, Cell(a=2.0, b=2.0, c=2.0), BravaisLattice.CP, two_theta_range_deg=(12.0, 20.0))
    with pytest.raises(InputError, match=r"reflections between .* end the range below"):
        lebail_fit(pattern, Cell(a=40.0, b=41.0, c=42.0), lattice)
    with pytest.raises(InputError, match="no finite number of reflections"):
        lebail_fit(pattern, Cell(a=8.0, b=5.0, c=6.0, alpha=150.0, beta=150.0, gamma=150.0), BravaisLattice.AP)


def test_range_end_counts_reflections(orthorhombic: Known) -> None:
    radiation = orthorhombic.pattern.radiation
    assert radiation is not None
    end = range_end_deg([(orthorhombic.cell, orthorhombic.lattice)], radiation, 30)
    fit = lebail_fit(
        orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice, two_theta_range_deg=(12.0, end - 0.3)
    )
    assert 24 <= len(fit.reflections) <= 30
    assert range_end_deg([(Cell(a=3.0, b=3.0, c=3.0), BravaisLattice.CP)], radiation, 500) == 179.0


def test_noise_that_goes_together_is_noticed() -> None:
    white = np.random.default_rng(5).normal(size=4000)
    assert correlated_noise(white) == pytest.approx(1.0, abs=0.15)
    assert correlated_noise(np.convolve(white, np.ones(5), mode="valid")) == pytest.approx(5.0, rel=0.2)
