"""Cells with one short axis, whose first lines all lie in one plane."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.classical.dominant import DominantZones
from hybrid_index.config import Settings
from hybrid_index.lattice import Cell
from hybrid_index.search.pool import SEARCH_LINES
from tests.synthetic import B, Unlimited, is_lattice, line_list

FLAT: dict[B, Cell] = {
    B.HP: Cell(a=29.28, b=29.28, c=3.25, gamma=120.0),
    B.TP: Cell(a=26.4, b=26.4, c=3.41),
    B.OP: Cell(a=24.1, b=31.7, c=3.52),
    B.MC: Cell(a=29.4, b=25.1, c=3.853, beta=95.2),
    B.AP: Cell(a=3.62, b=21.3, c=23.8, alpha=96.1, beta=92.2, gamma=94.6),
}


@pytest.mark.parametrize("lattice", FLAT, ids=str)
def test_the_short_axis_is_found_from_lines_beyond_the_plane(lattice: B) -> None:
    cell = FLAT[lattice]
    peaks = line_list(cell, lattice, n_lines=60, noise=np.random.default_rng(lattice.code), esd_deg=0.005)
    wanted = Settings.from_mapping({"systems": [lattice.crystal_system]})
    found = list(DominantZones().propose(peaks, wanted, Unlimited()))
    assert {c.bravais_lattice.crystal_system for c in found} <= {lattice.crystal_system}
    assert any(c.bravais_lattice is lattice and is_lattice(c, cell, lattice) for c in found)


def test_nothing_is_proposed_where_no_plane_dominates() -> None:
    peaks = line_list(Cell(a=6.1, b=7.2, c=8.3), B.OP, n_lines=50, esd_deg=0.005)
    assert not list(DominantZones().propose(peaks, Settings(), Unlimited()))
    few = peaks.select(np.arange(SEARCH_LINES))
    assert not list(DominantZones().propose(few, Settings(), Unlimited()))
