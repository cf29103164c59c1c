"""Data-parallel training: processes that torchrun starts, each with its own part of every batch.

Each divides the sums of its losses by the counts of the whole batch, and gradients are added: what comes out is the
gradient of the whole batch, as one process would have it, however unevenly lists and labels are spread.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

from hybrid_index.neural.devices import pick_device


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """One process, number ``rank`` of ``size`` that train together."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process validates and writes."""
        return self.rank == 0

    def rows(self, n: int) -> slice:
        """Which of *n* lists are this process's."""
        return slice(self.rank * n // self.size, (self.rank + 1) * n // self.size)

    def total(self, values: Tensor) -> Tensor:
        """Sum of a tensor over all processes; without gradient."""
        if self.size > 1:
            values = values.detach().clone()
            distributed.all_reduce(values)
        return values

    def add_gradients(self, weights: Collection[Tensor]) -> None:
        """Replace the gradients of *weights* by their sums over all processes."""
        if self.size == 1:
            return
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        summed = self.total(torch.cat([gradient.flatten() for gradient in gradients]))
        parts = torch.split(summed, [gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def agree_to_stop(self, wish: bool, device: torch.device) -> bool:
        """Whether any process wishes to stop: all must do so after the same step."""
        return wish if self.size == 1 else bool(self.total(torch.tensor(float(wish), device=device)) > 0.0)


ALONE = Ranks()


@contextmanager
def joined(device_name: str = "auto") -> Iterator[tuple[Ranks, torch.device]]:
    """Join the other processes if torchrun started this one; yields its rank and its device."""
    size, local_rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("LOCAL_RANK", "0"))
    device = pick_device(device_name, local_rank=local_rank)
    if size == 1:
        yield ALONE, device
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(rank=distributed.get_rank(), size=distributed.get_world_size()), device
    finally:
        distributed.destroy_process_group()
