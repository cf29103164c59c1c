"""Whether an atom and its images find room in a cell: kernels."""

from __future__ import annotations

import math

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

SAME_POINT_ANGSTROM2 = 1e-4
"""Images nearer than the root of this are one atom on a special position."""


@kernel
def nearest_square(x: float, y: float, z: float, gram: FloatArray) -> float:
    """Squared length (Å²) of the shortest vector that a fractional difference stands for, lattice vectors added."""
    x, y, z = x - math.floor(x + 0.5), y - math.floor(y + 0.5), z - math.floor(z + 0.5)
    best = math.inf
    for i in range(-1, 2):
        for j in range(-1, 2):
            for k in range(-1, 2):
                u, v, w = x + i, y + j, z + k
                square = (
                    gram[0, 0] * u * u
                    + gram[1, 1] * v * v
                    + gram[2, 2] * w * w
                    + 2.0 * (gram[1, 2] * v * w + gram[0, 2] * u * w + gram[0, 1] * u * v)
                )
                best = min(best, square)
    return best


@kernel
def place_site(
    point: FloatArray,
    radius: float,
    rotations: IntArray,
    translations: FloatArray,
    gram: FloatArray,
    xyz: FloatArray,
    radii: FloatArray,
    n: int,
) -> int:
    """Put an atom and its images behind the first *n* atoms of *xyz* (capacity, 3), if none of them comes too near.

    Atoms keep the sum of their radii apart. As the images are equivalent, one of them stands for all.

    Returns
    -------
    int
        The new number of atoms; *n* where there is no room.
    """
    x, y, z = point[0], point[1], point[2]
    for i in range(n):
        reach = radius + radii[i]
        if nearest_square(x - xyz[i, 0], y - xyz[i, 1], z - xyz[i, 2], gram) < reach * reach:
            return n
    m = n
    for j in range(rotations.shape[0]):
        r, t = rotations[j], translations[j]
        u = r[0, 0] * x + r[0, 1] * y + r[0, 2] * z + t[0]
        v = r[1, 0] * x + r[1, 1] * y + r[1, 2] * z + t[1]
        w = r[2, 0] * x + r[2, 1] * y + r[2, 2] * z + t[2]
        square = nearest_square(u - x, v - y, w - z, gram)
        if SAME_POINT_ANGSTROM2 < square < 4.0 * radius * radius:
            return n
        new = True
        for i in range(n, m):
            if nearest_square(u - xyz[i, 0], v - xyz[i, 1], w - xyz[i, 2], gram) <= SAME_POINT_ANGSTROM2:
                new = False
                break
        if new:
            if m == xyz.shape[0]:
                return n
            xyz[m, 0], xyz[m, 1], xyz[m, 2] = u - math.floor(u), v - math.floor(v), w - math.floor(w)
            radii[m] = radius
            m += 1
    return m


@kernel
def shortest_contact(xyz: FloatArray, radii: FloatArray, gram: FloatArray) -> float:
    """Smallest distance between two of the atoms (n, 3), as a share of the sum of their radii."""
    best = math.inf
    for i in range(xyz.shape[0]):
        for j in range(i):
            square = nearest_square(xyz[i, 0] - xyz[j, 0], xyz[i, 1] - xyz[j, 1], xyz[i, 2] - xyz[j, 2], gram)
            best = min(best, math.sqrt(square) / (radii[i] + radii[j]))
    return best


def room_for(n_atoms: int, n_operations: int) -> tuple[FloatArray, FloatArray]:
    """Workspaces for coordinates (m, 3) and radii (m,) of about *n_atoms* atoms, and one orbit more."""
    capacity = n_atoms + n_operations
    return np.empty((capacity, 3), dtype=np.float64), np.empty(capacity, dtype=np.float64)
