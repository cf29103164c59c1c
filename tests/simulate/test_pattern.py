from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.simulate import Background, Lines, Profile, Structure, powder_lines, simulate_pattern
from hybrid_index.simulate.profile import add_pseudo_voigts
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation, two_theta_from_q

CU1 = parse_radiation("CuKa1")
CU = parse_radiation("CuKa")
NARROW = Profile.constant(0.05)


def one_line(at: float, intensity: float = 100.0) -> Lines:
    return Lines.from_positions(at, intensity, radiation=CU1)


def centroid(pattern: Pattern) -> float:
    return float(np.average(pattern.two_theta_deg, weights=pattern.intensity))


@pytest.mark.parametrize("at", [12.0, 41.3, 77.0])
@pytest.mark.parametrize(("zero", "displacement"), [(0.0, 0.0), (0.1, 0.0), (-0.2, 0.0), (0.0, 0.15), (0.05, -0.1)])
def test_a_shifted_line_is_where_the_formula_says(at: float, zero: float, displacement: float) -> None:
    pattern = simulate_pattern(one_line(at), profile=NARROW, zero_shift_deg=zero, displacement_mm=displacement)
    expected = at + zero - 2.0 * displacement / 200.0 * np.cos(np.radians(at / 2.0)) * 180.0 / np.pi
    assert centroid(pattern) == pytest.approx(expected, abs=1e-4)
    assert pattern.two_theta_deg[np.argmax(pattern.intensity)] == pytest.approx(expected, abs=0.0051)


def test_default_grid_and_height() -> None:
    pattern = simulate_pattern(one_line(40.0), strongest_counts=5000.0)
    assert (pattern.two_theta_deg[0], pattern.two_theta_deg[-1]) == pytest.approx((5.0, 80.0))
    assert len(pattern.two_theta_deg) == 10_000
    assert pattern.intensity.max() == pytest.approx(5000.0, rel=1e-3)


def test_area_follows_intensity_and_scale() -> None:
    areas = [
        simulate_pattern(one_line(40.0, intensity), profile=NARROW, strongest_counts=counts).intensity.sum()
        for intensity, counts in ((100.0, 1000.0), (50.0, 1000.0), (100.0, 3000.0))
    ]
    assert areas == pytest.approx([areas[0], areas[0] / 2.0, areas[0] * 3.0])


def test_width_at_half_maximum_is_the_given_one() -> None:
    profile = Profile(u=0.02, v=-0.01, w=0.02, eta=0.3)
    pattern = simulate_pattern(one_line(60.0), profile=profile, step_deg=0.001, two_theta_range_deg=(55.0, 65.0))
    above = pattern.two_theta_deg[pattern.intensity >= 0.5 * pattern.intensity.max()]
    assert above[-1] - above[0] == pytest.approx(float(profile.fwhm_deg(60.0)), abs=0.002)


def test_the_satellite_is_at_its_wavelength_and_half_as_strong() -> None:
    line = one_line(70.0)
    both = simulate_pattern(line, radiation=CU, profile=NARROW).intensity
    satellite = both - simulate_pattern(line, profile=NARROW).intensity
    grid = simulate_pattern(line, profile=NARROW).two_theta_deg
    assert CU.ka2_angstrom is not None
    assert np.average(grid, weights=satellite) == pytest.approx(
        float(two_theta_from_q(line.q, CU.ka2_angstrom)[0]), abs=1e-3
    )
    assert satellite.sum() == pytest.approx(both.sum() / 3.0, rel=1e-3)


def test_axial_divergence_pulls_low_lines_down_and_keeps_their_area() -> None:
    axial = Profile(w=0.0025, axial_divergence_deg=2.0)
    low, low_plain = (simulate_pattern(one_line(10.0), profile=p) for p in (axial, NARROW))
    high, high_plain = (simulate_pattern(one_line(75.0), profile=p) for p in (axial, NARROW))
    assert low.intensity.sum() == pytest.approx(low_plain.intensity.sum(), rel=1e-3)
    expected = np.degrees(np.radians(2.0) ** 2 / 6.0) / np.tan(np.radians(10.0))
    assert centroid(low_plain) - centroid(low) == pytest.approx(expected, rel=0.01)
    assert 0.0 < centroid(high_plain) - centroid(high) < 0.1 * expected


def test_noise_is_poisson_and_repeatable() -> None:
    flat = one_line(40.0, 1e-9)
    patterns = [simulate_pattern(flat, background=Background(constant=400.0), seed=seed) for seed in (1, 1, 2)]
    assert np.array_equal(patterns[0].intensity, patterns[1].intensity)
    assert not np.array_equal(patterns[0].intensity, patterns[2].intensity)
    assert patterns[0].intensity.mean() == pytest.approx(400.0, rel=0.01)
    assert patterns[0].intensity.var() == pytest.approx(400.0, rel=0.06)
    assert patterns[0].sigma is not None
    assert np.array_equal(patterns[0].sigma, np.sqrt(patterns[0].intensity))


def test_background_and_impurity_are_added(anglesite: Structure) -> None:
    lines = powder_lines(anglesite, CU1, 85.0)
    background = Background(constant=50.0, exponential=300.0, decay_deg=10.0, hump=80.0)
    plain = simulate_pattern(lines)
    with_both = simulate_pattern(lines, background=background, impurity=one_line(15.0, 30.0))
    extra = with_both.intensity - plain.intensity - background.counts(plain.two_theta_deg)
    assert plain.two_theta_deg[np.argmax(extra)] == pytest.approx(15.0, abs=0.006)
    assert extra.max() == pytest.approx(3000.0, rel=1e-3)


def test_lines_without_intensity_draw_nothing() -> None:
    air = Background(exponential=100.0)
    pattern = simulate_pattern(one_line(40.0, 0.0), background=air)
    assert np.array_equal(pattern.intensity, air.counts(pattern.two_theta_deg))


def test_weak_lines_have_shorter_tails_that_nobody_misses() -> None:
    lines = Lines.from_positions([30.0, 50.0], [100.0, 0.001], radiation=CU1)
    both, strong = (simulate_pattern(part, profile=NARROW) for part in (lines, lines.select([True, False])))
    weak = both.intensity - strong.intensity
    grid = both.two_theta_deg
    fwhm, eta = 0.05, 0.5
    exact = 0.1 * eta * 2.0 / np.pi / (eta * 2.0 / np.pi + (1.0 - eta) * 2.0 * np.sqrt(np.log(2.0) / np.pi))
    exact = exact / (1.0 + (2.0 * (grid - 50.0) / fwhm) ** 2)
    tail = np.abs(grid - 50.0) > 3.0 * fwhm
    assert np.abs(weak - exact)[tail].max() < 1e-6 * both.intensity.max()
    assert weak.max() == pytest.approx(0.1, rel=0.02)


def test_any_ascending_grid_will_do() -> None:
    grid = np.concatenate([np.arange(39.0, 40.0, 0.05), np.arange(40.0, 41.0, 0.01), [45.0, 50.0]])
    fine = simulate_pattern(one_line(40.2), profile=NARROW, two_theta_range_deg=(30.0, 50.0), step_deg=0.005)
    coarse = simulate_pattern(one_line(40.2), profile=NARROW, two_theta_deg=grid)
    assert np.array_equal(coarse.two_theta_deg, grid)
    assert coarse.intensity == pytest.approx(np.interp(grid, fine.two_theta_deg, fine.intensity), abs=30.0)


def test_several_impurities_are_on_the_scale_of_the_lines() -> None:
    widening = Profile(u=0.05, w=0.002)
    stray = [one_line(15.0, 30.0), one_line(75.0, 20.0)]
    main, both = (simulate_pattern(one_line(40.0), profile=widening, impurity=impurity) for impurity in ((), stray))
    added = both.intensity - main.intensity
    low, high = (added[both.two_theta_deg < 45.0].sum(), added[both.two_theta_deg > 45.0].sum())
    assert low / main.intensity.sum() == pytest.approx(0.3, rel=0.02)
    assert high / main.intensity.sum() == pytest.approx(0.2, rel=0.02)


@pytest.mark.parametrize("grid", [[1.0], [2.0, 1.0], [1.0, 1.0], [-1.0, 5.0], [170.0, 190.0], [[1.0, 2.0]]])
def test_what_is_no_grid_is_refused(grid: list[float]) -> None:
    with pytest.raises(InputError, match="no grid"):
        simulate_pattern(one_line(40.0), two_theta_deg=grid)


def test_kernel_equals_its_python() -> None:
    grid = np.linspace(10.0, 20.0, 501)
    arguments = np.array([12.0, 19.9]), np.array([3.0, 5.0]), np.array([0.1, 0.2]), np.array([0.4, 0.7])
    compiled, python = np.zeros(501), np.zeros(501)
    add_pseudo_voigts(grid, *arguments, compiled)
    add_pseudo_voigts.py_func(grid, *arguments, python)
    assert compiled == pytest.approx(python)


@pytest.mark.parametrize("settings", [{"step_deg": 0.0}, {"step_deg": 10.0}, {"two_theta_range_deg": (80.0, 5.0)}])
def test_impossible_grids_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InputError, match="grid"):
        simulate_pattern(one_line(40.0), **settings)  # type: ignore[arg-type]


def test_impossible_profiles_are_refused() -> None:
    with pytest.raises(InputError, match="eta"):
        Profile(eta=1.5)
    with pytest.raises(InputError, match="raise W"):
        simulate_pattern(one_line(40.0), profile=Profile(w=0.0))
