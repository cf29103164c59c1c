"""The network as a function of its weights, for numpy arrays and torch tensors alike.

A transformer over lines: attention is biased by a function of each pair's ratio and difference of Q. A first part
finds out the Bravais lattice; a second one is told a lattice, and names the lines under it, the shift and the volume.
A cell can be chosen in many ways, and what one line is called decides what others are: so there are several *readings*
of a list, each with names for all lines that go together, and how probable it is.
Written once over a few operations (:class:`Operations`), so that one list is answered by numpy in a few milliseconds,
without loading torch, and training and large batches run in torch on any device.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.features import N_LINE, N_LIST, N_PAIR
from hybrid_index.neural.labels import FAMILIES

Array = Any
"""A numpy array or a torch tensor: whichever the operations are for."""
N_LATTICES = len(BRAVAIS_LATTICES)
_SPREADS = {"given": 0.02, "reading": 1.0}
"""First weights that are not spread by the number of inputs; readings must differ to become different."""
_NEVER = -1e4
"""Bias of attention to places that hold no line."""


class Operations(Protocol):
    """What numpy and torch do under different names."""

    def linear(self, x: Array, weight: Array, bias: Array) -> Array:
        """Return x · weightᵀ + bias."""
        ...

    def layer_norm(self, x: Array, weight: Array, bias: Array) -> Array:
        """Normalise over the last axis."""
        ...

    def relu(self, x: Array) -> Array:
        """The positive part."""
        ...

    def attention(self, q: Array, k: Array, v: Array, bias: Array) -> Array:
        """Scaled dot-product attention over the last but one axis, with an additive bias."""
        ...

    def concatenate(self, arrays: Sequence[Array], axis: int) -> Array:
        """Join along an axis."""
        ...

    def unstack(self, x: Array, axis: int) -> tuple[Array, ...]:
        """Take apart along an axis."""
        ...

    def zeros_like(self, x: Array) -> Array:
        """Zeros of the same shape and kind."""
        ...

    def largest(self, x: Array, axis: int) -> Array:
        """Largest value along an axis."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Sizes of a network.

    Parameters
    ----------
    width, heads
        Numbers that describe a line, and heads of attention.
    depth, depth_given
        Layers before a lattice is given, and after.
    pair_width
        Hidden units of the function of pairs.
    readings
        Readings of a list under one lattice.
    labels
        Number of labels of each family.
    """

    width: int = 128
    heads: int = 8
    depth: int = 4
    depth_given: int = 2
    pair_width: int = 32
    readings: int = 16
    labels: tuple[int, ...] = (40, 80, 80, 160, 160, 300)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for a file of weights."""
        return {**asdict(self), "labels": list(self.labels)}

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every weight by name, in a fixed order."""
        d, layers = self.width, self.depth + self.depth_given
        linear = {
            "line": (d, N_LINE),
            "whole": (d, N_LIST),
            "pair": (self.pair_width, N_PAIR),
            "lattice": (N_LATTICES, d),
            "foreign": (1, d),
            "shift": (2, d),
            "volume": (2, d),
            "preferred": (self.readings, d),
            "reading.up": (d, d),
            "reading.down": (d, d),
        }
        norms = ["lattice.norm", "given.norm"]
        for i in range(layers):
            linear |= {f"{i}.{name}": (d, d) for name in ("query", "key", "value", "out")}
            linear |= {f"{i}.up": (4 * d, d), f"{i}.down": (d, 4 * d), f"{i}.pair": (self.heads, self.pair_width)}
            norms += [f"{i}.norm.0", f"{i}.norm.1"]
        linear |= {f"label.{name}": (k, d) for name, k in zip(FAMILIES, self.labels, strict=True)}
        shapes: dict[str, tuple[int, ...]] = {"given": (N_LATTICES, d), "reading": (self.readings, d)}
        for name, shape in linear.items():
            shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
        for name in norms:
            shapes |= {f"{name}.weight": (d,), f"{name}.bias": (d,)}
        return shapes

    def initial_weights(self, seed: int) -> dict[str, npt.NDArray[np.float32]]:
        """Random weights to start training from: normal, with variance one over the number of inputs."""
        rng = np.random.default_rng(seed)
        layers = self.depth + self.depth_given
        out: dict[str, npt.NDArray[np.float32]] = {}
        for name, shape in self.shapes().items():
            if name.endswith(".bias"):
                out[name] = np.zeros(shape, dtype=np.float32)
            elif len(shape) == 1:
                out[name] = np.ones(shape, dtype=np.float32)
            else:
                quiet = math.sqrt(2 * layers) if name.endswith((".out.weight", ".down.weight")) else 1.0
                spread = _SPREADS.get(name) or 1.0 / (math.sqrt(shape[1]) * quiet)
                out[name] = rng.normal(0.0, spread, shape).astype(np.float32)
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Lists after the first part.

    ``tokens`` (n, 1 + lines, width); ``bias`` of the attention (n, heads, 1 + lines, 1 + lines) of each layer of the
    second part; ``lattice`` (n, 14) scores of the Bravais lattices.
    """

    tokens: Array
    bias: tuple[Array, ...]
    lattice: Array


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What the second part says of lists (n,) under the lattices that it was told.

    ``tokens`` (n, lines, width) for :func:`label_scores`; ``readings`` (n, R) scores of the readings; ``foreign``
    (n, lines) scores; ``shift`` (n, 2): shift of 2θ
    in the middle of the lines, in tenths of a degree, and the logarithm of its uncertainty; ``volume`` (n, 2): natural
    logarithm of the primitive cell's volume times Q_last^1.5, and the logarithm of its uncertainty.
    """

    tokens: Array
    readings: Array
    foreign: Array
    shift: Array
    volume: Array


def encode(ops: Operations, w: Mapping[str, Array], size: Architecture, x: Any) -> Encoded:
    """Take lists (:class:`~.features.Features`, of arrays of the right kind) through the first part."""
    lines = ops.linear(x.lines, w["line.weight"], w["line.bias"])
    whole = ops.linear(x.whole, w["whole.weight"], w["whole.bias"])
    tokens = ops.concatenate([whole[:, None], lines], 1)
    pairs = ops.relu(ops.linear(x.pairs, w["pair.weight"], w["pair.bias"]))
    absent = _NEVER * (1.0 - x.listed)
    bias = _bias(ops, w, size, pairs, ops.concatenate([ops.zeros_like(absent[:, :1]), absent], 1))
    for i in range(size.depth):
        tokens = _layer(ops, w, size, i, tokens, bias[i])
    first = ops.layer_norm(tokens[:, 0], w["lattice.norm.weight"], w["lattice.norm.bias"])
    return Encoded(tokens, bias[size.depth :], ops.linear(first, w["lattice.weight"], w["lattice.bias"]))


def given(ops: Operations, w: Mapping[str, Array], size: Architecture, x: Encoded, codes: Array) -> Given:
    """Take lists (n,) through the second part, each under the Bravais lattice of a code (n,)."""
    tokens = x.tokens + w["given"][codes][:, None]
    for i in range(size.depth_given):
        tokens = _layer(ops, w, size, size.depth + i, tokens, x.bias[i])
    tokens = ops.layer_norm(tokens, w["given.norm.weight"], w["given.norm.bias"])
    first, lines = tokens[:, 0], tokens[:, 1:]
    return Given(
        lines,
        ops.linear(first, w["preferred.weight"], w["preferred.bias"]),
        ops.linear(lines, w["foreign.weight"], w["foreign.bias"])[..., 0],
        ops.linear(first, w["shift.weight"], w["shift.bias"]),
        ops.linear(first, w["volume.weight"], w["volume.bias"]),
    )


def label_scores(
    ops: Operations, w: Mapping[str, Array], tokens: Array, family: int, readings: Array | slice = slice(None)
) -> Array:
    """Scores (n, R, lines, K) of the labels of a family for lines (n, lines, width), in each of some readings."""
    name = FAMILIES[family]
    hidden = ops.linear(tokens, w["reading.up.weight"], w["reading.up.bias"])
    hidden = ops.relu(hidden[:, None] + w["reading"][readings][:, None])
    tokens = tokens[:, None] + ops.linear(hidden, w["reading.down.weight"], w["reading.down.bias"])
    return ops.linear(tokens, w[f"label.{name}.weight"], w[f"label.{name}.bias"])


def _bias(
    ops: Operations, w: Mapping[str, Array], size: Architecture, pairs: Array, absent: Array
) -> tuple[Array, ...]:
    """Bias of attention (n, heads, tokens, tokens) of each layer; the first token, the list, is in no pair."""
    layers = range(size.depth + size.depth_given)
    weight, bias = (ops.concatenate([w[f"{i}.pair.{part}"] for i in layers], 0) for part in ("weight", "bias"))
    n, m = pairs.shape[:2]
    all_of_it = ops.linear(pairs, weight, bias).reshape(n, m * m, len(layers) * size.heads).swapaxes(1, 2)
    all_of_it = all_of_it.reshape(n, len(layers), size.heads, m, m)
    all_of_it = ops.concatenate([ops.zeros_like(all_of_it[..., :1]), all_of_it], 4)
    all_of_it = ops.concatenate([ops.zeros_like(all_of_it[..., :1, :]), all_of_it], 3)
    return ops.unstack(all_of_it + absent[:, None, None, None, :], 1)


def _layer(ops: Operations, w: Mapping[str, Array], size: Architecture, i: int, x: Array, bias: Array) -> Array:
    n, m, d = x.shape
    y = ops.layer_norm(x, w[f"{i}.norm.0.weight"], w[f"{i}.norm.0.bias"])
    q, k, v = (
        ops.linear(y, w[f"{i}.{name}.weight"], w[f"{i}.{name}.bias"])
        .reshape(n, m, size.heads, d // size.heads)
        .swapaxes(1, 2)
        for name in ("query", "key", "value")
    )
    y = ops.attention(q, k, v, bias).swapaxes(1, 2).reshape(n, m, d)
    x = x + ops.linear(y, w[f"{i}.out.weight"], w[f"{i}.out.bias"])
    y = ops.layer_norm(x, w[f"{i}.norm.1.weight"], w[f"{i}.norm.1.bias"])
    y = ops.relu(ops.linear(y, w[f"{i}.up.weight"], w[f"{i}.up.bias"]))
    return x + ops.linear(y * y, w[f"{i}.down.weight"], w[f"{i}.down.bias"])
