"""Evidence of whole-pattern fits: the true cell against its derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail import LeBailFit, compare, foreign_lines, lebail_fit
from hybrid_index.refine.lebail.score import FOREIGN_LINE_BITS, misfit_nats
from hybrid_index.types import Pattern, PeakList
from hybrid_index.units import parse_radiation, q_from_two_theta, two_theta_from_q
from tests.refine.lebail.conftest import Known

AREA_OF_GAUSSIAN = 1.0645
"""Over its height times its full width at half maximum."""


@pytest.fixture(scope="module")
def true(orthorhombic: Known) -> LeBailFit:
    return lebail_fit(orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice)


def with_line(known: Known, place_deg: float, counts: float) -> Pattern:
    """The pattern with a Gaussian doublet that is not of the cell."""
    x, radiation = known.pattern.two_theta_deg, known.pattern.radiation
    assert radiation is not None
    assert radiation.ka2_angstrom is not None
    partner = two_theta_from_q(q_from_two_theta(place_deg, radiation.wavelength_angstrom), radiation.ka2_angstrom)
    shapes = [np.exp(-4.0 * np.log(2.0) * ((x - place) / 0.12) ** 2) for place in (place_deg, float(partner))]
    line = np.random.default_rng(7).poisson(counts * (shapes[0] + radiation.ka2_ratio * shapes[1]))
    total = known.pattern.intensity + line
    return known.pattern.replace(intensity=total, sigma=np.sqrt(np.maximum(total, 1.0)))


def rival(known: Known, cell: Cell, lattice: BravaisLattice, true: LeBailFit) -> LeBailFit:
    return lebail_fit(known.pattern, cell, lattice, shift=true.shift, start=true)


def test_larger_and_smaller_cells_lose(orthorhombic: Known, true: LeBailFit) -> None:
    a, b, c = orthorhombic.cell.a, orthorhombic.cell.b, orthorhombic.cell.c
    fits = [
        true,
        rival(orthorhombic, Cell(a=2.0 * a, b=b, c=c), BravaisLattice.OP, true),
        rival(orthorhombic, Cell(a=a, b=b, c=0.5 * c), BravaisLattice.OP, true),
        rival(orthorhombic, Cell(a=a, b=b, c=c), BravaisLattice.MP, true),
        rival(orthorhombic, Cell(a=a, b=b, c=c), BravaisLattice.OI, true),
    ]
    result = compare(fits)
    assert result[0].bits == 0.0
    assert all(other.bits < -6.0 for other in result[1:])
    larger, smaller = result[1], result[2]
    assert larger.lines < result[0].lines
    assert smaller.misfit < result[0].misfit - 100.0
    assert larger.n_lines > result[0].n_lines
    assert larger.n_absent > 0.3 * larger.n_lines


def test_a_foreign_line_does_not_make_a_larger_cell_win(orthorhombic: Known, true: LeBailFit) -> None:
    """A strong line that only the doubled cell explains costs the true cell a bounded price."""
    double = Cell(a=2.0 * orthorhombic.cell.a, b=orthorhombic.cell.b, c=orthorhombic.cell.c)
    listed = rival(orthorhombic, double, BravaisLattice.OP, true).reflections
    gaps = np.abs(np.subtract.outer(listed.two_theta_deg, true.reflections.two_theta_deg)).min(axis=1)
    place = float(listed.two_theta_deg[np.argmax(gaps * (listed.two_theta_deg < 50.0))])
    spoilt = with_line(orthorhombic, place, 2000.0)
    small = lebail_fit(spoilt, orthorhombic.cell, orthorhombic.lattice)
    large = lebail_fit(spoilt, double, orthorhombic.lattice, shift=small.shift, start=small)
    assert large.chi2 < small.chi2
    first, second = compare([small, large])
    assert second.misfit - first.misfit < 60.0
    assert first.bits > second.bits


def test_a_drawn_foreign_line_costs_its_price_and_no_more(orthorhombic: Known) -> None:
    place = 41.0
    listed = PeakList.from_positions([place], radiation=parse_radiation("CuKa"), fwhm_deg=0.12)
    assert foreign_lines(listed, orthorhombic.cell, orthorhombic.lattice).tolist() == [place]
    spoilt = with_line(orthorhombic, place, 600.0)
    bare = lebail_fit(spoilt, orthorhombic.cell, orthorhombic.lattice)
    drawn = lebail_fit(spoilt, orthorhombic.cell, orthorhombic.lattice, foreign_two_theta_deg=[place, 90.0])
    assert drawn.chi2 < bare.chi2
    assert drawn.foreign.two_theta_deg.tolist() == [place]  # what lies outside the range is left away
    assert drawn.foreign.intensity[0] == pytest.approx(600.0 * 0.12 * AREA_OF_GAUSSIAN, rel=0.15)
    assert len(drawn.reflections) == len(bare.reflections)
    assert drawn.r_wp_of_cell > drawn.r_wp
    assert bare.r_wp_of_cell == pytest.approx(bare.r_wp)
    assert np.abs(drawn.cell.a - orthorhombic.cell.a) < 4.0 * drawn.cell_esd.a
    left, explained = compare([bare, drawn])
    assert explained.bits > left.bits
    assert explained.foreign == pytest.approx(-FOREIGN_LINE_BITS)
    assert left.foreign == 0.0


def test_lines_at_reflections_are_none_of_the_foreign_ones(orthorhombic: Known, true: LeBailFit) -> None:
    positions = true.reflections.two_theta_deg[[0, 5]] + 0.02
    listed = PeakList.from_positions(positions, radiation=parse_radiation("CuKa"), fwhm_deg=0.12)
    assert not foreign_lines(listed, true.cell, true.bravais_lattice, shift=true.shift).size


def test_misfit_of_noise_and_of_foreign_stretches() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=2000)
    quiet = misfit_nats(noise)
    assert quiet == pytest.approx(misfit_nats.py_func(noise))
    assert quiet == pytest.approx(-0.5 * float(np.sum(noise**2)), rel=0.05)
    spoilt = noise.copy()
    spoilt[500:506] += np.array([5.0, 30.0, 90.0, 90.0, 30.0, 5.0])
    assert 10.0 < quiet - misfit_nats(spoilt) < 40.0


def test_bad_input(orthorhombic: Known, true: LeBailFit) -> None:
    with pytest.raises(InputError, match="no fit to compare"):
        compare([])
    other = lebail_fit(orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice, two_theta_range_deg=(15.0, 55.0))
    with pytest.raises(InputError, match="not of the same points"):
        compare([true, other])
