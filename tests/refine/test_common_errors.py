"""Errors that neighbouring lines have in common: what they are, and that uncertainties of cells allow for them."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.refine.common_errors import REACH_DEG, SHARE_OF_FWHM, common_covariance
from hybrid_index.refine.polish import polish
from hybrid_index.types import Candidate, PeakList
from tests.synthetic import CU, TYPICAL, B, line_list, true_positions

FWHM_DEG = 0.2
ESD_DEG = 0.003
CELL = TYPICAL[B.OP]


def test_errors_grow_with_the_width_and_fade_with_the_distance() -> None:
    covariance = common_covariance(np.array([20.0, 20.0, 20.0 + REACH_DEG]), np.array([0.1, 0.2, 0.1]))
    spread = SHARE_OF_FWHM * 0.1
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), spread * np.array([1.0, 2.0, 1.0]))
    assert covariance[0, 1] == pytest.approx(2.0 * spread**2)
    assert covariance[0, 2] == pytest.approx(spread**2 * np.exp(-0.5))
    assert np.linalg.eigvalsh(covariance).min() > -1e-12


def test_lines_of_unknown_width_have_none() -> None:
    covariance = common_covariance(np.array([20.0, 30.0]), np.array([np.nan, 0.1]))
    assert covariance[0, 0] == covariance[0, 1] == 0.0
    assert covariance[1, 1] > 0.0


def test_a_cell_is_less_certain_where_peaks_are_known_to_be_wide() -> None:
    peaks = line_list(CELL, B.OP, esd_deg=ESD_DEG, noise=np.random.default_rng(1))
    candidate = Candidate(bravais_lattice=B.OP, metric=CELL.metric, source="truth")
    narrow, wide = (
        polish(candidate, peaks.replace(fwhm_deg=np.full(len(peaks), width)), Settings()).cell_esd.a
        for width in (np.nan, FWHM_DEG)
    )
    assert wide > 1.5 * narrow


@pytest.mark.parametrize(("fwhm_deg", "low", "high"), [(FWHM_DEG, 0.90, 0.99), (np.nan, 0.0, 0.75)])
def test_intervals_hold_cells_of_lines_with_common_errors(fwhm_deg: float, low: float, high: float) -> None:
    rng = np.random.default_rng(2)
    true = true_positions(CELL, B.OP)
    common = common_covariance(true, np.full(len(true), FWHM_DEG))
    candidate = Candidate(bravais_lattice=B.OP, metric=CELL.metric, source="truth")
    inside = []
    for _ in range(60):
        observed = true + rng.multivariate_normal(np.zeros(len(true)), common) + rng.normal(0.0, ESD_DEG, len(true))
        peaks = PeakList.from_positions(np.sort(observed), radiation=CU, two_theta_esd_deg=ESD_DEG, fwhm_deg=fwhm_deg)
        found = polish(candidate, peaks, Settings())
        inside += [abs(getattr(found.cell, e) - getattr(CELL, e)) < 1.96 * getattr(found.cell_esd, e) for e in "abc"]
    assert low <= np.mean(inside) <= high
