"""Atomic scattering: x-ray form factors (Int. Tables C, 1992: four Gaussians and a constant), neutron lengths."""

from __future__ import annotations

from collections.abc import Sequence
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
    table = np.zeros((len(elements), N_COEFFICIENTS))
    for row, symbol in zip(table, elements, strict=True):
        element = gemmi.Element(symbol)
        if probe == "neutron":
            row[8] = element.neutron92.get_coefs()[0]
        elif element.atomic_number and element.it92 is not None:
            row[:] = element.it92.get_coefs()
        if not row.any():
            raise InputError(f"element {symbol!r} has no tabulated {probe} scattering; leave it out or name another")
    return table
