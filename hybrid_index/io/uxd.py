"""Bruker and Siemens UXD: text with ``_KEY=value`` lines, several ranges, counts with or without their angles."""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.numbers import floats, to_float
from hybrid_index.io.radiation import doublet
from hybrid_index.io.scan import Scan, even_grid
from hybrid_index.io.source import Source

_UXD_DATA = re.compile(r"_(2THETA)?(COUNTS|CPS)\b", re.IGNORECASE)


def is_uxd(source: Source) -> bool:
    """Whether there are UXD's ``_KEY=value`` lines."""
    return bool(re.search(r"(?m)^\s*_(?:FILEVERSION|2THETA|STEPSIZE|WL1|DRIVE|START)\s*=", source.head))


def read_uxd(source: Source) -> list[Scan]:
    """Read all ranges of a UXD file; a key keeps its value until a later range changes it."""
    keys: dict[str, str] = {}
    scans: list[Scan] = []
    columns: bool | None = None
    numbers: list[list[float]] = []
    for line in [*source.lines, "_END"]:
        stripped = line.strip()
        if stripped.startswith(("_", ";")):
            if columns is not None and numbers:
                scans.append(_uxd_range(source, keys, numbers, with_angles=columns))
                columns, numbers = None, []
                keys.pop("START", None)
            if data := _UXD_DATA.match(stripped):
                columns = data.group(1) is not None
            elif "=" in stripped and stripped.startswith("_"):
                key, _, value = stripped[1:].partition("=")
                keys[key.strip().upper()] = value.strip().strip("'\"")
        elif columns is not None and (found := floats(stripped)):
            numbers.append(found)
    if not scans:
        raise source.error("is a UXD file without counts; export it again")
    return scans


def _uxd_range(source: Source, keys: dict[str, str], numbers: list[list[float]], *, with_angles: bool) -> Scan:
    def number(key: str) -> float | None:
        return to_float(keys[key]) if key in keys else None

    if with_angles:
        flat = np.array([value for row in numbers for value in row], dtype=np.float64)
        x, y = flat[: flat.size // 2 * 2].reshape(-1, 2).T
    else:
        y = np.array([value for row in numbers for value in row], dtype=np.float64)
        start, step = number("START"), number("STEPSIZE")
        start = number("2THETA") if start is None else start
        if start is None or not step:
            raise source.error("has counts without _START and _STEPSIZE; export it with angles (_2THETACOUNTS)")
        x = even_grid(start, step, y.size)
    return Scan(
        x=x,
        intensity=y,
        radiation=doublet(number("WL1"), number("WL2"), number("WLRATIO"), anode=keys.get("ANODE", "")),
        title=keys.get("SAMPLE", ""),
    )
