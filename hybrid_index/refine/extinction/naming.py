"""Extinction symbols of International Tables A, made from the reflection conditions of a space group.

Section 1.6.4 of the 2016 edition (3.1.4 in older ones), doi:10.1107/97809553602060000114. A symbol has a place for each
symmetry direction: the glide that the zone across it shows, and the screw that the row along it shows, or "-". A screw
whose condition follows from the centring or a glide is not written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gemmi
import numpy as np
import numpy.typing as npt

from hybrid_index.refine.extinction.space_groups import PERIOD, bravais_lattice_of, operations
from hybrid_index.types import IntArray

NONE = "-"
_REACH = 12
"""Indices up to which conditions are looked at; the longest period is six."""
_PAIRS = np.array([(x, y) for x in range(1, _REACH + 1) for y in range(1, _REACH + 1) if x != y], dtype=np.int64)
"""Indices of reflections that lie in one zone only."""
_MULTIPLES = np.arange(1, _REACH + 1, dtype=np.int64)

Vector = tuple[int, int, int]
Mask = npt.NDArray[np.bool_]
Broken = Callable[[IntArray, IntArray], IntArray]
"""Not zero where a glide forbids the reflection with these two indices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Direction:
    """A symmetry direction: its row, the zone across it, letters of the glides there, names of screws by period."""

    row: Vector
    zone: tuple[Vector, Vector]
    glides: tuple[tuple[str, Broken], ...]
    screws: dict[int, str]


_X, _Y, _Z, _XY = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)
_ALONG: Broken = lambda x, y: x % 2  # noqa: E731  # a table of one-line conditions
_ACROSS: Broken = lambda x, y: y % 2  # noqa: E731
_BETWEEN: Broken = lambda x, y: (x + y) % 2  # noqa: E731
_BOTH: Broken = lambda x, y: x % 2 | y % 2  # noqa: E731
_QUARTER: Broken = lambda x, y: (x + y) % 4 | x % 2  # noqa: E731
_DIAGONAL_QUARTER: Broken = lambda x, y: (2 * x + y) % 4  # noqa: E731


def _axial(row: Vector, u: Vector, v: Vector) -> _Direction:
    """A direction along an axis of an orthorhombic or monoclinic cell."""
    first, second = ("abc"[vector.index(1)] for vector in (u, v))
    glides = ((first, _ALONG), (second, _ACROSS), ("n", _BETWEEN), ("e", _BOTH), ("d", _QUARTER))
    return _Direction(row=row, zone=(u, v), glides=glides, screws={2: "21"})


_MAIN = {2: "42", 4: "41"}
_DIRECTIONS: dict[str, tuple[_Direction, ...]] = {
    "a": (),
    "m": (_axial(_Y, _X, _Z),),
    "o": (_axial(_X, _Y, _Z), _axial(_Y, _X, _Z), _axial(_Z, _X, _Y)),
    "t": (
        _Direction(row=_Z, zone=(_X, _Y), glides=(("n", _BETWEEN), ("a", _BOTH)), screws=_MAIN),
        _Direction(
            row=_X,
            zone=(_Y, _Z),
            glides=(("b", _ALONG), ("c", _ACROSS), ("n", _BETWEEN), ("c", _BOTH)),
            screws={2: "21"},
        ),
        _Direction(row=(1, -1, 0), zone=(_XY, _Z), glides=(("c", _ACROSS), ("d", _DIAGONAL_QUARTER)), screws={}),
    ),
    "h": (
        _Direction(row=_Z, zone=(_X, _Y), glides=(), screws={2: "63", 3: "31", 6: "61"}),
        _Direction(row=(2, 1, 0), zone=(_Y, _Z), glides=(("c", _ACROSS),), screws={}),
        _Direction(row=(1, -1, 0), zone=(_XY, _Z), glides=(("c", _ACROSS),), screws={}),
    ),
    "c": (
        _Direction(
            row=_X,
            zone=(_Y, _Z),
            glides=(("a", _ALONG), ("a", _ACROSS), ("n", _BETWEEN), ("a", _BOTH), ("d", _QUARTER)),
            screws=_MAIN,
        ),
        _Direction(row=(1, 1, 1), zone=((1, -1, 0), (0, 1, -1)), glides=(), screws={}),
        _Direction(row=(1, -1, 0), zone=(_XY, _Z), glides=(("n", _ACROSS), ("d", _DIAGONAL_QUARTER)), screws={}),
    ),
}
_BODY_CENTRED = {
    "001": ("-", "-", "(ab)"), "010": ("-", "(ac)", "-"), "100": ("(bc)", "-", "-"), "011": ("-", "c", "b"),
    "101": ("c", "-", "a"), "110": ("b", "a", "-"), "111": ("b", "c", "a"),
}  # fmt: skip
"""How glides of a body-centred orthorhombic lattice are written, by the directions that have one."""


def extinction_symbol(group: gemmi.SpaceGroup) -> str:
    """Return the extinction symbol of a space group in a setting of :func:`conventional_settings`.

    Examples
    --------
    >>> [extinction_symbol(gemmi.SpaceGroup(name)) for name in ("P n a 21", "P n m a", "P 21/c", "I 41/a", "P 61 2 2")]
    ['P n a -', 'P n - a', 'P 1 21/c 1', 'I 41/a - -', 'P 61 - -']
    """
    rules = _Rules(group)
    lattice = bravais_lattice_of(group)
    directions = _DIRECTIONS[lattice.value[0]]
    glides = [rules.glide(direction) for direction in directions]
    screws = [rules.screw(direction) for direction in directions]
    places = ["/".join(part for part in pair if part) or NONE for pair in zip(screws, glides, strict=True)]
    match lattice.value:
        case "aP":
            places = [NONE]
        case "mP" | "mC":
            places = ["1", *places, "1"]
        case "oI" if any(glides):
            places = list(_BODY_CENTRED["".join("1" if glide else "0" for glide in glides)])
        case "oC":
            places[2] = places[2].replace("a", "e")
        case "tI":
            places[1] = places[1].replace("b", "c")
        case "cF":
            places[2] = places[2].replace("n", "c")
        case "hR":
            return f"R(obv) {NONE} {places[1]}"
    return " ".join([lattice.centring, *places])


class _Rules:
    """What a space group forbids: through all its operations, through planes alone, through the centring alone."""

    def __init__(self, group: gemmi.SpaceGroup) -> None:
        rotations, translations = operations(group)
        trace, determinant = np.trace(rotations, axis1=1, axis2=2), np.rint(np.linalg.det(rotations))
        centring = trace == 3
        planes = (trace == 1) & (determinant < 0)
        self.name = group.xhm()
        self._all = rotations, translations
        self._planes = rotations[centring | planes], translations[centring | planes]
        self._centring = rotations[centring], translations[centring]
        self._laue = str(group.laue_str())

    def glide(self, direction: _Direction) -> str:
        """Letter of the first glide that explains what the zone shows; empty without any."""
        if not direction.glides:
            return ""
        x, y = _PAIRS.T
        hkl = _PAIRS @ np.array(direction.zone)
        present, centred = _present(self._all, hkl), _present(self._centring, hkl)
        if np.array_equal(present, centred):
            return ""
        for letter, broken in direction.glides:
            if np.array_equal(present, centred & (broken(x, y) == 0)):
                return letter
        raise AssertionError(f"no glide explains the zone across {direction.row} of {self.name}")

    def screw(self, direction: _Direction) -> str:
        """Name of the screw that the row shows beyond what centring and planes say; empty without any."""
        row = _MULTIPLES[:, None] * np.array(direction.row)
        present = _present(self._all, row)
        if not direction.screws or np.array_equal(present, _present(self._planes, row)):
            return ""
        name = direction.screws[int(_MULTIPLES[present][0])]
        renamed = {("42", "m-3"): "21", ("31", "6/m"): "62", ("31", "6/mmm"): "62"}
        return renamed.get((name, self._laue), name)


def _present(rules: tuple[IntArray, IntArray], hkl: IntArray) -> Mask:
    """Which of hkl (n, 3) no operation forbids."""
    rotations, translations = rules
    kept = (np.einsum("ni,mij->nmj", hkl, rotations) == hkl[:, None]).all(axis=2)
    shifted = (hkl @ translations.T) % PERIOD != 0
    return np.asarray(~(kept & shifted).any(axis=1), dtype=np.bool_)
