"""What a set of outcomes amounts to: rates and medians, in groups and strata, and the misses by cause."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.accuracy.cases import VOLUME_BINS_ANGSTROM3
from benchmarks.accuracy.causes import CAUSES
from benchmarks.accuracy.reliability import brier_score, reliability
from benchmarks.accuracy.score import Outcome
from hybrid_index.lattice import CRYSTAL_SYSTEMS

CONFIDENT = 0.95
ALL = "all"
LINE_BINS = (12, 20, 40)
"""Last number of lines of each bin but the last."""
_INTERVALS = {"within_68": 0.994, "within_95": 1.96}
"""Half widths of the intervals that hold 68 and 95 % of a normal distribution, in standard deviations."""

Summary = dict[str, float]


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """Rates (shares of one), medians in seconds, errors of right cells, and how far stated probabilities are right."""
    n = len(outcomes)
    first = [o.rank == 1 for o in outcomes]
    confident = [right for o, right in zip(outcomes, first, strict=True) if o.probability >= CONFIDENT]
    return {
        "n": n,
        "rank1": sum(first) / n,
        "in_list": sum(o.rank is not None for o in outcomes) / n,
        "by_equivalent": sum(o.rank == 1 and o.by_equivalent for o in outcomes) / n,
        "median_s": statistics.median(o.seconds for o in outcomes),
        "median_search_s": statistics.median(o.search_seconds for o in outcomes),
        "longest_s": max(o.seconds for o in outcomes),
        "limited": sum(o.limited for o in outcomes) / n,
        "brier": brier_score(outcomes),
        "confident": len(confident) / n,
        "confident_right": sum(confident) / len(confident) if confident else 1.0,
        **length_error(outcomes),
        **coverage(outcomes),
    }


def length_error(outcomes: Iterable[Outcome]) -> Summary:
    """The median relative error of right cells, and nothing where there is none."""
    errors = [o.length_error for o in outcomes if o.length_error is not None]
    return {"length_error": statistics.median(errors)} if errors else {}


def coverage(outcomes: Iterable[Outcome]) -> Summary:
    """Shares of the free parameters of right cells that lie within their 68 and 95 % intervals, if there are any."""
    pulls = [abs(pull) for o in outcomes for pull in o.pulls]
    return {key: sum(p <= reach for p in pulls) / len(pulls) for key, reach in _INTERVALS.items()} if pulls else {}


def groups(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, list[Outcome]]]:
    """Yield each condition or tier with its outcomes, and all of them where there are several."""
    names = list(dict.fromkeys(o.group for o in outcomes))
    for name in names:
        yield name, [o for o in outcomes if o.group == name]
    if len(names) > 1:
        yield ALL, list(outcomes)


def systems(outcomes: Sequence[Outcome]) -> dict[str, Summary]:
    """Summaries by crystal system, and of all."""
    rows = {system: [o for o in outcomes if o.system == system] for system in CRYSTAL_SYSTEMS}
    return {system: summary(row) for system, row in [*rows.items(), (ALL, list(outcomes))] if row}


def strata(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Summary]]:
    """Summaries by volume of the true primitive cell, and by number of lines."""
    low, mid, high = (f"{edge:g}" for edge in VOLUME_BINS_ANGSTROM3)
    volumes = (f"≤ {low}", f"{low}–{mid}", f"{mid}–{high}", f"> {high}")
    first, second, third = LINE_BINS
    lines = (f"≤ {first}", f"{first + 1}–{second}", f"{second + 1}–{third}", f"> {third}")
    return {
        "V (Å³)": _binned(outcomes, [o.volume for o in outcomes], VOLUME_BINS_ANGSTROM3, volumes),
        "lines": _binned(outcomes, [o.n_peaks for o in outcomes], LINE_BINS, lines),
    }


def misses_by_cause(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Count what stood in the way of the true lattice: by cause, and for each cause by relation of the wrong cell.

    ``undecidable`` is split further: how many speak for the wrong cell by the prior alone, and how many by the plain
    count of lines (no fewer indexed, out of no more possible ones).
    """
    misses = [o.miss for o in outcomes if o.miss is not None]
    return {
        "misses": len(misses),
        "causes": {cause: sum(m.cause == cause for m in misses) for cause in CAUSES},
        "relations": {
            cause: dict(Counter(m.relation for m in misses if m.cause == cause).most_common()) for cause in CAUSES
        },
        "undecidable by prior alone": sum(m.by_prior_alone for m in misses),
        "undecidable by plain count": sum(m.by_plain_count for m in misses),
    }


def tables(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    """All of the above for each group, ready for JSON."""
    return {
        "summary": {name: systems(group) for name, group in groups(outcomes)},
        "strata": {name: strata(group) for name, group in groups(outcomes)},
        "misses": {name: misses_by_cause(group) for name, group in groups(outcomes)},
        "reliability": {name: reliability(group) for name, group in groups(outcomes)},
    }


def _binned(
    outcomes: Sequence[Outcome], values: Sequence[float], edges: Sequence[float], labels: Sequence[str]
) -> dict[str, Summary]:
    """Summaries of the bins that hold something; an upper edge belongs to its bin."""
    rows: dict[str, list[Outcome]] = {label: [] for label in labels}
    for outcome, value in zip(outcomes, values, strict=True):
        rows[labels[bisect_left(edges, value)]].append(outcome)
    return {label: summary(row) for label, row in rows.items() if row}
