"""The way back: from a result document to an :class:`~hybrid_index.types.IndexingResult`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.export.result_document import SCHEMA
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.types import (
    Assignment,
    Candidate,
    Equivalent,
    IndexingResult,
    Merit,
    PeakList,
    Refinement,
    Shift,
    Solution,
    WholePattern,
)
from hybrid_index.units import Radiation


def from_document(content: Mapping[str, Any]) -> IndexingResult:
    """Rebuild a result from its document (``json.loads`` of a line of a batch, say).

    All is restored but the score that an engine gave its own candidate.

    Raises
    ------
    InputError
        If *content* is not a result document of the schema known here.
    """
    if content.get("schema") != SCHEMA:
        raise InputError(f"schema {content.get('schema')!r} is not known; a result document says {SCHEMA!r}")
    try:
        return _result(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"the result document is incomplete or damaged: {error!r}", source=content.get("id")
        ) from error


def _result(content: Mapping[str, Any]) -> IndexingResult:
    peaks = None if content["peaks"] is None else _peaks(content["peaks"])
    return IndexingResult(
        id=content["id"],
        status=content["status"],
        reasons=tuple(content["reasons"]),
        peaks=peaks,
        solutions=() if peaks is None else tuple(_solution(item, peaks) for item in content["solutions"]),
        timing_s=content["timing_s"],
        settings=content["settings"],
        version=content["version"],
        seed=content["seed"],
    )


def _peaks(content: Mapping[str, Any]) -> PeakList:
    columns = ("two_theta_deg", "two_theta_esd_deg", "intensity", "fwhm_deg", "height_over_noise")
    return PeakList(
        **{name: np.array(content[name], dtype=np.float64) for name in columns},
        radiation=Radiation(**content["radiation"]),
        name=content["name"],
        source=content["source"],
    )


def _solution(content: Mapping[str, Any], peaks: PeakList) -> Solution:
    cell = Cell(**content["cell"])
    lattice = BravaisLattice(content["bravais_lattice"])
    names = tuple(content["parameter_names"])
    covariance = np.array(content["covariance"], dtype=np.float64).reshape(len(names), len(names))
    return Solution(
        rank=content["rank"],
        probability=_number(content["probability"]),
        equivalents=tuple(
            Equivalent(
                bravais_lattice=BravaisLattice(item["bravais_lattice"]),
                cell=Cell(**item["cell"]),
                relation=item["relation"],
            )
            for item in content["equivalents"]
        ),
        whole_pattern=_whole_pattern(content.get("whole_pattern")),
        refinement=Refinement(
            candidate=Candidate(bravais_lattice=lattice, metric=cell.metric, source=content["source"]),
            cell=cell,
            cell_esd=Cell(**{name: _number(value) for name, value in content["cell_esd"].items()}),
            shift=_shift(content),
            assignment=_assignment(content["lines"], peaks),
            merit=Merit(**{name: _number(value) for name, value in content["merit"].items()}),
            parameter_names=names,
            covariance=covariance,
        ),
    )


def _whole_pattern(content: Mapping[str, Any] | None) -> WholePattern | None:
    if content is None:
        return None
    return WholePattern(**{**content, "two_theta_range_deg": tuple(content["two_theta_range_deg"])})


def _shift(content: Mapping[str, Any]) -> Shift:
    names = ("zero_shift_deg", "zero_shift_esd_deg", "displacement_mm", "displacement_esd_mm")
    more = content["shift"]
    return Shift(
        **{name: _number(content[name]) for name in names},
        correlation=_number(more["correlation"]),
        combined_deg=_number(more["combined_deg"]),
        combined_esd_deg=_number(more["combined_esd_deg"]),
        note=more["note"],
    )


def _assignment(lines: list[Mapping[str, Any]], peaks: PeakList) -> Assignment:
    """Put the indexed lines back into rows parallel to the peak list, which holds their observed positions."""
    rows = np.searchsorted(peaks.two_theta_deg, [line["two_theta_obs_deg"] for line in lines])
    indexed = np.zeros(len(peaks), dtype=np.bool_)
    hkl = np.zeros((len(peaks), 3), dtype=np.int64)
    calculated = np.full(len(peaks), math.nan)
    for row, line in zip(rows, lines, strict=True):
        indexed[row], hkl[row], calculated[row] = True, line["hkl"], line["two_theta_calc_deg"]
    return Assignment(indexed=indexed, hkl=hkl, two_theta_calc_deg=calculated)


def _number(value: float | None) -> Any:
    return math.nan if value is None else value
