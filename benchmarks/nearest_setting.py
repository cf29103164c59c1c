"""A lattice in the basis that comes nearest to a given cell, to compare two cells parameter by parameter."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import Cell, niggli_reduce

_REACH = 5
_NEAREST = 16


def nearest_setting(gram: npt.ArrayLike, cell: Cell) -> Cell | None:
    """The basis of a lattice with the smallest :func:`squared_difference` from a cell; ``None`` where none comes near.

    Parameters
    ----------
    gram
        Gram matrix of a primitive basis of the lattice, Å².
    cell
        The cell to come near to. It may be centred; then so is the basis that is returned.
    """
    reduced, _ = niggli_reduce(gram)
    steps = np.array([v for v in itertools.product(range(-_REACH, _REACH + 1), repeat=3) if any(v)])
    lengths = np.sqrt(np.einsum("ni,ij,nj->n", steps, reduced, steps))
    per_cell = max(1, round(cell.volume / np.sqrt(np.linalg.det(reduced))))
    edges = [steps[np.argsort(np.abs(lengths - edge), kind="stable")[:_NEAREST]] for edge in cell.parameters[:3]]
    bases = np.array(list(itertools.product(*edges)))
    bases = bases[np.rint(np.abs(np.linalg.det(bases))) == per_cell]
    turned = [Cell.from_gram(gram) for gram in bases @ reduced @ np.swapaxes(bases, 1, 2)]
    return min(turned, key=lambda one: squared_difference(one, cell), default=None)


def squared_difference(cell: Cell, other: Cell) -> float:
    """Sum of the squared differences of the six parameters, Å and radians."""
    differences = np.array(cell.parameters) - np.array(other.parameters)
    differences[3:] = np.radians(differences[3:])
    return float(differences @ differences)
