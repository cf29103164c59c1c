"""Random conventional cells as tensors: what ``simulate.random_lattices`` does, for a whole batch at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hybrid_index.lattice import BravaisLattice

if TYPE_CHECKING:
    from hybrid_index.simulate.line_list_tables import LineListTables

MAX_DRAWS = 12
"""Draws of cells within the limits; what is outside still is clamped to the last volume and an ordinary shape."""
REDUCTION_STEPS = 10
"""Steps that bring the skewest cells that can be drawn to their shortest vectors."""

_B = BravaisLattice


def random_grams(codes: Tensor, tables: LineListTables, generator: torch.Generator) -> Tensor:
    """Direct Gram matrices (n, 3, 3) float64, Å², of random conventional cells of lattices *codes* (n,)."""
    grams = _one_draw(codes, tables, generator)
    good = _within(codes, grams, tables)
    for _ in range(MAX_DRAWS):
        if bool(good.all()):
            return grams
        again = torch.nonzero(~good)[:, 0]
        grams[again] = _one_draw(codes[again], tables, generator)
        good[again] = _within(codes[again], grams[again], tables)
    ordinary = torch.tensor([6.0, 0.1, 0.1, 98.0, 101.0, 104.0], device=codes.device, dtype=torch.float64)
    left = torch.nonzero(~good)[:, 0]
    grams[left] = _standardised(codes[left], _grams_of(codes[left], ordinary.expand(len(left), 6))[0])
    return grams


def metrics_of(grams: Tensor) -> Tensor:
    """Reciprocal metrics (n, 6) of direct Gram matrices (n, 3, 3)."""
    g = torch.linalg.inv(grams)
    columns = (g[:, 0, 0], g[:, 1, 1], g[:, 2, 2], 2.0 * g[:, 1, 2], 2.0 * g[:, 0, 2], 2.0 * g[:, 0, 1])
    return torch.stack(columns, dim=1)


def _one_draw(codes: Tensor, tables: LineListTables, generator: torch.Generator) -> Tensor:
    """One draw of each cell; a cube of 1 Å, which is never within the limits, where the coordinates make none."""
    n, device = len(codes), codes.device
    broad = torch.rand(n, generator=generator, device=device) < tables.arrays.shares[0]
    x = torch.where(broad[:, None], _broad(codes, tables, generator), _real(codes, tables, generator))
    grams, possible = _grams_of(codes, x)
    low, high = _volume_limits(codes, tables)
    possible &= (x[:, 0] >= low) & (x[:, 0] <= high)
    safe = torch.where(possible[:, None, None], grams, torch.eye(3, device=device, dtype=torch.float64))
    return _standardised(codes, safe)


def _real(codes: Tensor, tables: LineListTables, generator: torch.Generator) -> Tensor:
    """Coordinates (n, 6) from the Gaussian copula of real cells."""
    device = codes.device
    quantiles = torch.tensor(tables.arrays.quantiles, device=device)[codes]
    cholesky = torch.tensor(tables.arrays.cholesky, device=device)[codes]
    z = torch.randn((len(codes), 6, 1), generator=generator, device=device, dtype=torch.float64)
    at: Tensor = torch.special.ndtr((cholesky @ z)[:, :, 0]) * (quantiles.shape[2] - 1)
    k = at.long().clamp(max=quantiles.shape[2] - 2)[:, :, None]
    low, high = quantiles.gather(2, k)[:, :, 0], quantiles.gather(2, k + 1)[:, :, 0]
    return low + (at - k[:, :, 0]) * (high - low)


def _broad(codes: Tensor, tables: LineListTables, generator: torch.Generator) -> Tensor:
    """Coordinates (n, 6) drawn evenly from the broad range."""
    n, device = len(codes), codes.device
    u = torch.rand((n, 6), generator=generator, device=device, dtype=torch.float64)
    ratio, angle = tables.broad_log_ratio, tables.broad_angle_deg
    ends = torch.tensor([(0.0, 1.0), (-ratio, ratio), (-ratio, ratio), angle, angle, angle], device=device).double()
    x = ends[:, 0] + u * (ends[:, 1] - ends[:, 0])
    low, high = _volume_limits(codes, tables)
    x[:, 0] = low + u[:, 0] * (high - low)
    beta = tables.broad_beta_deg[0] + u[:, 3] * (tables.broad_beta_deg[1] - tables.broad_beta_deg[0])
    x[:, 3] = torch.where(_among(codes, _B.MP, _B.MC), beta, x[:, 3])
    return x


def _volume_limits(codes: Tensor, tables: LineListTables) -> tuple[float, Tensor]:
    """Logarithms of the smallest conventional volume, and of the largest for each lattice (n,)."""
    smallest, largest_primitive = tables.volume_limits_angstrom3
    points = torch.tensor([lattice.lattice_points for lattice in _B], device=codes.device, dtype=torch.float64)
    return math.log(smallest), torch.log(largest_primitive * points)[codes]


def _grams_of(codes: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Gram matrices (n, 3, 3) of coordinates (n, 6), and whether there is such a cell (n,)."""
    cubic = codes < _B.TP.code
    uniaxial = ~cubic & (codes < _B.OP.code)
    hexagonal = _among(codes, _B.HP, _B.HR)
    monoclinic = _among(codes, _B.MP, _B.MC)
    triclinic = codes == _B.AP.code
    one, zero = torch.ones_like(x[:, 0]), torch.zeros_like(x[:, 0])
    b = torch.where(cubic | uniaxial, one, torch.exp(x[:, 1]))
    c = torch.where(cubic, one, torch.exp(torch.where(uniaxial, x[:, 1], x[:, 2])))
    c = torch.where(cubic | uniaxial | monoclinic, c, c * b)
    cosines = torch.cos(torch.deg2rad(x[:, 3:6]))
    cos_alpha = torch.where(triclinic, cosines[:, 0], zero)
    cos_beta = torch.where(triclinic, cosines[:, 1], torch.where(monoclinic, cosines[:, 0], zero))
    cos_gamma = torch.where(triclinic, cosines[:, 2], torch.where(hexagonal, -0.5 * one, zero))
    square = 1.0 + 2.0 * cos_alpha * cos_beta * cos_gamma - cos_alpha**2 - cos_beta**2 - cos_gamma**2
    possible = square >= 0.05
    a = (torch.exp(x[:, 0]) / (b * c * torch.sqrt(square.clamp(min=0.05)))) ** (1.0 / 3.0)
    b, c = a * b, a * c
    ab, ac, bc = a * b * cos_gamma, a * c * cos_beta, b * c * cos_alpha
    rows = (torch.stack(row, dim=1) for row in ((a * a, ab, ac), (ab, b * b, bc), (ac, bc, c * c)))
    return torch.stack(tuple(rows), dim=1), possible


def _standardised(codes: Tensor, grams: Tensor) -> Tensor:
    """Gram matrices in the conventional setting of each lattice."""
    out = grams.clone()
    rows = torch.nonzero(_among(codes, _B.OP, _B.OI, _B.OF, _B.OC))[:, 0]
    squares = torch.diagonal(grams[rows], dim1=1, dim2=2).clone()
    face_centred = (codes[rows] == _B.OC.code)[:, None]
    squares = torch.where(
        face_centred, torch.cat((squares[:, :2].sort(dim=1)[0], squares[:, 2:]), dim=1), squares.sort(dim=1)[0]
    )
    out[rows] = torch.diag_embed(squares)
    rows = torch.nonzero(_among(codes, _B.MP, _B.MC))[:, 0]
    out[rows] = _shortest_in_plane(grams[rows], codes[rows] == _B.MC.code)
    rows = torch.nonzero(codes == _B.AP.code)[:, 0]
    out[rows] = _niggli(grams[rows])
    return out


def _shortest_in_plane(grams: Tensor, centred: Tensor) -> Tensor:
    """Monoclinic cells (n, 3, 3) with the shortest a and c that the centring allows, β ≥ 90°."""
    uu, vv, uv = grams[:, 0, 0], grams[:, 2, 2], grams[:, 0, 2]
    u, v = torch.ones_like(centred, dtype=torch.long), torch.full_like(centred, 2, dtype=torch.long)
    for _ in range(REDUCTION_STEPS):
        swap = uu > vv
        uu, vv = torch.where(swap, vv, uu), torch.where(swap, uu, vv)
        u, v = torch.where(swap, v, u), torch.where(swap, u, v)
        steps = torch.floor(uv / uu + 0.5)
        vv, uv = vv + steps * (steps * uu - 2.0 * uv), uv - steps * uu
        v = torch.where(steps.long() % 2 != 0, v ^ u, v)
    swap = uu > vv
    uu, vv = torch.where(swap, vv, uu), torch.where(swap, uu, vv)
    u, v = torch.where(swap, v, u), torch.where(swap, u, v)
    uv = -uv.abs()
    # a of odd first and even second index: the shortest vector, the next one, or their shorter sum
    second, third = centred & (v == 1), centred & (u != 1) & (v != 1)
    aa = torch.where(third, uu + vv + 2.0 * uv, torch.where(second, vv, uu))
    cc = torch.where(third | second, uu, vv)
    ac = torch.where(third, -(uu + uv).abs(), uv)
    out = torch.zeros_like(grams)
    out[:, 0, 0], out[:, 1, 1], out[:, 2, 2] = aa, grams[:, 1, 1], cc
    out[:, 0, 2] = out[:, 2, 0] = ac
    return out


def _niggli(grams: Tensor) -> Tensor:
    """Niggli's form (n, 3, 3) of lattices without equalities: the three shortest vectors, all angles acute or none."""
    basis = torch.linalg.cholesky(grams)
    signs = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1], [0, 0]], device=grams.device, dtype=torch.float64)
    for _ in range(REDUCTION_STEPS):
        basis = basis.gather(1, (basis**2).sum(dim=2).argsort(dim=1)[:, :, None].expand(-1, -1, 3))
        a, b, c = basis.unbind(dim=1)
        b = b - torch.round(_dot(a, b) / _dot(a, a))[:, None] * a
        c = c - torch.round(_dot(a, c) / _dot(a, a))[:, None] * a
        c = c - torch.round(_dot(b, c) / _dot(b, b))[:, None] * b
        # the body diagonals are all that pairs of vectors cannot shorten
        diagonals = c[:, None] + signs[:, :1] * a[:, None] + signs[:, 1:] * b[:, None]
        shortest = (diagonals**2).sum(dim=2).argmin(dim=1)
        c = diagonals[torch.arange(len(c), device=c.device), shortest]
        basis = torch.stack((a, b, c), dim=1)
    basis = basis.gather(1, (basis**2).sum(dim=2).argsort(dim=1)[:, :, None].expand(-1, -1, 3))
    reduced = basis @ basis.mT
    acute = reduced[:, 1, 2] * reduced[:, 0, 2] * reduced[:, 0, 1] > 0.0
    diagonal = torch.diag_embed(torch.diagonal(reduced, dim1=1, dim2=2))
    products = (reduced - diagonal).abs()
    return diagonal + torch.where(acute[:, None, None], products, -products)


def _within(codes: Tensor, grams: Tensor, tables: LineListTables) -> Tensor:
    """Whether cells (n, 3, 3) keep the limits of volume, longest edge and shortest vector."""
    a, b, c = torch.diagonal(grams, dim1=1, dim2=2).unbind(dim=1)
    edge = torch.minimum(torch.minimum(a, b), c)
    body, face_ab = 0.25 * (a + b + c), 0.25 * (a + b)
    faces = torch.minimum(torch.minimum(face_ab, 0.25 * (a + c)), 0.25 * (b + c))
    inner = torch.where(_among(codes, _B.CI, _B.TI, _B.OI), body, edge)
    inner = torch.where(_among(codes, _B.CF, _B.OF), faces, inner)
    inner = torch.where(_among(codes, _B.OC, _B.MC), face_ab, inner)
    inner = torch.where(codes == _B.HR.code, a / 3.0 + c / 9.0, inner)
    longest = torch.maximum(torch.maximum(a, b), c)
    return (torch.minimum(edge, inner) >= tables.shortest_angstrom**2) & (longest <= tables.longest_angstrom**2)


def _among(codes: Tensor, *lattices: BravaisLattice) -> Tensor:
    return torch.isin(codes, torch.tensor([lattice.code for lattice in lattices], device=codes.device))


def _dot(u: Tensor, v: Tensor) -> Tensor:
    return (u * v).sum(dim=1)
