"""CIF of several targets, read by gemmi and pymatgen."""

from __future__ import annotations

import csv
import json
import warnings

import gemmi
import numpy as np
import pytest

from hybrid_index.export import from_document
from hybrid_index.export.start import RefinementStart, easydiffraction, jana, maud, plain
from hybrid_index.lattice import BravaisLattice
from hybrid_index.units import shift_two_theta
from tests.export.start.conftest import MakeStart
from tests.export.start.positions import true_two_theta
from tests.synthetic import TYPICAL


def text_of(content: str | bytes) -> str:
    assert isinstance(content, str)
    return content


def block_of(content: str | bytes) -> gemmi.cif.Block:
    return gemmi.cif.read_string(text_of(content)).sole_block()


def test_cell_cif_says_what_the_fit_found(start: RefinementStart) -> None:
    assert start.fit is not None
    block = block_of(plain.files(start)["cell.cif"])
    structure = gemmi.make_small_structure_from_block(block)
    assert structure.cell.parameters == pytest.approx(start.fit.cell.parameters, abs=1e-5)
    assert structure.spacegroup.hm == "P 1 21/c 1"
    assert structure.wavelength == pytest.approx(1.5405929, abs=1e-6)
    value, esd = block.find_value("_cell_length_a").rstrip(")").split("(")
    assert int(esd) * 1e-5 == pytest.approx(start.fit.cell_esd.a, rel=0.1)
    assert len(value.split(".")[1]) == 5
    operations = gemmi.GroupOps(
        [gemmi.Op(gemmi.cif.as_string(x)) for x in block.find_values("_space_group_symop_operation_xyz")]
    )
    assert operations == start.group.operations()


@pytest.mark.parametrize("lattice", list(BravaisLattice), ids=str)
def test_pymatgen_reads_cell_and_symmetry(quick_start: MakeStart, lattice: BravaisLattice) -> None:
    from pymatgen.io.cif import CifFile, CifParser

    made = quick_start(TYPICAL[lattice], lattice)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = text_of(plain.files(made)["cell.cif"])
        parser = CifParser.from_str(text)
        (block,) = CifFile.from_str(text).data.values()
        found = parser.get_lattice(block)
        operations = parser.get_symops(block)
    assert found.parameters == pytest.approx(TYPICAL[lattice].parameters, abs=1e-5)
    assert len(operations) == len(list(made.group.operations()))


def test_pattern_cif_holds_the_pattern_and_its_correction(start: RefinementStart) -> None:
    assert start.pattern is not None
    assert start.fit is not None
    block = block_of(maud.files(start)["pattern.cif"])
    scan = np.array([float(x) for x in block.find_values("_pd_meas_2theta_scan")])
    np.testing.assert_allclose(scan, start.pattern.two_theta_deg, atol=1e-5)
    assert float(block.find_value("_pd_proc_ls_prof_wR_factor")) == pytest.approx(start.fit.r_wp, abs=1e-5)
    # what has to be added to a measured angle
    table = np.array(block.find(["_pd_calib_2theta_off_point", "_pd_calib_2theta_offset"]), dtype=float)
    listed = start.fit.reflections
    corrected = listed.two_theta_deg + np.interp(listed.two_theta_deg, *table.T)
    true = true_two_theta(start.cell.parameters, listed.hkl, 1.5405929)
    np.testing.assert_allclose(corrected, true, atol=1.0e-3)
    assert len(block.find_values("_refln_index_h")) == len(listed)


def test_jana_and_maud_share_the_cell(start: RefinementStart) -> None:
    assert jana.files(start)["cell.cif"] == maud.files(start)["phase.cif"] == plain.files(start)["cell.cif"]
    rows = np.loadtxt(text_of(maud.files(start)["pattern.xy"]).splitlines())
    assert rows.shape[1] == 2
    notes = text_of(jana.files(start)["notes.txt"])
    assert "P 1 21/c 1" in notes
    words = {line.split()[0]: line.split()[1] for line in notes.splitlines() if len(line.split()) > 2}
    true = true_two_theta(start.cell.parameters, np.array([[1, 1, 1]]), 1.5405929)
    shifted = true + float(words["zero"]) + float(words["cosine"]) * np.cos(np.radians(true) / 2.0)
    expected = shift_two_theta(
        true, zero_shift_deg=start.shift.zero_shift_deg, displacement_mm=start.shift.displacement_mm,
        radius_mm=start.radius_mm,
    )  # fmt: skip
    assert shifted == pytest.approx(expected, abs=1e-4)


def test_plain_tables_and_report(start: RefinementStart) -> None:
    files = plain.files(start)
    peaks = list(csv.DictReader(text_of(files["peaks.csv"]).splitlines()))
    assert len(peaks) == len(start.peaks)
    assert [row["h"] for row in peaks].count("") == 1
    assert start.fit is not None
    lines = list(csv.DictReader(text_of(files["reflections.csv"]).splitlines()))
    assert float(lines[3]["intensity"]) == pytest.approx(start.fit.reflections.intensity[3], rel=1e-5)
    report = json.loads(text_of(files["report.json"]))
    assert report["export"]["fit"]["r_wp"] == pytest.approx(start.fit.r_wp)
    assert report["export"]["fit"]["reflections"]["intensity"] == pytest.approx(start.fit.reflections.intensity)
    assert from_document(report).solutions[0].rank == 1


def test_plain_does_without_a_pattern(start_without_pattern: RefinementStart) -> None:
    files = plain.files(start_without_pattern)
    assert "pattern.xye" not in files
    assert json.loads(text_of(files["report.json"]))["export"]["fit"] is None
    lines = list(csv.DictReader(text_of(files["reflections.csv"]).splitlines()))
    assert [lines[0][index] for index in "hkl"] == ["1", "1", "1"]
    assert lines[0]["intensity"] == ""


def test_easydiffraction_categories(start: RefinementStart) -> None:
    files = easydiffraction.files(start)
    structure, experiment = block_of(files["structure.cif"]), block_of(files["experiment.cif"])
    assert structure.find_value("_space_group.IT_coordinate_system_code") == "b1"
    assert float(structure.find_value("_cell.angle_beta").split("(")[0]) == pytest.approx(start.cell.beta, abs=1e-5)
    assert [experiment.find_value(f"_expt_type.{name}") for name in ("sample_form", "radiation_probe")] == [
        "powder", "xray",
    ]  # fmt: skip
    assert experiment.find_values("_pd_phase_block.id")[0] == structure.name
    assert float(experiment.find_value("_peak.broad_gauss_w")) == pytest.approx(start.widths.w, abs=1e-6)
    compile(text_of(files["open.py"]), "open.py", "exec")


def test_easydiffraction_scan_has_no_displacement_left(start: RefinementStart) -> None:
    assert start.fit is not None
    assert start.pattern is not None
    experiment = block_of(easydiffraction.files(start)["experiment.cif"])
    scan = np.array([float(x) for x in experiment.find_values("_pd_proc.2theta_scan")])
    listed = start.fit.reflections
    inside = listed.two_theta_deg < start.pattern.two_theta_deg[-1]
    in_scan = np.interp(listed.two_theta_deg[inside], start.pattern.two_theta_deg, scan)
    wavelength = float(experiment.find_value("_instr.wavelength"))
    true = true_two_theta(start.cell.parameters, listed.hkl[inside], wavelength)
    np.testing.assert_allclose(in_scan - float(experiment.find_value("_instr.2theta_offset")), true, atol=1.0e-3)


@pytest.mark.parametrize(
    ("symbol", "code"),
    [
        ("P -1", ""),
        ("P 1 2/m 1", "b1"),
        ("P b n m", "cab"),
        ("P m m m", "abc"),
        ("P n n n:2", "2abc"),
        ("R -3 m:H", "h"),
        ("P 6/m m m", "h"),
        ("P 4/m m m", "1"),
        ("F d -3 m:2", "2"),
    ],
)
def test_easydiffraction_settings(symbol: str, code: str) -> None:
    assert easydiffraction.setting_code(gemmi.find_spacegroup_by_name(symbol)) == code
