"""Space groups as arrays: operations, the lattice they belong to, and their Wyckoff positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.errors import InputError
from hybrid_index.refine.extinction.space_groups import PERIOD, operations
from hybrid_index.types import IntArray

GRID = PERIOD
"""Points of the search grid along each edge; every fixed point of a standard setting has coordinates in 24ths."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WyckoffPositions:
    """The Wyckoff positions of a space group, the general one last.

    A point of position i is ``origin[i] / 24 + projection[i] @ x`` for any x (3,).

    Parameters
    ----------
    order
        Shape (n,), order of the site-symmetry group: 1 for the general position.
    origin
        Shape (n, 3), in 24ths.
    projection
        Shape (n, 3, 3), float64: projects fractional coordinates on what the site symmetry leaves free.
    freedom
        Shape (n,), free coordinates: 0 to 3.
    """

    order: IntArray
    origin: IntArray
    projection: npt.NDArray[np.float64]
    freedom: IntArray

    def __len__(self) -> int:
        return int(self.order.size)


@lru_cache(maxsize=256)
def standard_group(number: int) -> gemmi.SpaceGroup:
    """Space group 1 to 230 in its standard setting: b unique, hexagonal axes, the first origin.

    Raises
    ------
    InputError
        For another number.
    """
    group = gemmi.find_spacegroup_by_number(number) if 1 <= number <= 230 else None
    if group is None:
        raise InputError(f"space group {number} does not exist; give a number from 1 to 230", source="space_group")
    return group


@lru_cache(maxsize=256)
def wyckoff_positions(number: int) -> WyckoffPositions:
    """Wyckoff positions of a space group in its standard setting.

    Every point of a grid of 24ths is put into its orbit. What the operations that leave a point where it is have in
    common as fixed space is the position; orbits that meet the same fixed space belong to the same position.

    Raises
    ------
    InputError
        If there is no such space group.

    Examples
    --------
    >>> wyckoff_positions(14).order.tolist()  # 2 d, c, b, a and 4 e of P 1 21/c 1
    [2, 2, 2, 2, 1]
    """
    rotations, translations = operations(standard_group(number))
    label, first, sums = _orbits(rotations, translations)
    order = sums[:, 3, 3]
    freedom = np.rint(np.trace(sums[:, :3, :3], axis1=1, axis2=2) / order).astype(np.int64)
    # the least symmetric ones first, so that the walk on a fixed space meets what lies on it only once
    family = _families(label, first, order, freedom, _directions(sums[:, :3, :3], freedom))
    chosen = np.flatnonzero(family == np.arange(family.size))
    chosen = chosen[np.lexsort((freedom[chosen], -order[chosen]))]
    projection = sums[chosen, :3, :3] / order[chosen, None, None]
    origin = first[chosen]
    return WyckoffPositions(order=order[chosen], origin=origin, projection=projection, freedom=freedom[chosen])


@kernel
def _orbits(rotations: IntArray, translations: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Number of the orbit of each grid point (13824,), a first point of each (n, 3), and sums over its site symmetry.

    The sums (n, 4, 4) hold the sum of the rotations, and in the last corner the order of the site-symmetry group.
    """
    m = rotations.shape[0]
    label = np.full(GRID**3, -1, dtype=np.int64)
    first = np.empty((GRID**3, 3), dtype=np.int64)
    sums = np.zeros((GRID**3, 4, 4), dtype=np.int64)
    n = 0
    for p in range(GRID**3):
        if label[p] >= 0:
            continue
        x, y, z = p // GRID**2, p // GRID % GRID, p % GRID
        first[n, 0], first[n, 1], first[n, 2] = x, y, z
        for j in range(m):
            r, t = rotations[j], translations[j]
            u = (r[0, 0] * x + r[0, 1] * y + r[0, 2] * z + t[0]) % GRID
            v = (r[1, 0] * x + r[1, 1] * y + r[1, 2] * z + t[1]) % GRID
            w = (r[2, 0] * x + r[2, 1] * y + r[2, 2] * z + t[2]) % GRID
            label[(u * GRID + v) * GRID + w] = n
            if u == x and v == y and w == z:
                for a in range(3):
                    for b in range(3):
                        sums[n, a, b] += r[a, b]
                sums[n, 3, 3] += 1
        n += 1
    return label, first[:n].copy(), sums[:n].copy()


def _directions(sums: IntArray, freedom: IntArray) -> IntArray:
    """Two integer vectors (n, 2, 3) along each fixed line or plane; the second is zero for a line."""
    found = np.zeros((len(sums), 2, 3), dtype=np.int64)
    for i in np.flatnonzero((freedom == 1) | (freedom == 2)):
        columns = sums[i].T
        columns = columns[columns.any(axis=1)]
        found[i, 0] = columns[0]
        if freedom[i] == 2:
            found[i, 1] = next(c for c in columns[1:] if np.cross(columns[0], c).any())
    divisor = np.gcd.reduce(found, axis=2, keepdims=True)
    return found // np.maximum(divisor, 1)


@kernel
def _families(label: IntArray, first: IntArray, order: IntArray, freedom: IntArray, directions: IntArray) -> IntArray:
    """For each orbit the number of the first orbit of the same Wyckoff position (n,)."""
    n = order.shape[0]
    family = np.full(n, -1, dtype=np.int64)
    general = -1
    for i in range(n):
        if family[i] >= 0:
            continue
        if freedom[i] == 3:
            general = i if general < 0 else general
            family[i] = general
            continue
        family[i] = i
        d = directions[i]
        for a in range(GRID if freedom[i] >= 1 else 1):
            for b in range(GRID if freedom[i] == 2 else 1):
                x = (first[i, 0] + a * d[0, 0] + b * d[1, 0]) % GRID
                y = (first[i, 1] + a * d[0, 1] + b * d[1, 1]) % GRID
                z = (first[i, 2] + a * d[0, 2] + b * d[1, 2]) % GRID
                j = label[(x * GRID + y) * GRID + z]
                if order[j] == order[i] and freedom[j] == freedom[i]:
                    family[j] = i
    return family
