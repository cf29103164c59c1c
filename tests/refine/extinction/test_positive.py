from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from hybrid_index.refine.extinction.positive import WILSON_SCALE, WILSON_SHARE, log_evidence, tilted


def prior(x: float, expected: float) -> float:
    scale = WILSON_SCALE * expected
    return float(np.sum(WILSON_SHARE / scale * np.exp(-x / scale)))


def test_shares_sum_to_one_and_means_to_what_is_expected() -> None:
    assert WILSON_SHARE.sum() == pytest.approx(1.0)
    assert pytest.approx(1.0, abs=0.01) == WILSON_SHARE @ WILSON_SCALE


@pytest.mark.parametrize(
    ("information", "gradient", "expected"),
    [(1.0, 3.0, 2.0), (4.0, -2.0, 1.0), (100.0, 1000.0, 3.0), (1.0, -5.0, 0.1), (1e-4, 0.001, 5.0), (1e4, -300.0, 1.0)],
)
def test_one_intensity_is_integrated_exactly(information: float, gradient: float, expected: float) -> None:
    peak = max(gradient / information, 0.0)
    top = gradient * peak - 0.5 * information * peak**2
    integral, _ = quad(
        lambda x: np.exp(gradient * x - 0.5 * information * x * x - top) * prior(x, expected),
        0.0, peak + 12.0 / np.sqrt(information), points=[peak], limit=500,
    )  # fmt: skip
    logarithm, _, _ = log_evidence(np.array([[information]]), np.array([gradient]), np.array([expected]))
    assert logarithm == pytest.approx(np.log(integral) + top, abs=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_two_overlapping_intensities(correlation: float) -> None:
    information, gradient = np.array([[1.0, correlation], [correlation, 1.0]]), np.array([5.0, 4.0])

    def density(y: float, x: float) -> float:
        both = np.array([x, y])
        exponent = gradient @ both - 0.5 * both @ information @ both - 20.0
        return float(np.exp(exponent)) * prior(x, 3.0) * prior(y, 2.0)

    integral, _ = dblquad(density, 0.0, 14.0, 0.0, 14.0, epsabs=1e-6, epsrel=1e-4)
    logarithm, _, _ = log_evidence(information, gradient, np.array([3.0, 2.0]))
    assert logarithm == pytest.approx(np.log(integral) + 20.0, abs=2e-3)


def test_well_known_intensities_keep_their_values() -> None:
    rng = np.random.default_rng(1)
    true = rng.exponential(1.0, 12) + 0.1
    design = rng.normal(size=(60, 12)) * 300.0
    information = design.T @ design
    _, mean, variance = log_evidence(information, information @ true, np.ones(12))
    assert mean == pytest.approx(true, rel=1e-3)
    assert variance == pytest.approx(np.diag(np.linalg.inv(information)), rel=0.05)


def test_unknown_intensities_keep_what_is_expected() -> None:
    _, mean, _ = log_evidence(np.eye(3) * 1e-8, np.zeros(3), np.array([1.0, 2.0, 5.0]))
    assert mean == pytest.approx([1.0, 2.0, 5.0], rel=0.05)


def test_far_negative_values_do_not_break_down() -> None:
    logarithm, mean, variance = tilted(-500.0, 1.0, 1.0)
    assert np.isfinite(logarithm)
    assert 0.0 < mean < 0.01
    assert variance > 0.0
