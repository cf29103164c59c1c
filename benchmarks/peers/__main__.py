"""Run programs side by side on the same lists: ``python -m benchmarks.peers --rietx /path/to/python``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from benchmarks.peers.picture import draw
from benchmarks.peers.program import Absent, Limits, Program
from benchmarks.peers.registry import add_options, find_programs
from benchmarks.peers.report import (
    Report,
    Row,
    breakdown,
    comparison,
    overview,
    read_verdicts,
    trouble,
    write_json,
    write_page,
)
from benchmarks.peers.running import Executable
from benchmarks.peers.score import NAMED, Verdict, run
from benchmarks.peers.sets import SET_NAMES, Listed, SetName, collect
from hybrid_index.errors import HybridIndexError

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TABLE_WIDTH = 150
LISTS_OF_A_CONDITION = 21
MEASURED_LISTS = 47
CONTEST_LISTS = 21
SECONDS = 10.0
PEER_SECONDS = 120.0
"""Some of them take minutes by their own recommendation."""
EVERYTHING = "all"
SAID_IN_DOCUMENT = ("sets", "program", "limit", "tier", "seconds", "peer_seconds", "output_mb", "remark")
"""Arguments that a later run may want to know; paths are nobody's business."""


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--set", action="append", choices=SET_NAMES, dest="sets", help="only this set")
    parser.add_argument("--program", action="append", help="only programs of this name (hybrid-index, TREOR-style, …)")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of measured data and structures")
    parser.add_argument(
        "--limit",
        type=int,
        default=None,
        help=f"lists of each simulated condition ({LISTS_OF_A_CONDITION}), measured ({MEASURED_LISTS}), "
        f"of the contest ({CONTEST_LISTS})",
    )
    parser.add_argument("--tier", default="core", help=f"measured lists of this tier, or {EVERYTHING}")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="wall time of ours and the baseline for a list")
    parser.add_argument(
        "--peer-seconds", type=float, default=PEER_SECONDS, help="wall time of other people's programs for a list"
    )
    parser.add_argument("--output-mb", type=float, default=20.0, help="what a program may write for each list")
    parser.add_argument("--page", type=Path, help="write the page of results here, its picture beside it")
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    parser.add_argument("--remark", default="", help="a sentence for the page: what else ran on the machine")
    parser.add_argument("--compare", type=Path, help="JSON document of an earlier run")
    add_options(parser)
    arguments = parser.parse_args(words)
    if min(arguments.seconds, arguments.peer_seconds, arguments.output_mb) <= 0.0:
        parser.error("--seconds, --peer-seconds and --output-mb must be positive")
    if arguments.limit is not None and arguments.limit < 1:
        parser.error("--limit must be at least 1")
    return arguments


def lists(arguments: argparse.Namespace, console: Console) -> list[Listed]:
    """Gather the lists that were asked for; without the folder of data, the published ones."""
    sets: list[SetName] = arguments.sets or list(SET_NAMES)
    if not arguments.sets and not arguments.data.is_dir():
        console.print(f"{arguments.data} is absent (--data): published lists only", highlight=False)
        sets = ["published"]
    sizes: dict[SetName, int | None] = {
        "simulated": arguments.limit or LISTS_OF_A_CONDITION,
        "experimental": arguments.limit or MEASURED_LISTS,
        "contest": arguments.limit or CONTEST_LISTS,
    }
    return collect(sets, arguments.data, sizes, tier=None if arguments.tier == EVERYTHING else arguments.tier)


def run_all(
    programs: Sequence[Program], cases: Sequence[Listed], limits: Limits, peer_limits: Limits
) -> Iterator[Verdict]:
    """Run all programs on one list after the other, so that whatever else slows the machine slows all of them."""
    for program in programs:
        program.prepare()
    for listed in cases:
        for program in programs:
            yield run(program, listed, peer_limits if isinstance(program, Executable) else limits)


def print_rows(title: str, rows: Sequence[Row], console: Console) -> None:
    """Print a table, the first row being its head."""
    table = Table(title=title)
    for i, name in enumerate(rows[0]):
        table.add_column(name, justify="left" if i == 0 else "right")
    for row in rows[1:]:
        table.add_row(*row)
    console.print(table)


def publish(report: Report, arguments: argparse.Namespace, console: Console) -> None:
    """Print the tables, and write what was asked for."""
    print_rows("First place / among twenty, median", breakdown(report), console)
    print_rows("All lists", overview(report), console)
    for verdict in report.verdicts:
        if verdict.status in NAMED:
            console.print(escape(trouble(verdict)), highlight=False)
    for one in report.absent:
        console.print(f"{one.name} is not there: {escape(one.reason)}", highlight=False)
    if arguments.page:
        picture = arguments.page.with_suffix(".png")
        draw(picture, report.verdicts, report.names)
        write_page(arguments.page, report, picture)
    if arguments.out:
        write_json(arguments.out, report, {name: getattr(arguments, name) for name in SAID_IN_DOCUMENT})
    if arguments.compare:
        rows, moved = comparison(report, read_verdicts(arguments.compare))
        print_rows(f"Against {arguments.compare.name}", rows, console)
        for sentence in moved:
            console.print(escape(sentence), highlight=False)


def main() -> int:
    """Run the benchmark; 1 if something could not be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(soft_wrap=True, width=max(progress.width, TABLE_WIDTH))
    limits = Limits(seconds=arguments.seconds, output_bytes=int(1e6 * arguments.output_mb))
    peer_limits = replace(limits, seconds=arguments.peer_seconds)
    try:
        found = find_programs(arguments)
        wanted = [one for one in found if not arguments.program or one.name in arguments.program]
        programs = [one for one in wanted if not isinstance(one, Absent)]
        cases = lists(arguments, console)
        if not cases or not programs:
            console.print("No list to index." if programs else "None of these programs is here.")
            return 1
        runs = run_all(programs, cases, limits, peer_limits)
        verdicts = track(runs, total=len(cases) * len(programs), console=progress, description="indexing")
        report = Report(
            programs=tuple(programs),
            absent=tuple(one for one in wanted if isinstance(one, Absent)),
            limits=limits,
            peer_limits=peer_limits,
            verdicts=tuple(verdicts),
            remark=arguments.remark,
        )
        publish(report, arguments, console)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
