"""The bars that the engine is measured against, and whether a run clears them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.accuracy.score import Outcome
from benchmarks.accuracy.summary import CONFIDENT, groups, summary
from hybrid_index.lattice import CRYSTAL_SYSTEMS

BRIER_BAR = 0.08
CONFIDENT_RIGHT_BAR = 0.95
"""Share of right answers among those given with a probability of at least ``CONFIDENT``."""
SOLVED_NOTHING_BAR = 0.02
"""Share of ``solved`` among data without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What a part of a group of cases must reach: rates at least, the median of the seconds at most.

    Seconds are those of search, refinement and ranking.
    """

    group: str
    part: str
    systems: tuple[str, ...]
    rank1: float
    in_list: float
    seconds: float


_HIGH = tuple(s for s in CRYSTAL_SYSTEMS if s not in ("monoclinic", "triclinic"))


def _bar(
    group: str, rank1: float, in_list: float, seconds: float, systems: Iterable[str] = CRYSTAL_SYSTEMS, part: str = ""
) -> Bar:
    return Bar(group=group, part=part, systems=tuple(systems), rank1=rank1, in_list=in_list, seconds=seconds)


BARS = (
    _bar("clean", 0.95, 0.98, 0.05),
    _bar("lab", 0.96, 0.98, 0.1, _HIGH, "cubic to orthorhombic"),
    _bar("lab", 0.92, 0.96, 0.3, ("monoclinic",), "monoclinic"),
    _bar("lab", 0.88, 0.93, 1.0, ("triclinic",), "triclinic"),
    _bar("impure", 0.90, 0.95, 0.5),
    _bar("hard", 0.80, 0.88, 2.0),
    _bar("core", 0.95, 0.97, 1.0),
    _bar("impure-or-hard", 0.80, 0.90, 1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A value beside its bar: ``at_least`` or at most that much."""

    name: str
    quantity: str
    n: int
    value: float
    bar: float
    at_least: bool

    @property
    def passed(self) -> bool:
        """Whether the bar is cleared."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar

    def as_dict(self) -> dict[str, Any]:
        """Plain values, with what follows from them."""
        return {**asdict(self), "passed": self.passed}


def checks(outcomes: Sequence[Outcome]) -> list[Check]:
    """Hold the outcomes against every bar that they have cases for."""
    found: list[Check] = []
    for bar in BARS:
        part = [o for o in outcomes if o.group == bar.group and o.system in bar.systems]
        if part:
            found += _against(bar, part)
    for name, group in groups(outcomes):
        found += _trust(name, group)
    return found


def _against(bar: Bar, part: Sequence[Outcome]) -> Iterator[Check]:
    s, name = summary(part), f"{bar.group}, {bar.part}" if bar.part else bar.group
    yield Check(name=name, quantity="rank 1", n=len(part), value=s["rank1"], bar=bar.rank1, at_least=True)
    yield Check(name=name, quantity="in list", n=len(part), value=s["in_list"], bar=bar.in_list, at_least=True)
    seconds = s["median_search_s"]
    yield Check(name=name, quantity="median s", n=len(part), value=seconds, bar=bar.seconds, at_least=False)


def _trust(name: str, group: Sequence[Outcome]) -> Iterator[Check]:
    s = summary(group)
    confident = round(s["confident"] * len(group))
    if confident:
        yield Check(
            name=name,
            quantity=f"right at p ≥ {CONFIDENT}",
            n=confident,
            value=s["confident_right"],
            bar=CONFIDENT_RIGHT_BAR,
            at_least=True,
        )
    yield Check(name=name, quantity="Brier", n=len(group), value=s["brier"], bar=BRIER_BAR, at_least=False)
