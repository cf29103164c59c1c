"""Properties that hold for the lines of any structure, in all settings of all space groups."""

from __future__ import annotations

from dataclasses import replace

import gemmi
import numpy as np
import pytest

from hybrid_index.lattice import Cell, metric_from_gram
from hybrid_index.refine.extinction.space_groups import laue_rotations
from hybrid_index.simulate import Site, Structure, powder_lines
from hybrid_index.units import FloatArray, Radiation, q_from_two_theta

RADIATION = Radiation(wavelength_angstrom=1.5)
TWO_THETA_MAX_DEG = 30.0
SYSTEMS: dict[str, list[gemmi.SpaceGroup]] = {}
for group in gemmi.spacegroup_table():
    SYSTEMS.setdefault(group.crystal_system_str(), []).append(group)
CHANGES_OF_SETTING = [
    np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]]),
    np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]),
    np.array([[1, 0, -1], [2, 1, 0], [0, 0, 1]]),
]
"""Columns are the new basis vectors; all of determinant 1."""


def symmetric_cell(group: gemmi.SpaceGroup, rng: np.random.Generator) -> Cell:
    """A cell of about 700 Å3 on the axes of any setting: a random metric, averaged over the group."""
    basis = np.eye(3) * rng.uniform(8.0, 10.0, 3) + rng.uniform(-0.8, 0.8, (3, 3))
    gram = basis.T @ basis
    rotations = laue_rotations(group)
    gram = (np.swapaxes(rotations, 1, 2) @ gram @ rotations).mean(axis=0)
    return Cell.from_metric(metric_from_gram(np.linalg.inv(gram)))


def general_structure(group: gemmi.SpaceGroup, rng: np.random.Generator) -> Structure:
    sites = [Site(element=e, xyz=tuple(rng.uniform(0, 1, 3).tolist())) for e in ("Sr", "O")]
    return Structure.from_sites(symmetric_cell(group, rng), group, sites)


def allowed_q(cell: Cell, group: gemmi.SpaceGroup, q_max: float) -> FloatArray:
    """Q of all reflections that the group lets exist, gemmi being the judge."""
    gram = cell.gram
    limits = np.floor(np.sqrt(q_max * np.diag(gram))).astype(int)
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in limits), indexing="ij"), -1).reshape(-1, 3)
    q = np.einsum("ni,ij,nj->n", grid, np.linalg.inv(gram), grid)
    inside = (q > 1e-9) & (q <= q_max)
    absent = group.operations().systematic_absences(grid[inside].astype(np.int32))
    return np.unique(np.round(q[inside][~absent], 9))


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_allowed_line_is_there_and_no_forbidden_one(system: str) -> None:
    q_max = float(q_from_two_theta(TWO_THETA_MAX_DEG, RADIATION.wavelength_angstrom))
    for number, group in enumerate(SYSTEMS[system]):
        rng = np.random.default_rng(number)
        structure = general_structure(group, rng)
        lines = powder_lines(structure, RADIATION, TWO_THETA_MAX_DEG, relative_cutoff=0.0)
        expected = allowed_q(structure.cell, group, q_max * (1.0 - 1e-6))
        distance = np.abs(lines.q[:, None] - expected)
        assert np.all(distance.min(axis=0) < 1e-7), f"{group.xhm()} lacks a line"
        inside = lines.q < q_max * (1.0 - 1e-5)
        assert np.all(distance.min(axis=1)[inside] < 1e-7), f"{group.xhm()} has a forbidden line"


@pytest.mark.parametrize("change", CHANGES_OF_SETTING)
@pytest.mark.parametrize("symbol", ["P 1 21/c 1", "P n a 21", "I -4 2 d", "P 63 m c", "P a -3"])
def test_another_setting_and_origin_change_nothing(symbol: str, change: FloatArray) -> None:
    rng = np.random.default_rng(3)
    structure = general_structure(gemmi.SpaceGroup(symbol), rng)
    gram = change.T @ structure.cell.gram @ change
    moved = Structure(
        cell=Cell.from_metric(metric_from_gram(np.linalg.inv(gram))),
        elements=structure.elements,
        xyz=(structure.xyz + rng.uniform(0.0, 1.0, 3)) @ np.linalg.inv(change).T,
        occupancy=structure.occupancy,
        u_iso=structure.u_iso,
    )
    before, after = powder_lines(structure, RADIATION, 60.0), powder_lines(moved, RADIATION, 60.0)
    assert after.two_theta_deg == pytest.approx(before.two_theta_deg, abs=1e-8)
    assert after.intensity == pytest.approx(before.intensity, abs=1e-8)
    assert after.multiplicity.tolist() == before.multiplicity.tolist()
    assert after.scale == pytest.approx(before.scale)


@pytest.mark.parametrize("times", [(2, 1, 1), (1, 3, 1), (1, 1, 2), (2, 2, 2)])
def test_a_supercell_without_change_gives_the_same_lines(anglesite: Structure, times: tuple[int, int, int]) -> None:
    cells = np.stack(np.meshgrid(*(np.arange(n) for n in times), indexing="ij"), -1).reshape(-1, 3)
    n, cell = len(cells), anglesite.cell
    large = Structure(
        cell=Cell(a=times[0] * cell.a, b=times[1] * cell.b, c=times[2] * cell.c),
        elements=anglesite.elements * n,
        xyz=(cells[:, None] + anglesite.xyz).reshape(-1, 3) / times,
        occupancy=np.tile(anglesite.occupancy, n),
        u_iso=np.tile(anglesite.u_iso, n),
    )
    one, many = powder_lines(anglesite, RADIATION), powder_lines(large, RADIATION)
    assert many.two_theta_deg == pytest.approx(one.two_theta_deg)
    assert many.intensity == pytest.approx(one.intensity, abs=1e-8)
    assert many.scale == pytest.approx(n**2 * one.scale)


@pytest.mark.parametrize("share", [0.5, 0.25])
def test_total_intensity_follows_the_square_of_the_occupancy(anglesite: Structure, share: float) -> None:
    partial = replace(anglesite, occupancy=share * anglesite.occupancy)
    full, less = powder_lines(anglesite, RADIATION), powder_lines(partial, RADIATION)
    assert less.intensity == pytest.approx(full.intensity)
    assert less.scale * less.intensity.sum() == pytest.approx(share**2 * full.scale * full.intensity.sum())


def test_mixed_sites_scatter_like_their_mean() -> None:
    cell = Cell(a=3.6, b=3.6, c=3.6)
    mixed = [Site(element=e, xyz=(0.0, 0.0, 0.0), occupancy=0.5) for e in ("Cu", "Cu")]
    alloy = powder_lines(Structure.from_sites(cell, "F m -3 m", mixed), RADIATION)
    copper = powder_lines(Structure.from_sites(cell, "F m -3 m", [Site(element="Cu", xyz=(0, 0, 0))]), RADIATION)
    assert alloy.intensity * alloy.scale == pytest.approx(copper.intensity * copper.scale)
