from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from hybrid_index.cli.stopping import stopped_gently
from hybrid_index.neural.weights import READER_FILE, load_reader
from hybrid_index.training import batches, loop, smoke
from hybrid_index.training.shifts import ShiftLesson
from tests.cli.conftest import Run

TINY = """
subject = "shifts"
steps = 3
batch = 8
warm_up_steps = 0
cool_down_steps = 0
validation_lists = 8
architecture = { width = 4, depth = 1, reach = 1 }
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def test_a_run_stops_goes_on_and_leaves_weights(run: Run, recipe: Path, tmp_path: Path) -> None:
    command = ("train", recipe, "--out", tmp_path / "run", "--threads", 1, "--weights", tmp_path / "more")
    stopped = run(*command, "--until-s", 0)
    assert stopped.exit_code == 0, stopped.stderr
    assert "stopped after step 1 of 3; the same command goes on" in stopped.stderr
    assert not list(tmp_path.rglob(READER_FILE))
    done = run(*command)
    assert done.exit_code == 0, done.stderr
    assert "step 3: shift" in done.stderr
    assert load_reader(tmp_path / "run").notes["step"] == 3
    assert (tmp_path / "more" / READER_FILE).exists()


def test_ctrl_c_leaves_a_checkpoint(run: Run, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(ShiftLesson):
        def loss(self, *arguments: Any) -> torch.Tensor:
            signal.raise_signal(signal.SIGINT)
            return super().loss(*arguments)

    monkeypatch.setitem(loop.LESSONS, "shifts", Interrupted)
    done = run("train", recipe, "--out", tmp_path / "run", "--threads", 1)
    assert done.exit_code == 130
    assert "stopped after step 1 of 3; the same command goes on" in done.stderr
    assert (tmp_path / "run" / "checkpoint.pt").exists()


def test_ctrl_c_twice_interrupts_and_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stopped_gently() as asked:
        assert not asked()
        signal.raise_signal(signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "RECIPE is missing; give lines, shifts or a TOML file, or --smoke"),
        (("lines",), 2, "--out: is missing; name a folder"),
        (("absent.toml", "--out", "run"), 1, "absent.toml: cannot be read"),
        (("shifts", "--out", "/proc/nothing"), 1, "/proc/nothing: cannot be made"),
        pytest.param(
            ("shifts", "--out", "run", "--device", "cuda"),
            2,
            "--device: no GPU can be used",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
    ],
)
def test_bad_commands(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("train", *arguments)
    assert done.exit_code == code
    assert message in done.stderr


def test_an_old_torch_is_told_with_its_remedy(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon")
    done = run("train", "--smoke")
    assert done.exit_code == 1
    assert "training needs torch 2.9 or newer" in done.stderr
    assert "pip install" in done.stderr


@pytest.mark.slow
def test_smoke_says_what_it_proved(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = smoke.SmokeSize(steps=24, batch=32, validation_lists=64, width=16)
    monkeypatch.setattr(smoke, "SmokeSize", lambda: small)
    monkeypatch.setattr(batches, "_VOCABULARY_LISTS", 4000)
    done = run("train", "--smoke", "--out", tmp_path)
    assert done.exit_code == 0, done.stderr
    for subject in ("lines", "shifts"):
        assert f"{subject}: 24 steps of 32 lists, stopped after 12 and went on" in done.stdout
        assert f"{subject}: numpy and torch say the same" in done.stdout
        assert (tmp_path / subject / "checkpoint.pt").exists()
    assert done.stdout.splitlines()[-1] == "training works"
