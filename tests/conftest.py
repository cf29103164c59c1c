"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hybrid_index import __version__
from hybrid_index.config import Settings
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import (
    Assignment,
    Candidate,
    Equivalent,
    IndexingResult,
    Merit,
    Pattern,
    PeakList,
    Refinement,
    Shift,
    Solution,
)
from hybrid_index.units import parse_radiation, q_from_two_theta, shift_two_theta, two_theta_from_q

SHARED_DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
FOREIGN_LINE_DEG = 28.912
ANGLESITE = Cell(a=8.482, b=5.398, c=6.959)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of measured patterns and structures that lies beside the checkout, not in it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the folder of measured data (../shared/data) is absent")
    return SHARED_DATA


@pytest.fixture
def peaks() -> PeakList:
    """First 24 lines of the lattice of anglesite with a zero shift of 0.04°, and one foreign line."""
    radiation = parse_radiation("CuKa1")
    q_max = float(q_from_two_theta(60.0, radiation.wavelength_angstrom))
    lines = enumerate_reflections(ANGLESITE.metric, BravaisLattice.OP, q_max, merge_equal_q=True)
    two_theta = shift_two_theta(two_theta_from_q(lines.q[:24], radiation.wavelength_angstrom), zero_shift_deg=0.04)
    noise = np.random.default_rng(0).normal(0.0, 0.005, two_theta.size)
    positions = np.append(two_theta + noise, FOREIGN_LINE_DEG)
    return PeakList.from_positions(
        positions,
        radiation=radiation,
        intensity=np.geomspace(1000.0, 40.0, positions.size),
        fwhm_deg=np.full(positions.size, 0.12),
        two_theta_esd_deg=0.005,
        name="anglesite",
    )


@pytest.fixture
def pattern(peaks: PeakList) -> Pattern:
    """A pattern with Gaussian lines at the positions of the list, from 10 to 50°."""
    x = np.arange(10.0, 50.0, 0.02)
    y = np.full(x.size, 50.0)
    for position, height in zip(peaks.two_theta_deg, peaks.intensity, strict=True):
        y += height * np.exp(-4.0 * np.log(2.0) * ((x - position) / 0.12) ** 2)
    counts = np.random.default_rng(1).poisson(y).astype(np.float64)
    return Pattern(two_theta_deg=x, intensity=counts, radiation=peaks.radiation, name="anglesite")


@pytest.fixture
def make_result(peaks: PeakList) -> Callable[..., IndexingResult]:
    """Build a result for the lines of ``peaks``: the true cell, and a worse one below it."""

    def build(status: str = "solved", *, probability: float = 0.98, n_solutions: int = 2) -> IndexingResult:
        cells = [(BravaisLattice.OP, ANGLESITE)]
        cells += [(BravaisLattice.AP, Cell(a=5.4, b=6.96, c=8.48, alpha=90.3, beta=90.1, gamma=90.2))] * (
            n_solutions - 1
        )
        solutions = tuple(
            _solution(peaks, lattice, cell, rank=rank, probability=probability / rank)
            for rank, (lattice, cell) in enumerate(cells, start=1)
        )
        return IndexingResult(
            id="anglesite.xye",
            status=status,  # type: ignore[arg-type]
            reasons=("one line is not indexed",),
            peaks=peaks,
            solutions=solutions[:n_solutions],
            timing_s={"total": 1.25, "peaks": 0.25, "search": 0.5, "refine": 0.25, "rank": 0.25},
            settings=Settings().as_dict(),
            version=__version__,
            seed=0,
        )

    return build


def _solution(peaks: PeakList, lattice: BravaisLattice, cell: Cell, *, rank: int, probability: float) -> Solution:
    q_max = 1.1 * float(peaks.q[-1])
    lines = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    calculated = shift_two_theta(two_theta_from_q(lines.q, peaks.wavelength_angstrom), zero_shift_deg=0.04)
    nearest = np.abs(calculated[None, :] - peaks.two_theta_deg[:, None]).argmin(axis=1)
    indexed = np.abs(calculated[nearest] - peaks.two_theta_deg) < 0.05
    return Solution(
        rank=rank,
        probability=probability,
        equivalents=(Equivalent(bravais_lattice=BravaisLattice.MP, cell=cell, relation="lower symmetry"),),
        refinement=Refinement(
            candidate=Candidate(bravais_lattice=lattice, metric=cell.metric, source="test"),
            cell=cell,
            cell_esd=Cell(a=0.0003, b=0.0002, c=0.00021, alpha=0.0, beta=0.0, gamma=0.0),
            shift=Shift(zero_shift_deg=0.041, zero_shift_esd_deg=0.003, combined_deg=0.04, combined_esd_deg=0.001),
            assignment=Assignment(
                indexed=indexed,
                hkl=np.where(indexed[:, None], lines.hkl[nearest], 0),
                two_theta_calc_deg=np.where(indexed, calculated[nearest], np.nan),
            ),
            merit=Merit(m20=45.2, f20=71.3, m_rev=3.1, m_sym=140.0, info=88.0, n_possible=26),
            parameter_names=("A", "B", "C", "zero_shift_deg"),
            covariance=np.diag([1e-10, 1e-10, 1e-10, 9e-6]),
        ),
    )
