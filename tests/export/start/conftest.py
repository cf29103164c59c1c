"""Starts of known lattices: with a Le Bail fit of a simulated pattern, and quick ones without."""

from __future__ import annotations

from collections.abc import Callable

import gemmi
import numpy as np
import pytest

from hybrid_index import __version__
from hybrid_index.config import Settings
from hybrid_index.export.start import RefinementStart, prepare
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import Background, Lines, Profile, simulate_pattern
from hybrid_index.types import (
    Assignment,
    Candidate,
    IndexingResult,
    Merit,
    Pattern,
    PeakList,
    Refinement,
    Shift,
    Solution,
)
from hybrid_index.units import parse_radiation, q_from_two_theta, shift_two_theta, two_theta_from_q

ZERO_DEG, DISPLACEMENT_MM, RADIUS_MM = 0.061, 0.135, 240.0
"""Both positive: at low angles the one takes lines up, the other down, and a wrong sign shows."""
MakeStart = Callable[..., RefinementStart]


def known_pattern(
    cell: Cell, lattice: BravaisLattice, radiation_text: str = "CuKa", end_deg: float = 70.0, group: str | None = None
) -> Pattern:
    """A pattern with all reflections that the lattice has, or a space group of it lets exist."""
    radiation = parse_radiation(radiation_text)
    q_max = float(q_from_two_theta(end_deg + 2.0, radiation.wavelength_angstrom))
    found = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    intensity = np.random.default_rng(1).uniform(10.0, 100.0, found.q.size)
    if group is not None:
        intensity[gemmi.find_spacegroup_by_name(group).operations().systematic_absences(found.hkl)] = 0.0
    lines = Lines(
        two_theta_deg=two_theta_from_q(found.q, radiation.wavelength_angstrom),
        q=found.q,
        intensity=intensity,
        hkl=found.hkl.astype(np.int64),
        multiplicity=found.multiplicity,
        radiation=radiation,
    )
    return simulate_pattern(
        lines, two_theta_range_deg=(8.0, end_deg), step_deg=0.02, strongest_counts=8000.0,
        zero_shift_deg=ZERO_DEG, displacement_mm=DISPLACEMENT_MM, radius_mm=RADIUS_MM,
        profile=Profile(u=0.004, v=-0.002, w=0.010, eta=0.5, axial_divergence_deg=1.0),
        background=Background(constant=50.0, exponential=300.0), seed=2, name="known",
    )  # fmt: skip


def known_result(cell: Cell, lattice: BravaisLattice, pattern: Pattern) -> IndexingResult:
    """A result whose one solution is the truth."""
    assert pattern.radiation is not None
    wavelength = pattern.radiation.wavelength_angstrom
    found = enumerate_reflections(cell.metric, lattice, float(q_from_two_theta(60.0, wavelength)), merge_equal_q=True)
    x = shift_two_theta(
        two_theta_from_q(found.q, wavelength), zero_shift_deg=ZERO_DEG, displacement_mm=DISPLACEMENT_MM,
        radius_mm=RADIUS_MM,
    )[:30]  # fmt: skip
    peaks = PeakList.from_positions(x, radiation=pattern.radiation, fwhm_deg=0.12, name="known", source="known.xye")
    n = len(peaks)
    refinement = Refinement(
        candidate=Candidate(bravais_lattice=lattice, metric=cell.metric, source="test"),
        cell=cell,
        cell_esd=Cell(a=0.0003, b=0.0002, c=0.0004, alpha=0.0, beta=0.0, gamma=0.0),
        shift=Shift(zero_shift_deg=ZERO_DEG, displacement_mm=DISPLACEMENT_MM),
        assignment=Assignment(
            indexed=np.arange(n) != 2,
            hkl=found.hkl[:n].astype(np.int64),
            two_theta_calc_deg=np.where(np.arange(n) == 2, np.nan, x),
        ),
        merit=Merit(m20=45.2, f20=71.3, m_rev=3.1, m_sym=140.0, info=88.0, n_possible=26),
    )
    return IndexingResult(
        id="known.xye",
        status="solved",
        reasons=(),
        peaks=peaks,
        solutions=(Solution(rank=1, refinement=refinement, probability=0.97),),
        timing_s={},
        settings=Settings(radius_mm=RADIUS_MM).as_dict(),
        version=__version__,
        seed=0,
    )


@pytest.fixture(scope="session")
def quick_start() -> MakeStart:
    """Make a start without a fit."""

    def make(
        cell: Cell, lattice: BravaisLattice, *, space_group: str | None = None, radiation: str = "CuKa"
    ) -> RefinementStart:
        pattern = known_pattern(cell, lattice, radiation, end_deg=50.0)
        return prepare(known_result(cell, lattice, pattern), pattern=pattern, space_group=space_group, fit=False)

    return make


@pytest.fixture(scope="session")
def start() -> RefinementStart:
    """A monoclinic lattice with its Le Bail fit."""
    cell, lattice = Cell(a=7.12, b=8.36, c=5.93, beta=103.4), BravaisLattice.MP
    pattern = known_pattern(cell, lattice, group="P 1 21/c 1")
    return prepare(known_result(cell, lattice, pattern), pattern=pattern, space_group="P 1 21/c 1")


@pytest.fixture(scope="session")
def start_without_pattern() -> RefinementStart:
    cell, lattice = Cell(a=5.6402, b=5.6402, c=5.6402), BravaisLattice.CF
    return prepare(known_result(cell, lattice, known_pattern(cell, lattice)))
