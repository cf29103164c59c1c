"""Weights on disk: one safetensors file with the architecture, the labels and where it comes from."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.neural.labels import Vocabulary
from hybrid_index.neural.network import Architecture

PACKAGED = Path(__file__).parent / "weights" / "proposer.safetensors"
FORMAT = "hybrid-index/proposer/1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A trained network: sizes, labels, float32 weights by name, and notes on its making."""

    architecture: Architecture
    vocabulary: Vocabulary
    weights: Mapping[str, npt.NDArray[np.float32]]
    notes: Mapping[str, Any] = field(default_factory=dict)


def save_network(network: Network, path: Path) -> None:
    """Write a network whole or not at all; weights are kept in half precision."""
    from safetensors.numpy import save

    tensors = {name: value.astype(np.float16) for name, value in network.weights.items()}
    labels = {name: rows.astype(np.int16) for name, rows in network.vocabulary.arrays().items()}
    notes = {"format": FORMAT, "architecture": network.architecture.as_dict(), **network.notes}
    content = save({**tensors, **labels}, metadata={"hybrid_index": json.dumps(notes)})
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def load_network(path: Path = PACKAGED) -> Network:
    """Read a network; raises :class:`InputError` where the file is missing, damaged or of another format."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            notes = json.loads((file.metadata() or {}).get("hybrid_index", "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"holds no weights that can be read ({error})", source=str(path)) from error
    if notes.get("format") != FORMAT:
        raise InputError(f"is of format {notes.get('format')!r}; this version reads {FORMAT!r}", source=str(path))
    shape = notes["architecture"]
    architecture = Architecture(**{**shape, "labels": tuple(shape["labels"])})
    weights = {name: arrays[name].astype(np.float32) for name in architecture.shapes()}
    return Network(architecture=architecture, vocabulary=Vocabulary.from_arrays(arrays), weights=weights, notes=notes)


@functools.cache
def packaged_network() -> Network | None:
    """The network that comes with the package; ``None`` where it was left out."""
    return load_network(PACKAGED) if PACKAGED.exists() else None
