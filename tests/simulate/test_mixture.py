from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import Cell
from hybrid_index.simulate import Lines, Site, Structure, mixture_lines, powder_lines
from hybrid_index.simulate.mixture import cell_mass
from hybrid_index.units import parse_radiation

CU = parse_radiation("CuKa1")


def strongest(structure: Structure) -> tuple[Structure, Lines]:
    return structure, powder_lines(structure, CU)


@pytest.fixture(scope="module")
def corundum() -> Structure:
    """Al2O3, Lewis, Schwarzenbach & Flack, Acta Cryst. A 38 (1982) 733."""
    sites = [Site(element="Al", xyz=(0, 0, 0.35216)), Site(element="O", xyz=(0.30624, 0, 0.25))]
    return Structure.from_sites(Cell(a=4.7602, b=4.7602, c=12.9933, gamma=120.0), "R -3 c", sites)


def test_masses_are_those_of_the_formula(rock_salt: Structure, corundum: Structure) -> None:
    assert cell_mass(rock_salt) == pytest.approx(4 * 58.443, rel=1e-4)
    assert cell_mass(corundum) == pytest.approx(6 * 101.961, rel=1e-4)


@pytest.fixture(scope="module")
def silicon() -> Structure:
    return Structure.from_sites(
        Cell(a=5.4309, b=5.4309, c=5.4309), "F d -3 m:2", [Site(element="Si", xyz=(0.125, 0.125, 0.125))]
    )


@pytest.mark.parametrize(("name", "published"), [("rock_salt", 4.4), ("silicon", 4.7)])
def test_reference_intensity_ratio_is_the_published_one(
    request: pytest.FixtureRequest, corundum: Structure, name: str, published: float
) -> None:
    """I/Ic of the Powder Diffraction File (5-628, 27-1402): strongest lines in a 1:1 mixture with corundum by weight.

    Without anomalous dispersion and thermal motion it can be reached to some 10 %, for light elements.
    """
    one, reference = mixture_lines([strongest(request.getfixturevalue(name)), strongest(corundum)], [1.0, 1.0])
    assert one.intensity.max() / reference.intensity.max() == pytest.approx(published, rel=0.12)
    assert one.intensity.max() == pytest.approx(100.0)


def test_shares_are_linear_and_keep_the_scale(rock_salt: Structure, corundum: Structure) -> None:
    phases = [strongest(rock_salt), strongest(corundum)]
    one, two = (mixture_lines(phases, shares) for shares in ([1.0, 1.0], [3.0, 1.0]))
    ratios = [a.intensity.max() / b.intensity.max() for a, b in (one, two)]
    assert ratios[1] == pytest.approx(3.0 * ratios[0])
    assert one[0].intensity * one[0].scale == pytest.approx(phases[0][1].intensity * phases[0][1].scale)


def test_a_supercell_weighs_no_more_than_its_cell(rock_salt: Structure, corundum: Structure) -> None:
    double = Structure(
        cell=Cell(a=2 * rock_salt.cell.a, b=rock_salt.cell.b, c=rock_salt.cell.c),
        elements=rock_salt.elements * 2,
        xyz=np.concatenate([rock_salt.xyz, rock_salt.xyz + np.array([1, 0, 0])]) * [0.5, 1, 1],
        occupancy=np.ones(16),
        u_iso=np.zeros(16),
    )
    expected = mixture_lines([strongest(rock_salt), strongest(corundum)], [1.0, 1.0])[1]
    found = mixture_lines([strongest(double), strongest(corundum)], [1.0, 1.0])[1]
    assert found.intensity == pytest.approx(expected.intensity)


@pytest.mark.parametrize("shares", [[1.0], [1.0, 0.0], [1.0, -1.0]])
def test_impossible_shares_are_refused(rock_salt: Structure, shares: list[float]) -> None:
    with pytest.raises(InputError, match="weight shares"):
        mixture_lines([strongest(rock_salt)] * 2, shares)


def test_phases_without_lines_are_refused(rock_salt: Structure) -> None:
    with pytest.raises(InputError, match="no phase has a line"):
        mixture_lines([(rock_salt, powder_lines(rock_salt, CU, 10.0))], [1.0])
