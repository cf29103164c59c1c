"""Score the whole pipeline as the AICOMP 2025 contest does: ``python -m benchmarks.aicomp --limit 70``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.cases import known_lattices, load_structures
from benchmarks.accuracy.score import run_all
from benchmarks.aicomp.cases import folder_cases, simulated_cases
from benchmarks.aicomp.report import print_report, row, write_json
from hybrid_index import Settings
from hybrid_index.errors import HybridIndexError
from hybrid_index.units import parse_radiation

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TABLE_WIDTH = 190
ZERO_LIMIT_DEG = 0.6
"""The contest's shifts: 0.5° of zero, and what 0.2 mm of displacement add to it."""


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aicomp", description=__doc__)
    parser.add_argument("--folder", type=Path, help="score these contest pairs (.xy, .json) instead of simulating some")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of structures")
    parser.add_argument("--limit", type=int, default=None, help="number of patterns (simulated: 70; folder: all)")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many")
    parser.add_argument("--wavelength", default="CuKa1", help="CuKa simulates and expects the doublet")
    parser.add_argument("--budget", type=float, default=Settings().budget_s, help="seconds for each pattern")
    parser.add_argument("--zero-limit", type=float, default=ZERO_LIMIT_DEG, help="largest zero shift searched, degrees")
    parser.add_argument("--seed", type=int, default=0, help="seed of the engine")
    parser.add_argument(
        "--neural", choices=("auto", "never", "only"), default="auto", help="whether the networks take part"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes; one alone searches with all processors")
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    arguments = parser.parse_args(words)
    if arguments.skip < 0 or (arguments.limit is not None and arguments.limit < 1):
        parser.error("--skip must not be negative, and --limit at least 1")
    return arguments


def main() -> int:
    """Run the benchmark; 1 if something could not be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(soft_wrap=True, width=max(progress.width, TABLE_WIDTH))
    try:
        radiation = parse_radiation(arguments.wavelength)
        settings = Settings(
            budget_s=arguments.budget,
            zero_limit_deg=arguments.zero_limit,
            seed=arguments.seed,
            neural=arguments.neural,
        )
        if arguments.folder:
            cases = folder_cases(arguments.folder, radiation, limit=arguments.limit, skip=arguments.skip)
        else:
            lattices = known_lattices(load_structures(arguments.data))
            cases = simulated_cases(lattices, radiation, limit=arguments.limit or 70, skip=arguments.skip)
        if not cases:
            console.print("No pattern to index.")
            return 1
        by_name = {case.case.name: case for case in cases}
        outcomes = run_all([case.case for case in cases], settings, workers=arguments.workers)
        rows = [
            row(by_name[outcome.name], outcome)
            for outcome in track(outcomes, total=len(cases), console=progress, description="indexing")
        ]
        print_report(rows, console)
        if arguments.out:
            plain = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
            write_json(arguments.out, rows, plain)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
