"""The lists that everybody gets: published, simulated, measured, and like those of the contest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from benchmarks.accuracy.cases import Case, KnownLattice, draw_cases, known_lattices, load_structures
from benchmarks.accuracy.experimental import measured_cases
from benchmarks.aicomp.cases import simulated_cases
from benchmarks.peers.published import PUBLISHED
from hybrid_index import read_pattern
from hybrid_index.errors import HybridIndexError
from hybrid_index.peaks import find_peaks
from hybrid_index.simulate import CONDITIONS
from hybrid_index.types import Pattern, PeakList
from hybrid_index.units import parse_radiation

SetName = Literal["published", "simulated", "experimental", "contest"]
SET_NAMES: tuple[SetName, ...] = get_args(SetName)
MAX_LINES = 40
"""Nobody gets more of the first lines: some programs take no more."""
MIN_LINES = 8
CONTEST_RADIATION = "CuKa1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A case whose data are a list of lines."""

    case: Case
    peaks: PeakList


def collect(
    sets: Sequence[SetName], data: Path, limits: Mapping[SetName, int | None], *, tier: str | None = "core"
) -> list[Listed]:
    """Gather the lists of *sets*; of those that are not published up to *limits* (simulated: of each condition).

    Raises
    ------
    InputError
        If the folder of data lacks what a set needs.
    """
    lattices = known_lattices(load_structures(data)) if {"simulated", "contest"} & set(sets) else []
    return [listed for name in sets for listed in _listed(_cases(name, data, lattices, limits.get(name), tier))]


def _cases(
    name: SetName, data: Path, lattices: Sequence[KnownLattice], limit: int | None, tier: str | None
) -> Iterator[Case]:
    if name == "published":
        yield from (one.case() for one in PUBLISHED)
    elif name == "simulated":
        n = limit or len(lattices)
        for i, condition in enumerate(CONDITIONS):  # each with lattices of its own: a few hard ones must not decide all
            yield from draw_cases(lattices, condition=condition, half="report", limit=n, skip=i * n if limit else 0)
    elif name == "experimental":
        cases, _ = measured_cases(data, origin="list", tier=tier)
        yield from (replace(case, group=f"measured, {case.group}") for case in _spread(cases, limit))
    else:
        radiation = parse_radiation(CONTEST_RADIATION)
        skip = len(CONDITIONS) * limit if limit else 0
        yield from (one.case for one in simulated_cases(lattices, radiation, limit=limit or len(lattices), skip=skip))


def _spread(cases: Sequence[Case], limit: int | None) -> list[Case]:
    """Pick so many cases evenly, because they are sorted by where they come from."""
    if limit is None or limit >= len(cases):
        return list(cases)
    return [cases[i] for i in np.linspace(0, len(cases) - 1, limit).round().astype(int)]


def _listed(cases: Iterator[Case]) -> Iterator[Listed]:
    """Find the lines of patterns once, for all; leave out what has too few of them for anybody."""
    for case in cases:
        try:
            peaks = _lines_of(case)
        except HybridIndexError:
            continue
        peaks = peaks.select(np.arange(len(peaks)) < MAX_LINES)
        if len(peaks) >= MIN_LINES:
            yield Listed(case=case, peaks=peaks)


def _lines_of(case: Case) -> PeakList:
    if isinstance(case.data, Pattern | PeakList):
        return find_peaks(case.data) if isinstance(case.data, Pattern) else case.data
    return find_peaks(read_pattern(case.data, radiation=case.radiation))
