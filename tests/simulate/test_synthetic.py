from __future__ import annotations

from collections import Counter
from typing import Any

import gemmi
import numpy as np
import pytest
from scipy import stats

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of, operations
from hybrid_index.simulate import Structure, powder_lines, synthetic_crystal
from hybrid_index.simulate.crystal_statistics import (
    CrystalStatistics,
    default_statistics,
    from_quantiles,
    read_table,
    shape_coordinates,
)
from hybrid_index.simulate.packing import shortest_contact
from hybrid_index.simulate.space_groups import standard_group
from hybrid_index.simulate.synthetic import CONTACT
from hybrid_index.units import parse_radiation

CU = parse_radiation("CuKa1")


@pytest.fixture(scope="module")
def crystals() -> list[Structure]:
    rng = np.random.default_rng(0)
    return [synthetic_crystal(rng) for _ in range(1200)]


def group_of(crystal: Structure) -> gemmi.SpaceGroup:
    return gemmi.find_spacegroup_by_name(crystal.space_group)


def test_systems_and_groups_follow_the_table(crystals: list[Structure]) -> None:
    counts = default_statistics().space_groups
    drawn = Counter(group_of(crystal).number for crystal in crystals)
    for number in sorted(counts, key=lambda n: -counts[n])[:6]:
        expected = counts[number] / sum(counts.values()) * len(crystals)
        assert abs(drawn[number] - expected) < 4.0 * np.sqrt(expected)
    for system in CRYSTAL_SYSTEMS:
        share = np.mean([bravais_lattice_of(group_of(c)).crystal_system == system for c in crystals])
        wanted = sum(c for n, c in counts.items() if bravais_lattice_of(standard_group(n)).crystal_system == system)
        assert share == pytest.approx(wanted / sum(counts.values()), abs=0.04)


def test_volumes_follow_the_table(crystals: list[Structure]) -> None:
    cells = default_statistics().cells
    for lattice in BRAVAIS_LATTICES:
        own = [c for c in crystals if bravais_lattice_of(group_of(c)) is lattice]
        if len(own) < 60:
            continue
        volumes = np.log([c.cell.volume for c in own])
        place = np.interp(np.sort(volumes), cells.quantiles[lattice.code, 0], np.linspace(0.0, 1.0, 21))
        assert stats.kstest(place, "uniform").statistic < 0.18, lattice


def test_densities_follow_the_table(crystals: list[Structure]) -> None:
    organic = np.array(["C" in c.elements and "H" in c.elements for c in crystals])
    per_atom = np.array([c.cell.volume / len(c.elements) for c in crystals])
    for mask, kind in ((organic, "organic"), (~organic, "inorganic")):
        table = default_statistics().chemistry[kind].volume_per_atom
        assert np.median(per_atom[mask]) == pytest.approx(float(from_quantiles(table, 0.5)), rel=0.15)
        low, high = np.quantile(per_atom[mask], (0.25, 0.75))
        assert low == pytest.approx(float(from_quantiles(table, 0.25)), rel=0.2)
        assert high == pytest.approx(float(from_quantiles(table, 0.75)), rel=0.25)


def test_atoms_keep_apart(crystals: list[Structure]) -> None:
    for crystal in crystals[:150]:
        radii = np.array([gemmi.Element(e).covalent_r for e in crystal.elements])
        assert shortest_contact(crystal.xyz, radii, crystal.cell.gram) >= CONTACT - 1e-6


@pytest.mark.parametrize("number", [2, 14, 15, 19, 62, 70, 88, 141, 148, 167, 176, 194, 205, 206, 220, 227, 230])
def test_crystals_have_the_symmetry_and_the_absences_of_their_group(number: int) -> None:
    crystal = synthetic_crystal(np.random.default_rng(number), space_group=number, volume=1000.0)
    rotations, translations = operations(standard_group(number))
    moved = crystal.xyz @ rotations[-1].T + translations[-1] / 24
    apart = moved[:, None] - crystal.xyz
    assert (np.abs(apart - np.round(apart)).max(axis=2).min(axis=1) < 1e-9).all()
    lines = powder_lines(crystal, CU, 60.0)
    assert len(lines) > 3
    absent = standard_group(number).operations().systematic_absences(np.ascontiguousarray(lines.hkl, dtype=np.int32))
    assert not absent.any()
    plain = Structure(
        cell=crystal.cell,
        elements=crystal.elements,
        xyz=crystal.xyz,
        occupancy=crystal.occupancy,
        u_iso=crystal.u_iso,
    )
    same = powder_lines(plain, CU, 60.0)
    strong = same.intensity > 1e-3
    assert np.interp(same.q[strong], lines.q, lines.intensity) == pytest.approx(same.intensity[strong], rel=1e-5)


@pytest.mark.parametrize("system", CRYSTAL_SYSTEMS)
def test_a_system_and_a_volume_can_be_asked_for(system: str) -> None:
    rng = np.random.default_rng(3)
    for volume in (150.0, 900.0, 4000.0):
        crystal = synthetic_crystal(rng, crystal_system=system, volume=volume)
        assert bravais_lattice_of(group_of(crystal)).crystal_system == system
        assert crystal.cell.volume == pytest.approx(volume)


def changed(**changes: Any) -> CrystalStatistics:
    return CrystalStatistics.from_document(read_table("crystal_statistics") | changes)


def test_other_statistics_make_other_crystals() -> None:
    table = read_table("crystal_statistics")
    for entry in table["lattices"].values():
        entry["quantiles"][0] = [7.0 + 0.001 * i for i in range(21)]
    for kind in table["chemistry"].values():
        kind["presence"], kind["abundance"], kind["n_elements"] = {"Fe": 1}, {"Fe": 1.0}, {"1": 1}
        kind["volume_per_atom"] = [30.0 + 0.01 * i for i in range(21)]
    other = changed(lattices=table["lattices"], space_groups={"62": 3, "19": 1}, chemistry=table["chemistry"])
    rng = np.random.default_rng(1)
    crystals = [synthetic_crystal(rng, statistics=other) for _ in range(60)]
    assert {group_of(c).number for c in crystals} == {62, 19}
    assert {e for c in crystals for e in c.elements} == {"Fe"}
    assert all(6.9 < np.log(c.cell.volume) < 7.1 for c in crystals)
    assert np.median([c.cell.volume / len(c.elements) for c in crystals]) == pytest.approx(30.0, rel=0.1)


def test_shapes_of_cells_are_those_of_their_lattice() -> None:
    crystal = synthetic_crystal(np.random.default_rng(0), space_group=194)
    assert crystal.cell.a == pytest.approx(crystal.cell.b)
    assert crystal.cell.gamma == pytest.approx(120.0)
    assert len(shape_coordinates(crystal.cell, bravais_lattice_of(standard_group(194)))) == 2


def test_the_same_seed_makes_the_same_crystal() -> None:
    one, same = (synthetic_crystal(np.random.default_rng(9)) for _ in range(2))
    assert one.elements == same.elements
    assert np.array_equal(one.xyz, same.xyz)


def test_contradictions_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="is orthorhombic, not cubic"):
        synthetic_crystal(rng, space_group=62, crystal_system="cubic")
    with pytest.raises(InputError, match="none of cubic, tetragonal"):
        synthetic_crystal(rng, crystal_system="quadratic")
    with pytest.raises(InputError, match="between 20 and"):
        synthetic_crystal(rng, volume=5.0)
    with pytest.raises(InputError, match="from 1 to 230"):
        synthetic_crystal(rng, space_group=999)
