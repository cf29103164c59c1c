"""2-fold axes of a reduced lattice within a tolerance, and the conventional bases that they span.

Le Page (1982), doi:10.1107/S0021889882011959: every 2-fold axis of a lattice is a direct row [uvw] normal to a
lattice plane (hkl) with |uh + vk + wl| = 1 or 2, all indices small in a reduced basis. Nearly normal pairs are the
2-fold axes within a tolerance. One axis makes a monoclinic lattice, three at right angles an orthorhombic one, two at
60° a rhombohedral or hexagonal one; tetragonal and cubic lattices are orthorhombic ones with equal axes.

Vectors are tuples of three integers in the basis given, a basis is three of them; whether the metric really fits is for
the caller to judge. Plain Python: numpy's overhead would be ten times the work.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product

import numpy as np

from hybrid_index.lattice.cell import BravaisLattice
from hybrid_index.units import FloatArray

Row = tuple[int, int, int]
Basis = tuple[Row, Row, Row]
TypedBasis = tuple[BravaisLattice, Basis]
Axis = tuple[Row, Row]
"""Row [uvw] of a 2-fold axis and plane (hkl) normal to it."""

_B = BravaisLattice
_IDENTITY: Basis = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
_TETRAGONAL = {_B.OP: _B.TP, _B.OI: _B.TI}
_CUBIC = {_B.OP: _B.CP, _B.OI: _B.CI, _B.OF: _B.CF}
_HALF_MARGIN = 1e-9
_NET_STEPS = tuple((m, n) for m, n in product(range(-2, 3), repeat=2) if (m, n) > (0, 0) and math.gcd(m, n) == 1)


@cache
def _pairs() -> tuple[list[Axis], FloatArray, FloatArray, FloatArray]:
    """All pairs that may be a 2-fold axis; what squares their rows and planes (6, m), and (uh + vk + wl)² (m,)."""
    box = range(-2, 3)
    small = [v for v in product(box, box, box) if v > (0, 0, 0) and math.gcd(*v) == 1]
    pairs = [(u, h) for u in small for h in small if abs(np.dot(u, h)) in (1, 2)]
    rows, planes = (np.array(x, dtype=np.float64) for x in zip(*pairs, strict=True))
    return pairs, _quadratic(rows), _quadratic(planes), np.einsum("mi,mi->m", rows, planes) ** 2


def _quadratic(vectors: FloatArray) -> FloatArray:
    """What the elements 11, 22, 33, 23, 13, 12 of a Gram matrix are multiplied by in squares of vectors: (6, m)."""
    x, y, z = vectors.T
    return np.stack([x * x, y * y, z * z, 2.0 * y * z, 2.0 * x * z, 2.0 * x * y])


def twofold_axes(grams: FloatArray, max_obliquity: float) -> list[list[Axis]]:
    """Return the 2-fold axes of each of many reduced Gram matrices (n, 3, 3), up to an obliquity in radians."""
    pairs, rows, planes, along_squared = _pairs()
    elements = (slice(None), [0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1])
    squares = (grams[elements] @ rows) * (np.linalg.inv(grams)[elements] @ planes)
    # tan² = 1/cos² − 1; rounding leaves some 1e-15 times the condition of the matrix
    near = squares <= along_squared * (1.0 + math.tan(max_obliquity) ** 2 + 1e-10)
    return [[pairs[i] for i in np.flatnonzero(one)] for one in near]


def candidates(gram: FloatArray, axes: list[Axis]) -> Iterator[TypedBasis]:
    """Yield every Bravais lattice that 2-fold axes allow, with its conventional basis; aP comes first."""
    square = square_of(gram)
    yield _B.AP, _IDENTITY
    for row, plane in axes:
        yield monoclinic(square, row, plane)
    seen: set[frozenset[Row]] = set()
    for (row1, plane1), (row2, plane2) in combinations(axes, 2):
        # in units of the two scalar products row·plane, one·other is cos² of the angle between the axes, exactly:
        # 0 where the rotations generate 222, 1/4 where they generate 32
        one, other = _dot(plane1, row2), _dot(plane2, row1)
        if one == other == 0:
            third = plane_of(plane1, plane2)
            key = frozenset((_line(row1), _line(row2), _line(third)))
            if key not in seen:
                seen.add(key)
                yield from _rectangular(square, (row1, row2, third))
        elif 4 * one * other == _dot(plane1, row1) * _dot(plane2, row2):
            third = plane_of(plane1, plane2)
            key = frozenset((_line(third),))
            found = _hexagonal((row1, plane1), (row2, plane2), third)
            if found and key not in seen:
                seen.add(key)
                yield found


def monoclinic(square: Callable[[Row], float], row: Row, plane: Row) -> TypedBasis:
    """Return mP or mC with b along *row*: shortest a and c of the net *plane* that the centring allows, β ≥ 90°."""
    first, second = _net(square, plane)
    in_plane = sorted((_sum(first, second, m, n) for m, n in _NET_STEPS), key=square)
    if abs(_dot(row, plane)) == 1:
        lattice, a = _B.MP, in_plane[0]
    else:
        # of the three halves that can be added to b/2 only one gives a lattice point: it makes a
        lattice, a = _B.MC, next(v for v in in_plane if all((x + y) % 2 == 0 for x, y in zip(row, v, strict=True)))
    normal = _line(plane)
    c = next(v for v in in_plane if _line(_cross(a, v)) == normal)
    if square(_sum(a, c, 1, 1)) > square(_sum(a, c, 1, -1)):
        c = _sum(c, c, -1, 0)
    b = row if determinant((a, row, c)) > 0 else _sum(row, row, -1, 0)
    return lattice, (a, b, c)


def orthorhombic(square: Callable[[Row], float], axes: Basis) -> TypedBasis:
    """Return oP, oC, oI or oF on three axes: a ≤ b ≤ c, or face C centred and a ≤ b."""
    a, b, c = sorted(axes, key=square)
    points = abs(determinant((a, b, c)))
    lattice = {1: _B.OP, 2: _B.OC, 4: _B.OF}[points]
    if points == 2:
        faces = ((a, b, c), (a, c, b), (b, c, a))
        centred = [f for f in faces if all((x + y) % 2 == 0 for x, y in zip(f[0], f[1], strict=True))]
        if centred:
            a, b, c = centred[0]
        else:
            lattice = _B.OI
    return lattice, _right_handed(a, b, c)


def determinant(basis: Basis) -> int:
    """Return the determinant of a basis: the number of lattice points in its cell, negative where it is left-handed."""
    return _dot(basis[0], _cross(basis[1], basis[2]))


def _rectangular(square: Callable[[Row], float], axes: Basis) -> Iterator[TypedBasis]:
    """Orthorhombic axes, and what they make where two or three are equally long."""
    lattice, (a, b, c) = orthorhombic(square, axes)
    yield lattice, (a, b, c)
    if lattice in _TETRAGONAL:
        yield from ((_TETRAGONAL[lattice], basis) for basis in ((a, b, c), (b, c, a), (c, a, b)))
    if lattice in _CUBIC:
        yield _CUBIC[lattice], (a, b, c)


def _hexagonal(axis1: Axis, axis2: Axis, c: Row) -> TypedBasis | None:
    """HP or obverse hR on a 2-fold axis a, its image b under the 3-fold rotation, and the 3-fold axis c."""
    a = axis1[0]
    b = _turn(_turn(a, axis2), axis1)
    a, b, c = _right_handed(a, b, c)
    points = determinant((a, b, c))
    if points == 1:
        return _B.HP, (a, b, c)
    if points == 3 and all((2 * x + y + z) % 3 == 0 for x, y, z in zip(a, b, c, strict=True)):
        return _B.HR, (a, b, c)
    if points == 3 and all((x + 2 * y + z) % 3 == 0 for x, y, z in zip(a, b, c, strict=True)):
        return _B.HR, (_sum(a, a, -1, 0), _sum(b, b, -1, 0), c)
    # the other set of 2-fold axes of a hexagonal lattice spans a cell thrice as large
    return None


def _net(square: Callable[[Row], float], plane: Row) -> tuple[Row, Row]:
    """Reduced basis of the net of lattice vectors in a plane (hkl)."""
    h, k, l = plane
    g = math.gcd(h, k)
    if g == 0:
        u, v = _IDENTITY[0], _IDENTITY[1]
    else:
        x, y = _bezout(h, k)
        u, v = (k // g, -h // g, 0), (-l * x, -l * y, g)
    while True:
        if square(v) < square(u):
            u, v = v, u
        ratio = (square(_sum(u, v, 1, 1)) - square(_sum(u, v, 1, -1))) / (4.0 * square(u))
        # a ratio of one half, up to rounding, is reduced either way: stepping on it would go back and forth for ever
        if abs(ratio) <= 0.5 + _HALF_MARGIN:
            return u, v
        v = _sum(v, u, 1, -round(ratio))


def _bezout(h: int, k: int) -> tuple[int, int]:
    """Integers x, y with x·h + y·k = gcd(h, k)."""
    x, y, next_x, next_y = 1, 0, 0, 1
    while k:
        q = h // k
        h, k = k, h - q * k
        x, y, next_x, next_y = next_x, next_y, x - q * next_x, y - q * next_y
    return (x, y) if h > 0 else (-x, -y)


def square_of(gram: FloatArray) -> Callable[[Row], float]:
    """Return the function that squares the length of a row."""
    (aa, ab, ac), (_, bb, bc), (_, _, cc) = gram.tolist()

    def square(v: Row) -> float:
        x, y, z = v
        return float(x * x * aa + y * y * bb + z * z * cc + 2.0 * (x * y * ab + x * z * ac + y * z * bc))

    return square


def plane_of(u: Row, v: Row) -> Row:
    """Return the indices (hkl), without common factor, of the lattice plane that holds two rows."""
    return _primitive(_cross(u, v))


def _turn(v: Row, axis: Axis) -> Row:
    """Image of a row under a 2-fold rotation, 2 (h·v)/(h·u) u − v."""
    row, plane = axis
    return _sum(row, v, 2 * _dot(plane, v) // _dot(plane, row), -1)


def _right_handed(a: Row, b: Row, c: Row) -> Basis:
    return (a, b, c if determinant((a, b, c)) > 0 else _sum(c, c, -1, 0))


def _dot(u: Row, v: Row) -> int:
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


def _sum(u: Row, v: Row, m: int, n: int) -> Row:
    return m * u[0] + n * v[0], m * u[1] + n * v[1], m * u[2] + n * v[2]


def _cross(u: Row, v: Row) -> Row:
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]


def _primitive(v: Row) -> Row:
    g = math.gcd(*v)
    return v[0] // g, v[1] // g, v[2] // g


def _line(v: Row) -> Row:
    """One name for v and −v."""
    return max(v, (-v[0], -v[1], -v[2]))
