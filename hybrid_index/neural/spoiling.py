"""What a measurement makes of true lines, for a batch of lists: ``simulate.line_list_spoiling`` as tensors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from hybrid_index.types import MIN_LINES

if TYPE_CHECKING:
    from hybrid_index.simulate.line_list_tables import LineListTables

MARGIN = 36
"""Lines beyond those wanted that take part in merging."""
MAX_MERGES = 12
"""Rounds of merging; each merges all pairs that are nearer to each other than to their neighbours."""
FOREIGN = -1
"""Origin of a line that belongs to no reflection."""


class Spoilt(NamedTuple):
    """Lines (n, 60) of each list, ascending; ``origin`` is the place of the reflection, ``listed`` where one is."""

    two_theta_deg: Tensor
    intensity: Tensor
    sigma_deg: Tensor
    fwhm_deg: Tensor
    origin: Tensor
    listed: Tensor


class _Lines(NamedTuple):
    """Lines at work: those that are gone have an infinite position and no intensity."""

    position: Tensor
    intensity: Tensor
    spread: Tensor
    origin: Tensor

    def ordered(self, n: int) -> _Lines:
        """Sort by position and keep the first *n*."""
        order = self.position.argsort(dim=1)[:, :n]
        return _Lines(*(column.gather(1, order) for column in self))

    def without(self, gone: Tensor) -> _Lines:
        """Take lines away."""
        return self._replace(
            position=torch.where(gone, math.inf, self.position), intensity=torch.where(gone, 0.0, self.intensity)
        )


def spoil(
    two_theta_deg: Tensor,
    intensity: Tensor,
    drawn: dict[str, Tensor],
    tables: LineListTables,
    generator: torch.Generator,
) -> Spoilt:
    """Shift, add foreign lines, merge, lose weak lines and some of the first, and measure what is left.

    Parameters
    ----------
    two_theta_deg
        float64 (n, k), true positions, any order.
    intensity
        float64 (n, k), zero where there is no line.
    drawn
        Faults of the measurement by name, each (n,).
    tables
        Constants.
    generator
        Source of everything random.
    """
    absent = intensity <= 0.0
    slope = torch.rad2deg(2.0 * drawn["displacement_mm"] / drawn["radius_mm"])[:, None]
    cosine = torch.cos(torch.deg2rad(torch.where(absent, 0.0, two_theta_deg) / 2.0))
    position = torch.where(absent, math.inf, two_theta_deg + drawn["zero_shift_deg"][:, None] - slope * cosine)
    origin = torch.arange(position.shape[1], device=position.device).expand_as(position)
    lines = _Lines(position, intensity, torch.zeros_like(position), origin).ordered(tables.max_lines + MARGIN)
    lines = _with_foreign(lines, drawn, tables, generator)
    lines = _merged(lines, drawn["merge_deg"][:, None])
    lines = lines.without(lines.intensity < drawn["weakest"][:, None] * lines.intensity.amax(dim=1, keepdim=True))
    lines = lines.ordered(lines.position.shape[1])
    lines = _lose_some(lines, drawn["n_missing"], tables, generator)
    return _measured(lines.ordered(tables.max_lines), drawn, tables, generator)


def _with_foreign(
    lines: _Lines, drawn: dict[str, Tensor], tables: LineListTables, generator: torch.Generator
) -> _Lines:
    """Put foreign lines among the first twenty visible ones."""
    most = int(tables.range_of["n_foreign"][1])
    n, device = len(lines.position), lines.position.device
    strongest = lines.intensity.amax(dim=1, keepdim=True)
    visible = (lines.intensity > 0.0) & (lines.intensity >= drawn["weakest"][:, None] * strongest)
    early = visible & (visible.cumsum(dim=1) <= tables.first_lines)
    first = torch.where(early, lines.position, math.inf).amin(dim=1, keepdim=True)
    last = torch.where(early, lines.position, -math.inf).amax(dim=1, keepdim=True)
    u = torch.rand((2, n, most), generator=generator, device=device, dtype=torch.float64)
    weak, strong = tables.foreign_intensity
    wanted = (torch.arange(most, device=device) < drawn["n_foreign"][:, None]) & torch.isfinite(first)
    position = torch.where(wanted, 0.8 * first + u[0] * (last - 0.8 * first), math.inf)
    intensity = torch.where(wanted, strongest * weak * (strong / weak) ** u[1], 0.0)
    origin = torch.full((n, most), FOREIGN, device=device)
    added = (position, intensity, torch.zeros_like(position), origin)
    together = _Lines(*(torch.cat(pair, dim=1) for pair in zip(lines, added, strict=True)))
    return together.ordered(together.position.shape[1])


def _merged(lines: _Lines, merge: Tensor) -> _Lines:
    """Merge near lines at their centre of gravity, the nearest first; the stronger gives its origin."""
    for _ in range(MAX_MERGES):
        position, intensity, spread, origin = lines
        gap = torch.diff(position, dim=1).nan_to_num(nan=math.inf)
        before = torch.nn.functional.pad(gap[:, :-1], (1, 0), value=math.inf)
        after = torch.nn.functional.pad(gap[:, 1:], (0, 1), value=math.inf)
        pair = (gap < merge) & (gap < before) & (gap <= after)
        if not bool(pair.any()):
            break
        left, right = intensity[:, :-1], intensity[:, 1:]
        total = left + right
        centre = (position[:, :-1] * left + position[:, 1:] * right) / total
        wider = torch.maximum(torch.maximum(spread[:, :-1], spread[:, 1:]), gap)
        stays = torch.nn.functional.pad(pair, (0, 1))
        goes = torch.nn.functional.pad(pair, (1, 0))
        one_more = (0, 1)
        lines = _Lines(
            torch.where(stays, torch.nn.functional.pad(centre, one_more), position),
            torch.where(stays, torch.nn.functional.pad(total, one_more), intensity),
            torch.where(stays, torch.nn.functional.pad(wider, one_more), spread),
            torch.where(stays & torch.nn.functional.pad(right > left, one_more), origin.roll(-1, dims=1), origin),
        ).without(goes)
        lines = lines.ordered(position.shape[1])
    return lines


def _lose_some(lines: _Lines, n_missing: Tensor, tables: LineListTables, generator: torch.Generator) -> _Lines:
    """Take lines of the lattice from the first twenty, each equally likely; leave five of them."""
    place = torch.arange(lines.position.shape[1], device=lines.position.device)
    own = (lines.intensity > 0.0) & (lines.origin != FOREIGN) & (place < tables.first_lines)
    lot = torch.rand(own.shape, generator=generator, device=own.device)
    rank = torch.where(own, lot, math.inf).argsort(dim=1).argsort(dim=1)
    n_lost = torch.minimum(n_missing, own.sum(dim=1) - MIN_LINES)
    return lines.without(own & (rank < n_lost[:, None]))


def _measured(lines: _Lines, drawn: dict[str, Tensor], tables: LineListTables, generator: torch.Generator) -> Spoilt:
    """Give positions their errors and lines their widths, and sort them again."""
    listed = lines.intensity > 0.0
    relative = lines.intensity / lines.intensity.amax(dim=1, keepdim=True).clamp(min=1e-300)
    sigma = drawn["sigma_deg"][:, None] * relative.clamp(min=1e-12) ** -drawn["fade"][:, None]
    position = torch.where(listed, lines.position, 0.0)
    cosine2 = 0.5 * (1.0 + torch.cos(torch.deg2rad(position)))
    instrument, size, strain = (drawn[x][:, None] ** 2 for x in ("instrument_deg", "size_deg", "strain_deg"))
    width = torch.sqrt(instrument + (size + strain * (1.0 - cosine2)) / cosine2 + lines.spread**2)
    scatter = torch.rand(position.shape, generator=generator, device=position.device, dtype=torch.float64)
    error = torch.randn(position.shape, generator=generator, device=position.device, dtype=torch.float64)
    width = width * (1.0 + tables.width_scatter * (2.0 * scatter - 1.0))
    observed = torch.where(listed, position + sigma * error, math.inf)
    order = observed.argsort(dim=1)
    columns = (observed, relative, sigma, width, lines.origin, listed)
    return Spoilt(*(column.gather(1, order) for column in columns))
