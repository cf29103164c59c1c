"""The line shape against its own derivatives, and the noise law against known noise."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.peaks.detect import fit_width_law, significance, threshold
from hybrid_index.peaks.noise import estimate_sigma, learn_noise
from hybrid_index.peaks.profile import N_SHARED, Window, residuals, satellite


@pytest.mark.parametrize("ka2_ratio", [0.0, 0.5])
def test_slopes_are_derivatives(ka2_ratio: float) -> None:
    x = np.linspace(39.0, 41.0, 60)
    y, sigma = np.zeros(60), np.full(60, 2.0)
    p = np.array([3.0, 1.0, 0.1, 0.4, 0.15, 39.71, 50.0, 40.133, 30.0])
    prior = np.zeros(N_SHARED), np.full(N_SHARED, 0.5)
    window = Window(np.array([0.2, 0.22]), 1.00249, ka2_ratio, x, y, sigma, *prior)
    slopes = residuals.py_func(p, window)[1]
    numeric = np.empty_like(slopes)
    for j in range(p.size):
        h = np.zeros(p.size)
        h[j] = 1.0e-6
        numeric[j] = (residuals.py_func(p + h, window)[0] - residuals.py_func(p - h, window)[0]) / 2.0e-6
    np.testing.assert_allclose(slopes, numeric, rtol=1.0e-4, atol=1.0e-3)
    np.testing.assert_allclose(residuals(p, window)[1], slopes, rtol=1.0e-12, atol=1.0e-12)


def test_satellite() -> None:
    position, slope = satellite(60.0, 1.5444274 / 1.5405929)
    assert position == pytest.approx(60.1650, abs=1.0e-3)
    assert slope > 1.0
    assert satellite(179.9, 1.01)[0] < 0.0


@pytest.mark.parametrize(("scale", "level"), [(1.0, 50.0), (0.01, 400.0), (25.0, 10000.0)])
def test_noise_law_of_scaled_counts(scale: float, level: float) -> None:
    rng = np.random.default_rng(20)
    x = np.linspace(0.0, 1.0, 4000)
    counts = rng.poisson(level * (1.0 + 4.0 * x)).astype(float)
    law = learn_noise(counts * scale)
    truth = scale * np.sqrt(level * (1.0 + 4.0 * x))
    np.testing.assert_allclose(np.sqrt(law.variance(truth**2 / scale)), truth, rtol=0.15)


def test_stated_sigma() -> None:
    rng = np.random.default_rng(21)
    y = 1000.0 + rng.normal(0.0, 10.0, 4000)
    assert np.median(estimate_sigma(y, np.full(4000, 10.0))) == pytest.approx(10.0, rel=0.1)
    assert np.median(estimate_sigma(y, np.full(4000, 500.0))) == pytest.approx(10.0, rel=0.2)


def test_significance_of_white_noise_is_standard_normal() -> None:
    rng = np.random.default_rng(22)
    z = significance(rng.normal(100.0, 3.0, 20000), np.full(20000, 9.0), 8.0)[50:-50]
    assert float(z.std()) == pytest.approx(1.0, abs=0.05)
    assert float(z.mean()) == pytest.approx(0.0, abs=0.05)


def test_significance_ignores_a_slope() -> None:
    x = np.arange(500.0)
    assert np.abs(significance(5.0 + 0.3 * x, np.ones(500), 9.0)).max() < 1.0e-6


def test_threshold_grows_with_the_number_of_trials() -> None:
    assert threshold(80.0, 0.1, 0.01) > threshold(80.0, 0.1, 1.0) > threshold(20.0, 0.1, 1.0) > 2.0


def test_width_law_survives_outliers() -> None:
    two_theta = np.linspace(10.0, 90.0, 25)
    fwhm = np.sqrt(0.01 + 0.02 * np.tan(np.radians(two_theta) / 2.0) ** 2)
    fwhm[[3, 11, 19]] = 0.9
    law = fit_width_law(two_theta, fwhm)
    np.testing.assert_allclose(law.at(np.array([20.0, 80.0])), [0.103, 0.155], rtol=0.1)
