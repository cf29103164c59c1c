"""TOPAS: the input is read back by its own grammar, and the lines lie where the fit has them."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from hybrid_index.export.start import RefinementStart, topas
from hybrid_index.export.start.reflections import reflections
from hybrid_index.lattice import BravaisLattice, Cell
from tests.export.start.conftest import MakeStart
from tests.export.start.positions import true_two_theta
from tests.synthetic import TYPICAL


def inp(start: RefinementStart, name: str = "lebail.inp") -> str:
    text = topas.files(start)[name]
    assert isinstance(text, str)
    return "\n".join(line.split("'")[0].rstrip() for line in text.splitlines())


def number(text: str, pattern: str) -> float:
    found = re.search(pattern + r"\s+(-?\d+\.?\d*)", text)
    assert found, pattern
    return float(found.group(1))


def test_lines_lie_where_the_fit_has_them(start: RefinementStart) -> None:
    assert start.fit is not None
    text = inp(start)
    cell = [number(text, rf"\b{name} @") for name in ("a", "b", "c")] + [90.0, number(text, r"\bbe @"), 90.0]
    true = true_two_theta(cell, start.fit.reflections.hkl, number(text, r"la 1 lo"))
    theta = np.radians(true) / 2.0
    zero, height, radius = number(text, r"prm !?zero"), number(text, r"prm !?height"), number(text, r"Rs")
    assert "th2_offset = zero;" in text
    assert "th2_offset = -2 Rad (height) Cos(Th) / Rs;" in text
    calculated = true + zero - 2.0 * math.degrees(1.0) * height * np.cos(theta) / radius
    np.testing.assert_allclose(calculated, start.fit.reflections.two_theta_deg, atol=1.0e-3)
    assert height * zero != 0.0


def test_le_bail_and_pawley_differ_by_one_keyword(start: RefinementStart) -> None:
    le_bail, pawley = inp(start), inp(start, "pawley.inp")
    assert "lebail 1" in le_bail
    assert pawley == le_bail.replace("      lebail 1\n", "")
    assert 'space_group "P_21/c"' in le_bail
    assert "hkl_Is" in pawley
    assert "xdd pattern.xye" in pawley
    assert "x_calculation_step" in pawley, "mandatory for xye files"


def test_widths_are_those_of_the_fit(start: RefinementStart) -> None:
    assert start.fit is not None
    found = re.search(r"TCHZ_Peak_Type\(@, (.+), @, (.+), @, (.+), , 0, @, (.+), @, (.+)\)", inp(start))
    assert found
    u, v, w, x, y = (float(group) for group in found.groups())
    theta = np.radians(start.fit.reflections.two_theta_deg) / 2.0
    gauss = np.sqrt(u * np.tan(theta) ** 2 + v * np.tan(theta) + w)
    lorentz = x * np.tan(theta) + y / np.cos(theta)
    parts = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
    total = sum(c * gauss ** (5 - i) * lorentz**i for i, c in enumerate(parts)) ** 0.2
    np.testing.assert_allclose(total, start.fit.reflections.fwhm_deg, rtol=0.03)


def test_doublet_and_axial_divergence(start: RefinementStart) -> None:
    text = inp(start)
    lines = re.findall(r"la (\S+) lo (\S+) lh (\S+)", text)
    assert [float(lo) for _, lo, _ in lines] == [1.5405929, 1.5444274]
    assert float(lines[1][0]) == pytest.approx(start.ka2_ratio, abs=1e-4)
    assert "one_on_x_conv = -axial / Tan(2 Th);" in text


def test_background_series_follows_the_background(start: RefinementStart) -> None:
    coefficients = [float(c) for c in re.search(r"bkg @ (.+)", inp(start)).group(1).split()]
    points = start.background_points("topas")
    low, high = start.fit_range_deg
    series = np.polynomial.chebyshev.chebval((2.0 * points[:, 0] - low - high) / (high - low), coefficients)
    np.testing.assert_allclose(series, points[:, 1], rtol=0.1, atol=5.0)


@pytest.mark.parametrize(
    ("lattice", "cell_text", "symbol"),
    [
        (BravaisLattice.CF, r"Cubic\(@ 5\.640200\)", "F_m_-3_m"),
        (BravaisLattice.TI, r"Tetragonal\(@ 3\.785000, @ 9\.514000\)", "I_4/m_m_m"),
        (BravaisLattice.HP, r"Hexagonal\(@ 4\.913000, @ 5\.405000\)", "P_6/m_m_m"),
        (BravaisLattice.HR, r"Trigonal\(@ 4\.990000, @ 17\.061000\)", "R_-3_m"),
        (BravaisLattice.OC, r"a @ 9\.150000 b @ 12\.410000 c @ 5\.270000\n", "C_m_m_m"),
        (BravaisLattice.MC, r"a @ 12\.310000 b @ 6\.870000 c @ 9\.050000 be @ 111\.20000", "C_2/m"),
        (BravaisLattice.AP, r"a @ 5\.13.+\n +al @ 84\.30000 be @ 97\.60000 ga @ 103\.90000", "P_-1"),
    ],
)
def test_cell_of_each_system(quick_start: MakeStart, lattice: BravaisLattice, cell_text: str, symbol: str) -> None:
    text = inp(quick_start(TYPICAL[lattice], lattice))
    assert re.search(cell_text, text)
    assert f'space_group "{symbol}"' in text


def test_monoclinic_group_on_an_orthorhombic_cell_names_its_axis(quick_start: MakeStart) -> None:
    made = quick_start(Cell(a=5.4, b=6.95, c=8.47), BravaisLattice.OP, space_group="P 1 1 21/b")
    assert "ga @ 90.00000" in inp(made)
    assert 'space_group "P_1_1_21/b"' in inp(made)


def test_monochromatic_pattern_refines_its_zero(quick_start: MakeStart) -> None:
    made = quick_start(Cell(a=5.4, b=6.95, c=8.47), BravaisLattice.OP, radiation="0.8")
    text = inp(made)
    assert len(re.findall(r"\blo ", text)) == 1
    assert "prm zero" in text
    assert "prm !height" in text
    assert made.fit is None
    assert reflections(made).two_theta_deg.size > 10
