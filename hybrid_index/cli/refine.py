"""``hybrid-index refine``: least squares of a cell that is already known or suspected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import reports_faults
from hybrid_index.cli.index import check_plot, finish

if TYPE_CHECKING:
    from hybrid_index.lattice import BravaisLattice

CellText = Annotated[
    str,
    typer.Option(
        "--cell",
        metavar="a,b,c,α,β,γ",
        help="Å and degrees. Shorter forms: a (cubic); a,c (with --bravais tP, tI, hP or hR); a,b,c; a,b,c,β.",
        show_default=False,
    ),
]
BravaisText = Annotated[
    str | None,
    typer.Option("--bravais", metavar="SYMBOL", help="Bravais lattice: cP cI cF tP tI hP hR oP oC oI oF mP mC aP."),
]


@reports_faults
def refine_command(
    file: opt.File,
    cell: CellText,
    bravais: BravaisText = None,
    wavelength: opt.Wavelength = None,
    peak_units: opt.PeakUnits = None,
    peaks_from: opt.PeaksFrom = None,
    add_peak: opt.AddPeak = None,
    drop_peak: opt.DropPeak = None,
    two_theta_range: opt.TwoThetaRange = None,
    config: opt.Config = None,
    zero_limit: opt.ZeroLimit = None,
    fix_zero: opt.FixZero = None,
    fix_displacement: opt.FixDisplacement = None,
    radius: opt.Radius = None,
    as_json: opt.Json = False,
    plot: opt.Plot = None,
    quiet: opt.Quiet = False,
) -> None:
    """Refine a given cell against a pattern or a peak list: cell, shifts, uncertainties, figures of merit."""
    settings = opt.settings_from(
        config,
        None,
        zero_limit_deg=zero_limit,
        fix_zero_shift_deg=fix_zero,
        fix_displacement_mm=fix_displacement,
        radius_mm=radius,
    )
    radiation, range_deg = opt.radiation_from(wavelength), opt.range_from(two_theta_range)
    lattice = _lattice(bravais)

    from hybrid_index.cli.cells import parse_cell

    start = parse_cell(cell, lattice)
    check_plot(plot)

    from hybrid_index.cli.console import progress_line
    from hybrid_index.cli.first_run import announce_compilation
    from hybrid_index.cli.inputs import load
    from hybrid_index.cli.start import without

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

        announce_compilation(progress)
        from hybrid_index.pipeline import refine_cell

        with without():
            result = refine_cell(data.work, start, bravais_lattice=lattice, wavelength=radiation, settings=settings)
    finish(result, data.pattern, file=file, as_json=as_json, plot=plot, solution=1, settings=settings)


def _lattice(symbol: str | None) -> BravaisLattice | None:
    if symbol is None:
        return None
    from hybrid_index.errors import InputError
    from hybrid_index.lattice import BravaisLattice

    try:
        return BravaisLattice(symbol)
    except ValueError as error:
        known = " ".join(lattice.value for lattice in BravaisLattice)
        raise InputError(f"{symbol!r} is not a Bravais lattice; choose from {known}", source="--bravais") from error
