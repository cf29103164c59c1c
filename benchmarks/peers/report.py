"""Tables for the screen and for ``RESULTS.md``, the JSON document, and what moved since an earlier one."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hybrid_index
from benchmarks.peers.program import Absent, Limits, Program
from benchmarks.peers.score import NAMED, Verdict, strata, summary
from hybrid_index.errors import InputError
from hybrid_index.export.atomic import write_atomically

SCHEMA = "hybrid-index/peers/1"
MACHINE = f"{platform.system()} {platform.machine()}"
"""The full name of a kernel tells nobody how fast it is, and the page is public."""
Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A run: who took part, who was not there, with which limits, and all verdicts."""

    programs: tuple[Program, ...]
    absent: tuple[Absent, ...]
    limits: Limits
    peer_limits: Limits
    verdicts: tuple[Verdict, ...]
    remark: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of those that took part."""
        return tuple(program.name for program in self.programs)

    def of(self, name: str) -> list[Verdict]:
        """Verdicts of one program."""
        return [verdict for verdict in self.verdicts if verdict.program == name]


def overview(report: Report) -> list[Row]:
    """One row a program: rates, seconds, troubles."""
    head: Row = ("program", "lists", "rank 1", "rank ≤ 20", "median s", "90 % within s", "median processor s", *NAMED)
    rows: list[Row] = [head]
    for name in report.names:
        if verdicts := report.of(name):
            s = summary(verdicts)
            seconds = (seconds_text(s[key]) for key in ("median_wall_s", "p90_wall_s", "median_cpu_s"))
            shares = (percent(s["rank1"]), percent(s["in_list"]))
            rows.append((name, f"{s['n']:.0f}", *shares, *seconds, *(f"{s[key]:.0f}" for key in NAMED)))
    rows += [(one.name, "not there", *[""] * (len(head) - 2)) for one in report.absent]
    return rows


def breakdown(report: Report) -> list[Row]:
    """One row a condition, system and range of volumes: first place / in the list, and the median, for each program."""
    rows: list[Row] = [("", "lists", *report.names)]
    parts = {name: dict(strata(report.of(name))) for name in report.names}
    labels = dict.fromkeys(label for part in parts.values() for label, verdicts in part.items() if verdicts)
    for label in labels:
        cells, n = [], 0
        for name in report.names:
            verdicts = parts[name].get(label, [])
            n = max(n, len(verdicts))
            s = summary(verdicts) if verdicts else None
            cells.append(
                "–" if s is None else f"{100 * s['rank1']:.0f} / {100 * s['in_list']:.0f} %, "
                f"{seconds_text(s['median_wall_s'])} s"
            )  # fmt: skip
        rows.append((label, str(n), *cells))
    return rows


def write_page(path: Path, report: Report, picture: Path | None) -> None:
    """Write the page of results, which nobody edits."""
    lines = [
        "# Beside other programs",
        "",
        f"Written by `python -m benchmarks.peers` on {datetime.now(UTC):%Y-%m-%d}; how to read it: "
        "[docs/peers.md](../docs/peers.md).",
        "",
        f"hybrid-index {hybrid_index.__version__}, Python {platform.python_version()}, {MACHINE}, "
        f"{os.cpu_count()} processors. Ours and the baseline had {report.limits.seconds:g} s for each list, other "
        f"people's programs {report.peer_limits.seconds:g} s.",
        *([report.remark] if report.remark else []),
        "",
        *markdown(overview(report)),
        "",
        "First place / among twenty, and the median of the seconds:",
        "",
        *markdown(breakdown(report)),
        "",
    ]
    if picture is not None:
        lines += [f"![Share of lists solved within a time]({picture.name})", ""]
    lines += ["What they were told:", "", *(f"- {p.name}: {p.settings}." for p in report.programs), ""]
    if report.absent:
        lines += ["Not there:", "", *(f"- {a.name}: {a.reason}." for a in report.absent), ""]
    if troubles := [v for v in report.verdicts if v.status in NAMED]:
        lines += ["Failures and time-outs:", "", *(f"- {trouble(v)}" for v in troubles), ""]
    with write_atomically(path) as temporary:
        temporary.write_text("\n".join(lines), encoding="utf-8")


def write_json(path: Path, report: Report, arguments: Mapping[str, Any]) -> None:
    """Write everything, for the next run to compare with."""
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": MACHINE, "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": dict(arguments),
        "limits": asdict(report.limits),
        "peer_limits": asdict(report.peer_limits),
        "programs": {program.name: program.settings for program in report.programs},
        "absent": {one.name: one.reason for one in report.absent},
        "summary": {
            name: {label: summary(part) for label, part in strata(report.of(name)) if part} for name in report.names
        },
        "verdicts": [asdict(verdict) for verdict in report.verdicts],
    }
    with write_atomically(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")


def read_verdicts(path: Path) -> list[Verdict]:
    """Read the verdicts of an earlier run.

    Raises
    ------
    InputError
        If the file is not such a document.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(document["schema"])
        return [Verdict(**verdict) for verdict in document["verdicts"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("is not the JSON document of an earlier run of benchmarks.peers", source=str(path)) from error


def comparison(report: Report, before: Iterable[Verdict]) -> tuple[list[Row], list[str]]:
    """What moved, over the lists that both runs have: a table, and a sentence for each list gained or lost."""
    earlier = {(v.program, v.group, v.case): v for v in before}
    rows: list[Row] = [("program", "lists", "rank 1", "rank ≤ 20", "median s")]
    moved: list[str] = []
    for name in report.names:
        pairs = [(earlier[key], v) for v in report.of(name) if (key := (v.program, v.group, v.case)) in earlier]
        if not pairs:
            continue
        old, new = (summary(side) for side in zip(*pairs, strict=True))
        changes = [f"{percent(old[key])} → {percent(new[key])}" for key in ("rank1", "in_list")]
        seconds = f"{seconds_text(old['median_wall_s'])} → {seconds_text(new['median_wall_s'])}"
        rows.append((name, str(len(pairs)), *changes, seconds))
        for a, b in pairs:
            if (a.rank == 1) != (b.rank == 1):
                moved.append(f"{name} {'lost' if a.rank == 1 else 'gained'} {b.group}: {b.case}")
    return rows, moved


def trouble(verdict: Verdict) -> str:
    """One line on a list that a program did not finish."""
    note = f" ({verdict.note})" if verdict.note else ""
    found = "" if verdict.rank is None else f", though rank {verdict.rank} was right"
    return f"{verdict.program}, {verdict.group}, {verdict.case}: {verdict.status}{found}{note}"


def markdown(rows: Sequence[Row]) -> list[str]:
    """Lines of a table, the first row being its head."""
    head, *body = (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
    return [head, "|" + "---|" * len(rows[0]), *body]


def percent(share: float) -> str:
    """Whole percents."""
    return f"{100.0 * share:.0f} %"


def seconds_text(seconds: float) -> str:
    """Two digits, as times spread over powers of ten."""
    return f"{seconds:.2g}" if seconds < 9.95 else f"{seconds:.0f}"
