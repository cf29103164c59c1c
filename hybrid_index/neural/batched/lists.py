"""Lines of many lists as padded tensors, made on the processor and moved to a device once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from hybrid_index.neural.batched.ragged import place
from hybrid_index.refine.lines import LineData
from hybrid_index.search.pool import Prepared
from hybrid_index.search.windows import BINS
from hybrid_index.units import FloatArray

_NOWHERE = 1e6
"""Å⁻²: where lines are that only fill a row; no reflection comes near."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines of n lists, float64, in rows of the longest (L lines); see :class:`hybrid_index.refine.lines.LineData`.

    ``q``, ``q_esd``, ``foreign``, ``slack`` (n, L) ascending in Q; ``columns`` (n, L, s) and ``priors`` (n, s) of the s
    free shifts; ``count`` (n,) int64.
    """

    q: Tensor
    q_esd: Tensor
    foreign: Tensor
    slack: Tensor
    columns: Tensor
    priors: Tensor
    count: Tensor

    def __len__(self) -> int:
        return len(self.q)

    def of(self, rows: Tensor) -> Lines:
        """The lists of these numbers, or of a mask."""
        return Lines(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def listed(self) -> Tensor:
        """Which places (n, L) hold a line."""
        return torch.arange(self.q.shape[1], device=self.q.device) < self.count[:, None]

    @property
    def last(self) -> Tensor:
        """Place (n, 1) of each list's last line."""
        return self.count[:, None] - 1

    @classmethod
    def from_lists(cls, lists: Sequence[LineData], device: torch.device) -> Lines:
        """Gather lists whose free shifts are the same ones."""
        width = max(len(lines) for lines in lists)

        def rows(name: str, filling: float) -> Tensor:
            return _padded([getattr(lines, name) for lines in lists], width, filling, device)

        columns = np.zeros((len(lists), width, len(lists[0].free_shifts)))
        for row, lines in zip(columns, lists, strict=True):
            row[: len(lines)] = lines.columns.T
        return cls(
            q=rows("q", _NOWHERE),
            q_esd=rows("q_esd", 1.0),
            foreign=rows("foreign", 0.0),
            slack=rows("slack", 0.0),
            columns=torch.from_numpy(columns).to(device),
            priors=torch.from_numpy(np.array([lines.priors for lines in lists])).to(device),
            count=torch.tensor([len(lines) for lines in lists], device=device),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Where reflections of trial lattices are looked up, n lists; see :class:`hybrid_index.search.windows.LineWindows`.

    ``table`` (n · (BINS + 2),) int64, number of the line, from 1; ``bins_per_q``, ``q_max`` (n,); ``odds``
    (n, L + 1, N + 1) by lines met and number of reflections, and ``best_odds`` (n, N + 1) of all lines.
    """

    table: Tensor
    bins_per_q: Tensor
    q_max: Tensor
    odds: Tensor
    best_odds: Tensor

    @classmethod
    def from_prepared(cls, ready: Sequence[Prepared], device: torch.device) -> Windows:
        """Gather the windows of lists."""
        width = max(len(one.lines) for one in ready)
        odds = np.zeros((len(ready), width + 1, ready[0].odds.shape[1]))
        for row, one in zip(odds, ready, strict=True):
            row[: len(one.odds)] = one.odds
        return cls(
            torch.from_numpy(np.concatenate([one.windows.table for one in ready])).to(device),
            torch.tensor([one.windows.bins_per_q for one in ready], dtype=torch.float64, device=device),
            torch.tensor([one.windows.q_max for one in ready], dtype=torch.float64, device=device),
            torch.from_numpy(odds).to(device),
            torch.from_numpy(odds.max(axis=1)).to(device),
        )

    def start(self, lists: Tensor) -> Tensor:
        """Where in the table that of a list begins."""
        return lists * (BINS + 2)


def lines_below(q_line: Tensor, row: Tensor, q: Tensor) -> Tensor:
    """How many lines of its row (n, L), ascending, are below each of *q* (m,); *row* (m,)."""
    width = q_line.shape[1]
    least = torch.nextafter(q, q.new_tensor(-1.0))  # a line may lie exactly there
    return place(q_line.flatten(), row * width, width + 1, least)


def _padded(rows: Sequence[FloatArray], width: int, filling: float, device: torch.device) -> Tensor:
    out = np.full((len(rows), width), filling)
    for row, values in zip(out, rows, strict=True):
        row[: len(values)] = values
    return torch.from_numpy(out).to(device)
