"""The table, the JSON document, and the comparison with an earlier one."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import hybrid_index
from benchmarks.speed.measures import Measure
from hybrid_index.errors import InputError, OutputError

SCHEMA = "hybrid-index/speed/1"


def print_table(measures: Sequence[Measure], console: Console) -> None:
    """Print one row a measure."""
    table = Table(title="Whole processes, kernels compiled and cached unless said otherwise")
    table.add_column("")
    for column in ("median", "longest", "bar", "processor s", "rank 1 right", "", ""):
        table.add_column(column, justify="right")
    for m in measures:
        table.add_row(
            m.name,
            amount(m.median, m.unit),
            amount(max(m.values), m.unit),
            "–" if m.bar is None else f"< {amount(m.bar, m.unit)}",
            f"{sorted(m.cpu_s)[len(m.cpu_s) // 2]:.2f}" if m.cpu_s else "",
            f"{m.right}/{m.judged}" if m.judged else "",
            m.note,
            "[green]pass[/green]" if m.passed else "[red]fail[/red]",
        )
    console.print(table)


def amount(value: float, unit: str) -> str:
    """A number with as many digits as it deserves, and its unit."""
    return f"{value:.2f} {unit}" if value < 10.0 else f"{value:.0f} {unit}"


def write_json(path: Path, measures: Sequence[Measure], arguments: Mapping[str, Any]) -> None:
    """Write everything, for the next run to compare with."""
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": dict(arguments),
        "measures": [m.as_dict() for m in measures],
    }
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def medians_of(path: Path) -> dict[str, float]:
    """Medians by name, of an earlier run."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(document["schema"])
        return {m["name"]: float(m["median"]) for m in document["measures"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("is not the JSON document of an earlier run", source=str(path)) from error


def print_comparison(measures: Sequence[Measure], before: Mapping[str, float], console: Console) -> None:
    """Print what changed since an earlier run, for what both measured."""
    table = Table(title="Against the earlier run: medians")
    table.add_column("")
    for column in ("before", "now", "now / before"):
        table.add_column(column, justify="right")
    for m in measures:
        if m.name in before:
            old = before[m.name]
            table.add_row(m.name, amount(old, m.unit), amount(m.median, m.unit), f"{m.median / old:.2f}")
    console.print(table)
