"""Extinction symbols for people and for programs: a table with the lines that speak against, and a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from hybrid_index.export import with_esd
from hybrid_index.refine.extinction import RankedExtinction, Violation
from hybrid_index.refine.lebail import LeBailFit
from hybrid_index.types import IndexingResult, Solution

SCHEMA = "hybrid-index/spacegroup/1"
LINES_NAMED = 3
GROUPS_NAMED = 6
"""Further space groups of a symbol are in the JSON document."""
NEARLY_SURE, LIKELY = 0.95, 0.6


def report(
    result: IndexingResult, solution: Solution, fit: LeBailFit, ranked: Sequence[RankedExtinction], *, top: int
) -> RenderableType:
    """Return the table and the sentences below it, ready to print."""
    best = ranked[0]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("#", "Extinctions"):
        table.add_column(heading, no_wrap=True)
    for heading in ("P", "Absent", "Seen"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Space groups")
    for rank, entry in enumerate(ranked[:top], start=1):
        table.add_row(
            str(rank),
            escape(entry.symbol.symbol),
            f"{entry.probability:.2f}",
            f"{entry.n_clearly_absent}/{entry.n_absent}",
            str(entry.n_violations),
            escape(_groups(entry)),
            style="bold" if rank == 1 else None,
        )
    if len(ranked) > top:
        table.caption = f"and {len(ranked) - top} more (--top {len(ranked)}, --json)"
        table.caption_justify = "left"
    parts: list[RenderableType] = [escape(_headline(result, solution, fit)), "", table, ""]
    parts.append("Absent: lines that would be seen if usual, and are not, of all that the symbol calls absent.")
    parts.append("Seen: lines that are there although the symbol calls them absent.")
    parts.extend(escape(line) for line in _against(ranked[:top]))
    parts += ["", f"[bold]{escape(verdict(best))}[/bold]"]
    group = best.symbol.space_groups[0].symbol
    parts.append(
        "Next: absences do not tell the groups of a symbol apart; try them in turn, "
        f"as in hybrid-index export … --space-group '{group}'."
    )
    return Group(*parts)


def verdict(best: RankedExtinction) -> str:
    """Return one plain sentence on how sure the first symbol is."""
    percent = f"probability {100.0 * best.probability:.0f} %"
    if best.probability >= NEARLY_SURE:
        return f"The extinction symbol is {best.symbol.symbol}, almost certainly ({percent})."
    if best.probability >= LIKELY:
        return f"The extinction symbol is probably {best.symbol.symbol} ({percent})."
    return f"{best.symbol.symbol} comes first, but the pattern does not decide ({percent}); keep the others in mind."


def document(
    result: IndexingResult, solution: Solution, fit: LeBailFit, ranked: Sequence[RankedExtinction]
) -> dict[str, Any]:
    """Return everything as nested dictionaries, lists, strings and numbers, ready for :mod:`json`."""
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    return {
        "schema": SCHEMA,
        "id": result.id,
        "solution": solution.rank,
        "bravais_lattice": fit.bravais_lattice.value,
        "cell": dict(zip(names, fit.cell.parameters, strict=True)),
        "two_theta_range_deg": [float(fit.two_theta_deg[0]), float(fit.two_theta_deg[-1])],
        "n_reflections": len(fit.reflections),
        "r_wp": fit.r_wp,
        "r_exp": fit.r_exp,
        "extinction_symbols": [
            {
                "rank": rank,
                "symbol": entry.symbol.symbol,
                "probability": entry.probability,
                "log_likelihood": entry.log_likelihood,
                "space_groups": [asdict(group) for group in entry.symbol.space_groups],
                "n_absent": entry.n_absent,
                "n_clearly_absent": entry.n_clearly_absent,
                "n_violations": entry.n_violations,
                "violations": [asdict(violation) | {"hkl": list(violation.hkl)} for violation in entry.violations],
            }
            for rank, entry in enumerate(ranked, start=1)
        ],
    }


def _headline(result: IndexingResult, solution: Solution, fit: LeBailFit) -> str:
    values = zip(fit.cell.parameters, fit.cell_esd.parameters, strict=True)
    cell = "  ".join(with_esd(value, error) for value, error in values if error > 0.0)
    return (
        f"{result.id} · solution {solution.rank} · {fit.bravais_lattice.value}  {cell}\n"
        f"{len(fit.reflections)} lines to {fit.two_theta_deg[-1]:.1f}° · R_wp {100.0 * fit.r_wp:.1f} %, "
        f"R_exp {100.0 * fit.r_exp:.1f} %"
    )


def _groups(entry: RankedExtinction) -> str:
    groups = entry.symbol.space_groups
    named = ", ".join(f"{group.symbol} ({group.number})" for group in groups[:GROUPS_NAMED])
    return f"{named} and {len(groups) - GROUPS_NAMED} more" if len(groups) > GROUPS_NAMED else named


def _against(ranked: Sequence[RankedExtinction]) -> Iterator[str]:
    for entry in ranked:
        if entry.violations:
            named = ", ".join(_line(violation) for violation in entry.violations[:LINES_NAMED])
            hidden = entry.n_violations - min(len(entry.violations), LINES_NAMED)
            yield f"Against {entry.symbol.symbol}: {named}{f' and {hidden} more' if hidden else ''}"


def _line(violation: Violation) -> str:
    h, k, l = violation.hkl
    return f"{h} {k} {l} at {violation.two_theta_deg:.2f}° ({violation.significance:.0f}σ)"
