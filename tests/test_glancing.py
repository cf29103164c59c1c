"""What the networks say, together with what a few looks of theirs find."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import hybrid_index
from hybrid_index import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import primitive_gram
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.neural.glance import look
from hybrid_index.types import PeakList
from tests.synthetic import CU, TYPICAL, B, line_list

LATTICES = [B.CF, B.HR, B.TP, B.OI, B.MC, B.AP]


@pytest.mark.parametrize("lattice", LATTICES)
def test_the_cell_of_a_good_list_is_found_on_the_way(lattice: B) -> None:
    truth = TYPICAL[lattice]
    lines = line_list(truth, lattice, noise=np.random.default_rng(2), zero_shift_deg=0.12)
    seen = hybrid_index.glance(lines)
    cell = seen.cells[0]
    assert cell.bravais_lattice is seen.lattices[0].bravais_lattice is lattice
    assert same_shortest_vectors(primitive_gram(cell.cell, lattice), primitive_gram(truth, lattice), 0.004)
    assert cell.probability > 0.5
    assert seen.lattices[0].volume_angstrom3 == pytest.approx(truth.volume, rel=0.01)
    assert seen.shift_deg == pytest.approx(0.12, abs=max(0.01, 2.5 * seen.shift_esd_deg))
    assert seen.shift_esd_deg < 0.05


def test_probabilities_stay_probabilities() -> None:
    rng = np.random.default_rng(4)
    for lattice in LATTICES:
        lines = line_list(TYPICAL[lattice], lattice, noise=rng, esd_deg=0.03, foreign_deg=[31.7])
        seen = hybrid_index.glance(lines)
        said = [guess.probability for guess in seen.lattices]
        assert said == sorted(said, reverse=True)
        assert sum(said) == pytest.approx(1.0)
        assert sum(cell.probability for cell in seen.cells) <= 1.0 + 1e-12
        assert np.all((seen.foreign >= 0.0) & (seen.foreign <= 1.0))
        assert all(guess.volume_factor >= 1.0 for guess in seen.lattices)


def test_without_a_cell_the_networks_are_believed() -> None:
    lines = PeakList.from_positions(np.sort(np.random.default_rng(1).uniform(10.0, 60.0, 20)), radiation=CU)
    seen, said = hybrid_index.glance(lines), look(lines, Settings())
    assert not seen.cells
    np.testing.assert_allclose(seen.foreign, said.foreign)
    assert [g.bravais_lattice for g in seen.lattices] == [g.bravais_lattice for g in said.lattices]
    np.testing.assert_allclose([g.probability for g in seen.lattices], [g.probability for g in said.lattices])
    np.testing.assert_allclose(seen.shift_deg, said.shift_deg, atol=1e-9)


def test_a_foreign_line_stands_out_more_than_to_the_networks() -> None:
    lattice = B.MP
    clean = line_list(TYPICAL[lattice], lattice, noise=np.random.default_rng(3))
    position = float(0.5 * (clean.two_theta_deg[5] + clean.two_theta_deg[6]))
    spoiled = PeakList.from_positions(np.sort([*clean.two_theta_deg, position]), radiation=CU, two_theta_esd_deg=0.01)
    seen = hybrid_index.glance(spoiled)
    assert int(np.argmax(seen.foreign)) == 6
    assert seen.foreign[6] > 0.9
    assert np.all(np.delete(seen.foreign, 6) < 0.3)


def test_crystal_systems_that_are_excluded_take_no_part() -> None:
    seen = hybrid_index.glance(line_list(TYPICAL[B.OP], B.OP), settings=Settings(systems=("monoclinic", "triclinic")))
    assert set(seen.systems) == {"monoclinic", "triclinic"}
    assert all(cell.bravais_lattice.crystal_system in seen.systems for cell in seen.cells)


def test_a_fixed_shift_is_held() -> None:
    lines = line_list(TYPICAL[B.HP], B.HP, zero_shift_deg=0.3)
    seen = hybrid_index.glance(lines, settings=Settings(fix_zero_shift_deg=0.3, fix_displacement_mm=0.0))
    assert seen.shift_deg == pytest.approx(0.3)
    assert seen.shift_esd_deg == pytest.approx(0.0)


def test_the_same_lines_give_the_same_glance() -> None:
    lines = line_list(TYPICAL[B.MC], B.MC, noise=np.random.default_rng(5))
    first, second = (hybrid_index.glance(lines) for _ in range(2))
    assert first.cells == second.cells
    assert first.lattices == second.lattices


def test_it_survives_pickling() -> None:
    seen = hybrid_index.glance(line_list(TYPICAL[B.OP], B.OP))
    assert pickle.loads(pickle.dumps(seen)).cells == seen.cells


def test_few_lines_and_missing_weights_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    few = PeakList.from_positions([10.0, 20.0], radiation=CU, source="few.csv")
    with pytest.raises(InputError, match=r"few\.csv.*only 2 lines"):
        hybrid_index.glance(few)
    monkeypatch.setattr("hybrid_index.neural.glance.packaged_reader", lambda: None)
    with pytest.raises(InputError, match="weights"):
        hybrid_index.glance(line_list(TYPICAL[B.OP], B.OP))
