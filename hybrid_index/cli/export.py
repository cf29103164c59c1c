"""``hybrid-index export``: from a result to the start files of refinement programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import complain, reports_faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from hybrid_index.types import IndexingResult, Pattern
    from hybrid_index.units import Radiation

Result = Annotated[
    Path,
    typer.Argument(
        metavar="RESULT",
        help="Result document (index --json), results.jsonl with --id, or a pattern, which is indexed first.",
        show_default=False,
    ),
]
Targets = Annotated[
    str,
    typer.Option(
        "--to",
        metavar="NAMES",
        help="Programs, comma-separated, or all. An unknown name lists those that there are.",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="DIR", help="New folder; gets a folder for each target.", show_default=False),
]
SolutionNumber = Annotated[int, typer.Option("--solution", metavar="N", min=1, help="Solution to export.")]
PatternFile = Annotated[
    Path | None,
    typer.Option("--pattern", metavar="FILE", help="The measured pattern, if it is not where the result names it."),
]
SpaceGroup = Annotated[
    str | None,
    typer.Option(
        "--space-group",
        metavar="SYMBOL",
        help='Such as "P 1 21/c 1", in the setting of the cell (default: none but the absences of the lattice).',
    ),
]
Id = Annotated[str | None, typer.Option("--id", metavar="ID", help="Which result of a results.jsonl.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the whole folder of an earlier export.")]


@reports_faults
def export_command(
    result: Result,
    to: Targets,
    out: Out,
    solution: SolutionNumber = 1,
    pattern: PatternFile = None,
    space_group: SpaceGroup = None,
    id: Id = None,
    wavelength: opt.Wavelength = None,
    force: Force = False,
    quiet: opt.Quiet = False,
) -> None:
    """Write the start files of refinement programs: cell, shifts, widths and background of a Le Bail fit."""
    radiation = opt.radiation_from(wavelength)

    from hybrid_index.cli.console import progress_line
    from hybrid_index.errors import InputError
    from hybrid_index.export.start import check_folder, exporters, prepare, write_start_files

    targets = [name.strip() for name in to.split(",") if name.strip()]
    try:
        exporters(targets)
    except InputError as error:
        raise error.at("--to") from error
    check_folder(out, force=force)
    with progress_line(quiet=quiet) as progress:
        found, measured = _loaded(result, id, pattern, radiation, progress)
        progress("fitting the pattern")
        start = prepare(found, solution=solution, pattern=measured, space_group=space_group)
        written = write_start_files(start, targets, out, force=force)
    for target, files in written.items():
        complain(f"{out / target}: {', '.join(path.name for path in files)}")


def _loaded(
    file: Path, id: str | None, pattern_file: Path | None, radiation: Radiation | None, progress: Callable[[str], None]
) -> tuple[IndexingResult, Pattern | None]:
    """The result, and the pattern that it came from where that is still to be had."""
    from hybrid_index.export.result_file import is_result_file, read_result
    from hybrid_index.io import read, read_pattern

    given = None if pattern_file is None else read_pattern(pattern_file, radiation=radiation)
    if is_result_file(file):
        found = read_result(file, id=id)
        return found, given or _pattern_of(found, beside=file.parent)
    from hybrid_index.cli.first_run import announce_compilation
    from hybrid_index.types import Pattern

    data = read(file, radiation=radiation)
    announce_compilation(progress)
    from hybrid_index.pipeline import index

    result = index(data, wavelength=radiation, id=file.name, progress=progress)
    return result, given or (data if isinstance(data, Pattern) else None)


def _pattern_of(result: IndexingResult, *, beside: Path) -> Pattern | None:
    """The pattern that the lines came from: a path as it was given then, from here or from where the result lies."""
    from hybrid_index.errors import InputError
    from hybrid_index.io import read
    from hybrid_index.types import Pattern

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
