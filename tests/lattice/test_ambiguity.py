from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.lattice import (
    BravaisLattice,
    Cell,
    ambiguous_partners,
    distinct_q,
    group_by_line_positions,
    line_positions_agree,
    primitive_gram,
)

if TYPE_CHECKING:
    from tests.lattice.conftest import MakeUnimodular

B = BravaisLattice


# Mighell & Santoro (1975), table 1: partner and its volume as a fraction of the volume of the more symmetric lattice
@pytest.mark.parametrize(
    ("lattice", "cell", "partners"),
    [
        (B.CP, Cell(a=5.0, b=5.0, c=5.0), {("tP", 1 / 2), ("oC", 1 / 3)}),
        (B.CI, Cell(a=5.0, b=5.0, c=5.0), {("tP", 1 / 2), ("oF", 1 / 3), ("oP", 1 / 4)}),
        (B.CF, Cell(a=5.0, b=5.0, c=5.0), {("oC", 1 / 2), ("oI", 1 / 3)}),
        (B.HP, Cell(a=5.0, b=5.0, c=7.3, gamma=120.0), {("oP", 1 / 2)}),
        (B.HR, Cell(a=5.0, b=5.0, c=13.7, gamma=120.0), {("mP", 1 / 2)}),
        (B.OP, Cell(a=5.0, b=6.1, c=7.3), set()),
        (B.AP, Cell(a=5.0, b=6.1, c=7.3, alpha=80.0, beta=95.0, gamma=102.0), set()),
    ],
)
def test_table_of_mighell_and_santoro(
    lattice: BravaisLattice, cell: Cell, partners: set[tuple[str, float]], make_unimodular: MakeUnimodular
) -> None:
    skew = make_unimodular()
    gram = skew.T @ primitive_gram(cell, lattice) @ skew
    found = ambiguous_partners(gram)
    assert {(p.setting.bravais_lattice.value, round(p.volume_ratio, 6)) for p in found} == {
        (kind, round(ratio, 6)) for kind, ratio in partners
    }
    for partner in found:
        assert line_positions_agree(gram, partner.gram, q_max=4.0)
        back = ambiguous_partners(partner.gram)
        assert lattice in {p.setting.bravais_lattice for p in back}


def test_distinct_q_of_a_cube() -> None:
    sums = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16]
    np.testing.assert_allclose(distinct_q(np.eye(3) * 16.0, 1.0), np.array(sums) / 16.0)


def test_agreement_is_mutual_and_within_tolerance() -> None:
    cube = Cell(a=5.0, b=5.0, c=5.0).gram
    assert line_positions_agree(cube, Cell(a=5.0, b=5.0, c=5.0005).gram, 1.0, tolerance=1e-3)
    assert not line_positions_agree(cube, Cell(a=5.0, b=5.0, c=5.05).gram, 1.0, tolerance=1e-3)
    # all lines of the cube are among those of a doubled cell, which has more
    assert not line_positions_agree(cube, Cell(a=5.0, b=5.0, c=10.0).gram, 1.0)
    assert not line_positions_agree(Cell(a=5.0, b=5.0, c=10.0).gram, cube, 1.0)


def test_a_refined_partner_leads_back_within_a_tolerance() -> None:
    hexagonal = Cell(a=5.0, b=5.0, c=7.3, gamma=120.0).gram
    (partner,) = ambiguous_partners(hexagonal)
    a, b, c = partner.setting.cell.parameters[:3]
    refined = Cell(a=a * 1.0002, b=b * 0.9999, c=c).gram
    assert ambiguous_partners(refined) == []
    found = ambiguous_partners(refined, q_max=0.5, tolerance=1e-3)
    assert (B.HP, 2.0) in {(p.setting.bravais_lattice, round(p.volume_ratio, 3)) for p in found}


def test_groups_are_those_of_pairwise_comparison() -> None:
    rng = np.random.default_rng(5)
    edges = rng.uniform(4.0, 9.0, (12, 3))
    grams = [Cell(a=a, b=b, c=c).gram for a, b, c in edges.tolist()]
    grams = [*grams, *(g * (1.0 + 4e-4) for g in grams[::2]), *(g * 1.02 for g in grams[::3])]
    groups = group_by_line_positions(grams, 0.6, 1e-3, most=100)
    expected: list[list[int]] = []
    for i, gram in enumerate(grams):
        home = next((g for g in expected if line_positions_agree(grams[g[0]], gram, 0.6, 1e-3)), None)
        if home is None:
            expected.append([i])
        else:
            home.append(i)
    assert groups == expected
    assert max(len(group) for group in groups) == 2
    first = group_by_line_positions(grams, 0.6, 1e-3, most=3)
    assert first == [[0], [1], [2]]


def test_a_partner_joins_the_group_of_its_lattice() -> None:
    cubic = primitive_gram(Cell(a=4, b=4, c=4), BravaisLattice.CP)
    partners = [p.gram for p in ambiguous_partners(cubic)]
    assert group_by_line_positions([cubic, cubic * 1.1, *partners], 4.0, 1e-6, most=5) == [[0, 2, 3], [1]]
