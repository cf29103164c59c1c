"""``hybrid-index batch``: many inputs into a RUN folder, or one JSONL file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.batch_engine import Address, EngineOption, executor_for
from hybrid_index.cli.faults import complain, reports_faults
from hybrid_index.errors import InputError

if TYPE_CHECKING:
    from hybrid_index.batch import BatchSummary
    from hybrid_index.known import KnownPhases

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT...",
        help="Files, folders, globs, or a .jsonl manifest of files and inline peak lists.",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="RUN",
        help="Folder that keeps results and state, so that the same command goes on after whatever interrupts it; or "
        "a file (.jsonl), written in the order of the inputs.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-j", metavar="N", min=1, help="Processes (default: one for each core, here or in the cluster)."
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0.01,
        help="An input that takes longer is given up after a second try (default: 10 budgets and 2 minutes).",
    ),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option("--memory-limit", metavar="SIZE", help="What a process may use, such as 2GB (default: any)."),
]
Shard = Annotated[
    str | None, typer.Option("--shard", metavar="I/N", help="Only the I-th of N parts of the inputs (I from 1 on).")
]
Series = Annotated[
    bool,
    typer.Option(
        "--series",
        help="Inputs of a folder, or of a manifest, are a series (in temperature, time, charge, …): each cell is tried "
        "first for the next pattern, and changes are told.",
    ),
]
RetryFailed = Annotated[bool, typer.Option("--retry-failed", help="Do those anew that have failed.")]
Force = Annotated[bool, typer.Option("--force", help="Do all anew, also with other settings than before.")]

PLAIN_SUFFIX = ".jsonl"
LEAST_MEMORY_BYTES = 100_000_000
_BYTES = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


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
    known: opt.Known = None,
    known_tolerance: opt.KnownTolerance = None,
    lebail: opt.LeBail = None,
    no_neural: opt.NoNeural = False,
    neural_only: opt.NeuralOnly = False,
    timeout: Timeout = None,
    memory_limit: MemoryLimit = None,
    series: Series = False,
    shard: Shard = None,
    engine: EngineOption = "local",
    address: Address = None,
    retry_failed: RetryFailed = False,
    force: Force = False,
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
        neural=opt.neural_from(no_neural, neural_only),
    )
    opt.radiation_from(wavelength)
    phases = opt.known_from(known, known_tolerance)
    limit, part = _bytes_from(memory_limit), _shard_from(shard)
    plain = out.suffix.lower() == PLAIN_SUFFIX
    if plain:
        _refuse_for_files({"--series": series, "--shard": part, "--retry-failed": retry_failed, "--force": force})

    from hybrid_index.batch import NamingSolver, iterate_items, run_batch, run_folder, solve_item
    from hybrid_index.cli.batch_progress import batch_progress
    from hybrid_index.cli.console import stderr

    items = iterate_items(inputs, wavelength=wavelength, series=series)
    executor = executor_for(
        engine,
        address,
        settings,
        workers=workers,
        timeout_s=timeout or 10.0 * settings.budget_s + 120.0,
        memory_limit_bytes=limit,
        solve=solve_item if phases is None else NamingSolver(phases),
    )
    with batch_progress(stderr(), quiet=quiet) as progress:
        try:
            if plain:
                summary = run_batch(list(items), out, settings=settings, executor=executor, progress=progress)
            else:
                summary = run_folder(
                    items,
                    out,
                    settings=settings,
                    options={"wavelength": wavelength, "series": series, **_known_options(known, phases)},
                    shard=part,
                    retry_failed=retry_failed,
                    force=force,
                    executor=executor,
                    progress=progress,
                    say=complain,
                )
        except KeyboardInterrupt:
            where = f"{out}.partial" if plain else f"{out}; the same command goes on from there"
            complain(f"what is done stands in {where}")
            raise
    complain(_told(summary, plain=plain))


def _told(summary: BatchSummary, *, plain: bool) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(summary.by_status.items()))
    earlier = f" ({summary.resumed} of them done before)" if summary.resumed else ""
    advice = "; --retry-failed tries those again that failed" if "failed" in summary.by_status and not plain else ""
    return f"{summary.total} inputs{earlier}: {counts or 'none'}; results in {summary.path}{advice}"


def _known_options(known: Path | None, phases: KnownPhases | None) -> dict[str, object]:
    """Return what a RUN should remember of ``--known``: all that decides which names its documents hold."""
    if phases is None:
        return {"known": None, "known_tolerance": None, "known_phases": None}
    content = f"{len(phases)} ({phases.sha256[:16]})"
    return {"known": str(known), "known_tolerance": phases.tolerance, "known_phases": content}


def _refuse_for_files(given: Mapping[str, object]) -> None:
    for option, value in given.items():
        if value:
            raise InputError(
                "needs a folder that keeps the state; leave .jsonl away from the name in --out", source=option
            )


def _bytes_from(text: str | None) -> int | None:
    """Return what ``--memory-limit`` says."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9.]+) *([KMGT]?)i?B?", text.strip(), re.IGNORECASE)
    try:
        size = int(float(match[1]) * _BYTES[match[2].upper()]) if match else 0
    except ValueError:
        size = 0
    if size < LEAST_MEMORY_BYTES:
        raise InputError(f"{text!r} is no size of 100 MB or more; give one such as 2GB", source="--memory-limit")
    return size


def _shard_from(text: str | None) -> tuple[int, int] | None:
    """Return what ``--shard`` says."""
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text.strip())
    number, total = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= total:
        raise InputError(f"{text!r} is no part; give one such as 2/8, counted from 1", source="--shard")
    return number, total
