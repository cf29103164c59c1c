"""2-fold axes of a reduced lattice within a tolerance, and the conventional bases that they span.

Le Page (1982), doi:10.1107/S0021889882011959: every 2-fold axis of a lattice is a direct row [uvw] normal to a
lattice plane (hkl) with |uh + vk + wl| = 1 or 2, all indices small in a reduced basis. Nearly normal pairs are the
2-fold axes within a tolerance. One axis makes a monoclinic lattice, three at right angles an orthorhombic one, two at
60° a rhombohedral or hexagonal one; tetragonal and cubic lattices are orthorhombic ones with equal axes.

Vectors are tuples of three integers in the basis given, a basis is three of them; whether the metric really fits is for
the caller to judge. Compiled, and imported late, because numba takes a while to load.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice.cell import BravaisLattice
from hybrid_index.units import FloatArray

IntArray = npt.NDArray[np.int64]
Row = tuple[int, int, int]
Basis = tuple[Row, Row, Row]

_CP, _CI, _CF, _TP, _TI, _HP, _HR, _OP, _OC, _OI, _OF, _MP, _MC, _AP = (lattice.code for lattice in BravaisLattice)
_NONE = -1
_HALF_MARGIN = 1e-9
_MOST_PER_PAIR = 5
"""Bases that one pair of axes allows at most: orthorhombic, three tetragonal, cubic."""
_NET_STEPS = np.array(
    [(m, n) for m, n in product(range(-2, 3), repeat=2) if (m, n) > (0, 0) and math.gcd(m, n) == 1], dtype=np.int64
)


def _pairs() -> tuple[IntArray, IntArray]:
    """All rows (m, 3) and planes (m, 3) that may be a 2-fold axis and what is normal to it."""
    box = range(-2, 3)
    small = [v for v in product(box, box, box) if v > (0, 0, 0) and math.gcd(*v) == 1]
    pairs = [(u, h) for u in small for h in small if abs(np.dot(u, h)) in (1, 2)]
    rows, planes = (np.array(x, dtype=np.int64) for x in zip(*pairs, strict=True))
    return rows, planes


_ROWS, _PLANES = _pairs()


@kernel
def conventional_bases(
    grams: FloatArray, inverses: FloatArray, max_obliquity: float
) -> tuple[IntArray, IntArray, IntArray]:
    """Every Bravais lattice that the 2-fold axes of reduced Gram matrices allow, aP among them.

    Parameters
    ----------
    grams, inverses
        Shape (m, 3, 3).
    max_obliquity
        Largest angle, in radians, of a 2-fold axis with the normal of its plane.

    Returns
    -------
    owner, codes : numpy.ndarray
        Shape (n,): which of *grams*, ascending, and the code of the Bravais lattice.
    bases : numpy.ndarray
        Shape (n, 3, 3): rows are the conventional basis vectors.
    """
    room, n = 16 * grams.shape[0], 0
    owner, codes, bases = np.empty(room, np.int64), np.empty(room, np.int64), np.empty((room, 3, 3), np.int64)
    axes = np.empty(_ROWS.shape[0], np.int64)
    for i in range(grams.shape[0]):
        n_axes = _twofold_axes(grams[i], inverses[i], max_obliquity, axes)
        while room < n + 1 + n_axes + _MOST_PER_PAIR * n_axes * (n_axes - 1) // 2:
            owner = np.concatenate((owner, np.empty_like(owner)))
            codes = np.concatenate((codes, np.empty_like(codes)))
            bases = np.concatenate((bases, np.empty_like(bases)))
            room *= 2
        end = n + _bases_on(grams[i], axes[:n_axes], codes[n:], bases[n:])
        owner[n:end] = i
        n = end
    return owner[:n], codes[:n], bases[:n]


@kernel
def _twofold_axes(gram: FloatArray, inverse: FloatArray, max_obliquity: float, axes: IntArray) -> int:
    """Write which of the possible pairs of row and plane are 2-fold axes; return how many."""
    # tan² = 1/cos² − 1; rounding leaves some 1e-15 times the condition of the matrix
    limit = 1.0 + math.tan(max_obliquity) ** 2 + 1e-10
    n = 0
    for i in range(_ROWS.shape[0]):
        row, plane = _row(_ROWS, i), _row(_PLANES, i)
        if square(gram, row) * square(inverse, plane) <= limit * _dot(row, plane) ** 2:
            axes[n] = i
            n += 1
    return n


@kernel
def _bases_on(gram: FloatArray, axes: IntArray, codes: IntArray, bases: IntArray) -> int:
    """Write what the axes of one lattice allow; return how many bases there are."""
    n = _write(_AP, ((1, 0, 0), (0, 1, 0), (0, 0, 1)), 0, codes, bases)
    for i in axes:
        code, basis = monoclinic(gram, _row(_ROWS, i), _row(_PLANES, i))
        n = _write(code, basis, n, codes, bases)
    seen = [_key((0, 0, 0), (0, 0, 0), (0, 0, 0))]
    for first in range(axes.size):
        for second in range(first + 1, axes.size):
            row1, plane1 = _row(_ROWS, axes[first]), _row(_PLANES, axes[first])
            row2, plane2 = _row(_ROWS, axes[second]), _row(_PLANES, axes[second])
            # in units of the two scalar products row·plane, one·other is cos² of the angle between the axes, exactly:
            # 0 where the rotations generate 222, 1/4 where they generate 32
            one, other = _dot(plane1, row2), _dot(plane2, row1)
            if one == 0 and other == 0:
                third = plane_of(plane1, plane2)
                key = _key(row1, row2, third)
                if key not in seen:
                    seen.append(key)
                    n = _write_rectangular(gram, (row1, row2, third), n, codes, bases)
            elif 4 * one * other == _dot(plane1, row1) * _dot(plane2, row2):
                third = plane_of(plane1, plane2)
                key = _key(third, third, third)
                if key not in seen:
                    code, basis = _hexagonal(row1, plane1, row2, plane2, third)
                    if code != _NONE:
                        seen.append(key)
                        n = _write(code, basis, n, codes, bases)
    return n


@kernel
def _write(code: int, basis: Basis, n: int, codes: IntArray, bases: IntArray) -> int:
    codes[n] = code
    for i in range(3):
        for j in range(3):
            bases[n, i, j] = basis[i][j]
    return n + 1


@kernel
def monoclinic(gram: FloatArray, row: Row, plane: Row) -> tuple[int, Basis]:
    """Return mP or mC with b along *row*: shortest a and c of the net *plane* that the centring allows, β ≥ 90°."""
    first, second = _net(gram, plane)
    centred = abs(_dot(row, plane)) != 1
    a, c, shortest = first, first, np.inf
    for m, n in _NET_STEPS:
        v = _sum(first, second, m, n)
        # of the three halves that can be added to b/2 only one gives a lattice point: it makes a
        fits = not centred or ((row[0] + v[0]) % 2 == 0 and (row[1] + v[1]) % 2 == 0 and (row[2] + v[2]) % 2 == 0)
        if fits and square(gram, v) < shortest:
            a, shortest = v, square(gram, v)
    normal, shortest = _line(plane), np.inf
    for m, n in _NET_STEPS:
        v = _sum(first, second, m, n)
        if _line(_cross(a, v)) == normal and square(gram, v) < shortest:
            c, shortest = v, square(gram, v)
    if square(gram, _sum(a, c, 1, 1)) > square(gram, _sum(a, c, 1, -1)):
        c = _negative(c)
    b = row if determinant((a, row, c)) > 0 else _negative(row)
    return _MC if centred else _MP, (a, b, c)


@kernel
def orthorhombic(gram: FloatArray, axes: Basis) -> tuple[int, Basis]:
    """Return oP, oC, oI or oF on three axes: a ≤ b ≤ c, or face C centred and a ≤ b."""
    a, b, c = axes
    if square(gram, b) < square(gram, a):
        a, b = b, a
    if square(gram, c) < square(gram, b):
        b, c = c, b
        if square(gram, b) < square(gram, a):
            a, b = b, a
    points = abs(determinant((a, b, c)))
    code = _OP if points == 1 else _OF
    if points == 2:
        code = _OC
        if _ends_halfway(a, c):
            b, c = c, b
        elif _ends_halfway(b, c):
            a, b, c = b, c, a
        elif not _ends_halfway(a, b):
            code = _OI
    return code, _right_handed(a, b, c)


@kernel
def _ends_halfway(u: Row, v: Row) -> bool:
    """Whether (u + v)/2 is a lattice vector."""
    return (u[0] + v[0]) % 2 == 0 and (u[1] + v[1]) % 2 == 0 and (u[2] + v[2]) % 2 == 0


@kernel
def determinant(basis: Basis) -> int:
    """Return the determinant of a basis: the number of lattice points in its cell, negative where it is left-handed."""
    return _dot(basis[0], _cross(basis[1], basis[2]))


@kernel
def _write_rectangular(gram: FloatArray, axes: Basis, n: int, codes: IntArray, bases: IntArray) -> int:
    """Write orthorhombic axes, and what they make where two or three are equally long."""
    code, (a, b, c) = orthorhombic(gram, axes)
    n = _write(code, (a, b, c), n, codes, bases)
    if code == _OP or code == _OI:
        tetragonal = _TP if code == _OP else _TI
        n = _write(tetragonal, (a, b, c), n, codes, bases)
        n = _write(tetragonal, (b, c, a), n, codes, bases)
        n = _write(tetragonal, (c, a, b), n, codes, bases)
    if code != _OC:
        cubic = _CP if code == _OP else (_CI if code == _OI else _CF)
        n = _write(cubic, (a, b, c), n, codes, bases)
    return n


@kernel
def _hexagonal(row1: Row, plane1: Row, row2: Row, plane2: Row, c: Row) -> tuple[int, Basis]:
    """HP or obverse hR on a 2-fold axis a, its image b under the 3-fold rotation, and the 3-fold axis c."""
    a, b, c = _right_handed(row1, _turn(_turn(row1, row2, plane2), row1, plane1), c)
    points = determinant((a, b, c))
    if points == 1:
        return _HP, (a, b, c)
    if points == 3:
        if _is_threefold(_sum(a, b, 2, 1), c):
            return _HR, (a, b, c)
        if _is_threefold(_sum(a, b, 1, 2), c):
            return _HR, (_negative(a), _negative(b), c)
    # the other set of 2-fold axes of a hexagonal lattice spans a cell thrice as large
    return _NONE, (a, b, c)


@kernel
def _is_threefold(u: Row, v: Row) -> bool:
    """Whether (u + v)/3 is a lattice vector."""
    return (u[0] + v[0]) % 3 == 0 and (u[1] + v[1]) % 3 == 0 and (u[2] + v[2]) % 3 == 0


@kernel
def _net(gram: FloatArray, plane: Row) -> tuple[Row, Row]:
    """Reduced basis of the net of lattice vectors in a plane (hkl)."""
    h, k, l = plane
    g = math.gcd(h, k)
    if g == 0:
        u, v = (1, 0, 0), (0, 1, 0)
    else:
        x, y = _bezout(h, k)
        u, v = (k // g, -h // g, 0), (-l * x, -l * y, g)
    while True:
        if square(gram, v) < square(gram, u):
            u, v = v, u
        ratio = (square(gram, _sum(u, v, 1, 1)) - square(gram, _sum(u, v, 1, -1))) / (4.0 * square(gram, u))
        # a ratio of one half, up to rounding, is reduced either way: stepping on it would go back and forth for ever
        if abs(ratio) <= 0.5 + _HALF_MARGIN:
            return u, v
        v = _sum(v, u, 1, -int(np.rint(ratio)))


@kernel
def _bezout(h: int, k: int) -> tuple[int, int]:
    """Integers x, y with x·h + y·k = gcd(h, k)."""
    x, y, next_x, next_y = 1, 0, 0, 1
    while k:
        q = h // k
        h, k = k, h - q * k
        x, y, next_x, next_y = next_x, next_y, x - q * next_x, y - q * next_y
    return (x, y) if h > 0 else (-x, -y)


@kernel
def square(gram: FloatArray, v: Row) -> float:
    """Squared length of a row."""
    x, y, z = v
    mixed = x * y * gram[0, 1] + x * z * gram[0, 2] + y * z * gram[1, 2]
    return float(x * x * gram[0, 0] + y * y * gram[1, 1] + z * z * gram[2, 2] + 2.0 * mixed)


@kernel
def plane_of(u: Row, v: Row) -> Row:
    """Return the indices (hkl), without common factor, of the lattice plane that holds two rows."""
    x, y, z = _cross(u, v)
    g = math.gcd(math.gcd(x, y), z)
    return x // g, y // g, z // g


@kernel
def _turn(v: Row, row: Row, plane: Row) -> Row:
    """Image of a row under a 2-fold rotation, 2 (h·v)/(h·u) u − v."""
    return _sum(row, v, 2 * _dot(plane, v) // _dot(plane, row), -1)


@kernel
def _right_handed(a: Row, b: Row, c: Row) -> Basis:
    return (a, b, c if determinant((a, b, c)) > 0 else _negative(c))


@kernel
def _row(table: IntArray, i: int) -> Row:
    return table[i, 0], table[i, 1], table[i, 2]


@kernel
def _dot(u: Row, v: Row) -> int:
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


@kernel
def _sum(u: Row, v: Row, m: int, n: int) -> Row:
    return m * u[0] + n * v[0], m * u[1] + n * v[1], m * u[2] + n * v[2]


@kernel
def _negative(v: Row) -> Row:
    return -v[0], -v[1], -v[2]


@kernel
def _cross(u: Row, v: Row) -> Row:
    return u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]


@kernel
def _line(v: Row) -> Row:
    """One name for v and −v."""
    negative = _negative(v)
    return v if v > negative else negative


@kernel
def _key(u: Row, v: Row, w: Row) -> Basis:
    """One name for three lines in any order."""
    u, v, w = _line(u), _line(v), _line(w)
    if v < u:
        u, v = v, u
    if w < v:
        v, w = w, v
        if v < u:
            u, v = v, u
    return u, v, w
