"""Tensors of parts of different lengths, laid end to end, and the best of each part."""

from __future__ import annotations

import torch
from torch import Tensor


def expanded(counts: Tensor) -> tuple[Tensor, Tensor]:
    """For parts of these lengths (n,): to which part each place (sum,) belongs, and its number in it, from 0."""
    owner = torch.repeat_interleave(counts)
    starts = counts.cumsum(0) - counts
    return owner, torch.arange(len(owner), device=counts.device) - starts[owner]


def place(running: Tensor, start: Tensor, length: int, x: Tensor) -> Tensor:
    """First place of a running sum that exceeds *x*, at most the last: by halving.

    Each sum takes up *length* places of *running* (m,), from *start* (n,); *x* is (n,).
    """
    at = start.clone()
    while length > 1:
        half = length // 2
        at.add_(running[at + (half - 1)] <= x, alpha=half)
        length -= half
    return at - start


def best_distinct(group: Tensor, mark: Tensor, score: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Choose the *most* best of each group, of those with one mark only the best, and of equals the first.

    Parameters
    ----------
    group, mark, score
        (n,): non-negative groups; int64 marks, no two groups having one in common; scores.

    Returns
    -------
    chosen, rank : Tensor
        (m,): which were chosen, group by group, best first; and the place of each in its group, from 0.
    """
    order = score.argsort(descending=True, stable=True)
    order = order[mark[order].argsort(stable=True)]
    marks = mark[order]
    chosen = order[torch.cat([torch.ones_like(marks[:1], dtype=torch.bool), marks[1:] != marks[:-1]])]
    chosen = chosen[score[chosen].argsort(descending=True, stable=True)]
    chosen = chosen[group[chosen].argsort(stable=True)]
    _, rank = expanded(torch.bincount(group[chosen]))
    return chosen[rank < most], rank[rank < most]
