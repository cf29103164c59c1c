"""The training loop: steps, validations, checkpoints, and going on where an interrupted run stopped."""

from __future__ import annotations

import json
import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hybrid_index.errors import InputError
from hybrid_index.training.config import Recipe
from hybrid_index.training.lesson import Lesson, made_ahead
from hybrid_index.training.lines import LineLesson
from hybrid_index.training.shifts import ShiftLesson

Report = Callable[[dict[str, Any]], None]
_CHECKPOINT = "checkpoint.pt"
_HISTORY = "history.jsonl"
LESSONS: dict[str, type[LineLesson] | type[ShiftLesson]] = {"lines": LineLesson, "shifts": ShiftLesson}


@dataclass(slots=True, eq=False)
class Trained:
    """Where a run stands: weights, optimiser, number of steps done, and what they cost."""

    recipe: Recipe
    weights: dict[str, Tensor]
    optimisers: list[torch.optim.Optimizer]
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def pick_device(name: str = "auto") -> torch.device:
    """The device of a name; ``auto`` is an accelerator where there is one."""
    if name != "auto":
        return torch.device(name)
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def train(
    recipe: Recipe, folder: Path, *, device: torch.device, threads: int = 1, until_s: float | None = None,
    report: Report | None = None,
) -> Trained:  # fmt: skip
    """Train by a recipe, with checkpoints in *folder*; goes on from the checkpoint that lies there.

    Parameters
    ----------
    recipe
        The same as that of the checkpoint, if there is one, but for its length (:meth:`Recipe.goes_on_from`).
    folder
        Made if need be; gets ``checkpoint.pt`` and ``history.jsonl``.
    device
        Where to compute; batches are made on the CPU meanwhile, by *threads*.
    until_s
        Stop after so many seconds, to go on another time.
    report
        Called with what each validation found.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lesson = LESSONS[recipe.subject](recipe)
    state = _resume(recipe, folder, device) or _start(recipe, lesson, device)
    began, before = time.perf_counter(), state.seconds
    for batch in made_ahead(lesson.batch, range(state.step, recipe.steps), threads=threads):
        _advance(state, lesson, batch, device)
        state.seconds = before + time.perf_counter() - began
        done = state.step == recipe.steps
        if done or state.step % recipe.validate_every == 0:
            with torch.no_grad(), _mixed_precision(device):
                found = lesson.examine(state.weights, device)
            state.history.append({"step": state.step, "seconds": round(state.seconds, 1), **found})
            if report is not None:
                report(state.history[-1])
        stopping = until_s is not None and time.perf_counter() - began > until_s
        if done or stopping or state.step % recipe.checkpoint_every == 0:
            _save(state, folder)
        if stopping:
            break
    return state


def _advance(state: Trained, lesson: Lesson, batch: Any, device: torch.device) -> None:
    for optimiser in state.optimisers:
        for group in optimiser.param_groups:
            group["lr"] = state.recipe.rate(state.step)
    with _mixed_precision(device):
        loss = lesson.loss(state.weights, batch, device)
    for weight in state.weights.values():
        weight.grad = None
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(state.weights.values(), state.recipe.clip)
    for optimiser in state.optimisers:
        optimiser.step()
    state.step += 1


@contextmanager
def _mixed_precision(device: torch.device) -> Iterator[None]:
    with torch.autocast(device.type, dtype=torch.bfloat16):
        yield


def _start(recipe: Recipe, lesson: Lesson, device: torch.device) -> Trained:
    weights = {
        name: torch.from_numpy(value).to(device).requires_grad_() for name, value in lesson.initial_weights().items()
    }
    return Trained(recipe, weights, _optimisers(recipe, weights))


def _optimisers(recipe: Recipe, weights: dict[str, Tensor]) -> list[torch.optim.Optimizer]:
    """Muon for the matrices between layers, AdamW for all that touches the outside, for norms and biases.

    K. Jordan et al. (2024), https://kellerjordan.github.io/posts/muon.
    """
    inner = {name: w for name, w in weights.items() if w.ndim == 2 and name[0].isdigit() and ".pair." not in name}
    outer = [w for name, w in weights.items() if name not in inner]
    matrices, vectors = [w for w in outer if w.ndim > 1], [w for w in outer if w.ndim == 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [
        torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98)),
        torch.optim.Muon(
            inner.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw"
        ),
    ]


def _save(state: Trained, folder: Path) -> None:
    partial = folder / f"{_CHECKPOINT}.partial"
    torch.save(
        {
            "recipe": state.recipe.as_dict(),
            "weights": {name: value.detach().cpu() for name, value in state.weights.items()},
            "optimisers": [optimiser.state_dict() for optimiser in state.optimisers],
            "step": state.step,
            "seconds": state.seconds,
            "history": state.history,
        },
        partial,
    )
    os.replace(partial, folder / _CHECKPOINT)
    text = "".join(json.dumps(entry) + "\n" for entry in state.history)
    (folder / f"{_HISTORY}.partial").write_text(text, encoding="utf-8")
    os.replace(folder / f"{_HISTORY}.partial", folder / _HISTORY)


def _resume(recipe: Recipe, folder: Path, device: torch.device) -> Trained | None:
    path = folder / _CHECKPOINT
    if not path.exists():
        return None
    saved = _saved(path, device)
    if not recipe.goes_on_from(Recipe.from_mapping(saved["recipe"]), saved["step"]):
        raise InputError(
            "was made by another recipe (of which only steps and cool_down_steps may change, before it cools down); "
            "take another folder, or the same recipe",
            source=str(path),
        )
    return _restored(recipe, saved, device)


def _saved(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        saved: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise InputError(f"is no checkpoint ({error}); take another folder", source=str(path)) from error
    return saved


def _restored(recipe: Recipe, saved: dict[str, Any], device: torch.device) -> Trained:
    weights = {name: value.to(device).requires_grad_() for name, value in saved["weights"].items()}
    optimisers = _optimisers(recipe, weights)
    for optimiser, content in zip(optimisers, saved["optimisers"], strict=True):
        optimiser.load_state_dict(content)
    return Trained(recipe, weights, optimisers, saved["step"], saved["seconds"], saved["history"])


def from_checkpoint(folder: Path, *, device: torch.device) -> Trained:
    """Read where a run stands; raises :class:`InputError` where there is no checkpoint."""
    saved = _saved(folder / _CHECKPOINT, device)
    return _restored(Recipe.from_mapping(saved["recipe"]), saved, device)
