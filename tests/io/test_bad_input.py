from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError, HybridIndexError, InputError
from hybrid_index.io import SUFFIXES, read, read_many, read_pattern, read_peaks
from hybrid_index.units import FloatArray, parse_radiation

if TYPE_CHECKING:
    from tests.io.conftest import Write

CU = parse_radiation("1.5406")


def rows(x: FloatArray, y: FloatArray) -> str:
    return "\n".join(f"{a} {b}" for a, b in zip(x, y, strict=True))


def one_sentence(error: BaseException, name: str) -> None:
    text = str(error)
    assert name in text
    assert text.count(name) == 1
    assert "\n" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "empty"),
        (" \n\n\r\n", "empty"),
        ("hello world\nthis is prose\n", "no numbers"),
        ("10 1\n11 2\n12 3\n", "3 lines; at least 5"),
        ("10\n11\n12\n13\n", "4 lines; at least 5"),
        ("10 1\nnan 1\n12 1\n15 1\n20 1\n31 1", "not a finite number"),
        ("-1 1\n11 1\n12 1\n15 1\n20 1\n31 1", "position -1"),
        ("10 1\n11 1\n12 1\n15 1\n20 1\n181 1", "below 180"),
        ("7.1 1\n5.2 1\n4.1 1\n3.3 1\n2.2 1\n2.1 1", "--peak-units d"),
        ("0.021 1\n0.035 1\n0.041 1\n0.055 1\n0.081 1", "--peak-units q"),
        ("{", "JSON"),
        ("data_\x00\x01\x02\x03" * 50, "cannot be read"),
    ],
)
def test_what_is_no_peak_list(write: Write, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write("bad.txt", content), radiation=CU)
    one_sentence(caught.value, "bad.txt")


X = 10 + 0.02 * np.arange(300, dtype=np.float64)
Y = 100.0 + np.arange(300, dtype=np.float64) % 17


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, np.where(np.arange(300) == 5, np.nan, Y), "point 6 is not a finite number"),
        (np.where(np.arange(300) == 5, np.nan, X), Y, "not a finite number"),
        (X - 11, Y, "between 0 and 180"),
        (X + 175, Y, "between 0 and 180"),
        (np.where(np.arange(300) == 100, 10.0, X), Y, "does not increase after"),
        (X, np.full(300, 7.0), "all intensities are equal"),
    ],
)
def test_what_is_no_pattern(write: Write, x: FloatArray, y: FloatArray, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(write("bad.xy", rows(x, y)))
    one_sentence(caught.value, "bad.xy")


def test_units_can_be_insisted_on(write: Write) -> None:
    path = write("falling.txt", "50.1\n41.2\n33.3\n21.4\n10.5\n")
    assert read(path, radiation=CU, peak_units="two_theta").two_theta_deg[0] == 10.5
    with pytest.raises(InputError, match="unknown unit 'nm'; choose from two_theta"):
        read(path, radiation=CU, peak_units="nm")
    with pytest.raises(InputError, match="beyond what"):
        read(write("d.txt", "7\n5\n4\n3\n0.5\n"), radiation=CU, peak_units="d")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "none.xy")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read("a\0b")


def test_wrong_kind(write: Write) -> None:
    chi = write("a.histogramIgor", "IGOR\nWAVES/O a, b\nBEGIN\n" + rows(X, Y) + "\nEND\n")
    with pytest.raises(InputError, match=r"measured pattern \(IGOR\), not a peak list"):
        read_peaks(chi, radiation=CU)
    peaks = write("p.json", "[10, 20, 30, 40, 50]")
    for reader in (read_pattern, read_many):
        with pytest.raises(InputError, match=r"peak list \(JSON\), not a measured pattern"):
            reader(peaks)


SEEDS = {
    "xy": rows(X, Y),
    "csv": "2theta,intensity\n" + rows(X, Y).replace(" ", ","),
    "gsas": "t\nBANK 1 300 30 CONST 1000 2 0 0 STD\n"
    + "\n".join("".join(f"{int(c):8d}" for c in Y[i : i + 10]) for i in range(0, 300, 10)),
    "dat": "10 0.02 15.98\n" + " ".join(f"{c:.0f}" for c in Y),
    "cif": "data_a\nloop_\n_pd_meas_2theta_scan\n_pd_meas_counts_total\n" + rows(X, Y),
    "uxd": "_FILEVERSION=2\n_WL1=1.5406\n_STEPSIZE=0.02\n_START=10\n_COUNTS\n" + "\n".join(f"{c:.0f}" for c in Y),
    "ras": '*RAS_DATA_START\n*HW_XG_WAVE_LENGTH_ALPHA1 "1.54"\n*RAS_INT_START\n' + rows(X, Y) + "\n*RAS_INT_END\n",
    "chi": "t\n2-Theta Angle (Degrees)\nIntensity\n 300\n" + rows(X, Y),
    "histogramIgor": "IGOR\nWAVES/O a, b\nBEGIN\n" + rows(X, Y) + "\nEND\n",
    "json": '{"two_theta": [10, 20, 30, 40, 50], "wavelength": 1.5}',
    "pkslst": "#GSAS-II PEAKS\n[10.0, 1, 5.0, 1]\n[11.0, 1, 5.0, 1]\n",
    "treor": "t\n10.0\n11.0\n12.0\n15.0\n19.0\n\nCHOICE=3,WAVE=1.54,\nEND*\n",
    "dicvol": "t\n5 2 1 1 1 1 1 1\n0 0 0 0 0 0 0\n1.54 0 0 0\n0 0 0\n10\n11\n12\n15\n19\n",
    "mcmaille": "t\n! Wavelength, zeropoint, Ngrid\n1.54 0.0 3\n10 1\n11 1\n12 1\n15 1\n19 1\n",
    "xrdml": '<xrdMeasurements><xrdMeasurement><scan><dataPoints><positions axis="2Theta">'
    "<startPosition>10</startPosition><endPosition>20</endPosition></positions><counts>"
    + " ".join(f"{c:.0f}" for c in Y)
    + "</counts></dataPoints></scan>"
    "</xrdMeasurement></xrdMeasurements>",
    "raw": "RAW1.01\0" + "\0" * 400,
    "raw1": "RAW " + "\1\0\0\0" * 60,
    "raw2": "RAW2" + "\1\0" * 300,
    "raw4": "RAW4.00" + "\1\0\0\0" * 100,
    "zip": "PK\x03\x04" + "\0\1\2" * 100,
}


def only_own_errors(path: Path) -> None:
    for reader in (read, read_pattern, read_many, read_peaks):
        try:
            reader(path, radiation=CU)
        except HybridIndexError as error:
            one_sentence(error, path.name)


@pytest.mark.parametrize("suffix", SEEDS)
def test_damage_gives_no_other_error(write: Write, suffix: str) -> None:
    rng = np.random.default_rng(7)
    whole = SEEDS[suffix].encode("latin-1")
    for trial in range(30):
        damaged = bytearray(whole[: rng.integers(1, len(whole) + 1)] if trial % 3 else whole)
        if trial % 3 != 1:
            for at in rng.integers(0, len(damaged), size=max(1, len(damaged) // 60)):
                damaged[at] = rng.choice(np.frombuffer(b"0159.-+eEdDnaN ,;\n\r\t\"'{[(_#!*<\x00\xff", dtype=np.uint8))
        only_own_errors(write(f"damaged.{suffix}", bytes(damaged)))


@pytest.mark.parametrize("suffix", ["xy", "raw", "brml", "cif", "json", "xrdml", "rasx"])
def test_random_bytes_give_no_other_error(write: Write, suffix: str) -> None:
    rng = np.random.default_rng(3)
    for size in (1, 7, 100, 5000):
        only_own_errors(write(f"junk.{suffix}", rng.bytes(size)))
        only_own_errors(write(f"text.{suffix}", bytes(rng.integers(32, 127, size, dtype=np.uint8))))


def test_format_error_is_an_input_error() -> None:
    assert issubclass(FileFormatError, InputError)


def test_folders_are_searched_for_every_kind() -> None:
    assert {".xy", ".raw", ".brml", ".xrdml", ".cif", ".json", ".pkslst", ".histogramigor"} <= SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in SUFFIXES)
