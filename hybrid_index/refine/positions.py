"""Where given reflections are observed, and how that changes with the cell and the shifts: what a fit asks for."""

from __future__ import annotations

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.line_assignment import Model
from hybrid_index.units import FloatArray

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
        Shape (n,), 2θ in degrees, NaN where the wavelength cannot reach or the angles close no cell.
    slopes : numpy.ndarray
        Shape (p + 2, n), degrees per unit, NaN where the positions are: by the p :func:`free_parameters` of the lattice
        (Å and degrees), the zero shift (degrees) and the displacement (mm).
    """
    metric, by_cell = metric_and_slopes(np.array(model.cell.parameters))
    by_free = _TIES[model.lattice.value[0]] @ by_cell
    positions, slopes = np.empty(len(products)), np.empty((len(by_free) + 2, len(products)))
    shifts = model.zero_shift_deg, model.displacement_mm
    _observe(metric, by_free, products, wavelength_angstrom, *shifts, model.radius_mm, positions, slopes)
    return positions, slopes


@kernel
def metric_and_slopes(cell: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Reciprocal metric A..F (6,), Å⁻², of a cell (6,), Å and degrees, and its derivatives by these (6, 6).

    Rows are a, b, c, α, β, γ: Å⁻² per Å and per degree. NaN where an edge is not positive or the angles close no cell.
    """
    metric, slopes = np.full(6, np.nan), np.full((6, 6), np.nan)
    edges, angles = cell[:3], np.radians(cell[3:])
    cosines, sines = np.cos(angles), np.sin(angles)
    # Square of the volume over that of the edges, and the cofactors of the matrix of cosines.
    volume = 1.0 + 2.0 * cosines[0] * cosines[1] * cosines[2] - np.sum(cosines * cosines)
    if not (volume > 0.0 and edges.min() > 0.0):
        return metric, slopes
    g = np.empty((3, 3))
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        g[i, i] = sines[i] * sines[i]
        g[j, k] = g[k, j] = cosines[j] * cosines[k] - cosines[i]
    for i in range(3):
        for j in range(3):
            g[i, j] /= edges[i] * edges[j] * volume
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        metric[i], metric[3 + i] = g[i, i], 2.0 * g[j, k]
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        # With the angles held an edge only scales its reciprocal vector: A goes as a⁻², E as (ac)⁻¹.
        slopes[i] = 0.0
        slopes[i, i] = -2.0 * metric[i] / edges[i]
        slopes[i, 3 + j], slopes[i, 3 + k] = -metric[3 + j] / edges[i], -metric[3 + k] / edges[i]
        # −G*·∂G/∂angle·G*, where ∂G/∂angle has but one element and its mirror image.
        moved = edges[j] * edges[k] * sines[i] * np.pi / 180.0
        for m in range(3):
            n, o = (m + 1) % 3, (m + 2) % 3
            slopes[3 + i, m] = 2.0 * moved * g[j, m] * g[k, m]
            slopes[3 + i, 3 + m] = 2.0 * moved * (g[j, n] * g[k, o] + g[j, o] * g[k, n])
    return metric, slopes


@kernel
def _observe(
    metric: FloatArray,
    by_free: FloatArray,
    products: FloatArray,
    wavelength_angstrom: float,
    zero_shift_deg: float,
    displacement_mm: float,
    radius_mm: float,
    positions: FloatArray,
    slopes: FloatArray,
) -> None:
    """Fill in what :func:`positions_and_slopes` returns; *by_free* (p, 6) are the derivatives of the metric."""
    p = by_free.shape[0]
    for i in range(products.shape[0]):
        q = 0.0
        for m in range(6):
            q += metric[m] * products[i, m]
        sine = 0.5 * wavelength_angstrom * np.sqrt(q) if q >= 0.0 else np.nan
        if not 0.0 < sine < 1.0:  # at either end the slope is infinite
            positions[i], slopes[:, i] = np.nan, np.nan
            continue
        cosine = np.sqrt(1.0 - sine * sine)
        leverage = -np.degrees(2.0 * cosine / radius_mm)
        positions[i] = np.degrees(2.0 * np.arcsin(sine)) + zero_shift_deg + displacement_mm * leverage
        stretch = np.degrees(1.0 + displacement_mm / radius_mm * sine)
        for j in range(p):
            by_q = 0.0
            for m in range(6):
                by_q += by_free[j, m] * products[i, m]
            slopes[j, i] = stretch * by_q * wavelength_angstrom**2 / (4.0 * sine * cosine)
        slopes[p, i], slopes[p + 1, i] = 1.0, leverage


def _ties(family: str) -> FloatArray:
    """∂(all cell parameters)/∂(free ones), shape (p, 6)."""
    ties = np.zeros((len(_FREE[family]), 6))
    for row, name in enumerate(_FREE[family]):
        for each in (name, *(_TIED.get(family, ()) if name == "a" else ())):
            ties[row, _CELL.index(each)] = 1.0
    return ties


_TIES = {family: _ties(family) for family in _FREE}
