"""Measure the simulator: ``python -m benchmarks.simulation --pictures pictures --out simulation.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import track

from benchmarks.simulation.report import write_json
from hybrid_index.errors import HybridIndexError
from hybrid_index.export.atomic import check_writable

if TYPE_CHECKING:
    from benchmarks.simulation.structures import Pair

# Sections import what they need themselves: the process in which patterns are measured starts with this module, and
# shall not hold pymatgen.

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TABLE_WIDTH = 130
PATTERN_STRUCTURES = 28
"""Structures that patterns are drawn of: four of each crystal system."""

Section = Callable[[Sequence["Pair"], argparse.Namespace, Console], tuple[Any, bool]]
"""Measures, prints, and returns plain values and whether all bars are reached."""


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=DATA, help="folder of structures; without it, seven known minerals"
    )
    parser.add_argument("--limit", type=int, default=200, help="number of structures")
    parser.add_argument("--repeats", type=int, default=3, help="turns in which a structure is timed")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each section that measures rates")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw of structures, and of noise")
    parser.add_argument("--section", action="append", choices=tuple(SECTIONS), help="only this (default: all)")
    parser.add_argument("--pictures", type=Path, help="draw one pattern of each crystal system into this folder")
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    arguments = parser.parse_args(words)
    if arguments.limit < 1 or arguments.repeats < 1 or not arguments.seconds > 0.0:
        parser.error("--limit, --repeats and --seconds must be positive")
    return arguments


def collect(arguments: argparse.Namespace, console: Console) -> list[Pair]:
    """Gather the structures."""
    from benchmarks.simulation.structures import drawn_pairs, known_pairs

    if not arguments.data.is_dir():
        console.print(f"The folder {arguments.data} is absent: seven known minerals instead.", highlight=False)
        return known_pairs()
    pairs, passed_over = drawn_pairs(arguments.data, arguments.limit, seed=arguments.seed)
    console.print(
        f"{len(pairs)} structures, all systems alike; {len(passed_over)} passed over "
        "(contradictory, unknown to pymatgen, or too large for it)",
        highlight=False,
    )
    return pairs


def run_agreement(pairs: Sequence[Pair], arguments: argparse.Namespace, console: Console) -> tuple[Any, bool]:
    """Compare lines with pymatgen's."""
    from benchmarks.simulation import agreement

    found = agreement.measure(track(pairs, console=Console(stderr=True), description="comparing"))
    agreement.show(found, console)
    own_tables = agreement.CONDITIONS[-1].name
    return [asdict(a) for a in found], all(a.passed for a in found if a.condition != own_tables)


def run_speed(pairs: Sequence[Pair], arguments: argparse.Namespace, console: Console) -> tuple[Any, bool]:
    """Time lines side by side with pymatgen's."""
    from benchmarks.simulation import speed

    timings = speed.measure(track(pairs, console=Console(stderr=True), description="timing"), repeats=arguments.repeats)
    speed.show(timings, console)
    return [{**asdict(t), "ratio": t.ratio} for t in timings], speed.median_ratio(timings) >= speed.BAR


def run_patterns(pairs: Sequence[Pair], arguments: argparse.Namespace, console: Console) -> tuple[Any, bool]:
    """Time patterns."""
    from benchmarks.simulation import patterns

    structures = [pair.ours for pair in pairs[:PATTERN_STRUCTURES]]
    figures = patterns.measure(structures, seed=arguments.seed, seconds=arguments.seconds)
    patterns.show(figures, console)
    return asdict(figures), True


def run_line_lists(pairs: Sequence[Pair], arguments: argparse.Namespace, console: Console) -> tuple[Any, bool]:
    """Time the line lists of random lattices, and synthetic crystals."""
    from benchmarks.simulation import line_lists

    figures = line_lists.measure(seed=arguments.seed, seconds=arguments.seconds)
    line_lists.show(figures, console)
    return asdict(figures), figures.two_cores >= line_lists.BAR


SECTIONS: dict[str, Section] = {
    "agreement": run_agreement,
    "speed": run_speed,
    "patterns": run_patterns,
    "line_lists": run_line_lists,
}
"""In the order in which they run; each goes into the document under its name."""


def main() -> int:
    """Run the benchmark; 1 if a bar is missed or a file cannot be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(width=max(progress.width, TABLE_WIDTH))
    try:
        if arguments.out:
            check_writable(arguments.out)
        pairs = collect(arguments, console)
        results = {name: SECTIONS[name](pairs, arguments, console) for name in arguments.section or SECTIONS}
        if arguments.pictures:
            from benchmarks.simulation.pictures import draw_pictures

            for path in draw_pictures(pairs, arguments.pictures):
                console.print(f"drawn: {path}", highlight=False)
        if arguments.out:
            write_json(arguments.out, vars(arguments), {name: values for name, (values, _) in results.items()})
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    missed = [name for name, (_, reached) in results.items() if not reached]
    if missed:
        console.print(f"A bar is missed: {', '.join(missed)}.", style="red")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
