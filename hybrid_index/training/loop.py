"""The training loop: steps, validations, checkpoints, and going on where an interrupted run stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from hybrid_index.errors import InputError, OutputError
from hybrid_index.export.training_curves import write_training_curves
from hybrid_index.training import checkpoint
from hybrid_index.training.config import Recipe
from hybrid_index.training.lesson import Lesson, made_ahead
from hybrid_index.training.lines import LineLesson
from hybrid_index.training.ranks import ALONE, Ranks
from hybrid_index.training.shifts import ShiftLesson
from hybrid_index.training.state import Trained, started

PICTURE = "progress.png"
LESSONS: dict[str, type[LineLesson] | type[ShiftLesson]] = {"lines": LineLesson, "shifts": ShiftLesson}


class Watcher:
    """Is told how a run gets on; this one does not mind."""

    def stepped(self, state: Trained) -> None:
        """One more step was done, or the first is about to begin."""

    def validated(self, found: dict[str, Any]) -> None:
        """A validation found this; the last entry of the history."""


def train(
    recipe: Recipe,
    folder: Path,
    *,
    device: torch.device,
    ranks: Ranks = ALONE,
    threads: int = 1,
    stop: Callable[[], bool] = lambda: False,
    watcher: Watcher | None = None,
) -> Trained:
    """Train by a recipe, with checkpoints in *folder*; goes on from the checkpoint that lies there.

    Parameters
    ----------
    recipe
        The same as that of the checkpoint, if there is one, but for its length (:meth:`Recipe.goes_on_from`).
    folder
        Made if need be; gets ``checkpoint.pt``, ``history.jsonl`` and ``progress.png``.
    device
        Where to compute; batches are made on the CPU meanwhile, by *threads*.
    ranks
        This process among those that train together, on a *folder* that all of them see; the first one writes.
    stop
        Asked after each step: whether to write a checkpoint and end, to go on another time.
    watcher
        Told of steps and validations.

    Raises
    ------
    InputError
        If the folder holds a damaged checkpoint or that of another recipe, or the batch is too small to be shared.
    OutputError
        If the folder cannot be written.
    """
    if recipe.batch < 2 * ranks.size:
        raise InputError(f"{recipe.batch} is too small for {ranks.size} processes; give 2 for each", source="batch")
    _make(folder)
    watcher = watcher or Watcher()
    lesson = LESSONS[recipe.subject](recipe, ranks)
    state = checkpoint.resumed(recipe, folder, device) or started(recipe, lesson.initial_weights(), device)
    if int(ranks.total(torch.tensor(state.step, device=device))) != ranks.size * state.step:
        raise InputError("processes see different checkpoints; take a folder that all of them see", source=str(folder))
    if state.step == 0 and ranks.leads:
        _validate(state, lesson, folder, device, watcher)
    began, before = time.perf_counter(), state.seconds
    watcher.stepped(state)
    for batch in made_ahead(lesson.batch, range(state.step, recipe.steps), threads=threads):
        _advance(state, lesson, batch, device, ranks)
        state.seconds = before + time.perf_counter() - began
        if done := state.step == recipe.steps:
            _keep_some(state, lesson)
        if ranks.leads and (done or state.step % recipe.validate_every == 0):
            _validate(state, lesson, folder, device, watcher)
        watcher.stepped(state)
        stopping = ranks.agree_to_stop(stop(), device)
        if ranks.leads and (done or stopping or state.step % recipe.checkpoint_every == 0):
            checkpoint.save(state, folder)
        if stopping:
            break
    return state


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error


def _validate(state: Trained, lesson: Lesson, folder: Path, device: torch.device, watcher: Watcher) -> None:
    with torch.no_grad(), _precision(state.recipe, device):
        found = lesson.examine(state.weights, device)
    state.history.append({"step": state.step, "seconds": round(state.seconds, 1), **found})
    write_training_curves(state.history, folder / PICTURE, title=f"{state.recipe.subject}, step {state.step}")
    watcher.validated(state.history[-1])


def _advance(state: Trained, lesson: Lesson, batch: Any, device: torch.device, ranks: Ranks) -> None:
    for optimiser in state.optimisers:
        for group in optimiser.param_groups:
            group["lr"] = state.recipe.rate(state.step)
    for weight in state.weights.values():
        # Not None: the head of a family that this batch lacks takes part in every step, on every rank.
        weight.grad = torch.zeros_like(weight)
    with _precision(state.recipe, device):
        loss = lesson.loss(state.weights, batch, device)
    loss.backward()  # type: ignore[no-untyped-call]
    ranks.add_gradients(state.weights.values())
    torch.nn.utils.clip_grad_norm_(state.weights.values(), state.recipe.clip)
    for optimiser in state.optimisers:
        optimiser.step()
    state.step += 1


def _keep_some(state: Trained, lesson: Lesson) -> None:
    """Mix the weights at the end with those of the start, as far as the recipe wants it."""
    if state.recipe.kept > 0.0:
        with torch.no_grad():
            for name, value in lesson.initial_weights().items():
                weight = state.weights[name]
                weight.lerp_(torch.from_numpy(value).to(weight), state.recipe.kept)


def _precision(recipe: Recipe, device: torch.device) -> torch.autocast:
    """Products of matrices in bfloat16, where the recipe wants it; weights, optimisers and losses are float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=recipe.mixed_precision)
