from __future__ import annotations

import gemmi
import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.simulate.scattering import MOTT_BETHE, FormFactors, scattering_coefficients
from hybrid_index.units import FloatArray

S2 = np.linspace(0.005, 0.21, 30)
"""s² = (sinθ/λ)², to 90° 2θ of copper."""


def form_factor(symbol: str, table: FormFactors) -> FloatArray:
    c = scattering_coefficients([symbol], "xray", table)[0]
    return np.asarray(c[8] + (c[9] + c[10] * S2) * (c[:4] @ np.exp(-np.outer(c[4:8], S2))))


def by_mott_and_bethe(symbol: str) -> FloatArray:
    """From the electron scattering of International Tables C, table 4.3.2.2: a fit of its own to other numbers."""
    element = gemmi.Element(symbol)
    electrons = np.array([element.c4322.calculate_sf(x) for x in S2])
    return np.asarray(element.atomic_number - MOTT_BETHE * S2 * electrons)


@pytest.mark.parametrize("symbol", ["C", "O", "Si", "Cl", "Fe", "Sn", "Y", "La", "Ta", "W", "Pt", "Th"])
def test_the_international_tables_agree_with_each_other(symbol: str) -> None:
    assert form_factor(symbol, "it92") == pytest.approx(by_mott_and_bethe(symbol), rel=3e-3)


@pytest.mark.parametrize(("symbol", "off"), [("Sn", 0.12), ("Ta", 0.04), ("W", 0.04), ("La", 0.03), ("Li", 0.03)])
def test_the_table_of_pymatgen_disagrees_with_both(symbol: str, off: float) -> None:
    ratio = form_factor(symbol, "pymatgen") / form_factor(symbol, "it92")
    assert np.abs(ratio - 1.0).max() == pytest.approx(off, abs=0.005)


def test_hydrogen_is_bonded_here_and_free_in_pymatgen() -> None:
    # The free atom has the exact 1s density: f = 16/(4 + (4πs·a0)²)².
    free = 16.0 / (4.0 + (4.0 * np.pi * 0.529177) ** 2 * S2) ** 2
    assert form_factor("H", "pymatgen") == pytest.approx(free, abs=0.005)
    assert np.all(form_factor("H", "it92") > free)


def test_forward_scattering_counts_electrons() -> None:
    c = scattering_coefficients(["H", "C", "Fe", "Pb"], "xray")
    assert c[:, :4].sum(axis=1) + c[:, 8] == pytest.approx([1.0, 6.0, 26.0, 82.0], rel=1e-3)


def test_neutron_lengths_are_the_published_ones() -> None:
    """Sears, Neutron News 3 (1992) 26: fm."""
    c = scattering_coefficients(["H", "D", "O", "V"], "neutron")
    assert c[:, 8] == pytest.approx([-3.739, 6.671, 5.803, -0.3824], abs=2e-3)


@pytest.mark.parametrize("table", ["it92", "pymatgen"])
def test_unknown_elements_are_refused(table: FormFactors) -> None:
    with pytest.raises(InputError, match=r"'Lv' has no tabulated xray"):
        scattering_coefficients(["Lv"], "xray", table)
    with pytest.raises(InputError, match=r"'Po' has no tabulated neutron"):
        scattering_coefficients(["Po"], "neutron", table)
