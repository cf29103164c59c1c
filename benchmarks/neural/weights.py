"""Which networks are measured: those that come with the package, or others in their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hybrid_index.errors import InputError
from hybrid_index.neural import weights
from hybrid_index.neural.weights import Network, ShiftReader, packaged_network, packaged_reader


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Networks:
    """The reader of shifts, and the network of lattices and labels."""

    reader: ShiftReader
    network: Network


@contextmanager
def measured_networks(folder: Path | None) -> Iterator[Networks]:
    """Let the whole package use the weights of a folder, instead of its own, as long as the block lasts.

    Raises
    ------
    InputError
        If they cannot be read, or no folder is given and the package has no weights.
    """
    before = weights.FOLDER
    weights.FOLDER = folder or before
    _forget()
    try:
        reader, network = packaged_reader(), packaged_network()
        if reader is None or network is None:
            raise InputError("lacks weights; name a folder of them with --weights", source=str(weights.FOLDER))
        yield Networks(reader=reader, network=network)
    finally:
        weights.FOLDER = before
        _forget()


def _forget() -> None:
    packaged_network.cache_clear()
    packaged_reader.cache_clear()


def describe(networks: Networks) -> str:
    """A line on each network: its size and its training, as far as its notes tell."""
    lines = []
    for name, trained in (("lines", networks.network), ("shifts", networks.reader)):
        thousands = sum(value.size for value in trained.weights.values()) / 1e3
        training = ", ".join(f"{word} {trained.notes[word]}" for word in ("step", "seconds") if word in trained.notes)
        lines.append(f"{name}: {thousands:.0f} thousand weights{f'; trained: {training}' if training else ''}")
    return "\n".join(lines)
