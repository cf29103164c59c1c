"""Where torch computes: the one place that chooses a device."""

from __future__ import annotations

import torch

from hybrid_index.errors import InputError


def pick_device(name: str = "auto", *, local_rank: int = 0) -> torch.device:
    """The device of a name (``auto``, ``cpu``, ``cuda``); ``auto`` is an accelerator where there is one."""
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise InputError("no GPU can be used by this torch; take cpu, or install torch for CUDA", source="--device")
    if local_rank >= torch.cuda.device_count():
        raise InputError(
            f"{torch.cuda.device_count()} GPUs here, too few for process {local_rank}; lower --nproc-per-node",
            source="--device",
        )
    return torch.device("cuda", local_rank)
