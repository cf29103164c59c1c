from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import Site, Structure, powder_lines
from hybrid_index.simulate.content import Content, distinct_content
from hybrid_index.simulate.intensities import merged_lines, structure_factors_squared
from hybrid_index.simulate.reflections import asymmetric_unit, orbit_size
from hybrid_index.simulate.scattering import scattering_coefficients
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, Radiation

NONE = np.zeros((0, 3))
IDENTITY = np.eye(3, dtype=np.int64)[None]


def half_sphere(structure: Structure, q_max: float) -> tuple[IntArray, FloatArray]:
    reflections = enumerate_reflections(structure.cell.metric, BravaisLattice.AP, q_max)
    return reflections.hkl.astype(np.int64), reflections.q


def content_of(structure: Structure) -> tuple[Content, list[str]]:
    symbols = sorted(set(structure.elements))
    element = np.array([symbols.index(e) for e in structure.elements])
    return distinct_content(structure.xyz, structure.occupancy, structure.u_iso, element), symbols


def plain_sum(structure: Structure, hkl: IntArray, q: FloatArray, radiation: Radiation) -> FloatArray:
    c = scattering_coefficients(structure.elements, radiation.probe)
    s2 = q / 4.0
    f = c[:, 8:9] + (c[:, 9:10] + c[:, 10:] * s2) * (c[:, :4, None] * np.exp(-c[:, 4:8, None] * s2)).sum(axis=1)
    weight = structure.occupancy[:, None] * f * np.exp(-2 * np.pi**2 * structure.u_iso[:, None] * q)
    return np.asarray(np.abs((weight * np.exp(2j * np.pi * structure.xyz @ hkl.T)).sum(axis=0)) ** 2)


def random_structure(symbol: str, cell: Cell, n_sites: int = 3) -> Structure:
    rng = np.random.default_rng(5)
    sites = [
        Site(element=e, xyz=tuple(rng.uniform(0, 1, 3).tolist()), occupancy=rng.uniform(0.5, 1.0), u_iso=u)
        for e, u in zip(("Sr", "Ti", "O")[:n_sites], (0.005, 0.01, 0.02), strict=False)
    ]
    return Structure.from_sites(cell, symbol, sites)


SETTINGS = [
    ("P 1", Cell(a=5.1, b=6.2, c=7.3, alpha=80.0, beta=95.0, gamma=105.0)),
    ("P -1", Cell(a=5.1, b=6.2, c=7.3, alpha=80.0, beta=95.0, gamma=105.0)),
    ("I 1 2/a 1", Cell(a=9.1, b=7.3, c=8.2, beta=113.0)),
    ("F d d 2", Cell(a=9.1, b=11.3, c=7.2)),
    ("I 41/a m d:1", Cell(a=6.1, b=6.1, c=11.0)),
    ("R -3 c:H", Cell(a=5.0, b=5.0, c=17.1, gamma=120.0)),
    ("R 3:R", Cell(a=6.0, b=6.0, c=6.0, alpha=70.0, beta=70.0, gamma=70.0)),
    ("P 4/m n c", Cell(a=6.1, b=6.1, c=8.0)),
    ("F -4 3 m", Cell(a=7.0, b=7.0, c=7.0)),
    ("F d -3 m:1", Cell(a=8.0, b=8.0, c=8.0)),
]


@pytest.mark.parametrize("probe", ["xray", "neutron"])
@pytest.mark.parametrize(("symbol", "cell"), SETTINGS, ids=[symbol for symbol, _ in SETTINGS])
def test_structure_factors_equal_the_plain_sum_over_the_cell(symbol: str, cell: Cell, probe: str) -> None:
    radiation = Radiation(wavelength_angstrom=1.5, probe=probe)  # type: ignore[arg-type]
    structure = random_structure(symbol, cell)
    content, symbols = content_of(structure)
    hkl, q = half_sphere(structure, 0.6)
    expected = plain_sum(structure, hkl, q, radiation)
    allowed = np.all(np.abs(hkl @ content.translations.T - np.rint(hkl @ content.translations.T)) < 0.01, axis=1)
    assert expected[~allowed] == pytest.approx(0.0, abs=1e-9 * expected.max())
    squared = structure_factors_squared(
        hkl[allowed], q[allowed], content, scattering_coefficients(symbols, radiation.probe)
    )
    assert squared == pytest.approx(expected[allowed], rel=1e-9, abs=1e-9 * expected.max())


@pytest.mark.parametrize(
    ("symbol", "share"),
    [
        ("P 1", 1),
        ("P -1", 2),
        ("C 1 2/c 1", 4),
        ("F d d 2", 4),
        ("I 41/a m d:1", 4),
        ("R -3 c:H", 6),
        ("F d -3 m:1", 8),
    ],
)
def test_translations_and_inversion_spare_atoms(symbol: str, share: int) -> None:
    cell = dict(SETTINGS).get(symbol, Cell(a=9.1, b=7.3, c=8.2, beta=113.0))
    structure = random_structure(symbol, cell)
    content, _ = content_of(structure)
    assert len(content.weight) == len(structure.elements) / share
    assert content.weight.sum() == pytest.approx(structure.occupancy.sum())
    assert content.centric == (symbol not in ("P 1", "F d d 2"))


def test_an_atom_on_the_centre_counts_once(rock_salt: Structure) -> None:
    content, _ = content_of(rock_salt)
    assert sorted(content.weight) == [4.0, 4.0]
    assert content.centric
    assert len(content.translations) == 3


@pytest.mark.parametrize(("times", "n_translations"), [(2, 7), (3, 26), (4, 0)])
def test_supercells_keep_their_lines_however_many_translations(times: int, n_translations: int) -> None:
    cells = np.stack(np.meshgrid(*[np.arange(times)] * 3, indexing="ij"), -1).reshape(-1, 3)
    one = Structure.from_sites(Cell(a=3.4, b=3.4, c=3.4), "P m -3 m", [Site(element="Po", xyz=(0.0, 0.0, 0.0))])
    many = Structure(
        cell=Cell(a=3.4 * times, b=3.4 * times, c=3.4 * times),
        elements=("Po",) * times**3,
        xyz=(cells + one.xyz) / times,
        occupancy=np.ones(times**3),
        u_iso=np.zeros(times**3),
    )
    content, _ = content_of(many)
    assert len(content.translations) == n_translations
    radiation = Radiation(wavelength_angstrom=1.54)
    expected, found = powder_lines(one, radiation), powder_lines(many, radiation)
    assert found.q == pytest.approx(expected.q)
    assert found.intensity == pytest.approx(expected.intensity)


def test_two_atoms_at_one_place_are_no_pair_of_a_single_one() -> None:
    structure = Structure(
        cell=Cell(a=5.0, b=6.0, c=7.0),
        elements=("Si",) * 3,
        xyz=np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]]),
        occupancy=np.ones(3),
        u_iso=np.zeros(3),
    )
    content, symbols = content_of(structure)
    assert not content.centric
    hkl, q = half_sphere(structure, 0.3)
    radiation = Radiation(wavelength_angstrom=1.5)
    squared = structure_factors_squared(hkl, q, content, scattering_coefficients(symbols, "xray"))
    assert squared == pytest.approx(plain_sum(structure, hkl, q, radiation))


def test_nearly_equivalent_atoms_are_not_equivalent(rock_salt: Structure) -> None:
    moved = np.array(rock_salt.xyz)
    moved[1] += 1e-6
    content, _ = content_of(replace(rock_salt, xyz=moved))
    assert len(content.translations) == 0
    other, _ = content_of(replace(rock_salt, occupancy=np.array([0.9, *[1.0] * 7])))
    assert len(other.translations) == 0


@pytest.mark.parametrize(("symbol", "cell"), SETTINGS, ids=[symbol for symbol, _ in SETTINGS])
def test_orbits_make_the_whole_sphere(symbol: str, cell: Cell) -> None:
    structure = random_structure(symbol, cell)
    hkl, q = half_sphere(structure, 0.5)
    firsts, q_firsts, sizes = asymmetric_unit(structure.cell.metric, 0.1, 0.5, structure.rotations, NONE, len(q) + 10)
    orbits = {tuple(sign * h @ r) for h in firsts for r in structure.rotations for sign in (1, -1)}
    half = {tuple(h) for h in hkl[q >= 0.1]}
    assert orbits == half | {tuple(-x for x in h) for h in half}
    assert sizes.sum() == 2 * len(half)
    assert np.einsum("ni,ij,nj->n", firsts, np.linalg.inv(structure.cell.gram), firsts) == pytest.approx(q_firsts)


def test_too_little_room_gives_no_reflections(rock_salt: Structure) -> None:
    assert len(asymmetric_unit(rock_salt.cell.metric, 0.0, 1.0, rock_salt.rotations, NONE, 3)[1]) == 0


def test_equal_q_is_one_line_with_the_indices_of_the_strongest() -> None:
    hkl = np.array([[2, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    q, intensity = np.array([4.0, 1.0, 1.0 + 1e-9, 1.0 + 1e-5]), np.array([1.0, 2.0, 3.0, 4.0])
    merged = merged_lines(hkl, q, np.array([2, 2, 4, 8]), intensity)
    assert merged[0].tolist() == [[0, 1, 0], [0, 0, 1], [2, 0, 0]]
    assert merged[1] == pytest.approx([1.0, 1.0 + 1e-5, 4.0])
    assert merged[2].tolist() == [6, 8, 2]
    assert merged[3].tolist() == [5.0, 4.0, 1.0]


def test_kernels_equal_their_python(anglesite: Structure) -> None:
    for hkl in half_sphere(anglesite, 0.05)[0]:
        assert orbit_size(hkl, anglesite.rotations) == orbit_size.py_func(hkl, anglesite.rotations)
    content, symbols = content_of(anglesite)
    hkl, q = half_sphere(anglesite, 0.02)
    coefficients = scattering_coefficients(symbols, "xray")
    assert structure_factors_squared(hkl, q, content, coefficients) == pytest.approx(
        structure_factors_squared.py_func(hkl, q, content, coefficients)
    )


def test_symmetry_that_is_told_changes_nothing(anglesite: Structure) -> None:
    radiation = Radiation(wavelength_angstrom=1.54)
    with_, without = powder_lines(anglesite, radiation), powder_lines(replace(anglesite, rotations=IDENTITY), radiation)
    assert with_.q == pytest.approx(without.q)
    assert with_.intensity == pytest.approx(without.intensity, rel=1e-9, abs=1e-9)
