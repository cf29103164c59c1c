from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import Cell, gram_from_metric
from hybrid_index.simulate import Structure, powder_lines
from hybrid_index.simulate.dataset import Recipe, Sample, SourcedStructure, draw_sample, pattern_condition
from hybrid_index.simulate.lines import STRONGEST
from hybrid_index.units import parse_radiation, shift_two_theta


def measure(structure: Structure, recipe: Recipe, number: int = 0) -> Sample:
    drawn = SourcedStructure(name="it", source="test", structure=structure, space_group=structure.space_group)
    return draw_sample(drawn, recipe, number, recipe.generator(number))


def test_labels_say_where_the_cell_has_the_lines(anglesite: Structure, recipe: Recipe) -> None:
    sample = measure(anglesite, recipe)
    cell, lines = sample.setting.cell, sample.lines
    assert cell.parameters == pytest.approx((5.3973, 6.9549, 8.472, 90.0, 90.0, 90.0))
    q = np.einsum("ni,ij,nj->n", sample.hkl, gram_from_metric(cell.metric), sample.hkl)
    assert q == pytest.approx(lines.q, rel=1e-9)
    assert sample.d_angstrom == pytest.approx(1.0 / np.sqrt(q))
    assert lines.radiation.wavelength_angstrom == pytest.approx(
        2.0 * sample.d_angstrom * np.sin(np.radians(lines.two_theta_deg / 2.0))
    )
    assert lines.intensity.min() >= recipe.weakest * STRONGEST
    low, high = recipe.two_theta_range_deg
    all_lines = powder_lines(anglesite, recipe.radiation, high, two_theta_min_deg=low)
    assert 0.8 * len(all_lines) < len(lines) <= len(all_lines)


@pytest.mark.parametrize("number", range(5))
def test_the_pattern_is_shifted_by_what_the_label_says(rock_salt: Structure, recipe: Recipe, number: int) -> None:
    calm = replace(recipe, condition=pattern_condition("contest", axial_divergence_deg=(0.0, 0.0), max_foreign=0))
    sample = measure(rock_salt, calm, number)
    shifts = {
        "zero_shift_deg": sample.measurement.zero_shift_deg,
        "displacement_mm": sample.measurement.displacement_mm,
    }
    x, y = sample.pattern.two_theta_deg, sample.pattern.intensity
    for line in np.argsort(sample.lines.intensity)[-3:]:
        expected = float(shift_two_theta(sample.lines.two_theta_deg[line], **shifts))
        near = np.abs(x - expected) < 0.25
        top = y[near] - np.median(y)
        assert np.average(x[near], weights=np.maximum(top, 0.0)) == pytest.approx(expected, abs=0.02)


def test_a_foreign_line_is_drawn_where_it_is_listed(rock_salt: Structure, recipe: Recipe) -> None:
    dirty = replace(recipe, condition=pattern_condition("ideal", max_foreign=5))
    sample = next(s for s in (measure(rock_salt, dirty, i) for i in range(20)) if len(s.measurement.foreign) == 5)
    foreign = sample.measurement.foreign
    x, y = sample.pattern.two_theta_deg, sample.pattern.intensity
    for position, intensity in zip(foreign.two_theta_deg, foreign.intensity, strict=True):
        height = y[np.argmin(np.abs(x - position))]
        assert height >= 0.8 * intensity / STRONGEST * sample.measurement.strongest_counts


def test_a_sample_hangs_on_seed_and_number_alone(rock_salt: Structure, recipe: Recipe) -> None:
    first, again = measure(rock_salt, recipe, 3), measure(rock_salt, recipe, 3)
    assert np.array_equal(first.pattern.intensity, again.pattern.intensity)
    others = [measure(rock_salt, recipe, 4), measure(rock_salt, replace(recipe, seed=8), 3)]
    assert all(not np.array_equal(first.pattern.intensity, other.pattern.intensity) for other in others)
    assert first.pattern.intensity == pytest.approx(np.rint(first.pattern.intensity))


def test_the_grid_has_its_ends_and_points(rock_salt: Structure) -> None:
    plain = Recipe(condition=pattern_condition("ideal"), radiation=parse_radiation("CuKa"))
    x = measure(rock_salt, plain).pattern.two_theta_deg
    assert (x[0], x[-1], x.size) == (5.0, pytest.approx(80.0), 10_000)


def test_structures_without_use_are_refused(rock_salt: Structure, recipe: Recipe) -> None:
    small = replace(rock_salt, cell=Cell(a=2.4, b=2.4, c=2.4))
    with pytest.raises(InputError, match="only 2 lines lie in 10–80°; at least 5"):
        measure(small, recipe)
    large = replace(rock_salt, cell=Cell(a=900.0, b=900.0, c=900.0))
    with pytest.raises(InputError, match="too many to simulate"):
        measure(large, recipe)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"two_theta_range_deg": (0.0, 80.0)}, "is no range"),
        ({"two_theta_range_deg": (80.0, 5.0)}, "is no range"),
        ({"n_points": 10}, "10 points are no pattern"),
        ({"weakest": 1.0}, "leaves no line"),
        ({"seed": -1}, "-1 is negative"),
    ],
)
def test_impossible_recipes_are_refused(recipe: Recipe, change: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        replace(recipe, **change)  # type: ignore[arg-type]
