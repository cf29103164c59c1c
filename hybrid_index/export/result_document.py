"""The result document: an :class:`~hybrid_index.types.IndexingResult` as plain JSON-ready data.

One document is what ``--json`` prints and what each line of a batch holds. ``docs/result.md`` explains the fields.
Numbers that do not exist (NaN, infinity) become ``null``: the text is strict JSON.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from hybrid_index import __version__
from hybrid_index.lattice import Cell, reduced_cell
from hybrid_index.types import IndexingResult, PeakList, Solution

SCHEMA = "hybrid-index/result/1"
_CELL_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")


def document(result: IndexingResult) -> dict[str, Any]:
    """Return the result as nested dictionaries, lists, strings and numbers, ready for :mod:`json`."""
    peaks = result.peaks
    content = {
        "schema": SCHEMA,
        "id": result.id,
        "status": result.status,
        "reasons": list(result.reasons),
        "n_peaks": 0 if peaks is None else len(peaks),
        "wavelength_angstrom": None if peaks is None else peaks.wavelength_angstrom,
        "solutions": [] if peaks is None else [_solution(solution, peaks) for solution in result.solutions],
        "peaks": None if peaks is None else _peaks(peaks),
        "timing_s": {"total": 0.0, "peaks": 0.0, "search": 0.0, "refine": 0.0, "rank": 0.0, **result.timing_s},
        "settings": dict(result.settings),
        "version": result.version,
        "seed": result.seed,
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def failed_document(
    id: str, reasons: Sequence[str], *, settings: Mapping[str, Any] | None = None, seed: int = 0
) -> dict[str, Any]:
    """Return the document of an input that could not be worked on, with the reasons."""
    return document(
        IndexingResult(
            id=id,
            status="failed",
            reasons=tuple(reasons),
            peaks=None,
            solutions=(),
            timing_s={},
            settings=settings or {},
            version=__version__,
            seed=seed,
        )
    )


def to_json(content: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Return a document as strict JSON text: on one line, or indented for people."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=indent)


def _solution(solution: Solution, peaks: PeakList) -> dict[str, Any]:
    refinement = solution.refinement
    lattice = refinement.candidate.bravais_lattice
    assignment, shift = refinement.assignment, refinement.shift
    rows = zip(peaks.two_theta_deg, assignment.two_theta_calc_deg, assignment.hkl, assignment.indexed, strict=True)
    return {
        "rank": solution.rank,
        "bravais_lattice": lattice.value,
        "crystal_system": lattice.crystal_system,
        "cell": _cell(refinement.cell),
        "cell_esd": _cell(refinement.cell_esd),
        "volume": refinement.cell.volume,
        "primitive_cell": _cell(reduced_cell(refinement.cell, lattice)),
        "zero_shift_deg": shift.zero_shift_deg,
        "zero_shift_esd_deg": shift.zero_shift_esd_deg,
        "displacement_mm": shift.displacement_mm,
        "displacement_esd_mm": shift.displacement_esd_mm,
        "shift": {
            "combined_deg": shift.combined_deg,
            "combined_esd_deg": shift.combined_esd_deg,
            "correlation": shift.correlation,
            "note": shift.note,
        },
        "merit": asdict(refinement.merit),
        "probability": solution.probability,
        "n_indexed": int(np.count_nonzero(assignment.indexed)),
        "unindexed_two_theta_deg": peaks.two_theta_deg[~assignment.indexed],
        "lines": [
            {"two_theta_obs_deg": observed, "two_theta_calc_deg": calculated, "hkl": hkl}
            for observed, calculated, hkl, indexed in rows
            if indexed
        ],
        "whole_pattern": None if solution.whole_pattern is None else asdict(solution.whole_pattern),
        "source": refinement.candidate.source,
        "equivalents": [
            {
                "bravais_lattice": equivalent.bravais_lattice.value,
                "cell": _cell(equivalent.cell),
                "volume": equivalent.cell.volume,
                "relation": equivalent.relation,
            }
            for equivalent in solution.equivalents
        ],
        "parameter_names": list(refinement.parameter_names),
        "covariance": refinement.covariance,
    }


def _cell(cell: Cell) -> dict[str, float]:
    return dict(zip(_CELL_NAMES, cell.parameters, strict=True))


def _peaks(peaks: PeakList) -> dict[str, Any]:
    return {
        "two_theta_deg": peaks.two_theta_deg,
        "two_theta_esd_deg": peaks.two_theta_esd_deg,
        "intensity": peaks.intensity,
        "fwhm_deg": peaks.fwhm_deg,
        "height_over_noise": peaks.height_over_noise,
        "radiation": asdict(peaks.radiation),
        "name": peaks.name,
        "source": peaks.source,
    }


def _plain(value: Any) -> Any:
    """Turn arrays, numpy scalars and mappings into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
