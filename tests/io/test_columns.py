from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError, InputError, WavelengthError
from hybrid_index.io import read, read_pattern, read_peaks
from hybrid_index.types import Pattern, PeakList
from hybrid_index.units import parse_radiation, two_theta_from_d

if TYPE_CHECKING:
    from tests.io.conftest import Profile, Write


def assert_profile(result: Pattern | PeakList, profile: Profile) -> Pattern:
    assert isinstance(result, Pattern)
    np.testing.assert_allclose(result.two_theta_deg, profile[0], atol=1e-9)
    np.testing.assert_allclose(result.intensity, profile[1])
    return result


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "comment", ["# a remark", "! a remark", "; a remark", "' a remark", "// a remark", "Angle Counts"]
)
def test_two_columns_with_any_comment_and_line_end(write: Write, profile: Profile, comment: str, ending: str) -> None:
    lines = [comment, *(f"{x:.3f}  {y:.0f}" for x, y in zip(*profile, strict=True)), ""]
    pattern = assert_profile(read(write("any.xy", ending.join(lines))), profile)
    assert pattern.radiation is None
    assert pattern.name == "any"


@pytest.mark.parametrize(
    "template",
    [
        "{x:.3f},{y:.1f}",
        "{x:.3f}, {y:.0f}",
        "{x:.3f};{y:.1f}",
        "{x:.3f}\t{y:.1f}",
        '"{x:.3f}","{y:.1f}"',
        "{x:.4E} {y:.3E}",
    ],
)
def test_separators(write: Write, profile: Profile, template: str) -> None:
    text = "\n".join(template.format(x=x, y=y) for x, y in zip(*profile, strict=True))
    assert_profile(read(write("a.csv", "2Theta,Intensity\n" + text)), profile)


@pytest.mark.parametrize("separator", [";", "\t", "  "])
def test_decimal_commas(write: Write, profile: Profile, separator: str) -> None:
    text = "\n".join(f"{x:.3f}{separator}{y:.1f}".replace(".", ",") for x, y in zip(*profile, strict=True))
    assert_profile(read(write("german.csv", text)), profile)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_encodings(write: Write, profile: Profile, encoding: str) -> None:
    text = "# Ångström, Probe ä\n" + "\n".join(f"{x} {y}" for x, y in zip(*profile, strict=True))
    assert_profile(read(write("a.txt", text.encode(encoding))), profile)


def test_fortran_exponents(write: Write, profile: Profile) -> None:
    text = "\n".join(f"{x:.6E} {y:.6E}".replace("E", "D") for x, y in zip(*profile, strict=True))
    assert_profile(read(write("a.dat", text)), profile)


def test_several_pairs_in_a_line(write: Write, profile: Profile) -> None:
    pairs = [f"{x:.3f} {y:.0f}" for x, y in zip(*profile, strict=True)]
    assert_profile(read(write("a.dat", "\n".join(" ".join(pairs[i : i + 5]) for i in range(0, 250, 5)))), profile)


def test_third_column_is_sigma_unless_it_is_a_background(write: Write, profile: Profile) -> None:
    rows = list(zip(*profile, strict=True))
    with_sigma = read(write("a.xye", "\n".join(f"{x} {y} {np.sqrt(y):.3f}" for x, y in rows)))
    np.testing.assert_allclose(np.asarray(with_sigma.sigma), np.sqrt(profile[1]), atol=1e-3)
    assert read(write("b.xy", "\n".join(f"{x} {y} {y + 1}" for x, y in rows))).sigma is None
    assert read(write("c.xy", "x yobs ycalc\n" + "\n".join(f"{x} {y} 3" for x, y in rows))).sigma is None


def test_columns_are_found_by_heading(write: Write, profile: Profile) -> None:
    text = "intensity,two_theta\n" + "\n".join(f"{y},{x}" for x, y in zip(*profile, strict=True))
    assert_profile(read(write("a.csv", text)), profile)


def test_remark_before_the_numbers_is_no_heading(write: Write, profile: Profile) -> None:
    text = "# mixture of counts; 2theta intensity\n" + "\n".join(f"{x} {y}" for x, y in zip(*profile, strict=True))
    assert_profile(read(write("a.xy", text)), profile)


@pytest.mark.parametrize(
    ("remark", "wavelength", "ka2"),
    [
        ("1.5285", 1.5285, None),
        ("# wavelength 1.54056", 1.54056, None),
        ("! Calibrated wavelength = 0.413671", 0.413671, None),
        ("# Wavelength: 4.13e-11 m", 0.413, None),
        ("# wavelength = 0.0413 nm", 0.413, None),
        ("# lambda=1.2", 1.2, None),
        ("# Cu Kalpha, 40 kV", 1.5405929, 1.5444274),
        ("# CuKa1", 1.5405929, None),
        ("Anode material,Co", 1.788996, 1.792835),
        ("K-Alpha1 wavelength,1.540598\nK-Alpha2 wavelength,1.544426\nRatio K-Alpha2/K-Alpha1,0.5", 1.540598, 1.544426),
        ("# CeO2 at 20 C", None, None),
    ],
)
def test_wavelength_in_the_preamble(
    write: Write, profile: Profile, remark: str, wavelength: float | None, ka2: float | None
) -> None:
    pattern = read(write("a.xye", remark + "\n" + "\n".join(f"{x} {y} 1" for x, y in zip(*profile, strict=True))))
    if wavelength is None:
        assert pattern.radiation is None
    else:
        assert pattern.radiation.wavelength_angstrom == pytest.approx(wavelength)
        assert pattern.radiation.ka2_angstrom == (None if ka2 is None else pytest.approx(ka2))


def test_user_radiation_overrides(write: Write, profile: Profile) -> None:
    path = write("a.xy", "1.5285\n" + "\n".join(f"{x} {y}" for x, y in zip(*profile, strict=True)))
    assert read(path, radiation=parse_radiation("MoKa1")).radiation.name == "MoKa1"


def test_descending_scan_is_turned_round(write: Write, profile: Profile) -> None:
    text = "\n".join(f"{x} {y}" for x, y in reversed(list(zip(*profile, strict=True))))
    assert "reordered" in assert_profile(read_pattern(write("a.xy", text)), profile).metadata


def test_repeated_points_are_averaged_and_told(write: Write, profile: Profile) -> None:
    rows = [f"{x} {y}" for x, y in zip(*profile, strict=True)]
    rows.insert(11, f"{profile[0][10]} {profile[1][10] + 10}")
    pattern = read(write("a.xy", "\n".join(rows)))
    assert pattern.intensity[10] == profile[1][10] + 5
    assert pattern.metadata["averaged"].startswith("1 point")


def test_cut_last_line_is_dropped(write: Write, profile: Profile) -> None:
    text = "\n".join(f"{x} {y}" for x, y in zip(*profile, strict=True)) + "\n15.0"
    assert_profile(read(write("a.xy", text)), profile)


def test_ragged_line_is_named(write: Write, profile: Profile) -> None:
    rows = [f"{x} {y}" for x, y in zip(*profile, strict=True)]
    rows[100] = "12.0"
    with pytest.raises(FileFormatError, match="line 101 has 1 columns"):
        read(write("a.xy", "\n".join(rows)))


def test_q_axis_by_heading(write: Write) -> None:
    q = np.linspace(1.0, 5.0, 300)
    path = write("a.csv", "Q (1/A),Intensity\n" + "\n".join(f"{a:.6f},{100 + i % 7}" for i, a in enumerate(q)))
    pattern = read(path, radiation=parse_radiation("0.5"))
    np.testing.assert_allclose(4 * np.pi * np.sin(np.radians(pattern.two_theta_deg / 2)) / 0.5, q, atol=1e-5)
    with pytest.raises(WavelengthError, match="--wavelength"):
        read(path)
    with pytest.raises(WavelengthError, match="check the wavelength"):
        read(path, radiation=parse_radiation("15"))


LINES = [7.12, 5.03, 4.11, 3.57, 3.18, 2.77, 2.61]


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("d,intensity\n{d}", None),
        ("h k l d I\n{hkl_d}", None),
        ("{d}", "d"),
        ("{two_theta}", None),
        ("# wavelength 1.5406\n2theta;intensity\n{two_theta}", None),
        ("Pos. [°2Th.],Height [cts],FWHM Left [°2Th.],d-spacing [Å]\n{xpert}", None),
        ("{q}", "q"),
        ("q (1/A),intensity\n{momentum}", None),
        ("Q (1/A^2),intensity\n{q_csv}", None),
        ("theta,intensity\n{theta}", None),
        ("{q4}", "1e4q"),
    ],
)
def test_peak_lists_in_any_unit(write: Write, text: str, units: str | None) -> None:
    radiation = parse_radiation("1.5406")
    d = np.array(LINES)
    angles = two_theta_from_d(d, 1.5406)
    text = text.format(
        d="\n".join(f"{x},{i + 10}" for i, x in enumerate(d)),
        hkl_d="\n".join(f"1 0 {i} {x} {i + 10}" for i, x in enumerate(d)),
        two_theta="\n".join(f"{x:.5f};{i + 10}" for i, x in enumerate(angles)),
        xpert="\n".join(f"{x:.5f},{i + 10},0.1,{y}" for i, (x, y) in enumerate(zip(angles, d, strict=True))),
        q="\n".join(f"{1 / x**2:.8f} {i + 10}" for i, x in enumerate(d)),
        q_csv="\n".join(f"{1 / x**2:.8f},{i + 10}" for i, x in enumerate(d)),
        momentum="\n".join(f"{2 * np.pi / x:.8f},{i + 10}" for i, x in enumerate(d)),
        theta="\n".join(f"{x / 2:.6f},{i + 10}" for i, x in enumerate(angles)),
        q4="\n".join(f"{1e4 / x**2:.4f} {i + 10}" for i, x in enumerate(d)),
    )
    peaks = read(write("peaks.csv", text), radiation=radiation, peak_units=units)
    assert isinstance(peaks, PeakList)
    np.testing.assert_allclose(peaks.two_theta_deg, angles, atol=1e-4)
    np.testing.assert_allclose(peaks.intensity, np.arange(7) + 10.0)


def test_esd_in_d_becomes_esd_in_angle(write: Write) -> None:
    text = "d,intensity,esd d\n" + "\n".join(f"{d},1,0.001" for d in LINES)
    peaks = read(write("peaks.csv", text), radiation=parse_radiation("1.5406"))
    shifted = two_theta_from_d(np.array(LINES) - 0.001, 1.5406)
    np.testing.assert_allclose(peaks.two_theta_esd_deg, shifted - peaks.two_theta_deg, rtol=0.01)


def test_lines_of_a_cubic_lattice_are_no_scan(write: Write) -> None:
    q = np.array([1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20, 21, 22, 24]) / 11.0**2
    two_theta = 2 * np.degrees(np.arcsin(np.sqrt(q) * 0.77))
    peaks = read(write("cubic.txt", "\n".join(f"{x:.4f} 100" for x in two_theta)), radiation=parse_radiation("1.54"))
    assert isinstance(peaks, PeakList)
    assert len(peaks) == 21


def test_identical_lines_are_merged(write: Write) -> None:
    peaks = read(write("p.txt", "10 1\n12 1\n12 2\n15 1\n19 1\n20 1\n"), radiation=parse_radiation("1.54"))
    assert peaks.two_theta_deg.tolist() == [10, 12, 15, 19, 20]
    assert peaks.intensity[1] == 3


def test_thousands_of_lines(write: Write) -> None:
    x = np.sort(np.random.default_rng(0).uniform(5, 120, 5000))
    path = write("p.csv", "two_theta,intensity\n" + "\n".join(f"{a:.5f},1" for a in x))
    with pytest.raises(InputError, match="more than 500 are no peak list"):
        read(path, radiation=parse_radiation("1.54"))


def test_force_either_way(write: Write, profile: Profile) -> None:
    short = write("s.xy", "\n".join(f"{x} {y}" for x, y in zip(profile[0][::10], profile[1][::10], strict=True)))
    assert isinstance(read(short), Pattern)
    assert len(read_peaks(short, radiation=parse_radiation("1.54"))) == 25
    uneven = write("u.xy", "\n".join(f"{10 + 0.01 * i**1.5:.4f} {100 + i % 3}" for i in range(60)))
    assert read_pattern(uneven).two_theta_deg.size == 60


def test_text_export_with_sections_in_brackets(write: Write, profile: Profile) -> None:
    text = "[Measurement conditions]\nAnode material,Cu\nK-Alpha1 wavelength,1.540598\n[Scan points]\nAngle,Intensity\n"
    pattern = assert_profile(
        read(write("a.csv", text + "\n".join(f"{x},{y}" for x, y in zip(*profile, strict=True)))), profile
    )
    assert pattern.radiation.ka2_angstrom == pytest.approx(1.5444274)
