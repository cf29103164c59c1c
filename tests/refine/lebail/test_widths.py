"""Widths: limits of the pseudo-Voigt, and derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.refine.lebail.widths import start_widths, widths_and_slopes

ANGLES = np.array([12.0, 45.0, 90.0, 130.0])


def test_a_gaussian_alone_and_a_lorentzian_alone_have_their_own_width() -> None:
    tan = np.tan(np.radians(ANGLES / 2.0))
    fwhm, eta, _, _ = widths_and_slopes(np.array([0.01, -0.004, 0.02, 0.0, 0.0, 0.0]), ANGLES, 1.0e-6)
    assert fwhm == pytest.approx(np.sqrt(0.01 * tan**2 - 0.004 * tan + 0.02), rel=1e-5)
    assert eta == pytest.approx(0.0, abs=1e-5)
    fwhm, eta, _, _ = widths_and_slopes(np.array([0.0, 0.0, 0.0, 0.05, 0.1, 0.02]), ANGLES, 1.0e-6)
    assert fwhm == pytest.approx(0.05 * tan + 0.1 / np.cos(np.radians(ANGLES / 2.0)) + 0.02, rel=1e-4)
    assert eta == pytest.approx(1.0, abs=1e-3)


def test_published_widths_of_the_mixture() -> None:
    """Equal parts: Γ/Γ_G = (1 + 2.69269 + 2.42843 + 4.47163 + 0.07842 + 1)^(1/5), Thompson et al., equation 3a."""
    fwhm, eta, _, _ = widths_and_slopes(np.array([0.0, 0.0, 0.01, 0.0, 0.0, 0.1]), ANGLES, 1.0e-6)
    assert fwhm == pytest.approx(0.1 * 11.67117**0.2, rel=1e-9)
    ratio = 11.67117**-0.2
    assert eta == pytest.approx(1.36603 * ratio - 0.47719 * ratio**2 + 0.11116 * ratio**3, rel=1e-9)


def test_the_start_has_the_width_that_it_was_given() -> None:
    fwhm, eta, _, _ = widths_and_slopes(start_widths(0.01, 0.004), ANGLES, 1.0e-3)
    wanted = np.sqrt(0.01 + 0.004 * np.tan(np.radians(ANGLES / 2.0)) ** 2)
    assert fwhm == pytest.approx(wanted, rel=0.25)
    assert np.all((eta > 0.3) & (eta < 0.8))


def test_derivatives_agree_with_differences() -> None:
    start = np.array([0.01, -0.004, 0.02, 0.03, 0.04, 0.01])
    _, _, fwhm_slope, eta_slope = widths_and_slopes(start, ANGLES, 1.0e-3)
    for j in range(6):
        step = np.zeros(6)
        step[j] = 1.0e-7
        up, down = (widths_and_slopes(start + sign * step, ANGLES, 1.0e-3) for sign in (1.0, -1.0))
        assert fwhm_slope[:, j] == pytest.approx((up[0] - down[0]) / 2.0e-7, rel=1e-5)
        assert eta_slope[:, j] == pytest.approx((up[1] - down[1]) / 2.0e-7, rel=1e-4, abs=1e-6)


def test_impossible_widths_bend_off() -> None:
    bad = np.array([0.0, 0.0, -1.0, -1.0, 0.0, 0.0])
    fwhm, eta, slope, _ = widths_and_slopes(bad, ANGLES, 0.01)
    assert fwhm == pytest.approx(0.01, rel=0.02)
    assert np.all(eta < 0.02)
    assert np.all(slope[:, 2] > 0.0)  # so that a fit finds its way back
