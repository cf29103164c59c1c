"""How far the network is from the truth, and what of it people want to see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hybrid_index.neural import network
from hybrid_index.neural.features import Features
from hybrid_index.neural.labels import FAMILIES, LABELLED_LINES
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.torch_operations import TorchOperations
from hybrid_index.training.batches import Batch

WEIGHTS = {"lattice": 1.0, "labels": 1.0, "foreign": 1.0, "shift": 0.3, "volume": 0.3}
"""Share of each part in the loss."""
_LEAST_LOG_SIGMA = -4.0


@dataclass(frozen=True, slots=True, eq=False)
class OnDevice:
    """A :class:`Batch` as tensors."""

    x: Features
    codes: Tensor
    families: Tensor
    labels: Tensor
    foreign: Tensor
    shift: Tensor
    volume: Tensor

    @classmethod
    def of(cls, batch: Batch, device: torch.device) -> OnDevice:
        """Move a batch to a device."""
        x = Features(*(torch.from_numpy(getattr(batch.x, name)).to(device) for name in Features.__slots__))
        return cls(x, *(torch.from_numpy(getattr(batch, name)).to(device) for name in Batch.__slots__[1:]))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Loss of a batch and its parts; ``right`` (families, 3): labels known, right, and right among the first five."""

    total: Tensor
    parts: dict[str, Tensor]
    right: np.ndarray


def counts(batch: OnDevice) -> Tensor:
    """Numbers (3,) of lists, of labelled lines and of lines: what the parts of the loss are means over."""
    lists = torch.ones_like(batch.x.listed[:, 0]).sum()
    return torch.stack([lists, (batch.labels >= 0).sum().float(), batch.x.listed.sum()]).clamp_min(1.0)


def judge(
    w: Mapping[str, Tensor],
    size: Architecture,
    batch: OnDevice,
    *,
    over: Tensor | None = None,
    count: bool = False,
) -> Judged:
    """Loss of the network on a batch, told the true lattices.

    *over* (3,) are the :func:`counts` of the whole batch, where this is a part of one; *count* counts right labels.
    """
    ops = TorchOperations()
    n_lists, n_labels, n_lines = counts(batch) if over is None else over
    encoded = network.encode(ops, w, size, batch.x)
    said = network.given(ops, w, size, encoded, batch.codes)
    labels, right = _label_loss(w, ops, said, batch, count)
    foreign = functional.binary_cross_entropy_with_logits(said.foreign.float(), batch.foreign, reduction="none")
    parts = {
        "lattice": functional.cross_entropy(encoded.lattice.float(), batch.codes, reduction="sum") / n_lists,
        "labels": labels / n_labels,
        "foreign": (foreign * batch.x.listed).sum() / n_lines,
        "shift": _gaussian(said.shift.float(), batch.shift) / n_lists,
        "volume": _gaussian(said.volume.float(), batch.volume) / n_lists,
    }
    total = torch.stack([WEIGHTS[name] * part for name, part in parts.items()]).sum()
    parts["right lattice"] = (encoded.lattice.detach().argmax(-1) == batch.codes).float().mean()
    return Judged(total, {name: part.detach() for name, part in parts.items()}, right)


def _label_loss(
    w: Mapping[str, Tensor], ops: TorchOperations, said: network.Given, batch: OnDevice, count: bool
) -> tuple[Tensor, np.ndarray]:
    """Sum of the cross-entropies of all lists' labels, whatever the reading, and the counts of :class:`Judged`."""
    losses, right = [torch.zeros((), device=said.tokens.device)], np.zeros((len(FAMILIES), 3))
    for family in range(len(FAMILIES)):
        mine = batch.families == family
        wanted = batch.labels[mine]
        labelled = wanted >= 0
        if not labelled.any():
            continue
        scores = network.label_scores(ops, w, said.tokens[mine][:, :LABELLED_LINES], family).float()
        readings = functional.log_softmax(said.readings[mine].float(), dim=-1)
        losses.append(readings_loss(scores, readings, wanted))
        if count:
            single = torch.einsum("nr,nrlk->nlk", readings.exp(), scores.softmax(-1))
            first = single.topk(5, dim=-1).indices[labelled] == wanted[labelled][:, None]
            right[family] = int(labelled.sum()), int(first[:, 0].sum()), int(first.sum())
    return torch.stack(losses).sum(), right


def readings_loss(scores: Tensor, readings: Tensor, wanted: Tensor) -> Tensor:
    """Sum of -log p of the labels (n, lines) of whole lists, under readings (n, R) of scores (n, R, lines, K)."""
    labels = wanted.clamp_min(0)[:, None, :, None].expand(-1, scores.shape[1], -1, 1)
    true = scores.gather(-1, labels)[..., 0] - scores.logsumexp(-1)
    return -torch.logsumexp(readings + (true * (wanted >= 0)[:, None]).sum(-1), dim=-1).sum()


def _gaussian(said: Tensor, true: Tensor) -> Tensor:
    """Sum of the negative log-likelihoods of true values (n,) under means and log standard deviations (n, 2)."""
    log_sigma = said[:, 1].clamp_min(_LEAST_LOG_SIGMA)
    return (log_sigma + 0.5 * ((true - said[:, 0]) * torch.exp(-log_sigma)) ** 2).sum()
