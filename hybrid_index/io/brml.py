"""Bruker BRML: a zip archive with one ``RawDataN.xml`` per range; points by geddes, or here where it refuses."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from hybrid_index.errors import FileFormatError
from hybrid_index.io.archive import is_zip, members, parse_xml, xml_number, xml_text
from hybrid_index.io.numbers import floats
from hybrid_index.io.radiation import doublet
from hybrid_index.io.scan import Scan
from hybrid_index.io.source import Source
from hybrid_index.io.vendor import MIN_POINTS, vendor_scan
from hybrid_index.units import FloatArray, Radiation


def is_brml(source: Source) -> bool:
    """Whether this is, or by its name should be, a BRML archive."""
    return source.path.suffix.lower() == ".brml" or (is_zip(source) and b"RawData" in source.data)


def read_brml(source: Source) -> list[Scan]:
    """Read the measurement, with the wavelengths of its XML."""
    if not is_zip(source):
        raise source.error("is not a .brml file (no zip archive); export the measurement again")
    raw = [parse_xml(source, content) for content in members(source, r"RawData\d*\.xml$").values()]
    if not raw:
        raise source.error("is a zip archive without RawData; this is not a .brml measurement")
    try:
        return [vendor_scan(source, kind="BRML", radiation=_radiation(raw[0]))]
    except FileFormatError:
        # geddes takes one unambiguous range with described columns; older writers and several ranges are read here.
        scans = [scan for root in raw if (scan := _scan(root)) is not None]
        if not scans:
            raise
        return scans


def _radiation(root: ElementTree.Element) -> Radiation | None:
    return doublet(
        xml_number(root, "WaveLengthAlpha1"),
        xml_number(root, "WaveLengthAlpha2"),
        xml_number(root, "WaveLengthRatio"),
        anode=xml_text(root, "TubeMaterial"),
    )


def _scan(root: ElementTree.Element) -> Scan | None:
    """Take as 2θ the column that runs as the scan axis says, as counts the last one."""
    rows = [row for datum in root.iter("Datum") if (row := floats(datum.text or ""))]
    axis = next((info for info in root.iter("ScanAxisInfo") if info.get("AxisId") == "TwoTheta"), None)
    if not rows or axis is None:
        return None
    width = min(len(row) for row in rows)
    values = np.array([row[:width] for row in rows], dtype=np.float64)
    start, stop = xml_number(axis, "Start"), xml_number(axis, "Stop")
    x = _axis_column(values, start, stop)
    if x is None or x.size < MIN_POINTS:
        return None
    return Scan(x=x, intensity=values[:, -1], radiation=_radiation(root))


def _axis_column(values: FloatArray, start: float | None, stop: float | None) -> FloatArray | None:
    if start is None or stop is None or len(values) < 2:
        return None
    step = abs(stop - start) / (len(values) - 1)
    for column in values.T[:-1]:
        if abs(column[0] - start) < 2.0 * step and abs(column[-1] - stop) < 2.0 * step:
            return np.array(column, dtype=np.float64)
    return None
