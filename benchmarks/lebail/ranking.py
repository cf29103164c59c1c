"""Ranking with whole patterns against ranking by lines alone: the same searches, judged before and after the fits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import hybrid_index
from benchmarks.accuracy.cases import Case, Half, known_lattices, load_structures
from benchmarks.accuracy.experimental import measured_cases
from benchmarks.accuracy.score import judge
from benchmarks.aicomp.cases import simulated_cases
from hybrid_index import Settings
from hybrid_index.peaks import find_peaks
from hybrid_index.simulate.dataset import Recipe, pattern_condition
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation
from hybrid_index.whole_pattern import is_called_for, settled

CLAIMED = 0.95
"""Probability from which an answer counts as claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Place of the true lattice and probability of the first answer, by lines alone and with whole patterns.

    A rank is ``None`` where the true lattice is not in the list.
    """

    name: str
    group: str
    fitted: bool
    rank_by_lines: int | None
    rank: int | None
    probability_by_lines: float
    probability: float
    search_seconds: float
    fit_seconds: float


def ranking_cases(kind: str, data: Path, *, half: Half, limit: int, skip: int) -> list[Case]:
    """Measured patterns, or simulated ones with up to two foreign lines, which tempt larger cells."""
    if kind == "experimental":
        cases = [case for case in measured_cases(data)[0] if isinstance(case.data, Path)]
        return cases[skip : skip + limit]
    condition = pattern_condition("lab", max_foreign=2, zero_limit_deg=0.1)
    recipe = Recipe(condition=condition, radiation=parse_radiation("CuKa"))
    lattices = known_lattices(load_structures(data))
    drawn = simulated_cases(lattices, recipe.radiation, limit=limit, skip=skip, half=half, recipe=recipe)
    return [one.case for one in drawn]


def rank_twice(case: Case, settings: Settings) -> Ranked:
    """Search once, and judge the list before and after whole patterns had their say."""
    pattern = case.data if isinstance(case.data, Pattern) else hybrid_index.read_pattern(Path(str(case.data)))
    pattern = pattern.replace(radiation=case.radiation)
    peaks = find_peaks(pattern)
    start = time.perf_counter()
    before = hybrid_index.index(peaks, settings=settings)
    middle = time.perf_counter()
    fitted = is_called_for(before.solutions, settings)
    after = replace(before, solutions=settled(pattern, peaks, before.solutions, settings)) if fitted else before
    end = time.perf_counter()
    return Ranked(
        name=case.name,
        group=case.group,
        fitted=fitted,
        rank_by_lines=judge(case, before, 0.0).rank,
        rank=judge(case, after, 0.0).rank,
        probability_by_lines=before.best.probability if before.best else 0.0,
        probability=after.best.probability if after.best else 0.0,
        search_seconds=middle - start,
        fit_seconds=end - middle,
    )


def ranking_summary(ranked: Sequence[Ranked]) -> dict[str, Any]:
    """Figures of both rankings, and what changed."""
    right = np.array([[r.rank_by_lines == 1, r.rank == 1] for r in ranked])
    claimed = np.array([[r.probability_by_lines, r.probability] for r in ranked])
    fit_seconds = [r.fit_seconds for r in ranked if r.fitted]
    sections: dict[str, Any] = {"patterns": len(ranked), "fitted": len(fit_seconds)}
    for i, name in enumerate(("by_lines", "with_whole_patterns")):
        sure = claimed[:, i] >= CLAIMED
        sections |= {
            f"first_{name}": int(right[:, i].sum()),
            f"brier_{name}": float(np.mean((claimed[:, i] - right[:, i]) ** 2)),
            f"claimed_{name}": int(sure.sum()),
            f"claimed_and_right_{name}": int(right[sure, i].sum()),
        }
    return {
        **sections,
        "gained": int(np.sum(right[:, 1] & ~right[:, 0])),
        "lost": int(np.sum(right[:, 0] & ~right[:, 1])),
        "search_seconds_mean": float(np.mean([r.search_seconds for r in ranked])),
        "fit_seconds_mean": float(np.mean([r.fit_seconds for r in ranked])),
        "fit_seconds_median_where_fitted": float(np.median(fit_seconds)) if fit_seconds else 0.0,
        "ranked": [asdict(r) for r in ranked],
    }
