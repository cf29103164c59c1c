"""Copying modules into a program's folder, and out of it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hybrid_index import __version__
from hybrid_index.cli.app import app
from hybrid_index.errors import OutputError
from hybrid_index.plugins.install import Plugin, install, modules_of, remove

NAMES = ["exports/G2export_hybrid_index.py", "imports/G2phase_hybrid_index.py"]


@pytest.fixture
def run() -> Callable[..., Any]:
    return lambda *arguments: CliRunner().invoke(app, ["install-plugin", *map(str, arguments)])


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_installed_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    (folder / "imports").mkdir(parents=True)
    (folder / "imports" / "G2phase_mine.py").write_text("mine")
    assert sorted(install(Plugin.GSAS2, folder)) == [folder / name for name in NAMES]
    assert [module.version for module in modules_of(Plugin.GSAS2, folder)] == [__version__] * 2
    for name in NAMES:
        compile((folder / name).read_text(encoding="utf-8"), name, "exec")
    install(Plugin.GSAS2, folder)
    assert tree(folder) == sorted([*NAMES, "imports/G2phase_mine.py"])
    assert len(remove(Plugin.GSAS2, folder)) == 2
    assert tree(folder) == ["imports/G2phase_mine.py"]
    assert remove(Plugin.GSAS2, folder) == ()


def test_older_version_is_replaced(tmp_path: Path) -> None:
    first, *_ = install(Plugin.GSAS2, tmp_path)
    first.write_text(first.read_text().replace(__version__, "0.0.7", 1))
    assert "0.0.7" in [module.version for module in modules_of(Plugin.GSAS2, tmp_path)]
    install(Plugin.GSAS2, tmp_path)
    assert [module.version for module in modules_of(Plugin.GSAS2, tmp_path)] == [__version__] * 2


def test_foreign_file_is_left_alone_unless_forced(tmp_path: Path) -> None:
    foreign = tmp_path / NAMES[0]
    foreign.parent.mkdir()
    foreign.write_text("# somebody else's")
    with pytest.raises(OutputError, match="is not from hybrid_index; rename it, or replace it with --force"):
        install(Plugin.GSAS2, tmp_path)
    assert tree(tmp_path) == [NAMES[0]]
    assert remove(Plugin.GSAS2, tmp_path) == ()
    install(Plugin.GSAS2, tmp_path, force=True)
    assert tree(tmp_path) == NAMES
    assert len(remove(Plugin.GSAS2, tmp_path)) == 2


def test_home_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    install(Plugin.GSAS2)
    assert tree(tmp_path / ".GSASII") == NAMES


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        install(Plugin.GSAS2, tmp_path / "file")


class TestCommand:
    def test_install_list_remove(self, run: Callable[..., Any], tmp_path: Path) -> None:
        assert run("--list", "--dir", tmp_path).output.count("not installed") == 2
        done = run("gsas2", "--dir", tmp_path)
        assert done.exit_code == 0
        assert sorted(done.stdout.split()) == [str(tmp_path / name) for name in NAMES]
        assert "start the program anew" in done.stderr
        assert run("gsas2", "--list", "--dir", tmp_path).output.count(f"gsas2  {__version__}  ") == 2
        assert sorted(run("gsas2", "--remove", "--dir", tmp_path).stdout.split()) == [str(tmp_path / n) for n in NAMES]
        again = run("gsas2", "--remove", "--dir", tmp_path)
        assert (again.exit_code, again.stdout) == (0, "")
        assert "nothing of gsas2 was installed" in again.stderr

    def test_foreign_file(self, run: Callable[..., Any], tmp_path: Path) -> None:
        (tmp_path / "imports").mkdir()
        (tmp_path / NAMES[1]).write_text("mine")
        assert "not ours" in run("--list", "--dir", tmp_path).output
        done = run("gsas2", "--dir", tmp_path)
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1
        assert "--force" in done.stderr
        assert run("gsas2", "--dir", tmp_path, "--force").exit_code == 0

    @pytest.mark.parametrize("arguments", [(), ("fullprof",)])
    def test_unknown_program(self, run: Callable[..., Any], arguments: tuple[str, ...]) -> None:
        done = run(*arguments)
        assert done.exit_code == 2
        assert "gsas2" in done.stderr
