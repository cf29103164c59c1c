from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of, operations
from hybrid_index.simulate.space_groups import (
    GRID,
    standard_group,
    wyckoff_positions,
)

# International Tables A (2016), section 2.3: number of Wyckoff letters
LETTERS = {
    1: 1, 2: 9, 4: 1, 5: 3, 10: 15, 12: 10, 14: 5, 15: 6, 16: 21, 19: 1, 47: 27, 62: 4, 63: 8, 69: 16, 70: 8, 88: 6,
    122: 5, 139: 15, 141: 9, 143: 4, 148: 6, 155: 6, 160: 3, 166: 9, 167: 6, 175: 12, 191: 18, 194: 12, 205: 4, 216: 9,
    221: 14, 225: 12, 227: 9, 229: 12, 230: 8,
}  # fmt: skip


@pytest.mark.parametrize(("number", "letters"), LETTERS.items())
def test_there_are_as_many_positions_as_letters(number: int, letters: int) -> None:
    assert len(wyckoff_positions(number)) == letters


def test_multiplicities_of_spinel_and_fluorite() -> None:
    """Fd-3m: 8a 8b 16c 16d 32e 48f 96g 96h 192i; Fm-3m: 4a 4b 8c 24d 24e 32f 48g 48h 48i 96j 96k 192l."""
    for number, expected in (
        (227, [8, 8, 16, 16, 32, 48, 96, 96, 192]),
        (225, [4, 4, 8, 24, 24, 32, 48, 48, 48, 96, 96, 192]),
    ):
        assert sorted((192 // wyckoff_positions(number).order).tolist()) == expected


@pytest.mark.parametrize("number", range(1, 231, 7))
def test_points_of_a_position_have_its_site_symmetry(number: int) -> None:
    rng = np.random.default_rng(number)
    rotations, translations = operations(standard_group(number))
    positions = wyckoff_positions(number)
    assert positions.order[-1] == 1
    assert positions.freedom[-1] == 3
    for i in range(len(positions)):
        point = positions.origin[i] / GRID + positions.projection[i] @ rng.random(3)
        moved = rotations @ point + translations / GRID - point
        stays = (np.abs(moved - np.round(moved)) < 1e-9).all(axis=1)
        assert stays.sum() == positions.order[i]


def test_lattices_of_groups() -> None:
    expected = {1: "aP", 5: "mC", 14: "mP", 38: "oC", 62: "oP", 70: "oF", 72: "oI", 136: "tP", 141: "tI", 166: "hR"}
    expected |= {164: "hP", 194: "hP", 198: "cP", 225: "cF", 230: "cI"}
    assert {n: bravais_lattice_of(standard_group(n)).value for n in expected} == expected
    assert {bravais_lattice_of(standard_group(n)) for n in range(1, 231)} == set(BravaisLattice)


@pytest.mark.parametrize("number", [0, 231, -5])
def test_there_are_230_space_groups(number: int) -> None:
    with pytest.raises(InputError, match="from 1 to 230"):
        wyckoff_positions(number)
