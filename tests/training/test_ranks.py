from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hybrid_index.errors import InputError
from hybrid_index.training.checkpoint import from_checkpoint, save
from hybrid_index.training.config import Recipe
from hybrid_index.training.loop import LESSONS, train
from hybrid_index.training.ranks import Ranks
from hybrid_index.training.state import started

ROOT = Path(__file__).resolve().parents[2]
CPU = torch.device("cpu")
TOLERANCE = 1e-6
"""Sums of float32 in another order: measured 6e-8; three steps move weights by 4e-3."""


@pytest.mark.parametrize(("n", "size"), [(7, 1), (7, 2), (256, 6), (3, 5)])
def test_every_list_is_of_one_rank(n: int, size: int) -> None:
    rows = [np.arange(n)[Ranks(rank=rank, size=size).rows(n)] for rank in range(size)]
    assert np.concatenate(rows).tolist() == list(range(n))
    assert max(map(len, rows)) - min(map(len, rows)) <= 1


def test_a_batch_too_small_to_share_is_refused(tiny_shifts: Recipe, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batch: 24 is too small for 16 processes"):
        train(tiny_shifts, tmp_path, device=CPU, ranks=Ranks(size=16))


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tiny_lines: Recipe, tiny_shifts: Recipe, tmp_path: Path) -> None:
    # An odd batch, of which labels and foreign lines are spread unevenly; no bfloat16, to see more digits.
    recipes = [
        replace(r, steps=3, batch=13, validate_every=9, mixed_precision=False) for r in (tiny_lines, tiny_shifts)
    ]
    folders = [tmp_path / recipe.subject for recipe in recipes]
    for recipe, folder in zip(recipes, folders, strict=True):
        folder.mkdir()
        save(started(recipe, LESSONS[recipe.subject](recipe).initial_weights(), CPU), folder)
    _run_two(folders)
    for recipe, folder in zip(recipes, folders, strict=True):
        alone = train(recipe, tmp_path / "alone" / recipe.subject, device=CPU)
        together = from_checkpoint(folder, device=CPU)
        assert together.step == alone.step == 3
        # Biases of keys change nothing, for softmax takes them out: their gradients are rounding, which Adam scales up.
        real = [name for name in alone.weights if not name.endswith("key.bias")]
        off = {name: float((alone.weights[name] - together.weights[name]).detach().abs().max()) for name in real}
        assert max(off.values()) < TOLERANCE, off
        assert [entry["step"] for entry in together.history] == [0, 3]


def _run_two(folders: list[Path]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [sys.executable, "-m", "tests.training.one_rank", *map(str, folders)]
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, env={**common, "RANK": rank, "LOCAL_RANK": rank}, stderr=subprocess.PIPE, text=True
        )
        for rank in "01"
    ]
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
