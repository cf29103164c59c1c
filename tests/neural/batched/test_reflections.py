from __future__ import annotations

import numpy as np
import pytest
import torch

from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.batched.reflections import positions, rows_of
from hybrid_index.refine.hkl import fill_reflections
from tests.synthetic import B, random_cell


def numba_reflections(metric: np.ndarray, code: int, q_max: float, most: int) -> set[tuple[float, ...]] | None:
    hkl, q = np.empty((most, 3), dtype=np.int32), np.empty(most)
    n = fill_reflections(metric, code, q_max, hkl, q)
    return None if n < 0 else {(*hkl[i].tolist(), round(float(q[i]), 9)) for i in range(n)}


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES, ids=lambda lattice: lattice.value)
def test_the_same_reflections_as_one_by_one(lattice: B) -> None:
    rng = np.random.default_rng(lattice.code)
    cells = [random_cell(lattice, rng, volume=float(np.exp(rng.uniform(3.0, 9.5)))) for _ in range(40)]
    metrics, q_max, most = np.array([cell.metric for cell in cells]), rng.uniform(0.1, 0.4, len(cells)), 100
    codes = torch.full((len(cells),), lattice.code)
    rows = rows_of(torch.from_numpy(metrics), codes, torch.from_numpy(q_max), most)
    row, l, q = positions(rows)
    found = torch.stack([rows.h[row], rows.k[row], l, q], dim=1).numpy()
    owner = rows.lattice[row].numpy()
    numbers = rows.n_reflections.tolist()
    assert {n < 0 for n in numbers} == {False, True}
    for i, n in enumerate(numbers):
        expected = numba_reflections(metrics[i], lattice.code, float(q_max[i]), most)
        mine = {(*map(int, x[:3]), round(float(x[3]), 9)) for x in found[owner == i]}
        assert n == (-1 if expected is None else len(expected))
        assert mine == (expected or set())


def test_what_is_no_lattice_has_no_reflections_and_does_not_disturb() -> None:
    good = [0.01, 0.02, 0.03, 0.0, 0.0, 0.0]
    metrics = torch.tensor(
        [good, [-0.01, *good[1:]], [0.01, 0.01, 0.01, 0.03, 0.0, 0.0], [float("nan")] * 6, [1e-9, *good[1:]], good],
        dtype=torch.float64,
    )
    n = rows_of(metrics, torch.full((6,), B.AP.code), torch.full((6,), 0.2, dtype=torch.float64), 500).n_reflections
    assert n.tolist() == [n[0], -1, -1, -1, -1, n[0]]
    assert n[0] > 10
