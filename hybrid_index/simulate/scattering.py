"""Atomic scattering: form factors of neutral atoms without anomalous dispersion, coherent neutron lengths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Literal

import gemmi
import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.units import FloatArray

FormFactors = Literal["it92", "pymatgen"]
"""Tables for x-rays.

``it92``: International Tables C (1992), table 6.1.1.4; hydrogen as it is when bonded. ``pymatgen``: that of pymatgen's
XRDCalculator, made of electron scattering by Mott and Bethe's formula; it serves to compare with that. Up to
s = 0.46 Å⁻¹ it is off by more than 2 % for 24 elements (Sn 12 %, Ta and W 4 %), and its hydrogen is a free atom.
"""

N_COEFFICIENTS = 11
"""a1..a4, b1..b4, c, p, r."""
MOTT_BETHE = 41.78214
"""Electrons·Å² in f = Z − 41.78214 s² f_electron, s = sinθ/λ, as pymatgen rounds it."""


def scattering_coefficients(
    elements: Sequence[str], probe: Literal["xray", "neutron"], form_factors: FormFactors = "it92"
) -> FloatArray:
    """Coefficients of f(s²) = c + (p + r s²)·Σ a_i exp(−b_i s²) with s² = Q/4, shape (n, 11).

    X-rays: in electrons. Neutrons: coherent lengths in fm, all a_i zero.

    Raises
    ------
    InputError
        For an element without tabulated values.
    """
    table = form_factors if probe == "xray" else probe
    return np.array([_coefficients(symbol, table) for symbol in elements], dtype=np.float64).reshape(-1, N_COEFFICIENTS)


@cache
def _coefficients(symbol: str, table: Literal["it92", "pymatgen", "neutron"]) -> tuple[float, ...]:
    element = gemmi.Element(symbol)
    if table == "neutron":
        length = element.neutron92.get_coefs()[0]
        if length:
            return (*(0.0,) * 8, length, 0.0, 0.0)
    elif table == "pymatgen":
        if symbol in _pymatgen_table():
            a, b = zip(*_pymatgen_table()[symbol], strict=True)
            return (*a, *b, float(element.atomic_number), 0.0, -MOTT_BETHE)
    elif element.atomic_number and element.it92 is not None:
        return (*element.it92.get_coefs(), 1.0, 0.0)
    probe = "neutron" if table == "neutron" else "xray"
    raise InputError(f"element {symbol!r} has no tabulated {probe} scattering; leave it out or name another")


@cache
def _pymatgen_table() -> dict[str, list[list[float]]]:
    # The file itself: importing the module beside it takes more than a second.
    file = resources.files("pymatgen.analysis.diffraction").joinpath("atomic_scattering_params.json")
    table: dict[str, list[list[float]]] = json.loads(file.read_text(encoding="utf-8"))
    return table
