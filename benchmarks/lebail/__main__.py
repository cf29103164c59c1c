"""Run the benchmark of the whole-pattern fit: ``python -m benchmarks.lebail --set simulated``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

import hybrid_index
from benchmarks.accuracy.__main__ import DATA, TIERS
from benchmarks.accuracy.cases import known_lattices, load_structures
from benchmarks.accuracy.experimental import measured_cases
from benchmarks.accuracy.score import judge, warm_up
from benchmarks.lebail.extinction import report_symbols, run_extinction, run_measured_extinction
from benchmarks.lebail.measured import Contest, contest, contest_record, shares
from benchmarks.lebail.picture import draw_fits
from benchmarks.lebail.ranking import rank_twice, ranking_cases, ranking_summary
from benchmarks.lebail.simulated import fit_simulated, simulated_patterns, summary
from hybrid_index import Settings
from hybrid_index.errors import HybridIndexError, InputError
from hybrid_index.export.atomic import write_atomically

BARS = {
    "cell_in_two_sigma_region": 0.9,
    "r_wp_at_noise_limit": 0.9,
    "listed_derivative": 0.9,
    "good_symbol_first": 0.7,
    "good_symbol_among_3": 0.9,
}
"""Shares that are aimed at."""
MOST_PICTURES = 3


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lebail", description=__doc__)
    parser.add_argument("--set", choices=tuple(RUNS), default="simulated", dest="kind")
    parser.add_argument(
        "--of", choices=("simulated", "experimental"), default="experimental", help="ranking: of which patterns"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of measured data and structures")
    parser.add_argument("--limit", type=int, default=60, help="number of patterns")
    parser.add_argument("--skip", type=int, default=0, help="leave out so many")
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="simulated: which lattices")
    parser.add_argument("--tier", choices=TIERS, default="core", help="experimental: which tier")
    parser.add_argument("--name", default="", help="experimental: only patterns whose name contains this")
    parser.add_argument("--budget", type=float, default=Settings().budget_s, help="seconds for each search")
    parser.add_argument(
        "--pictures", type=Path, help="experimental: draw the known cell and its rivals into this folder"
    )
    parser.add_argument("--out", type=Path, help="write the JSON document here")
    return parser.parse_args(words)


def run_simulated(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Fit simulated patterns and print what share is right."""
    lattices = known_lattices(load_structures(arguments.data))
    cases = simulated_patterns(lattices, half=arguments.half, limit=arguments.limit, skip=arguments.skip)
    if not cases:
        raise InputError("there is no pattern to fit; choose another --skip")
    fit_simulated(cases[0])  # so that no fit pays for loading kernels
    fitted = [fit_simulated(case)[0] for case in track(cases, console=console, description="fitting")]
    return summary(fitted)


def run_measured(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Let the known cells of measured patterns compete with their rivals."""
    cases = [
        case
        for case in measured_cases(arguments.data, tier=arguments.tier)[0]
        if isinstance(case.data, Path) and arguments.name in case.name
    ][arguments.skip : arguments.skip + arguments.limit]
    warm_up()
    contests: list[Contest] = []
    refused: list[str] = []
    for case in track(cases, console=console, description="comparing"):
        try:
            assert isinstance(case.data, Path)
            pattern = hybrid_index.read_pattern(case.data, radiation=case.radiation)
            result = hybrid_index.index(pattern, settings=Settings(budget_s=arguments.budget))
            found = contest(case, pattern, result, judge(case, result, 0.0).rank)
        except HybridIndexError as error:
            refused.append(f"{case.name}: {error}")
            continue
        contests.append(found)
        if arguments.pictures:
            picture(found, arguments.pictures)
    if not contests:
        raise InputError("there is no pattern to compare cells on; choose another --name or --tier")
    return {
        "patterns": len(contests),
        **shares(contests),
        "refused": refused,
        "contests": [contest_record(found) for found in contests],
    }


def run_ranking(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Rank answers by lines alone, and with whole patterns."""
    cases = ranking_cases(arguments.of, arguments.data, half=arguments.half, limit=arguments.limit, skip=arguments.skip)
    warm_up()
    settings = Settings(budget_s=arguments.budget)
    ranked, refused = [], []
    for case in track(cases, console=console, description="ranking"):
        try:
            ranked.append(rank_twice(case, settings))
        except HybridIndexError as error:
            refused.append(f"{case.name}: {error}")
    if not ranked:
        raise InputError("there is no pattern to rank answers of; choose another --skip")
    return {**ranking_summary(ranked), "refused": refused}


def picture(found: Contest, folder: Path) -> None:
    """Draw the known cell and the best of its rivals."""
    folder.mkdir(parents=True, exist_ok=True)
    order = sorted(range(1, len(found.fits)), key=lambda i: -found.comparisons[i].bits)
    shown = [0, *order[: MOST_PICTURES - 1]]
    titles = [
        f"{found.name}: {found.rivals[i].origin}, {found.rivals[i].lattice}, "
        f"V {found.fits[i].cell.volume:.0f} Å³, {found.comparisons[i].bits:.0f} bits"
        for i in shown
    ]
    draw_fits([found.fits[i] for i in shown], titles, folder / f"{Path(found.name).stem}.png")


def report(sections: dict[str, Any], console: Console) -> None:
    """Print all figures, and each contest."""
    table = Table(title="whole-pattern fits")
    for heading in ("figure", "value", "aim"):
        table.add_column(heading)
    for name, value in sections.items():
        if isinstance(value, int | float):
            table.add_row(name, f"{value:.3g}", f"{BARS[name]:g}" if name in BARS else "")
    console.print(table)
    if "judged" in sections:
        report_symbols(sections, console)
    if "ranked" in sections:
        report_changes(sections["ranked"], console)
    if "contests" not in sections:
        return
    table = Table(title="lead of the known cell over the best rival, bits")
    for heading in ("pattern", "rank", "sublattices", "superlattices", "other answers", "best rival"):
        table.add_column(heading)
    for row in sections["contests"]:
        leads = (row[f"lead_{kind}"] for kind in ("sublattice", "superlattice", "listed"))
        cells = ["–" if lead is None else f"{lead:.0f}" for lead in leads]
        table.add_row(row["name"], str(row["rank"] or "–"), *cells, row["best_rival"])
    console.print(table)


def report_changes(ranked: list[dict[str, Any]], console: Console) -> None:
    """Print the patterns where the rank of the true lattice changed."""
    table = Table(title="where whole patterns changed the rank of the true lattice")
    for heading in ("pattern", "by lines", "with whole pattern", "probability by lines", "with whole pattern"):
        table.add_column(heading)
    for row in ranked:
        if row["rank"] != row["rank_by_lines"]:
            chances = (f"{row[name]:.2f}" for name in ("probability_by_lines", "probability"))
            table.add_row(row["name"], str(row["rank_by_lines"]), str(row["rank"]), *chances)
    console.print(table)


RUNS = {
    "simulated": run_simulated,
    "experimental": run_measured,
    "ranking": run_ranking,
    "extinction": run_extinction,
    "extinction-experimental": run_measured_extinction,
}
"""What can be measured, by the name of the set."""


def main() -> int:
    """Run the benchmark; 1 if something could not be read or written."""
    arguments = parse_arguments()
    progress = Console(stderr=True)
    console = Console(soft_wrap=True, width=150)
    try:
        sections = RUNS[arguments.kind](arguments, progress)
        report(sections, console)
        if arguments.out:
            with write_atomically(arguments.out) as temporary:
                temporary.write_text(json.dumps(sections, indent=1, ensure_ascii=False), encoding="utf-8")
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
