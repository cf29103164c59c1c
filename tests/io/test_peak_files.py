from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError, InputError, WavelengthError
from hybrid_index.io import read
from hybrid_index.types import Pattern, PeakList, default_esd_deg
from hybrid_index.units import parse_radiation, two_theta_from_d

if TYPE_CHECKING:
    from tests.io.conftest import Write

# NBS Monograph 25, section 17, p. 77: Sr2Cr2O7, Cu Kα1.
TWO_THETA = [11.18, 12.217, 15.835, 18.709, 20.059, 21.82]
INTENSITY = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
WAVELENGTH = 1.54056
D = (WAVELENGTH / (2 * np.sin(np.radians(np.array(TWO_THETA) / 2)))).tolist()


def assert_lines(peaks: Pattern | PeakList, *, intensity: bool = True) -> PeakList:
    assert isinstance(peaks, PeakList)
    np.testing.assert_allclose(peaks.two_theta_deg, TWO_THETA, atol=1e-4)
    if intensity:
        np.testing.assert_allclose(peaks.intensity, INTENSITY)
    assert peaks.wavelength_angstrom == pytest.approx(WAVELENGTH)
    return peaks


@pytest.mark.parametrize(
    "content",
    [
        {"two_theta": TWO_THETA, "intensity": INTENSITY, "wavelength": WAVELENGTH},
        {"d": D, "intensity": INTENSITY, "wavelength": "1.54056"},
        {"q": [1 / d**2 for d in D], "Intensity": INTENSITY, "wavelength_angstrom": WAVELENGTH},
        {"1e4q": [1e4 / d**2 for d in D], "intensity": INTENSITY, "wavelength": WAVELENGTH},
        {
            "wavelength": WAVELENGTH,
            "peaks": [{"two_theta": t, "intensity": i} for t, i in zip(TWO_THETA, INTENSITY, strict=True)],
        },
        {"wavelength": WAVELENGTH, "lines": [[t, i] for t, i in zip(TWO_THETA, INTENSITY, strict=True)]},
    ],
)
def test_json(write: Write, content: dict[str, object]) -> None:
    assert_lines(read(write("p.json", json.dumps(content))))


def test_json_list_of_positions(write: Write) -> None:
    path = write("p.json", json.dumps(TWO_THETA))
    assert_lines(read(path, radiation=parse_radiation("1.54056")), intensity=False)
    with pytest.raises(WavelengthError, match="--wavelength"):
        read(path)


def test_null_means_not_known(write: Write) -> None:
    fwhm, esd = [0.1, None, 0.1, 0.1, 0.1, 0.1], [None] * 5 + [0.003]
    columns = {"two_theta": TWO_THETA, "intensity": INTENSITY, "esd": esd, "fwhm": fwhm, "wavelength": WAVELENGTH}
    peaks = assert_lines(read(write("p.json", json.dumps(columns))))
    np.testing.assert_array_equal(np.isnan(peaks.fwhm_deg), [value is None for value in fwhm])
    assert peaks.two_theta_esd_deg[0] == default_esd_deg(WAVELENGTH)
    assert peaks.two_theta_esd_deg[5] == 0.003


def test_a_column_that_some_lines_or_all_lack(write: Write) -> None:
    rows: list[dict[str, float | None]] = [{"two_theta": t, "intensity": None} for t in TWO_THETA]
    rows[2]["fwhm"] = 0.2
    peaks = read(write("p.json", json.dumps({"wavelength": WAVELENGTH, "peaks": rows})))
    assert isinstance(peaks, PeakList)
    np.testing.assert_array_equal(peaks.intensity, 1.0)
    np.testing.assert_array_equal(np.isfinite(peaks.fwhm_deg), [False, False, True, False, False, False])


def test_json_pattern(write: Write) -> None:
    x = (10 + 0.02 * np.arange(300)).tolist()
    assert isinstance(read(write("p.json", json.dumps({"two_theta": x, "intensity": x}))), Pattern)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"two_theta": [1, 2', "not valid JSON"),
        ('{"a": 1}', "without positions"),
        ('{"two_theta": 5}', "list of numbers"),
        ('{"two_theta": [10, "x", 30, 40, 50]}', "two_theta 2 is 'x'"),
        ('{"two_theta": [10, null, 30, 40, 50]}', "two_theta 2 is 'None'"),
        ('{"two_theta": [10, NaN, 30, 40, 50], "wavelength": 1.5}', "line 2 of the list is not a finite number"),
        ('{"two_theta": [10, 20, 30, 40, 50], "intensity": [1], "wavelength": 1.5}', "5 positions but 1 values"),
        ('{"two_theta": [10, 20, 30, 40, 50], "wavelength": 154}', "wavelength 154 Å is not possible"),
        ('{"two_theta": [10, 20, 30, 40, 50], "wavelength": true}', "give a number in Å"),
        ("[" * 100_000, "not valid JSON"),
        (json.dumps({"d": list(range(1, 700)), "wavelength": 1.5}), "more than 500"),
    ],
)
def test_json_that_is_wrong(write: Write, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write("p.json", text))
    assert str(caught.value).count("p.json") == 1


def test_gsas2_peak_list(write: Write) -> None:
    rows = "\n".join(f"[{t}, 1, {i}, 1, 5.0, 0, 2.0, 0]" for t, i in zip(TWO_THETA, INTENSITY, strict=True))
    peaks = assert_lines(read(write("p.pkslst", "#GSAS-II PEAKS FILE; wavelength = 1.54056\n" + rows)))
    assert 0.05 < peaks.fwhm_deg[0] < 0.08


def test_gsas2_peak_list_is_never_evaluated(write: Write) -> None:
    with pytest.raises(FileFormatError, match="line 2 is no list"):
        read(write("p.pkslst", "#GSAS-II PEAKS FILE\n[__import__('os').getcwd(), 1]\n"))


LINES = "\n".join(f"{t:.4f}" for t in TWO_THETA)


def test_treor(write: Write) -> None:
    assert_lines(
        read(write("t.dat", f" Sr2Cr2O7\n{LINES}\n\n CHOICE=3,\n WAVE=1.54056,\n VOL=1500,\n END*\n 0.00\n")),
        intensity=False,
    )


@pytest.mark.parametrize(
    ("choice", "of_d"), [(0, lambda d: (WAVELENGTH / 2 / d) ** 2), (1, lambda d: 1 / d**2), (4, lambda d: d)]
)
def test_treor_units(write: Write, choice: int, of_d: Callable[[float], float]) -> None:
    lines = "\n".join(f"{of_d(d):.7f}" for d in D)
    assert_lines(read(write("t.dat", f"t\n{lines}\n\nCHOICE={choice},WAVE=1.54056,\nEND*\n")), intensity=False)


@pytest.mark.parametrize(
    ("kind", "of_d"),
    [
        (1, lambda d: two_theta_from_d(d, WAVELENGTH) / 2),
        (2, lambda d: two_theta_from_d(d, WAVELENGTH)),
        (3, lambda d: d),
        (4, lambda d: 1e4 / d**2),
    ],
)
def test_dicvol(write: Write, kind: int, of_d: Callable[[float], float]) -> None:
    lines = "\n".join(f"{float(of_d(d)):.6f}" for d in D)
    text = (
        f"Sr2Cr2O7\n 6 {kind} 1 1 1 1 1 0\n25. 25. 25. 0. 2500. 90. 125.\n1.54056 0. 0. 0.\n0.03 10. 0 0 0 0\n{lines}\n"
    )
    assert_lines(read(write("d.dat", text)), intensity=False)


def test_dicvol_with_individual_errors_and_default_wavelength(write: Write) -> None:
    lines = "\n".join(f"{t} 0.02" for t in TWO_THETA)
    text = f"t\n6 2 1 1 1 1 1 1\n0. 0. 0. 0. 0. 0. 0.\n0. 0. 0. 0.\n1. 10.\n{lines}\n"
    peaks = read(write("d.dat", text))
    assert peaks.two_theta_esd_deg.tolist() == pytest.approx([0.02] * 6)
    assert peaks.wavelength_angstrom == 1.5405981


PAIRS = "\n".join(f"{t} {i}" for t, i in zip(TWO_THETA, INTENSITY, strict=True))


@pytest.mark.parametrize(
    "head",
    [
        "! Wavelength, zeropoint, Ngrid\n1.54056 0.0 3\n",
        "1.54056 0.0 -3\n!\n",
        "! Wavelength, zeropoint, Ngrid\n1.54056 0.0 0\n! Codes\n1 0 0 0 0 0\n"
        "! W, Nind\n0.3 3\n! Pmin\n2. 20. 8. 8000. 0.05 0.15 0.4\n"
        "! Ntests, Nruns\n-100 20\n! 2-theta   Intensity\n",
        "1.54056 0.0 2\n1 1 1 0 0 0\n0.16 3\n3. 15. 200. 1500. 0.1 0.3\n0.2 0.2\n20000 1\n",
    ],
)
def test_mcmaille(write: Write, head: str) -> None:
    assert_lines(read(write("m.dat", f"SR2CR2O7\n{head}{PAIRS}\n")))


def test_mcmaille_takes_falling_positions_as_d(write: Write) -> None:
    pairs = "\n".join(f"{d:.6f} {i}" for d, i in zip(D, INTENSITY, strict=True))
    assert_lines(read(write("m.dat", f"SR2CR2O7\n1.54056 0.0 3\n{pairs}\n")))


@pytest.mark.parametrize("of_d", [lambda d: two_theta_from_d(d, WAVELENGTH), lambda d: d, lambda d: 1e4 / d**2])
def test_ito(write: Write, of_d: Callable[[float], float]) -> None:
    lines = "\n".join(f"{float(of_d(d)):10.5f}" for d in D)
    text = f"Sr2Cr2O7\n9009 0 0 0          {WAVELENGTH:10.5f}\n 0.000\n{lines}\n0.0\nEND\n"
    assert_lines(read(write("i.dat", text)), intensity=False)
