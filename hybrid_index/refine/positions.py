"""Where given reflections are observed, and how that changes with the cell and the shifts: what a fit asks for."""

from __future__ import annotations

import numpy as np

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.line_assignment import Model
from hybrid_index.units import FloatArray, displacement_slope, dq_d_two_theta, two_theta_from_q

SHIFTS = ("zero", "displacement")
"""Names of the shifts among the parameters of a fit."""
_CELL = ("a", "b", "c", "alpha", "beta", "gamma")

# Cell parameters that are free in each family; the others follow from them.
_FREE: dict[str, tuple[str, ...]] = {
    "c": ("a",),
    "t": ("a", "c"),
    "h": ("a", "c"),
    "o": ("a", "b", "c"),
    "m": ("a", "b", "c", "beta"),
    "a": _CELL,
}
# Edges that go with the free parameter a.
_TIED: dict[str, tuple[str, ...]] = {"c": ("b", "c"), "t": ("b",), "h": ("b",)}


def free_parameters(lattice: BravaisLattice) -> tuple[str, ...]:
    """Names of the cell parameters that the symmetry of a lattice leaves free."""
    return _FREE[lattice.value[0]]


def complete_cell(values: dict[str, float], lattice: BravaisLattice) -> Cell:
    """The cell of a lattice whose free parameters are given (of at least ``a``)."""
    family = lattice.value[0]
    full = {"alpha": 90.0, "beta": 90.0, "gamma": 120.0 if family == "h" else 90.0, **values}
    full.setdefault("b", full["a"])
    full.setdefault("c", full["a"])
    return Cell(**full)


def positions_and_slopes(
    model: Model, products: FloatArray, wavelength_angstrom: float
) -> tuple[FloatArray, FloatArray]:
    """Where reflections are observed, degrees, and the derivatives of that.

    Parameters
    ----------
    model
        Cell and shifts.
    products
        Shape (n, 6), :func:`metric_products` of the reflections.
    wavelength_angstrom
        Wavelength in Å.

    Returns
    -------
    positions : numpy.ndarray
        Shape (n,), 2θ in degrees, NaN where the wavelength cannot reach.
    slopes : numpy.ndarray
        Shape (p + 2, n), degrees per unit: by the p :func:`free_parameters` of the lattice (Å and degrees), the zero
        shift (degrees) and the displacement (mm).
    """
    metric, by_cell = model.cell.metric_and_slopes
    true = two_theta_from_q(products @ metric, wavelength_angstrom)
    leverage = displacement_slope(true, radius_mm=model.radius_mm)
    stretch = 1.0 + model.displacement_mm / model.radius_mm * np.sin(np.radians(true / 2.0))
    by_free = _TIES[model.lattice.value[0]] @ by_cell
    slopes = np.ones((len(by_free) + 2, len(true)))
    slopes[:-2] = by_free @ products.T
    slopes[:-2] *= stretch / dq_d_two_theta(true, wavelength_angstrom)
    slopes[-1] = leverage
    return true + model.zero_shift_deg + model.displacement_mm * leverage, slopes


def _ties(family: str) -> FloatArray:
    """∂(all cell parameters)/∂(free ones), shape (p, 6)."""
    ties = np.zeros((len(_FREE[family]), 6))
    for row, name in enumerate(_FREE[family]):
        for each in (name, *(_TIED.get(family, ()) if name == "a" else ())):
            ties[row, _CELL.index(each)] = 1.0
    return ties


_TIES = {family: _ties(family) for family in _FREE}
