"""``hybrid-index merge``: several RUN folders into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli.faults import complain, reports_faults

Runs = Annotated[
    list[Path],
    typer.Argument(metavar="RUN...", help="Folders that batch has made, or folders of shards.", show_default=False),
]
Out = Annotated[
    Path,
    typer.Option("--out", "-o", metavar="RUN", help="Folder for what comes out; made if need be.", show_default=False),
]


@reports_faults
def merge_command(runs: Runs, out: Out) -> None:
    """Unite the results of several batches, or of the shards of one; batch can go on with what comes out."""
    from hybrid_index.batch import merge_runs

    summary = merge_runs(runs, out, say=complain)
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.by_status.items()))
    complain(f"{summary.total} inputs: {counts or 'none'}; results in {summary.path}")
