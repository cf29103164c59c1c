from __future__ import annotations

import gemmi
import numpy as np
import pytest

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.refine.extinction import ExtinctionSymbol, extinction_symbols
from hybrid_index.refine.extinction.naming import extinction_symbol
from hybrid_index.refine.extinction.space_groups import (
    bravais_lattice_of,
    conventional_settings,
    equivalent_reflections,
    generic_reflections,
    holohedry_rotations,
)

B = BravaisLattice


def symbol(lattice: BravaisLattice, name: str) -> ExtinctionSymbol:
    return next(s for s in extinction_symbols(lattice) if s.symbol == name)


@pytest.mark.parametrize(
    ("lattices", "count"),
    [
        ((B.OP, B.OC, B.OI, B.OF), 111 - 18),  # International Tables list 27 with one face centred: A and B besides C
        ((B.TP, B.TI), 31),
        ((B.MP, B.MC), 14 - 4),  # A and I centred cells besides C
        ((B.CP,), 7),
        ((B.CI,), 5),
        ((B.CF,), 5),
        ((B.HP,), 7),
        ((B.HR,), 2),
        ((B.AP,), 1),
    ],
)
def test_numbers_of_symbols_are_those_of_the_international_tables(
    lattices: tuple[BravaisLattice, ...], count: int
) -> None:
    assert sum(len(extinction_symbols(lattice)) for lattice in lattices) == count


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("P -1", "P -"), ("P 1 2/m 1", "P 1 - 1"), ("P 1 21/m 1", "P 1 21 1"), ("P 1 21/c 1", "P 1 21/c 1"),
        ("P 1 21/n 1", "P 1 21/n 1"), ("P 1 2/a 1", "P 1 a 1"), ("C 1 2/c 1", "C 1 c 1"), ("C 1 m 1", "C 1 - 1"),
        ("P 21 21 21", "P 21 21 21"), ("P 21 21 2", "P 21 21 -"), ("P 2 2 21", "P - - 21"), ("P n m a", "P n - a"),
        ("P n a 21", "P n a -"), ("P b c a", "P b c a"), ("P c a 21", "P c a -"), ("P b c n", "P b c n"),
        ("P n n m", "P n n -"), ("P m m n", "P - - n"), ("P b a m", "P b a -"), ("C m c m", "C - c -"),
        ("C m c a", "C - c e"), ("C m m a", "C - - e"), ("C 2 2 21", "C - - 21"), ("C c c a", "C c c e"),
        ("I m m a", "I - - (ab)"), ("I b a m", "I b a -"), ("I b c a", "I b c a"), ("F d d 2", "F d d -"),
        ("F d d d", "F d d d"), ("P 41 21 2", "P 41 21 -"), ("P 42/m n m", "P - n -"), ("P 4/n m m", "P n - -"),
        ("P 42/n", "P 42/n - -"), ("P -4 21 c", "P - 21 c"), ("P 42/m m c", "P - - c"), ("P 4/m b m", "P - b -"),
        ("I 41/a", "I 41/a - -"), ("I 41/a m d", "I a - d"), ("I 41/a c d", "I a c d"), ("I 4/m c m", "I - c -"),
        ("I -4 2 d", "I - - d"), ("P 31 2 1", "P 31 - -"), ("P 62 2 2", "P 62 - -"), ("P 61", "P 61 - -"),
        ("P 63/m", "P 63 - -"), ("P 63/m m c", "P - - c"), ("P 63/m c m", "P - c -"), ("P 6/m c c", "P - c c"),
        ("R -3 c", "R(obv) - c"), ("R 3 m", "R(obv) - -"), ("P 21 3", "P 21 - -"), ("P 42 3 2", "P 42 - -"),
        ("P 43 3 2", "P 41 - -"), ("P a -3", "P a - -"), ("P n -3 m", "P n - -"), ("P m -3 n", "P - - n"),
        ("P n -3 n", "P n - n"), ("I a -3", "I a - -"), ("I a -3 d", "I a - d"), ("I -4 3 d", "I - - d"),
        ("I 41 3 2", "I 41 - -"), ("F m -3 m", "F - - -"), ("F d -3 m", "F d - -"), ("F m -3 c", "F - - c"),
        ("F d -3 c", "F d - c"), ("F 41 3 2", "F 41 - -"),
    ],
)  # fmt: skip
def test_symbols_of_the_international_tables(group: str, expected: str) -> None:
    found = gemmi.SpaceGroup(group)
    assert extinction_symbol(found) == expected
    own = next(
        s
        for s in extinction_symbols(bravais_lattice_of(found))
        if any(member.number == found.number and member.symbol == found.hm for member in s.space_groups)
    )
    assert expected in own.symbol.split(" or ")


def test_every_space_group_has_a_symbol_once() -> None:
    numbers = set()
    for lattice in BRAVAIS_LATTICES:
        named = [member for s in extinction_symbols(lattice) for member in s.space_groups]
        assert len({member.symbol for member in named}) == len(named)
        for member in named:
            group = gemmi.SpaceGroup(member.symbol)
            assert (group.number, bravais_lattice_of(group)) == (member.number, lattice)
        numbers |= {member.number for member in named}
    assert numbers == set(range(1, 231))


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_symbols_differ_and_their_groups_agree(lattice: BravaisLattice) -> None:
    """All groups of a symbol extinguish the same lines, by gemmi's own test; two symbols never do."""
    hkl = generic_reflections(lattice, 8)
    members = equivalent_reflections(hkl, lattice)
    masks = set()
    for s in extinction_symbols(lattice):
        absent = s.absent(hkl)
        masks.add(absent.tobytes())
        for member in (s.space_groups[0], s.space_groups[-1]):
            operations = gemmi.SpaceGroup(member.symbol).operations()
            expected = [all(operations.is_systematically_absent(h) for h in line) for line in members[::7].tolist()]
            assert absent[::7].tolist() == expected, member.symbol
    assert len(masks) == len(extinction_symbols(lattice))
    assert not extinction_symbols(lattice)[0].absent(hkl).any()


def test_every_setting_of_a_cell_has_a_symbol() -> None:
    for lattice in BRAVAIS_LATTICES:
        names = {name for s in extinction_symbols(lattice) for name in s.symbol.split(" or ")}
        assert {extinction_symbol(group) for group in conventional_settings(lattice)} == names


def test_weights_are_shares_of_frequent_groups() -> None:
    for lattice in BRAVAIS_LATTICES:
        assert sum(s.weight for s in extinction_symbols(lattice)) == pytest.approx(1.0)
    shares = {s.symbol: s.weight for s in extinction_symbols(B.MP)}
    assert max(shares, key=lambda name: shares[name]).startswith("P 1 21/")
    assert shares["P 1 21/c 1"] == shares["P 1 21/n 1"] == shares["P 1 21/a 1"]


def test_conditions_of_p21c() -> None:
    hkl = [(1, 0, 1), (1, 0, 2), (0, 1, 0), (0, 2, 0), (0, 1, 1), (2, 1, 1)]
    assert symbol(B.MP, "P 1 21/c 1").absent(hkl).tolist() == [True, False, True, False, False, False]


def test_a_cubic_line_is_absent_only_if_all_its_reflections_are() -> None:
    """In Pa-3, 0kl needs k even: 210 is absent and 120 is not, and they are one line; 110 has no such excuse."""
    assert symbol(B.CP, "P a - -").absent([(2, 1, 0), (1, 1, 0), (1, 0, 0)]).tolist() == [False, True, True]


def test_rotations_of_a_lattice_cannot_be_changed() -> None:
    assert len(holohedry_rotations(B.CP)) == 24
    with pytest.raises(ValueError, match="read-only"):
        holohedry_rotations(B.CP)[0] = np.eye(3)
