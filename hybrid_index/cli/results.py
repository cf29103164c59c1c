"""From a result document, or a pattern that is indexed first, to a result and its measured pattern."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import typer

from hybrid_index.cli.faults import NOT_FOUND, complain
from hybrid_index.errors import InputError
from hybrid_index.export.result_file import is_result_file, read_result
from hybrid_index.io import read
from hybrid_index.types import IndexingResult, Pattern
from hybrid_index.units import Radiation


def load_result(
    file: Path, id: str | None, pattern_file: Path | None, radiation: Radiation | None, progress: Callable[[str], None]
) -> tuple[IndexingResult, Pattern | None]:
    """The result, and the pattern that it came from where that is still to be had."""
    has_result = is_result_file(file)
    if has_result and radiation is not None:
        raise InputError("a result has its wavelength; leave this out, or give the raw pattern", source="--wavelength")
    if id is not None and not has_result:
        raise InputError(f"{file} holds no results to choose from; leave this out", source="--id")
    if has_result:
        found = read_result(file, id=id)
        if pattern_file is None:
            return found, _pattern_of(found, beside=file.parent)
        return found, _pattern(pattern_file, None if found.peaks is None else found.peaks.radiation)
    given = None if pattern_file is None else _pattern(pattern_file, radiation)
    from hybrid_index.cli.first_run import announce_compilation

    data = read(file, radiation=radiation)
    announce_compilation(progress)
    from hybrid_index.pipeline import index

    result = index(data, wavelength=radiation, id=file.name, progress=progress)
    if not result.solutions:
        complain(f"{file}: no cell was found ({'; '.join(result.reasons)})")
        raise typer.Exit(NOT_FOUND)
    return result, given or (data if isinstance(data, Pattern) else None)


def _pattern(file: Path, radiation: Radiation | None) -> Pattern:
    data = read(file, radiation=radiation)
    if not isinstance(data, Pattern):
        raise InputError("holds a peak list, not a measured pattern; give the pattern", source=str(file))
    return data


def _pattern_of(result: IndexingResult, *, beside: Path) -> Pattern | None:
    """The pattern that the lines came from: a path as it was given then, from here or from where the result lies."""
    if result.peaks is None or not result.peaks.source:
        return None
    named = Path(result.peaks.source)
    for path in (named, beside / named, beside / named.name):
        if path.is_file():
            try:
                data = read(path, radiation=result.peaks.radiation)
            except InputError:
                continue
            return data if isinstance(data, Pattern) else None
    return None
