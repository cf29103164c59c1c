"""Tables of a run, its JSON document, and the comparison with an earlier one."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import hybrid_index
from benchmarks.accuracy.score import Outcome
from hybrid_index.errors import InputError, OutputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS

SCHEMA = "hybrid-index/accuracy/1"
CONFIDENT = 0.95
ALL = "all"


def summary(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Rates (shares of one), medians in seconds, and how far the stated probabilities can be trusted."""
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
        "brier": sum((o.probability - right) ** 2 for o, right in zip(outcomes, first, strict=True)) / n,
        "confident": len(confident) / n,
        "confident_right": sum(confident) / len(confident) if confident else 1.0,
    }


def summaries(outcomes: Sequence[Outcome]) -> dict[str, dict[str, dict[str, float]]]:
    """Summaries by group and crystal system, each with a line for all."""
    groups = list(dict.fromkeys(o.group for o in outcomes))
    table = {group: _by_system([o for o in outcomes if o.group == group]) for group in groups}
    if len(groups) > 1:
        table[ALL] = _by_system(outcomes)
    return table


def print_report(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print a table for each group, and the failures."""
    for group, rows in summaries(outcomes).items():
        console.print(_table(group, rows))
    misses = [o for o in outcomes if o.rank != 1]
    if misses:
        console.print(f"\n[bold]Not first: {len(misses)} of {len(outcomes)}[/bold]")
    for o in sorted(misses, key=lambda o: (o.group, o.system, o.name)):
        what = f"{o.group}, {o.system}, V {o.volume:.0f}, {o.n_peaks} lines, {o.seconds:.1f} s"
        console.print(f"[bold]{escape(o.name)}[/bold] ({what}): {escape(o.cause)}")
        console.print(f"    true  {escape(o.truth)}", highlight=False)
        if o.first:
            console.print(f"    first {escape(o.first)}", highlight=False)


def write_json(path: Path, outcomes: Sequence[Outcome], arguments: Mapping[str, Any]) -> None:
    """Write everything, for the next run to compare with."""
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": dict(arguments),
        "summary": summaries(outcomes),
        "outcomes": [asdict(o) for o in sorted(outcomes, key=lambda o: (o.group, o.name))],
    }
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def print_comparison(outcomes: Sequence[Outcome], path: Path, console: Console) -> None:
    """Print what changed since an earlier run, over the cases that both have."""
    try:
        old = [Outcome(**o) for o in json.loads(path.read_text(encoding="utf-8"))["outcomes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("is not the JSON document of an earlier run", source=str(path)) from error
    before = {(o.group, o.name): o for o in old}
    pairs = [(before[o.group, o.name], o) for o in outcomes if (o.group, o.name) in before]
    if not pairs:
        console.print(f"No case in common with {path}.")
        return
    table = Table(title=f"Against {path.name}: {len(pairs)} cases in common")
    for column in ("", "rank 1", "in list", "median s"):
        table.add_column(column, justify="left" if not column else "right")
    for label, side in (("before", [a for a, _ in pairs]), ("now", [b for _, b in pairs])):
        s = summary(side)
        table.add_row(label, _percent(s["rank1"]), _percent(s["in_list"]), f"{s['median_s']:.2f}")
    console.print(table)
    _print_names("Gained", (b for a, b in pairs if a.rank != 1 and b.rank == 1), console)
    _print_names("Lost", (b for a, b in pairs if a.rank == 1 and b.rank != 1), console)


def _by_system(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    rows = {system: [o for o in outcomes if o.system == system] for system in CRYSTAL_SYSTEMS}
    return {system: summary(row) for system, row in [*rows.items(), (ALL, list(outcomes))] if row}


def _table(group: str, rows: Mapping[str, Mapping[str, float]]) -> Table:
    table = Table(title=group)
    table.add_column("system")
    for column in (
        "n",
        "rank 1",
        "in list",
        "by equivalent",
        "median s",
        "search s",
        "longest s",
        "Brier",
        f"p ≥ {CONFIDENT}",
        "of these right",
    ):
        table.add_column(column, justify="right")
    for system, s in rows.items():
        if system == ALL:
            table.add_section()
        table.add_row(
            system,
            f"{s['n']:.0f}",
            *(_percent(s[key]) for key in ("rank1", "in_list", "by_equivalent")),
            *(f"{s[key]:.2f}" for key in ("median_s", "median_search_s", "longest_s", "brier")),
            _percent(s["confident"]),
            _percent(s["confident_right"]) if s["confident"] else "–",
        )
    return table


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _print_names(label: str, outcomes: Iterable[Outcome], console: Console) -> None:
    names = [f"{o.group}: {o.name}" for o in outcomes]
    if names:
        console.print(f"{label} ({len(names)}): " + escape("; ".join(names)), highlight=False)
