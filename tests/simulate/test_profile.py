from __future__ import annotations

import math

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.simulate import Background, Lines, Profile, simulate_pattern
from hybrid_index.simulate.profile import axial_rays, combined_shape
from hybrid_index.units import FloatArray, parse_radiation

CU = parse_radiation("CuKa1")
WAVELENGTH = CU.wavelength_angstrom


def width_at_half_maximum(x: FloatArray, y: FloatArray) -> float:
    above = np.flatnonzero(y >= 0.5 * y.max())
    first, last = above[0], above[-1]
    left = np.interp(0.5 * y.max(), y[first - 1 : first + 1], x[first - 1 : first + 1])
    right = np.interp(-0.5 * y.max(), -y[last : last + 2], x[last : last + 2])
    return float(right - left)


def drawn_line(at: float, profile: Profile) -> tuple[FloatArray, FloatArray]:
    line = Lines.from_positions(at, 100.0, radiation=CU)
    grid = np.arange(max(at - 8.0, 0.0), at + 8.0, 0.001)
    return grid, simulate_pattern(line, profile=profile, two_theta_deg=grid).intensity


@pytest.mark.parametrize("size_nm", [20.0, 50.0, 100.0])
@pytest.mark.parametrize("at", [20.0, 60.0, 120.0])
def test_small_crystallites_give_the_width_of_scherrer(size_nm: float, at: float) -> None:
    profile = Profile(w=1e-6, eta=0.0, crystallite_size_nm=size_nm)
    scherrer = math.degrees(0.9 * WAVELENGTH / (10.0 * size_nm * math.cos(math.radians(at / 2.0))))
    assert width_at_half_maximum(*drawn_line(at, profile)) == pytest.approx(scherrer, rel=0.005)
    assert profile.shapes(at, WAVELENGTH)[1] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("eta", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("size_nm", [20.0, 60.0, 200.0])
def test_size_and_instrument_are_convolved(eta: float, size_nm: float) -> None:
    """Against the convolution itself; the sum of widths is known to be good to a few per cent."""
    at, instrument = 40.0, Profile.constant(0.1, eta=eta)
    x, y = drawn_line(at, instrument)
    scherrer = math.degrees(0.9 * WAVELENGTH / (10.0 * size_nm * math.cos(math.radians(at / 2.0))))
    middle = x - x.mean()
    convolved = np.convolve(y, 1.0 / (1.0 + (2.0 * middle / scherrer) ** 2), mode="same")
    fwhm, _ = Profile(w=0.01, eta=eta, crystallite_size_nm=size_nm).shapes(at, WAVELENGTH)
    assert float(fwhm) == pytest.approx(width_at_half_maximum(x, convolved), rel=0.03)


def test_large_crystallites_change_nothing() -> None:
    plain = Profile(u=0.01, v=-0.004, w=0.01, eta=0.4)
    two_theta = np.linspace(10.0, 100.0, 10)
    fwhm, eta = plain.shapes(two_theta, WAVELENGTH)
    assert fwhm == pytest.approx(plain.fwhm_deg(two_theta))
    assert eta == pytest.approx(0.4)
    large = Profile(u=0.01, v=-0.004, w=0.01, eta=0.4, crystallite_size_nm=1e9)
    assert large.shapes(two_theta, WAVELENGTH)[0] == pytest.approx(fwhm, rel=2e-3)
    assert large.shapes(two_theta, WAVELENGTH)[1] == pytest.approx(eta, abs=0.005)


def test_pure_shapes_stay_pure() -> None:
    one, none = np.ones(1), np.zeros(1)
    for parts, eta in (((one, none), 0.0), ((none, one), 1.0)):
        assert np.ravel(combined_shape(*parts)) == pytest.approx([1.0, eta])


@pytest.mark.parametrize("at", [8.0, 15.0, 30.0, 60.0, 110.0])
def test_few_rays_give_the_tail_of_many(at: float) -> None:
    """Against 200 rays."""
    x, y = drawn_line(at, Profile(w=0.0064, axial_divergence_deg=2.5))
    psi = np.radians(2.5) * (np.arange(200) + 0.5) / 200.0
    shifts = -np.degrees(psi**2 / 2.0) / math.tan(math.radians(at))
    lines = Lines.from_positions(at + shifts, 100.0 / 200.0, radiation=CU)
    # The scale follows the strongest line: all have the same width here.
    many = simulate_pattern(lines, profile=Profile(w=0.0064), two_theta_deg=x, strongest_counts=10_000.0).intensity
    assert np.abs(y - many).max() < 0.01 * many.max()


def test_weights_of_rays_add_up_to_one() -> None:
    two_theta = np.array([3.0, 10.0, 30.0, 80.0])
    line, shift, weight = axial_rays(two_theta, np.full(4, 0.1), 2.0)
    assert np.bincount(line, weight) == pytest.approx(1.0)
    assert np.bincount(line).tolist() == sorted(np.bincount(line).tolist(), reverse=True)
    mean = -np.degrees(np.radians(2.0) ** 2 / 6.0) / np.tan(np.radians(two_theta))
    assert np.bincount(line, weight * shift)[:3] == pytest.approx(mean[:3])


def test_background_is_the_sum_of_its_parts() -> None:
    x = np.linspace(5.0, 80.0, 301)
    background = Background(
        constant=100.0, exponential=50.0, decay_deg=10.0, hump=20.0, hump_centre_deg=30.0, hump_fwhm_deg=8.0
    )
    expected = 100.0 + 50.0 * np.exp(-x / 10.0) + 20.0 * 0.5 ** (((x - 30.0) / 4.0) ** 2)
    assert background.counts(x) == pytest.approx(expected)


def test_polynomial_background_is_that_of_chebyshev() -> None:
    x = np.linspace(20.0, 60.0, 81)
    t = (x - 40.0) / 20.0
    counts = Background(constant=50.0, chebyshev=(5.0, -3.0, 2.0)).counts(x)
    assert counts == pytest.approx(50.0 + 5.0 * t - 3.0 * (2.0 * t**2 - 1.0) + 2.0 * (4.0 * t**3 - 3.0 * t))


def test_impossible_sizes_and_backgrounds_are_refused() -> None:
    with pytest.raises(InputError, match="nm"):
        Profile(crystallite_size_nm=0.0)
    line = Lines.from_positions(40.0, 100.0, radiation=CU)
    with pytest.raises(InputError, match="add a constant"):
        simulate_pattern(line, background=Background(chebyshev=(10.0,)))
