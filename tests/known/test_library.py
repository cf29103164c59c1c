from __future__ import annotations

import pickle
from collections.abc import Callable

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.known import KnownPhase, KnownPhases, label, name_document, name_solutions
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    BravaisLattice,
    Cell,
    derivative_relation,
    primitive_gram,
    sublattices,
    superlattices,
)
from hybrid_index.types import IndexingResult, KnownMatch

ANGLESITE = KnownPhase(name="anglesite", cell=Cell(a=8.482, b=5.398, c=6.959), centring="P", file="a.cif")
BARITE = KnownPhase(name="barite", cell=Cell(a=8.884, b=5.457, c=7.157), centring="P", file="b.cif")
CORUNDUM = KnownPhase(name="corundum", cell=Cell(a=4.7589, b=4.7589, c=12.9919, gamma=120.0), centring="R")
PHASES = KnownPhases([ANGLESITE, BARITE, CORUNDUM])


def scaled(cell: Cell, *factors: float) -> Cell:
    lengths = np.array(cell.parameters[:3]) * np.array(factors)
    return Cell.from_parameters([*lengths, *cell.parameters[3:]])


def test_the_same_lattice_in_another_setting() -> None:
    [match] = PHASES.match(Cell(a=5.398, b=6.959, c=8.482), BravaisLattice.OP)
    assert (match.name, match.relation, match.file) == ("anglesite", "same lattice", "a.cif")
    assert match.strain_percent == pytest.approx(0.0, abs=1e-9)


def test_rhombohedral_axes_are_the_hexagonal_lattice() -> None:
    a = np.sqrt(4.7589**2 / 3 + 12.9919**2 / 9)
    alpha = 2 * np.degrees(np.arcsin(4.7589 / (2 * a)))
    [match] = PHASES.match(Cell(a=a, b=a, c=a, alpha=alpha, beta=alpha, gamma=alpha), "P")
    assert (match.name, match.relation) == ("corundum", "same lattice")


@pytest.mark.parametrize("strain", [0.004, -0.006])
def test_thermal_expansion_is_a_strain_with_its_sign(strain: float) -> None:
    [match] = PHASES.match(scaled(ANGLESITE.cell, 1.0 + strain, 1.0, 1.0 + strain / 2), BravaisLattice.OP)
    assert (match.name, match.relation) == ("anglesite", "strained")
    assert match.strain_percent == pytest.approx(100 * strain, rel=1e-6)


def test_beyond_the_tolerance_it_is_another_lattice() -> None:
    cell = scaled(ANGLESITE.cell, 1.02, 1.0, 1.0)
    assert PHASES.match(cell, BravaisLattice.OP) == ()
    [match] = KnownPhases([ANGLESITE], tolerance=0.03).match(cell, BravaisLattice.OP)
    assert match.strain_percent == pytest.approx(2.0)


def test_a_sheared_cell_is_strained_by_half_the_shear() -> None:
    sheared = Cell(a=8.482, b=5.398, c=6.959, beta=90.5)
    [match] = PHASES.match(sheared, BravaisLattice.MP)
    assert abs(match.strain_percent) == pytest.approx(100 * np.radians(0.5) / 2, rel=0.01)


def test_several_phases_of_like_lattices_are_ambiguous() -> None:
    twins = KnownPhases([ANGLESITE, KnownPhase(name="twin", cell=scaled(ANGLESITE.cell, 1.006, 1, 1), centring="P")])
    matches = twins.match(scaled(ANGLESITE.cell, 1.002, 1.0, 1.0), BravaisLattice.OP)
    assert [match.name for match in matches] == ["anglesite", "twin"]
    assert label(matches) == "anglesite (+0.20 %) or twin (-0.40 %)"
    # an exact match silences the strained one
    assert label(twins.match(ANGLESITE.cell, BravaisLattice.OP)) == "anglesite"


def test_one_phase_in_many_files_is_not_ambiguous() -> None:
    copies = [KnownPhase(name="anglesite", cell=scaled(ANGLESITE.cell, f, f, f), centring="P") for f in (1.003, 1.005)]
    assert label(KnownPhases(copies).match(ANGLESITE.cell, BravaisLattice.OP)) == "anglesite (-0.30 %)"


@pytest.mark.parametrize(
    ("factors", "words", "relation"),
    [
        ((0.5, 1, 1), "half the cell of anglesite", "sublattice of index 2"),
        ((1, 1, 1 / 3), "a third of the cell of anglesite", "sublattice of index 3"),
        ((1, 2, 1), "twice the cell of anglesite", "superlattice of index 2"),
        ((2, 2, 1), "4 times the cell of anglesite", "superlattice of index 4"),
    ],
)
def test_derivative_lattices(factors: tuple[float, ...], words: str, relation: str) -> None:
    cell = scaled(ANGLESITE.cell, *factors)
    matches = PHASES.match(cell, BravaisLattice.OP)
    assert label(matches) == words
    assert matches[0].relation == relation
    assert derivative_relation(ANGLESITE.cell.gram, cell.gram) == relation
    assert PHASES.match(cell, BravaisLattice.OP, derivatives=False) == ()


@pytest.mark.parametrize("index", [2, 3, 4])
def test_every_derivative_lattice_is_recognised(index: int) -> None:
    phases = KnownPhases([ANGLESITE])
    for lattices, kind in ((superlattices, "superlattice"), (sublattices, "sublattice")):
        for gram in lattices(ANGLESITE.cell.gram, index):
            [match] = phases.match(Cell.from_gram(gram), "P")
            assert match.relation == f"{kind} of index {index}"


def test_a_partner_with_the_same_lines() -> None:
    other = Cell(a=3.1, b=4.2, c=9.7)
    [match] = PHASES.match(other, BravaisLattice.OP, partners=[(BARITE.cell, BravaisLattice.OP)])
    assert (match.name, match.relation) == ("barite", "same lines")
    assert label([match]) == "same lines as barite"


def test_random_lattices_among_a_thousand() -> None:
    """Each is found again in any basis, strained by half a percent; the strain is that of its definition."""
    rng = np.random.default_rng(7)
    cells: list[tuple[Cell, BravaisLattice]] = []
    for _ in range(1000):
        lattice = BRAVAIS_LATTICES[rng.integers(14)]
        a, b, c = rng.uniform(4.0, 15.0, 3)
        oblique = rng.uniform(80.0, 100.0, 3)
        cell = {
            "c": Cell(a=a, b=a, c=a),
            "t": Cell(a=a, b=a, c=c),
            "h": Cell(a=a, b=a, c=c, gamma=120.0),
            "o": Cell(a=a, b=b, c=c),
            "m": Cell(a=a, b=b, c=c, beta=oblique[1]),
            "a": Cell(a=a, b=b, c=c, alpha=oblique[0], beta=oblique[1], gamma=oblique[2]),
        }
        cells.append((cell[lattice.value[0]], lattice))
    phases = KnownPhases(
        [KnownPhase(name=str(i), cell=cell, centring=lattice.centring) for i, (cell, lattice) in enumerate(cells)]
    )
    for i in range(0, 1000, 20):
        gram = primitive_gram(*cells[i])
        root = np.linalg.cholesky(gram)
        turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        strain = turn @ np.diag([0.005, -0.002, 0.001]) @ turn.T
        strained = root @ (np.eye(3) + strain) @ (np.eye(3) + strain) @ root.T
        skew = np.array([[1, 1, 0], [0, 1, -1], [0, 0, 1]])
        matches = phases.match(Cell.from_gram(skew.T @ strained @ skew), "P")
        found = {match.name: match for match in matches}
        assert str(i) in found
        assert abs(found[str(i)].strain_percent) <= 0.6  # laid on each other by least squares
        if cells[i][1] is BravaisLattice.AP:
            assert found[str(i)].strain_percent == pytest.approx(0.5, rel=1e-3)


def test_workers_get_the_phases_whole() -> None:
    again = pickle.loads(pickle.dumps(PHASES))
    assert again.match(ANGLESITE.cell, "P") == PHASES.match(ANGLESITE.cell, "P")
    assert len(again) == 3


def test_nothing_to_compare_with() -> None:
    with pytest.raises(InputError, match="no known phase"):
        KnownPhases([])


@pytest.mark.parametrize("tolerance", [0.0, -0.01, 0.5, float("nan")])
def test_impossible_tolerance(tolerance: float) -> None:
    with pytest.raises(InputError, match="no tolerance"):
        KnownPhases([ANGLESITE], tolerance=tolerance)


def test_names_in_a_result_and_in_its_document(make_result: Callable[..., IndexingResult]) -> None:
    from hybrid_index.export import document, from_document

    result = make_result()
    named = name_solutions(result, PHASES)
    assert [[match.relation for match in solution.known] for solution in named.solutions] == [
        ["same lattice"],
        ["strained"],
    ]
    assert result.best.known == ()
    content = document(named)
    assert content["solutions"][0]["known"] == [
        {
            "name": "anglesite",
            "relation": "same lattice",
            "strain_percent": pytest.approx(0.0, abs=1e-6),
            "file": "a.cif",
        }
    ]
    assert name_document(document(result), PHASES) == content
    assert from_document(content).best.known == named.best.known


def test_names_shown_are_few() -> None:
    matches = [KnownMatch(name=name, relation="same lattice", strain_percent=0.0) for name in "abcde"]
    assert label(matches) == "a or b or 3 more"
    assert label([]) == ""


def test_the_hash_is_that_of_the_phases() -> None:
    one = KnownPhase(name="one", cell=Cell(a=4.0, b=4.0, c=4.0), centring="P")
    two = KnownPhase(name="two", cell=Cell(a=5.0, b=5.0, c=5.0), centring="F")
    assert KnownPhases([one, two]).sha256 == KnownPhases([two, one], tolerance=0.02).sha256
    moved = KnownPhase(name="two", cell=Cell(a=5.0, b=5.0, c=5.001), centring="F")
    assert KnownPhases([one, two]).sha256 != KnownPhases([one, moved]).sha256
