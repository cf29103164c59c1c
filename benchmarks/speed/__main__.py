"""Time the commands: ``python -m benchmarks.speed --repeats 5 --out speed.json``."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from itertools import groupby
from pathlib import Path

from rich.console import Console

from benchmarks.speed.lists import TimedList, draw_lists
from benchmarks.speed.measures import HELP_BAR_S, MEMORY_BAR_MIB, Measure, measure_system, verdict
from benchmarks.speed.process import Run, keep_to_cores, run
from benchmarks.speed.report import medians_of, print_comparison, print_table, write_json
from hybrid_index.errors import HybridIndexError

TABLE_WIDTH = 130
HELP_REPEATS = 3
"""Times as many runs of the help as of anything else: they are short, so the machine disturbs them more."""


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="lists of each crystal system")
    parser.add_argument("--seed", type=int, default=0, help="seed of the lists")
    parser.add_argument("--no-compilation", action="store_true", help="leave out the first-ever run (a minute)")
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    parser.add_argument("--compare", type=Path, help="JSON document of an earlier run")
    arguments = parser.parse_args()
    if arguments.repeats < 1:
        parser.error("--repeats must be at least 1")
    return arguments


def time_help(repeats: int) -> Measure:
    """Time ``hybrid-index --help``, after one run that reads the files from disk."""
    runs = [run(["--help"]) for _ in range(repeats + 1)][1:]
    return Measure(
        name="--help",
        unit="s",
        values=tuple(r.wall_s for r in runs),
        bar=HELP_BAR_S,
        cpu_s=tuple(r.cpu_s for r in runs),
        ok=all(r.code == 0 and "Usage" in r.stdout for r in runs),
    )


def time_first_run(one: TimedList, folder: Path) -> Measure:
    """Time a run that has to compile everything, and see that it says so."""
    with tempfile.TemporaryDirectory() as cache:
        first = run(["index", str(_written(one, folder))], env={"NUMBA_CACHE_DIR": cache})
    said = [line for line in first.stderr.splitlines() if "compil" in line]
    return Measure(
        name="index, first run ever (compiles)",
        unit="s",
        values=(first.wall_s,),
        cpu_s=(first.cpu_s,),
        note="says so" if said else "says nothing",
        ok=bool(said),
    )


def time_lists(lists: list[TimedList], folder: Path, console: Console) -> tuple[list[Measure], list[Run]]:
    """Time each list from start to table, after a run whose document is judged; all runs are returned too."""
    measures, timed = [], []
    for system, group in groupby(lists, key=lambda one: one.system):
        console.print(f"timing {system}", highlight=False)
        runs, verdicts = [], []
        for one in group:
            file = str(_written(one, folder))
            verdicts.append(verdict(run(["index", file, "--json", "--quiet"]).stdout, one))
            runs.append(run(["index", file]))
        measures.append(measure_system(system, runs, verdicts))
        timed += runs
    return measures, timed


def _written(one: TimedList, folder: Path) -> Path:
    path = folder / f"{one.name}.csv"
    path.write_text(one.csv(), encoding="utf-8")
    return path


def main() -> int:
    """Run the benchmark; 1 if a bar is missed or a file cannot be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(width=max(progress.width, TABLE_WIDTH))
    try:
        before = medians_of(arguments.compare) if arguments.compare else {}
        lists = draw_lists(arguments.repeats, seed=arguments.seed)
        cores = keep_to_cores()
        progress.print(f"on {cores} cores", highlight=False)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            measures = [time_help(HELP_REPEATS * arguments.repeats)]
            run(["index", str(_written(lists[0], folder)), "--quiet"])  # compiles what is not compiled yet
            of_systems, runs = time_lists(lists, folder, progress)
            measures += of_systems
            peaks = tuple(r.peak_mib for r in runs)
            measures.append(
                Measure(name="peak memory of index", unit="MiB", values=(max(peaks),), bar=MEMORY_BAR_MIB,
                        note=f"median {statistics.median(peaks):.0f} MiB")
            )  # fmt: skip
            if not arguments.no_compilation:
                progress.print("timing the first run ever", highlight=False)
                measures.append(time_first_run(lists[0], folder))
        print_table(measures, console)
        if arguments.out:
            plain = {key: str(value) if isinstance(value, Path) else value for key, value in vars(arguments).items()}
            write_json(arguments.out, measures, {**plain, "cores": cores})
        if before:
            print_comparison(measures, before, console)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    return 0 if all(m.passed for m in measures) else 1


if __name__ == "__main__":
    sys.exit(main())
