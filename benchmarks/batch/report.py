"""The table, the picture and the JSON document."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

import hybrid_index
from benchmarks.batch.judge import Line
from benchmarks.batch.rates import Block
from benchmarks.batch.upkeep import Memory

SCHEMA = "hybrid-index/batch-benchmark/1"
_BLUE, _ORANGE, _GREY = "#4477aa", "#ee7733", "#777777"


def print_lines(lines: Sequence[Line], console: Console, title: str) -> None:
    """Print the table."""
    table = Table(title=title)
    for name, justify in (("", "left"), ("median", "right"), ("bar", "right"), ("", "right"), ("", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for line in lines:
        bar = f"≥ {line.at_least:g}" if line.at_least is not None else ""
        bar = f"≤ {line.at_most:g}" if line.at_most is not None else bar
        verdict = {True: "[green]pass[/green]", False: "[red]fail[/red]", None: ""}[line.passed]
        table.add_row(line.name, f"{line.value:.4g} {line.unit}".strip(), bar, verdict, line.note)
    console.print(table)


def as_document(
    arguments: Mapping[str, Any], lines: Sequence[Line], blocks: Sequence[Block], memory: Memory | None
) -> dict[str, Any]:
    """Return everything that was measured, as plain values."""
    return {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": {name: str(value) if isinstance(value, Path) else value for name, value in arguments.items()},
        "lines": [{**{name: getattr(line, name) for name in line.__slots__}, "passed": line.passed} for line in lines],
        "blocks": [
            {
                "how": block.how,
                "wall_s": block.watched.wall_s,
                "work_s": block.work_s,
                "cpu_s": block.watched.cpu_s,
                "rate": block.rate,
                "busy": block.busy,
                "statuses": dict(block.statuses),
                "seconds": list(block.seconds),
            }
            for block in blocks
        ],
        "memory": None if memory is None else {name: getattr(memory, name) for name in memory.__slots__},
    }


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write the document, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def draw(blocks: Sequence[Block], memory: Memory | None, path: Path) -> None:
    """Draw how fast each way was, block by block, and memory over the number of patterns done."""
    figure = Figure(figsize=(9.0, 3.2), layout="constrained")
    rates, growth = figure.subplots(1, 2)
    names = list(dict.fromkeys(block.how for block in blocks))
    for place, name in enumerate(names):
        values = [block.rate for block in blocks if block.how == name]
        rates.bar(place, statistics.median(values), color=_BLUE, width=0.6)
        rates.plot([place] * len(values), values, "o", color=_ORANGE, markersize=4, clip_on=False)
    rates.set_xticks(range(len(names)), names)
    rates.set_ylabel("patterns a second")
    rates.set_title("Median, and each block of patterns", fontsize=10)
    if memory is not None:
        growth.plot(memory.done, memory.workers_mib, color=_BLUE, label="2 workers")
        growth.plot(memory.done, memory.parent_mib, color=_ORANGE, label="parent")
        growth.set_title(f"A long batch ({memory.name})", fontsize=10)
        growth.legend(fontsize=8)
    growth.set_xlabel("patterns done")
    growth.set_ylabel("memory (PSS, MiB)")
    growth.set_ylim(bottom=0.0)
    for axes in (rates, growth):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=_GREY)
    figure.savefig(path, dpi=120)
