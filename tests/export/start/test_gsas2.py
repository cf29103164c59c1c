"""GSAS-II's start files: read back by its own rules, and the script run against its names."""

from __future__ import annotations

import math
import runpy
import sys
import tomllib
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hybrid_index as hi
from hybrid_index.errors import InputError
from hybrid_index.export.start import GROUP, RefinementStart, gsas2, prepare
from hybrid_index.line_shapes import combined_width
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, parse_radiation
from tests.export.start import fake_gsas2
from tests.export.start.conftest import RADIUS_MM
from tests.export.start.positions import true_two_theta


@pytest.fixture
def folder(start: RefinementStart, tmp_path: Path) -> Path:
    for name, content in gsas2.files(start).items():
        assert isinstance(content, str)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "GSASII.GSASIIscriptable", None)
    monkeypatch.setitem(sys.modules, "G2script", fake_gsas2)


def run(folder: Path) -> fake_gsas2.G2Project:
    runpy.run_path(str(folder / gsas2.START), run_name="__main__")
    return fake_gsas2.G2Project.last


def changed(start: RefinementStart, **changes: Any) -> RefinementStart:
    """A start without a fit, of a result with some fields changed."""
    return prepare(replace(start.result, **changes), pattern=start.pattern, fit=False)


def with_radiation(start: RefinementStart, radiation: Radiation) -> RefinementStart:
    return changed(start, peaks=start.peaks.replace(radiation=radiation))


def instrument_of(start: RefinementStart) -> tuple[dict[str, Any], dict[str, Any]]:
    values, sample = fake_gsas2.read_instprm(gsas2.instrument(start).splitlines(keepends=True))
    return {name: value[0] for name, value in values.items()}, sample


class TestInstrument:
    def test_lines_lie_where_ours_do(self, start: RefinementStart, folder: Path, installed: None) -> None:
        # GetReflPos of GSASIIstrMath for Bragg-Brentano geometry, from what the project holds
        values, sample = instrument_of(start)
        project = run(folder)
        shift_um = project.histograms()[0].SampleParameters["Shift"][0]
        (phase,) = project.phases()
        assert start.fit is not None
        hkl = start.fit.reflections.hkl
        position = true_two_theta(phase["General"]["Cell"][1:7], hkl, values["Lam1"]) + values["Zero"]
        constant = 9.0e-2 / (math.pi * sample["Gonio. radius"])
        position -= constant * 4.0 * shift_um * np.cos(np.radians(position / 2.0))
        assert (sample["Gonio. radius"], abs(shift_um) > 30.0) == (RADIUS_MM, True)
        np.testing.assert_allclose(position, start.fit.reflections.two_theta_deg, atol=3.0e-5)

    def test_lines_are_as_wide_as_ours(self, start: RefinementStart) -> None:
        values, _ = instrument_of(start)
        assert start.fit is not None
        x = start.fit.reflections.two_theta_deg
        tan, cos = np.tan(np.radians(x / 2.0)), np.cos(np.radians(x / 2.0))
        variance = values["U"] * tan**2 + values["V"] * tan + values["W"]
        lorentz = values["X"] / cos + values["Y"] * tan + values["Z"]
        gauss = np.sqrt(8.0 * math.log(2.0) * variance)
        np.testing.assert_allclose(combined_width(gauss, lorentz) / 100.0, start.widths.fwhm(x), rtol=1.0e-6)
        np.testing.assert_allclose(start.widths.fwhm(x), start.fit.reflections.fwhm_deg, rtol=0.05)

    @pytest.mark.parametrize(
        ("radiation", "expected"),
        [
            ("CuKa", {"Type": "PXC", "Lam1": 1.5405929, "Lam2": 1.5444274, "I(L2)/I(L1)": 0.5, "Polariz.": 0.7}),
            ("MoKa1", {"Type": "PXC", "Lam": 0.70931720, "Polariz.": 0.7, "Source": "MoKa"}),
            ("30keV", {"Type": "PXC", "Lam": 0.41328066, "Polariz.": 0.99, "Source": "synchrotron"}),
        ],
    )
    def test_radiation(self, start: RefinementStart, radiation: str, expected: dict[str, object]) -> None:
        values, sample = instrument_of(with_radiation(start, parse_radiation(radiation)))
        assert {name: values[name] for name in expected} == pytest.approx(expected)
        assert ("Lam" in values) != ("Lam1" in values)
        assert sample["Type"] == "Bragg-Brentano"
        assert "Shift" in sample

    def test_neutrons(self, start: RefinementStart) -> None:
        values, _ = instrument_of(with_radiation(start, Radiation(wavelength_angstrom=1.909, probe="neutron")))
        assert (values["Type"], values["Source"]) == ("PNC", "neutrons")

    def test_axial_divergence_shifts_as_much_as_ours(self) -> None:
        # S = H: both spread evenly, so the mean of (s ± h)²/2L² is (S² + H²)/6L² in radians at cot 2θ = 1
        sh_l = gsas2._divergence(0.03)
        rng = np.random.default_rng(0)
        rays = (rng.uniform(-1.0, 1.0, 200_000) + rng.uniform(-1.0, 1.0, 200_000)) * sh_l / 2.0
        assert np.degrees(np.mean(rays**2) / 2.0) == pytest.approx(0.03 / 3.0, rel=0.02)
        assert gsas2._divergence(0.0) == 0.002


class TestPeakList:
    def test_our_reader_gets_the_lines_back(self, start: RefinementStart, folder: Path) -> None:
        peaks = hi.read_peaks(folder / gsas2.PEAKS)
        assert peaks.wavelength_angstrom == pytest.approx(start.radiation.wavelength_angstrom, abs=1.0e-6)
        np.testing.assert_allclose(peaks.two_theta_deg, start.peaks.two_theta_deg, atol=1.0e-5)
        np.testing.assert_allclose(peaks.intensity, start.peaks.intensity, rtol=1.0e-5)
        np.testing.assert_allclose(peaks.fwhm_deg, start.peaks.fwhm_deg, rtol=1.0e-4)

    def test_lines_without_widths_get_those_of_the_fit(self, start: RefinementStart) -> None:
        bare = PeakList.from_positions(start.peaks.two_theta_deg, radiation=start.radiation)
        other = changed(start, peaks=bare)
        rows = [line for line in gsas2.peak_list(other).splitlines() if line.startswith("[")]
        assert len(rows) == len(bare)
        assert "nan" not in gsas2.peak_list(other)


class TestScript:
    def test_nothing_is_free_before_intensities_are_found_then_step_by_step(
        self, folder: Path, installed: None, capsys: pytest.CaptureFixture[str]
    ) -> None:
        project = run(folder)
        assert project.log == [
            ["Le Bail"],
            ["Background"],
            ["Background", "Shift"],
            ["Background", "Shift", "Cell"],
            ["Background", "Shift", "W", "X", "Cell"],
            *[["Background", "Shift", "U", "W", "X", "Y", "Cell"]] * 4,  # until nothing gets better
        ]
        assert project.filename == str(folder / "hybrid_index.gpx")
        printed = capsys.readouterr().out
        assert "start: wR = 30.00 %" in printed
        assert "at rest after 3 more: wR = 3.50 %" in printed
        assert "length_b = 8.3" in printed

    def test_without_a_doublet_the_zero_is_refined(
        self, start: RefinementStart, tmp_path: Path, installed: None
    ) -> None:
        for name, content in gsas2.files(with_radiation(start, parse_radiation("CuKa1"))).items():
            (tmp_path / name).write_text(str(content), encoding="utf-8")
        assert run(tmp_path).log[-1] == ["Background", "Zero", "U", "W", "X", "Y", "Cell"]

    def test_phase_is_the_solution_and_adds_no_width(
        self, start: RefinementStart, folder: Path, installed: None
    ) -> None:
        (phase,) = run(folder).phases()
        assert phase["General"]["SGData"]["SpGrp"] == "P 21/c"
        np.testing.assert_allclose(phase["General"]["Cell"][1:7], start.cell.parameters, atol=1.0e-6)
        (linked,) = phase["Histograms"].values()
        size_um, microstrain = linked["Size"][1][0], linked["Mustrain"][1][0]
        lorentz = 1.8 * start.radiation.wavelength_angstrom / (math.pi * size_um) + 0.018 * microstrain / math.pi
        assert lorentz / 100.0 < 0.01 * 0.12

    def test_background_is_that_of_the_fit(self, start: RefinementStart, folder: Path, installed: None) -> None:
        (histogram,) = run(folder).histograms()
        kind, _, count, *coefficients = histogram["Background"][0]
        assert (kind, count) == ("chebyschev-1", len(coefficients))
        assert start.fit is not None
        low, high = histogram["Limits"][1]
        x = start.fit.two_theta_deg
        position = -1.0 + 2.0 * (x - low) / (high - low)
        terms = [c * np.cos(i * np.arccos(np.clip(position, -1.0, 1.0))) for i, c in enumerate(coefficients)]
        off = (np.sum(terms, axis=0) - start.fit.background) / start.fit.sigma
        assert np.sqrt(np.mean(off**2)) < 1.0

    @pytest.mark.parametrize("step", ["Background", "Cell", "Y"])
    def test_step_that_fails_stops_the_script(
        self, folder: Path, installed: None, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        monkeypatch.setattr(fake_gsas2.G2Project, "fails_at", step)
        with pytest.raises(SystemExit, match=r"the refinement of step .* failed"):
            run(folder)

    def test_without_gsas2_it_says_so(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("GSASII.GSASIIscriptable", "G2script", "GSASIIscriptable"):
            monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(SystemExit, match="GSAS-II is not installed"):
            run(folder)

    def test_any_title_compiles(self, start: RefinementStart) -> None:
        text = gsas2.script(changed(start, id='C:\\new\\"""@CELL@\\'))
        compile(text, gsas2.START, "exec")
        assert "@CELL@" in text.splitlines()[0]


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("P 1 21/c 1", "P 21/c"),
        ("C 1 2/m 1", "C 2/m"),
        ("P 21 21 21", "P 21 21 21"),
        ("P -1", "P -1"),
        ("R -3 m", "R -3 m"),
        ("P m -3 m", "P m -3 m"),
        ("P 3 1 m", "P 3 1 m"),
        ("F d -3 m", "F d -3 m"),
    ],
)
def test_symbols_of_space_groups(start: RefinementStart, group: str, expected: str) -> None:
    assert gsas2.symbol(replace(start, space_group=group)) == expected


def test_pattern_is_needed(start_without_pattern: RefinementStart) -> None:
    with pytest.raises(InputError, match="gsas2 need the measured pattern"):
        gsas2.files(start_without_pattern)


def test_registered() -> None:
    declared = tomllib.loads(Path("pyproject.toml").read_text())["project"]["entry-points"][GROUP]
    assert EntryPoint("gsas2", declared[gsas2.name], GROUP).load() is gsas2
