from __future__ import annotations

import gzip
import json
import warnings
from dataclasses import replace
from pathlib import Path

import gemmi
import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import Cell
from hybrid_index.simulate import Lines, Site, Structure, powder_lines
from hybrid_index.units import parse_radiation

CU = parse_radiation("CuKa1")


def random_structure(symbol: str, cell: Cell, *, seed: int = 0, n_sites: int = 3) -> Structure:
    rng = np.random.default_rng(seed)
    elements = ["Sr", "Ti", "O", "Si"]
    sites = [Site(element=elements[i % 4], xyz=tuple(rng.uniform(0, 1, 3).tolist())) for i in range(n_sites)]
    return Structure.from_sites(cell, symbol, sites)


def pymatgen_sticks(structure: Structure) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymatgen.analysis.diffraction.xrd import XRDCalculator
        from pymatgen.core.lattice import Lattice
        from pymatgen.core.structure import Structure as PymatgenStructure

        species = [{e: float(o)} for e, o in zip(structure.elements, structure.occupancy, strict=True)]
        crystal = PymatgenStructure(Lattice.from_parameters(*structure.cell.parameters), species, structure.xyz)
        pattern = XRDCalculator(wavelength=CU.wavelength_angstrom).get_pattern(crystal, two_theta_range=(0, 90))
    return np.asarray(pattern.x), np.asarray(pattern.y)


def assert_agrees_with_pymatgen(structure: Structure) -> None:
    bare = replace(structure, u_iso=np.zeros(len(structure.elements)))
    lines = powder_lines(bare, CU, 90.0, form_factors="pymatgen")
    x, y = pymatgen_sticks(bare)
    strong = x[y > 1.0]
    # Lines of accidentally equal position are merged differently: compare sums over 0.0004°.
    ours = np.array([lines.intensity[np.abs(lines.two_theta_deg - at) < 2e-4].sum() for at in strong])
    theirs = np.array([y[np.abs(x - at) < 2e-4].sum() for at in strong])
    nearest = np.abs(lines.two_theta_deg[:, None] - strong).min(axis=0)
    assert nearest.max() < 1e-4
    assert 100.0 * np.abs(ours / ours.max() - theirs / theirs.max()).max() < 0.01


def test_anglesite_agrees_with_pymatgen(anglesite: Structure) -> None:
    assert_agrees_with_pymatgen(anglesite)


def test_structures_of_all_systems_agree_with_pymatgen(shared_data: Path) -> None:
    wanted = dict.fromkeys(
        ("cubic", "tetragonal", "hexagonal", "trigonal", "orthorhombic", "monoclinic", "triclinic"), 3
    )
    with gzip.open(shared_data / "structures" / "structures.jsonl.gz", "rt") as handle:
        records = [json.loads(line) for line in handle]
    order = np.random.default_rng(7).permutation(len(records))
    for record in (records[i] for i in order):
        if not wanted[record["system"]] or record["volume"] > 1500.0 or len(record["sites"]) > 60:
            continue
        if any(site[4] > 1.0 for site in record["sites"]):
            continue
        try:
            assert_agrees_with_pymatgen(Structure.from_record(record))
        except InputError:
            continue
        wanted[record["system"]] -= 1
    assert not any(wanted.values())


def test_rock_salt_has_the_known_lines(rock_salt: Structure) -> None:
    lines = powder_lines(rock_salt, CU, 70.0)
    # Swanson & Fuyat, NBS Circular 539 II (1953) 41.
    assert lines.two_theta_deg == pytest.approx([27.33, 31.69, 45.45, 53.85, 56.47, 66.23], abs=0.04)
    assert lines.multiplicity.tolist() == [8, 6, 12, 24, 8, 6]
    assert lines.hkl[int(np.argmax(lines.intensity))].tolist() == [2, 0, 0]


def test_reflections_of_equal_q_are_one_line(rock_salt: Structure) -> None:
    lines = powder_lines(rock_salt, CU, 120.0)
    q = 27.0 / rock_salt.cell.a**2
    found = np.flatnonzero(np.isclose(lines.q, q))
    assert len(found) == 1
    assert lines.multiplicity[found[0]] == 8 + 24


@pytest.mark.parametrize(
    ("symbol", "cell"),
    [
        ("P 1 21/c 1", Cell(a=5.1, b=7.3, c=8.2, beta=103.0)),
        ("C 1 2/c 1", Cell(a=9.1, b=7.3, c=8.2, beta=113.0)),
        ("P n a 21", Cell(a=5.1, b=7.3, c=9.2)),
        ("F d d 2", Cell(a=9.1, b=11.3, c=7.2)),
        ("I 41/a", Cell(a=6.1, b=6.1, c=11.0)),
        ("R -3 c", Cell(a=5.0, b=5.0, c=17.1, gamma=120.0)),
        ("P 63 c m", Cell(a=6.0, b=6.0, c=11.0, gamma=120.0)),
        ("P 61 2 2", Cell(a=6.0, b=6.0, c=15.0, gamma=120.0)),
        ("I a -3", Cell(a=9.0, b=9.0, c=9.0)),
    ],
)
def test_every_allowed_line_is_there_and_no_forbidden_one(symbol: str, cell: Cell) -> None:
    lines = powder_lines(random_structure(symbol, cell), CU, 50.0, relative_cutoff=0.0)
    operations = gemmi.SpaceGroup(symbol).operations()
    limits = [int(x / CU.wavelength_angstrom) + 1 for x in (cell.a, cell.b, cell.c)]
    grid = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in limits), indexing="ij"), -1).reshape(-1, 3)
    g = np.linalg.inv(cell.gram)
    q = np.einsum("ni,ij,nj->n", grid, g, grid)
    inside = (q > 0) & (q <= lines.q.max() * (1 + 1e-9))
    allowed = ~operations.systematic_absences(grid[inside].astype(np.int32))
    expected = np.unique(np.round(q[inside][allowed], 8))
    assert np.all(np.abs(lines.q[:, None] - expected).min(axis=1) < 1e-7)
    assert np.all(np.abs(lines.q[:, None] - expected).min(axis=0) < 1e-7)


@pytest.mark.parametrize("symbol", ["P 4/n m m:2", "P -3 m 1", "P m -3", "P 2 2 21"])
def test_counting_equivalents_equals_calculating_them(symbol: str) -> None:
    gamma = 120.0 if "-3 m 1" in symbol else 90.0
    a = 6.3
    structure = random_structure(symbol, Cell(a=a, b=a, c=a, gamma=gamma))
    fast, slow = (
        powder_lines(structure, CU),
        powder_lines(replace(structure, rotations=np.eye(3, dtype=np.int64)[None]), CU),
    )
    assert len(structure.rotations) > 1
    assert fast.two_theta_deg == pytest.approx(slow.two_theta_deg)
    assert fast.intensity == pytest.approx(slow.intensity, rel=1e-8, abs=1e-6)
    assert fast.multiplicity.tolist() == slow.multiplicity.tolist()


def test_a_doubled_cell_gives_the_same_pattern(anglesite: Structure) -> None:
    cell = anglesite.cell
    xyz = np.concatenate([anglesite.xyz * [0.5, 1, 1], anglesite.xyz * [0.5, 1, 1] + [0.5, 0, 0]])
    doubled = Structure(
        cell=Cell(a=2 * cell.a, b=cell.b, c=cell.c),
        elements=anglesite.elements * 2,
        xyz=xyz,
        occupancy=np.tile(anglesite.occupancy, 2),
        u_iso=np.tile(anglesite.u_iso, 2),
    )
    one, two = powder_lines(anglesite, CU), powder_lines(doubled, CU)
    assert one.two_theta_deg == pytest.approx(two.two_theta_deg)
    assert one.intensity == pytest.approx(two.intensity, abs=1e-8)


def test_range_and_cutoff(anglesite: Structure) -> None:
    lines = powder_lines(anglesite, CU, 60.0, two_theta_min_deg=25.0, relative_cutoff=0.05)
    assert lines.two_theta_deg.min() >= 25.0
    assert lines.two_theta_deg.max() <= 60.0
    assert lines.intensity.min() >= 5.0
    assert lines.intensity.max() == pytest.approx(100.0)


def test_no_reflection_in_the_range_is_an_empty_list(rock_salt: Structure) -> None:
    assert len(powder_lines(rock_salt, CU, 20.0)) == 0


def test_unknown_scatterer_is_refused() -> None:
    structure = random_structure("P 1", Cell(a=5, b=6, c=7))
    with pytest.raises(InputError, match="Es"):
        powder_lines(replace(structure, elements=("Es",) * 3), CU)


def test_lines_of_unknown_origin_are_sorted() -> None:
    lines = Lines.from_positions([40.0, 20.0], [1.0, 2.0], radiation=CU)
    assert lines.two_theta_deg.tolist() == [20.0, 40.0]
    assert lines.intensity.tolist() == [2.0, 1.0]
    assert not lines.hkl.any()
    assert len(lines.select(lines.intensity > 1.5)) == 1
