"""The application: its commands and their order in the help."""

from __future__ import annotations

import typer

from hybrid_index.cli.batch import batch_command
from hybrid_index.cli.export import export_command
from hybrid_index.cli.glance import glance_command
from hybrid_index.cli.index import index_command
from hybrid_index.cli.merge import merge_command
from hybrid_index.cli.peaks import peaks_command
from hybrid_index.cli.plugin import install_plugin_command
from hybrid_index.cli.refine import refine_command
from hybrid_index.cli.report_run import report_command
from hybrid_index.cli.simulate import simulate_command
from hybrid_index.cli.spacegroup import spacegroup_command
from hybrid_index.cli.train import train_command

app = typer.Typer(
    name="hybrid-index",
    help="Powder indexing: from a measured pattern or a peak list to the unit cell.",
    epilog="Exit codes: 0 solved or ambiguous; 1 a file cannot be read or written; 2 the command must be changed; "
    "3 no trusted cell was found.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("index")(index_command)
app.command("peaks")(peaks_command)
app.command("glance")(glance_command)
app.command("refine")(refine_command)
app.command("batch")(batch_command)
app.command("merge")(merge_command)
app.command("report")(report_command)
app.command("export")(export_command)
app.command("spacegroup")(spacegroup_command)
app.command("simulate")(simulate_command)
app.command("train")(train_command)
app.command("install-plugin")(install_plugin_command)


@app.command("version")
def version_command() -> None:
    """Print the version."""
    from hybrid_index import __version__

    typer.echo(__version__)
