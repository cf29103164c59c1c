"""Peaks found in patterns whose lines are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.peaks import PeakOptions, estimate_background, find_peaks
from hybrid_index.types import Pattern
from hybrid_index.units import FloatArray, Radiation

KA1, KA2 = 1.5405929, 1.5444274
MONO = Radiation(wavelength_angstrom=KA1)
TUBE = Radiation(wavelength_angstrom=KA1, ka2_angstrom=KA2)


def line(x: FloatArray, centre: float, fwhm: float, eta: float = 0.5, asymmetry: float = 0.0) -> FloatArray:
    half = fwhm / 2.0 * np.where(x < centre, 1.0 + asymmetry, 1.0 - asymmetry)
    u = (x - centre) / half
    return np.asarray(eta / (1.0 + u * u) + (1.0 - eta) * np.exp(-math.log(2.0) * u * u))


def satellite(two_theta: float) -> float:
    return 2.0 * math.degrees(math.asin(KA2 / KA1 * math.sin(math.radians(two_theta) / 2.0)))


def pattern(
    centres: FloatArray,
    heights: FloatArray,
    *,
    rng: np.random.Generator,
    ka2: bool = False,
    step: float = 0.02,
    level: float = 40.0,
    asymmetry: float = 0.0,
    radiation: Radiation | None = None,
) -> Pattern:
    x = np.arange(5.0, 75.0, step)
    y = level * (1.0 + 3.0 * np.exp(-(x - 5.0) / 4.0) + np.exp(-(((x - 25.0) / 9.0) ** 2)))
    for centre, height in zip(centres, heights, strict=True):
        fwhm = math.sqrt(0.01 + 0.01 * math.tan(math.radians(centre) / 2.0) ** 2)
        y += height * line(x, centre, fwhm, asymmetry=asymmetry)
        if ka2:
            y += 0.5 * height * line(x, satellite(centre), fwhm, asymmetry=asymmetry)
    chosen = radiation or (TUBE if ka2 else MONO)
    return Pattern(two_theta_deg=x, intensity=rng.poisson(y).astype(float), radiation=chosen)


CENTRES = np.array([9.1, 13.4, 17.9, 22.3, 24.0, 29.5, 33.3, 38.8, 44.1, 51.2, 57.7, 63.4, 70.2])


def matched(found: FloatArray, true: FloatArray, within: float = 0.05) -> bool:
    return found.size == true.size and bool(np.all(np.abs(found - true) < within))


@pytest.mark.parametrize("ka2", [False, True])
@pytest.mark.parametrize("step", [0.005, 0.02, 0.05])
def test_finds_all_lines_and_no_others(ka2: bool, step: float) -> None:
    peaks = find_peaks(pattern(CENTRES, np.full(13, 600.0), rng=np.random.default_rng(1), ka2=ka2, step=step))
    assert matched(peaks.two_theta_deg, CENTRES, 0.012)
    assert np.all(peaks.height_over_noise > 10.0)


def test_uncertainties_are_honest() -> None:
    rng = np.random.default_rng(7)
    pulls = []
    for _ in range(15):
        centres = CENTRES + rng.uniform(-0.5, 0.5, CENTRES.size)
        peaks = find_peaks(pattern(centres, rng.uniform(100.0, 500.0, 13), rng=rng, ka2=True))
        assert matched(peaks.two_theta_deg, centres)
        pulls.append((peaks.two_theta_deg - centres) / peaks.two_theta_esd_deg)
    rms = float(np.sqrt(np.mean(np.square(pulls))))
    assert 0.6 < rms < 1.2
    assert abs(float(np.mean(pulls))) < 0.2


def test_area_and_width_are_those_of_the_lines() -> None:
    peaks = find_peaks(pattern(CENTRES, np.full(13, 5000.0), rng=np.random.default_rng(2), ka2=True))
    fwhm = np.sqrt(0.01 + 0.01 * np.tan(np.radians(CENTRES) / 2.0) ** 2)
    area = 5000.0 * fwhm * (0.5 * math.pi / 2.0 + 0.5 * 0.5 * math.sqrt(math.pi / math.log(2.0)))
    np.testing.assert_allclose(peaks.fwhm_deg, fwhm, rtol=0.08)
    np.testing.assert_allclose(peaks.intensity, area, rtol=0.08)


def test_label_says_ka2_but_the_monochromator_took_it() -> None:
    stripped = pattern(CENTRES, np.full(13, 2000.0), rng=np.random.default_rng(3), radiation=TUBE)
    peaks = find_peaks(stripped)
    assert matched(peaks.two_theta_deg, CENTRES, 0.01)


def test_overlapping_lines_are_separated() -> None:
    centres = np.array([15.0, 20.0, 20.13, 26.0, 26.16, 26.4, 35.0, 41.0])
    peaks = find_peaks(
        pattern(centres, np.array([400.0, 900, 500, 300, 900, 500, 400, 300]), rng=np.random.default_rng(4))
    )
    assert matched(peaks.two_theta_deg, centres, 0.02)


def test_tails_of_asymmetric_lines_are_not_peaks() -> None:
    centres = np.array([7.0, 9.0, 12.0, 15.0, 18.0])
    peaks = find_peaks(pattern(centres, np.full(5, 20000.0), rng=np.random.default_rng(5), asymmetry=0.3))
    assert matched(peaks.two_theta_deg, centres, 0.02)


@pytest.mark.parametrize("level", [3.0, 30.0, 3000.0])
def test_noise_holds_no_peaks(level: float) -> None:
    rng = np.random.default_rng(6)
    x = np.arange(5.0, 65.0, 0.02)
    found = sum(
        len(find_peaks(Pattern(two_theta_deg=x, intensity=rng.poisson(level, x.size).astype(float), radiation=MONO)))
        for _ in range(10)
    )
    assert found <= 1


def test_single_points_are_not_peaks() -> None:
    clean = pattern(CENTRES, np.full(13, 600.0), rng=np.random.default_rng(8))
    y = clean.intensity.copy()
    spikes = [300, 1150, 1900, 2700]
    y[spikes] += [500.0, 3000.0, 400.0, 65535.0]
    assert matched(find_peaks(clean.replace(intensity=y)).two_theta_deg, CENTRES, 0.012)


def test_half_peaks_at_the_ends_are_not_peaks() -> None:
    cut = pattern(np.array([5.0, 20.0, 30.0, 40.0, 75.0]), np.full(5, 3000.0), rng=np.random.default_rng(9))
    assert matched(find_peaks(cut).two_theta_deg, np.array([20.0, 30.0, 40.0]))


@pytest.mark.parametrize("kind", ["rates", "net", "dead"])
def test_scaled_subtracted_and_padded_data(kind: str) -> None:
    clean = pattern(CENTRES, np.full(13, 900.0), rng=np.random.default_rng(10), level=20.0)
    y = clean.intensity.copy()
    if kind == "rates":
        y *= 0.013
    elif kind == "net":
        y -= estimate_background(clean)
    else:
        y[:120] = 0.0
    assert matched(find_peaks(clean.replace(intensity=y)).two_theta_deg, CENTRES, 0.015)


def test_uneven_steps() -> None:
    clean = pattern(CENTRES, np.full(13, 900.0), rng=np.random.default_rng(11), step=0.01)
    keep = (clean.two_theta_deg < 40.0) | (np.arange(clean.two_theta_deg.size) % 2 == 0)
    uneven = Pattern(two_theta_deg=clean.two_theta_deg[keep], intensity=clean.intensity[keep], radiation=MONO)
    assert matched(find_peaks(uneven).two_theta_deg, CENTRES, 0.012)


def test_stated_sigma_is_used_where_plausible() -> None:
    clean = pattern(CENTRES, np.full(13, 600.0), rng=np.random.default_rng(12))
    plain = find_peaks(clean)
    stated = find_peaks(clean.replace(sigma=np.sqrt(np.maximum(clean.intensity, 1.0))))
    absurd = find_peaks(clean.replace(sigma=np.full(clean.intensity.size, 1.0e-3)))
    for other in (stated, absurd):
        np.testing.assert_allclose(other.two_theta_deg, plain.two_theta_deg, atol=0.005)


def test_background_follows_the_slope_and_not_the_lines() -> None:
    quiet = pattern(CENTRES, np.full(13, 1.0e-6), rng=np.random.default_rng(13), level=400.0)
    busy = pattern(CENTRES, np.full(13, 5000.0), rng=np.random.default_rng(13), level=400.0)
    x = quiet.two_theta_deg
    truth = 400.0 * (1.0 + 3.0 * np.exp(-(x - 5.0) / 4.0) + np.exp(-(((x - 25.0) / 9.0) ** 2)))
    inner = x > 8.0
    assert np.max(np.abs(estimate_background(quiet)[inner] / truth[inner] - 1.0)) < 0.08
    assert np.max(np.abs(estimate_background(busy)[inner] / truth[inner] - 1.0)) < 0.15


def test_options_limit_range_and_number() -> None:
    measured = pattern(CENTRES, np.full(13, 900.0), rng=np.random.default_rng(14))
    ranged = find_peaks(measured, PeakOptions(min_two_theta_deg=20.0, max_two_theta_deg=50.0))
    assert matched(ranged.two_theta_deg, CENTRES[(CENTRES > 20.0) & (CENTRES < 50.0)])
    assert matched(find_peaks(measured, PeakOptions(max_peaks=4)).two_theta_deg, CENTRES[:4])
    with pytest.raises(InputError, match="points are left"):
        find_peaks(measured, PeakOptions(min_two_theta_deg=20.0, max_two_theta_deg=20.1))


def test_same_input_same_answer() -> None:
    measured = pattern(CENTRES, np.full(13, 900.0), rng=np.random.default_rng(15), ka2=True)
    first, second = find_peaks(measured), find_peaks(measured)
    np.testing.assert_array_equal(first.two_theta_deg, second.two_theta_deg)


def test_wavelength_is_asked_for() -> None:
    measured = pattern(CENTRES, np.full(13, 900.0), rng=np.random.default_rng(16))
    with pytest.raises(WavelengthError, match="--wavelength"):
        find_peaks(measured.replace(radiation=None))


@pytest.mark.parametrize(
    "values", [{"false_peaks": 0.0}, {"max_peaks": 0}, {"min_two_theta_deg": 200.0}, {"min_relative_area": 1.0},
               {"min_two_theta_deg": 30.0, "max_two_theta_deg": 20.0}],
)  # fmt: skip
def test_options_are_checked(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(values))):
        PeakOptions(**values)  # type: ignore[arg-type]
