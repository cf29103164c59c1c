"""Preferred orientation: crystallites that lie flat or upright make some lines stronger than others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.errors import InputError
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Texture:
    """Fibre texture of March and Dollase (1986), doi:10.1107/S0021889886089458, in reflection geometry.

    A reflection at the angle α to the plane that crystallites prefer to lie on is (r² cos²α + sin²α/r)^(−3/2) times as
    strong as in a powder without texture; over all directions the factor averages to 1.

    Parameters
    ----------
    hkl
        The plane.
    r
        Below 1 for plates, which lie flat on the plane; above 1 for needles, which stand upright on it.
    """

    hkl: tuple[int, int, int] = (0, 0, 1)
    r: float = 1.0

    def __post_init__(self) -> None:
        if not any(self.hkl):
            raise InputError("no plane has the indices 0 0 0; give one such as 0 0 1", source="texture")
        if not 0.0 < self.r < np.inf:
            raise InputError(f"March–Dollase's r is {self.r!r}; give a positive number, 1 for none", source="texture")


@kernel
def march_dollase(hkl: IntArray, plane: IntArray, r: float, rotations: IntArray, metric: FloatArray) -> float:
    """Factor of March and Dollase, averaged over the reflections equivalent to *hkl* (3,) under *rotations* (m, 3, 3).

    Parameters
    ----------
    plane
        Shape (3,), indices of the preferred plane.
    metric
        Reciprocal metric (A..F), Å⁻².
    """
    normal = _product(plane, plane, metric) * _product(hkl, hkl, metric)
    mean = 0.0
    turned = np.empty(3, dtype=np.int64)
    for rotation in rotations:
        for i in range(3):
            turned[i] = hkl[0] * rotation[0, i] + hkl[1] * rotation[1, i] + hkl[2] * rotation[2, i]
        cos2 = _product(turned, plane, metric) ** 2 / normal
        mean += (r * r * cos2 + (1.0 - cos2) / r) ** -1.5 / rotations.shape[0]
    return mean


@kernel
def _product(u: IntArray, v: IntArray, metric: FloatArray) -> float:
    """Scalar product of two reciprocal vectors, Å⁻²."""
    a, b, c, d, e, f = metric
    squares = a * u[0] * v[0] + b * u[1] * v[1] + c * u[2] * v[2]
    mixed = d * (u[1] * v[2] + u[2] * v[1]) + e * (u[0] * v[2] + u[2] * v[0]) + f * (u[0] * v[1] + u[1] * v[0])
    return float(squares + 0.5 * mixed)
