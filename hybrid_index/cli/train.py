"""``hybrid-index train``: the networks of the neural proposer, from random line lists."""

from __future__ import annotations

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli.console import stderr
from hybrid_index.cli.faults import INTERRUPTED, USAGE, complain, reports_faults
from hybrid_index.errors import HybridIndexError, InputError


class Device(StrEnum):
    """Where to compute."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


RecipeName = Annotated[
    str | None,
    typer.Argument(metavar="RECIPE", help="lines or shifts, or a TOML file; see docs/training.md.", show_default=False),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FOLDER",
        help="Checkpoint, curves and weights; a run that lies there goes on.",
        show_default=False,
    ),
]
DeviceName = Annotated[Device, typer.Option("--device", help="auto takes a GPU where there is one.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads", metavar="N", min=1, help="Threads that make lists, and compute on a CPU (default: up to 4)."
    ),
]
Until = Annotated[
    float | None,
    typer.Option("--until-s", metavar="S", min=0.0, help="Stop after so many seconds, to go on another time."),
]
Weights = Annotated[
    Path | None,
    typer.Option("--weights", metavar="DIR", help="Write the weights here, too, when training is done."),
]
Smoke = Annotated[
    bool, typer.Option("--smoke", help="Prove that training works, in about a minute on one core; needs no RECIPE.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@reports_faults
def train_command(
    recipe: RecipeName = None,
    out: Out = None,
    device: DeviceName = Device.AUTO,
    threads: Threads = None,
    until_s: Until = None,
    weights: Weights = None,
    smoke: Smoke = False,
    quiet: Quiet = False,
) -> None:
    """Train a network of the neural proposer; the same command goes on where a run was stopped."""
    if smoke:
        _check_torch()
        _smoke(out, device, threads or 1)
        return
    if recipe is None:
        complain("RECIPE is missing; give lines, shifts or a TOML file, or --smoke")
        raise typer.Exit(USAGE)
    if out is None:
        raise InputError("is missing; name a folder for checkpoint, curves and weights", source="--out")
    _check_torch()
    from hybrid_index.cli.first_run import announce_compilation
    from hybrid_index.cli.stopping import stopped_gently
    from hybrid_index.cli.train_progress import train_progress
    from hybrid_index.training.config import PACKAGED, Recipe, packaged_recipe
    from hybrid_index.training.loop import train
    from hybrid_index.training.outcome import save_weights
    from hybrid_index.training.ranks import joined

    chosen = packaged_recipe(recipe) if recipe in PACKAGED else Recipe.from_toml(recipe)
    began = time.monotonic()
    with joined(device.value) as (ranks, where), stopped_gently() as interrupted:
        quiet = quiet or not ranks.leads
        if not quiet:
            announce_compilation(complain)
        with train_progress(stderr(), chosen, quiet=quiet) as watcher:
            state = train(
                chosen,
                out,
                device=where,
                ranks=ranks,
                threads=_threads(threads),
                stop=lambda: interrupted() or (until_s is not None and time.monotonic() - began > until_s),
                watcher=watcher,
            )
        if not ranks.leads:
            return
        if state.step < chosen.steps:
            complain(f"stopped after step {state.step} of {chosen.steps}; the same command goes on")
            raise typer.Exit(INTERRUPTED if interrupted() else 0)
        for folder in (out, weights):
            if folder is not None:
                complain(f"weights: {save_weights(state, folder)}")


def _threads(wish: int | None) -> int:
    import torch

    from hybrid_index.threads import thread_count

    threads = wish or thread_count()
    torch.set_num_threads(threads)
    return threads


def _smoke(out: Path | None, device: Device, threads: int) -> None:
    from tempfile import TemporaryDirectory

    from hybrid_index.cli.first_run import announce_compilation
    from hybrid_index.neural.devices import pick_device
    from hybrid_index.training.config import SUBJECTS
    from hybrid_index.training.smoke import prove

    announce_compilation(complain)
    _threads(threads)
    with TemporaryDirectory() as scratch:
        for subject in SUBJECTS:
            for sentence in prove(subject, (out or Path(scratch)) / subject, device=pick_device(device.value)):
                typer.echo(sentence)
    typer.echo("training works")


def _check_torch() -> None:
    """Training needs what only newer versions have; all else runs with older ones, or without any."""
    try:
        from torch.optim import Muon  # noqa: F401
    except ImportError as error:
        raise HybridIndexError(
            "training needs torch 2.9 or newer (it brings the optimiser Muon): pip install 'torch>=2.9,<2.14'"
        ) from error
