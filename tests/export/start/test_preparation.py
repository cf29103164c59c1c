"""What a start holds, and what is refused before it is made."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.export.start import RefinementStart, prepare
from hybrid_index.export.start.reflections import reflections
from hybrid_index.export.start.space_group import default_space_group, parse_space_group
from hybrid_index.export.start.text import exactly, refines_displacement
from hybrid_index.export.start.widths import from_peaks
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, shift_two_theta, two_theta_from_d
from tests.export.start.conftest import MakeStart, known_pattern, known_result
from tests.synthetic import TYPICAL

OP_CELL, OP = Cell(a=5.4, b=6.95, c=8.47), BravaisLattice.OP


@pytest.mark.parametrize("lattice", list(BravaisLattice), ids=str)
def test_default_group_belongs_to_the_lattice_and_hides_nothing(lattice: BravaisLattice) -> None:
    group = parse_space_group(default_space_group(lattice))
    assert bravais_lattice_of(group) is lattice
    listed = enumerate_reflections(TYPICAL[lattice].metric, lattice, 1.0).hkl
    assert not group.operations().systematic_absences(listed).any()


def test_fit_wins_over_the_lines(start: RefinementStart) -> None:
    assert start.fit is not None
    assert start.fit.converged
    assert start.cell is start.fit.cell
    assert start.shift is start.fit.shift
    assert start.fit.r_wp < 1.3 * start.fit.r_exp
    assert not np.any((reflections(start).hkl[:, 1] == 0) & (reflections(start).hkl[:, 2] % 2 == 1)), "h0l, l odd"
    assert start.title.isascii()


def test_without_a_fit_lines_give_all(quick_start: MakeStart) -> None:
    made = quick_start(OP_CELL, OP, space_group="62")
    assert made.fit is None
    assert made.space_group == "P n m a"
    assert made.cell == OP_CELL
    listed = reflections(made)
    assert np.isnan(listed.intensity).all()
    expected = shift_two_theta(
        two_theta_from_d(listed.d_angstrom, made.radiation.wavelength_angstrom),
        zero_shift_deg=made.shift.zero_shift_deg, displacement_mm=made.shift.displacement_mm, radius_mm=made.radius_mm,
    )  # fmt: skip
    np.testing.assert_allclose(listed.two_theta_deg, expected)
    background = made.background_points("topas", 7)
    assert background.shape == (7, 2)
    assert np.all(background[:, 1] > 0.0)


def test_widths_of_lines(quick_start: MakeStart) -> None:
    made = quick_start(OP_CELL, OP)
    np.testing.assert_allclose(made.widths.fwhm(np.array([20.0, 50.0])), 0.12, rtol=0.05)
    bare = PeakList.from_positions([10.0, 20.0], radiation=Radiation(wavelength_angstrom=1.0))
    np.testing.assert_allclose(from_peaks(bare).fwhm(np.array([20.0])), 0.1, rtol=0.05)
    assert refines_displacement(made)


def test_exactly_keeps_its_digits() -> None:
    assert exactly(5.4312345, 0.000002) == "5.43123(1)"
    assert exactly(103.4, float("nan")) == "103.4"


@pytest.mark.parametrize(
    ("number", "words"), [(0, "has only one"), (2, "solution 2 is not there; the result has only one")]
)
def test_solution_that_is_not_there(number: int, words: str) -> None:
    result = known_result(OP_CELL, OP, known_pattern(OP_CELL, OP, end_deg=30.0))
    with pytest.raises(InputError, match=words):
        prepare(result, solution=number)


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        ("F m -3 m", "has a lattice F, but the orthorhombic cell"),
        ("P m -3 m", "does not fit the orthorhombic cell"),
        ("P 1 21/q 1", "is not a space group"),
        ("231", "is not a space group"),
        ("R -3 m:R", "does not fit"),
    ],
)
def test_space_group_that_contradicts(symbol: str, words: str) -> None:
    result = known_result(OP_CELL, OP, known_pattern(OP_CELL, OP, end_deg=30.0))
    with pytest.raises(InputError, match=words) as caught:
        prepare(result, space_group=symbol)
    assert caught.value.source == "space_group"


def test_result_without_solutions_says_why() -> None:
    result = known_result(OP_CELL, OP, known_pattern(OP_CELL, OP, end_deg=30.0))
    empty = type(result)(
        id="noise.xy", status="not_found", reasons=("only 3 lines were found",), peaks=None, solutions=(),
        timing_s={}, settings={}, version="", seed=0,
    )  # fmt: skip
    with pytest.raises(InputError, match=r"noise\.xy: the result has no solution .*not_found: only 3 lines"):
        prepare(empty)
