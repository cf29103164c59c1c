"""``hybrid-index batch``: many inputs into one JSONL file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import complain, reports_faults

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files, folders, globs, or a .jsonl manifest of files and inline peak lists.",
        show_default=False,
    ),
]
Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="RESULTS.jsonl", help="One result document a line.", show_default=False)
]
Workers = Annotated[
    int | None, typer.Option("--workers", "-j", metavar="N", min=1, help="Processes (default: one for each core).")
]


@reports_faults
def batch_command(
    inputs: Inputs,
    out: Out,
    workers: Workers = None,
    wavelength: opt.Wavelength = None,
    budget: opt.Budget = None,
    systems: opt.Systems = None,
    max_volume: opt.MaxVolume = None,
    max_edge: opt.MaxEdge = None,
    seed: opt.Seed = None,
    config: opt.Config = None,
    zero_limit: opt.ZeroLimit = None,
    fix_zero: opt.FixZero = None,
    fix_displacement: opt.FixDisplacement = None,
    radius: opt.Radius = None,
    lebail: opt.LeBail = None,
    quiet: opt.Quiet = False,
) -> None:
    """Index many inputs: one line of JSON for each, whatever happens to it.

    Exits with 0 when every input has its line; how many were solved, and how many failed, stands on stderr.
    """
    settings = opt.settings_from(
        config,
        systems,
        budget_s=budget,
        max_volume_angstrom3=max_volume,
        max_edge_angstrom=max_edge,
        seed=seed,
        zero_limit_deg=zero_limit,
        fix_zero_shift_deg=fix_zero,
        fix_displacement_mm=fix_displacement,
        radius_mm=radius,
        lebail=opt.lebail_from(lebail),
    )
    opt.radiation_from(wavelength)

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from hybrid_index.batch import collect_items, run_batch
    from hybrid_index.cli.console import stderr

    items = collect_items(inputs, wavelength=wavelength)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    console = stderr()
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=len(items))
        try:
            summary = run_batch(
                items,
                out,
                settings=settings,
                workers=workers or os.cpu_count() or 1,
                progress=lambda done: bar.update(task, advance=1, description=f"{done['id']}: {done['status']}"),
            )
        except KeyboardInterrupt:
            complain(f"what is done stands in {out}.partial")
            raise
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.by_status.items()))
    complain(f"{summary.total} inputs: {counts or 'none'}; results in {summary.path}")
