from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.lattice import BRAVAIS_LATTICES, metric_subspace
from hybrid_index.neural.labels import FAMILIES, FAMILY_OF_CODE, Vocabulary, label_rows
from hybrid_index.refine.hkl import enumerate_reflections
from tests.synthetic import TYPICAL, B


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES, ids=lambda lattice: lattice.value)
def test_rows_give_q_from_the_free_parameters(lattice: B) -> None:
    metric = TYPICAL[lattice].metric
    lines = enumerate_reflections(metric, lattice, 0.4, merge_equal_q=True)
    free = np.linalg.lstsq(metric_subspace(lattice), metric, rcond=None)[0]
    hkl = lines.hkl.astype(np.int64)
    rows = label_rows(hkl, lattice)
    np.testing.assert_allclose(rows @ free, lines.q, rtol=1e-9)
    np.testing.assert_array_equal(rows, label_rows(-hkl, lattice))


def test_reflections_of_hexagonal_and_rhombohedral_lattices_share_labels() -> None:
    hkl = np.array([[1, 0, 1], [0, 1, 1], [-1, 1, 1], [1, 1, 0]])
    rows = label_rows(hkl, B.HR)
    np.testing.assert_array_equal(rows, label_rows(hkl, B.HP))
    assert len(np.unique(rows, axis=0)) == 2


def test_labels_are_places_in_the_vocabulary() -> None:
    sizes = (2, 1, 1, 1, 1, 1)
    hkl = np.array([[[1, 1, 1], [2, 0, 0], [2, 2, 0]]] * 2 + [[[0, 0, 1], [1, 0, 0], [1, 0, 0]]] * 4)
    families = [FAMILIES.index(name) for name in ("hexagonal", "tetragonal", "orthorhombic", "monoclinic")]
    codes = np.array([b.code for b in (B.CF, B.CF, B.HP, B.TP, B.OP, B.MP)])
    assert FAMILY_OF_CODE[codes].tolist() == [0, 0, *families]
    triclinic = np.array([[[1, 0, 0]] * 3])
    hkl, codes = np.concatenate([hkl, triclinic]), np.append(codes, B.AP.code)
    counted = np.ones(hkl.shape[:2], dtype=bool)
    counted[1, 2] = False  # 220 is counted once, 111 and 200 twice
    known = Vocabulary.commonest(hkl, codes, counted, sizes)
    assert known.sizes == sizes
    assert sorted(known.rows[0].ravel().tolist()) == [3, 4]
    labels = known.encode(hkl, codes)
    assert (labels[:2, 2] == -1).all()
    assert known.rows[0][labels[0, :2], 0].tolist() == [3, 4]
    assert labels[2].tolist() == [-1, 0, 0]
    again = Vocabulary.from_arrays(known.arrays())
    assert all(np.array_equal(a, b) for a, b in zip(known.rows, again.rows, strict=True))
