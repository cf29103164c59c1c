"""Our modules for GSAS-II, loaded from where they are installed and run against its interface."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import hybrid_index as hi
from hybrid_index.export import document, to_json
from hybrid_index.export.start.space_group import default_space_group, parse_space_group
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.plugins.install import Plugin, install
from hybrid_index.types import IndexingResult, Pattern
from tests.plugins import fake_gsas2

MakeResult = Callable[..., IndexingResult]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return install(Plugin.GSAS2, tmp_path / ".GSASII")[0].parents[1]


@pytest.fixture(params=["package", "flat"])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, result_file: Path) -> None:
    """GSAS-II as a package, and as it was before; in neither can our package be imported (from here on)."""
    for name, module in (fake_gsas2.modules() if request.param == "package" else fake_gsas2.flat_modules()).items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setitem(sys.modules, "hybrid_index", None)


@pytest.fixture
def importer(folder: Path, program: None) -> Any:
    (reader,) = fake_gsas2.importers(fake_gsas2.load(folder / "imports" / "G2phase_hybrid_index.py"))
    return reader


@pytest.fixture
def module(folder: Path, program: None) -> ModuleType:
    return fake_gsas2.load(folder / "exports" / "G2export_hybrid_index.py")


@pytest.fixture
def result_file(make_result: MakeResult, tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_text(to_json(document(make_result()), indent=2), encoding="utf-8")
    return path


def pick(monkeypatch: pytest.MonkeyPatch, choice: int | None) -> list[list[str]]:
    """Let the user choose, and return what is asked."""
    asked: list[list[str]] = []
    gui = fake_gsas2.modules(choice, asked)["GSASII.GSASIIctrlGUI"]
    monkeypatch.setitem(sys.modules, "GSASIIctrlGUI", gui)
    if sys.modules["GSASII"] is not None:
        monkeypatch.setattr(sys.modules["GSASII"], "GSASIIctrlGUI", gui)
    return asked


class TestImporter:
    def test_first_solution_becomes_a_phase(self, importer: Any, result_file: Path, make_result: MakeResult) -> None:
        assert importer.ExtensionValidator(str(result_file)) is True
        assert importer.ContentsValidator(str(result_file)) is True
        assert importer.Reader(str(result_file), buffer={}, blocknum=1) is True
        general = importer.Phase["General"]
        cell = make_result().solutions[0].refinement.cell
        assert general["Name"] == "anglesite 1"
        assert general["SGData"]["SpGrp"] == "P m m m"
        np.testing.assert_allclose(general["Cell"][1:7], cell.parameters)
        assert general["Cell"][7] == pytest.approx(cell.volume)
        assert "no atoms" in importer.warnings
        assert not importer.repeat

    def test_user_chooses_from_a_batch(
        self, importer: Any, make_result: MakeResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lines = tmp_path / "results.jsonl"
        failed = json.dumps({**document(make_result()), "id": "bad.xy", "solutions": []})
        lines.write_text(f"{failed}\n{to_json(document(make_result()))}\n", encoding="utf-8")
        asked = pick(monkeypatch, 1)
        assert importer.Reader(str(lines), ParentFrame=object())
        assert asked[0][0] == "anglesite 1, oP 8.4820 5.3980 6.9590 90.00 90.00 90.00, probability 0.98"
        assert importer.Phase["General"]["Name"] == "anglesite 2"
        assert importer.Phase["General"]["SGData"]["SpGrp"] == "P -1"

    def test_cancelling_reads_nothing(self, importer: Any, result_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        pick(monkeypatch, None)
        assert importer.Reader(str(result_file), ParentFrame=object()) is False
        assert importer.errors == "no solution was chosen"

    def test_random_numbers_are_not_used_twice(
        self, importer: Any, result_file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        numbers = iter([5, 5, 7])
        monkeypatch.setattr("random.randint", lambda low, high: next(numbers))
        assert importer.Reader(str(result_file), usedRanIdList=[5])
        assert importer.Phase["ranId"] == 7

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            ('{"schema": "hybrid-index/result/1", "solutions": []}', "the result has no solution"),
            ('{"schema": "hybrid-index/result/1"}', "the result document is damaged: KeyError('solutions')"),
            ('{"schema": "hybrid-index/result/2", "solutions": []}', "the result document is damaged: ValueError"),
            ("[1, 2]", "the result document is damaged: TypeError"),
            ("cell 1 2 3", "the result document is damaged: JSONDecodeError"),
        ],
    )
    def test_bad_files_say_what_is_wrong(self, importer: Any, tmp_path: Path, text: str, error: str) -> None:
        path = tmp_path / "bad.json"
        path.write_text(text)
        assert importer.Reader(str(path)) is False
        assert importer.errors.startswith(error)

    def test_other_json_is_not_taken(self, importer: Any, tmp_path: Path) -> None:
        path = tmp_path / "other.json"
        path.write_text('{"two_theta": [1, 2]}')
        assert importer.ContentsValidator(str(path)) is False
        assert importer.ExtensionValidator("pattern.xye") is False

    def test_space_groups_are_ours(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, fake in fake_gsas2.modules().items():
            monkeypatch.setitem(sys.modules, name, fake)
        symbols = fake_gsas2.load(folder / "imports" / "G2phase_hybrid_index.py").SPACE_GROUPS
        assert set(symbols) == {lattice.value for lattice in BRAVAIS_LATTICES}
        for lattice in BRAVAIS_LATTICES:
            assert fake_gsas2.space_group(symbols[lattice.value])[0] == 0
            ours = parse_space_group(default_space_group(lattice))
            assert parse_space_group(symbols[lattice.value]).number == ours.number


class TestExporters:
    def frame(self, folder: Path, answer: str | None = "out.any", *, n_histograms: int = 1) -> fake_gsas2.Frame:
        x = np.arange(10.0, 40.0, 0.02)
        y = np.random.default_rng(0).poisson(500.0, x.size)
        weight = 1.0 / y
        weight[:3] = 0.0
        histogram = {
            "Data": fake_gsas2.data(x, y, weight),
            "Instrument Parameters": fake_gsas2.instrument(Lam=0.4137),
            "Peak List": {
                "peaks": [
                    [20.0, False, 90.0, True, 4.0, False, 3.0, False],
                    [12.5, True, 50.0, True, 25.0, False, 0.0, False],
                    *([30.0 + i, True, 10.0, True, 9.0, False, 1.0, False] for i in range(6)),
                ],
                "sigDict": {"pos1": 0.002, "int1": 3.0, **{f"pos{i}": 0.004 for i in range(2, 8)}},
            },
        }
        names = [f"PWDR run {i}.xye" for i in range(n_histograms)]
        return fake_gsas2.Frame(histograms=dict.fromkeys(names, histogram), folder=str(folder), answer=answer)

    def test_pattern_is_read_with_its_wavelength(self, module: ModuleType, tmp_path: Path) -> None:
        pattern_exporter, _ = fake_gsas2.exporters(module, self.frame(tmp_path))
        assert pattern_exporter.exporttype == ["powder"]
        pattern_exporter.Exporter()
        read = read_in_our_python(lambda: hi.read_pattern(tmp_path / "out.xye"))
        assert isinstance(read, Pattern)
        assert read.radiation is not None
        assert read.radiation.wavelength_angstrom == pytest.approx(0.4137)
        assert read.two_theta_deg[0] == pytest.approx(10.06)
        assert read.sigma is not None
        np.testing.assert_allclose(read.sigma**2, read.intensity, rtol=1.0e-4)

    def test_both_wavelengths_of_a_tube(self, module: ModuleType, tmp_path: Path) -> None:
        frame = self.frame(tmp_path)
        values = {"Lam1": 1.5405929, "Lam2": 1.5444274, "I(L2)/I(L1)": 0.48}
        frame.histograms["PWDR run 0.xye"]["Instrument Parameters"] = fake_gsas2.instrument(**values)
        fake_gsas2.exporters(module, frame)[0].Exporter()
        radiation = read_in_our_python(lambda: hi.read_pattern(tmp_path / "out.xye")).radiation
        assert radiation is not None
        assert radiation.wavelength_angstrom == pytest.approx(1.540593, abs=1.0e-6)
        assert radiation.ka2_angstrom == pytest.approx(1.544427, abs=1.0e-6)
        assert radiation.ka2_ratio == pytest.approx(0.48)

    def test_scripts_can_write_the_pattern(self, module: ModuleType, tmp_path: Path) -> None:
        (exporter,) = fake_gsas2.exporters(module, None)
        exporter.Histograms = self.frame(tmp_path).histograms
        exporter.Writer("PWDR run 0.xye", str(tmp_path / "scripted.xye"))
        assert len(read_in_our_python(lambda: hi.read_pattern(tmp_path / "scripted.xye")).intensity) == 1497

    def test_peaks_are_read_with_what_is_known_of_them(self, module: ModuleType, tmp_path: Path) -> None:
        fake_gsas2.exporters(module, self.frame(tmp_path))[1].Exporter()
        peaks = read_in_our_python(lambda: hi.read_peaks(tmp_path / "out.json"))
        np.testing.assert_allclose(peaks.two_theta_deg[:2], [12.5, 20.0])
        np.testing.assert_allclose(peaks.intensity[:2], [50.0, 90.0])
        assert peaks.two_theta_esd_deg[0] == 0.002
        assert peaks.two_theta_esd_deg[1] > 0.0
        assert peaks.fwhm_deg[0] == pytest.approx(5.0 * np.sqrt(8.0 * np.log(2.0)) / 100.0)
        assert peaks.wavelength_angstrom == pytest.approx(0.4137)

    def test_several_histograms_make_several_files(self, module: ModuleType, tmp_path: Path) -> None:
        for exporter in fake_gsas2.exporters(module, self.frame(tmp_path, n_histograms=2)):
            exporter.Exporter()
        names = sorted(path.name for path in tmp_path.glob("run_*"))
        assert names == ["run_0.json", "run_0.xye", "run_1.json", "run_1.xye"]

    def test_cancelling_writes_nothing(self, module: ModuleType, tmp_path: Path) -> None:
        before = sorted(tmp_path.iterdir())
        for exporter in fake_gsas2.exporters(module, self.frame(tmp_path, answer=None)):
            exporter.Exporter()
        assert sorted(tmp_path.iterdir()) == before


def read_in_our_python(read: Callable[[], Any]) -> Any:
    """Read where our package can be imported, unlike where its modules for GSAS-II run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "hybrid_index", hi)
        return read()
