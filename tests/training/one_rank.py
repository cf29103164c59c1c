"""One of several processes that train together; started by ``test_ranks``, with the environment that torchrun sets."""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from hybrid_index.training import batches
from hybrid_index.training.checkpoint import from_checkpoint
from hybrid_index.training.loop import train
from hybrid_index.training.ranks import joined

if __name__ == "__main__":
    torch.set_num_threads(1)
    batches._VOCABULARY_LISTS = 4000
    with joined("cpu") as (ranks, device):
        for folder in map(Path, sys.argv[1:]):
            # Each folder holds a run before its first step, which says what is to be done.
            train(from_checkpoint(folder, device=device).recipe, folder, device=device, ranks=ranks)
