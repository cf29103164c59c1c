"""``hybrid-index report``: a run as a page to look through, and its cells as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import complain, reports_faults

Run = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="Folder of a run, or a .jsonl file of results that batch wrote.", show_default=False
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Folder for report.html, cells.csv and cells.parquet; made if need be (default: that of the run; for a "
        "file, NAME_report beside it).",
    ),
]
Title = Annotated[str, typer.Option("--title", metavar="TEXT", help="Title of the page (default: name of the run).")]
Sticks = Annotated[
    bool, typer.Option("--sticks", help="Draw lines only; do not read the measured files again for their pictures.")
]


_BAD_LINES_SHOWN = 5


@reports_faults
def report_command(
    run: Run,
    out: Out = None,
    title: Title = "",
    sticks: Sticks = False,
    known: opt.Known = None,
    known_tolerance: opt.KnownTolerance = None,
    quiet: opt.Quiet = False,
) -> None:
    """Show a run: one page with a sortable table, charts and small pictures, and CSV and Parquet tables of its cells.

    The page holds all it needs and opens without a server or a network.
    """
    phases = opt.known_from(known, known_tolerance)

    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from hybrid_index.cli.console import stderr
    from hybrid_index.export.report import write_report

    console = stderr()
    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} inputs"), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task("", total=None)
        summary = write_report(
            run,
            out,
            phases=phases,
            measured=not sticks,
            title=title,
            progress=lambda done: bar.update(task, completed=done),
        )
    for bad in summary.unreadable[:_BAD_LINES_SHOWN]:
        complain(f"line {bad.line} of the results is left out: {bad.reason}")
    if len(summary.unreadable) > _BAD_LINES_SHOWN:
        complain(f"{len(summary.unreadable) - _BAD_LINES_SHOWN} more lines are left out")
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.by_status.items()))
    complain(f"{sum(summary.by_status.values())} inputs: {counts}; the page is {summary.page}")
