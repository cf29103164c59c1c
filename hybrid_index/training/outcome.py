"""What a training run leaves: weights as the package takes them, with notes on their making."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hybrid_index.errors import OutputError
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.shift_reader import ReaderArchitecture
from hybrid_index.neural.weights import (
    Network,
    ShiftReader,
    save_network,
    save_reader,
)  # fmt: skip
from hybrid_index.training.lines import LineLesson
from hybrid_index.training.state import Trained


def trained_network(state: Trained) -> Network | ShiftReader:
    """The network of a run, its recipe and its last figures."""
    recipe, size = state.recipe, state.recipe.architecture
    weights = {name: value.detach().cpu().numpy() for name, value in state.weights.items()}
    notes: dict[str, Any] = {"recipe": recipe.as_dict(), "step": state.step, "seconds": round(state.seconds)}
    if state.history:
        notes["validation"] = state.history[-1]
    if isinstance(size, ReaderArchitecture):
        return ShiftReader(architecture=size, weights=weights, notes=notes)
    assert isinstance(size, Architecture)
    return Network(architecture=size, vocabulary=LineLesson(recipe).vocabulary, weights=weights, notes=notes)


def save_weights(state: Trained, folder: Path) -> Path:
    """Write the weights of a run into a folder, under the name that the package looks for; returns the path.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    trained = trained_network(state)
    try:
        return save_reader(trained, folder) if isinstance(trained, ShiftReader) else save_network(trained, folder)
    except OSError as error:
        raise OutputError(f"{folder}: weights cannot be written ({error.strerror}); choose another folder") from error
