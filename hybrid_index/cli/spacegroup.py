"""``hybrid-index spacegroup``: from a cell and its pattern to extinction symbols and space groups."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.export import Id, PatternFile, Result
from hybrid_index.cli.faults import NOT_FOUND, complain, reports_faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from hybrid_index.types import IndexingResult, Pattern, Solution
    from hybrid_index.units import Radiation

SolutionNumber = Annotated[int, typer.Option("--solution", metavar="N", min=1, help="Solution whose lattice is meant.")]
Top = Annotated[int, typer.Option("--top", metavar="N", min=1, help="Symbols to print.")]
Json = Annotated[bool, typer.Option("--json", help="Print all symbols as JSON instead of a table.")]


@reports_faults
def spacegroup_command(
    result: Result,
    solution: SolutionNumber = 1,
    pattern: PatternFile = None,
    id: Id = None,
    wavelength: opt.Wavelength = None,
    as_json: Json = False,
    top: Top = 8,
    quiet: opt.Quiet = False,
) -> None:
    """Rank the extinction symbols of a solution's lattice, with their space groups, by the whole pattern."""
    radiation = opt.radiation_from(wavelength)

    from hybrid_index.cli.console import progress_line, stdout

    with progress_line(quiet=quiet) as progress:
        found, measured = _loaded(result, id, pattern, radiation, progress)
        if not found.solutions:
            complain(f"{result}: holds no cell ({'; '.join(found.reasons)}); index the pattern again with more time")
            raise typer.Exit(NOT_FOUND)
        chosen = _solution(found, solution)
        progress("fitting the pattern")
        from hybrid_index.refine.extinction import fit_all_lines, rank_extinction_symbols
        from hybrid_index.units import DEFAULT_RADIUS_MM

        assert found.peaks is not None  # a result with solutions has lines
        refinement = chosen.refinement
        fit = fit_all_lines(
            measured,
            refinement.cell,
            refinement.candidate.bravais_lattice,
            peaks=found.peaks,
            shift=refinement.shift,
            radius_mm=float(found.settings.get("radius_mm", DEFAULT_RADIUS_MM)),
        )
        progress("comparing extinction symbols")
        ranked = rank_extinction_symbols(fit)

    from hybrid_index.cli import spacegroup_report as texts

    if as_json:
        from hybrid_index.export import to_json

        typer.echo(to_json(texts.document(found, chosen, fit, ranked), indent=2))
    else:
        console = stdout()
        console.print(texts.report(found, chosen, fit, ranked, top=top))
    if found.status not in ("solved", "ambiguous"):
        raise typer.Exit(NOT_FOUND)


def _loaded(
    file: Path, id: str | None, pattern_file: Path | None, radiation: Radiation | None, progress: Callable[[str], None]
) -> tuple[IndexingResult, Pattern]:
    """The result and its pattern; refuses a peak list before anything is searched."""
    from hybrid_index.cli.results import load_result
    from hybrid_index.errors import InputError
    from hybrid_index.export.result_file import is_result_file
    from hybrid_index.io import read
    from hybrid_index.types import PeakList

    listed = not is_result_file(file) and isinstance(read(file, radiation=radiation), PeakList)
    if listed and pattern_file is None:
        raise InputError(
            "is a peak list, which does not say which lines are absent; give the measured pattern instead, or with "
            "--pattern FILE",
            source=str(file),
        )
    found, measured = load_result(file, id, pattern_file, radiation, progress)
    if measured is None:
        named = "" if found.peaks is None else found.peaks.source
        raise InputError(
            f"names {named or 'no file'} as its pattern, which cannot be read as one; give it with --pattern FILE",
            source=str(file),
        )
    return found, measured


def _solution(result: IndexingResult, number: int) -> Solution:
    from hybrid_index.errors import InputError

    if number > len(result.solutions):
        raise InputError(
            f"solution {number} does not exist; choose one from 1 to {len(result.solutions)}", source="--solution"
        )
    return result.solutions[number - 1]
