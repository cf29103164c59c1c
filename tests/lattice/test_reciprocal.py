from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.compiled import kernel
from hybrid_index.lattice.reciprocal import determinant, minors
from tests.synthetic import TYPICAL, B

CELL = TYPICAL[B.AP]


def test_the_determinant_gives_the_volume() -> None:
    assert determinant(*CELL.metric) == pytest.approx(CELL.volume**-2)


def test_minors_give_the_edges() -> None:
    squares = np.array(minors(*CELL.metric)) / determinant(*CELL.metric)
    np.testing.assert_allclose(np.sqrt(squares), CELL.parameters[:3])


def test_columns_and_kernels_give_the_same() -> None:
    metrics = np.array([CELL.metric, 2.0 * CELL.metric])
    np.testing.assert_allclose(determinant(*metrics.T), CELL.volume**-2 * np.array([1.0, 8.0]))
    assert kernel(determinant)(*CELL.metric.tolist()) == pytest.approx(CELL.volume**-2)
