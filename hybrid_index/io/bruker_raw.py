"""Bruker and Siemens RAW binaries (little-endian), told apart by their first bytes.

Versions 1 (``RAW ``), 2 (``RAW2``) and 3 (``RAW1.01``) are read here with all ranges, 4 (``RAW4.00``) by geddes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.io.radiation import doublet
from hybrid_index.io.scan import Scan, even_grid
from hybrid_index.io.source import Source
from hybrid_index.io.vendor import vendor_scan
from hybrid_index.units import FloatArray, Radiation


def is_raw(source: Source) -> bool:
    """Whether the bytes begin as one of the versions does."""
    return source.data.startswith(tuple(_VERSIONS))


def read_raw(source: Source) -> list[Scan]:
    """Read all ranges of versions 1 to 3, the first of version 4."""
    read = next(read for magic, read in _VERSIONS.items() if source.data.startswith(magic))
    try:
        scans = read(source)
    except InputError:
        raise
    except (struct.error, ValueError) as error:
        raise source.error("is a Bruker RAW file that ends too early; copy or export it again") from error
    if not scans:
        raise source.error("is a Bruker RAW file without ranges; export it again")
    return scans


def _version1(source: Source) -> list[Scan]:
    """Each range has 156 bytes of header; some writers repeat the magic word in every one."""
    scans: list[Scan] = []
    data, at, following = source.data, 0, 1
    while following:
        at += 4 if data[at : at + 4] == b"RAW " else 0
        n_points, _, step, _, _, start = struct.unpack_from("<I2f2If", data, at)
        ka1, ka2 = struct.unpack_from("<2f", data, at + 68)
        (following,) = struct.unpack_from("<I", data, at + 148)
        counts = _counts(data, n_points, at + 152)
        at += 152 + 4 * n_points
        scans.append(Scan(x=even_grid(start, step, n_points), intensity=counts, radiation=_single_precision(ka1, ka2)))
    return scans


def _version2(source: Source) -> list[Scan]:
    """256 bytes for the file, then ranges with headers of stated length."""
    scans: list[Scan] = []
    data, at = source.data, 256
    (n_ranges,) = struct.unpack_from("<H", data, 4)
    ka1, ka2, ratio = struct.unpack_from("<3f", data, 190)
    radiation = _single_precision(ka1, ka2, ratio, anode=_characters(data[188:190]))
    for _ in range(n_ranges):
        header, n_points, _, _, step, start = struct.unpack_from("<2HI3f", data, at)
        if header < 48:
            raise source.error(f"range {len(scans) + 1} has a damaged header; copy or export it again")
        counts = _counts(data, n_points, at + header)
        at += header + 4 * n_points
        scans.append(Scan(x=even_grid(start, step, n_points), intensity=counts, radiation=radiation))
    return scans


def _version3(source: Source) -> list[Scan]:
    """712 bytes for the file, then per range 304 bytes, supplements of stated length, and the counts."""
    scans: list[Scan] = []
    data, at = source.data, 712
    (n_ranges,) = struct.unpack_from("<i", data, 12)
    ka1, ka2, _, ratio = struct.unpack_from("<4d", data, 624)
    radiation = doublet(ka1, ka2, ratio, anode=_characters(data[608:612]))
    for _ in range(n_ranges):
        header, n_points = struct.unpack_from("<2i", data, at)
        (start,) = struct.unpack_from("<d", data, at + 16)
        (step,) = struct.unpack_from("<d", data, at + 176)
        (used,) = struct.unpack_from("<d", data, at + 240)
        (supplement,) = struct.unpack_from("<i", data, at + 256)
        if header != 304 or supplement < 0 or n_points < 0:
            raise source.error(f"range {len(scans) + 1} has a damaged header; copy or export it again")
        at += header + supplement
        counts = _counts(data, n_points, at)
        at += 4 * n_points
        if n_points:
            own = radiation or doublet(used)
            scans.append(Scan(x=even_grid(start, step, n_points), intensity=counts, radiation=own))
    return scans


def _version4(source: Source) -> list[Scan]:
    return [vendor_scan(source, kind="Bruker RAW4", radiation=_version4_radiation(source.data))]


def _version4_radiation(data: bytes) -> Radiation | None:
    """Walk the segments (type, length) from byte 61 on; type 30 holds the wavelengths and the anode."""
    at = 61
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<2I", data, at)
        if kind in (0, 160) or length < 8:
            return None
        if kind == 30 and at + 120 <= len(data):
            ka1, ka2, _, ratio = struct.unpack_from("<4d", data, at + 80)
            return doublet(ka1, ka2, ratio, anode=_characters(data[at + 116 : at + 120]))
        at += length
    return None


_VERSIONS: dict[bytes, Callable[[Source], list[Scan]]] = {
    b"RAW1.01": _version3,
    b"RAW4.00": _version4,
    b"RAW2": _version2,
    b"RAW ": _version1,
}


def _counts(data: bytes, n_points: int, at: int) -> FloatArray:
    return np.frombuffer(data, dtype="<f4", count=n_points, offset=at).astype(np.float64)


def _single_precision(ka1: float, ka2: float, ratio: float | None = None, *, anode: str = "") -> Radiation | None:
    """As :func:`doublet`, without the false digits of 32-bit numbers."""
    return doublet(round(ka1, 6), round(ka2, 6), ratio, anode=anode)


def _characters(data: bytes) -> str:
    return data.split(b"\x00")[0].decode("cp1252", errors="replace").strip()
