"""What the network's word on Bravais lattices is worth in the ranking: the same searches, ranked without and with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from rich.console import Console

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.causes import watched_race
from benchmarks.neural.report import new_table, percent
from hybrid_index import PeakList, Settings
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.ranking import prior_bits

Way = Literal["shares", "network"]
WAYS: tuple[Way, ...] = get_args(Way)
NAMES = {"shares": "shares among crystals alone", "network": "and what the network says"}
BUDGET_S = 2.0
ANSWERS = 20
CLAIM = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The first answer of a search, under one prior of the Bravais lattices: whether it is right, and how probable."""

    name: str
    group: str
    way: Way
    right: bool
    probability: float


def ranked(case: Case, settings: Settings) -> Iterator[Ranked]:
    """Search a list once and rank what was found with each prior; nothing where no lattice was found."""
    assert isinstance(case.data, PeakList)
    assert case.gram is not None
    race, _ = watched_race(case.data.select(np.arange(len(case.data)) < settings.max_lines), settings)
    if not len(race.solved):
        return
    for way, prior in zip(WAYS, (prior_bits(), race.prior), strict=True):
        race.prior = prior
        race.solved = race.solved.take(np.argsort(-race.score(race.solved), kind="stable"))
        first = race.answers(ANSWERS)[0]
        right = same_shortest_vectors(race.solved.grams[first.members[0]], case.gram, case.tolerance)
        yield Ranked(name=case.name, group=case.group, way=way, right=right, probability=first.probability)


def report(found: list[Ranked], console: Console) -> dict[str, Any]:
    """Print a table for each group of cases; return what goes into the document."""
    for group in dict.fromkeys(r.group for r in found):
        of = {way: [r for r in found if r.group == group and r.way == way] for way in WAYS}
        table = new_table(
            f"{group} ({len(of['shares'])})", ("first", "gained", "lost", "Brier score", f"p ≥ {CLAIM}, right")
        )
        for way in WAYS:
            changed = [(now.right, before.right) for now, before in zip(of[way], of["shares"], strict=True)]
            claims = [r.right for r in of[way] if r.probability >= CLAIM]
            table.add_row(
                NAMES[way],
                percent(float(np.mean([r.right for r in of[way]]))),
                str(changed.count((True, False))),
                str(changed.count((False, True))),
                f"{brier(of[way]):.3f}",
                f"{sum(claims)} of {len(claims)}",
            )
        console.print(table)
    return {"ranked": [asdict(r) for r in found]}


def brier(found: list[Ranked]) -> float:
    """Mean square of probability minus truth."""
    return float(np.mean([(r.probability - r.right) ** 2 for r in found]))


def in_short(found: list[Ranked]) -> str:
    """One line on all of it."""
    parts = [[r for r in found if r.way == way] for way in WAYS]
    first = [sum(r.right for r in part) for part in parts]
    return (
        f"the network's word on Bravais lattices: {first[0]} -> {first[1]} of {len(parts[0])} first, "
        f"Brier score {brier(parts[0]):.3f} -> {brier(parts[1]):.3f}"
    )
