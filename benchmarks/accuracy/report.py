"""Tables of a run, its JSON document, and the comparison with an earlier one."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import hybrid_index
from benchmarks.accuracy.bars import checks
from benchmarks.accuracy.causes import CAUSES, Fit, Miss
from benchmarks.accuracy.reliability import bands, brier_score
from benchmarks.accuracy.score import Outcome
from benchmarks.accuracy.summary import ALL, CONFIDENT, Summary, groups, misses_by_cause, strata, summary, systems
from hybrid_index.errors import InputError, OutputError

SCHEMA = "hybrid-index/accuracy/2"


def print_report(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the misses one by one, then the tables: rates, causes, probabilities, bars."""
    _print_misses(outcomes, console)
    for name, group in groups(outcomes):
        console.print(_rates(name, group))
    if any(o.miss for o in outcomes):
        console.print(_causes(outcomes))
        console.print(_relations(outcomes))
    console.print(_reliability(outcomes))
    console.print(_bars(outcomes))


def write_json(
    path: Path, outcomes: Sequence[Outcome], arguments: Mapping[str, Any], tables: Mapping[str, Any]
) -> None:
    """Write everything, for the next run to compare with."""
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": dict(arguments),
        **tables,
        "outcomes": [_plain(o) for o in sorted(outcomes, key=lambda o: (o.group, o.name))],
    }
    partial = path.with_name(path.name + ".part")
    try:
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error


def read_outcomes(path: Path) -> list[Outcome]:
    """Read the outcomes of an earlier run."""
    try:
        return [_outcome(o) for o in json.loads(path.read_text(encoding="utf-8"))["outcomes"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("is not the JSON document of an earlier run", source=str(path)) from error


def print_comparison(outcomes: Sequence[Outcome], path: Path, console: Console) -> None:
    """Print what changed since an earlier run, over the cases that both have."""
    before = {(o.group, o.name): o for o in read_outcomes(path)}
    pairs = [(before[o.group, o.name], o) for o in outcomes if (o.group, o.name) in before]
    if not pairs:
        console.print(f"No case in common with {path}.")
        return
    table = _empty_table(f"Against {path.name}: {len(pairs)} cases in common", ("rank 1", "in list", "median s"))
    for label, side in (("before", [a for a, _ in pairs]), ("now", [b for _, b in pairs])):
        s = summary(side)
        table.add_row(label, _percent(s["rank1"]), _percent(s["in_list"]), f"{s['median_s']:.2f}")
    console.print(table)
    _print_names("Gained", (b for a, b in pairs if a.rank != 1 and b.rank == 1), console)
    _print_names("Lost", (b for a, b in pairs if a.rank == 1 and b.rank != 1), console)


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {key: value for key, value in asdict(outcome).items() if key != "answers"}


def _outcome(plain: Mapping[str, Any]) -> Outcome:
    miss = plain.get("miss")
    if miss is not None:
        fits = {key: None if miss[key] is None else Fit(**miss[key]) for key in ("first", "true")}
        miss = Miss(**{**miss, **fits})
    return Outcome(**{**plain, "pulls": tuple(plain.get("pulls", ())), "miss": miss})


def _print_misses(outcomes: Sequence[Outcome], console: Console) -> None:
    misses = [o for o in outcomes if o.rank != 1]
    if misses:
        console.print(f"[bold]Not first: {len(misses)} of {len(outcomes)}[/bold]")
    for o in sorted(misses, key=lambda o: (o.group, o.system, o.name)):
        what = f"{o.group}, {o.system}, V {o.volume:.0f}, {o.n_peaks} lines, {o.seconds:.1f} s"
        why = f" [{o.miss.cause}]" if o.miss else ""
        console.print(f"[bold]{escape(o.name)}[/bold] ({what}): {escape(o.cause)}{escape(why)}")
        console.print(f"    true  {escape(o.truth)}{_fit(o.miss.true if o.miss else None)}", highlight=False)
        if o.first:
            console.print(f"    first {escape(o.first)}{_fit(o.miss.first if o.miss else None)}", highlight=False)


def _fit(fit: Fit | None) -> str:
    return f"; {fit.score_bits:.0f} bits, {fit.n_indexed} of {fit.n_possible} possible lines" if fit else ""


def _empty_table(title: str, columns: Iterable[str], label: str = "") -> Table:
    table = Table(title=title)
    table.add_column(label)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _rates(name: str, outcomes: Sequence[Outcome]) -> Table:
    """Rates by crystal system, by volume, by number of lines, and of all."""
    columns = ["n", "rank 1", "in list", "by equivalent", "median s", "search s", "longest s"]
    columns += ["lengths off, 1e-4", "cell in 68 / 95 %", "out of time", "Brier"]
    table = _empty_table(name, (*columns, f"p ≥ {CONFIDENT}", "of these right"))
    rows = systems(outcomes)
    total = rows.pop(ALL)
    for label, s in rows.items():
        _add_rates(table, label, s)
    for stratum, bins in strata(outcomes).items():
        table.add_section()
        for label, s in bins.items():
            _add_rates(table, f"{stratum} {label}", s)
    table.add_section()
    _add_rates(table, ALL, total)
    return table


def length_error_in_words(s: Summary) -> str:
    """Median relative error of right cells, in 1e-4."""
    return f"{1e4 * s['length_error']:.1f}" if "length_error" in s else "–"


def coverage_in_words(s: Summary) -> str:
    """Shares of cell parameters inside the intervals that are stated to hold 68 and 95 % of them, in percent."""
    return f"{100.0 * s['within_68']:.0f} / {100.0 * s['within_95']:.0f}" if "within_68" in s else "–"


def _add_rates(table: Table, label: str, s: Summary) -> None:
    table.add_row(
        label,
        f"{s['n']:.0f}",
        *(_percent(s[key]) for key in ("rank1", "in_list", "by_equivalent")),
        *(f"{s[key]:.2f}" for key in ("median_s", "median_search_s", "longest_s")),
        length_error_in_words(s),
        coverage_in_words(s),
        _percent(s["limited"]),
        f"{s['brier']:.2f}",
        _percent(s["confident"]),
        _percent(s["confident_right"]) if s["confident"] else "–",
    )


def _causes(outcomes: Sequence[Outcome]) -> Table:
    columns = ("n", "misses", *CAUSES, "… by prior alone", "… by plain count")
    table = _empty_table("Misses by cause", columns)
    for name, group in groups(outcomes):
        m = misses_by_cause(group)
        split = [str(m[f"undecidable {how}"]) for how in ("by prior alone", "by plain count")]
        table.add_row(name, str(len(group)), str(m["misses"]), *(str(m["causes"][c]) for c in CAUSES), *split)
    return table


def _relations(outcomes: Sequence[Outcome]) -> Table:
    """What the wrong cell is of the true one, for each cause."""
    counts = Counter((o.miss.relation, o.miss.cause) for o in outcomes if o.miss)
    table = _empty_table("The wrong cell", CAUSES, "is of the true lattice")
    for relation in sorted({relation for relation, _ in counts}):
        table.add_row(relation, *(str(counts[relation, cause] or "") for cause in CAUSES))
    return table


def _reliability(outcomes: Sequence[Outcome]) -> Table:
    title = f"Probabilities: Brier score {brier_score(outcomes):.3f}"
    table = _empty_table(title, ("n", "mean claimed", "share right", "±"), "claimed")
    for band in bands(outcomes):
        shares = (f"{x:.2f}" for x in (band.claimed, band.right, band.error))
        table.add_row(f"{band.low:g}–{band.high:g}", str(band.n), *shares)
    return table


def _bars(outcomes: Sequence[Outcome]) -> Table:
    """Every value beside its bar; seconds are medians of search, ranking and refinement."""
    table = _empty_table("Against the bars", ("", "n", "value", "bar", ""))
    for check in checks(outcomes):
        as_text = _percent if check.at_least else "{:.2f}".format
        table.add_row(
            check.name,
            check.quantity,
            str(check.n),
            as_text(check.value),
            f"{'≥' if check.at_least else '≤'} {as_text(check.bar)}",
            "[green]pass[/green]" if check.passed else "[red]fail[/red]",
        )
    return table


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"


def _print_names(label: str, outcomes: Iterable[Outcome], console: Console) -> None:
    names = [f"{o.group}: {o.name}" for o in outcomes]
    if names:
        console.print(f"{label} ({len(names)}): " + escape("; ".join(names)), highlight=False)
