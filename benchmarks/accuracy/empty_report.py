"""What was made of data without an answer."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.accuracy.bars import SOLVED_NOTHING_BAR
from benchmarks.accuracy.score import ONE_OF_THE_PHASES, Outcome
from benchmarks.accuracy.summary import CONFIDENT, groups


def claims(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """How much was claimed of data that hold no answer: shares of one, and seconds.

    ``of_a_phase`` is the share of ``solved`` whose first cell is that of a phase of the mixture; the claim is wrong all
    the same, as the lines are not those of one lattice.
    """
    n = len(outcomes)
    solved = [o for o in outcomes if o.status == "solved"]
    return {
        "n": n,
        "lines": statistics.median(o.n_peaks for o in outcomes),
        "solved": len(solved) / n,
        "of_a_phase": sum(o.cause == ONE_OF_THE_PHASES for o in solved) / len(solved) if solved else 0.0,
        "ambiguous": sum(o.status == "ambiguous" for o in outcomes) / n,
        "failed": sum(o.status == "failed" for o in outcomes) / n,
        "confident": sum(o.probability >= CONFIDENT for o in outcomes) / n,
        "mean_probability": sum(o.probability for o in outcomes) / n,
        "median_s": statistics.median(o.seconds for o in outcomes),
    }


def empty_tables(outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    """Claims by kind of data, ready for JSON."""
    return {"claims": {name: claims(group) for name, group in groups(outcomes)}}


def print_empty(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print what was claimed, kind by kind, and every case that was called solved."""
    table = Table(title="Data without an answer")
    table.add_column("")
    for column in ("n", "lines", "solved", "bar", "", "ambiguous", "failed", f"p ≥ {CONFIDENT}", "mean p", "median s"):
        table.add_column(column, justify="right")
    for name, group in groups(outcomes):
        c = claims(group)
        table.add_row(
            name,
            f"{c['n']:.0f}",
            f"{c['lines']:.0f}",
            f"{c['solved']:.1%}",
            f"≤ {SOLVED_NOTHING_BAR:.0%}",
            "[green]pass[/green]" if c["solved"] <= SOLVED_NOTHING_BAR else "[red]fail[/red]",
            *(f"{c[key]:.1%}" for key in ("ambiguous", "failed", "confident")),
            f"{c['mean_probability']:.2f}",
            f"{c['median_s']:.2f}",
        )
    console.print(table)
    for o in sorted((o for o in outcomes if o.status == "solved"), key=lambda o: (o.group, o.name)):
        note = f", {o.cause}" if o.cause else ""
        console.print(f"[bold]{escape(o.group)}: {escape(o.name)}[/bold] ({o.n_peaks} lines{note})", highlight=False)
        console.print(f"    data  {escape(o.truth)}", highlight=False)
        console.print(f"    first {escape(o.first)}", highlight=False)
    for o in outcomes:
        if o.status == "failed":
            console.print(f"[bold]{escape(o.group)}: {escape(o.name)}[/bold] {escape(o.cause)}", highlight=False)
