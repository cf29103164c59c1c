"""All reflections of many lattices at once: what :func:`hybrid_index.refine.hkl.fill_reflections` does for one.

The same exact ranges of the indices, level by level: first all h of all lattices, then all rows (h, k), then all l.
What a centring forbids is left out as l goes in steps, so a row knows its reflections before any is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.batched.ragged import expanded

_CENTRINGS = {"P": (1, 0, 0, False), "C": (1, 0, 0, True), "I": (2, 1, 1, False), "F": (2, 0, 1, True)}
_CENTRINGS["R"] = (3, 1, -1, False)
"""Step of l, and what h and k are multiplied with to say where it starts; whether h + k must be even."""
_RULES = [_CENTRINGS[lattice.value[1]] for lattice in BRAVAIS_LATTICES]
_CODE = {lattice.value: lattice.code for lattice in BRAVAIS_LATTICES}
_ROWS_PER_REFLECTION = 4
"""A lattice has hardly more rows than reflections but for the rows that its centring empties."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of reflections hk· of n lattices, lattice by lattice.

    ``lattice`` (m,) the lattice of each; ``h``, ``k`` (m,) float64; ``first``, ``step``, ``count`` (m,) the lowest l,
    its steps and their number; ``rest``, ``slope``, ``curve`` (m,) make Q = rest + l (slope + l · curve);
    ``n_reflections`` (n,) of each lattice, −1 for what is no lattice or has too many (no rows then).
    """

    lattice: Tensor
    h: Tensor
    k: Tensor
    first: Tensor
    step: Tensor
    count: Tensor
    rest: Tensor
    slope: Tensor
    curve: Tensor
    n_reflections: Tensor

    def of(self, wanted: Tensor) -> Rows:
        """The rows of some lattices, by a mask (n,); lattices keep their numbers."""
        kept = wanted[self.lattice]
        names = (field.name for field in fields(self) if field.name != "n_reflections")
        return replace(self, **{name: getattr(self, name)[kept] for name in names})


def rows_of(metric: Tensor, code: Tensor, q_max: Tensor, most: int) -> Rows:
    """Rows of all unique reflections with 0 < Q ≤ *q_max*, of lattices that have at most *most*.

    Parameters
    ----------
    metric, code, q_max
        (n, 6) float64 reciprocal metrics, (n,) codes of Bravais lattices, (n,) limits; Å⁻².
    """
    device = metric.device
    a, b, c, d, e, f = metric.unbind(1)
    a1, b1, f1 = a - e * e / (4.0 * c), b - d * d / (4.0 * c), f - d * e / (2.0 * c)
    a2 = a1 - f1 * f1 / (4.0 * b1)
    limit = q_max * (1.0 + 1e-12)
    n_h = (limit / a2).sqrt().floor() + 1.0
    # not one comparison holds for NaN; of reflections h00 no centring leaves fewer than a third
    good = (a > 0.0) & (b > 0.0) & (c > 0.0) & (b1 > 0.0) & (a2 > 1e-9 * a) & (n_h <= 3 * most + 3)
    triclinic, monoclinic = code == _CODE["aP"], (code == _CODE["mP"]) | (code == _CODE["mC"])

    owner, h = expanded(torch.where(good, n_h, 0.0).long())
    h = h.double()
    half = (f1 / (2.0 * b1))[owner] * h
    root = (half * half - (a1[owner] * h * h - limit[owner]) / b1[owner]).sqrt()
    low, high = (-half - root).ceil(), (root - half).floor()
    low = torch.where(triclinic[owner] & (h > 0.0), low, low.clamp(min=0.0))
    high = torch.where((code < _CODE["oP"])[owner], torch.minimum(high, h), high)
    n_k = (high - low + 1.0).nan_to_num(0.0).clamp(min=0.0).long()
    n_rows = torch.zeros_like(code).index_add_(0, owner, n_k)
    good &= n_rows <= _ROWS_PER_REFLECTION * most
    of_h, place = expanded(n_k * good[owner])
    h, k, owner = h[of_h], low[of_h] + place, owner[of_h]

    curve = c[owner]
    rest, slope = a[owner] * h * h + b[owner] * k * k + f[owner] * h * k, d[owner] * k + e[owner] * h
    mid = slope / (2.0 * curve)
    root = (mid * mid - (rest - limit[owner]) / curve).sqrt()
    low, high = (-mid - root).ceil(), (root - mid).floor()
    both_signs = triclinic[owner] | (monoclinic[owner] & (h > 0.0))
    low = torch.where(both_signs & ((h > 0.0) | (k > 0.0)), low, low.clamp(min=0.0))
    low = torch.where((h == 0.0) & (k == 0.0), low.clamp(min=1.0), low)
    high = torch.where((code < _CODE["tP"])[owner], torch.minimum(high, k), high)
    step, of_h, of_k, even = torch.tensor(_RULES, dtype=torch.float64, device=device)[code].unbind(1)
    # -h + k + l = 3n holds for hkl or khl, which in a rhombohedral lattice are not equivalent but have one Q
    every, second = expanded(1 + ((code[owner] == _CODE["hR"]) & (h != k)).long())
    turned = second > 0
    owner, h, k = owner[every], torch.where(turned, k[every], h[every]), torch.where(turned, h[every], k[every])
    low, high = torch.maximum(low[every], torch.where(turned, 1.0, -math.inf)), high[every]
    step = step[owner]
    first = low + torch.remainder(of_h[owner] * h + of_k[owner] * k - low, step)
    count = ((high - first) / step + 1.0).floor().nan_to_num(0.0).clamp(min=0.0)
    count = torch.where((even[owner] > 0.0) & (torch.remainder(h + k, 2.0) > 0.0), 0.0, count).long()

    n = torch.zeros_like(code).index_add_(0, owner, count)
    good &= n <= most
    kept = ((count > 0) & good[owner]).nonzero()[:, 0]
    every = every[kept]
    return Rows(
        owner[kept], h[kept], k[kept], first[kept], step[kept], count[kept], rest[every], slope[every], curve[every],
        torch.where(good, n, -1),
    )  # fmt: skip


def positions(rows: Rows) -> tuple[Tensor, Tensor, Tensor]:
    """The reflections of rows: each one's row, its l (float64), and its Q in Å⁻²."""
    row, place = expanded(rows.count)
    l = rows.first[row] + rows.step[row] * place
    return row, l, rows.rest[row] + l * (rows.slope[row] + l * rows.curve[row])
