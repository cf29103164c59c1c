"""Evidence of many lattices at once: :func:`hybrid_index.merit.evidence_bits` where classes are not weighed apart."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from hybrid_index.neural.batched.lists import Lines

_GAUSS = 1.0 / math.sqrt(2.0 * math.pi)
_FARTHEST = 5.0
"""Uncertainties beyond which a reflection has no part in a line."""


def evidence_bits(
    q_line: Tensor, gap: Tensor, lattice: Tensor, q: Tensor, below: Tensor, n_free: Tensor, lines: Lines
) -> Tensor:
    """Log-likelihood ratios (m,), in bits, of lines coming from their lattices against coming from anywhere.

    Parameters
    ----------
    q_line, gap
        (m, L): lines corrected for shifts, and how far each is from the nearest reflection.
    lattice, q, below
        (r,): the reflections of all lattices, whose each is, where, and how many lines of its lattice are below it.
    n_free
        (m,): free parameters that were fitted.
    lines
        The lines (m, L) of each lattice.
    """
    z = gap / lines.q_esd
    used = lines.listed & (z.abs() < 3.0)
    scale = ((z**2).masked_fill(~used, 0.0).sum(1) + 2.0) / ((used.sum(1) - n_free).clamp(min=0) + 4.0)
    sigma = scale.sqrt().clamp(0.25, 1.6)[:, None] * lines.q_esd
    q_last = (q_line + 3.0 * lines.q_esd).gather(1, lines.last)[:, 0]
    exponent = _density_exponent(lattice, q, q_last)[:, None]
    inside = (q <= q_last[lattice]).nonzero()[:, 0]
    total = torch.zeros_like(q_last).index_add_(0, lattice[inside], torch.ones_like(q[inside]))
    density = exponent / q_last[:, None] * (q_line / q_last[:, None]) ** (exponent - 1.0)
    shares = _gaussians(q_line, sigma, lattice[inside], q[inside], below[inside]) * _GAUSS / density
    ratio = shares / total.clamp(min=1.0)[:, None]
    bits = ((1.0 - lines.foreign) * ratio + lines.foreign).log2()
    return bits.masked_fill(~lines.listed, 0.0).sum(1)


def _density_exponent(lattice: Tensor, q: Tensor, q_last: Tensor) -> Tensor:
    """As :func:`hybrid_index.merit.density_exponent`, for each lattice (m,)."""
    logs = (q_last[lattice] / q).log()
    below = (logs > 0.0).double()
    total = torch.zeros_like(q_last).index_add_(0, lattice, logs * below)
    n = torch.zeros_like(q_last).index_add_(0, lattice, below)
    return torch.where((n < 5.0) | (total <= 0.0), 1.5, (n / total).clamp(0.8, 1.6))


def _gaussians(q_line: Tensor, sigma: Tensor, lattice: Tensor, q: Tensor, below: Tensor) -> Tensor:
    """Sums (m, L) over reflections of Gaussian densities, without 1/√2π, where each line is."""
    sums = torch.zeros_like(sigma)
    width = sigma.shape[1]
    for step, start in ((1, below), (-1, below - 1)):
        place, whose, value = start, lattice, q
        while len(place):  # outwards, until the next line is too far
            here = (place >= 0) & (place < width)
            place, whose, value = place[here], whose[here], value[here]
            line = whose * width + place
            z = (q_line.flatten()[line] - value) / sigma.flatten()[line]
            near = z.abs() <= _FARTHEST
            line, place, whose, value = line[near], place[near], whose[near], value[near]
            density = (-0.5 * z[near] ** 2).exp() / sigma.flatten()[line]
            sums.view(-1).index_add_(0, line, density)
            place = place + step
    return sums
