"""What readings, and changing single equations, are worth: trials with and without, told the true Bravais lattice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.accuracy.cases import TOLERANCE
from benchmarks.neural.questions import Question
from benchmarks.neural.report import new_table, percent
from benchmarks.neural.weights import Networks
from hybrid_index import Settings
from hybrid_index.lattice import Cell, primitive_gram
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.neural.belief import LatticeBelief, believe
from hybrid_index.neural.labels import FAMILIES, FAMILY_OF_CODE
from hybrid_index.neural.proposer import CHANGED, likely_trials
from hybrid_index.refine.lines import without_shift
from hybrid_index.search.pool import Prepared

N_TRIALS, CAPACITY = 8000, 40
WAYS: dict[str, tuple[bool, float]] = {
    "single labels, drawn anew": (False, 0.0),
    "readings, drawn anew": (True, 0.0),
    "single labels, changed": (False, CHANGED),
    "readings, changed": (True, CHANGED),
}
"""Whether readings are kept apart, and the share of trials that change an earlier one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Whether the true lattice was among those that the trials of one list led to, and what they took."""

    group: str
    family: str
    way: str
    right: bool
    seconds: float


def trials(question: Question, networks: Networks, settings: Settings) -> Iterator[Tried]:
    """Try a list whose shift is known, and whose Bravais lattice the network is told, in every way."""
    peaks = without_shift(question.peaks, question.shift_deg)
    ready = Prepared.from_peaks(peaks, settings)
    belief = believe(networks.network, peaks).under(question.code)
    for way, (readings, changed) in WAYS.items():
        said = belief if readings else _single(belief)
        began = time.perf_counter()
        pool = likely_trials(
            said, networks.network, ready, settings, n_trials=N_TRIALS, capacity=CAPACITY, changed=changed
        )
        found = list(pool.candidates(ready.lines, settings, source=way, most=CAPACITY))
        seconds = time.perf_counter() - began
        grams = (primitive_gram(Cell.from_metric(c.metric), c.bravais_lattice) for c in found)
        yield Tried(
            group=question.group,
            family=FAMILIES[FAMILY_OF_CODE[question.code]],
            way=way,
            right=any(same_shortest_vectors(gram, question.gram, TOLERANCE) for gram in grams),
            seconds=seconds,
        )


def _single(belief: LatticeBelief) -> LatticeBelief:
    """The same belief about every single line, and none about which labels go together."""
    return replace(belief, readings=np.ones(1), labels=belief.single_labels()[None])


def report(found: list[Tried], console: Console) -> dict[str, Any]:
    """Print a table for each kind of list; return what goes into the document."""
    for group in dict.fromkeys(t.group for t in found):
        mine = [t for t in found if t.group == group]
        families = [family for family in FAMILIES if any(t.family == family for t in mine)]
        counts = {f: sum(t.family == f for t in mine) // len(WAYS) for f in families}
        table = new_table(group, (*(f"{f} ({n})" for f, n in counts.items()), "ms"))
        for way in WAYS:
            of_way = [t for t in mine if t.way == way]
            shares = [float(np.mean([t.right for t in of_way if t.family == family])) for family in families]
            table.add_row(way, *map(percent, shares), f"{1000.0 * median(t.seconds for t in of_way):.1f}")
        console.print(table)
    return {"trials": [asdict(t) for t in found]}


def in_short(found: list[Tried]) -> str:
    """One line on all of it."""
    shares = {way: float(np.mean([t.right for t in found if t.way == way])) for way in WAYS}
    return "the true lattice is found by " + ", ".join(f"{way}: {percent(share)}" for way, share in shares.items())
