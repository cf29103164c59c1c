"""Checkpoints: a run on disk, from which the same command goes on."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch

from hybrid_index.errors import InputError
from hybrid_index.export.atomic import write_atomically
from hybrid_index.training.config import Recipe
from hybrid_index.training.state import Trained, optimisers_for

CHECKPOINT, HISTORY = "checkpoint.pt", "history.jsonl"
_ENTRIES = {"recipe", "weights", "optimisers", "step", "seconds", "history"}


def save(state: Trained, folder: Path) -> None:
    """Write ``checkpoint.pt`` and ``history.jsonl``, each whole or not at all."""
    content = io.BytesIO()  # torch tells a full disk by an error that is none of the system's
    torch.save(
        {
            "recipe": state.recipe.as_dict(),
            "weights": {name: value.detach().cpu() for name, value in state.weights.items()},
            "optimisers": [optimiser.state_dict() for optimiser in state.optimisers],
            "step": state.step,
            "seconds": state.seconds,
            "history": state.history,
        },
        content,
    )
    with write_atomically(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(content.getvalue())
    with write_atomically(folder / HISTORY) as temporary:
        temporary.write_text("".join(json.dumps(entry) + "\n" for entry in state.history), encoding="utf-8")


def resumed(recipe: Recipe, folder: Path, device: torch.device) -> Trained | None:
    """Where the run in *folder* stands, to go on by *recipe*; ``None`` where there is none.

    Raises
    ------
    InputError
        If it was made by another recipe, or its file is damaged.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    saved = _read(path, device)
    if not recipe.goes_on_from(Recipe.from_mapping(saved["recipe"], source=str(path)), saved["step"]):
        raise InputError(
            "was made by another recipe (of which only steps and cool_down_steps may change, before it cools down); "
            "take another folder, or the same recipe",
            source=str(path),
        )
    return _restored(recipe, saved, device)


def from_checkpoint(folder: Path, *, device: torch.device) -> Trained:
    """Read where a run stands; raises :class:`InputError` where there is no checkpoint."""
    path = folder / CHECKPOINT
    saved = _read(path, device)
    return _restored(Recipe.from_mapping(saved["recipe"], source=str(path)), saved, device)


def _read(path: Path, device: torch.device) -> dict[str, Any]:
    try:
        saved = torch.load(path, map_location=device, weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise InputError("is no checkpoint, or a damaged one; take another folder", source=str(path)) from error
    if not isinstance(saved, dict) or not saved.keys() >= _ENTRIES:
        raise InputError("is no checkpoint of a training run; take another folder", source=str(path))
    return saved


def _restored(recipe: Recipe, saved: dict[str, Any], device: torch.device) -> Trained:
    weights = {name: value.to(device).requires_grad_() for name, value in saved["weights"].items()}
    optimisers = optimisers_for(recipe, weights)
    for optimiser, content in zip(optimisers, saved["optimisers"], strict=True):
        optimiser.load_state_dict(content)
    return Trained(recipe, weights, optimisers, saved["step"], saved["seconds"], saved["history"])
