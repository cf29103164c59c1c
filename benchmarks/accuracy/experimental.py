"""Measured cases: patterns and peak lists with known cells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from benchmarks.accuracy.cases import Case, true_gram
from hybrid_index.errors import InputError
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation

TOLERANCE = 0.01
UNVETTED = "unvetted"
"""Group of the entries without a tier."""

Origin = Literal["raw", "list"]


def measured_cases(folder: Path, *, origin: Origin = "raw", tier: str | None = None) -> tuple[list[Case], list[str]]:
    """Read the index of measured data.

    Parameters
    ----------
    folder
        The data folder.
    origin
        ``raw`` indexes the measured file, where it is a pattern; ``list`` the peak list of the index.
    tier
        Take only entries of this tier.

    Returns
    -------
    cases
        All angle-dispersive entries.
    skipped
        Names of the others (time of flight).
    """
    path = folder / "experimental" / "index.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("the index cannot be read; name its folder with --data", source=str(path)) from error
    skipped = [str(entry["id"]) for entry in entries if entry["kind"].endswith("tof")]
    wanted = [
        entry
        for entry in entries
        if not entry["kind"].endswith("tof") and (entry["tier"] or UNVETTED) == (tier or entry["tier"] or UNVETTED)
    ]
    return [_case(entry, path.parent, origin) for entry in wanted], skipped


def _case(entry: Mapping[str, Any], folder: Path, origin: Origin) -> Case:
    name = f"{entry['set']}/{Path(entry['file']).name}"
    radiation = _radiation(entry)
    data: PeakList | Path = folder / entry["file"]
    if origin == "list" or entry["peak_list_only"]:
        data = PeakList.from_positions(
            entry["two_theta"], intensity=entry["intensity"], radiation=radiation, name=name, source=entry["file"]
        )
    parameters = " ".join(f"{x:g}" for x in entry["cell"])
    return Case(
        name=name,
        group=entry["tier"] or UNVETTED,
        system=entry["system"],
        data=data,
        radiation=radiation,
        gram=true_gram(entry["cell"], entry["centring"]),
        tolerance=TOLERANCE,
        truth=f"{entry['space_group'] or entry['centring']} {parameters}",
    )


def _radiation(entry: Mapping[str, Any]) -> Radiation:
    wavelengths = entry["wavelength_all"]
    first, *rest = wavelengths if isinstance(wavelengths, list) else [wavelengths]
    return Radiation(
        wavelength_angstrom=float(first),
        ka2_angstrom=float(rest[0]) if rest else None,
        probe="neutron" if entry["kind"].startswith("neutron") else "xray",
        name=entry["kind"],
    )
