"""Profex and BGMN: nanometres, limits, and what the control file names."""

from __future__ import annotations

import re

import pytest

from hybrid_index.errors import InputError
from hybrid_index.export.start import RefinementStart, profex
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.units import Radiation
from tests.export.start.conftest import MakeStart, known_pattern, known_result
from tests.synthetic import TYPICAL


def phase(start: RefinementStart) -> tuple[str, dict[str, tuple[float, float, float]]]:
    """The text, and value, lowest and highest of each parameter of the cell."""
    text = profex.files(start)["phase.str"]
    assert isinstance(text, str)
    found = re.findall(r"PARAM=(A|B|C|ALPHA|BETA|GAMMA)=([\d.]+)_([\d.]+)\^([\d.]+)", text)
    return text, {name: (float(value), float(low), float(high)) for name, value, low, high in found}


def test_cell_is_in_nanometres_within_its_limits(start: RefinementStart) -> None:
    text, cell = phase(start)
    assert list(cell) == ["A", "B", "C", "BETA"]
    assert cell["A"][0] == pytest.approx(start.cell.a / 10.0, abs=1e-7)
    assert cell["BETA"][0] == pytest.approx(start.cell.beta, abs=1e-6)
    assert all(low < value < high for value, low, high in cell.values())
    assert "SpacegroupNo=14 HermannMauguin=P12_1/c1 //" in text
    assert "LeBail=1" in text.splitlines()
    assert not re.search(r"^E=", text, flags=re.MULTILINE), "no atoms"


def test_control_file_names_what_is_there(start: RefinementStart) -> None:
    files = profex.files(start)
    control = files["start.sav"]
    assert isinstance(control, str)
    values = dict(line.split("=", 1) for line in control.splitlines() if "=" in line and not line.startswith("%"))
    assert values["STRUC[1]"] in files
    assert values["VAL[1]"] in files
    assert values["LAMBDA"] == "CU"
    assert values["EPS1"] == "0"
    assert values["PARAM[1]"].startswith("EPS2=0_-")


@pytest.mark.parametrize(
    ("lattice", "parameters", "symbol"),
    [
        (BravaisLattice.CI, ["A"], "I4/m-32/m"),
        (BravaisLattice.TP, ["A", "C"], "P4/m2/m2/m"),
        (BravaisLattice.HR, ["A", "C"], "R-32/m"),
        (BravaisLattice.OF, ["A", "B", "C"], "F2/m2/m2/m"),
        (BravaisLattice.AP, ["A", "B", "C", "ALPHA", "BETA", "GAMMA"], "P-1"),
    ],
)
def test_each_system(quick_start: MakeStart, lattice: BravaisLattice, parameters: list[str], symbol: str) -> None:
    text, cell = phase(quick_start(TYPICAL[lattice], lattice))
    assert list(cell) == parameters
    assert f"HermannMauguin={symbol} //" in text


def test_settings_that_are_not_standard(quick_start: MakeStart) -> None:
    monoclinic = quick_start(TYPICAL[BravaisLattice.MP], BravaisLattice.MP, space_group="P 1 21/n 1")
    assert "HermannMauguin=P12_1/n1 //" in phase(monoclinic)[0]
    other = quick_start(Cell(a=6.95, b=8.47, c=5.4), BravaisLattice.OP, space_group="P b n m")
    assert "SpacegroupNo=62 // choose the setting of P b n m in Profex" in phase(other)[0]


def test_one_wavelength_and_neutrons(quick_start: MakeStart) -> None:
    made = quick_start(TYPICAL[BravaisLattice.CF], BravaisLattice.CF, radiation="0.8")
    assert "SYNCHROTRON=0.08000000" in str(profex.files(made)["start.sav"])
    assert "PARAM[1]=EPS1=0_-" in str(profex.files(made)["start.sav"])
    cell, lattice = TYPICAL[BravaisLattice.CF], BravaisLattice.CF
    pattern = known_pattern(cell, lattice, "1.5").replace(radiation=Radiation(wavelength_angstrom=1.5, probe="neutron"))
    from hybrid_index.export.start import prepare

    neutron = prepare(known_result(cell, lattice, pattern), pattern=pattern, fit=False)
    with pytest.raises(InputError, match="X-rays only"):
        profex.files(neutron)
