"""Reflection conditions of glide planes: whole zones of which half, or three quarters, of the reflections are extinct.

International Tables A, section 1.6.3 (2016), doi:10.1107/97809553602060000114. Screw axes alone are left out: they cost
one or two of the reflections that a search sees, too few to show. Which zones a lattice has depends on its symmetry;
where its symmetry makes zones equivalent (all 0kl of a cubic lattice) they share their conditions.
"""

from __future__ import annotations

from hybrid_index.compiled import kernel
from hybrid_index.lattice import BravaisLattice

N_CONDITIONS = 12
"""Most conditions that a lattice has."""

_TP, _HP, _OP, _MP, _AP = (
    lattice.code
    for lattice in (BravaisLattice.TP, BravaisLattice.HP, BravaisLattice.OP, BravaisLattice.MP, BravaisLattice.AP)
)
_BITS = {
    "cP": (0, 2, 8), "cI": (0, 9), "cF": (3, 8),
    "tP": (0, 1, 2, 4, 8), "tI": (0, 5, 9),
    "hP": (0, 1), "hR": (0,),
    "oP": (0, 1, 2, 4, 5, 6, 8, 9, 10), "oC": (1, 5, 8), "oI": (0, 4, 8), "oF": (3, 7, 11),
    "mP": (0, 1, 2), "mC": (1,), "aP": (),
}  # fmt: skip
_OCCURRING = tuple(sum(1 << bit for bit in _BITS[lattice.value]) for lattice in BravaisLattice)
"""Conditions that space groups with each lattice have, one of those that the centring makes the same."""


@kernel
def broken_conditions(code: int, h: int, k: int, l: int) -> int:
    """Conditions that a reflection breaks, of those that occur with its lattice, as bits.

    The reflection is one of the asymmetric unit of :func:`hybrid_index.refine.hkl.fill_reflections`.
    """
    return _broken(code, h, k, l) & _OCCURRING[code]


@kernel
def _broken(code: int, h: int, k: int, l: int) -> int:
    """Four bits for each of three zones: its glides along one index, along the other, between them, and d."""
    if code == _AP:
        return 0
    if code >= _MP:
        return _glides(h, l) if k == 0 else 0
    if code >= _OP:
        broken = _glides(k, l) if h == 0 else 0
        if k == 0:
            broken |= _glides(h, l) << 4
        if l == 0:
            broken |= _glides(h, k) << 8
        return broken
    if code >= _HP:
        broken = l % 2 if h == 0 or k == 0 else 0
        if h == k:
            broken |= (l % 2) << 1
        return broken
    if code >= _TP:
        broken = _glides(h, l) if k == 0 else 0
        if l == 0:
            broken |= _both(h, k) << 4
        if h == k:
            broken |= _diagonal(h, l) << 8
        return broken
    # cubic, h ≥ k ≥ l ≥ 0: every zone comes in all orders of its indices
    broken = 0
    if l == 0:
        cyclic = 1 if h % 2 == 1 and (k % 2 == 1 or k == 0) else 0
        broken |= cyclic | (_glides(h, k) & 0b1100)  # along one index: in cyclic order only, as in Pa-3
    if h == k:
        broken |= _diagonal(h, l) << 8
    if k == l:
        broken |= _diagonal(k, h) << 8
    return broken


@kernel
def _glides(x: int, y: int) -> int:
    """Glides of a zone with the indices x, y: along one axis, the other, between them, and d."""
    broken = x % 2 | (y % 2) << 1 | ((x + y) % 2) << 2
    return broken | (8 if (x + y) % 4 else 0)


@kernel
def _both(x: int, y: int) -> int:
    """Glides of the zone hk0 of a tetragonal lattice: n, and a where the lattice is centred."""
    return (x + y) % 2 | (2 if x % 2 or y % 2 else 0)


@kernel
def _diagonal(x: int, z: int) -> int:
    """Glides of a zone with the indices x, x, z: c and d."""
    return z % 2 | (2 if (2 * x + z) % 4 else 0)
