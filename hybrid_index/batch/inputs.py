"""What a batch works on: files, folders, globs and manifests, as a flat list of items."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hybrid_index.errors import InputError

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
    """

    id: str
    file: str = ""
    wavelength: str | float | None = None
    two_theta: tuple[float, ...] = ()
    intensity: tuple[float, ...] | None = None
    two_theta_esd: tuple[float, ...] | None = None
    fault: str = ""


def collect_items(inputs: Iterable[str], *, wavelength: str | float | None = None) -> list[BatchItem]:
    """Return the items that *inputs* stand for, in order.

    A folder stands for the readable files in it and below, by name; a pattern with ``*``, ``?`` or ``[`` for what it
    matches; a ``.jsonl`` manifest for its lines, ``{"id", "file", "wavelength"}`` or an inline peak list
    ``{"id", "wavelength", "two_theta", "intensity"}``; anything else is one file. *wavelength* serves where an item
    has none of its own.

    Raises
    ------
    InputError
        If a folder or glob holds nothing, or a manifest cannot be read.
    """
    return list(iterate_items(inputs, wavelength=wavelength))


def iterate_items(inputs: Iterable[str], *, wavelength: str | float | None = None) -> Iterator[BatchItem]:
    """Return the same items one by one: of manifests only one line is in memory at a time.

    Folders, globs and whether manifests can be read are looked at now, the manifests' lines as they come.
    """
    files = [file for text in inputs for file in _files(text)]
    for file in files:
        if _is_manifest(file):
            with _manifest(file):
                pass
    return _items(files, wavelength)


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


def _items(files: Iterable[Path], wavelength: str | float | None) -> Iterator[BatchItem]:
    for file in files:
        if not _is_manifest(file):
            yield BatchItem(id=writable(str(file)), file=str(file), wavelength=wavelength)
            continue
        with _manifest(file) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _manifest_item(line, where=f"{file}:{number}", folder=file.parent, wavelength=wavelength)


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


def _manifest_item(line: str, *, where: str, folder: Path, wavelength: str | float | None) -> BatchItem:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        return BatchItem(id=where, fault=f"{where}: not valid JSON ({error.msg}); write one object a line")
    if not isinstance(entry, dict) or ("file" in entry) == ("two_theta" in entry):
        return BatchItem(id=where, fault=f'{where}: give an object with either "file" or "two_theta"')
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
