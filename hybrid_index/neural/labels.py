"""What the network calls a line: the integer row that its hkl gives in the free parameters of a crystal family.

Q is linear in the free parameters θ of a lattice, Q = row · θ. Equivalent reflections have the same row, so rows, not
hkl, can be told from line positions; as many independent rows as there are parameters give the cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, metric_subspace
from hybrid_index.types import IntArray

FAMILIES = ("cubic", "hexagonal", "tetragonal", "orthorhombic", "monoclinic", "triclinic")
"""Lattices of one family share their parameters; rhombohedral lattices have hexagonal axes."""
LABELLED_LINES = 14
"""Lines, from the first, that get a label."""
_FAMILY_LETTERS = "chtoma"
_KEY_BASE, _KEY_OFFSET = 401, 200


def family_of(lattice: BravaisLattice) -> int:
    """Number of a lattice's family in ``FAMILIES``."""
    return _FAMILY_LETTERS.index(lattice.value[0])


FAMILY_OF_CODE: IntArray = np.array([family_of(lattice) for lattice in BRAVAIS_LATTICES], dtype=np.int64)
"""Family of each Bravais lattice, by code (14,)."""


def label_rows(hkl: IntArray, lattice: BravaisLattice) -> IntArray:
    """Rows (..., n_free) of reflections (..., 3) of a lattice."""
    h, k, l = np.moveaxis(np.asarray(hkl, dtype=np.int64), -1, 0)
    products = np.stack([h * h, k * k, l * l, k * l, h * l, h * k], axis=-1)
    return np.asarray(products @ metric_subspace(lattice).astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The labels that a network knows: for each family its rows (K, n_free), the commonest first."""

    rows: tuple[IntArray, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of labels of each family."""
        return tuple(len(rows) for rows in self.rows)

    def encode(self, hkl: IntArray, codes: IntArray) -> IntArray:
        """Labels (n, m) of reflections (n, m, 3) of lattices with Bravais codes (n,); −1 where there is none."""
        labels = np.full(hkl.shape[:2], -1, dtype=np.int64)
        for code in np.unique(codes):
            chosen = codes == code
            known = self.rows[FAMILY_OF_CODE[code]]
            keys = _keys(known)
            order = np.argsort(keys)
            wanted = _keys(label_rows(hkl[chosen], BRAVAIS_LATTICES[code]))
            place = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
            labels[chosen] = np.where(keys[order][place] == wanted, order[place], -1)
        return labels

    def arrays(self) -> dict[str, IntArray]:
        """Rows by the name of their family, for a file of weights."""
        return {f"labels.{name}": rows for name, rows in zip(FAMILIES, self.rows, strict=True)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, IntArray]) -> Vocabulary:
        """The way back from :meth:`arrays`."""
        return cls(tuple(np.asarray(arrays[f"labels.{name}"], dtype=np.int64) for name in FAMILIES))

    @classmethod
    def commonest(cls, hkl: IntArray, codes: IntArray, counted: np.ndarray, sizes: tuple[int, ...]) -> Vocabulary:
        """The labels that occur most often among reflections (n, m, 3), as far as *counted* (n, m) says."""
        return cls(tuple(_commonest(hkl, codes, counted, family, size) for family, size in enumerate(sizes)))


def _commonest(hkl: IntArray, codes: IntArray, counted: np.ndarray, family: int, size: int) -> IntArray:
    rows = [
        label_rows(hkl[codes == code], BRAVAIS_LATTICES[code])[counted[codes == code]]
        for code in np.flatnonzero(family == FAMILY_OF_CODE)
    ]
    distinct, count = np.unique(np.concatenate(rows), axis=0, return_counts=True)
    return distinct[np.argsort(-count, kind="stable")][:size]


def _keys(rows: IntArray) -> IntArray:
    """One integer for each row (..., n_free)."""
    weights = _KEY_BASE ** np.arange(rows.shape[-1], dtype=np.int64)
    return np.asarray((np.clip(rows, -_KEY_OFFSET, _KEY_OFFSET) + _KEY_OFFSET) @ weights)
