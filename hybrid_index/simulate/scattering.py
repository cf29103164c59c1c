"""Atomic scattering: x-ray form factors (Int. Tables C, 1992: four Gaussians and a constant), neutron lengths."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import gemmi
import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.units import FloatArray

N_COEFFICIENTS = 9
"""a1..a4, b1..b4, c."""


def scattering_coefficients(elements: Sequence[str], probe: Literal["xray", "neutron"]) -> FloatArray:
    """Coefficients of f(Q) = Σ a_i exp(−b_i Q/4) + c, shape (n, 9).

    X-rays: in electrons, neutral atoms, without anomalous dispersion. Neutrons: coherent lengths in fm, all a_i zero.

    Raises
    ------
    InputError
        For an element without tabulated values.
    """
    rows = [_coefficients(symbol, probe) for symbol in elements]
    return np.array(rows, dtype=np.float64).reshape(-1, N_COEFFICIENTS)


@cache
def _coefficients(symbol: str, probe: Literal["xray", "neutron"]) -> tuple[float, ...]:
    element = gemmi.Element(symbol)
    row = (0.0,) * N_COEFFICIENTS
    if probe == "neutron":
        row = (*row[1:], element.neutron92.get_coefs()[0])
    elif element.atomic_number and element.it92 is not None:
        row = tuple(element.it92.get_coefs())
    if not any(row):
        raise InputError(f"element {symbol!r} has no tabulated {probe} scattering; leave it out or name another")
    return row
