"""Folders that appear whole or not at all, and other people's exporters."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import SimpleNamespace

import pytest

from hybrid_index.errors import InputError, OutputError
from hybrid_index.export.start import (
    Exporter,
    RefinementStart,
    exporters,
    prepare,
    registry,
    target_names,
    write_start_files,
)
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.units import Radiation
from tests.export.start.conftest import known_pattern, known_result

ROOT = Path(__file__).resolve().parents[3]
Register = Callable[..., None]


def content(names: tuple[str, ...] = ("a.txt",)) -> Exporter:
    files: Mapping[str, str | bytes] = dict.fromkeys(names, "text\n")
    made: Exporter = SimpleNamespace(name="own", title="somebody's own", files=lambda start: files)
    return made


@pytest.fixture
def register(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Put objects into the entry-point group, beside those that are there; None is a module that fails to load."""

    def put(**objects: object) -> None:
        class Point(EntryPoint):
            def load(self) -> object:
                if objects[self.name] is None:
                    raise ModuleNotFoundError("No module named 'gone'")
                return objects[self.name]

        points = [Point(name=name, value="somewhere", group=registry.GROUP) for name in objects]
        real = list(entry_points(group=registry.GROUP))
        monkeypatch.setattr(registry, "entry_points", lambda group: [*real, *points])

    return put


def test_all_targets_of_the_package_are_registered() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = project["entry-points"][registry.GROUP]
    assert set(listed) <= set(target_names()), "entry points have changed: install the package again (pip install -e .)"
    for name in listed:
        assert exporters([name])[name].name == name


def test_each_target_has_its_folder(start: RefinementStart, tmp_path: Path) -> None:
    written = write_start_files(start, ["topas", "plain", "topas"], tmp_path / "out")
    assert list(written) == ["topas", "plain"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["plain", "topas"]
    assert all(path.is_file() for paths in written.values() for path in paths)
    assert list(tmp_path.iterdir()) == [tmp_path / "out"]


def test_existing_folder_is_refused_then_replaced_whole(start: RefinementStart, tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_start_files(start, ["topas"], out)
    with pytest.raises(OutputError, match=r"exists already; .* --force"):
        write_start_files(start, ["plain"], out)
    write_start_files(start, ["plain"], out, force=True)
    assert [path.name for path in out.iterdir()] == ["plain"]
    assert list(tmp_path.iterdir()) == [out]


def test_force_spares_what_is_not_from_an_export(start: RefinementStart, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("precious")
    with pytest.raises(OutputError, match=r"thesis\.tex is not from an export"):
        write_start_files(start, ["plain"], out, force=True)
    assert (out / "thesis.tex").read_text() == "precious"
    with pytest.raises(OutputError, match="is not replaced"):
        write_start_files(start, ["plain"], out / "thesis.tex", force=True)


def test_nothing_is_left_where_a_target_fails(start_without_pattern: RefinementStart, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"topas need the measured pattern.*known\.xye.*--pattern FILE"):
        write_start_files(start_without_pattern, ["plain", "topas"], tmp_path / "out")
    with pytest.raises(OutputError, match="does not exist; make it first"):
        write_start_files(start_without_pattern, ["plain"], tmp_path / "no" / "out")
    assert list(tmp_path.iterdir()) == []


def test_unknown_target_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"unknown target 'shelx'; known are .*fullprof \(FullProf: .*, or all"):
        exporters(["shelx"])
    with pytest.raises(InputError, match="no target is named"):
        exporters([])


def test_somebody_elses_exporter(register: Register, start: RefinementStart, tmp_path: Path) -> None:
    register(own=content())
    assert "own" in target_names()
    (path,) = write_start_files(start, ["own"], tmp_path / "out")["own"]
    assert path.read_text() == "text\n"


def test_broken_exporter_is_named_and_breaks_no_other(
    register: Register, start: RefinementStart, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    failing = SimpleNamespace(name="failing", title="fails", files=lambda start: 1 / 0)
    register(gone=None, odd=SimpleNamespace(title=3), failing=failing)
    with pytest.raises(
        InputError, match=r"target 'gone' cannot be loaded \(ModuleNotFoundError: No module named 'gone'"
    ):
        exporters(["gone"])
    with pytest.raises(InputError, match=r"target 'odd' (is no exporter|cannot be loaded)"):
        exporters(["odd"])
    with pytest.raises(InputError, match=r"target 'failing' failed \(ZeroDivisionError"):
        write_start_files(start, ["failing"], tmp_path / "out")
    with pytest.raises(InputError, match=r"gone \(broken\)"):
        exporters(["shelx"])
    written = write_start_files(start, ["all"], tmp_path / "out")
    assert set(written) == set(target_names()) - {"gone", "odd", "failing"}
    assert {"'gone'", "'odd'", "'failing'"} <= {word for line in caplog.messages for word in line.split()}


def test_what_is_no_text_is_refused(register: Register, start: RefinementStart, tmp_path: Path) -> None:
    register(own=SimpleNamespace(title="numbers", files=lambda start: {"a.txt": 3}))
    with pytest.raises(InputError, match=r"target 'own' gives 'a\.txt' as int"):
        write_start_files(start, ["own"], tmp_path / "out")


def test_target_that_cannot_do_this_pattern_is_left_out_of_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cell, lattice = Cell(a=5.4, b=6.95, c=8.47), BravaisLattice.OP
    probe = Radiation(wavelength_angstrom=1.5, probe="neutron")
    pattern = known_pattern(cell, lattice, "1.5").replace(radiation=probe)
    neutrons = prepare(known_result(cell, lattice, pattern), pattern=pattern, fit=False)
    written = write_start_files(neutrons, ["all"], tmp_path / "out")
    assert set(written) >= {"plain", "fullprof", "topas"}
    assert "profex" not in written
    assert "X-rays only" in caplog.text
    assert "neutron_data" in (tmp_path / "out" / "topas" / "lebail.inp").read_text()
    assert "_diffrn_radiation_probe neutron" in (tmp_path / "out" / "plain" / "cell.cif").read_text()
    with pytest.raises(InputError, match="X-rays only"):
        write_start_files(neutrons, ["profex"], tmp_path / "more")


@pytest.mark.parametrize("name", ["../up.txt", "", "..", "a/b.txt"])
def test_files_stay_in_their_folder(register: Register, start: RefinementStart, tmp_path: Path, name: str) -> None:
    register(own=content((name,)))
    with pytest.raises(InputError, match="must be a plain name"):
        write_start_files(start, ["own"], tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_empty_registry_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [])
    with pytest.raises(InputError, match="install hybrid-index again"):
        exporters(["plain"])
