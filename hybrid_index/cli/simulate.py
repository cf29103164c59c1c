"""``hybrid-index simulate``: a data set of patterns with their labels."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import complain, reports_faults
from hybrid_index.errors import InputError

_SET, _MEASUREMENT = "Data set", "Measurement"
DEFAULT_WAVELENGTH = "CuKa"

Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE...",
        help="CIF files, folders of them, .jsonl files of structures (packed .jsonl.gz, too), or synthetic.",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        rich_help_panel=_SET,
        help="Folder for the files; made if need be.",
        show_default=False,
    ),
]
Kind = Annotated[
    str,
    typer.Option("--format", "-f", metavar="NAME", rich_help_panel=_SET, help="parquet, or aicomp: pairs .xy, .json."),
]
Count = Annotated[
    int | None,
    typer.Option("--count", "-n", metavar="N", rich_help_panel=_SET, help="Patterns (default: one of each structure)."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", rich_help_panel=_SET, help="Of everything random.")]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers", "-j", metavar="N", min=1, rich_help_panel=_SET, help="Processes (default: one for each core)."
    ),
]
ShardRows = Annotated[
    int | None,
    typer.Option(
        "--shard-rows",
        metavar="N",
        rich_help_panel=_SET,
        help="Patterns that are written at once (default 1000; aicomp 100).",
    ),
]
Weakest = Annotated[
    float,
    typer.Option(
        "--weakest", metavar="SHARE", rich_help_panel=_SET, help="Lines below this share of the strongest are no label."
    ),
]
ConditionName = Annotated[
    str,
    typer.Option(
        "--condition",
        "-c",
        metavar="NAME",
        rich_help_panel=_MEASUREMENT,
        help="ideal, lab, hard or contest; options win.",
    ),
]
Wavelength = Annotated[
    str | None,
    typer.Option(
        "--wavelength",
        "-w",
        metavar="λ",
        rich_help_panel=_MEASUREMENT,
        help=f"Å, tube line or energy (default {DEFAULT_WAVELENGTH}, the doublet).",
    ),
]
TwoThetaRange = Annotated[
    str | None,
    typer.Option(
        "--two-theta-range", metavar="LOW,HIGH", rich_help_panel=_MEASUREMENT, help="Range of 2θ (°) (default 5,80)."
    ),
]
Points = Annotated[
    int, typer.Option("--points", metavar="N", rich_help_panel=_MEASUREMENT, help="Points of a pattern.")
]
ZeroLimit = Annotated[
    float | None,
    typer.Option("--zero-limit", metavar="°", rich_help_panel=_MEASUREMENT, help="Largest zero shift, either sign."),
]
DisplacementLimit = Annotated[
    float | None,
    typer.Option(
        "--displacement-limit", metavar="MM", rich_help_panel=_MEASUREMENT, help="Largest displacement, either sign."
    ),
]
Radius = Annotated[
    float | None, typer.Option("--radius", metavar="MM", rich_help_panel=_MEASUREMENT, help="Goniometer radius.")
]
Fwhm = Annotated[
    str | None,
    typer.Option(
        "--fwhm", metavar="LOW,HIGH", rich_help_panel=_MEASUREMENT, help="Width of the instrument's lines (°)."
    ),
]
Size = Annotated[
    str | None,
    typer.Option("--size", metavar="LOW,HIGH", rich_help_panel=_MEASUREMENT, help="Crystallite size (nm)."),
]
Counts = Annotated[
    str | None,
    typer.Option("--counts", metavar="LOW,HIGH", rich_help_panel=_MEASUREMENT, help="Counts of the strongest line."),
]
BackgroundShare = Annotated[
    str | None,
    typer.Option(
        "--background",
        metavar="LOW,HIGH",
        rich_help_panel=_MEASUREMENT,
        help="Constant background, as a share of the strongest line.",
    ),
]
Exponential = Annotated[
    str | None,
    typer.Option(
        "--exponential",
        metavar="LOW,HIGH",
        rich_help_panel=_MEASUREMENT,
        help="Decaying background at 0°, as a share of the strongest line.",
    ),
]
Hump = Annotated[
    str | None,
    typer.Option(
        "--hump",
        metavar="LOW,HIGH",
        rich_help_panel=_MEASUREMENT,
        help="Amorphous hump, as a share of the strongest line.",
    ),
]
Foreign = Annotated[
    int | None,
    typer.Option("--foreign", metavar="N", rich_help_panel=_MEASUREMENT, help="At most so many foreign lines."),
]
Noise = Annotated[
    bool | None,
    typer.Option("--noise/--no-noise", rich_help_panel=_MEASUREMENT, help="Poisson noise (default: the condition's)."),
]

_OPTION_OF = {
    "condition": "--condition",
    "count": "--count",
    "counts": "--counts",
    "background": "--background",
    "displacement_limit_mm": "--displacement-limit",
    "exponential": "--exponential",
    "format": "--format",
    "fwhm_deg": "--fwhm",
    "hump": "--hump",
    "max_foreign": "--foreign",
    "n_points": "--points",
    "radius_mm": "--radius",
    "seed": "--seed",
    "shard_rows": "--shard-rows",
    "size_nm": "--size",
    "two_theta_range_deg": "--two-theta-range",
    "weakest": "--weakest",
    "zero_limit_deg": "--zero-limit",
}


@reports_faults
def simulate_command(
    sources: Sources,
    out: Out,
    format: Kind = "parquet",
    count: Count = None,
    seed: Seed = 0,
    workers: Workers = None,
    shard_rows: ShardRows = None,
    weakest: Weakest = 0.001,
    condition: ConditionName = "lab",
    wavelength: Wavelength = None,
    two_theta_range: TwoThetaRange = None,
    points: Points = 10_000,
    zero_limit: ZeroLimit = None,
    displacement_limit: DisplacementLimit = None,
    radius: Radius = None,
    fwhm: Fwhm = None,
    size: Size = None,
    counts: Counts = None,
    background: BackgroundShare = None,
    exponential: Exponential = None,
    hump: Hump = None,
    foreign: Foreign = None,
    noise: Noise = None,
    quiet: opt.Quiet = False,
) -> None:
    """Simulate patterns of many structures, with their labels.

    The same command goes on where an interrupted one left off. What cannot be used is listed in _skipped.csv.
    """
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    from hybrid_index.cli.console import stderr
    from hybrid_index.simulate.dataset import (
        DEFAULT_RANGE_DEG,
        SKIPPED,
        Recipe,
        make_dataset,
        open_sources,
        pattern_condition,
    )
    from hybrid_index.units import parse_radiation

    radiation = opt.radiation_from(wavelength) or parse_radiation(DEFAULT_WAVELENGTH)
    with opt.named_by_option(_OPTION_OF):
        chosen = pattern_condition(
            condition,
            zero_limit_deg=zero_limit,
            displacement_limit_mm=displacement_limit,
            radius_mm=radius,
            fwhm_deg=_pair(fwhm, "--fwhm"),
            size_nm=_pair(size, "--size"),
            counts=_pair(counts, "--counts"),
            background=_pair(background, "--background"),
            exponential=_pair(exponential, "--exponential"),
            hump=_pair(hump, "--hump"),
            max_foreign=foreign,
            noise=noise,
        )
        recipe = Recipe(
            condition=chosen,
            radiation=radiation,
            two_theta_range_deg=opt.range_from(two_theta_range) or DEFAULT_RANGE_DEG,
            n_points=points,
            weakest=weakest,
            seed=seed,
        )
        source = open_sources(sources)
        console = stderr()
        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=console, disable=quiet or not console.is_terminal) as bar:
            task = bar.add_task("", total=count or source.size)
            try:
                summary = make_dataset(
                    source,
                    recipe,
                    out,
                    format=format,
                    count=count,
                    shard_rows=shard_rows,
                    workers=workers or os.cpu_count() or 1,
                    progress=lambda rows, skipped: bar.update(task, completed=rows, description=f"{skipped} skipped"),
                )
            except KeyboardInterrupt:
                complain(f"finished shards stand in {out}; the same command goes on from there")
                raise
    skipped = f"; {len(summary.skipped)} structures skipped, see {out / SKIPPED}" if summary.skipped else ""
    complain(f"{summary.rows} patterns in {out}{skipped}")


def _pair(text: str | None, option: str) -> tuple[float, float] | None:
    """Two numbers, or one that stands for both."""
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
        low, high = values * 2 if len(values) == 1 else values
    except ValueError as error:
        raise InputError(
            f"{text!r} is not understood; give one number or two, such as 20,100", source=option
        ) from error
    return low, high
