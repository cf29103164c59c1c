"""The operations of the network in torch: for training, and for large batches on any device."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


class TorchOperations:
    """See :class:`hybrid_index.neural.network.Operations`."""

    def linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Return x · weightᵀ + bias."""
        return functional.linear(x, weight, bias)

    def layer_norm(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Normalise over the last axis."""
        return functional.layer_norm(x, weight.shape, weight, bias)

    def relu(self, x: Tensor) -> Tensor:
        """The positive part."""
        return functional.relu(x)

    def attention(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        """Scaled dot-product attention with an additive bias."""
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))

    def concatenate(self, arrays: Sequence[Tensor], axis: int) -> Tensor:
        """Join along an axis."""
        return torch.cat(list(arrays), dim=axis)

    def unstack(self, x: Tensor, axis: int) -> tuple[Tensor, ...]:
        """Take apart along an axis."""
        return x.unbind(axis)

    def zeros_like(self, x: Tensor) -> Tensor:
        """Zeros of the same shape and kind."""
        return torch.zeros_like(x)

    def largest(self, x: Tensor, axis: int) -> Tensor:
        """Largest value along an axis."""
        return x.amax(dim=axis)
