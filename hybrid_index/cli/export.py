"""``hybrid-index export``: from a result to the start files of refinement programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import complain, reports_faults

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
        help='Such as "P 1 21/c 1", in the setting of the cell (default: no absences beyond the centring).',
    ),
]
Id = Annotated[str | None, typer.Option("--id", metavar="ID", help="Which result of a results.jsonl.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the whole folder of an earlier export.")]

_OPTION_OF_FIELD = {"solution": "--solution", "space_group": "--space-group", "pattern": "--pattern"}


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
    from hybrid_index.cli.results import load_result
    from hybrid_index.errors import InputError
    from hybrid_index.export.start import check_folder, exporters, prepare, write_start_files

    targets = [name.strip() for name in to.split(",") if name.strip()]
    try:
        exporters(targets)
    except InputError as error:
        raise error.at("--to") from error
    check_folder(out, force=force)
    with progress_line(quiet=quiet) as progress:
        found, measured = load_result(result, id, pattern, radiation, progress)
        if found.status not in ("solved", "ambiguous"):
            complain(f"the cell is not to be trusted (status {found.status}); check it before you build on it")
        progress("fitting the pattern" if measured is not None else "writing")
        with opt.named_by_option(_OPTION_OF_FIELD):
            start = prepare(found, solution=solution, pattern=measured, space_group=space_group)
            written = write_start_files(start, targets, out, force=force)
    for target, files in written.items():
        complain(f"{out / target}: {', '.join(path.name for path in files)}")
