"""Lists such as training never shows: the networks must neither break a search nor spoil it."""

from __future__ import annotations

from typing import Literal

import pytest

from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.pipeline import index
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, two_theta_from_q
from tests.synthetic import TYPICAL, B, is_lattice, line_list

GIANT = Cell(a=28.31, b=28.31, c=37.6)
LISTS: dict[str, tuple[Cell, BravaisLattice, float, int]] = {
    "30,000 cubic ångström": (GIANT, B.TP, 1.54, 30),
    "neutrons of 2.4 Å": (TYPICAL[B.MP], B.MP, 2.4, 20),
    "five lines": (TYPICAL[B.CF], B.CF, 1.54, 5),
    "photons of 80 keV": (TYPICAL[B.OP], B.OP, 0.155, 30),
}


def _list(name: str) -> PeakList:
    cell, lattice, wavelength, n_lines = LISTS[name]
    q = line_list(cell, lattice, n_lines=n_lines).q
    return PeakList.from_positions(
        two_theta_from_q(q[q * wavelength**2 < 3.9], wavelength),
        radiation=Radiation(wavelength_angstrom=wavelength),
        two_theta_esd_deg=0.01 * min(1.0, wavelength),
    )


@pytest.mark.parametrize("name", LISTS)
def test_the_answer_is_no_worse_with_the_networks(name: str) -> None:
    cell, lattice, _, _ = LISTS[name]
    ways: tuple[Literal["never", "auto"], ...] = ("never", "auto")
    for neural in ways:
        settings = Settings(budget_s=10.0, neural=neural, max_volume_angstrom3=40_000.0, max_edge_angstrom=60.0)
        best = index(_list(name), settings=settings).best
        assert best is not None
        assert is_lattice(best.refinement.candidate, cell, lattice)


@pytest.mark.parametrize("name", LISTS)
def test_the_networks_alone_answer_without_complaint(name: str) -> None:
    result = index(_list(name), settings=Settings(budget_s=10.0, neural="only"))
    assert result.solutions or result.status == "not_found"
    assert all(0.0 <= solution.probability <= 1.0 for solution in result.solutions)
