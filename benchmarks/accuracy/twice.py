"""Whether two runs over the same cases gave the same answers, to the last printed digit and beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape

from benchmarks.accuracy.score import Answer, Outcome

TOLERANCE = 1e-9
"""Difference of parameters (relative) and probabilities up to which answers are identical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A case that two runs answered differently; *limited*: a search ran out of time, which need not repeat."""

    group: str
    name: str
    what: str
    limited: bool


def differences(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[Difference]:
    """Compare the whole lists of answers, case by case, in the order of the first run."""
    again = {(o.group, o.name): o for o in second}
    found = []
    for one in first:
        other = again[one.group, one.name]
        what = _what_differs(one, other)
        if what:
            found.append(Difference(group=one.group, name=one.name, what=what, limited=one.limited or other.limited))
    return found


def print_differences(found: Sequence[Difference], n: int, console: Console) -> None:
    """Print the verdict, and the cases that differ."""
    serious = [d for d in found if not d.limited]
    verdict = "[green]identical[/green]" if not serious else "[red]not identical[/red]"
    console.print(
        f"\n[bold]1 worker against 2[/bold]: answers of {n - len(found)} of {n} cases agree to {TOLERANCE:g}; "
        f"{verdict} but for searches that ran out of time ({len(found) - len(serious)})"
    )
    for d in sorted(found, key=lambda d: d.limited):
        note = " (out of time)" if d.limited else ""
        console.print(f"    {escape(d.group)}: {escape(d.name)}{note}: {d.what}", highlight=False)


def _what_differs(one: Outcome, other: Outcome) -> str:
    if one.status != other.status:
        return f"status {one.status} and {other.status}"
    if len(one.answers) != len(other.answers):
        return f"{len(one.answers)} and {len(other.answers)} answers"
    for rank, (a, b) in enumerate(zip(one.answers, other.answers, strict=True), start=1):
        if not _same(a, b):
            return f"answer {rank}: {_text(a)} and {_text(b)}"
    return ""


def _same(a: Answer, b: Answer) -> bool:
    return (
        a.lattice == b.lattice
        and abs(a.probability - b.probability) <= TOLERANCE
        and all(abs(x - y) <= TOLERANCE * abs(x) for x, y in zip(a.parameters, b.parameters, strict=True))
    )


def _text(answer: Answer) -> str:
    parameters = " ".join(f"{x:.10g}" for x in answer.parameters)
    return f"{answer.lattice} {parameters} (p {answer.probability:.10f})"
