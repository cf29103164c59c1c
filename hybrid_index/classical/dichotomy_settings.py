"""What :mod:`hybrid_index.classical.dichotomy` searches: lattices, in settings where every metric stands once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.classical import dichotomy_kernels as kernels
from hybrid_index.lattice import BravaisLattice
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray


@dataclass(frozen=True, slots=True)
class Family:
    """Metrics of one shape.

    Parameters
    ----------
    code
        What the kernels know it by.
    slots
        Which of (A, B, C, E) are free.
    powers
        Their powers in the determinant (0: none by itself).
    shells
        Edges of the volume shells, in units of the volume that would show as many lines as were seen, none missing.
    cost_s, growth
        Seconds that a search to this volume takes, and the power of the volume with which they grow.
    """

    code: int
    slots: tuple[int, ...]
    powers: tuple[int, ...]
    shells: tuple[float, ...]
    cost_s: float
    growth: int


_CUBIC = Family(kernels.CUBIC, (0,), (3,), (0.0, 4.0), 2e-4, 1)
_TETRAGONAL = Family(kernels.TETRAGONAL, (0, 2), (2, 1), (0.0, 4.0), 1.2e-2, 1)
_HEXAGONAL = Family(kernels.HEXAGONAL, (0, 2), (2, 1), (0.0, 4.0), 1.2e-2, 1)
_ORTHORHOMBIC = Family(kernels.ORTHORHOMBIC, (0, 1, 2), (1, 1, 1), (0.0, 1.0, 2.0, 4.0), 2e-2, 2)
_MONOCLINIC = Family(kernels.MONOCLINIC, (0, 1, 2, 3), (1, 1, 1, 0), (0.0, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0), 5e-2, 3)


@dataclass(frozen=True, slots=True)
class Setting:
    """One search: a lattice in a setting where each metric stands once.

    Monoclinic cells have reduced a*, c* (0 ≤ E ≤ min(A, C)); so one-face centring comes as C (either order of a*, c*)
    and as body centring I (A ≤ C), which :meth:`metric` turns into C.

    Parameters
    ----------
    lattice
        The Bravais lattice that is searched.
    family
        Shape of its metric.
    centring
        P, C, I, F or R, in the axes of the search.
    ordered
        Pairs (i, j) of parameters with θ_i ≤ θ_j.
    symmetry
        Order of the Laue group of the lattice.
    """

    lattice: BravaisLattice
    family: Family
    centring: str
    ordered: tuple[tuple[int, int], ...]
    symmetry: int

    def rows(self, lo: FloatArray, hi: FloatArray, q_max: float) -> FloatArray:
        """Return coefficients, shape (n, 4), of all reflections that reach Q ≤ q_max between the metrics lo and hi."""
        skew = 2.0 / math.sqrt(3.0) if self.family in (_MONOCLINIC, _HEXAGONAL) else 1.0
        edges = {_CUBIC: (0, 0, 0), _TETRAGONAL: (0, 0, 2), _HEXAGONAL: (0, 0, 2)}.get(self.family, (0, 1, 2))
        h_max, k_max, l_max = (int(skew * math.sqrt(q_max / lo[j])) for j in edges)
        l_min = -l_max if self.family is _MONOCLINIC or self.centring == "R" else 0
        h, k, l = np.mgrid[: h_max + 1, : k_max + 1, l_min : l_max + 1].reshape(3, -1)
        keep = _is_allowed(self.centring, h, k, l) & ((h > 0) | (l > 0) | ((l == 0) & (k > 0)))
        h, k, l = h[keep], k[keep], l[keep]
        zero = np.zeros_like(h)
        columns = {
            _CUBIC: (h * h + k * k + l * l, zero, zero, zero),
            _TETRAGONAL: (h * h + k * k, zero, l * l, zero),
            _HEXAGONAL: (h * h + h * k + k * k, zero, l * l, zero),
            _ORTHORHOMBIC: (h * h, k * k, l * l, zero),
            _MONOCLINIC: (h * h, k * k, l * l, h * l),
        }[self.family]
        rows = np.stack(columns, axis=1).astype(np.float64)
        if len(self.family.slots) < 3:
            rows = np.unique(rows, axis=0)
        lowest = np.where(rows > 0.0, rows * lo[: kernels.N_METRIC], rows * hi[: kernels.N_METRIC]).sum(axis=1)
        return np.asarray(rows[lowest <= q_max])

    def metric(self, theta: FloatArray) -> FloatArray:
        """Return the reciprocal metric (A..F), shape (6,), of the conventional cell at θ."""
        a, b, c, e = theta[: kernels.N_METRIC]
        if self.family is _CUBIC:
            return np.array([a, a, a, 0.0, 0.0, 0.0])
        if self.family is _TETRAGONAL:
            return np.array([a, a, c, 0.0, 0.0, 0.0])
        if self.family is _HEXAGONAL:
            return np.array([a, a, c, 0.0, 0.0, a])
        if self.family is _MONOCLINIC and self.centring == "I":
            e = abs(e)
            return np.array([a, b, a - e + c, 0.0, 2.0 * a - e, 0.0])
        return np.array([a, b, c, 0.0, abs(e), 0.0])


def _is_allowed(centring: str, h: IntArray, k: IntArray, l: IntArray) -> npt.NDArray[np.bool_]:
    if centring == "C":
        return np.asarray((h + k) % 2 == 0)
    if centring == "I":
        return np.asarray((h + k + l) % 2 == 0)
    if centring == "F":
        return np.asarray(((h + k) % 2 == 0) & ((k + l) % 2 == 0))
    if centring == "R":
        return np.asarray((-h + k + l) % 3 == 0)
    return np.ones(h.shape, dtype=np.bool_)


_B = BravaisLattice
SETTINGS: tuple[Setting, ...] = (
    Setting(_B.CP, _CUBIC, "P", (), 48),
    Setting(_B.CI, _CUBIC, "I", (), 48),
    Setting(_B.CF, _CUBIC, "F", (), 48),
    Setting(_B.TP, _TETRAGONAL, "P", (), 16),
    Setting(_B.TI, _TETRAGONAL, "I", (), 16),
    Setting(_B.HP, _HEXAGONAL, "P", (), 24),
    Setting(_B.HR, _HEXAGONAL, "R", (), 12),
    Setting(_B.OP, _ORTHORHOMBIC, "P", ((0, 1), (1, 2)), 8),
    Setting(_B.OC, _ORTHORHOMBIC, "C", ((0, 1),), 8),
    Setting(_B.OI, _ORTHORHOMBIC, "I", ((0, 1), (1, 2)), 8),
    Setting(_B.OF, _ORTHORHOMBIC, "F", ((0, 1), (1, 2)), 8),
    Setting(_B.MP, _MONOCLINIC, "P", ((0, 2),), 4),
    Setting(_B.MC, _MONOCLINIC, "C", (), 4),
    Setting(_B.MC, _MONOCLINIC, "I", ((0, 2),), 4),
)
"""Every search, highest symmetry first."""
