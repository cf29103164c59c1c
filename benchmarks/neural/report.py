"""What the three measurements have in common on paper: tables, bars, and the JSON document."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import hybrid_index
from benchmarks.accuracy.bars import Check
from benchmarks.neural.weights import Networks
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import CRYSTAL_SYSTEMS

SCHEMA = "hybrid-index/neural/1"
LOW_SYMMETRY = ("monoclinic", "triclinic")
HIGH_SYMMETRY = tuple(s for s in CRYSTAL_SYSTEMS if s not in LOW_SYMMETRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Check):
    """A value beside its bar, with its unit; shares are shown in percent."""

    unit: str = "%"

    def text(self, value: float) -> str:
        """The value or the bar as it is printed."""
        return f"{100.0 * value:.0f} %" if self.unit == "%" else f"{value:.3g}{self.unit}"


def new_table(title: str, columns: Iterable[str], label: str = "") -> Table:
    """A table of figures with names in its first column."""
    table = Table(title=title, title_justify="left")
    table.add_column(label, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def percent(share: float) -> str:
    """A share of one in percent."""
    return f"{100.0 * share:.0f} %"


def print_bars(checks: Sequence[Measured], console: Console) -> None:
    """Print every value beside its bar."""
    table = new_table("Against the bars", ("", "n", "value", "bar", ""))
    for check in checks:
        table.add_row(
            check.name,
            check.quantity,
            str(check.n),
            check.text(check.value),
            f"{'≥' if check.at_least else '≤'} {check.text(check.bar)}",
            "[green]met[/green]" if check.passed else "[red]missed[/red]",
        )
    console.print(table)


def bars_in_short(checks: Sequence[Measured]) -> str:
    """How many bars are met, in words."""
    return f"{sum(check.passed for check in checks)} of {len(checks)} bars met"


def write_json(path: Path, networks: Networks, arguments: Mapping[str, Any], sections: Mapping[str, Any]) -> None:
    """Write everything that was measured, and of what."""
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in arguments.items()}
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "networks": {
            name: {"architecture": trained.architecture.as_dict(), "notes": dict(trained.notes)}
            for name, trained in (("lines", networks.network), ("shifts", networks.reader))
        },
        "arguments": plain,
        **sections,
    }
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
