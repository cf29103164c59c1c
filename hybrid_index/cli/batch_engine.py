"""Who does the work of a batch: processes on this machine, or workers on a Ray cluster."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hybrid_index.errors import InputError

if TYPE_CHECKING:
    from hybrid_index.batch import Executor
    from hybrid_index.batch.executors import Solve
    from hybrid_index.config import Settings

_PANEL = "More than one machine"
Engine = Literal["local", "ray"]
EngineOption = Annotated[
    Engine, typer.Option("--engine", rich_help_panel=_PANEL, help="Processes here, or workers on a Ray cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ADDRESS",
        rich_help_panel=_PANEL,
        help="Of the Ray cluster: auto, host:port, or local (one of its own, on this machine) (default: auto).",
    ),
]


def executor_for(
    engine: Engine,
    address: str | None,
    settings: Settings,
    *,
    workers: int | None,
    timeout_s: float,
    memory_limit_bytes: int | None,
    solve: Solve,
) -> Executor:
    """Return the executor that the options ask for."""
    if engine == "ray":
        from hybrid_index.batch.cluster import RayExecutor

        return RayExecutor(
            settings,
            address=address or "auto",
            workers=workers,
            timeout_s=timeout_s,
            memory_limit_bytes=memory_limit_bytes,
            solve=solve,
        )
    if address is not None:
        raise InputError("is for a cluster; add --engine ray", source="--address")

    from hybrid_index.batch import LocalPool

    return LocalPool(
        settings,
        workers=workers or os.cpu_count() or 1,
        timeout_s=timeout_s,
        memory_limit_bytes=memory_limit_bytes,
        solve=solve,
    )
