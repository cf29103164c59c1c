"""Extinction classes: space groups whose absent lines are the same, for each Bravais lattice.

The tests of absence were taken from gemmi's operations; ``python -m benchmarks.crystal_statistics`` makes the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.simulate.crystal_statistics import read_table
from hybrid_index.types import IntArray, frozen_array
from hybrid_index.units import FloatArray

TEST_SIZE = 12
"""Two linear forms and two translations of three integers each."""
PERIOD = 24
"""Translations are in 24ths of the edges."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExtinctionClasses:
    """All m extinction classes, sorted by Bravais lattice.

    Parameters
    ----------
    groups
        For each class the Hermann–Mauguin symbols of its space groups, all settings that the package's cells can have.
    lattice
        Shape (m,), code of the Bravais lattice.
    weight
        Shape (m,), how often a class occurs among those of its lattice; they sum to 1 for each lattice.
    centric
        Shape (m,), share of structures with a centre of symmetry.
    merged
        Shape (m,), mean number of orbits of the Laue group that fall on one line.
    tests
        Shape (m, k, 12): forms u and v, translations t and s in 24ths. A reflection is absent if, for one of the first
        ``n_tests``, u·h = v·h = 0 and neither t·h nor s·h is a multiple of 24. Tests are made for the one reflection
        of a line that ``refine.hkl.enumerate_reflections`` gives, not for its equivalents.
    n_tests
        Shape (m,).
    """

    groups: tuple[tuple[str, ...], ...]
    lattice: IntArray
    weight: FloatArray
    centric: FloatArray
    merged: FloatArray
    tests: IntArray
    n_tests: IntArray

    def __post_init__(self) -> None:
        for name in ("weight", "centric", "merged"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        for name in ("lattice", "tests", "n_tests"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.int64))

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def first(self) -> IntArray:
        """Shape (15,): the classes of the lattice with code c are first[c]..first[c + 1]."""
        return np.searchsorted(self.lattice, np.arange(len(BRAVAIS_LATTICES) + 1)).astype(np.int64)

    def of(self, lattice: BravaisLattice) -> range:
        """Numbers of the classes of a Bravais lattice."""
        first = self.first
        return range(int(first[lattice.code]), int(first[lattice.code + 1]))

    def absent(self, number: int, hkl: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Whether class *number* forbids reflections (n, 3) beyond what the centring forbids, shape (n,)."""
        indices = np.asarray(hkl, dtype=np.int64).reshape(-1, 1, 3)
        u, v, t, s = np.moveaxis(self.tests[number, : self.n_tests[number]].reshape(-1, 4, 3), 1, 0)
        on_zone = ((indices * u).sum(axis=2) == 0) & ((indices * v).sum(axis=2) == 0)
        broken = ((indices * t).sum(axis=2) % PERIOD != 0) & ((indices * s).sum(axis=2) % PERIOD != 0)
        return np.asarray((on_zone & broken).any(axis=1))

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> ExtinctionClasses:
        """Read what ``extinction_classes.json`` holds; raises :class:`InputError` if it is damaged."""
        try:
            records = document["classes"]
            tests = np.zeros((len(records), max(len(r["tests"]) for r in records), TEST_SIZE), dtype=np.int64)
            for row, record in zip(tests, records, strict=True):
                row[: len(record["tests"])] = np.array(record["tests"], dtype=np.int64).reshape(-1, TEST_SIZE)
            lattice = np.array([BravaisLattice(r["bravais_lattice"]).code for r in records])
            weight = np.array([r["weight"] for r in records], dtype=np.float64)
            return cls(
                groups=tuple(tuple(r["groups"]) for r in records),
                lattice=lattice,
                weight=weight / np.bincount(lattice, weights=weight)[lattice],
                centric=np.array([r["centric"] for r in records]),
                merged=np.array([r["merged"] for r in records]),
                tests=tests,
                n_tests=np.array([len(r["tests"]) for r in records]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"the extinction classes cannot be read ({error}); make them anew") from error


@lru_cache(maxsize=1)
def default_classes() -> ExtinctionClasses:
    """Return the classes that come with the package."""
    return ExtinctionClasses.from_document(read_table("extinction_classes"))
