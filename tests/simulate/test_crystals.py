from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell, standardize
from hybrid_index.simulate import (
    Condition,
    Crystals,
    KnownCrystal,
    LineLists,
    LineListSettings,
    Site,
    Structure,
    draw_line_lists,
    powder_lines,
)
from hybrid_index.simulate.crystal_kernels import ROUGHNESS, SCALE, STRAIN
from hybrid_index.units import parse_radiation
from tests.synthetic import true_q

COPPER = LineListSettings.of_condition(Condition(name="plain", sigma_deg=1e-9, merge_deg=1e-6, weakest=0.001))
"""Cu Kα1; nothing is shifted, merged, foreign or missing."""


@pytest.fixture(scope="module")
def triclinic() -> Structure:
    rng = np.random.default_rng(3)
    cell = standardize(Cell(a=6.1, b=7.3, c=8.8, alpha=83.0, beta=101.0, gamma=95.0), BravaisLattice.AP)
    return Structure.from_sites(cell, "P -1", [Site(element="Ti", xyz=tuple(rng.random(3).tolist())) for _ in range(4)])


@pytest.fixture(scope="module")
def crystals(rock_salt: Structure, anglesite: Structure, triclinic: Structure) -> Crystals:
    return Crystals.of(
        [KnownCrystal.of(rock_salt, "F"), KnownCrystal.of(anglesite, "P"), KnownCrystal.of(triclinic, "P")]
    )


@pytest.fixture(scope="module")
def lists(crystals: Crystals) -> LineLists:
    return draw_line_lists(3000, seed=1, settings=COPPER, crystals=crystals)


def test_strengths_are_those_of_the_structure(anglesite: Structure) -> None:
    known = KnownCrystal.of(anglesite, "P")
    lines = powder_lines(anglesite, parse_radiation("CuKa1"), 60.0)
    cosine = np.cos(np.radians(lines.two_theta_deg))
    angular = (1.0 + cosine**2) / (
        np.sin(np.radians(lines.two_theta_deg / 2)) * np.sin(np.radians(lines.two_theta_deg))
    )
    expected = lines.intensity / angular
    # Pbnm with a < b, c shortest: the conventional cell has its edges in the order c, a, b.
    mine = {tuple(hkl): s for hkl, s in zip(np.abs(known.hkl).tolist(), known.strength, strict=True)}
    strong = np.flatnonzero(expected > 0.05 * expected.max())
    hkl = np.abs(lines.hkl)[strong][:, [2, 0, 1]]
    ratio = [mine[tuple(row)] / expected[i] for row, i in zip(hkl.tolist(), strong, strict=True)]
    assert len(ratio) > 10
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-6)


def test_lines_of_a_more_symmetric_lattice_are_one() -> None:
    # Tetragonal axes, triclinic content: hkl and khl differ in strength and are one line all the same.
    sites = [Site(element="Pb", xyz=(0.1, 0.23, 0.37)), Site(element="O", xyz=(0.4, 0.11, 0.8))]
    known = KnownCrystal.of(Structure.from_sites(Cell(a=4.0, b=4.0, c=7.0), "P 1", sites), "P")
    assert known.lattice == BravaisLattice.TP.code
    h, k, l = known.hkl.astype(np.int64).T
    labels = set(zip(h * h + k * k, l * l, strict=True))
    assert len(labels) == len(known.hkl)


def test_lines_lie_where_their_indices_say(lists: LineLists) -> None:
    assert np.abs(lists.q_obs - true_q(lists))[lists.listed].max() < 1e-7
    assert not lists.foreign.any()
    assert (lists.extinction_class == -1).all()


def test_only_lines_that_the_structure_shows_are_listed(lists: LineLists) -> None:
    salt = lists.lattice == BravaisLattice.CF.code
    hkl = lists.hkl[salt][lists.listed[salt]].astype(np.int64)
    parity = hkl % 2
    assert ((parity == parity[:, :1]).all(axis=1)).all()


def test_each_list_is_of_another_strained_cell_in_its_conventional_setting(lists: LineLists) -> None:
    assert len(np.unique(lists.metric[:, 0])) == len(lists)
    for i in range(0, len(lists), 10):
        cell = Cell.from_metric(lists.metric[i])
        expected = standardize(cell, lists.bravais_lattice(i))
        np.testing.assert_allclose(cell.parameters, expected.parameters, rtol=1e-6)
    size = np.log(
        [Cell.from_metric(m).volume ** (1 / 3) for m in lists.metric[lists.lattice == BravaisLattice.CF.code]]
    )
    assert np.mean(size) == pytest.approx(np.log(5.6402), abs=0.03)
    assert np.std(size) == pytest.approx(np.hypot(SCALE, STRAIN), rel=0.1)
    ortho = np.array([Cell.from_metric(m).parameters for m in lists.metric[lists.lattice == BravaisLattice.OP.code]])
    ratio = np.log(ortho[:, 2] / ortho[:, 0])
    assert np.mean(ratio) == pytest.approx(np.log(8.472 / 5.3973), abs=0.03)
    assert 0.5 * STRAIN < np.std(ratio) < 1.5 * STRAIN


def test_intensities_are_roughened(lists: LineLists) -> None:
    salt = lists.lattice == BravaisLattice.CF.code
    ratio = np.log(lists.intensity[salt, 1] / lists.intensity[salt, 0])  # 200 beside 111, in each list
    # A roughness drawn evenly up to the largest one, in two lines.
    assert np.std(ratio) == pytest.approx(ROUGHNESS * np.sqrt(2.0 / 3.0), rel=0.15)


def test_crystals_and_lattices_take_turns(rock_salt: Structure, anglesite: Structure) -> None:
    salt, other = KnownCrystal.of(rock_salt, "F"), KnownCrystal.of(anglesite, "P")
    drawn = draw_line_lists(4000, seed=4, settings=COPPER, crystals=Crystals.of([salt, other, other, other]))
    # One of four crystals, one of two lattices.
    assert np.mean(drawn.lattice == BravaisLattice.CF.code) == pytest.approx(0.5 * (0.25 + 0.5), abs=0.03)


def test_a_list_is_the_same_in_any_batch(crystals: Crystals, lists: LineLists) -> None:
    part = draw_line_lists(40, seed=1, start=500, settings=COPPER, crystals=crystals, threads=2)
    assert np.array_equal(part.two_theta_deg, lists.two_theta_deg[500:540])


def test_a_range_may_hold_no_line_of_a_crystal(crystals: Crystals) -> None:
    near = replace(COPPER, two_theta_min_deg=(5.0, 5.0), two_theta_max_deg=(5.1, 5.1), ladder_share=0.0)
    assert (draw_line_lists(20, seed=1, settings=near, crystals=crystals).count == 0).all()


def test_crystals_survive_a_file(crystals: Crystals, lists: LineLists, tmp_path: Path) -> None:
    crystals.save(tmp_path / "crystals.npz")
    again = Crystals.load(tmp_path / "crystals.npz")
    assert len(again) == 3
    part = draw_line_lists(200, seed=1, settings=COPPER, crystals=again)
    assert np.array_equal(part.two_theta_deg, lists.two_theta_deg[:200])


def test_what_cannot_be_used_is_told(crystals: Crystals, tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    whole = io.BytesIO()
    np.savez(whole, lattice=np.zeros(3))
    for content in (None, b"no zip", b"", b"PK\x03\x04", array.getvalue(), whole.getvalue()):
        path = tmp_path / "bad.npz"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=r"bad\.npz: is no file of crystals; make one"):
            Crystals.load(path)
    with pytest.raises(InputError, match="crystals: there is none"):
        Crystals.of([])
    neutrons = replace(COPPER, sources=tuple(s for s in LineListSettings().sources if s.probe == "neutron"))
    with pytest.raises(InputError, match="known for x-rays only"):
        draw_line_lists(5, seed=1, settings=neutrons, crystals=crystals)
