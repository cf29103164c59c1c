from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hybrid_index.errors import FileFormatError
from hybrid_index.io import read, read_many
from hybrid_index.types import Pattern, PeakList

if TYPE_CHECKING:
    from tests.io.conftest import Write

X = 10.0 + 0.02 * np.arange(150)
Y = 100.0 + np.arange(150)


def zipped(members: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def assert_profile(pattern: Pattern | PeakList, *, start: float = 10.0, atol: float = 1e-6) -> None:
    assert isinstance(pattern, Pattern)
    np.testing.assert_allclose(pattern.two_theta_deg, X - 10.0 + start, atol=atol)
    np.testing.assert_allclose(pattern.intensity, Y)


def raw1(n_ranges: int = 2) -> bytes:
    ranges = b""
    for i in range(n_ranges):
        head = struct.pack("<I2f2If3f", 150, 1.0, 0.02, 0, 0, 10.0 + 10 * i, 0, 0, 0) + bytes(32)
        head += struct.pack("<2f", 1.54056, 1.54439) + bytes(72) + struct.pack("<I", n_ranges - 1 - i)
        ranges += b"RAW " + head + Y.astype("<f4").tobytes()
    return ranges


def raw2(n_ranges: int = 2) -> bytes:
    head = (
        b"RAW2"
        + struct.pack("<H", n_ranges)
        + bytes(162)
        + bytes(20)
        + b"Cu"
        + struct.pack("<3f", 1.54056, 1.54439, 0.5)
    )
    head += bytes(8 + 4 + 42)
    for i in range(n_ranges):
        head += (
            struct.pack("<2HI3f", 60, 150, 0, 1.0, 0.02, 10.0 + 10 * i) + bytes(26 + 2 + 12) + Y.astype("<f4").tobytes()
        )
    return head


def raw3(n_ranges: int = 2) -> bytes:
    head = bytearray(712)
    head[:8] = b"RAW1.01\0"
    head[12:16] = struct.pack("<i", n_ranges)
    head[608:612] = b"Cu\0\0"
    head[624:656] = struct.pack("<4d", 1.54056, 1.54439, 1.39222, 0.5)
    for i in range(n_ranges):
        part = bytearray(304)
        part[:8] = struct.pack("<2i", 304, 150)
        part[16:24] = struct.pack("<d", 10.0 + 10 * i)
        part[176:184] = struct.pack("<d", 0.02)
        part[256:260] = struct.pack("<i", 40)
        head += part + bytes(40) + Y.astype("<f4").tobytes()
    return bytes(head)


@pytest.mark.parametrize("make", [raw1, raw2, raw3])
def test_bruker_raw_with_two_ranges(write: Write, make: Callable[..., bytes]) -> None:
    first, second = read_many(write("a.raw", make()))
    assert_profile(first, atol=1e-4)
    assert_profile(second, start=20.0, atol=1e-4)
    assert first.radiation.wavelength_angstrom == pytest.approx(1.54056)
    assert first.radiation.ka2_angstrom == pytest.approx(1.54439)


@pytest.mark.parametrize("make", [raw1, raw2, raw3])
def test_bruker_raw_that_is_cut(write: Write, make: Callable[..., bytes]) -> None:
    with pytest.raises(FileFormatError, match="ends too early"):
        read(write("a.raw", make()[:-100]))


def raw4() -> bytes:
    def drive(name: bytes, start: float) -> bytes:
        return struct.pack("<2I4x24s20xd", 50, 96, name, start).ljust(96, b"\0")

    source = struct.pack("<2I64x5d4x4s", 30, 120, 1.5418, 1.5406, 1.54439, 1.39222, 0.5, b"Cu")
    drives = drive(b"Theta", 5.0) + drive(b"2Theta", 10.0)
    scan = struct.pack("<I28x24s16x2dIf4x2f4x", 0, b"Locked Coupled", 10.0, 0.02, 150, 1.0, 40.0, 40.0)
    scan += struct.pack("<d16x2I16x", 1.5406, 4, len(drives))
    return b"RAW4.00".ljust(61, b"\0") + source + scan + drives + Y.astype("<f4").tobytes()


def test_bruker_raw4(write: Write) -> None:
    pattern = read(write("a.raw", raw4()))
    assert_profile(pattern)
    assert (pattern.radiation.wavelength_angstrom, pattern.radiation.ka2_angstrom) == (1.5406, 1.54439)


def test_bruker_raw4_that_is_damaged(write: Write) -> None:
    with pytest.raises(FileFormatError, match="Bruker RAW4"):
        read(write("a.raw", b"RAW4.00" + bytes(200)))


def brml_range(start: float) -> str:
    tube = (
        '<MountedTube><TubeMaterial>Cu</TubeMaterial><WaveLengthAlpha1 Unit="Å" Value="1.5406" />'
        '<WaveLengthAlpha2 Unit="Å" Value="1.54439" /><WaveLengthRatio Value="0.5" /></MountedTube>'
    )
    axis = f'<ScanAxisInfo AxisId="TwoTheta"><Start>{start}</Start><Stop>{start + 2.98}</Stop></ScanAxisInfo>'
    data = "".join(f"<Datum>0.5,1,{x:.4f},{x / 2:.4f},{y:.0f}</Datum>" for x, y in zip(X - 10 + start, Y, strict=True))
    route = f"<DataRoute><ScanInformation><ScanAxes>{axis}</ScanAxes></ScanInformation>{data}</DataRoute>"
    return f"<RawData>{tube}<DataRoutes>{route}</DataRoutes></RawData>"


def test_brml_with_two_ranges(write: Write) -> None:
    path = write("a.brml", zipped({f"Experiment0/RawData{i}.xml": brml_range(10.0 * (i + 1)) for i in range(2)}))
    first, second = read_many(path)
    assert_profile(first)
    assert_profile(second, start=20.0)
    assert (first.radiation.wavelength_angstrom, first.radiation.ka2_angstrom) == (1.5406, 1.54439)


@pytest.mark.parametrize("name", ["a.brml", "a.rasx"])
def test_archives_that_are_none(write: Write, name: str) -> None:
    with pytest.raises(FileFormatError, match="no zip archive"):
        read(write(name, "10 100\n10.02 101\n"))
    with pytest.raises(FileFormatError, match="damaged zip"):
        read(write(name, b"PK\x03\x04" + bytes(range(256))))
    with pytest.raises(FileFormatError, match="this is not a"):
        read(write(name, zipped({"readme.txt": "hello"})))


def test_archive_cut_in_the_middle(write: Write) -> None:
    whole = zipped({"Experiment0/RawData0.xml": brml_range(10.0)})
    with pytest.raises(FileFormatError, match="damaged zip"):
        read(write("a.brml", whole[: len(whole) // 2]))


RAS_HEAD = (
    '*RAS_DATA_START\n*RAS_HEADER_START\n*FILE_SAMPLE "quartz"\n*HW_XG_TARGET_NAME "Cu"\n'
    '*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"\n'
    '*HW_XG_WAVE_LENGTH_ALPHA2 "1.544414"\n*HW_XG_WAVE_LENGTH_UNIT "Angstrom"\n*RAS_HEADER_END\n*RAS_INT_START\n'
)


def test_ras_applies_the_attenuator(write: Write) -> None:
    rows = "\n".join(f"{x:.4f} {y / 2:.4f} 2.0000" for x, y in zip(X, Y, strict=True))
    pattern = read(write("a.ras", RAS_HEAD + rows + "\n*RAS_INT_END\n*RAS_DATA_END\n"))
    assert_profile(pattern)
    assert (pattern.radiation.ka2_angstrom, pattern.metadata["title"]) == (1.544414, "quartz")


def test_rasx(write: Write) -> None:
    rows = "\ufeff" + "\n".join(f"{x:.4f}\t{y:.4f}\t1.0000" for x, y in zip(X, Y, strict=True))
    conditions = (
        "<MeasurementConditions><HWConfigurations><XrayGenerator><TargetName>Cu</TargetName><WavelengthKalpha1>1.540593"
        "</WavelengthKalpha1><WavelengthKalpha2>1.544414</WavelengthKalpha2></XrayGenerator></HWConfigurations></MeasurementConditions>"
    )
    pattern = read(write("a.rasx", zipped({"Data0/Profile0.txt": rows, "Data0/MesurementConditions0.xml": conditions})))
    assert_profile(pattern)
    assert pattern.radiation.wavelength_angstrom == 1.540593


def xrdml(intensities: str, *, intended: str = "K-Alpha", positions: str = "", axis: str = "2Theta") -> str:
    positions = positions or f"<startPosition>10.0</startPosition><endPosition>{X[-1]}</endPosition>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.5" status="Completed">
 <sample type="To be analyzed"><id>1</id><name>corundum</name></sample>
 <xrdMeasurement measurementType="Scan"><usedWavelength intended="{intended}">
  <kAlpha1 unit="Angstrom">1.5405980</kAlpha1>
  <kAlpha2 unit="Angstrom">1.5444260</kAlpha2><ratioKAlpha2KAlpha1>0.5000</ratioKAlpha2KAlpha1></usedWavelength>
  <incidentBeamPath><xRayTube><anodeMaterial>Cu</anodeMaterial></xRayTube></incidentBeamPath>
  <scan><dataPoints><positions axis="{axis}" unit="deg">{positions}</positions><positions axis="Omega" unit="deg">
   <startPosition>5.0</startPosition><endPosition>6.0</endPosition></positions>{intensities}</dataPoints></scan>
 </xrdMeasurement></xrdMeasurements>"""


COUNTS = " ".join(f"{y:.0f}" for y in Y)


def test_xrdml(write: Write) -> None:
    pattern = read(write("a.xrdml", xrdml(f'<intensities unit="counts">{COUNTS}</intensities>')))
    assert_profile(pattern)
    assert (pattern.radiation.ka2_angstrom, pattern.radiation.ka2_ratio) == (1.544426, 0.5)
    assert pattern.metadata["title"] == "corundum"


def test_xrdml_counts_behind_an_attenuator_and_listed_positions(write: Write) -> None:
    halves = " ".join(f"{y / 2:.1f}" for y in Y)
    factors = " ".join(["2"] * 150)
    text = xrdml(
        f"<beamAttenuationFactors>{factors}</beamAttenuationFactors><counts>{halves}</counts>",
        positions="<listPositions>" + " ".join(f"{x:.4f}" for x in X) + "</listPositions>",
        intended="K-Alpha 1",
    )
    pattern = read(write("a.xrdml", text))
    assert_profile(pattern)
    assert pattern.radiation.ka2_angstrom is None


def test_xrdml_along_another_axis(write: Write) -> None:
    with pytest.raises(FileFormatError, match="no scan along 2θ"):
        read(write("a.xrdml", xrdml(f"<intensities>{COUNTS}</intensities>", axis="Phi")))


def test_xrdml_cut_in_the_middle(write: Write) -> None:
    with pytest.raises(FileFormatError, match="damaged XML"):
        read(write("a.xrdml", xrdml(f"<intensities>{COUNTS}</intensities>")[:900]))
