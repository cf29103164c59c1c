from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybrid_index.export import with_esd


@pytest.mark.parametrize(
    ("value", "esd", "text"),
    [
        (5.43102, 0.0002, "5.4310(2)"),
        (5.43102, 0.00019, "5.43102(19)"),
        (5.43102, 0.000196, "5.4310(2)"),
        (5.43102, 0.00095, "5.4310(10)"),
        (101.2345, 0.05, "101.23(5)"),
        (-0.0213, 0.0031, "-0.021(3)"),
        (1234.5, 23.0, "1230(20)"),
        (90.0, 0.0, "90"),
        (90.0, math.nan, "90"),
        (0.04, 0.0, "0.04"),
        (math.nan, 1.0, "–"),
    ],
)
def test_rule_of_19(value: float, esd: float, text: str) -> None:
    assert with_esd(value, esd) == text


@given(st.floats(-1e3, 1e3), st.floats(1e-7, 10.0))
def test_digits_and_decimals_agree(value: float, esd: float) -> None:
    text = with_esd(value, esd)
    number, bracket = text.rstrip(")").split("(")
    decimals = len(number.partition(".")[2])
    shown = int(bracket) * 10.0**-decimals
    assert shown == pytest.approx(esd, rel=0.26)
    assert abs(float(number) - value) <= 0.51 * shown + 1e-12
