from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.simulate.dataset import PATTERN_CONDITIONS, pattern_condition
from hybrid_index.units import parse_radiation

CU = parse_radiation("CuKa1")


@pytest.mark.parametrize("name", PATTERN_CONDITIONS)
def test_what_is_drawn_keeps_its_limits(name: str) -> None:
    condition = PATTERN_CONDITIONS[name]
    rng = np.random.default_rng(0)
    drawn = [condition.draw(rng, CU, (5.0, 80.0)) for _ in range(200)]
    assert all(abs(m.zero_shift_deg) <= condition.zero_limit_deg for m in drawn)
    assert all(abs(m.displacement_mm) <= condition.displacement_limit_mm for m in drawn)
    low, high = condition.size_nm
    assert all(low <= m.profile.crystallite_size_nm <= high * (1 + 1e-12) for m in drawn)
    assert {len(m.foreign) for m in drawn} == set(range(condition.max_foreign + 1))
    assert all((m.noise_seed is None) is not condition.noise for m in drawn)
    if condition.zero_limit_deg:
        zeros = [m.zero_shift_deg / condition.zero_limit_deg for m in drawn]
        assert min(zeros) < -0.9 < 0.9 < max(zeros)


def test_width_and_size_are_those_of_the_condition() -> None:
    condition = pattern_condition("ideal", fwhm_deg=(0.06, 0.06), size_nm=(30.0, 30.0))
    profile = condition.draw(np.random.default_rng(0), CU, (5.0, 80.0)).profile
    assert profile.crystallite_size_nm == pytest.approx(30.0)
    assert float(profile.fwhm_deg(45.0)) == pytest.approx(0.06)


def test_changes_are_checked() -> None:
    changed = pattern_condition("lab", max_foreign=3, size_nm=None)
    assert (changed.max_foreign, changed.size_nm) == (3, PATTERN_CONDITIONS["lab"].size_nm)
    with pytest.raises(InputError, match=r"unknown condition 'labb'; choose from ideal, lab"):
        pattern_condition("labb")
    with pytest.raises(InputError, match=r"size_nm: .* give rising values from 1 to 1e\+06"):
        pattern_condition("lab", size_nm=(100.0, 20.0))
    with pytest.raises(InputError, match=r"zero_limit_deg: 3\.0 is not possible"):
        pattern_condition("lab", zero_limit_deg=3.0)
