"""Evidence of whole-pattern fits: the true cell against its derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail import LeBailFit, compare, lebail_fit
from hybrid_index.refine.lebail.score import misfit_nats
from tests.refine.lebail.conftest import Known


@pytest.fixture(scope="module")
def true(orthorhombic: Known) -> LeBailFit:
    return lebail_fit(orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice)


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
    x = orthorhombic.pattern.two_theta_deg
    line = np.random.default_rng(7).poisson(2000.0 * np.exp(-4.0 * np.log(2.0) * ((x - place) / 0.12) ** 2))
    counts = orthorhombic.pattern.intensity + line
    spoilt = orthorhombic.pattern.replace(intensity=counts, sigma=np.sqrt(np.maximum(counts, 1.0)))
    small = lebail_fit(spoilt, orthorhombic.cell, orthorhombic.lattice)
    large = lebail_fit(spoilt, double, orthorhombic.lattice, shift=small.shift, start=small)
    assert large.chi2 < small.chi2
    first, second = compare([small, large])
    assert second.misfit - first.misfit < 60.0
    assert first.bits > second.bits


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
