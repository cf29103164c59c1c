"""What the cells before a pattern are worth: a simulated heating run with two transitions, with hints and without.

``python -m benchmarks.series --patterns 200 --out run.json``. Each pattern is indexed both ways, one right after the
other and in turn first, so that a busy machine slows both alike. Right is an answer whose first cell is one of the
phases that are there. Before anything is timed the kernels are compiled.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import hybrid_index
from benchmarks.series.heating import COEXISTENCE_K, TRANSITIONS_K, Step, heating_run
from hybrid_index.batch.relation import placed
from hybrid_index.batch.series import Place, Trusted, trusted_after
from hybrid_index.config import Settings
from hybrid_index.simulate import CONDITIONS
from hybrid_index.types import IndexingResult

SCHEMA = "hybrid-index/series-benchmark/1"
ROWS = {
    "median_s": "seconds, median",
    "total_s": "seconds, all",
    "right": "first cell right",
    "solved": "solved",
    "solved_wrong": "solved, but wrong",
}


def go_through(steps: Sequence[Step], settings: Settings) -> list[dict[str, Any]]:
    """Index all patterns both ways; return what is to be known of each."""
    rows: list[dict[str, Any]] = []
    trusted: tuple[Trusted, ...] = ()
    for number, step in enumerate(steps, start=1):
        place = Place(name="heating", position=number, value=step.kelvin, unit="K", trusted=trusted)
        row: dict[str, Any] = {"kelvin": step.kelvin, "phases": sorted(step.shares)}
        results = {}
        for name in ("without", "with")[:: 1 if number % 2 else -1]:
            results[name], row[f"{name}_s"] = _timed(step, settings, place if name == "with" else None)
        for name, result in results.items():
            row[f"{name}_status"], row[f"{name}_right"] = result.status, step.is_right(result)
        content = placed(hybrid_index.document(results["with"]), place)
        trusted = trusted_after(content)
        row.update({name: content["series"][name] for name in ("relation", "change")})
        row["searched"] = results["with"].timing_s["search"] > 0.0
        rows.append(row)
    return rows


def _timed(step: Step, settings: Settings, place: Place | None) -> tuple[IndexingResult, float]:
    hints, n_foreign = ((), 0) if place is None else (place.hints, place.n_foreign)
    start = time.perf_counter()
    result = hybrid_index.index(step.peaks, settings=settings, hints=hints, n_foreign=n_foreign)
    return result, time.perf_counter() - start


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return times, shares of right answers, and where changes were told."""
    figures: dict[str, Any] = {"patterns": len(rows)}
    for name in ("without", "with"):
        solved = [row for row in rows if row[f"{name}_status"] == "solved"]
        figures[f"{name}_median_s"] = statistics.median(row[f"{name}_s"] for row in rows)
        figures[f"{name}_total_s"] = sum(row[f"{name}_s"] for row in rows)
        figures[f"{name}_right"] = sum(row[f"{name}_right"] for row in rows)
        figures[f"{name}_solved"] = len(solved)
        figures[f"{name}_solved_wrong"] = sum(not row[f"{name}_right"] for row in solved)
    figures["median_ratio"] = statistics.median(row["without_s"] / row["with_s"] for row in rows)
    figures["total_ratio"] = figures["without_total_s"] / figures["with_total_s"]
    figures["without_a_search"] = sum(not row["searched"] for row in rows)
    figures["relations"] = dict(Counter(row["relation"] for row in rows))
    changes = [row["kelvin"] for row in rows if row["relation"] == "changed"]
    step = rows[1]["kelvin"] - rows[0]["kelvin"] if len(rows) > 1 else 0.0
    near = COEXISTENCE_K / 2.0 + 2.0 * step
    figures["transitions_told"] = sum(any(abs(at - t) <= near for at in changes) for t in TRANSITIONS_K)
    figures["false_changes"] = sum(all(abs(at - t) > near for t in TRANSITIONS_K) for at in changes)
    return figures


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patterns", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="one run for each, of other crystals")
    parser.add_argument("--condition", choices=sorted(CONDITIONS), default="lab")
    parser.add_argument("--budget", type=float, default=5.0, help="seconds for each search")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    settings = Settings(budget_s=given.budget)
    go_through(heating_run(3, seed=given.seeds[0]), settings)  # compiles the kernels, or loads them
    runs = []
    for seed in given.seeds:
        rows = go_through(heating_run(given.patterns, seed=seed, condition=CONDITIONS[given.condition]), settings)
        runs.append({"seed": seed, **summary(rows), "rows": rows})
    console = Console()
    for run in runs:
        table = Table("", "without", "with hints", title=f"{run['patterns']} patterns, seed {run['seed']}")
        for name, label in ROWS.items():
            table.add_row(label, *(f"{run[f'{way}_{name}']:.4g}" for way in ("without", "with")))
        console.print(table)
        console.print(
            f"{run['median_ratio']:.2f} times as fast by the median of patterns, {run['total_ratio']:.2f} in all; "
            f"{run['without_a_search']} needed no search; told: {run['transitions_told']} of {len(TRANSITIONS_K)} "
            f"transitions, {run['false_changes']} changes elsewhere"
        )
    if given.out is not None:
        content = {
            "schema": SCHEMA,
            "version": hybrid_index.__version__,
            "machine": {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()},
            "condition": given.condition,
            "budget_s": given.budget,
            "runs": runs,
        }
        given.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
