"""The shift reader: a small network that tells from the spectrum of supposed shifts which one is true.

It slides along the grid of shifts and sees no cell. What it says holds for shifts that are equally likely everywhere;
whoever asks multiplies by what is known beforehand (:mod:`~hybrid_index.neural.shifts`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.neural.network import Array, Operations
from hybrid_index.neural.shift_spectrum import (
    LIMIT_DEG,
    N_KINDS,
    N_SHIFTS,
    SPECTRUM_LINES,
    shift_spectra,
)  # fmt: skip
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

GRID_DEG: FloatArray = np.linspace(-LIMIT_DEG, LIMIT_DEG, N_SHIFTS)
"""Supposed shifts (N_SHIFTS,) in degrees, in units of :func:`~.shift_spectrum.shift_unit`."""
N_LIST = 5
_BACKGROUND = 15
"""Steps over which votes are averaged to know what chance gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderArchitecture:
    """Sizes of a reader: numbers for each supposed shift, layers, and how many neighbours each side a layer sees."""

    width: int = 48
    depth: int = 3
    reach: int = 3

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for a file of weights."""
        return asdict(self)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of every weight by name, in a fixed order."""
        d, seen = self.width, 2 * self.reach + 1
        linear = {"in": (d, seen * (2 * N_KINDS + 1)), "list": (d, N_LIST), "score": (1, d)}
        for i in range(self.depth):
            linear |= {f"{i}.near": (d, seen * d), f"{i}.all": (d, 2 * d)}
        return {
            f"{name}.{part}": shape[:n] for name, shape in linear.items() for part, n in (("weight", 2), ("bias", 1))
        }

    def initial_weights(self, seed: int) -> dict[str, npt.NDArray[np.float32]]:
        """Random weights to start training from (He et al. 2015, doi:10.1109/ICCV.2015.123)."""
        rng = np.random.default_rng(seed)
        return {
            name: np.zeros(shape, dtype=np.float32)
            if len(shape) == 1
            else rng.normal(0.0, math.sqrt((0.2 if name.startswith("score") else 1.0) / shape[1]), shape).astype(
                np.float32
            )
            for name, shape in self.shapes().items()
        }


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """What the reader sees of n lists, float32: ``votes`` (n, N_SHIFTS, 2 N_KINDS + 1) and ``lists`` (n, N_LIST)."""

    votes: Any
    lists: Any


def spectra_of(
    two_theta_deg: FloatArray, sigma_deg: npt.NDArray[np.floating], wavelength_angstrom: FloatArray, count: IntArray
) -> Spectra:
    """Make what the reader sees; arguments as for :func:`~.shift_spectrum.shift_spectra`."""
    votes = np.log1p(shift_spectra(two_theta_deg, sigma_deg, wavelength_angstrom, count))
    contrast = votes - _moving_average(votes)
    place = np.broadcast_to(np.abs(GRID_DEG)[:, None], (*votes.shape[:2], 1))
    n = np.minimum(count, SPECTRUM_LINES)
    rows = np.arange(len(n))
    lists = [
        n / SPECTRUM_LINES,
        np.log(np.maximum(sigma_deg[rows, n // 2], 1e-4) / 0.01),
        wavelength_angstrom,
        two_theta_deg[:, 0] / 30.0,
        two_theta_deg[rows, n - 1] / 90.0,
    ]
    return Spectra(
        np.concatenate([votes, contrast, place], axis=2).astype(np.float32), np.stack(lists, axis=1).astype(np.float32)
    )


def shift_scores(ops: Operations, w: Mapping[str, Array], size: ReaderArchitecture, x: Any) -> Array:
    """Scores (n, N_SHIFTS) of the supposed shifts, for :class:`Spectra` of arrays of the right kind."""
    h = ops.linear(_neighbours(ops, x.votes, size.reach), w["in.weight"], w["in.bias"])
    h = ops.relu(h + ops.linear(x.lists, w["list.weight"], w["list.bias"])[:, None])
    for i in range(size.depth):
        everywhere = ops.concatenate([h.mean(1), ops.largest(h, 1)], 1)
        near = ops.linear(_neighbours(ops, h, size.reach), w[f"{i}.near.weight"], w[f"{i}.near.bias"])
        h = h + ops.relu(near + ops.linear(everywhere, w[f"{i}.all.weight"], w[f"{i}.all.bias"])[:, None])
    return ops.linear(h, w["score.weight"], w["score.bias"])[..., 0]


def _neighbours(ops: Operations, x: Array, reach: int) -> Array:
    """Each place of *x* (n, places, width) beside its neighbours: (n, places, (2 reach + 1) width)."""
    nothing = ops.zeros_like(x[:, :reach])
    padded = ops.concatenate([nothing, x, nothing], 1)
    return ops.concatenate([padded[:, i : i + x.shape[1]] for i in range(2 * reach + 1)], 2)


def _moving_average(x: FloatArray) -> FloatArray:
    """Mean over the nearest places of axis 1, fewer at the ends."""
    total = np.concatenate([np.zeros_like(x[:, :1]), np.cumsum(x, axis=1)], axis=1)
    places = np.arange(x.shape[1])
    low, high = np.maximum(places - _BACKGROUND // 2, 0), np.minimum(places + _BACKGROUND // 2 + 1, x.shape[1])
    return np.asarray((total[:, high] - total[:, low]) / (high - low)[:, None])
