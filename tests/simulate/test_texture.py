from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import Cell
from hybrid_index.simulate import Site, Structure, Texture, powder_lines
from hybrid_index.simulate.texture import march_dollase
from hybrid_index.units import parse_radiation

CU = parse_radiation("CuKa1")
IDENTITY = np.eye(3, dtype=np.int64)[None]
CUBIC = Cell(a=1.0, b=1.0, c=1.0).metric
PLANE = np.array([0, 0, 1])


def factor(cos2: float, r: float) -> float:
    return float((r * r * cos2 + (1.0 - cos2) / r) ** -1.5)


@pytest.mark.parametrize("r", [0.3, 0.7, 1.0, 1.8])
def test_the_factor_averages_to_one_over_all_directions(r: float) -> None:
    cosines, weights = np.polynomial.legendre.leggauss(60)
    assert sum(w / 2.0 * factor(c * c, r) for c, w in zip(cosines, weights, strict=True)) == pytest.approx(1.0)
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(20_000, 3))
    hkl = np.rint(1000.0 * directions / np.linalg.norm(directions, axis=1)[:, None]).astype(np.int64)
    mean = np.mean([march_dollase(h, PLANE, r, IDENTITY, CUBIC) for h in hkl])
    assert mean == pytest.approx(1.0, abs=0.1 if r == 0.3 else 0.02)


@pytest.mark.parametrize("plane", [(0, 0, 1), (1, 1, 0), (1, -2, 3)])
def test_r_of_one_changes_nothing(anglesite: Structure, plane: tuple[int, int, int]) -> None:
    without, with_ = powder_lines(anglesite, CU), powder_lines(anglesite, CU, texture=Texture(hkl=plane, r=1.0))
    assert np.array_equal(with_.intensity, without.intensity)


def test_plates_strengthen_their_plane_as_the_formula_says(anglesite: Structure) -> None:
    r = 0.6
    without, with_ = powder_lines(anglesite, CU), powder_lines(anglesite, CU, texture=Texture(r=r))
    ratio = with_.intensity * with_.scale / (without.intensity * without.scale)
    h, k, l = without.hkl.T
    cell = anglesite.cell
    cos2 = (l / cell.c) ** 2 / ((h / cell.a) ** 2 + (k / cell.b) ** 2 + (l / cell.c) ** 2)
    alone = np.append(np.diff(without.q), 1.0) > 1e-5
    alone &= np.append(1.0, np.diff(without.q)) > 1e-5
    assert alone.sum() > 50
    assert ratio[alone] == pytest.approx(((r * r * cos2 + (1.0 - cos2) / r) ** -1.5)[alone])
    assert ratio[(h == 0) & (k == 0)] == pytest.approx(r**-3)
    assert ratio[l == 0] == pytest.approx(r**1.5)


def test_a_cubic_orbit_takes_the_mean_of_its_members(rock_salt: Structure) -> None:
    r = 0.5
    plain, textured = powder_lines(rock_salt, CU), powder_lines(rock_salt, CU, texture=Texture(r=r))
    ratio = textured.intensity * textured.scale / (plain.intensity * plain.scale)
    by_hkl = {tuple(hkl): x for hkl, x in zip(plain.hkl.tolist(), ratio, strict=True)}
    assert by_hkl[2, 0, 0] == pytest.approx((factor(1.0, r) + 2.0 * factor(0.0, r)) / 3.0)
    assert by_hkl[1, 1, 1] == pytest.approx(factor(1.0 / 3.0, r))


def test_texture_needs_no_symmetry_to_be_right() -> None:
    structure = Structure.from_sites(
        Cell(a=4.9, b=4.9, c=5.4, gamma=120.0), "P 32 2 1", [Site(element="Si", xyz=(0.47, 0.1, 0.2))]
    )
    texture = Texture(hkl=(1, 0, 1), r=0.7)
    told = powder_lines(structure, CU, texture=texture)
    untold = powder_lines(replace(structure, rotations=IDENTITY), CU, texture=texture)
    assert untold.intensity == pytest.approx(told.intensity)


@pytest.mark.parametrize("arguments", [{"hkl": (0, 0, 0)}, {"r": 0.0}, {"r": -1.0}, {"r": float("nan")}])
def test_impossible_textures_are_refused(arguments: dict[str, object]) -> None:
    with pytest.raises(InputError, match="texture"):
        Texture(**arguments)  # type: ignore[arg-type]
