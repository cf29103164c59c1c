"""Weights on disk: safetensors files with the architecture, the labels and where they come from."""

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
from hybrid_index.neural.shift_reader import ReaderArchitecture

Arrays = Mapping[str, npt.NDArray[Any]]
FOLDER = Path(__file__).parent / "weights"
NETWORK_FILE, READER_FILE = "lines.safetensors", "shifts.safetensors"
_INCOMPLETE = (KeyError, TypeError, ValueError)
"""What comes of weights or sizes that a file lacks, or that do not go together."""
NETWORK_FORMAT, READER_FORMAT = "hybrid-index/lines/2", "hybrid-index/shifts/1"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A trained network: sizes, labels, float32 weights by name, and notes on its making."""

    architecture: Architecture
    vocabulary: Vocabulary
    weights: Mapping[str, npt.NDArray[np.float32]]
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShiftReader:
    """A trained reader of shifts: sizes, float32 weights by name, and notes on its making."""

    architecture: ReaderArchitecture
    weights: Mapping[str, npt.NDArray[np.float32]]
    notes: Mapping[str, Any] = field(default_factory=dict)


def save_network(network: Network, folder: Path) -> Path:
    """Write a network into a folder, whole or not at all; returns the path."""
    return _write(
        folder / NETWORK_FILE,
        NETWORK_FORMAT,
        network,
        {name: rows.astype(np.int16) for name, rows in network.vocabulary.arrays().items()},
    )


def save_reader(reader: ShiftReader, folder: Path) -> Path:
    """Write a reader into a folder, whole or not at all; returns the path."""
    return _write(folder / READER_FILE, READER_FORMAT, reader, {})


def load_network(folder: Path = FOLDER) -> Network:
    """Read the network of a folder; raises :class:`InputError` where it is missing, damaged or of another format."""
    path = folder / NETWORK_FILE
    arrays, notes = _read(path, NETWORK_FORMAT)
    try:
        shape = notes["architecture"]
        architecture = Architecture(**{**shape, "labels": tuple(shape["labels"])})
        vocabulary, weights = Vocabulary.from_arrays(arrays), _single(arrays, architecture)
    except _INCOMPLETE as error:
        raise InputError(f"is incomplete ({error}); take another copy", source=str(path)) from error
    return Network(architecture=architecture, vocabulary=vocabulary, weights=weights, notes=notes)


def load_reader(folder: Path = FOLDER) -> ShiftReader:
    """Read the reader of a folder; raises :class:`InputError` where it is missing, damaged or of another format."""
    path = folder / READER_FILE
    arrays, notes = _read(path, READER_FORMAT)
    try:
        architecture = ReaderArchitecture(**notes["architecture"])
        weights = _single(arrays, architecture)
    except _INCOMPLETE as error:
        raise InputError(f"is incomplete ({error}); take another copy", source=str(path)) from error
    return ShiftReader(architecture=architecture, weights=weights, notes=notes)


@functools.cache
def packaged_network() -> Network | None:
    """The network that comes with the package; ``None`` where it was left out."""
    return load_network(FOLDER) if (FOLDER / NETWORK_FILE).exists() else None


@functools.cache
def packaged_reader() -> ShiftReader | None:
    """The reader of shifts that comes with the package; ``None`` where it was left out."""
    return load_reader(FOLDER) if (FOLDER / READER_FILE).exists() else None


def _write(path: Path, form: str, trained: Network | ShiftReader, more: Arrays) -> Path:
    from safetensors.numpy import save

    tensors = {name: value.astype(np.float16) for name, value in trained.weights.items()}
    notes = {**trained.notes, "format": form, "architecture": trained.architecture.as_dict()}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(save({**tensors, **more}, metadata={"hybrid_index": json.dumps(notes)}))
    os.replace(partial, path)
    return path


def _read(path: Path, form: str) -> tuple[Arrays, dict[str, Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            notes = json.loads((file.metadata() or {}).get("hybrid_index", "{}"))
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"holds no weights that can be read ({error}); take another copy", source=str(path)) from error
    found = notes.get("format") if isinstance(notes, dict) else None
    if found != form:
        raise InputError(f"is of format {found!r}; this version reads {form!r}", source=str(path))
    return arrays, notes


def _single(arrays: Arrays, size: Architecture | ReaderArchitecture) -> dict[str, npt.NDArray[np.float32]]:
    """Weights as they are computed with; half precision is for the disk."""
    out = {}
    for name, shape in size.shapes().items():
        if arrays[name].shape != shape:
            raise ValueError(f"{name} is of shape {arrays[name].shape}, not {shape}")
        out[name] = arrays[name].astype(np.float32)
    return out
