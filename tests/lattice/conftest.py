"""Random lattices of every kind, in random bases."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from hybrid_index.lattice import BravaisLattice, Cell

Matrix = npt.NDArray[np.float64]
MakeCell = Callable[[BravaisLattice], Cell]
MakeUnimodular = Callable[[], npt.NDArray[np.int64]]
Strain = Callable[[Matrix, float], Matrix]


def random_cell(lattice: BravaisLattice, rng: np.random.Generator) -> Cell:
    """Conventional cell of a lattice type, edges 3 to 25 Å."""
    a, b, c = (float(x) for x in rng.uniform(3.0, 25.0, 3))
    match lattice.crystal_system:
        case "cubic":
            return Cell(a=a, b=a, c=a)
        case "tetragonal":
            return Cell(a=a, b=a, c=c)
        case "hexagonal" | "trigonal":
            return Cell(a=a, b=a, c=c, gamma=120.0)
        case "orthorhombic":
            return Cell(a=a, b=b, c=c)
        case "monoclinic":
            return Cell(a=a, b=b, c=c, beta=float(rng.uniform(91.0, 125.0)))
    while True:
        alpha, beta, gamma = (float(x) for x in rng.uniform(60.0, 120.0, 3))
        cell = Cell(a=a, b=b, c=c, alpha=alpha, beta=beta, gamma=gamma)
        if cell.volume > 0.3 * a * b * c:
            return cell


def random_unimodular(rng: np.random.Generator, steps: int = 8) -> npt.NDArray[np.int64]:
    """Product of elementary column operations."""
    total = np.eye(3, dtype=np.int64)
    for _ in range(steps):
        i, j = rng.choice(3, 2, replace=False)
        total[:, i] += int(rng.integers(-2, 3)) * total[:, j]
    return total


def strained(gram: Matrix, size: float, rng: np.random.Generator) -> Matrix:
    """The metric after a random strain whose largest principal value is *size*."""
    strain = rng.normal(size=(3, 3))
    strain += strain.T
    strain *= size / np.abs(np.linalg.eigvalsh(strain)).max()
    basis = (np.eye(3) + strain) @ np.linalg.cholesky(gram).T
    return basis.T @ basis


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20240229)


@pytest.fixture
def make_cell(rng: np.random.Generator) -> MakeCell:
    return lambda lattice: random_cell(lattice, rng)


@pytest.fixture
def make_unimodular(rng: np.random.Generator) -> MakeUnimodular:
    return lambda: random_unimodular(rng)


@pytest.fixture
def strain(rng: np.random.Generator) -> Strain:
    return lambda gram, size: strained(gram, size, rng)
