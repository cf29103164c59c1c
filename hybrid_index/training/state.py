"""Where a training run stands: its weights, its optimisers, and what it has cost so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from hybrid_index.training.config import Recipe


@dataclass(slots=True, eq=False)
class Trained:
    """Weights and optimisers, the number of steps done, seconds that they took, and what validations found."""

    recipe: Recipe
    weights: dict[str, Tensor]
    optimisers: list[torch.optim.Optimizer]
    step: int = 0
    seconds: float = 0.0
    history: list[dict[str, Any]] = field(default_factory=list)


def started(recipe: Recipe, weights: Mapping[str, npt.NDArray[np.float32]], device: torch.device) -> Trained:
    """A run before its first step."""
    on_device = {name: torch.tensor(value, device=device).requires_grad_() for name, value in weights.items()}
    return Trained(recipe, on_device, optimisers_for(recipe, on_device))


def optimisers_for(recipe: Recipe, weights: dict[str, Tensor]) -> list[torch.optim.Optimizer]:
    """Muon for the matrices between layers, AdamW for all that touches the outside, for norms and biases.

    K. Jordan et al. (2024), https://kellerjordan.github.io/posts/muon.
    """
    inner = {name: w for name, w in weights.items() if w.ndim == 2 and name[0].isdigit() and ".pair." not in name}
    outer = [w for name, w in weights.items() if name not in inner]
    matrices, vectors = [w for w in outer if w.ndim > 1], [w for w in outer if w.ndim == 1]
    groups = [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return [
        torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=(0.9, 0.98)),
        torch.optim.Muon(
            inner.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, adjust_lr_fn="match_rms_adamw"
        ),
    ]
