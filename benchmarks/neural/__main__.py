"""Measure the networks: ``python -m benchmarks.neural`` recall, beliefs, trials, heads, ranking, budgets or speed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.score import warm_up
from benchmarks.neural import beliefs_pictures, beliefs_report, budgets_report, heads, ranking, recall, speed, trials
from benchmarks.neural.beliefs import ask, glance
from benchmarks.neural.budgets import BUDGETS_S, runs
from benchmarks.neural.cases import add_case_arguments, collect
from benchmarks.neural.questions import questions, random_questions
from benchmarks.neural.report import write_json
from benchmarks.neural.weights import Networks, describe, measured_networks
from hybrid_index import Settings
from hybrid_index.errors import HybridIndexError
from hybrid_index.export.atomic import check_writable

TABLE_WIDTH = 170
RANDOM_LISTS = 500
SHORTEST_BUDGET_S = 0.001


def parse_arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.neural", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (
        ("recall", "is the true lattice among the network's first candidates, and how long do they take"),
        ("beliefs", "do lattices, shifts, foreign lines and labels hold, and their uncertainties"),
        ("trials", "what are the parts of the search for likely lattices worth, on random lists"),
        ("heads", "what is each output of the networks worth to a search"),
        ("ranking", "what is the network's word on Bravais lattices worth in the ranking"),
        ("budgets", "what do the networks add to the classical engines, budget by budget"),
        ("speed", "how long do the networks take for a list, alone and in a batch"),
    ):
        command = commands.add_parser(name, help=what, description=what)
        command.add_argument("--weights", type=Path, help="folder of weights, instead of those of the package")
        command.add_argument("--seed", type=int, default=0, help="seed of the engine")
        command.add_argument("--out", type=Path, help="write the JSON document here")
        if name in ("beliefs", "trials"):
            command.add_argument("--lists", type=int, default=RANDOM_LISTS, help="random lists of each kind")
        if name in ("recall", "beliefs", "heads", "ranking", "budgets"):
            add_case_arguments(command)
        if name in ("recall", "beliefs", "budgets"):
            command.add_argument("--plot-dir", type=Path, help="draw the pictures into this folder")
        if name in ("recall", "heads", "ranking", "budgets"):
            kinds = ("simulated", "experimental")
            command.add_argument("--set", choices=kinds, default="simulated", dest="kind", help="which cases")
        if name == "recall":
            command.add_argument("--batch", type=int, help="give so many lists at once to the proposer in torch")
            command.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where, in a batch")
        if name == "budgets":
            command.add_argument("--budgets", type=_budgets, default=BUDGETS_S, help="seconds, separated by commas")
    arguments = parser.parse_args(words)
    if "skip" in arguments and (arguments.skip < 0 or (arguments.limit is not None and arguments.limit < 1)):
        parser.error("--skip must not be negative, and --limit at least 1")
    if "batch" in arguments and arguments.batch is not None and arguments.batch < 1:
        parser.error("--batch must be at least 1")
    return arguments


def main(words: Sequence[str] | None = None) -> int:
    """Run one of the measurements; 1 if something could not be read or written."""
    arguments = parse_arguments(words)
    progress = Console(stderr=True)
    console = Console(soft_wrap=True, width=max(progress.width, TABLE_WIDTH))
    measure = {
        "recall": _recall,
        "beliefs": _beliefs,
        "trials": _trials,
        "heads": _heads,
        "ranking": _ranking,
        "budgets": _budget_runs,
        "speed": _speed,
    }[arguments.command]
    try:
        if arguments.out:
            check_writable(arguments.out)
        if "plot_dir" in arguments and arguments.plot_dir:
            arguments.plot_dir.mkdir(parents=True, exist_ok=True)
        with measured_networks(arguments.weights) as networks:
            console.print(describe(networks))
            sections = measure(arguments, networks, console, progress)
            if arguments.out:
                write_json(arguments.out, networks, vars(arguments), sections)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    console.print(sections["in short"], style="bold", highlight=False)
    return 0


def _recall(arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console) -> dict[str, Any]:
    cases = collect(arguments)
    way = recall.ONE_BY_ONE
    if arguments.batch:
        from hybrid_index.neural.devices import pick_device

        way = recall.Way(batch=arguments.batch, device=pick_device(arguments.device).type)
    proposed = recall.proposals(cases, networks, Settings(seed=arguments.seed), way)
    found = list(track(proposed, total=len(cases), console=progress, description="proposing"))
    sections = recall.report(found, console, way)
    if arguments.plot_dir:
        recall.draw(found, arguments.plot_dir / "recall.png")
    return {**sections, "in short": recall.in_short(found), "cases": [asdict(p) for p in found]}


def _beliefs(arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console) -> dict[str, Any]:
    asked = list(questions(arguments, networks.network.vocabulary))
    warm_up()
    said = [ask(question, networks) for question in track(asked, console=progress, description="asking")]
    said += [glance(question) for question in track(asked, console=progress, description="glancing")]
    sections = beliefs_report.report(said, console)
    if arguments.plot_dir:
        beliefs_pictures.draw_confusion(said, arguments.plot_dir / "confusion.png")
        beliefs_pictures.draw_trust(said, arguments.plot_dir / "trust.png")
    return {**sections, "in short": beliefs_report.in_short(said)}


def _trials(arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console) -> dict[str, Any]:
    asked = list(random_questions(arguments.lists, networks.network.vocabulary))
    settings = Settings(seed=arguments.seed)
    tried = (
        t for q in track(asked, console=progress, description="trying") for t in trials.trials(q, networks, settings)
    )
    found = list(tried)
    return {**trials.report(found, console), "in short": trials.in_short(found)}


def _heads(arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console) -> dict[str, Any]:
    cases = collect(arguments)
    warm_up()
    made, n = heads.outcomes(cases, networks, Settings(seed=arguments.seed)), len(cases) * (len(heads.OUTPUTS) + 1)
    found = list(track(made, total=n, console=progress, description="doing without"))
    return {**heads.report(found, console), "in short": heads.in_short(found)}


def _ranking(arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console) -> dict[str, Any]:
    del networks  # searches ask for them by themselves
    cases = collect(arguments)
    settings = Settings(seed=arguments.seed, budget_s=ranking.BUDGET_S)
    tracked = track(cases, console=progress, description="ranking")
    found = [r for case in tracked for r in ranking.ranked(case, settings)]
    return {**ranking.report(found, console), "in short": ranking.in_short(found)}


def _budget_runs(
    arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console
) -> dict[str, Any]:
    del networks  # the pipeline asks for them by itself
    cases = collect(arguments)
    warm_up()
    made = runs(cases, Settings(seed=arguments.seed), arguments.budgets)
    found = [run for some in track(made, total=len(cases), console=progress, description="indexing") for run in some]
    sections = budgets_report.report(found, console)
    if arguments.plot_dir:
        budgets_report.draw(found, arguments.plot_dir / f"budgets_{arguments.kind}.png")
    return {**sections, "in short": budgets_report.in_short(found), "runs": [asdict(run) for run in found]}


def _speed(arguments: argparse.Namespace, networks: Networks, console: Console, progress: Console) -> dict[str, Any]:
    del arguments, progress
    found = speed.timings(networks)
    return {**speed.report(found, console), "in short": speed.in_short(found)}


def _budgets(text: str) -> tuple[float, ...]:
    values = tuple(sorted({float(word) for word in text.split(",")}))
    if values[0] < SHORTEST_BUDGET_S:
        raise argparse.ArgumentTypeError(f"give budgets of at least {SHORTEST_BUDGET_S} s")
    return values


if __name__ == "__main__":
    sys.exit(main())
