"""What the README shows works."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hybrid_index.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_commands(workplace: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) >= 5
    for command in commands:
        arguments, _, target = command.partition(">")
        done = CliRunner().invoke(app, shlex.split(arguments)[1:])
        assert done.exit_code == 0, (command, done.stdout, done.stderr)
        if target:
            (workplace / target.strip()).write_text(done.stdout, encoding="utf-8")
    assert (workplace / "fit.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((workplace / "result.json").read_text())["solutions"][0]["bravais_lattice"] == "oP"
    assert len((workplace / "run" / "results.jsonl").read_text().splitlines()) == 2
    assert (workplace / "run" / "report.html").exists()
    assert (workplace / "start" / "topas" / "lebail.inp").exists()


@pytest.mark.slow
def test_python(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("solved oP ")
    assert (workplace / "fit.html").exists()


def test_files_that_it_names_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for command in re.findall(r"make (\w+)", README):
        assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(), flags=re.MULTILINE), command
