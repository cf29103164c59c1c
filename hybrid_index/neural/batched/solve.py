"""Assign–solve–iterate of many lattices at once: what :func:`hybrid_index.refine.assign.assign_solve` does for one.

The same windows, least squares and evidence (sublattices not weighed apart), in float64. A row that has converged or
come to nothing takes no part in the steps that follow.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from hybrid_index.neural.batched.evidence import evidence_bits
from hybrid_index.neural.batched.lists import Lines, lines_below
from hybrid_index.neural.batched.reflections import positions, rows_of
from hybrid_index.refine.assign import (
    FAILED,
    LEAST_PIVOT,
    LEAST_Q,
    MARGIN,
    MAX_REFLECTIONS,
    N_FREE,
    SLACK,
    SUBSPACES,
    WINDOWS,
)

_INDEX_BITS = MAX_REFLECTIONS.bit_length()
"""The number of a reflection in its lattice takes the place of the last bits of its distance from a line, which leaves
eleven digits to compare."""
_UNASSIGNED = 99
_SETTLED = 4
"""After this step the windows close no more."""


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Lattices (m,) after assign–solve–iterate.

    ``metric`` (m, 6) Å⁻²; ``shifts`` (m, s); ``evidence`` (m,) bits, ``FAILED`` where it came to nothing; ``indexed``,
    ``possible`` (m,) int64, lines and reflections; ``rms`` (m,) misfit in units of the uncertainty.
    """

    metric: Tensor
    shifts: Tensor
    evidence: Tensor
    indexed: Tensor
    possible: Tensor
    rms: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Reflections:
    """Reflections of lattices (m,): the lattice of each, its Q, how many lines are below it; and seen from the lines.

    ``good`` (m,) whether a lattice has any; ``hkl`` (m, L, 3) the nearest to each line, ``gap`` (m, L) Q_line − Q.
    """

    lattice: Tensor
    q: Tensor
    below: Tensor
    good: Tensor
    hkl: Tensor
    gap: Tensor


def assign_solve(metric: Tensor, code: Tensor, lines: Lines, pair: Tensor, *, at_once: int) -> Solved:
    """Improve lattices against the lines.

    Parameters
    ----------
    metric, code
        (m, 6) Å⁻² and (m,): where to start; without shifts.
    lines, pair
        The lines, and whose row (m,) each lattice is held against.
    at_once
        Memory is for so many lattices.
    """
    pieces = [slice(start, start + at_once) for start in range(0, max(len(pair), 1), at_once)]
    parts = [_solved(metric[piece], code[piece], lines.of(pair[piece])) for piece in pieces]
    return Solved(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Solved)))


def _solved(metric: Tensor, code: Tensor, lines: Lines) -> Solved:
    m, width = lines.q.shape
    metric, shifts = metric.clone(), torch.zeros_like(lines.priors)
    n_free = torch.from_numpy(N_FREE).to(code.device)[code]
    corrected, gap = lines.q.clamp(min=LEAST_Q), torch.zeros_like(lines.q)
    near = torch.zeros(m, width, 3, dtype=torch.float64, device=code.device)
    before = torch.full_like(near, _UNASSIGNED)
    price = torch.zeros_like(metric[:, 0])
    alive = torch.ones(m, dtype=torch.bool, device=code.device)
    moved, going = alive.clone(), alive.clone()
    for step, (window, slack) in enumerate(zip(WINDOWS.tolist(), SLACK.tolist(), strict=True)):
        rows = (going & moved).nonzero()[:, 0]
        found = _reflections(metric[rows], code[rows], corrected[rows], lines.last[rows])
        near[rows], gap[rows] = found.hkl, found.gap
        alive[rows] &= found.good
        inside = lines.listed & (gap.abs() <= window * lines.q_esd + slack * lines.slack)
        given = near * inside[:, :, None]  # (m, L, 3): 000 where a line is given no reflection
        changed = (given != before).any(2).any(1)
        alive &= ~going | (inside.sum(1) > n_free)
        going &= alive & (changed | (step <= _SETTLED))
        rows = (going & changed).nonzero()[:, 0]
        good, new_metric, new_shifts, new_price = _least_squares(given[rows], code[rows], lines.of(rows))
        alive[rows] &= good
        going &= alive
        metric[rows], shifts[rows], price[rows] = new_metric, new_shifts, new_price
        moved, before = changed, torch.where(going[:, None, None], given, before)
        corrected[rows] = (lines.q[rows] - (lines.columns[rows] @ new_shifts[:, :, None])[:, :, 0]).clamp(min=LEAST_Q)
    return _judged(metric, shifts, code, n_free, price, corrected, alive, lines)


def _judged(
    metric: Tensor, shifts: Tensor, code: Tensor, n_free: Tensor, price: Tensor, corrected: Tensor, alive: Tensor,
    lines: Lines,
) -> Solved:  # fmt: skip
    """What the lattices are worth where they are now."""
    rows = alive.nonzero()[:, 0]
    some, corrected = lines.of(rows), corrected[rows]
    found = _reflections(metric[rows], code[rows], corrected, some.last)
    z = found.gap / some.q_esd
    indexed = some.listed & (z.abs() <= 3.0)
    end = (corrected + some.q_esd).gather(1, some.last)[:, 0]
    possible = torch.zeros_like(rows).index_add_(0, found.lattice, (found.q <= end[found.lattice]).long())
    bits = evidence_bits(corrected, found.gap, found.lattice, found.q, found.below, n_free[rows], some) - price[rows]
    out = Solved(
        metric, shifts, torch.full_like(price, FAILED), torch.zeros_like(code), torch.zeros_like(code),
        torch.zeros_like(price),
    )  # fmt: skip
    out.evidence[rows] = torch.where(found.good, bits, FAILED)
    out.indexed[rows], out.possible[rows] = indexed.sum(1), possible
    out.rms[rows] = ((z**2).masked_fill(~indexed, 0.0).sum(1) / indexed.sum(1).clamp(min=1)).sqrt()
    return out


def _reflections(metric: Tensor, code: Tensor, q_line: Tensor, last: Tensor) -> _Reflections:
    """Make the reflections of lattices and let each line (m, L) find its nearest one."""
    m, width = q_line.shape
    rows = rows_of(metric, code, MARGIN * q_line.gather(1, last)[:, 0], MAX_REFLECTIONS)
    row, l, q = positions(rows)
    lattice, n = rows.lattice[row], rows.n_reflections.clamp(min=0)
    first = n.cumsum(0) - n
    number = torch.arange(len(q), device=q.device) - first[lattice]
    below = lines_below(q_line, lattice, q)
    q_line, start = q_line.flatten(), lattice * width
    # the bits of positive numbers are in the order of the numbers
    nearest = torch.full((m * width,), torch.iinfo(torch.int64).max, device=q.device)
    for side in (below, below - 1):
        place = start + side.clamp(0, width - 1)
        gap = (q_line[place] - q).abs().view(torch.int64)
        nearest.scatter_reduce_(0, place, gap >> _INDEX_BITS << _INDEX_BITS | number, "amin")
    seen = first.repeat_interleave(width) + (nearest & ((1 << _INDEX_BITS) - 1))
    good = n > 0
    none = ~good.repeat_interleave(width) | (nearest == torch.iinfo(torch.int64).max)
    seen = seen.masked_fill(none, 0)
    if not len(q):  # nothing to see anywhere
        return _Reflections(lattice, q, below, good, metric.new_zeros(m, width, 3), metric.new_ones(m, width))
    hkl = torch.stack([rows.h[row[seen]], rows.k[row[seen]], l[seen]], dim=1)
    gap = torch.where(none, math.inf, q_line - q[seen])
    return _Reflections(lattice, q, below, good, hkl.view(m, width, 3), gap.view(m, width))


def _least_squares(hkl: Tensor, code: Tensor, lines: Lines) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Fit metrics and shifts to lines with indices hkl (m, L, 3), 000 for those that take no part.

    Returns whether that was possible (m,), metrics (m, 6), shifts (m, s), and what the parameters cost (m,), bits. Each
    system has room for six parameters; those that a lattice has not are held at 0 by equations of their own.
    """
    n_shift = lines.priors.shape[1]
    h, k, l = hkl.unbind(2)
    products = torch.stack([h * h, k * k, l * l, k * l, h * l, h * k], dim=2)  # (m, L, 6)
    subspace = torch.from_numpy(SUBSPACES).to(code.device)[code]  # (m, 6, 6)
    design = torch.cat([products @ subspace, lines.columns], dim=2)  # (m, L, 6 + s)
    weighted = (design * (hkl.any(2) / lines.q_esd**2)[:, :, None]).mT  # (m, 6 + s, L)
    absent = ~subspace.any(1)  # (m, 6)
    diagonal = torch.cat([absent.double(), lines.priors**-2.0], dim=1)
    normal = weighted @ design + torch.diag_embed(diagonal)
    factor, info = torch.linalg.cholesky_ex(normal)
    pivots = factor.diagonal(dim1=1, dim2=2)
    good = (info == 0) & (pivots**2 > LEAST_PIVOT * normal.diagonal(dim1=1, dim2=2)).all(1)
    solution = torch.cholesky_solve(weighted @ lines.q[:, :, None], factor)[:, :, 0]  # (m, 6 + s)
    parameters = solution[:, :6].masked_fill(absent, 0.0)
    metric = (subspace @ parameters[:, :, None])[:, :, 0]
    return good, metric, solution[:, 6 : 6 + n_shift], _price(pivots[:, :6], parameters, absent)


def _price(pivots: Tensor, parameters: Tensor, absent: Tensor) -> Tensor:
    """Bits that the free parameters (m, 6) cost: as in :mod:`hybrid_index.refine.assign`."""
    size = parameters[:, :3].clamp(min=1e-12).log2().masked_fill(absent[:, :3], 0.0)
    mean = size.sum(1, keepdim=True) / (~absent[:, :3]).sum(1, keepdim=True)
    scale = torch.cat([size, mean.expand(-1, 3)], dim=1)
    bits = pivots.clamp(min=1e-300).log2() + scale - 0.5 * math.log2(2.0 * math.pi)
    return bits.masked_fill(absent, 0.0).sum(1).clamp(min=0.0)
