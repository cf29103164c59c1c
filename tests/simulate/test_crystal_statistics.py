from __future__ import annotations

from importlib.resources import files

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS, BravaisLattice, Cell
from hybrid_index.simulate.crystal_statistics import (
    CrystalStatistics,
    default_statistics,
    from_quantiles,
    read_table,
    shape_coordinates,
)


def test_tables_are_small_and_say_how_they_were_made() -> None:
    folder = files("hybrid_index.simulate") / "data"
    for name in ("crystal_statistics", "extinction_classes"):
        assert len((folder / f"{name}.json").read_bytes()) < 100_000
        table = read_table(name)
        assert table["made_by"].startswith("python -m benchmarks.")
        assert "none of a lattice that is among the measured patterns" in table["from"]


def test_shares_and_quantiles_are_such() -> None:
    statistics = default_statistics()
    assert statistics.cells.share.sum() == pytest.approx(1.0)
    assert (statistics.cells.share > 0.0).all()
    assert (np.diff(statistics.cells.quantiles, axis=2) >= 0.0).all()
    for lattice in BRAVAIS_LATTICES:
        root = statistics.cells.cholesky[lattice.code]
        n = int(np.count_nonzero(np.diag(root)))
        assert n == len(shape_coordinates(Cell(a=5, b=6, c=7, beta=99), lattice))
        assert np.diag(root @ root.T)[:n] == pytest.approx(1.0)
    for kind in statistics.chemistry.values():
        assert set(kind.site_orders) == set(CRYSTAL_SYSTEMS)
        assert 5.0 < float(from_quantiles(kind.volume_per_atom, 0.5)) < 30.0


def test_common_space_groups_are_common() -> None:
    counts = default_statistics().space_groups
    five = sorted(counts, key=lambda number: -counts[number])[:5]
    assert {14, 2} <= set(five)
    assert sum(counts.values()) > 1500


def test_quantiles_are_read_linearly() -> None:
    table = np.linspace(10.0, 20.0, 21)
    assert from_quantiles(table, np.array([0.0, 0.33, 1.0])) == pytest.approx([10.0, 13.3, 20.0])


def test_angles_are_coordinates_where_they_are_free() -> None:
    cell = Cell(a=5, b=6, c=7, alpha=80, beta=95, gamma=100)
    assert shape_coordinates(cell, BravaisLattice.AP)[3:] == [80, 95, 100]
    assert shape_coordinates(Cell(a=5, b=6, c=7, beta=95), BravaisLattice.MP)[3:] == [95]
    assert len(shape_coordinates(Cell(a=5, b=5, c=7), BravaisLattice.TI)) == 2


def test_a_damaged_table_is_refused() -> None:
    table = read_table("crystal_statistics")
    del table["lattices"]["oF"]
    with pytest.raises(InputError, match="make them anew"):
        CrystalStatistics.from_document(table)
