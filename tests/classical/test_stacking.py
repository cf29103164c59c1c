"""From a plane that is known to the lattice above it."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.classical.leaning import lean_planes, lean_rectangles
from hybrid_index.classical.planes import OBLIQUE, RECTANGULAR, RHOMBIC, reduce_plane
from hybrid_index.classical.stacking import stack_planes
from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, Cell
from hybrid_index.search.pool import Pool, Prepared
from hybrid_index.types import Candidate
from hybrid_index.units import FloatArray
from tests.synthetic import TYPICAL, B, is_lattice, line_list, true_positions


def ready_for(lattice: B) -> Prepared:
    return Prepared.from_peaks(line_list(TYPICAL[lattice], lattice), Settings())


def plane(q1: float, q2: float, r: float, kind: int) -> FloatArray:
    row = np.array([[q1, q2, r, float(kind)]])
    reduce_plane(row[0])
    return row


def stacked(planes: FloatArray, ready: Prepared, *, volume_max: float = 10_000.0, height_min: float = 1e-4) -> Pool:
    pool, w = Pool(500), ready.windows
    pool.size = stack_planes(
        planes, w.q, w.tolerance, w.q_max, height_min, volume_max, w.table, w.bins_per_q, ready.odds,
        pool.scores, pool.rows, pool.size,
    )  # fmt: skip
    return pool


def best(pool: Pool, n: int = 5) -> list[Candidate]:
    order = np.argsort(-pool.scores[: pool.size])[:n]
    return [
        Candidate(bravais_lattice=BRAVAIS_LATTICES[int(pool.rows[i, 6])], metric=pool.rows[i, :6], source="test")
        for i in order
    ]


def planes_of(lattice: B) -> list[tuple[str, FloatArray]]:
    """Planes of the reciprocal lattice with an axis perpendicular to them, by the kind of their points."""
    a, b, c, _, e, _ = TYPICAL[lattice].metric
    match lattice:
        case B.OP:
            return [("hk0", plane(a, b, 0.0, RECTANGULAR)), ("0kl", plane(b, c, 0.0, RECTANGULAR))]
        case B.OC:
            # hk0 has h + k even; of h0l and 0kl every second row belongs to odd layers.
            return [
                ("hk0", plane(a, b, 0.0, RHOMBIC)),
                ("h0l", plane(4.0 * a, c, 0.0, RECTANGULAR)),
                ("0kl", plane(4.0 * b, c, 0.0, RECTANGULAR)),
            ]
        case B.OI:
            return [("hk0", plane(a, b, 0.0, RHOMBIC)), ("h0l", plane(a, c, 0.0, RHOMBIC))]
        case B.OF:
            return [("hk0", plane(4.0 * a, 4.0 * b, 0.0, RECTANGULAR))]
        case B.MP:
            return [("h0l", plane(a, c, e, OBLIQUE))]
        case B.MC:
            return [("h0l", plane(4.0 * a, c, 2.0 * e, OBLIQUE))]
    raise AssertionError(lattice)


KNOWN = [(x, name, rows) for x in (B.OP, B.OC, B.OI, B.OF, B.MP, B.MC) for name, rows in planes_of(x)]


@pytest.mark.parametrize(("lattice", "name", "rows"), KNOWN, ids=[f"{x.value}-{name}" for x, name, _ in KNOWN])
def test_lattice_over_a_known_plane(lattice: B, name: str, rows: FloatArray) -> None:
    found = best(stacked(rows, ready_for(lattice)), 10)
    assert any(c.bravais_lattice is lattice and is_lattice(c, TYPICAL[lattice], lattice, tolerance=0.01) for c in found)


@pytest.mark.parametrize("basis", [np.eye(2), [[1, 1], [0, 1]], [[0, 1], [1, 0]], [[1, 0], [1, 1]]])
def test_centred_monoclinic_in_every_basis_of_its_plane(basis: list[list[int]]) -> None:
    """Odd layers may be offset along either axis of the reduced plane or along their sum."""
    cell = Cell(a=12.31, b=6.87, c=9.05, beta=111.2)
    a, _, c, _, e, _ = cell.metric
    gram = np.array([[4.0 * a, e], [e, c]])
    gram = np.array(basis).T @ gram @ np.array(basis)
    row = np.array([[gram[0, 0], gram[1, 1], 2.0 * gram[0, 1], float(OBLIQUE)]])
    found = best(stacked(row, ready_for(B.MC)), 10)
    assert any(x.bravais_lattice is B.MC and is_lattice(x, TYPICAL[B.MC], B.MC, tolerance=0.01) for x in found)


def test_limits_of_height_and_volume() -> None:
    (_, rows), *_ = planes_of(B.OP)
    ready = ready_for(B.OP)
    high = stacked(rows, ready, height_min=0.03)
    upright = high.rows[: high.size][high.rows[: high.size, 6] == B.OP.code]
    assert len(upright)
    assert np.all(upright[:, 2] > 0.03)
    small = stacked(rows, ready, volume_max=200.0)
    found = best(small, small.size)
    assert found
    volumes = [Cell.from_metric(c.metric).volume / c.bravais_lattice.lattice_points for c in found]
    assert max(volumes) <= 200.0 * 1.001


def test_leaning_layers_over_a_known_plane() -> None:
    a, b, c, d, e, f = TYPICAL[B.AP].metric
    ready = ready_for(B.AP)
    w = ready.windows
    for rows in (plane(a, b, f, OBLIQUE), plane(b, c, d, OBLIQUE), plane(a, c, e, OBLIQUE)):
        pool = Pool(500)
        pool.size = lean_planes(
            rows, w.q, w.tolerance, w.q_max, 14, 1e-4, 10_000.0, w.table, w.bins_per_q, ready.odds,
            pool.scores, pool.rows, 0,
        )  # fmt: skip
        assert any(is_lattice(x, TYPICAL[B.AP], B.AP, tolerance=0.01) for x in best(pool, 10))


@pytest.mark.parametrize("lattice", [B.MP, B.MC])
def test_leaning_rectangles(lattice: B) -> None:
    a, b, c, _, _, _ = TYPICAL[lattice].metric
    ready = ready_for(lattice)
    w = ready.windows
    rows = [plane(b, c, 0.0, RECTANGULAR), plane(a, b, 0.0, RECTANGULAR)]
    if lattice is B.MC:
        rows = [plane(4.0 * b, c, 0.0, RECTANGULAR), plane(a, b, 0.0, RHOMBIC)]
    hits = 0
    for row in rows:
        pool = Pool(500)
        pool.size = lean_rectangles(
            row, w.q, w.tolerance, w.q_max, 20, 1e-4, 10_000.0, w.table, w.bins_per_q, ready.odds,
            pool.scores, pool.rows, 0,
        )  # fmt: skip
        found = best(pool, 10)
        hits += any(
            x.bravais_lattice is lattice and is_lattice(x, TYPICAL[lattice], lattice, tolerance=0.01) for x in found
        )
    assert hits == len(rows)


def test_true_heights_survive_a_foreign_line() -> None:
    (_, rows), *_ = planes_of(B.OP)
    positions = true_positions(TYPICAL[B.OP], B.OP)
    peaks = line_list(TYPICAL[B.OP], B.OP, foreign_deg=[0.5 * (positions[4] + positions[5])])
    found = best(stacked(rows, Prepared.from_peaks(peaks, Settings())))
    assert any(is_lattice(x, TYPICAL[B.OP], B.OP, tolerance=0.01) for x in found)
