"""Reflections of many lattices at once: a grid of indices for each, of the same size, and masks."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, holohedry_order
from hybrid_index.lattice.reciprocal import determinant, minors

GRID = 2048
"""Indices that are tried for each lattice; where more would be needed the limit of Q comes down."""
SHRINK = 0.9
"""Factor by which it comes down, until all fits."""
CUBIC_NORM = 420
"""Largest h² + k² + l² of cubic lattices: more than a list of sixty lines ever needs."""
MAX_RING = 64
"""Largest h of tetragonal and hexagonal lattices."""
PERIOD = 24
"""Translations in the tests of absence are in 24ths."""

_B = BravaisLattice


class Reflections(NamedTuple):
    """The lowest reflections of n lattices, unsorted: places that hold none have an infinite ``q``.

    ``hkl`` int64 (n, k, 3), ``q`` float64 (n, k) in Å⁻², ``multiplicity`` int64 (n, k), and ``general`` (n, k), whether
    the reflection lies on no symmetry element.
    """

    hkl: Tensor
    q: Tensor
    multiplicity: Tensor
    general: Tensor


def lowest_reflections(
    metrics: Tensor, codes: Tensor, q_min: Tensor, q_max: Tensor, tests: Tensor, n_lowest: int
) -> Reflections:
    """List the lowest reflections of each lattice that centring and extinctions allow.

    Parameters
    ----------
    metrics
        float64 (n, 6), reciprocal metrics of conventional cells.
    codes
        int64 (n,), codes of the Bravais lattices.
    q_min, q_max
        float64 (n,), limits in Å⁻².
    tests
        int64 (n, t, 12), tests of absence; a row of zeros tests nothing.
    n_lowest
        At most so many of each lattice.
    """
    n, device = len(codes), metrics.device
    hkl = torch.zeros((n, n_lowest, 3), dtype=torch.int64, device=device)
    multiplicity = torch.zeros((n, n_lowest), dtype=torch.int64, device=device)
    general = torch.zeros((n, n_lowest), dtype=torch.bool, device=device)
    q = torch.full((n, n_lowest), math.inf, dtype=torch.float64, device=device)
    for lattice in BRAVAIS_LATTICES:
        rows = torch.nonzero(codes == lattice.code)[:, 0]
        if len(rows) == 0:
            continue
        indices, limit = _grid(lattice, metrics[rows], q_max[rows])
        values = q_of(indices, metrics[rows])
        # the limit of the grid is exact, the last reflection on it must not be lost to rounding
        inside = (values >= q_min[rows, None]) & (values <= limit[:, None] * (1.0 + 1e-12)) & indices.any(dim=2)
        values = torch.where(inside & _allowed(lattice, indices) & _unique(lattice, indices), values, math.inf)
        k = min(n_lowest, values.shape[1])
        lowest, place = values.topk(k, dim=1, largest=False)
        chosen = indices.gather(1, place[:, :, None].expand(-1, -1, 3))
        hkl[rows, :k] = chosen
        q[rows, :k] = torch.where(_absent(chosen, tests[rows]), math.inf, lowest)
        multiplicity[rows, :k] = _multiplicity(lattice, chosen)
        general[rows, :k] = multiplicity[rows, :k] == (12 if lattice is _B.HR else holohedry_order(lattice))
    return Reflections(hkl, q, multiplicity, general)


def q_of(hkl: Tensor, metrics: Tensor) -> Tensor:
    """Q (n, k) in Å⁻² of indices (n, k, 3) under metrics (n, 6)."""
    h, k, l = hkl.double().unbind(dim=2)
    a, b, c, d, e, f = metrics[:, :, None].unbind(dim=1)
    return a * h * h + b * k * k + c * l * l + d * k * l + e * h * l + f * h * k


def _grid(lattice: BravaisLattice, metrics: Tensor, q_max: Tensor) -> tuple[Tensor, Tensor]:
    """Indices (n, m, 3) that hold all reflections up to a limit (n,), which is no higher than *q_max*."""
    system = lattice.value[0]
    if system == "c":
        indices = _cubic_indices().to(metrics.device)
        return indices.expand(len(metrics), -1, -1), torch.minimum(q_max, CUBIC_NORM * metrics[:, 0])
    if system in "th":
        return _uniaxial_grid(lattice, metrics, q_max)
    return _box_grid(system, metrics, q_max)


@lru_cache(maxsize=1)
def _cubic_indices() -> Tensor:
    """Indices (m, 3) with h ≥ k ≥ l ≥ 0, ascending in h² + k² + l²."""
    axis = torch.arange(math.isqrt(CUBIC_NORM) + 1)
    hkl = torch.cartesian_prod(axis, axis, axis)
    norm = (hkl**2).sum(dim=1)
    keep = (hkl[:, 0] >= hkl[:, 1]) & (hkl[:, 1] >= hkl[:, 2]) & (norm > 0) & (norm <= CUBIC_NORM)
    return hkl[keep][norm[keep].argsort(stable=True)]


@lru_cache(maxsize=3)
def _rings(lattice: str) -> tuple[Tensor, Tensor]:
    """Indices hk (m, 2) of rings around the axis, ascending in their norm, and the norms (m,)."""
    axis = torch.arange(MAX_RING + 1)
    hk = torch.cartesian_prod(axis, axis)
    norm = (hk**2).sum(dim=1) + (hk.prod(dim=1) if lattice[0] == "h" else 0)
    keep = norm <= MAX_RING**2
    if lattice != "hR":
        keep &= hk[:, 0] >= hk[:, 1]
    order = norm[keep].argsort(stable=True)
    return hk[keep][order], norm[keep][order].double()


def _uniaxial_grid(lattice: BravaisLattice, metrics: Tensor, q_max: Tensor) -> tuple[Tensor, Tensor]:
    """Grid of rings around the axis times layers."""
    family = "hR" if lattice is _B.HR else lattice.value[0]
    hk, norm = (x.to(metrics.device) for x in _rings(family))
    limit = torch.minimum(q_max, MAX_RING**2 * metrics[:, 0])
    while True:
        layers = torch.floor(torch.sqrt(limit / metrics[:, 2]) + 1e-9).long() + 1
        rings = torch.searchsorted(norm, limit / metrics[:, 0] * (1.0 + 1e-12), right=True)
        large = rings * layers > GRID
        if not bool(large.any()):
            break
        limit = torch.where(large, SHRINK * limit, limit)
    place = torch.arange(int((rings * layers).max()), device=metrics.device)
    ring = torch.div(place, layers[:, None], rounding_mode="floor").clamp(max=len(hk) - 1)
    layer = place % layers[:, None]
    return torch.cat((hk[ring], layer[:, :, None]), dim=2), limit


def _box_grid(system: str, metrics: Tensor, q_max: Tensor) -> tuple[Tensor, Tensor]:
    """Grid of a box in h, k, l: an octant, a quarter or a half, as the symmetry has it."""
    columns = metrics.unbind(dim=1)
    # Squares of the direct edges: no index is larger than edge times √Q.
    squares = torch.stack(minors(*columns), dim=1) / determinant(*columns)[:, None]
    limit = q_max.clone()
    signed = {"o": (0, 0, 0), "m": (0, 0, 1), "a": (0, 1, 1)}[system]
    both = torch.tensor(signed, device=metrics.device)
    while True:
        largest = torch.floor(torch.sqrt(limit[:, None] * squares) + 1e-9).long()
        sizes = largest + 1 + both * largest
        large = sizes.prod(dim=1) > GRID
        if not bool(large.any()):
            break
        limit = torch.where(large, SHRINK * limit, limit)
    place = torch.arange(int(sizes.prod(dim=1).max()), device=metrics.device)
    n_k, n_l = sizes[:, 1:2], sizes[:, 2:3]
    h = torch.div(place, n_k * n_l, rounding_mode="floor")
    k = torch.div(place, n_l, rounding_mode="floor") % n_k - both[1] * largest[:, 1:2]
    l = place % n_l - both[2] * largest[:, 2:3]
    return torch.stack((h.expand_as(l), k.expand_as(l), l), dim=2), limit


def _unique(lattice: BravaisLattice, hkl: Tensor) -> Tensor:
    """Which indices of the grid stand for their equivalents."""
    h, k, l = hkl.unbind(dim=2)
    system = lattice.value[0]
    if system == "m":
        return (h > 0) | (l >= 0)
    if system == "a":
        return (h > 0) | (k > 0) | ((k == 0) & (l > 0))
    if lattice is _B.HR:
        return (l > 0) | (h >= k)
    return torch.ones_like(h, dtype=torch.bool)


def _allowed(lattice: BravaisLattice, hkl: Tensor) -> Tensor:
    """Which indices the centring allows."""
    h, k, l = hkl.unbind(dim=2)
    match lattice.centring:
        case "I":
            return (h + k + l) % 2 == 0
        case "F":
            return ((h + k) % 2 == 0) & ((k + l) % 2 == 0)
        case "C":
            return (h + k) % 2 == 0
        case "R":
            return (-h + k + l) % 3 == 0
    return torch.ones_like(h, dtype=torch.bool)


def _absent(hkl: Tensor, tests: Tensor) -> Tensor:
    """Which indices (n, k, 3) one of the tests (n, t, 12) forbids, shape (n, k)."""
    # small whole numbers are exact in float32, and matrix products are fast
    forms = tests.reshape(len(tests), -1, 3).float().mT
    u, v, t, s = (hkl.float() @ forms).reshape(*hkl.shape[:2], -1, 4).unbind(dim=3)
    return ((u == 0) & (v == 0) & (t % PERIOD != 0) & (s % PERIOD != 0)).any(dim=2)


def _multiplicity(lattice: BravaisLattice, hkl: Tensor) -> Tensor:
    """Number of equivalents (n, k) of indices (n, k, 3) under the holohedry of a lattice."""
    h, k, l = hkl.unbind(dim=2)
    layer = 1 + (l != 0).long()
    signs = layer * (1 + (h != 0).long()) * (1 + (k != 0).long())
    axis = (h == 0) & (k == 0)
    hexagonal = layer * torch.where(axis, 1, torch.where((k == 0) | (h == 0) | (h == k), 6, 12))
    match "hR" if lattice is _B.HR else lattice.value[0]:
        case "c":
            return signs * torch.where((h == k) & (k == l), 1, torch.where((h == k) | (k == l), 3, 6))
        case "t":
            return layer * torch.where(axis, 1, torch.where((k == 0) | (h == k), 4, 8))
        case "h":
            return hexagonal
        case "hR":
            return torch.where((h != k) & (l != 0), torch.where((h == 0) | (k == 0), 6, 12), hexagonal)
        case "o":
            return signs
        case "m":
            return torch.where((k == 0) | ((h == 0) & (l == 0)), 2, 4)
    return torch.full_like(h, 2)
