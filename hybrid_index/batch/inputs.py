"""What a batch works on: files, folders, globs and manifests, as a flat list of items."""

from __future__ import annotations

import glob
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from hybrid_index.batch.series import Place
from hybrid_index.errors import InputError
from hybrid_index.export.natural import natural_key

_COLUMNS = ("two_theta", "intensity", "two_theta_esd")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One input: a file, an inline peak list, or the reason why it is neither.

    Parameters
    ----------
    id
        Name in the results.
    file
        File to read, empty for an inline list.
    wavelength
        A number in Å or a name such as ``CuKa``; ``None`` leaves it to the file.
    two_theta, intensity, two_theta_esd
        Columns of an inline peak list (degrees; any scale; degrees).
    fault
        Why the manifest's line cannot be used; the item then fails with this reason.
    series, value, unit
        The series that it belongs to, if to any, and where in it: a temperature, a time, ….
    place
        What the patterns before it in the series have left; known when it is handed out, and no part of its content.
    """

    id: str
    file: str = ""
    wavelength: str | float | None = None
    two_theta: tuple[float, ...] = ()
    intensity: tuple[float, ...] | None = None
    two_theta_esd: tuple[float, ...] | None = None
    fault: str = ""
    series: str = ""
    value: float | None = None
    unit: str = ""
    place: Place | None = None


def collect_items(
    inputs: Iterable[str], *, wavelength: str | float | None = None, series: bool = False
) -> list[BatchItem]:
    """Return the items that *inputs* stand for, in order.

    A folder stands for the readable files in it and below, by name; a pattern with ``*``, ``?`` or ``[`` for what it
    matches; a ``.jsonl`` manifest for its lines, ``{"id", "file", "wavelength"}`` or an inline peak list
    ``{"id", "wavelength", "two_theta", "intensity"}``; anything else is one file. *wavelength* serves where an item
    has none of its own.

    With *series*, the files of each folder are a series, in the natural order of their names (``scan2`` before
    ``scan10``) however they were named; the lines of a manifest are one in their own order, or several where they say
    ``"series"``. They may say ``"value"`` and ``"unit"``, too.

    Raises
    ------
    InputError
        If a folder or glob holds nothing, or a manifest cannot be read.
    """
    return list(iterate_items(inputs, wavelength=wavelength, series=series))


def iterate_items(
    inputs: Iterable[str], *, wavelength: str | float | None = None, series: bool = False
) -> Iterator[BatchItem]:
    """Return the same items one by one: of manifests only one line is in memory at a time.

    Folders, globs and whether manifests can be read are looked at now, the manifests' lines as they come.
    """
    files = [file for text in inputs for file in _files(text)]
    for file in files:
        if _is_manifest(file):
            with _manifest(file):
                pass
    if series:  # manifests keep their places after the files
        files.sort(key=lambda file: (1, []) if _is_manifest(file) else (0, natural_key(str(file))))
    return _items(files, wavelength, series)


def _files(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        from hybrid_index.io import SUFFIXES

        found = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
        if not found:
            raise InputError("no file in this folder has a known suffix; name the files one by one", source=text)
        return found
    if not path.exists() and glob.has_magic(text):
        found = sorted(Path(p) for p in glob.glob(text, recursive=True) if Path(p).is_file())
        if not found:
            raise InputError("no file matches; check the pattern and the folder", source=text)
        return found
    return [path]


def _items(files: Iterable[Path], wavelength: str | float | None, series: bool) -> Iterator[BatchItem]:
    for file in files:
        if not _is_manifest(file):
            folder = writable(str(file.parent)) if series else ""
            yield BatchItem(id=writable(str(file)), file=str(file), wavelength=wavelength, series=folder)
            continue
        with _manifest(file) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    where, name = f"{file}:{number}", writable(str(file)) if series else ""
                    yield _manifest_item(line, where=where, folder=file.parent, wavelength=wavelength, series=name)


def _is_manifest(file: Path) -> bool:
    return file.suffix.lower() == ".jsonl"


@contextmanager
def _manifest(path: Path) -> Iterator[IO[str]]:
    try:
        with open(path, encoding="utf-8-sig") as lines:
            yield lines
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", source=str(path)) from error
    except UnicodeDecodeError as error:
        raise InputError("is not a text file; a manifest holds one JSON object a line", source=str(path)) from error


def _manifest_item(line: str, *, where: str, folder: Path, wavelength: str | float | None, series: str) -> BatchItem:
    """Return the item of a line; *series* is the name of its series if it says none itself, empty if there are none."""
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        return BatchItem(
            id=where, fault=f"{where}: not valid JSON ({error.msg}); write one object a line", series=series
        )
    if not isinstance(entry, dict) or ("file" in entry) == ("two_theta" in entry):
        return BatchItem(id=where, fault=f'{where}: give an object with either "file" or "two_theta"', series=series)
    item = _measured_item(entry, where=where, folder=folder, wavelength=wavelength)
    return _in_series(item, entry, where=where, series=series) if series else item


def _in_series(item: BatchItem, entry: dict[str, Any], *, where: str, series: str) -> BatchItem:
    name, value, unit = entry.get("series", series), entry.get("value"), entry.get("unit", "")
    fault = item.fault
    if not isinstance(name, str) or not name:
        name, fault = series, f'{where}: "series" must be a name'
    if value is not None and not (_is_number(value) and math.isfinite(value)):
        value, fault = None, f'{where}: "value" must be a number; leave it out where it is not known'
    if not isinstance(unit, str):
        unit, fault = "", f'{where}: "unit" must be a text such as "K"'
    known = None if value is None else float(value)
    return replace(item, fault=fault, series=writable(name), value=known, unit=writable(unit))


def _measured_item(entry: dict[str, Any], *, where: str, folder: Path, wavelength: str | float | None) -> BatchItem:
    name = writable(str(entry.get("id", where if "two_theta" in entry else entry["file"])))
    own = entry.get("wavelength")
    if own is not None and (isinstance(own, bool) or not isinstance(own, (str, int, float))):
        return BatchItem(id=name, fault=f'{where}: "wavelength" must be a number in Å or a name such as "CuKa"')
    chosen = wavelength if own is None else own
    if "file" in entry:
        if not isinstance(entry["file"], str):
            return BatchItem(id=name, fault=f'{where}: "file" must be a path')
        beside = folder / entry["file"]
        file = beside if beside.exists() else Path(entry["file"])
        return BatchItem(id=name, file=str(file), wavelength=chosen)
    columns: dict[str, Any] = {}
    for column in _COLUMNS:
        values = entry.get(column)
        if values is None:
            continue
        if not isinstance(values, list) or not all(_is_number(value) for value in values):
            return BatchItem(id=name, fault=f'{where}: "{column}" must be a list of numbers')
        if len(values) != len(entry["two_theta"]):
            return BatchItem(id=name, fault=f'{where}: "{column}" and "two_theta" must be equally long')
        columns[column] = tuple(float(value) for value in values)
    return BatchItem(id=name, wavelength=chosen, **columns)


def writable(text: str) -> str:
    """Return *text* with escapes for what is no Unicode, as may be in the name of a file."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
