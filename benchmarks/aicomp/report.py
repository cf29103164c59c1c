"""Tables of a contest run, and its JSON document."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import hybrid_index
from benchmarks.accuracy.report import length_error_in_words
from benchmarks.accuracy.score import Outcome
from benchmarks.accuracy.summary import length_error
from benchmarks.aicomp.cases import ContestCase
from benchmarks.aicomp.metric import WINDOWS_DEG, Marks, accuracy, marks, rmse, score
from hybrid_index import Pattern, find_peaks, read_pattern
from hybrid_index.errors import InputError
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import CRYSTAL_SYSTEMS, BravaisLattice, Cell
from hybrid_index.units import shift_two_theta

SCHEMA = "hybrid-index/aicomp/1"
FIRST_PEAKS = 20
RIGHT_SHARE = 0.75
"""Fewer right ones among the first peaks, and the search is not to blame."""
_LAST_COLUMNS = ("lengths off, 1e-4", "median s", "longest s")
OTHER_SETTING = 0.01
"""A summed squared error (Å², rad²) that falls by more than this in the nearest setting was one of setting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A sample: its outcome, its marks, and how many of the first peaks that were found are lines of the label."""

    outcome: Outcome
    marks: Marks
    right_peaks: int
    first_peaks: int

    @property
    def limit(self) -> str:
        """What kept this sample from full marks."""
        if self.outcome.rank == 1:
            turned = self.marks.squared_error - self.marks.nearest_error > OTHER_SETTING
            return "equivalent lattice" if self.outcome.by_equivalent else "setting" if turned else "nothing"
        if self.first_peaks < FIRST_PEAKS // 2 or self.right_peaks < RIGHT_SHARE * self.first_peaks:
            return "few or wrong peaks"
        return "ranking" if self.outcome.rank is not None else "cell not found"


def row(case: ContestCase, outcome: Outcome) -> Row:
    """Mark an outcome."""
    answer = outcome.answers[0] if outcome.answers else None
    right, n = _right_peaks(case)
    return Row(
        outcome=outcome,
        marks=marks(
            case.label,
            case.two_theta_deg,
            None if answer is None else Cell.from_parameters(answer.parameters),
            BravaisLattice.AP if answer is None else BravaisLattice(answer.lattice),
            case.case.radiation.wavelength_angstrom,
        ),
        right_peaks=right,
        first_peaks=n,
    )


def print_report(rows: Sequence[Row], console: Console) -> None:
    """Print the samples short of full marks, then score by crystal system, then what limits it."""
    for r in sorted(rows, key=lambda r: (r.limit, r.outcome.system, r.outcome.name)):
        if r.limit == "nothing":
            continue
        o = r.outcome
        errors = f"error {r.marks.squared_error:.3g} ({r.marks.nearest_error:.3g} in the nearest setting)"
        console.print(
            f"[bold]{escape(o.name)}[/bold] ({o.system}, V {o.volume:.0f}, {o.seconds:.1f} s): {r.limit}; {errors}; "
            f"{r.right_peaks} of the first {r.first_peaks} peaks right; {100.0 * r.marks.matched[0]:.0f} % of the lines"
        )
        console.print(f"    true  {escape(o.truth)}", highlight=False)
        console.print(f"    first {escape(o.first) or '–'}; {escape(o.cause)}", highlight=False)
    columns = ("n", "solved", "in list", *(f"accuracy {w:g}°" for w in WINDOWS_DEG), "RMSE", "score")
    table = _table("The contest's score", (*columns, "RMSE, nearest setting", "score", *_LAST_COLUMNS))
    for label, part in by_system(rows).items():
        s = summary(part)
        table.add_row(
            label,
            f"{s['n']:.0f}",
            *(f"{100.0 * s[key]:.0f} %" for key in ("solved", "in_list")),
            *(
                f"{s[key]:.3f}"
                for key in ("accuracy", "accuracy_wide", "rmse", "score", "rmse_nearest", "score_nearest")
            ),
            length_error_in_words(s),
            *(f"{s[key]:.2f}" for key in ("median_s", "longest_s")),
        )
    console.print(table)
    limits = _table("What limits it", ("n", "share of the squared error"))
    total = sum(r.marks.squared_error for r in rows) or 1.0
    for limit, n in Counter(r.limit for r in rows).most_common():
        share = sum(r.marks.squared_error for r in rows if r.limit == limit) / total
        limits.add_row(limit, str(n), f"{100.0 * share:.0f} %")
    console.print(limits)


def by_system(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of each crystal system, all, and those that were solved."""
    parts = {system: [r for r in rows if r.outcome.system == system] for system in CRYSTAL_SYSTEMS}
    parts |= {"all": list(rows), "all solved": [r for r in rows if r.outcome.rank == 1]}
    return {label: part for label, part in parts.items() if part}


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """Shares of one, Å and radians mixed as the contest does, and seconds."""
    given = [r.marks for r in rows]
    return {
        "n": len(rows),
        "solved": sum(r.outcome.rank == 1 for r in rows) / len(rows),
        "in_list": sum(r.outcome.rank is not None for r in rows) / len(rows),
        "accuracy": accuracy(given),
        "accuracy_wide": accuracy(given, 1),
        "rmse": rmse(given),
        "score": score(given),
        "rmse_nearest": rmse(given, nearest=True),
        "score_nearest": score(given, nearest=True),
        "median_s": statistics.median(r.outcome.seconds for r in rows),
        "longest_s": max(r.outcome.seconds for r in rows),
        **length_error(r.outcome for r in rows),
    }


def write_json(path: Path, rows: Sequence[Row], arguments: Mapping[str, Any]) -> None:
    """Write everything; raises :class:`OutputError` if it cannot be."""
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": dict(arguments),
        "summary": {label: summary(part) for label, part in by_system(rows).items()},
        "samples": [{**asdict(r), "limit": r.limit} for r in sorted(rows, key=lambda r: r.outcome.name)],
    }
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def _right_peaks(case: ContestCase) -> tuple[int, int]:
    """How many of the first peaks found lie within the contest's window of a labelled line, and how many there are."""
    data = case.case.data
    try:
        pattern = read_pattern(data, radiation=case.case.radiation) if isinstance(data, Path) else data
        assert isinstance(pattern, Pattern)
        found = find_peaks(pattern).two_theta_deg[:FIRST_PEAKS]
    except InputError:
        return 0, 0
    expected = shift_two_theta(
        case.two_theta_deg, zero_shift_deg=case.zero_shift_deg, displacement_mm=case.displacement_mm
    )
    right = np.abs(found[:, None] - expected[None]).min(axis=1, initial=np.inf) <= WINDOWS_DEG[0]
    return int(right.sum()), found.size


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table
