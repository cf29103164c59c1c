"""Fits of groups of peaks against scipy's, at their limits, and from starts that lead nowhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from hybrid_index.peaks.detect import WidthLaw
from hybrid_index.peaks.fit import Doublet, Shape, fit_group
from hybrid_index.peaks.least_squares import fit_peaks
from hybrid_index.peaks.profile import N_SHARED, SHARED_LIMITS, Window, residuals
from hybrid_index.units import FloatArray

X = np.linspace(39.0, 41.0, 150)
WIDTH = np.array([0.20, 0.21, 0.22])
PRIOR = np.array([0.0, 0.0, 0.0, 0.5, 0.0])
PRIOR_ESD = np.array([20.0, 20.0, 0.4, 0.3, 0.15])
RATIO = 1.00249


def drawn(true: FloatArray, ka2_ratio: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """Counts of a group on a background of 400, which is taken off, and their uncertainties."""
    width = WIDTH[: (true.size - N_SHARED) // 2]
    window = Window(width, RATIO, ka2_ratio, X, np.zeros(X.size), np.ones(X.size), PRIOR, PRIOR_ESD)
    net = residuals(true, window)[0][: X.size]
    counts = np.random.default_rng(seed).poisson(400.0 + net).astype(float)
    return counts - 400.0, np.sqrt(np.maximum(counts, 1.0))


@pytest.mark.parametrize("ka2_ratio", [0.0, 0.5])
@pytest.mark.parametrize("damping", [0.1, 10.0])
@pytest.mark.parametrize("seed", range(4))
def test_fit_is_that_of_scipy(ka2_ratio: float, damping: float, seed: int) -> None:
    true = np.array([5.0, -3.0, 0.15, 0.8, 0.1, 39.6, 3000.0, 39.85, 1200.0, 40.3, 500.0])
    y, sigma = drawn(true, ka2_ratio, seed)
    window = Window(WIDTH, RATIO, ka2_ratio, X, y, sigma, PRIOR, PRIOR_ESD)
    start = np.array([*PRIOR, 39.62, 2500.0, 39.83, 1500.0, 40.32, 600.0])
    best, left, slopes = fit_peaks(start, window, damping, 1.0e-10)
    low, high = np.full(start.size, -np.inf), np.full(start.size, np.inf)
    low[:N_SHARED], high[:N_SHARED] = SHARED_LIMITS.T
    other = least_squares(
        lambda p: residuals(p, window)[0],
        start,
        jac=lambda p: residuals(p, window)[1].T,
        bounds=(low, high),
        x_scale="jac",
        xtol=1.0e-14,
        ftol=1.0e-14,
    )
    assert left @ left == pytest.approx(2.0 * other.cost, rel=1.0e-8)
    esd = np.sqrt(np.diag(np.linalg.inv(slopes @ slopes.T)))
    assert np.all(np.abs(best - other.x) < 1.0e-3 * esd)
    assert np.all(np.abs(best - true)[N_SHARED:] < 4.0 * esd[N_SHARED:])


def test_a_shape_beyond_the_limits_is_fitted_at_the_limit() -> None:
    """Lines that fall off faster than a Gaussian: η stays at 0 and nothing is paid for what has no effect."""
    y = 1000.0 * np.exp(-(((X - 40.0) / 0.1) ** 4))
    window = Window(WIDTH[:1], RATIO, 0.0, X, y, np.full(X.size, 10.0), PRIOR, PRIOR_ESD)
    best, left, slopes = fit_peaks(np.array([*PRIOR, 40.01, 900.0]), window, 0.1, 1.0e-10)
    assert best[3] == 0.0
    free = np.arange(best.size) != 3
    np.testing.assert_allclose(slopes[free] @ left / np.linalg.norm(slopes[free], axis=1), 0.0, atol=1.0e-3)
    assert slopes[3] @ left > 0.0, "the data would have less than no Lorentzian share"


def test_peaks_that_are_one_are_no_failure_of_the_solver() -> None:
    y, sigma = drawn(np.array([*PRIOR, 40.0, 800.0]), 0.0, 1)
    start = np.array([*PRIOR, 40.0, 400.0, 40.0, 400.0])
    window = Window(WIDTH[:2], RATIO, 0.0, X, y, sigma, PRIOR, PRIOR_ESD)
    best, left, _ = fit_peaks(start, window, 0.1, 1.0e-10)
    assert best[6] + best[8] == pytest.approx(800.0, rel=0.2)
    assert left @ left < 2.0 * X.size


@pytest.mark.parametrize("spoilt", [np.nan, np.inf])
def test_what_is_not_finite_is_not_fitted(spoilt: float) -> None:
    y = np.zeros(X.size)
    y[70] = spoilt
    shape = Shape(WidthLaw(constant=0.04, slope=0.0))
    with np.errstate(invalid="ignore"):
        fit = fit_group(X, y, np.ones(X.size), np.array([40.0]), np.array([100.0]), shape, Doublet())
    assert fit is None
