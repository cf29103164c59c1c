"""Rigaku SmartLab: .ras text and .rasx archives (2θ, intensity, attenuation factor)."""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.archive import is_zip, members, parse_xml, xml_number, xml_text
from hybrid_index.io.numbers import floats, to_float
from hybrid_index.io.radiation import doublet
from hybrid_index.io.scan import Scan
from hybrid_index.io.source import Source
from hybrid_index.units import Radiation

_ENTRY = re.compile(r'\*(\w+)\s+"(.*)"')


def is_ras(source: Source) -> bool:
    """Whether the text has Rigaku's starred keywords."""
    return bool(re.search(r"(?m)^\*RAS_(?:DATA_START|HEADER_START|INT_START)", source.head))


def read_ras(source: Source) -> list[Scan]:
    """Read all scans between RAS_INT_START and RAS_INT_END."""
    scans: list[Scan] = []
    entries: dict[str, str] = {}
    rows: list[list[float]] | None = None
    for line in [*source.lines, "*RAS_INT_END"]:
        if line.startswith("*RAS_INT_START"):
            rows = []
        elif line.startswith("*RAS_INT_END"):
            if rows:
                scans.append(_scan(rows, _ras_radiation(entries), entries.get("FILE_SAMPLE", "")))
            rows = None
        elif rows is not None:
            if len(row := floats(line)) >= 2:
                rows.append(row)
        elif entry := _ENTRY.match(line):
            entries[entry.group(1)] = entry.group(2)
    if not scans:
        raise source.error("is a .ras file without intensities; export it again")
    return scans


def is_rasx(source: Source) -> bool:
    """Whether this is, or by its name should be, a RASX archive."""
    return source.path.suffix.lower() == ".rasx" or (is_zip(source) and b"Profile0.txt" in source.data)


def read_rasx(source: Source) -> list[Scan]:
    """Read all ``DataN/ProfileN.txt``, with the wavelengths from the conditions beside them."""
    if not is_zip(source):
        raise source.error("is not a .rasx file (no zip archive); export the measurement again")
    profiles = members(source, r"Profile\d+\.txt$")
    if not profiles:
        raise source.error("is a zip archive without profiles; this is not a .rasx measurement")
    conditions = members(source, r"MesurementConditions\d+\.xml$|MeasurementConditions\d+\.xml$")
    scans: list[Scan] = []
    for name, content in profiles.items():
        text = content.decode("utf-8-sig", errors="replace")
        rows = [row for line in text.splitlines() if len(row := floats(line)) >= 2]
        if rows:
            folder = name.rpartition("/")[0]
            beside = next((data for key, data in conditions.items() if key.rpartition("/")[0] == folder), None)
            scans.append(_scan(rows, None if beside is None else _rasx_radiation(source, beside), ""))
    if not scans:
        raise source.error("is a .rasx file without intensities; export it again")
    return scans


def _scan(rows: list[list[float]], radiation: Radiation | None, title: str) -> Scan:
    values = np.array([(row[0], row[1], row[2] if len(row) > 2 else 1.0) for row in rows], dtype=np.float64)
    return Scan(x=values[:, 0], intensity=values[:, 1] * values[:, 2], radiation=radiation, title=title)


def _ras_radiation(entries: dict[str, str]) -> Radiation | None:
    def number(key: str) -> float | None:
        return to_float(entries[key]) if entries.get(key) else None

    return doublet(
        number("HW_XG_WAVE_LENGTH_ALPHA1"),
        number("HW_XG_WAVE_LENGTH_ALPHA2"),
        anode=entries.get("HW_XG_TARGET_NAME", ""),
    )


def _rasx_radiation(source: Source, conditions: bytes) -> Radiation | None:
    root = parse_xml(source, conditions)
    return doublet(
        xml_number(root, "WavelengthKalpha1"), xml_number(root, "WavelengthKalpha2"), anode=xml_text(root, "TargetName")
    )
