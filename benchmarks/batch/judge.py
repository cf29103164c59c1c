"""From what was measured to the lines of the table, with their bars."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.batch.rates import ONE, RAY, TWO, Block, differing, makespan
from benchmarks.batch.upkeep import Memory

TWO_WORKERS_BAR = 1.8
RAY_BAR = 0.9
GROWTH_BAR_MIB = 20.0
"""Of what is some hundred MiB: less is the noise of the allocator."""
MEMORY_FROM = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: a figure, the bar it must reach (at least, or at most), and what else was seen."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the bar was reached; ``None`` without one."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most


def judge_rates(blocks: Sequence[Block]) -> list[Line]:
    """Judge how fast the ways were, one by one and against each other."""
    return [
        *(_rate(blocks, how) for how in dict.fromkeys(block.how for block in blocks)),
        _ratio("2 workers / 1 worker", blocks, TWO, ONE, TWO_WORKERS_BAR),
        _between("… time of a pattern", blocks, lambda block: sum(block.seconds), "above 1: in each other's way"),
        _between("… processor time", blocks, lambda block: block.watched.cpu_s, "of all processes"),
        _between("… whole commands", blocks, lambda block: 1.0 / block.watched.wall_s, "start of the program counted"),
        *([_ratio("Ray / local pool", blocks, RAY, TWO, RAY_BAR)] if any(block.how == RAY for block in blocks) else []),
        _order(blocks),
        _differing(blocks),
    ]


def _differing(blocks: Sequence[Block]) -> Line:
    names = differing(blocks)
    note = ", ".join(["searches out of time left aside", *names[:5]])
    return Line(name="differing answers", value=len(names), at_most=0.0, note=note)


def judge_memory(memory: Memory) -> list[Line]:
    """Judge whether the memory of a long batch is flat."""
    first = min(MEMORY_FROM, memory.done[-1] // 5)
    note = f"{memory.name}, from {first} to {memory.done[-1]} inputs"
    return [
        Line(name=f"growth of {name}", value=value, unit="MiB", at_most=GROWTH_BAR_MIB, note=note)
        for name, value in zip(("the parent", "2 workers"), memory.growth(first), strict=True)
    ]


def judge_searching(blocks: Sequence[Block]) -> Line:
    """Tell how much memory workers that search take."""
    samples = [sample for block in blocks if block.how == TWO for sample in block.watched.samples]
    most, parent = max(s.workers_mib for s in samples), max(s.parent_mib for s in samples)
    value = statistics.median(sample.workers_mib for sample in samples)
    return Line(
        name="memory of 2 that search", value=value, unit="MiB", note=f"at most {most:.0f}; parent at most {parent:.0f}"
    )


def _of(blocks: Sequence[Block], how: str) -> list[Block]:
    return [block for block in blocks if block.how == how]


def _rate(blocks: Sequence[Block], how: str) -> Line:
    own = _of(blocks, how)
    statuses = sorted({status for block in own for status in block.statuses})
    counts = [f"{sum(block.statuses.get(status, 0) for block in own)} {status}" for status in statuses]
    busy = statistics.median(block.busy for block in own)
    rate = statistics.median(block.rate for block in own)
    return Line(name=how, value=rate, unit="/s", note=f"{', '.join(counts)}; workers busy {busy:.0%} of the time")


def _ratio(name: str, blocks: Sequence[Block], how: str, beside: str, bar: float) -> Line:
    found = [ours.rate / theirs.rate for ours, theirs in zip(_of(blocks, how), _of(blocks, beside), strict=True)]
    return Line(
        name=name, value=statistics.median(found), at_least=bar, note=f"from {min(found):.2f} to {max(found):.2f}"
    )


def _between(name: str, blocks: Sequence[Block], value: Callable[[Block], float], note: str) -> Line:
    """Return by what factor two workers differ from one."""
    found = [value(two) / value(one) for two, one in zip(_of(blocks, TWO), _of(blocks, ONE), strict=True)]
    return Line(name=name, value=statistics.median(found), note=note)


def _order(blocks: Sequence[Block]) -> Line:
    """Return what it costs that nobody knows beforehand which patterns take long."""
    seconds = [took for block in _of(blocks, ONE) for took in block.seconds]
    longest_first = sorted(seconds, reverse=True)
    share = next(n for n in range(1, len(seconds) + 1) if sum(longest_first[:n]) >= 0.5 * sum(seconds))
    note = f"half of the time goes into {share} of {len(seconds)} patterns, {longest_first[0]:.1f} s into the longest"
    value = makespan(seconds, 2) / makespan(longest_first, 2)
    return Line(name="order as it comes / longest first", value=value, note=note)
