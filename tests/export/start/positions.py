"""Where a program would draw lines: written anew from its manual, to compare with what the fit says."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray


def true_two_theta(cell: Sequence[float], hkl: IntArray, wavelength: float) -> FloatArray:
    """Bragg's law, degrees, from a, b, c, α, β, γ by the real-space metric tensor."""
    a, b, c = cell[:3]
    ca, cb, cg = (math.cos(math.radians(angle)) for angle in cell[3:])
    metric = np.array(
        [[a * a, a * b * cg, a * c * cb], [a * b * cg, b * b, b * c * ca], [a * c * cb, b * c * ca, c * c]]
    )
    q = np.einsum("ni,ij,nj->n", hkl, np.linalg.inv(metric), hkl)
    return np.asarray(2.0 * np.degrees(np.arcsin(wavelength / 2.0 * np.sqrt(q))), dtype=np.float64)
