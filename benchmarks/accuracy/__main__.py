"""Run the accuracy benchmark: ``python -m benchmarks.accuracy --set experimental --tier core``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.bars import checks
from benchmarks.accuracy.cases import Case, draw_cases, known_lattices, load_structures
from benchmarks.accuracy.empty_report import empty_tables, print_empty
from benchmarks.accuracy.experimental import UNVETTED, measured_cases
from benchmarks.accuracy.nothing import empty_cases
from benchmarks.accuracy.reliability import draw_reliability
from benchmarks.accuracy.report import print_comparison, print_report, write_json
from benchmarks.accuracy.score import Outcome, run_all
from benchmarks.accuracy.summary import tables
from benchmarks.accuracy.twice import differences, print_differences
from hybrid_index import Settings
from hybrid_index.errors import HybridIndexError
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.simulate import CONDITIONS

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TABLE_WIDTH = 150
TIERS = ("core", "impure-or-hard", "multiphase-stress", UNVETTED)
CASES_OF_A_CONDITION = 70
CASES_OF_NOTHING = 60


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--set", choices=("simulated", "experimental", "nothing"), default="simulated", dest="kind")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of measured data and structures")
    parser.add_argument(
        "--limit",
        type=int,
        default=None,
        help=f"number of cases (simulated: of each condition, {CASES_OF_A_CONDITION}; "
        f"nothing: of each kind, {CASES_OF_NOTHING})",
    )
    parser.add_argument("--skip", type=int, default=0, help="leave out so many cases, counted like --limit")
    parser.add_argument("--system", action="append", choices=CRYSTAL_SYSTEMS, help="only this crystal system")
    parser.add_argument("--name", default="", help="only cases whose name contains this")
    parser.add_argument("--condition", action="append", choices=tuple(CONDITIONS), help="simulated: only this one")
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="simulated: which lattices")
    parser.add_argument("--bare", action="store_true", help="lists hold positions and intensities, no uncertainties")
    parser.add_argument("--tier", choices=TIERS, help="experimental: only this tier")
    parser.add_argument(
        "--from", choices=("raw", "list"), default="raw", dest="origin", help="experimental: what is read"
    )
    parser.add_argument("--budget", type=float, default=Settings().budget_s, help="seconds for each case")
    parser.add_argument("--seed", type=int, default=0, help="seed of the engine")
    parser.add_argument(
        "--neural", choices=("auto", "never", "only"), default="auto", help="whether the networks take part"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes; one alone searches with all processors")
    parser.add_argument("--twice", action="store_true", help="run with 1 worker and with 2, and compare the answers")
    parser.add_argument("--no-causes", action="store_false", dest="causes", help="do not search for causes of misses")
    parser.add_argument("--plot", type=Path, help="draw the reliability diagram into this image file")
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    parser.add_argument("--compare", type=Path, help="JSON document of an earlier run")
    arguments = parser.parse_args(words)
    if arguments.kind == "nothing" and (arguments.compare or arguments.plot):
        parser.error("--compare and --plot need cases that have an answer, which --set nothing has not")
    if arguments.skip < 0 or (arguments.limit is not None and arguments.limit < 1):
        parser.error("--skip must not be negative, and --limit at least 1")
    return arguments


def collect(arguments: argparse.Namespace, console: Console) -> list[Case]:
    """Gather the cases that were asked for."""
    chosen = tuple(arguments.system or CRYSTAL_SYSTEMS)
    skip, limit = arguments.skip, arguments.limit
    if arguments.kind == "experimental":
        cases, skipped = measured_cases(arguments.data, origin=arguments.origin, tier=arguments.tier)
        console.print(f"{len(cases)} angle-dispersive entries; {len(skipped)} time-of-flight entries skipped")
        cases = [case for case in cases if case.system in chosen and arguments.name in case.name]
        cases = cases[skip : None if limit is None else skip + limit]
    else:
        lattices = known_lattices(load_structures(arguments.data))
        if arguments.kind == "nothing":
            cases = empty_cases(lattices, half=arguments.half, limit=limit or CASES_OF_NOTHING, skip=skip)
        else:
            shape = {"half": arguments.half, "limit": limit or CASES_OF_A_CONDITION, "skip": skip, "systems": chosen}
            conditions = arguments.condition or CONDITIONS
            cases = [case for condition in conditions for case in draw_cases(lattices, condition=condition, **shape)]
        cases = [case for case in cases if arguments.name in case.name]
    return [case.bare() for case in cases] if arguments.bare else cases


def report(outcomes: Sequence[Outcome], arguments: argparse.Namespace, console: Console) -> Mapping[str, Any]:
    """Print the tables and draw the picture; return what goes into the document."""
    if arguments.kind == "nothing":
        print_empty(outcomes, console)
        return empty_tables(outcomes)
    print_report(outcomes, console)
    if arguments.plot:
        draw_reliability(outcomes, arguments.plot)
    return {**tables(outcomes), "bars": [check.as_dict() for check in checks(outcomes)]}


def main() -> int:
    """Run the benchmark; 1 if something could not be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(soft_wrap=True, width=max(progress.width, TABLE_WIDTH))

    def run(workers: int, *, causes: bool) -> list[Outcome]:
        runs = run_all(cases, settings, workers=workers, causes=causes)
        return list(track(runs, total=len(cases), console=progress, description="indexing"))

    try:
        settings = Settings(budget_s=arguments.budget, seed=arguments.seed, neural=arguments.neural)
        cases = collect(arguments, console)
        if not cases:
            console.print("No case to run.")
            return 1
        outcomes = run(1 if arguments.twice else arguments.workers, causes=arguments.causes)
        sections = dict(report(outcomes, arguments, console))
        if arguments.twice:
            found = differences(outcomes, run(2, causes=False))
            print_differences(found, len(cases), console)
            sections["twice"] = [asdict(difference) for difference in found]
        if arguments.out:
            plain = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
            write_json(arguments.out, outcomes, plain, sections)
        if arguments.compare:
            print_comparison(outcomes, arguments.compare, console)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
