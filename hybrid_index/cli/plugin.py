"""``hybrid-index install-plugin``: our modules in other programs' folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli.faults import USAGE, complain, reports_faults
from hybrid_index.plugins.install import Plugin, install, modules_of, remove

Name = Annotated[Plugin | None, typer.Argument(help="The program.", show_default=False)]
Directory = Annotated[
    Path | None,
    typer.Option("--dir", metavar="DIR", help="The program's user folder (default for gsas2: ~/.GSASII)."),
]
Remove = Annotated[bool, typer.Option("--remove", help="Take the modules out again.")]
List = Annotated[bool, typer.Option("--list", help="Only say what is installed.")]
Force = Annotated[bool, typer.Option("--force", help="Replace files of the same name that are not ours.")]


@reports_faults
def install_plugin_command(
    name: Name = None, folder: Directory = None, take_out: Remove = False, show: List = False, force: Force = False
) -> None:
    """Install modules into another program: gsas2 opens results as phases and exports patterns and peaks."""
    if show:
        for plugin in Plugin if name is None else (name,):
            for module in modules_of(plugin, folder):
                state = module.version or ("not ours" if module.is_foreign else "not installed")
                typer.echo(f"{plugin.value}  {state}  {module.path}")
        return
    if name is None:
        complain(f"name the program to install into: {', '.join(Plugin)}")
        raise typer.Exit(USAGE)
    paths = remove(name, folder) if take_out else install(name, folder, force=force)
    for path in paths:
        typer.echo(path)
    if not paths:
        complain(f"nothing of {name.value} was installed there")
    elif not take_out:
        complain("start the program anew, so that it finds them")
