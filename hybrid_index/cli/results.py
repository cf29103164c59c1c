"""From a result document, or a pattern that is indexed first, to a result and its measured pattern."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hybrid_index.errors import InputError
from hybrid_index.export.result_file import is_result_file, read_result
from hybrid_index.io import read
from hybrid_index.types import IndexingResult, Pattern
from hybrid_index.units import Radiation


def load_result(
    file: Path, id: str | None, pattern_file: Path | None, radiation: Radiation | None, progress: Callable[[str], None]
) -> tuple[IndexingResult, Pattern | None]:
    """The result, and the pattern that it came from where that is still to be had."""
    given = None if pattern_file is None else _pattern(pattern_file, radiation)
    if is_result_file(file):
        found = read_result(file, id=id)
        return found, given or _pattern_of(found, beside=file.parent)
    from hybrid_index.cli.first_run import announce_compilation

    data = read(file, radiation=radiation)
    announce_compilation(progress)
    from hybrid_index.pipeline import index

    result = index(data, wavelength=radiation, id=file.name, progress=progress)
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
