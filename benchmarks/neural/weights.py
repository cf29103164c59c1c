"""Which network is measured: the one that comes with the package, or another in its place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybrid_index.errors import InputError
from hybrid_index.neural import weights
from hybrid_index.neural.weights import Network, packaged_network


@contextmanager
def measured_network(path: Path | None) -> Iterator[Network]:
    """Let the whole package use the weights of a file, instead of its own, as long as the block lasts.

    Raises
    ------
    InputError
        If the file cannot be read, or no file is given and the package has no weights.
    """
    before = weights.PACKAGED
    weights.PACKAGED = path or before
    packaged_network.cache_clear()
    try:
        network = packaged_network()
        if network is None:
            raise InputError("holds no weights; name a file of them with --weights", source=str(weights.PACKAGED))
        yield network
    finally:
        weights.PACKAGED = before
        packaged_network.cache_clear()


def describe(network: Network) -> str:
    """One line on a network: its size and its training, as far as its notes tell."""
    size = network.architecture
    millions = sum(value.size for value in network.weights.values()) / 1e6
    training = ", ".join(f"{name} {network.notes[name]}" for name in ("step", "seconds") if name in network.notes)
    return (
        f"network: {millions:.2f} million weights, width {size.width}, {size.depth} + {size.depth_given} layers"
        f"{f'; trained: {training}' if training else ''}"
    )
