"""What was measured, and whether it is as good as was promised."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.speed.lists import TimedList
from benchmarks.speed.process import Run
from hybrid_index.errors import HybridIndexError
from hybrid_index.export import from_document
from hybrid_index.lattice import primitive_gram
from hybrid_index.lattice.compare import same_shortest_vectors

HELP_BAR_S = 0.3
HIGH_SYMMETRY_BAR_S = 2.0
LOW_SYMMETRY_BAR_S = 4.0
MEMORY_BAR_MIB = 1024.0
LOW_SYMMETRY = ("monoclinic", "triclinic")
TOLERANCE = 0.005
"""Relative, in the lengths of the shortest lattice vectors: what counts as the true lattice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Values of one quantity, with the bar that their median must stay below (``None``: no bar).

    ``right`` of ``judged`` answers were the true lattice at rank 1; ``note`` says what else was seen, and ``ok``
    whether that is as it should be.
    """

    name: str
    unit: str
    values: tuple[float, ...]
    bar: float | None = None
    cpu_s: tuple[float, ...] = ()
    right: int = 0
    judged: int = 0
    note: str = ""
    ok: bool = True

    @property
    def median(self) -> float:
        """Median of the values."""
        return statistics.median(self.values)

    @property
    def passed(self) -> bool:
        """Whether the median is below the bar and all else is well."""
        return self.ok and (self.bar is None or self.median < self.bar)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with what follows from them."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**own, "median": self.median, "passed": self.passed}


def bar_for(system: str) -> float:
    """Seconds from start to table that a list of a crystal system may take."""
    return LOW_SYMMETRY_BAR_S if system in LOW_SYMMETRY else HIGH_SYMMETRY_BAR_S


def is_right(document: Mapping[str, Any], truth: TimedList) -> bool:
    """Whether the first answer, or another lattice with its lines, is the true lattice."""
    best = from_document(document).best
    if best is None:
        return False
    refinement = best.refinement
    answers = [(refinement.cell, refinement.candidate.bravais_lattice)]
    answers += [(partner.cell, partner.bravais_lattice) for partner in best.equivalents]
    return any(same_shortest_vectors(primitive_gram(*answer), truth.gram, TOLERANCE) for answer in answers)


def verdict(text: str, truth: TimedList) -> tuple[str, bool]:
    """Status and rightness of a printed result document; what is none counts as failed."""
    try:
        document = json.loads(text)
        return str(document["status"]), is_right(document, truth)
    except (ValueError, KeyError, TypeError, HybridIndexError):
        return "failed", False


def measure_system(system: str, runs: Sequence[Run], verdicts: Sequence[tuple[str, bool]]) -> Measure:
    """Sum up the timed runs of a crystal system and what they answered."""
    counts = {status: sum(s == status for s, _ in verdicts) for status in sorted({s for s, _ in verdicts})}
    return Measure(
        name=f"index, {system}",
        unit="s",
        values=tuple(run.wall_s for run in runs),
        bar=bar_for(system),
        cpu_s=tuple(run.cpu_s for run in runs),
        right=sum(right for _, right in verdicts),
        judged=len(verdicts),
        note=", ".join(f"{count} {status}" for status, count in counts.items()),
    )
