"""One row for each input: what a spreadsheet or a data frame wants to know of a result document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hybrid_index.known import label
from hybrid_index.types import KnownMatch

COLUMNS: dict[str, type] = {
    "id": str,
    "status": str,
    "file": str,
    "bravais_lattice": str,
    **{f"{edge}{esd}_angstrom": float for edge in "abc" for esd in ("", "_esd")},
    **{f"{angle}{esd}_deg": float for angle in ("alpha", "beta", "gamma") for esd in ("", "_esd")},
    "volume_angstrom3": float,
    "volume_esd_angstrom3": float,
    "probability": float,
    "m20": float,
    "n_indexed": int,
    "n_lines": int,
    "zero_shift_deg": float,
    "zero_shift_esd_deg": float,
    "displacement_mm": float,
    "displacement_esd_mm": float,
    "known": str,
    "known_relation": str,
    "known_strain_percent": float,
    "known_file": str,
    "series": str,
    "position": int,
    "value": float,
    "unit": str,
    "relation": str,
    "change": str,
    "n_solutions": int,
    "wavelength_angstrom": float,
    "seconds": float,
    "reasons": str,
}
"""Columns of the tables and the type of each; what an input does not have is ``None``."""

AMBIGUOUS = "ambiguous"
_SHIFTS = ("zero_shift_deg", "zero_shift_esd_deg", "displacement_mm", "displacement_esd_mm")
_SERIES = ("position", "value", "unit", "relation", "change")
_TIED = {"c": ("b", "c"), "t": ("b",), "h": ("b",)}
"""Edges that symmetry holds equal to a."""


def row_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a result document: the keys of :data:`COLUMNS`, the numbers of its first solution."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row.update(
        id=content["id"],
        status=content["status"],
        file=source_of(content),
        n_lines=content["n_peaks"],
        n_solutions=len(content["solutions"]),
        wavelength_angstrom=content["wavelength_angstrom"],
        seconds=content["timing_s"].get("total"),
        reasons="; ".join(content["reasons"]),
    )
    if (series := content.get("series")) is not None:
        row.update(series=series["name"], **{name: series[name] for name in _SERIES})
    if content["solutions"]:
        best = content["solutions"][0]
        units = dict.fromkeys("abc", "angstrom") | dict.fromkeys(("alpha", "beta", "gamma"), "deg")
        for name, unit in units.items():
            row[f"{name}_{unit}"] = best["cell"][name]
            row[f"{name}_esd_{unit}"] = best["cell_esd"][name]
        row.update({name: best[name] for name in _SHIFTS})
        row.update(
            bravais_lattice=best["bravais_lattice"],
            volume_angstrom3=best["volume"],
            volume_esd_angstrom3=volume_esd(best),
            probability=best["probability"],
            m20=best["merit"]["m20"],
            n_indexed=best["n_indexed"],
            **_known(known_of(best)),
        )
    return row


def source_of(content: Mapping[str, Any]) -> str:
    """Return the measured file of a document, empty where there was none."""
    peaks = content["peaks"]
    return "" if peaks is None else str(peaks.get("source") or "")


def known_of(solution: Mapping[str, Any]) -> list[KnownMatch]:
    """Return the known phases that a solution of a document names."""
    return [KnownMatch(**match) for match in solution.get("known", ())]


def volume_esd(solution: Mapping[str, Any]) -> float | None:
    """Return the standard uncertainty (Å³) of the volume of a solution, from the covariance of its free parameters."""
    cell, names = solution["cell"], solution["parameter_names"]
    slopes = _volume_slopes(cell, solution["volume"])
    for edge in _TIED.get(solution["bravais_lattice"][0], ()):
        slopes["a"] += slopes[edge]
    gradient = [slopes.get(name, 0.0) for name in names]
    covariance = solution["covariance"]
    if len(covariance) != len(names) or any(value is None for row in covariance for value in row):
        return None
    variance = sum(gradient[i] * gradient[j] * covariance[i][j] for i in range(len(names)) for j in range(len(names)))
    return math.sqrt(max(variance, 0.0))


def _volume_slopes(cell: Mapping[str, float], volume: float) -> dict[str, float]:
    """∂V by each cell parameter: Å³ per Å, Å³ per degree."""
    cosines = {name: math.cos(math.radians(cell[name])) for name in ("alpha", "beta", "gamma")}
    edges = (cell["a"] * cell["b"] * cell["c"]) ** 2 / volume
    slopes = {name: volume / cell[name] for name in "abc"}
    for name, cosine in cosines.items():
        others = math.prod(value for other, value in cosines.items() if other != name)
        slopes[name] = math.radians(edges * math.sin(math.radians(cell[name])) * (cosine - others))
    return slopes


def _known(matches: list[KnownMatch]) -> dict[str, Any]:
    if not matches:
        return {}
    best = matches[0]
    alike = {match.name for match in matches if match.relation == best.relation}
    return {
        "known": label(matches),
        "known_relation": best.relation if len(alike) == 1 else f"{AMBIGUOUS}: {best.relation}",
        "known_strain_percent": best.strain_percent,
        "known_file": best.file,
    }
