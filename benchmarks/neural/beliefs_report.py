"""Tables of what the network believes, and the bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from benchmarks.accuracy.summary import ALL
from benchmarks.neural.beliefs import (
    BRIDGED_DEG,
    Said,
    by_stated_shift,
    by_system,
    foreign_auroc,
    groups,
    labels,
    lattice_bands,
    lattices_and_volumes,
    shifts,
    tables,
)
from benchmarks.neural.report import Measured, new_table, percent, print_bars

LATTICE_FIRST_BAR, LATTICE_AMONG_THREE_BAR = 0.85, 0.97
WITHIN = f"within {BRIDGED_DEG}°"
SHIFT_BAR_DEG = 0.02
CARRIED_DEG = 0.03
"""Data carry the shift where the network states an uncertainty of no more than this."""
COVERAGE_BARS = {"shift_68": 0.63, "shift_95": 0.90}
"""Nominal coverage, less five points."""
AUROC_BAR = 0.95


def report(said: Sequence[Said], console: Console) -> dict[str, Any]:
    """Print the tables; return what goes into the document."""
    _print_systems(said, console)
    _print_shifts(said, console)
    _print_bands(said, console)
    _print_labels(said, console)
    bars = checks(said)
    print_bars(bars, console)
    return {"groups": tables(said), "bars": [check.as_dict() for check in bars]}


def checks(said: Sequence[Said]) -> list[Measured]:
    """Hold every group against the bars."""
    out: list[Measured] = []

    def add(name: str, quantity: str, n: int, value: float, bar: float, unit: str = "%") -> None:
        bar_is_least = unit != "°"
        out.append(
            Measured(name=name, quantity=quantity, n=n, value=value, bar=bar, at_least=bar_is_least, unit=unit)
        )  # fmt: skip

    for name, mine in groups(said).items():
        figures, n = lattices_and_volumes(mine), len(mine)
        add(name, "Bravais lattice first", n, figures["lattice_first"], LATTICE_FIRST_BAR)
        add(name, "Bravais lattice among three", n, figures["lattice_among_three"], LATTICE_AMONG_THREE_BAR)
        carried = [s.first for s in mine if s.first.shift_esd_deg <= CARRIED_DEG]
        if carried:
            mean = shifts(carried)["shift_mean_deg"]
            add(name, f"mean error of shifts said to ±{CARRIED_DEG}°", len(carried), mean, SHIFT_BAR_DEG, "°")
        for key, bar in COVERAGE_BARS.items():
            add(name, f"shifts inside {key[-2:]} %", n, figures[key], bar)
        area = foreign_auroc(mine)
        if area is not None:
            add(name, "AUROC of foreign lines", n, area, AUROC_BAR, "")
    return out


def in_short(said: Sequence[Said]) -> str:
    """One line on all of it."""
    parts = []
    for name, mine in groups(said).items():
        f = lattices_and_volumes(mine)
        parts.append(
            f"{name}: lattice {percent(f['lattice_first'])} first, {percent(f['lattice_among_three'])} among three, "
            f"shift {f['shift_median_deg']:.3f}°"
        )
    return f"beliefs: {'; '.join(parts)}"


def _print_systems(said: Sequence[Said], console: Console) -> None:
    columns = (
        "n", "Bravais first", "among three", "shift mean °", "median °", WITHIN, "in 68 %", "in 95 %",
        "volume median ×", "in 68 %", "in 95 %", "ms", "foreign AUROC",
    )  # fmt: skip
    table = new_table("By crystal system; shift and volume under the likeliest Bravais lattice", columns)
    for name, mine in groups(said).items():
        table.add_section()
        for system, f in by_system(mine).items():
            label = f"[bold]{name}[/bold]" if system == ALL else system
            area = foreign_auroc(mine) if system == ALL else None
            table.add_row(label, *_figures(f), "" if area is None else f"{area:.3f}")
        table.add_row("under the true lattice", *_figures(lattices_and_volumes(mine, "true")), "")
    console.print(table)


def _figures(f: dict[str, float]) -> list[str]:
    return [
        f"{f['n']:.0f}",
        percent(f["lattice_first"]),
        percent(f["lattice_among_three"]),
        *_shift_figures(f),
        f"{f['volume_median_factor']:.2f}",
        percent(f["volume_68"]),
        percent(f["volume_95"]),
        f"{1e3 * f['median_s']:.0f}",
    ]


def _shift_figures(f: dict[str, float]) -> list[str]:
    errors = [f"{f[key]:.3f}" for key in ("shift_mean_deg", "shift_median_deg")]
    return [*errors, percent(f["shift_bridged"]), percent(f["shift_68"]), percent(f["shift_95"])]


def _print_shifts(said: Sequence[Said], console: Console) -> None:
    table = new_table(
        "Shifts by stated uncertainty", ("n", "mean °", "median °", WITHIN, "in 68 %", "in 95 %"), "stated"
    )
    for name, mine in groups(said).items():
        table.add_section()
        for label, f in by_stated_shift(mine).items():
            table.add_row(f"{name}, {label}", f"{f['n']:.0f}", *_shift_figures(f))
    console.print(table)


def _print_bands(said: Sequence[Said], console: Console) -> None:
    table = new_table("Likeliest Bravais lattices by their probability", ("n", "claimed", "right", "±"), "claimed")
    for band in lattice_bands(said):
        shares = (f"{x:.2f}" for x in (band.claimed, band.right, band.error))
        table.add_row(f"{band.low:g}–{band.high:g}", str(band.n), *shares)
    console.print(table)


def _print_labels(said: Sequence[Said], console: Console) -> None:
    table = new_table("Labels of the first lines, under the true lattice", ("lines", "right first", "among five"))
    for name, mine in groups(said).items():
        for family, f in labels(mine).items():
            table.add_row(f"{name}, {family}", f"{f['n']:.0f}", percent(f["first"]), percent(f["five"]))
    console.print(table)
