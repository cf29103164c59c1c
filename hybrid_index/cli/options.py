"""The options that commands share, and what they mean."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hybrid_index.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hybrid_index.config import Settings
    from hybrid_index.known import KnownPhases
    from hybrid_index.units import Radiation

_INPUT, _SEARCH, _SHIFT, _KNOWN, _OUTPUT = "Input", "Search", "Shifts", "Known phases", "Output"

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="Measured pattern or peak list; the format is found out.", show_default=False),
]
Wavelength = Annotated[
    str | None,
    typer.Option(
        "--wavelength",
        "-w",
        metavar="λ",
        rich_help_panel=_INPUT,
        help="Å (1.5406), tube line (CuKa, CuKa1, CoKa, MoKa) or energy (30keV); wins over the file.",
    ),
]
PeakUnits = Annotated[
    str | None,
    typer.Option(
        "--peak-units", metavar="UNIT", rich_help_panel=_INPUT, help="Of a peak list: two_theta, d, q or 1e4q."
    ),
]
PeaksFrom = Annotated[
    Path | None,
    typer.Option(
        "--peaks-from", metavar="FILE", rich_help_panel=_INPUT, help="Use this peak list in place of FILE's peaks."
    ),
]
AddPeak = Annotated[
    list[float] | None,
    typer.Option(
        "--add-peak", metavar="2θ", rich_help_panel=_INPUT, help="Add a line at this 2θ (°); may be repeated."
    ),
]
DropPeak = Annotated[
    list[float] | None,
    typer.Option(
        "--drop-peak",
        metavar="2θ",
        rich_help_panel=_INPUT,
        help="Drop the line nearest to this 2θ (°); may be repeated.",
    ),
]
TwoThetaRange = Annotated[
    str | None,
    typer.Option(
        "--two-theta-range", metavar="LOW,HIGH", rich_help_panel=_INPUT, help="Use only this range of 2θ (°)."
    ),
]
Budget = Annotated[
    float | None,
    typer.Option("--budget", metavar="SECONDS", rich_help_panel=_SEARCH, help="Time the search may take (default 10)."),
]
Systems = Annotated[
    str | None,
    typer.Option(
        "--systems",
        metavar="NAMES",
        rich_help_panel=_SEARCH,
        help="Crystal systems to search, comma-separated (cubic,tetragonal,…) (default all).",
    ),
]
MaxVolume = Annotated[
    float | None,
    typer.Option(
        "--max-volume", metavar="Å³", rich_help_panel=_SEARCH, help="Largest primitive volume (default 10000)."
    ),
]
MaxEdge = Annotated[
    float | None,
    typer.Option("--max-edge", metavar="Å", rich_help_panel=_SEARCH, help="Longest edge of the cell (default 100)."),
]
Seed = Annotated[
    int | None, typer.Option("--seed", metavar="N", rich_help_panel=_SEARCH, help="Of everything random (default 0).")
]
Plugins = Annotated[
    bool | None,
    typer.Option(
        "--plugins/--no-plugins",
        rich_help_panel=_SEARCH,
        help="Let search engines of other packages take part (default yes).",
        show_default=False,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE.toml", rich_help_panel=_SEARCH, help="Settings from a file; options win over it."
    ),
]
ZeroLimit = Annotated[
    float | None,
    typer.Option(
        "--zero-limit", metavar="°", rich_help_panel=_SHIFT, help="Largest zero shift, either sign (default 0.3)."
    ),
]
FixZero = Annotated[
    float | None,
    typer.Option("--fix-zero", metavar="°", rich_help_panel=_SHIFT, help="Hold the zero shift at this value."),
]
FixDisplacement = Annotated[
    float | None,
    typer.Option(
        "--fix-displacement", metavar="MM", rich_help_panel=_SHIFT, help="Hold the sample displacement at this value."
    ),
]
Radius = Annotated[
    float | None,
    typer.Option(
        "--radius", metavar="MM", rich_help_panel=_SHIFT, help="Goniometer radius, for the displacement (default 200)."
    ),
]
Known = Annotated[
    Path | None,
    typer.Option(
        "--known",
        metavar="DIR|FILE",
        rich_help_panel=_KNOWN,
        help="Name the known phases among the cells: a folder of CIFs, or a table (.csv, .json, .toml).",
    ),
]
KnownTolerance = Annotated[
    float | None,
    typer.Option(
        "--known-tolerance",
        metavar="PERCENT",
        rich_help_panel=_KNOWN,
        help="Largest strain of a lattice that still gets the name of a phase (default 1).",
    ),
]
LeBail = Annotated[
    bool | None,
    typer.Option(
        "--lebail/--no-lebail",
        rich_help_panel=_SEARCH,
        help="Whole-pattern (Le Bail) fits of the first cells take part in the ranking: always, or never "
        "(default: where the lines leave doubt).",
        show_default=False,
    ),
]
NoNeural = Annotated[
    bool,
    typer.Option("--no-neural", rich_help_panel=_SEARCH, help="Search without networks: the classical engines alone."),
]
NeuralOnly = Annotated[
    bool,
    typer.Option("--neural-only", rich_help_panel=_SEARCH, help="Search with the networks alone: less thorough."),
]
Json = Annotated[
    bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="Print the result document (JSON) instead of a table.")
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="OUT",
        rich_help_panel=_OUTPUT,
        help="Draw a picture: .png, .svg, .pdf or (interactive) .html.",
    ),
]
SolutionNumber = Annotated[
    int, typer.Option("--solution", metavar="N", min=1, rich_help_panel=_OUTPUT, help="Solution to draw.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=_OUTPUT, help="No progress on stderr.")]

_SKIPPED_SHOWN = 20
_OPTION_OF_SETTING = {
    "systems": "--systems",
    "max_volume_angstrom3": "--max-volume",
    "max_edge_angstrom": "--max-edge",
    "zero_limit_deg": "--zero-limit",
    "budget_s": "--budget",
    "radius_mm": "--radius",
    "fix_zero_shift_deg": "--fix-zero",
    "fix_displacement_mm": "--fix-displacement",
    "seed": "--seed",
    "lebail": "--lebail",
    "neural": "--neural-only",
}


def settings_from(config: Path | None, systems: str | None, **given: Any) -> Settings:
    """Return the settings of a run: the defaults, then the file's, then the options given on the command line."""
    from hybrid_index.config import Settings

    values = {} if config is None else Settings.from_toml(config).as_dict()
    values.update({name: value for name, value in given.items() if value is not None})
    if systems is not None:
        values["systems"] = tuple(name.strip().lower() for name in systems.split(",") if name.strip())
    with named_by_option(_OPTION_OF_SETTING):
        return Settings(**values)


def lebail_from(lebail: bool | None) -> str | None:
    """Return what ``--lebail/--no-lebail`` says about the setting, ``None`` where neither was given."""
    return None if lebail is None else "always" if lebail else "never"


def neural_from(no_neural: bool, neural_only: bool) -> str | None:
    """Return what ``--no-neural`` and ``--neural-only`` say about the setting, ``None`` where neither was given."""
    if no_neural and neural_only:
        raise InputError("excludes --no-neural; give one of them", source="--neural-only")
    return "never" if no_neural else "only" if neural_only else None


def radiation_from(wavelength: str | None) -> Radiation | None:
    """Return what ``--wavelength`` says."""
    if wavelength is None:
        return None
    from hybrid_index.units import parse_radiation

    try:
        return parse_radiation(wavelength)
    except InputError as error:
        raise error.at("--wavelength") from error


def range_from(text: str | None) -> tuple[float, float] | None:
    """Return what ``--two-theta-range`` says, degrees."""
    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.replace(":", ",").split(","))
    except ValueError as error:
        raise InputError(
            f"{text!r} is not a range; give two angles such as 5,60", source="--two-theta-range"
        ) from error
    if not 0.0 <= low < high <= 180.0:
        raise InputError(
            f"{text!r} is no range of 2θ; give two rising angles from 0 to 180°", source="--two-theta-range"
        )
    return low, high


def known_from(known: Path | None, tolerance_percent: float | None) -> KnownPhases | None:
    """Return the phases that ``--known`` names; what could not be used of them is said on stderr."""
    if known is None:
        if tolerance_percent is not None:
            raise InputError("is of use with --known only; add --known DIR", source="--known-tolerance")
        return None
    from hybrid_index.cli.faults import complain
    from hybrid_index.known import DEFAULT_TOLERANCE, check_tolerance, read_known

    tolerance = DEFAULT_TOLERANCE if tolerance_percent is None else tolerance_percent / 100.0
    try:
        check_tolerance(tolerance)
    except InputError as error:
        raise InputError(error.message, source="--known-tolerance") from error
    try:
        phases, skipped = read_known(known, tolerance=tolerance)
    except InputError as error:
        raise InputError(str(error), source="--known") from error
    for item in skipped[:_SKIPPED_SHOWN]:
        complain(f"--known: skipped {item.file}: {item.reason}")
    if len(skipped) > _SKIPPED_SHOWN:
        complain(f"--known: skipped {len(skipped) - _SKIPPED_SHOWN} more")
    return phases


@contextmanager
def named_by_option(options: Mapping[str, str]) -> Iterator[None]:
    """Name the option, not the field of the settings, in errors."""
    try:
        yield
    except InputError as error:
        option = options.get(error.source or "")
        if option is None:
            raise
        raise InputError(error.message, source=option) from error
