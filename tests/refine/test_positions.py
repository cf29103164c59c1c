"""Where reflections are observed: the derivatives that the fit is given are those of the positions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.refine.line_assignment import Model, metric_products
from hybrid_index.refine.positions import complete_cell, free_parameters, metric_and_slopes, positions_and_slopes
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray
from tests.synthetic import TYPICAL

WAVELENGTH = 1.5406


def model_of(lattice: BravaisLattice, values: FloatArray) -> Model:
    *cell, zero, displacement = values.tolist()
    return Model(
        lattice=lattice,
        cell=complete_cell(dict(zip(free_parameters(lattice), cell, strict=True)), lattice),
        zero_shift_deg=zero,
        displacement_mm=displacement,
        radius_mm=185.0,
    )


def reflections_of(lattice: BravaisLattice, q_max: float = 1.2) -> IntArray:
    return enumerate_reflections(TYPICAL[lattice].metric, lattice, q_max).hkl.astype(np.int64)


def central_differences(function: Callable[[FloatArray], FloatArray], at: FloatArray) -> FloatArray:
    steps = 1e-5 * np.maximum(np.abs(at), 1.0)
    ahead, behind = (np.array([function(at + sign * step) for step in np.diag(steps)]) for sign in (1.0, -1.0))
    return np.asarray((ahead - behind) / (2.0 * steps[:, None]))


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_slopes_are_those_of_the_positions(lattice: BravaisLattice) -> None:
    hkl = reflections_of(lattice)
    values = np.array([*(getattr(TYPICAL[lattice], name) for name in free_parameters(lattice)), 0.07, -0.15])
    positions, slopes = positions_and_slopes(model_of(lattice, values), metric_products(hkl), WAVELENGTH)
    assert slopes.shape == (len(free_parameters(lattice)) + 2, len(hkl))
    np.testing.assert_allclose(positions, model_of(lattice, values).observed_two_theta(hkl, WAVELENGTH), rtol=1e-14)
    expected = central_differences(lambda v: model_of(lattice, v).observed_two_theta(hkl, WAVELENGTH), values)
    np.testing.assert_allclose(slopes, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("cell", [*TYPICAL.values(), Cell(a=4.0, b=9.0, c=6.0, alpha=62.0, beta=118.0, gamma=75.0)])
def test_slopes_of_the_metric(cell: Cell) -> None:
    metric, slopes = metric_and_slopes(np.array(cell.parameters))
    np.testing.assert_allclose(metric, cell.metric, rtol=1e-13, atol=1e-17)
    expected = central_differences(lambda p: Cell.from_parameters(p).metric, np.array(cell.parameters))
    np.testing.assert_allclose(slopes, expected, rtol=1e-6, atol=1e-10)


def test_out_of_reach_is_nan() -> None:
    cell = TYPICAL[BravaisLattice.CP]
    model = model_of(BravaisLattice.CP, np.array([cell.a, 0.0, 0.0]))
    positions, slopes = positions_and_slopes(model, metric_products(np.array([[1, 0, 0], [6, 0, 0]])), WAVELENGTH)
    assert np.isfinite(positions[0])
    assert np.isfinite(slopes[:, 0]).all()
    assert np.isnan(positions[1])
    assert np.isnan(slopes[:, 1]).all()


def test_angles_that_close_no_cell_give_nan() -> None:
    values = np.array([5.0, 6.0, 7.0, 140.0, 130.0, 120.0, 0.0, 0.0])
    positions, slopes = positions_and_slopes(
        model_of(BravaisLattice.AP, values), metric_products(np.eye(3, dtype=np.int64)), WAVELENGTH
    )
    assert np.isnan(positions).all()
    assert np.isnan(slopes).all()


def test_edges_that_vanish_and_reflections_straight_back_are_nan_and_no_error() -> None:
    for cell in (np.array([0.0, 5.0, 6.0, 90.0, 90.0, 90.0]), np.array([-4.0, 5.0, 6.0, 90.0, 90.0, 90.0])):
        assert all(np.isnan(part).all() for part in metric_and_slopes(cell))
    model = model_of(BravaisLattice.CP, np.array([2.0, 0.0, 0.0]))
    positions, slopes = positions_and_slopes(model, metric_products(np.array([[1, 0, 0]])), 4.0)
    assert np.isnan(positions).all()
    assert np.isnan(slopes).all()
