"""The operations of the network in numpy: one list in a few milliseconds, without torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import fast_kernel

Array = Any
Floats = npt.NDArray[np.float32]


@fast_kernel
def _linear(x: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """Products of small matrices: a BLAS wakes threads for them, which costs more than it gains on busy processors."""
    n, m = x.shape[0] & ~3, weight.shape[0] & ~1
    for i in range(0, n, 4):  # what is read serves four rows and two columns
        for j in range(0, m, 2):
            a = b = c = d = bias[j]
            e = f = g = h = bias[j + 1]
            for k in range(x.shape[1]):
                v, w = weight[j, k], weight[j + 1, k]
                a += x[i, k] * v
                b += x[i + 1, k] * v
                c += x[i + 2, k] * v
                d += x[i + 3, k] * v
                e += x[i, k] * w
                f += x[i + 1, k] * w
                g += x[i + 2, k] * w
                h += x[i + 3, k] * w
            out[i, j], out[i + 1, j], out[i + 2, j], out[i + 3, j] = a, b, c, d
            out[i, j + 1], out[i + 1, j + 1], out[i + 2, j + 1], out[i + 3, j + 1] = e, f, g, h
    for i in range(x.shape[0]):
        for j in range(m if i < n else 0, weight.shape[0]):
            a = bias[j]
            for k in range(x.shape[1]):
                a += x[i, k] * weight[j, k]
            out[i, j] = a


@fast_kernel
def _layer_norm(x: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """Rows of mean 0 and variance 1, scaled and moved; in numpy it takes six passes and as many arrays."""
    width = np.float32(x.shape[1])
    for i in range(x.shape[0]):
        mean = square = np.float32(0.0)
        for k in range(x.shape[1]):
            mean += x[i, k]
        mean /= width
        for k in range(x.shape[1]):
            square += (x[i, k] - mean) * (x[i, k] - mean)
        scale = np.float32(1.0) / np.sqrt(square / width + np.float32(1e-5))
        for k in range(x.shape[1]):
            out[i, k] = (x[i, k] - mean) * scale * weight[k] + bias[k]


class NumpyOperations:
    """See :class:`hybrid_index.neural.network.Operations`."""

    def linear(self, x: Array, weight: Array, bias: Array) -> Array:
        """Return x · weightᵀ + bias."""
        rows = np.ascontiguousarray(x, dtype=np.float32).reshape(-1, x.shape[-1])
        out = np.empty((len(rows), len(weight)), dtype=np.float32)
        _linear(rows, weight, bias, out)
        return out.reshape(*x.shape[:-1], len(weight))

    def layer_norm(self, x: Array, weight: Array, bias: Array) -> Array:
        """Normalise over the last axis."""
        rows = np.ascontiguousarray(x, dtype=np.float32).reshape(-1, x.shape[-1])
        out = np.empty_like(rows)
        _layer_norm(rows, weight, bias, out)
        return out.reshape(x.shape)

    def relu(self, x: Array) -> Array:
        """The positive part."""
        return np.maximum(x, np.float32(0.0))

    def attention(self, q: Array, k: Array, v: Array, bias: Array) -> Array:
        """Scaled dot-product attention with an additive bias."""
        score = q @ k.swapaxes(-1, -2) * np.float32(1.0 / math.sqrt(q.shape[-1])) + bias
        score = np.exp(score - score.max(axis=-1, keepdims=True))
        return (score / score.sum(axis=-1, keepdims=True)) @ v

    def concatenate(self, arrays: Sequence[Array], axis: int) -> Array:
        """Join along an axis."""
        return np.concatenate(arrays, axis=axis)

    def unstack(self, x: Array, axis: int) -> tuple[Array, ...]:
        """Take apart along an axis."""
        return tuple(np.moveaxis(x, axis, 0))

    def zeros_like(self, x: Array) -> Array:
        """Zeros of the same shape and kind."""
        return np.zeros_like(x)

    def largest(self, x: Array, axis: int) -> Array:
        """Largest value along an axis."""
        return x.max(axis=axis)
