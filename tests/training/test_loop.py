from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hybrid_index.errors import InputError
from hybrid_index.neural.shift_reader import ReaderArchitecture
from hybrid_index.neural.weights import Network, load_network, load_reader
from hybrid_index.training.batches import common_labels
from hybrid_index.training.checkpoint import CHECKPOINT, HISTORY, from_checkpoint
from hybrid_index.training.config import Recipe
from hybrid_index.training.loop import PICTURE, train
from hybrid_index.training.outcome import save_weights
from hybrid_index.training.state import Trained

CPU = torch.device("cpu")


def same(one: Trained, other: Trained) -> bool:
    return all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_a_run_that_was_stopped_ends_as_one_that_was_not(tiny: Recipe, tmp_path: Path) -> None:
    whole = train(tiny, tmp_path / "whole", device=CPU)
    assert whole.step == tiny.steps
    shorter = replace(tiny, steps=2)
    train(shorter, tmp_path / "parts", device=CPU)
    stopped = train(tiny, tmp_path / "parts", device=CPU, threads=2, stop=lambda: True)
    assert stopped.step == 3
    gone_on = train(tiny, tmp_path / "parts", device=CPU)
    assert same(gone_on, whole)
    assert not same(stopped, whole)
    assert same(from_checkpoint(tmp_path / "parts", device=CPU), whole)
    assert same(train(tiny, tmp_path / "parts", device=CPU), whole)  # nothing is left to do

    strip = [{k: v for k, v in entry.items() if k != "seconds"} for entry in whole.history]
    assert [entry["step"] for entry in strip] == [0, 2, 4]
    lines = [json.loads(line) for line in (tmp_path / "parts" / HISTORY).read_text().splitlines()]
    assert [{k: v for k, v in entry.items() if k != "seconds"} for entry in lines] == strip
    assert (tmp_path / "parts" / PICTURE).read_bytes().startswith(b"\x89PNG")
    assert not list(tmp_path.rglob("*.partial*"))


def test_a_run_may_start_from_weights_and_keep_some_of_them(tiny: Recipe, tmp_path: Path) -> None:
    first = train(tiny, tmp_path / "first", device=CPU)
    save_weights(first, tmp_path / "first")
    second = replace(tiny, seed=2, start=str(tmp_path / "first"))
    fresh = train(second, tmp_path / "fresh", device=CPU)
    half = train(replace(second, kept=0.5), tmp_path / "half", device=CPU)
    assert fresh.history[0]["step"] == 0
    assert not same(fresh, first)
    for name, value in half.weights.items():
        start = first.weights[name].half().float()  # as it is on disk
        torch.testing.assert_close(value, 0.5 * (start + fresh.weights[name]))
    assert same(train(replace(second, kept=0.5), tmp_path / "half", device=CPU), half)  # not mixed twice

    saved = save_weights(half, tmp_path / "half")
    load = load_network if tiny.subject == "lines" else load_reader
    made = load(saved.parent)
    if isinstance(made, Network):  # labels are those of the start, whatever the seed
        assert all(
            np.array_equal(a, b)
            for a, b in zip(made.vocabulary.rows, common_labels(made.architecture.labels, tiny.seed).rows, strict=True)
        )


def test_weights_of_another_architecture_are_no_start(tiny_shifts: Recipe, tmp_path: Path) -> None:
    save_weights(train(tiny_shifts, tmp_path / "first", device=CPU), tmp_path / "first")
    wider = replace(
        tiny_shifts, start=str(tmp_path / "first"), architecture=ReaderArchitecture(width=8, depth=1, reach=1)
    )
    with pytest.raises(InputError, match="first: holds weights of another architecture"):
        train(wider, tmp_path / "second", device=CPU)
    with pytest.raises(InputError, match="absent: is no folder of weights; train what the run starts from first"):
        train(replace(wider, start=str(tmp_path / "absent")), tmp_path / "second", device=CPU)


def test_a_missing_file_of_crystals_is_told_before_anything_is_done(tiny_lines: Recipe, tmp_path: Path) -> None:
    recipe = replace(tiny_lines, crystals=str(tmp_path / "missing.npz"), crystal_share=0.5)
    with pytest.raises(InputError, match="known_crystals --out") as caught:
        train(recipe, tmp_path / "run", device=CPU)
    assert caught.value.source == str(tmp_path / "missing.npz")
    assert not (tmp_path / "run" / HISTORY).exists()


def test_a_folder_of_another_run_is_left_alone(tiny_shifts: Recipe, tmp_path: Path) -> None:
    train(tiny_shifts, tmp_path, device=CPU, stop=lambda: True)
    before = (tmp_path / CHECKPOINT).read_bytes()
    with pytest.raises(InputError, match="was made by another recipe"):
        train(replace(tiny_shifts, seed=2), tmp_path, device=CPU)
    assert (tmp_path / CHECKPOINT).read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_a_damaged_checkpoint_is_named(tiny_shifts: Recipe, tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(InputError, match=r"checkpoint\.pt: is no checkpoint, or a damaged one"):
        train(tiny_shifts, tmp_path, device=CPU)


def test_a_half_written_checkpoint_is_named(tiny_shifts: Recipe, tmp_path: Path) -> None:
    train(tiny_shifts, tmp_path, device=CPU, stop=lambda: True)
    content = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match="damaged"):
        from_checkpoint(tmp_path, device=CPU)
    torch.save([1, 2], tmp_path / CHECKPOINT)
    with pytest.raises(InputError, match="is no checkpoint of a training run"):
        from_checkpoint(tmp_path, device=CPU)
