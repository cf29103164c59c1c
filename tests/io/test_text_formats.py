from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError, InputError, WavelengthError
from hybrid_index.io import count_scans, read, read_many, split_scan
from hybrid_index.units import parse_radiation

if TYPE_CHECKING:
    from tests.io.conftest import Write


def test_gsas_std_keeps_its_columns(write: Write) -> None:
    # 10(I2,F6.0): two counters averaged; six-digit counts touch the next field.
    record = "".join(f"{2:2d}{count:6.0f}" for count in range(123450, 123460))
    path = write("a.gsas", "A title, Cu Ka\nBANK 1 30 3 CONST 1000 2.5 0 0 STD\n" + "\n".join([record] * 3) + "\n")
    pattern = read(path)
    np.testing.assert_allclose(pattern.two_theta_deg, 10.0 + 0.025 * np.arange(30))
    assert pattern.intensity[:3].tolist() == [123450, 123451, 123452]
    np.testing.assert_allclose(np.asarray(pattern.sigma)[0], np.sqrt(123450 / 2))
    assert pattern.radiation.name == "CuKa"
    assert pattern.metadata["title"] == "A title, Cu Ka"


def test_gsas_std_with_blank_counters_and_short_last_record(write: Write) -> None:
    lines = ["  " + f"{100 + i:6d}" for i in range(25)]
    body = "\n".join("".join(lines[i : i + 10]) for i in range(0, 25, 10))
    assert read(write("a.raw", f"t\nBANK 1 25 3 CONST 500.0 5.0 0 0\n{body}\n")).intensity[-1] == 124


def test_gsas_esd(write: Write) -> None:
    body = "\n".join("".join(f"{100.5 + i:8.1f}{10 + i / 10:8.1f}" for i in range(5)) for _ in range(5))
    pattern = read(write("a.gda", f"t\nBANK 1 25 5 CONST 750.00 0.40 0 0 ESD\n{body}\n"))
    np.testing.assert_allclose(pattern.intensity[:2], [100.5, 101.5])
    assert np.asarray(pattern.sigma)[:2] == pytest.approx([10.0, 10.1])
    assert pattern.two_theta_deg[1] == pytest.approx(7.504)


def test_gsas_fxye_uses_its_own_positions_and_all_banks(write: Write) -> None:
    def bank(number: int, start: float) -> str:
        rows = "\n".join(f"{start + 1.5 * i:.3f} {100 + i} {10}" for i in range(25))
        return f"BANK {number} 25 25 CONS {start} 1.0 0 0 FXYE\n{rows}\n"

    path = write("a.fxye", "t\n# Calibrated wavelength = 0.4137\n" + bank(1, 200.0) + bank(2, 300.0))
    first, second = read_many(path)
    assert (first.name, second.name) == ("a_1", "a_2")
    assert first.two_theta_deg[1] == pytest.approx(2.015)
    assert second.two_theta_deg[0] == 3.0
    assert second.radiation.wavelength_angstrom == 0.4137
    assert read(path).metadata["scan"] == "1 of 2"


def test_gsas_time_of_flight_is_refused(write: Write) -> None:
    with pytest.raises(FileFormatError, match="time-of-flight"):
        read(write("a.gsa", "t\nBANK 1 100 10 SLOG 1000.0 9000.0 0.001 0 FXYE\n1 2 3\n"))


@pytest.mark.parametrize(
    "first", ["  3.0000  0.0500  5.0000  a title", "  3.0000  0.0500  5.0000", "! remark\n\n3 0.05 5"]
)
def test_fullprof_instrm_0(write: Write, first: str) -> None:
    counts = [f"{100 + i:8d}" for i in range(41)]
    body = "\n".join("".join(counts[i : i + 10]) for i in range(0, 41, 10))
    pattern = read(write("a.dat", f"{first}\n{body}\n\n\n"))
    np.testing.assert_allclose(pattern.two_theta_deg, 3.0 + 0.05 * np.arange(41))
    assert pattern.intensity[-1] == 140
    assert pattern.metadata["format"] == "FullProf"


def test_fullprof_numbers_that_touch(write: Write) -> None:
    counts = "\n".join(" ".join(f"{i + 50}" for i in range(10)) for _ in range(1098 // 10 + 1))
    pattern = read(write("a.dat", f"100.0000  0.0500154.8500\n{counts}\n"))
    assert (pattern.two_theta_deg[0], pattern.two_theta_deg[-1]) == (100.0, pytest.approx(154.85))


def test_fullprof_that_ends_early_is_shortened(write: Write) -> None:
    body = "\n".join(" ".join(["7", "8", "9", "7", "8"]) for _ in range(19))
    assert read(write("a.dat", f"10 0.1 20\n{body}\n")).two_theta_deg.size == 95


def test_igor(write: Write) -> None:
    rows = "\n".join(f"  {10 + 0.02 * i:.4f} {100 + i} {10} NAN" for i in range(30))
    pattern = read(
        write("a.histogramIgor", f"IGOR\nWAVES/O wave0, wave1, sqrt_of_wave1, smth\nBEGIN\n{rows}\nEND\nX Display\n")
    )
    assert pattern.two_theta_deg.size == 30
    assert np.asarray(pattern.sigma)[0] == 10


@pytest.mark.parametrize("names", ["tof, yint, yerr", "wave0, wave1"])
def test_igor_time_of_flight_is_refused(write: Write, names: str) -> None:
    rows = "\n".join(f"{12000 + 4 * i} {1 + i} 1" for i in range(30))
    with pytest.raises(FileFormatError, match="time-of-flight"):
        read(write("a.histogramIgor", f"IGOR\nWAVES/O {names}\nBEGIN\n{rows}\nEND\n"))


def chi_text(label: str, x: np.ndarray) -> str:
    rows = "\n".join(f"  {a:.6E}  {100 + i:.6E}" for i, a in enumerate(x))
    return f"image_0001.tif: Azimuthal Integration\n{label}\nIntensity\n       {x.size}\n{rows}\n"


def test_chi_in_two_theta(write: Write) -> None:
    x = np.linspace(2.0, 30.0, 50)
    np.testing.assert_allclose(read(write("a.chi", chi_text("2-Theta Angle (Degrees)", x))).two_theta_deg, x, atol=1e-5)


@pytest.mark.parametrize(
    ("label", "scale"), [("q ($nm^{-1}$)", 10.0), ("Q (Inverse Angstroms)", 1.0), ("Q (Inverse Nanometres)", 10.0)]
)
def test_chi_in_q(write: Write, label: str, scale: float) -> None:
    path = write("a.chi", chi_text(label, scale * np.linspace(1.0, 6.0, 50)))
    pattern = read(path, radiation=parse_radiation("0.4"))
    assert pattern.two_theta_deg[-1] == pytest.approx(2 * np.degrees(np.arcsin(6.0 * 0.4 / (4 * np.pi))))
    with pytest.raises(WavelengthError, match="--wavelength"):
        read(path)


def test_pyfai_comments_carry_the_wavelength(write: Write) -> None:
    rows = "\n".join(f"{5 + 0.5 * i:.4e} {10 + i:.4e}" for i in range(50))
    header = '# == pyFAI calibration ==\n# "wavelength": 4.0e-11\n# wavelength: 4.0e-11 m\n#       q_nm^-1        I\n'
    pattern = read(write("a.dat", header + rows))
    assert pattern.radiation.wavelength_angstrom == pytest.approx(0.4)
    assert pattern.two_theta_deg[0] == pytest.approx(2 * np.degrees(np.arcsin(0.5 * 0.4 / (4 * np.pi))))


UXD_HEAD = (
    "; DIFFRAC text\n_FILEVERSION=2\n_SAMPLE='alum'\n_WL1=1.540600\n_WL2=1.544390\n_WLRATIO=0.500000\n_ANODE='Cu'\n"
)


def test_uxd_counts_only_with_several_ranges(write: Write) -> None:
    counts = "\n".join(" ".join(str(100 + i + j) for j in range(5)) for i in range(6))
    text = UXD_HEAD + (
        f"; range 1\n_DRIVE='COUPLED'\n_STEPSIZE=0.020000\n_START=5.000000\n_COUNTS\n{counts}\n"
        f"; range 2\n_DRIVE='COUPLED'\n_STEPSIZE=0.050000\n_START=20.000000\n_COUNTS\n{counts}\n"
    )
    first, second = read_many(write("a.uxd", text))
    np.testing.assert_allclose(first.two_theta_deg, 5.0 + 0.02 * np.arange(30))
    np.testing.assert_allclose(second.two_theta_deg, 20.0 + 0.05 * np.arange(30))
    assert (first.radiation.ka2_angstrom, first.metadata["title"]) == (1.54439, "alum")


def test_uxd_with_angles(write: Write) -> None:
    rows = "\n".join(f" {5 + 0.02 * i:.4f}   {100 + i}" for i in range(30))
    pattern = read(write("a.uxd", UXD_HEAD + f"_2THETACOUNTS\n{rows}\n"))
    assert pattern.intensity[-1] == 129


def test_uxd_without_start(write: Write) -> None:
    with pytest.raises(FileFormatError, match="_START"):
        read(write("a.uxd", "_FILEVERSION=2\n_COUNTS\n1 2 3 4\n"))


def test_scans_of_a_file_by_number(write: Write) -> None:
    rows = ["\n".join(f"{10 + 0.02 * i:.2f} {(i * 7 + n) % 13 + 1}" for i in range(60)) for n in range(3)]
    blocks = "".join(f"_DRIVE='COUPLED'\n_2THETACOUNTS\n{r}\n" for r in rows)
    path = write("a.uxd", f"_FILEVERSION=1\n_WL1 = 1.5406\n{blocks}")
    assert count_scans(path) == 3
    patterns = read_many(path)
    assert [pattern.source for pattern in patterns] == [str(path), f"{path}#2", f"{path}#3"]
    for number, pattern in enumerate(patterns, start=1):
        again = read(f"{path}#{number}")
        np.testing.assert_array_equal(again.intensity, pattern.intensity)
        assert (again.source, again.metadata["scan"]) == (pattern.source, f"{number} of 3")
        assert read(pattern.source).intensity[0] == pattern.intensity[0]
    for wrong in ("0", "4"):
        with pytest.raises(InputError, match=f"holds 3 scans; there is no scan {wrong}"):
            read(f"{path}#{wrong}")
    single = write("b.xy", rows[0])
    assert count_scans(single) == 1
    assert count_scans(path.parent / "missing.xy") == 1
    assert split_scan(single) == (single, None)
    with pytest.raises(InputError, match="holds one scan; there is no scan 2"):
        read(f"{single}#2")
    # A file that is really called so goes first.
    odd = write("b.xy#2", rows[1])
    assert read(odd).intensity[0] == patterns[1].intensity[0]
    with pytest.raises(InputError, match="no such file"):
        read(f"{path.parent}/missing.uxd#2")
