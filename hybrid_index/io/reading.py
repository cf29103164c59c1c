"""Which reader a file needs, and the functions that read it.

A format is a module with two functions (does the content look like mine? what does it hold?) and one entry in
``READERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.io import (
    brml,
    bruker_raw,
    chi,
    columns,
    fullprof,
    gsas,
    igor,
    panalytical,
    pdcif,
    peak_files,
    program_inputs,
    rigaku,
    uxd,
    vendor,
)
from hybrid_index.io.line_table import LineTable, check_peak_units, to_peak_list
from hybrid_index.io.scan import Scan, to_pattern
from hybrid_index.io.source import Source
from hybrid_index.types import Pattern, PeakList
from hybrid_index.units import Radiation

Content = list[Scan] | LineTable

_quiet = np.errstate(all="ignore")  # damaged numbers overflow on the way to the check that refuses them


@dataclass(frozen=True, slots=True)
class Reader:
    """A format: its name, how its content is known, how it is read."""

    name: str
    matches: Callable[[Source], bool]
    read: Callable[[Source], Content]


COLUMNS = Reader("columns", columns.is_column_text, columns.read_columns)

# The first that matches reads: the unmistakable before the vague.
READERS: tuple[Reader, ...] = (
    Reader("Bruker RAW", bruker_raw.is_raw, bruker_raw.read_raw),
    Reader("Bruker BRML", brml.is_brml, brml.read_brml),
    Reader("Rigaku RASX", rigaku.is_rasx, rigaku.read_rasx),
    Reader("vendor", vendor.is_binary, vendor.read_vendor),
    Reader("PANalytical XRDML", panalytical.is_xrdml, panalytical.read_xrdml),
    Reader("Rigaku RAS", rigaku.is_ras, rigaku.read_ras),
    Reader("Bruker UXD", uxd.is_uxd, uxd.read_uxd),
    Reader("IGOR", igor.is_igor, igor.read_igor),
    Reader("GSAS", gsas.is_gsas, gsas.read_gsas),
    Reader("powder CIF", pdcif.is_cif, pdcif.read_cif),
    Reader("GSAS-II pkslst", peak_files.is_pkslst, peak_files.read_pkslst),
    Reader("JSON", peak_files.is_json, peak_files.read_json),
    Reader("TREOR", program_inputs.is_treor, program_inputs.read_treor),
    Reader("DICVOL", program_inputs.is_dicvol, program_inputs.read_dicvol),
    Reader("McMaille", program_inputs.is_mcmaille, program_inputs.read_mcmaille),
    Reader("ITO", program_inputs.is_ito, program_inputs.read_ito),
    Reader("chi", chi.is_chi, chi.read_chi),
    Reader("FullProf", fullprof.is_fullprof, fullprof.read_fullprof),
    COLUMNS,
)

SUFFIXES: frozenset[str] = frozenset(
    (
        *(".xy", ".xye", ".xyd", ".dat", ".csv", ".tsv", ".txt", ".asc", ".prn", ".chi"),
        *(".uxd", ".raw", ".brml", ".xrdml", ".ras", ".rasx", ".cif", ".histogramigor"),
        *(".fxye", ".gsas", ".gsa", ".gda", ".xra", ".cwn"),
        *(".json", ".pkslst", ".peaks", ".inp", ".dic"),
    )
)
"""Lower-case suffixes of the files that a folder is searched for; what they hold is told by content."""


@_quiet
def read(path: str | Path, *, radiation: Radiation | None = None, peak_units: str | None = None) -> Pattern | PeakList:
    """Read a pattern or a peak list, whichever the file holds.

    Parameters
    ----------
    path
        Any supported file. Of a file with several scans the first is read, with ``#2`` behind the name the second.
    radiation
        Overrides what the file says. A pattern whose radiation nobody names has ``radiation=None``.
    peak_units
        Unit of the positions: ``two_theta``, ``theta``, ``d``, ``q`` (1/d²), ``1e4q``, ``momentum`` (2π/d) or
        ``sin2_theta``.
        Makes columns a peak list.

    Returns
    -------
    Pattern or PeakList
        Of a file with several scans, ``metadata["scan"]`` says which: ``"2 of 5"``.

    Raises
    ------
    FileFormatError
        If the file cannot be read.
    WavelengthError
        If a peak list, or an axis in Q, has no wavelength.
    InputError
        If the file is missing or empty, its numbers make no sense, or it has no such scan.
    """
    if check_peak_units(peak_units) is not None:
        return read_peaks(path, radiation=radiation, peak_units=peak_units)
    file, number = split_scan(path)
    source = Source.open(file)
    reader = _reader(source)
    content = reader.read(source)
    if not isinstance(content, LineTable):
        return _pattern(content, number, source, reader, radiation)
    if number is not None:
        raise InputError(f"holds one peak list, no scans; leave #{number} away", source=str(file))
    return to_peak_list(content, source, name=source.name, peak_units=None, radiation=radiation)


@_quiet
def read_pattern(path: str | Path, *, radiation: Radiation | None = None) -> Pattern:
    """Read a pattern, also where columns look like a peak list; see :func:`read`."""
    file, number = split_scan(path)
    source = Source.open(file)
    reader = _reader(source)
    content = _pattern_content(reader, source)
    return _pattern(content, number, source, reader, radiation)


@_quiet
def read_many(path: str | Path, *, radiation: Radiation | None = None) -> list[Pattern]:
    """Read all scans of a file; where there are several, their names end in ``_1``, ``_2``, …; see :func:`read`."""
    source = Source.open(path)
    reader = _reader(source)
    content = _pattern_content(reader, source)
    numbers = range(1, len(content) + 1) if len(content) > 1 else [None]
    return [_pattern(content, number, source, reader, radiation) for number in numbers]


@_quiet
def count_scans(path: str | Path) -> int:
    """Return how many scans a file holds; 1 for a peak list, and for a file that cannot be read."""
    try:
        source = Source.open(path)
        reader = _reader(source)
        content = [] if reader is COLUMNS else reader.read(source)
    except InputError:
        return 1
    return 1 if isinstance(content, LineTable) else max(1, len(content))


def split_scan(path: str | Path) -> tuple[Path, int | None]:
    """Return the file and the number behind ``#``; a file whose own name ends so goes first."""
    base, mark, digits = str(path).rpartition("#")
    if mark and digits.isdecimal() and not Path(path).exists() and Path(base).is_file():
        return Path(base), int(digits)
    return Path(path), None


@_quiet
def read_peaks(path: str | Path, *, radiation: Radiation | None = None, peak_units: str | None = None) -> PeakList:
    """Read a peak list, also where columns look like a pattern; see :func:`read`."""
    unit = check_peak_units(peak_units)
    source = Source.open(path)
    reader = _reader(source)
    content = columns.read_columns_as_lines(source) if reader is COLUMNS else reader.read(source)
    if not isinstance(content, LineTable):
        raise InputError(
            f"holds a measured pattern ({reader.name}), not a peak list; leave --peak-units away",
            source=str(source.path),
        )
    return to_peak_list(content, source, name=source.name, peak_units=unit, radiation=radiation)


def _reader(source: Source) -> Reader:
    for reader in READERS:
        if reader.matches(source):
            return reader
    raise source.error("is in no format known here; export it as two columns of text")


def _pattern_content(reader: Reader, source: Source) -> list[Scan]:
    content = [columns.read_columns_as_pattern(source)] if reader is COLUMNS else reader.read(source)
    if isinstance(content, LineTable):
        raise InputError(f"holds a peak list ({reader.name}), not a measured pattern", source=str(source.path))
    return content


def _pattern(
    scans: list[Scan], number: int | None, source: Source, reader: Reader, radiation: Radiation | None
) -> Pattern:
    """Return a scan as a pattern, the first if nobody gave a number."""
    chosen = 1 if number is None else number
    if not 1 <= chosen <= len(scans):
        held = "one scan" if len(scans) == 1 else f"{len(scans)} scans"
        raise InputError(f"holds {held}; there is no scan {number}", source=str(source.path))
    name = source.name if number is None else f"{source.name}_{number}"
    pattern = to_pattern(scans[chosen - 1], source, name=name, format_name=reader.name, radiation=radiation)
    if len(scans) == 1:
        return pattern
    metadata = {**pattern.metadata, "scan": f"{chosen} of {len(scans)}"}
    # What stands as the source can be read again.
    where = pattern.source if chosen == 1 else f"{pattern.source}#{chosen}"
    return pattern.replace(metadata=metadata, source=where)
