"""Observed lines as the kernels want them."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.refine.lines import (
    DISPLACEMENT_PRIOR_MM,
    FOREIGN_STRONG,
    FOREIGN_UNKNOWN,
    SLACK_DEG,
    WIDTH_SHARE,
    ZERO_PRIOR_DEG,
    foreign_probability,
    line_data,
    position_esd_deg,
)
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, q_from_two_theta, shift_two_theta
from tests.synthetic import CU

TWO_THETA = np.linspace(8.0, 75.0, 30)


def test_columns_are_the_slopes_of_q() -> None:
    lines = line_data(PeakList.from_positions(TWO_THETA, radiation=CU), Settings(radius_mm=173.0))
    assert lines.free_shifts == ("zero_shift_deg", "displacement_mm")
    step = 1e-4
    zero = q_from_two_theta(TWO_THETA + step, CU.wavelength_angstrom) - lines.q
    moved = shift_two_theta(TWO_THETA, displacement_mm=step, radius_mm=173.0)
    displaced = q_from_two_theta(moved, CU.wavelength_angstrom) - lines.q
    np.testing.assert_allclose(lines.columns, np.array([zero, displaced]) / step, rtol=1e-4)
    np.testing.assert_allclose(lines.slope, lines.columns[0])


@pytest.mark.parametrize(
    ("fixed", "free"),
    [
        ({"fix_zero_shift_deg": 0.1}, ("displacement_mm",)),
        ({"fix_displacement_mm": 0.2}, ("zero_shift_deg",)),
        ({"fix_zero_shift_deg": 0.1, "fix_displacement_mm": 0.2}, ()),
    ],
)
def test_fixed_shifts_are_taken_off_and_not_fitted(fixed: dict[str, float], free: tuple[str, ...]) -> None:
    zero, displacement = fixed.get("fix_zero_shift_deg", 0.0), fixed.get("fix_displacement_mm", 0.0)
    observed = shift_two_theta(TWO_THETA, zero_shift_deg=zero, displacement_mm=displacement)
    lines = line_data(PeakList.from_positions(observed, radiation=CU), Settings.from_mapping(dict(fixed)))
    assert lines.free_shifts == free
    assert lines.columns.shape == (len(free), 30)
    np.testing.assert_allclose(lines.two_theta_deg, TWO_THETA, atol=2e-4)
    np.testing.assert_allclose(lines.q, q_from_two_theta(lines.two_theta_deg, CU.wavelength_angstrom))


def test_first_lines_only_and_the_slack_that_is_asked_for() -> None:
    peaks = PeakList.from_positions(TWO_THETA, radiation=CU)
    lines = line_data(peaks, Settings(), n_lines=12, slack_deg=0.2)
    assert len(lines) == 12
    assert len(line_data(peaks, Settings(), n_lines=99)) == 30
    np.testing.assert_allclose(lines.two_theta_deg, TWO_THETA[:12])
    np.testing.assert_allclose(lines.slack, 0.2 * lines.slope)


def test_short_waves_have_smaller_shifts() -> None:
    wave = 0.41
    short = PeakList.from_positions(TWO_THETA, radiation=Radiation(wavelength_angstrom=wave))
    lines = line_data(short, Settings(radius_mm=400.0))
    np.testing.assert_allclose(lines.priors, np.array([ZERO_PRIOR_DEG, 2.0 * DISPLACEMENT_PRIOR_MM]) * wave / 1.5)
    np.testing.assert_allclose(lines.slack, lines.slope * SLACK_DEG * wave / 1.5)


def test_widths_add_to_the_uncertainty_of_positions() -> None:
    width = np.full(30, 0.1)
    width[3], width[4] = np.nan, 0.4
    peaks = PeakList.from_positions(TWO_THETA, radiation=CU, two_theta_esd_deg=0.004, fwhm_deg=width)
    esd = position_esd_deg(peaks)
    assert esd[0] == pytest.approx(np.hypot(0.004, WIDTH_SHARE * 0.1))
    assert esd[3] == pytest.approx(esd[0])
    assert esd[4] == pytest.approx(np.hypot(0.004, WIDTH_SHARE * 0.4))
    bare = PeakList.from_positions(TWO_THETA, radiation=CU, two_theta_esd_deg=0.004)
    np.testing.assert_allclose(position_esd_deg(bare), 0.004)


def test_faint_lines_are_likelier_foreign() -> None:
    intensity = np.geomspace(1000.0, 0.1, 30)
    peaks = PeakList.from_positions(TWO_THETA, radiation=CU, intensity=intensity)
    foreign = foreign_probability(peaks)
    assert np.all(np.diff(foreign) >= 0.0)
    assert foreign[0] == pytest.approx(FOREIGN_STRONG, abs=1e-6)
    assert 0.15 < foreign[-1] < 0.25
    np.testing.assert_allclose(foreign_probability(peaks.replace(intensity=7.0 * intensity)), foreign)


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_lists_without_intensities_have_one_probability(n: int) -> None:
    foreign = foreign_probability(PeakList.from_positions(TWO_THETA[:n], radiation=CU))
    np.testing.assert_array_equal(foreign, np.full(n, FOREIGN_UNKNOWN))


def test_lines_without_area_are_no_obstacle() -> None:
    peaks = PeakList.from_positions(TWO_THETA, radiation=CU, intensity=np.where(np.arange(30) < 1, 10.0, 0.0))
    assert np.all(np.isfinite(foreign_probability(peaks)))
