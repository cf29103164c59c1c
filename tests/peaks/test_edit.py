"""Adding and dropping lines by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.peaks import edit_peaks
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation

PEAKS = PeakList.from_positions(
    [10.0, 12.0, 12.08, 30.0], radiation=Radiation(wavelength_angstrom=1.54), intensity=[4, 3, 2, 1]
)


def test_add_and_drop() -> None:
    edited = edit_peaks(PEAKS, add=[20.0, 5.0], drop=[12.07])
    np.testing.assert_array_equal(edited.two_theta_deg, [5.0, 10.0, 12.0, 20.0, 30.0])
    np.testing.assert_array_equal(edited.intensity, [2.5, 4.0, 3.0, 2.5, 1.0])
    assert len(PEAKS) == 4


def test_replacing_a_line_by_one_at_the_same_place() -> None:
    assert len(edit_peaks(PEAKS, add=[10.0], drop=[10.0])) == 4


def test_two_drops_take_two_lines() -> None:
    np.testing.assert_array_equal(edit_peaks(PEAKS, drop=[12.04, 12.05]).two_theta_deg, [10.0, 30.0])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"drop": [11.0]}, "no peak to drop"), ({"add": [10.0]}, "there already"), ({"add": [181.0]}, "between 0 and 180"),
     ({"add": [float("nan")]}, "between 0 and 180"), ({"drop": [10.0, 10.0]}, "no peak to drop")],
)  # fmt: skip
def test_bad_edits(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        edit_peaks(PEAKS, **arguments)
