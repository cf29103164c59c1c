"""Every kind of bad input ends with one sentence on stderr and the right exit code, and leaves nothing behind."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

Run = Callable[..., Any]


def fails(done: Any, exit_code: int, *words: str) -> None:
    """Check that a run ended with one plain sentence."""
    assert done.exit_code == exit_code, (done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("hybrid-index: ")
    assert done.stderr.count("\n") == 1
    for word in words:
        assert word in done.stderr, done.stderr


def rows(*columns: Any) -> str:
    return "\n".join(" ".join(f"{value}" for value in row) for row in zip(*columns, strict=True)) + "\n"


def pattern_text(**changes: float) -> str:
    x = np.arange(10.0, 40.0, 0.05)
    y = 100.0 + 900.0 * np.exp(-(((x - 25.0) / 0.1) ** 2))
    texts_x, texts_y = [f"{value:.2f}" for value in x], [f"{value:.1f}" for value in y]
    for kind, value in changes.items():
        (texts_x if kind == "x" else texts_y)[300] = str(value)
    return rows(texts_x, texts_y)


LINES = ["10.46", "12.75", "16.45", "19.51", "20.85", "23.37", "24.59", "25.61", "26.75", "27.75", "29.73", "30.59"]

FILES: dict[str, tuple[bytes | str, str]] = {
    "empty.xy": (b"", "empty"),
    "junk.xy": (bytes(np.random.default_rng(0).integers(0, 256, 4096, dtype=np.uint8)), ""),
    "nan.xy": (pattern_text(y=float("nan")), "finite"),
    "negative.xy": (pattern_text(x=-3.0), ""),
    "back.xy": (pattern_text(x=12.0), ""),
    "beyond.xy": (rows(np.arange(20.0, 200.0, 0.1), np.arange(1800) % 7), "180"),
    "few.csv": ("# wavelength 1.5406\ntwo_theta,intensity\n10.1,5\n20.2,4\n30.3,1\n", "5"),
    "false.brml": (b"this is no archive" * 20, ""),
    "damaged.brml": (b"PK\x03\x04" + b"\x00" * 500, ""),
}


@pytest.mark.parametrize("name", FILES)
def test_file_at_fault(run: Run, tmp_path: Path, name: str) -> None:
    content, word = FILES[name]
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    fails(run("index", path, "--wavelength", "CuKa1", "--json"), 1, name, word)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_archive_of_something_else(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "other.brml"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    fails(run("index", path, "-w", "CuKa1"), 1, "other.brml")


def test_missing_file(run: Run, tmp_path: Path) -> None:
    fails(run("index", tmp_path / "missing.xy", "-w", "CuKa"), 1, "missing.xy")
    fails(run("peaks", tmp_path / "missing.xy", "-w", "CuKa"), 1, "missing.xy")


def test_folder_in_place_of_a_file(run: Run, tmp_path: Path) -> None:
    fails(run("index", tmp_path, "-w", "CuKa"), 1, tmp_path.name)


@pytest.mark.parametrize("command", ["index", "peaks"])
def test_no_wavelength(run: Run, pattern_file: Path, command: str) -> None:
    fails(run(command, pattern_file), 2, "--wavelength", pattern_file.name)


@pytest.mark.parametrize("wavelength", ["0", "-1", "154", "nan", "CuKb9", ""])
def test_impossible_wavelength(run: Run, pattern_file: Path, wavelength: str) -> None:
    fails(run("index", pattern_file, "--wavelength", wavelength), 2, "--wavelength", "1.5406")


def test_d_spacings_given_as_two_theta(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    d = 1.5406 / 2.0 / np.sin(np.radians([float(line) / 2.0 for line in LINES]))
    path.write_text("# wavelength 1.5406\n" + "\n".join(f"{value:.4f}" for value in d))
    fails(run("index", path), 1, "d.csv", "--peak-units")


def test_five_thousand_lines(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    positions = np.sort(np.random.default_rng(0).uniform(5.0, 120.0, 5000))
    path.write_text("# wavelength 1.5406\ntwo_theta\n" + "\n".join(f"{value:.5f}" for value in positions))
    done = run("peaks", path)
    assert "Traceback" not in done.stderr
    assert done.exit_code in (0, 1)
    if done.exit_code:
        fails(done, 1, "many.csv")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--budget", "0"], ["--budget", "0.01"]),
        (["--budget", "nan"], ["--budget"]),
        (["--systems", "cubic,hexagonol"], ["--systems", "hexagonol", "orthorhombic"]),
        (["--systems", ","], ["--systems"]),
        (["--max-volume", "-5"], ["--max-volume"]),
        (["--max-edge", "1"], ["--max-edge"]),
        (["--zero-limit", "5"], ["--zero-limit"]),
        (["--radius", "0"], ["--radius"]),
        (["--seed", "-1"], ["--seed"]),
        (["--two-theta-range", "60,5"], ["--two-theta-range", "rising"]),
        (["--two-theta-range", "wide"], ["--two-theta-range", "5,60"]),
        (["--two-theta-range", "80,90"], ["--two-theta-range", "0 lines"]),
        (["--plot", "picture.bmp"], ["--plot", ".png"]),
    ],
)
def test_option_at_fault(run: Run, fake: Any, peak_file: Path, options: list[str], words: list[str]) -> None:
    fails(run("index", peak_file, *options), 2, *words)
    assert fake.calls == []


@pytest.mark.parametrize("text", ["budget_s = ", "budget = 3", "budget_s = 'long'", "seed = true"])
def test_settings_file_at_fault(run: Run, fake: Any, peak_file: Path, tmp_path: Path, text: str) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(text)
    fails(run("index", peak_file, "--config", config), 1, "settings.toml")
    fails(run("index", peak_file, "--config", tmp_path / "none.toml"), 1, "none.toml")


def test_unknown_option_and_command_are_usage(run: Run, peak_file: Path) -> None:
    assert run("index", peak_file, "--wavelenth", "1.5").exit_code == 2
    assert run("indx", peak_file).exit_code == 2
    assert run("refine", peak_file).exit_code == 2
    assert run("index", peak_file, "--budget", "long").exit_code == 2


@pytest.mark.parametrize("cell", ["5.4,5.4", "x", "1,2,3,4,5"])
def test_cell_at_fault(run: Run, fake: Any, peak_file: Path, cell: str) -> None:
    fails(run("refine", peak_file, "--cell", cell), 2, "--cell")
    fails(run("refine", peak_file, "--cell", "5.4", "--bravais", "cX"), 2, "--bravais", "cP")


@pytest.mark.parametrize("target", ["missing/plot.png", ".", "/proc/plot.png"])
def test_unwritable_picture_is_found_before_the_search(
    run: Run, fake: Any, peak_file: Path, tmp_path: Path, target: str
) -> None:
    path = tmp_path / target
    done = run("index", peak_file, "--plot", path if path.suffix else tmp_path / "folder.png")
    if not path.suffix:
        (tmp_path / "folder.png").unlink()
        (tmp_path / "folder.png").mkdir()
        fake.calls.clear()
        done = run("index", peak_file, "--plot", tmp_path / "folder.png")
    fails(done, 1, "cannot be written")
    assert fake.calls == []


def test_fault_of_ours_shows_no_traceback(
    run: Run, fake: Any, peak_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(fake, "index", broken)
    fails(run("index", peak_file), 1, "internal error", "ZeroDivisionError")
    monkeypatch.setenv("HYBRID_INDEX_DEBUG", "1")
    assert isinstance(run("index", peak_file).exception, ZeroDivisionError)


def test_interrupt(run: Run, fake: Any, peak_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fake, "index", interrupted)
    fails(run("index", peak_file), 130, "interrupted")
