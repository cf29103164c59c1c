"""Run the accuracy benchmark: ``python -m benchmarks.accuracy --set experimental --tier core``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.cases import Case, draw_cases, known_lattices, load_structures
from benchmarks.accuracy.experimental import UNVETTED, measured_cases
from benchmarks.accuracy.report import print_comparison, print_report, write_json
from benchmarks.accuracy.score import run_all
from hybrid_index import Settings
from hybrid_index.errors import HybridIndexError
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.simulate import CONDITIONS

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TABLE_WIDTH = 130
TIERS = ("core", "impure-or-hard", "multiphase-stress", UNVETTED)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--set", choices=("simulated", "experimental"), default="simulated", dest="kind")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of measured data and structures")
    parser.add_argument("--limit", type=int, default=None, help="number of cases (simulated: of each condition; 70)")
    parser.add_argument("--system", action="append", choices=CRYSTAL_SYSTEMS, help="only this crystal system")
    parser.add_argument("--name", default="", help="only cases whose name contains this")
    parser.add_argument("--condition", action="append", choices=tuple(CONDITIONS), help="simulated: only this one")
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="simulated: which lattices")
    parser.add_argument("--tier", choices=TIERS, help="experimental: only this tier")
    parser.add_argument(
        "--from", choices=("raw", "list"), default="raw", dest="origin", help="experimental: what is read"
    )
    parser.add_argument("--budget", type=float, default=Settings().budget_s, help="seconds for each case")
    parser.add_argument("--seed", type=int, default=0, help="seed of the engine")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    parser.add_argument("--compare", type=Path, help="JSON document of an earlier run")
    return parser.parse_args()


def collect(arguments: argparse.Namespace, console: Console) -> list[Case]:
    """Gather the cases that were asked for."""
    systems = tuple(arguments.system or CRYSTAL_SYSTEMS)
    if arguments.kind == "experimental":
        cases, skipped = measured_cases(arguments.data, origin=arguments.origin, tier=arguments.tier)
        console.print(f"{len(cases)} angle-dispersive entries; {len(skipped)} time-of-flight entries skipped")
        cases = [case for case in cases if case.system in systems]
    else:
        lattices = known_lattices(load_structures(arguments.data))
        limit = arguments.limit or 70
        cases = [
            case
            for condition in arguments.condition or CONDITIONS
            for case in draw_cases(lattices, condition=condition, half=arguments.half, limit=limit, systems=systems)
        ]
    cases = [case for case in cases if arguments.name in case.name]
    return cases[: arguments.limit] if arguments.kind == "experimental" else cases


def main() -> int:
    """Run the benchmark; 1 if something could not be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(soft_wrap=True, width=max(progress.width, TABLE_WIDTH))
    try:
        settings = Settings(budget_s=arguments.budget, seed=arguments.seed)
        cases = collect(arguments, console)
        runs = run_all(cases, settings, workers=arguments.workers)
        outcomes = list(track(runs, total=len(cases), console=progress, description="indexing"))
        if not outcomes:
            console.print("No case to run.")
            return 1
        print_report(outcomes, console)
        if arguments.out:
            plain = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
            write_json(arguments.out, outcomes, plain)
        if arguments.compare:
            print_comparison(outcomes, arguments.compare, console)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
