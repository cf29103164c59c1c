"""``hybrid-index index``: from a file to ranked cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import NOT_FOUND, complain, reports_faults

if TYPE_CHECKING:
    from hybrid_index.config import Settings
    from hybrid_index.refine.lebail import LeBailFit
    from hybrid_index.types import IndexingResult, Pattern


@reports_faults
def index_command(
    file: opt.File,
    wavelength: opt.Wavelength = None,
    peak_units: opt.PeakUnits = None,
    peaks_from: opt.PeaksFrom = None,
    add_peak: opt.AddPeak = None,
    drop_peak: opt.DropPeak = None,
    two_theta_range: opt.TwoThetaRange = None,
    budget: opt.Budget = None,
    systems: opt.Systems = None,
    max_volume: opt.MaxVolume = None,
    max_edge: opt.MaxEdge = None,
    seed: opt.Seed = None,
    plugins: opt.Plugins = None,
    config: opt.Config = None,
    zero_limit: opt.ZeroLimit = None,
    fix_zero: opt.FixZero = None,
    fix_displacement: opt.FixDisplacement = None,
    radius: opt.Radius = None,
    known: opt.Known = None,
    known_tolerance: opt.KnownTolerance = None,
    lebail: opt.LeBail = None,
    no_neural: opt.NoNeural = False,
    neural_only: opt.NeuralOnly = False,
    as_json: opt.Json = False,
    plot: opt.Plot = None,
    solution: opt.SolutionNumber = 1,
    quiet: opt.Quiet = False,
) -> None:
    """Index a pattern or a peak list: ranked unit cells with shifts, figures of merit and a probability."""
    settings = opt.settings_from(
        config,
        systems,
        budget_s=budget,
        max_volume_angstrom3=max_volume,
        max_edge_angstrom=max_edge,
        seed=seed,
        plugins=plugins,
        zero_limit_deg=zero_limit,
        fix_zero_shift_deg=fix_zero,
        fix_displacement_mm=fix_displacement,
        radius_mm=radius,
        lebail=opt.lebail_from(lebail),
        neural=opt.neural_from(no_neural, neural_only),
    )
    radiation, range_deg = opt.radiation_from(wavelength), opt.range_from(two_theta_range)
    check_plot(plot)
    phases = opt.known_from(known, known_tolerance)

    from hybrid_index.cli.console import progress_line
    from hybrid_index.cli.first_run import announce_compilation
    from hybrid_index.cli.inputs import load
    from hybrid_index.cli.start import without
    from hybrid_index.errors import InputError

    with progress_line(quiet=quiet) as progress:
        data = load(
            file,
            radiation=radiation,
            peak_units=peak_units,
            peaks_from=peaks_from,
            add=add_peak or (),
            drop=drop_peak or (),
            range_deg=range_deg,
        )

        if lebail and data.pattern is None:
            raise InputError(f"{file} holds peaks; whole-pattern fits need a measured pattern", source="--lebail")
        announce_compilation(progress)
        from hybrid_index.pipeline import index  # last: it loads the kernels, which a bad file need not wait for

        with without():
            result = index(
                data.work,
                wavelength=radiation,
                settings=settings,
                pattern=data.searched,
                id=file.name,
                progress=progress,
            )
    if phases is not None:
        from hybrid_index.known import name_solutions

        result = name_solutions(result, phases)
    finish(result, data.pattern, file=file, as_json=as_json, plot=plot, solution=solution, settings=settings)


def check_plot(plot: Path | None) -> None:
    """Refuse a picture that cannot be written, before any work is done."""
    if plot is not None:
        from hybrid_index.errors import InputError
        from hybrid_index.export import check_plot_path

        try:
            check_plot_path(plot)
        except InputError as error:
            raise InputError(str(error), source="--plot") from error


def finish(
    result: IndexingResult,
    pattern: Pattern | None,
    *,
    file: Path,
    as_json: bool,
    plot: Path | None,
    solution: int,
    settings: Settings,
) -> None:
    """Print and draw a result, and exit with its code."""
    if as_json:
        from hybrid_index.export import document, to_json

        typer.echo(to_json(document(result), indent=2))
    else:
        from hybrid_index.cli.console import stdout
        from hybrid_index.cli.report import report

        console = stdout()
        console.print(report(result, file=str(file), width=console.width))
    if plot is not None:
        draw(result, plot, pattern=pattern, solution=solution, settings=settings)
    if result.status not in ("solved", "ambiguous"):
        raise typer.Exit(NOT_FOUND)


def draw(result: IndexingResult, plot: Path, *, pattern: Pattern | None, solution: int, settings: Settings) -> None:
    """Draw a result, with a whole-pattern fit where one was asked for or made, or say why there is nothing to draw."""
    if result.peaks is None or (len(result.peaks) == 0 and pattern is None):
        complain("there are no lines, so no picture was made")
        return
    from hybrid_index.errors import InputError
    from hybrid_index.export import write_plot

    try:
        fit = None if pattern is None else _fit_to_draw(result, pattern, solution, settings)
        write_plot(result, plot, pattern=pattern, solution=solution, fit=fit)
    except InputError as error:
        raise error.at("--solution") from error
    complain(f"the picture is in {plot}")


def _fit_to_draw(result: IndexingResult, pattern: Pattern, solution: int, settings: Settings) -> LeBailFit | None:
    if result.peaks is None or not 1 <= solution <= len(result.solutions):
        return None
    chosen = result.solutions[solution - 1]
    if settings.lebail == "never" or (chosen.whole_pattern is None and settings.lebail != "always"):
        return None
    from hybrid_index.errors import InputError
    from hybrid_index.whole_pattern import fit_solution

    try:
        return fit_solution(pattern, chosen.refinement, result.peaks, settings=settings)
    except InputError as error:
        complain(f"no whole-pattern fit in the picture: {error}")
        return None
