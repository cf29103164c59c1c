"""Unit cells, Bravais lattices and metrics: the words, and the conversions between them.

Q = A h² + B k² + C l² + D kl + E hl + F hk, so the reciprocal metric is the vector (A..F) with
A = a*², …, D = 2 b*c* cosα*, E = 2 a*c* cosβ*, F = 2 a*b* cosγ*. The Gram matrix of the reciprocal basis is
[[A, F/2, E/2], [F/2, B, D/2], [E/2, D/2, C]]; its inverse is the Gram matrix of the direct basis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.units import FloatArray


class BravaisLattice(StrEnum):
    """The 14 Bravais lattices by their Pearson letters (oC and mC stand for every setting of one-face centring)."""

    CP = "cP"
    CI = "cI"
    CF = "cF"
    TP = "tP"
    TI = "tI"
    HP = "hP"
    HR = "hR"
    OP = "oP"
    OC = "oC"
    OI = "oI"
    OF = "oF"
    MP = "mP"
    MC = "mC"
    AP = "aP"

    @property
    def crystal_system(self) -> str:
        """Crystal system; hR is ``trigonal``, hP ``hexagonal``."""
        if self is BravaisLattice.HR:
            return "trigonal"
        return _SYSTEMS[self.value[0]]

    @property
    def centring(self) -> str:
        """Centring letter: P, I, F, C or R (hexagonal axes, obverse)."""
        return self.value[1]

    @property
    def lattice_points(self) -> int:
        """Lattice points in the conventional cell."""
        return {"P": 1, "I": 2, "C": 2, "R": 3, "F": 4}[self.centring]

    @property
    def code(self) -> int:
        """Position in the list above: what kernels know a lattice by."""
        return _CODES[self.value]


_SYSTEMS = {"c": "cubic", "t": "tetragonal", "h": "hexagonal", "o": "orthorhombic", "m": "monoclinic", "a": "triclinic"}
_CODES = {lattice.value: i for i, lattice in enumerate(BravaisLattice)}
BRAVAIS_LATTICES: tuple[BravaisLattice, ...] = tuple(BravaisLattice)
CRYSTAL_SYSTEMS = ("cubic", "tetragonal", "hexagonal", "trigonal", "orthorhombic", "monoclinic", "triclinic")

# Rows: A..F; columns: free parameters. Q-space subspace of each system in its conventional setting
# (monoclinic: b unique; hexagonal and rhombohedral: hexagonal axes).
_SUBSPACES: dict[str, list[list[float]]] = {
    "c": [[1], [1], [1], [0], [0], [0]],
    "t": [[1, 0], [1, 0], [0, 1], [0, 0], [0, 0], [0, 0]],
    "h": [[1, 0], [1, 0], [0, 1], [0, 0], [0, 0], [1, 0]],
    "o": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
    "m": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]],
    "a": [[float(i == j) for j in range(6)] for i in range(6)],
}


def metric_subspace(lattice: BravaisLattice) -> FloatArray:
    """Matrix P, shape (6, n_free), with metric = P·θ for the free parameters θ of the lattice's crystal system.

    Examples
    --------
    >>> metric_subspace(BravaisLattice.HP).T
    array([[1., 1., 0., 0., 0., 1.],
           [0., 0., 1., 0., 0., 0.]])
    """
    return np.array(_SUBSPACES[lattice.value[0]], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A unit cell (or, as ``cell_esd``, the uncertainties of one): Å and degrees."""

    a: float
    b: float
    c: float
    alpha: float = 90.0
    beta: float = 90.0
    gamma: float = 90.0

    @property
    def parameters(self) -> tuple[float, float, float, float, float, float]:
        """(a, b, c, α, β, γ) in Å and degrees."""
        return (self.a, self.b, self.c, self.alpha, self.beta, self.gamma)

    @property
    def volume(self) -> float:
        """Volume in Å³."""
        return math.sqrt(max(float(np.linalg.det(self.gram)), 0.0))

    @property
    def gram(self) -> FloatArray:
        """Gram matrix of the direct basis, shape (3, 3), Å²."""
        a, b, c = self.a, self.b, self.c
        ca, cb, cg = (math.cos(math.radians(x)) for x in (self.alpha, self.beta, self.gamma))
        return np.array(
            [[a * a, a * b * cg, a * c * cb], [a * b * cg, b * b, b * c * ca], [a * c * cb, b * c * ca, c * c]]
        )

    @property
    def metric(self) -> FloatArray:
        """Reciprocal metric (A..F), shape (6,), Å⁻²."""
        return metric_from_gram(np.linalg.inv(self.gram))

    @classmethod
    def from_metric(cls, metric: npt.ArrayLike) -> Cell:
        """Direct cell of a reciprocal metric (A..F); raises :class:`InputError` unless it is positive definite."""
        reciprocal = gram_from_metric(metric)
        if not is_positive_definite(reciprocal):
            raise InputError("the metric is not that of a lattice (not positive definite)")
        return cls.from_gram(np.linalg.inv(reciprocal))

    @classmethod
    def from_gram(cls, gram: npt.ArrayLike) -> Cell:
        """Cell of a direct Gram matrix, shape (3, 3), Å²."""
        g = np.asarray(gram, dtype=np.float64)
        a, b, c = (math.sqrt(g[i, i]) for i in range(3))
        angle = [
            math.degrees(math.acos(max(-1.0, min(1.0, x))))
            for x in (g[1, 2] / (b * c), g[0, 2] / (a * c), g[0, 1] / (a * b))
        ]
        return cls(a=a, b=b, c=c, alpha=angle[0], beta=angle[1], gamma=angle[2])

    @classmethod
    def from_parameters(cls, parameters: npt.ArrayLike) -> Cell:
        """Cell from (a, b, c, α, β, γ); raises :class:`InputError` for a cell that cannot be."""
        values = np.asarray(parameters, dtype=np.float64).ravel()
        if (
            values.shape != (6,)
            or not np.all(np.isfinite(values))
            or np.any(values <= 0.0)
            or np.any(values[3:] >= 180.0)
        ):
            raise InputError(
                "a cell is six positive numbers a, b, c (Å), alpha, beta, gamma (degrees below 180); "
                f"got {np.asarray(parameters)}"
            )
        cell = cls(**dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), map(float, values), strict=True)))
        if not is_positive_definite(cell.gram):
            raise InputError(
                f"no cell has the angles {values[3]:g}, {values[4]:g}, {values[5]:g}°: its volume would vanish"
            )
        return cell


def metric_from_gram(gram: npt.ArrayLike) -> FloatArray:
    """(A..F) from the Gram matrix of the reciprocal basis."""
    g = np.asarray(gram, dtype=np.float64)
    return np.array([g[0, 0], g[1, 1], g[2, 2], 2 * g[1, 2], 2 * g[0, 2], 2 * g[0, 1]])


def gram_from_metric(metric: npt.ArrayLike) -> FloatArray:
    """Gram matrix of the reciprocal basis, shape (3, 3), from (A..F)."""
    a, b, c, d, e, f = np.asarray(metric, dtype=np.float64)
    return np.array([[a, f / 2, e / 2], [f / 2, b, d / 2], [e / 2, d / 2, c]])


def is_positive_definite(gram: npt.ArrayLike) -> bool:
    """Whether a (3, 3) Gram matrix belongs to a lattice of three dimensions (with room for rounding)."""
    (a, f, e), (_, b, d), (_, _, c) = np.asarray(gram, dtype=np.float64).tolist()
    return spans_space(a, b, c, d, e, f)  # plain numbers are twenty times as fast as an array


def are_positive_definite(grams: FloatArray) -> npt.NDArray[np.bool_]:
    """:func:`is_positive_definite` for many Gram matrices (m, 3, 3), shape (m,)."""
    from hybrid_index.lattice import kernels

    return kernels.are_positive_definite(grams)


def spans_space(a: float, b: float, c: float, d: float, e: float, f: float) -> bool:
    """Whether vectors with the squares a, b, c and the products d = bc, e = ac, f = ab lie in no plane."""
    if not (a > 0.0 and b > 0.0 and c > 0.0 and math.isfinite(a + b + c + d + e + f)):
        return False
    # Sylvester's criterion on the cosines between the vectors
    alpha, beta, gamma = d * d / (b * c), e * e / (a * c), f * f / (a * b)
    volume = 1.0 + 2.0 * d * e * f / (a * b * c) - alpha - beta - gamma
    return bool(max(alpha, beta, gamma) < 1.0 and volume > 1e-12)


# Columns: primitive direct basis vectors in terms of the conventional ones.
_PRIMITIVE: dict[str, list[list[float]]] = {
    "P": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "I": [[-0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.5, 0.5, -0.5]],
    "F": [[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]],
    "A": [[1, 0, 0], [0, 0.5, 0.5], [0, -0.5, 0.5]],
    "B": [[0.5, 0, -0.5], [0, 1, 0], [0.5, 0, 0.5]],
    "C": [[0.5, 0.5, 0], [-0.5, 0.5, 0], [0, 0, 1]],
    "R": [[2 / 3, -1 / 3, -1 / 3], [1 / 3, 1 / 3, -2 / 3], [1 / 3, 1 / 3, 1 / 3]],
}


def primitive_basis(lattice: BravaisLattice | str) -> FloatArray:
    """Matrix whose columns are primitive direct basis vectors in the centred basis, shape (3, 3).

    Parameters
    ----------
    lattice
        A Bravais lattice, or the bare letter of a space-group symbol: P, A, B, C, I, F or R (obverse, hexagonal axes).

    Raises
    ------
    InputError
        For another letter.
    """
    centring = lattice.centring if isinstance(lattice, BravaisLattice) else lattice
    if centring not in _PRIMITIVE:
        raise InputError(f"unknown centring {centring!r}; it is one of {', '.join(_PRIMITIVE)}", source="centring")
    return np.array(_PRIMITIVE[centring], dtype=np.float64)


def primitive_gram(cell: Cell, lattice: BravaisLattice | str) -> FloatArray:
    """Direct Gram matrix (3, 3), Å², of a primitive (not yet reduced) basis of a cell; see :func:`primitive_basis`."""
    basis = primitive_basis(lattice)
    return np.asarray(basis.T @ cell.gram @ basis, dtype=np.float64)


def primitive_grams(metrics: FloatArray, codes: npt.NDArray[np.int64]) -> FloatArray:
    """:func:`primitive_gram` (m, 3, 3) of many reciprocal metrics (m, 6) of Bravais lattices with these codes (m,)."""
    from hybrid_index.lattice import kernels

    return kernels.primitive_grams(metrics, codes)
