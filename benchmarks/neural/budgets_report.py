"""Tables of what the network adds, the bars, and the success curves in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.accuracy.summary import ALL
from benchmarks.neural.budgets import (
    HIGH,
    LOW,
    MODES,
    NAMES,
    PARTS,
    Clock,
    Run,
    budget_for,
    budgets_of,
    fewer,
    gains_and_losses,
    groups,
    median_seconds_to_right,
    share_at,
    shares,
    summary,
)
from benchmarks.neural.report import Measured, new_table, percent, print_bars
from hybrid_index.export.atomic import write_atomically

HALF, THREE_QUARTERS = 0.5, 0.75
HALF_GROUPS = ("lab", "hard")
"""Where the hybrid must solve three quarters of the low-symmetry cases when the classical way solves half."""
TIME_RATIO_BAR = 1.0 / 3.0
CLOCKS: dict[Clock, str] = {"search_s": "search time", "seconds": "wall time"}
COLOURS = {"never": "#9aa5ae", "auto": "#1f6fb4", "only": "#e08e2b"}
WIDTHS = {"never": 4.5, "auto": 2.4, "only": 1.2}
"""The later is drawn the thinner, so that no curve hides another."""


def report(found: Sequence[Run], console: Console) -> dict[str, Any]:
    """Print the tables; return what goes into the document."""
    for name, mine in groups(found).items():
        _print_shares(name, mine, console)
    _print_differences(found, console)
    _print_seconds(found, console)
    bars = checks(found)
    print_bars(bars, console)
    _print_remarks(found, console)
    return {
        "summary": {g: {p: summary(m) for p, m in _parts(mine).items()} for g, mine in groups(found).items()},
        "gains and losses": {g: gains_and_losses(mine) for g, mine in groups(found).items()},
        "seconds to the right cell": {
            g: {clock: median_seconds_to_right(mine, clock) for clock in CLOCKS} for g, mine in groups(found).items()
        },
        "fewer": {g: fewer(mine) for g, mine in groups(found).items()},
        "bars": [check.as_dict() for check in bars],
    }


def checks(found: Sequence[Run]) -> list[Measured]:
    """Hold the runs against the bars."""
    out: list[Measured] = []
    parts = groups(found)
    for name in [g for g in HALF_GROUPS if g in parts] or [next(reversed(parts))]:
        low, half = _parts(parts[name]).get(LOW, []), _at_half(parts[name])
        if half is not None:
            budget, share = half
            what = f"right where classical solves half ({budget:.2g} s)"
            n = summary(low)["n"]
            out.append(
                Measured(name=f"{name}, {LOW}", quantity=what, n=n, value=share, bar=THREE_QUARTERS, at_least=True)
            )
    for name, mine in parts.items():
        for clock, what in CLOCKS.items():
            n, seconds = median_seconds_to_right(mine, clock)
            if n:
                ratio = seconds["auto"] / seconds["never"]
                out.append(
                    Measured(
                        name=name, quantity=f"hybrid's share of the {what} to the right cell", n=n, value=ratio,
                        bar=TIME_RATIO_BAR, at_least=False, unit=" ×",
                    )
                )  # fmt: skip
        worse = len(fewer(mine))
        out.append(
            Measured(
                name=name, quantity="systems and budgets with fewer right", n=summary(mine)["n"], value=worse, bar=0.0,
                at_least=False, unit="",
            )
        )  # fmt: skip
    return out


def in_short(found: Sequence[Run]) -> str:
    """One line on all of it."""
    budgets, n = budgets_of(found), summary(found)["n"]
    pairs = zip(budgets, shares(found, "never"), shares(found, "auto"), strict=True)
    curve = ", ".join(f"{b:g} s {percent(c)} → {percent(h)}" for b, c, h in pairs)
    return f"right first, classical → hybrid, {n} cases: {curve}"


def draw(found: Sequence[Run], path: Path) -> None:
    """Draw the share of right answers over the budget: a column for each group, low symmetries below the high ones."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter

    names = [name for name in groups(found) if name != ALL]
    figure = Figure(figsize=(3.4 * max(2, len(names)), 6.4), dpi=120, layout="constrained")
    panels = figure.subplots(2, len(names), squeeze=False, sharex=True, sharey=True)
    for column, name in enumerate(names):
        parts = _parts(groups(found)[name])
        for row, part in enumerate((HIGH, LOW)):
            axes = panels[row, column]
            mine = parts.get(part, [])
            axes.set_title(f"{name}, {part} ({summary(mine)['n'] if mine else 0})", loc="left", fontsize=8.5)
            for mode in MODES if mine else ():
                budgets, colour = budgets_of(mine), COLOURS[mode]
                first, listed = shares(mine, mode), shares(mine, mode, in_list=True)
                width, label = WIDTHS[mode], NAMES[mode]
                axes.plot(
                    budgets, [100.0 * x for x in first], color=colour, linewidth=width, marker="o",
                    markersize=2.0 + 1.3 * width, label=label,
                )  # fmt: skip
                axes.plot(budgets, [100.0 * x for x in listed], color=colour, linewidth=0.5 * width, linestyle=":")
            axes.set_xscale("log")
            axes.set_xticks(budgets_of(found), minor=False)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            axes.minorticks_off()
            axes.set_ylim(-3.0, 103.0)
            axes.grid(alpha=0.25)
            axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[1]:
        axes.set_xlabel("budget (s)")
    for axes in panels[:, 0]:
        axes.set_ylabel("true lattice first (dotted: in the list), %")
    drawn = next(axes for axes in panels.ravel() if axes.get_lines())
    drawn.legend(frameon=False, loc="lower right", fontsize=8)
    with write_atomically(path) as temporary:
        figure.savefig(temporary)


def _parts(found: Sequence[Run]) -> dict[str, list[Run]]:
    parts = {part: [r for r in found if r.system in systems] for part, systems in PARTS.items()}
    return {part: mine for part, mine in parts.items() if mine}


def _at_half(found: Sequence[Run]) -> tuple[float, float] | None:
    """Budget at which the classical way solves half of the low-symmetry cases, and the hybrid's share there."""
    low = _parts(found).get(LOW)
    if not low:
        return None
    budgets = budgets_of(low)
    budget = budget_for(budgets, shares(low, "never"), HALF)
    return None if budget is None else (budget, share_at(budgets, shares(low, "auto"), budget))


def _print_shares(name: str, found: Sequence[Run], console: Console) -> None:
    columns = [f"{what}: {NAMES[mode]}" for what in ("first", "listed", "s") for mode in MODES]
    table = new_table(f"{name}: right by budget, and median wall seconds", ("n", "budget s", *columns))
    for part, mine in _parts(found).items():
        table.add_section()
        s = summary(mine)
        for i, budget in enumerate(s["budgets_s"]):
            rates = [percent(s[mode][key][i]) for key in ("rank1", "in_list") for mode in MODES]
            seconds = [f"{s[mode]['median_s'][i]:.3f}" for mode in MODES]
            table.add_row(part if i == 0 else "", str(s["n"]), f"{budget:g}", *rates, *seconds)
    console.print(table)


def _print_differences(found: Sequence[Run], console: Console) -> None:
    columns = [f"{budget:g} s" for budget in budgets_of(found)]
    table = new_table("Right only as hybrid (+), right only as classical (−)", ("n", *columns))
    for name, mine in groups(found).items():
        table.add_section()
        for system, row in gains_and_losses(mine).items():
            n = len({(r.group, r.name) for r in mine if system in (r.system, ALL)})
            label = f"[bold]{name}[/bold]" if system == ALL else system
            table.add_row(label, str(n), *(_signed(gains, losses) for gains, losses in row.values()))
    console.print(table)


def _signed(gains: int, losses: int) -> str:
    text = f"+{gains} −{losses}" if gains or losses else "·"
    return f"[red]{text}[/red]" if losses > gains else text


def _print_seconds(found: Sequence[Run], console: Console) -> None:
    title = "Median seconds to the right cell, over the cases that classical way or hybrid solve"
    columns = [f"{what}: {column}" for what in ("search", "wall") for column in ("classical", "hybrid", "ratio")]
    table = new_table(title, ("cases", *columns))
    for name, mine in groups(found).items():
        for part, some in _parts(mine).items():
            figures = []
            for clock in CLOCKS:
                n, seconds = median_seconds_to_right(some, clock)
                if n:
                    classical, hybrid = seconds["never"], seconds["auto"]
                    figures += [f"{classical:.3f}", f"{hybrid:.3f}", f"{hybrid / classical:.2f}"]
            if figures:
                table.add_row(f"{name}, {part}", str(n), *figures)
    console.print(table)


def _print_remarks(found: Sequence[Run], console: Console) -> None:
    """What bars do not say: where the classical way never gets to half, where there are losses, what was run."""
    for name, mine in groups(found).items():
        if LOW in _parts(mine) and _at_half(mine) is None:
            console.print(f"{name}, {LOW}: the classical way solves half with none of these budgets")
        for system, budget, n in fewer(mine):
            if name != ALL:
                console.print(f"{name}, {system}, {budget:g} s: the hybrid solves {n} fewer")
    reused = sum(r.reused for r in found)
    console.print(
        f"{len(found) - reused} runs were made; {reused} had ended within a smaller budget and stand for it too"
    )
