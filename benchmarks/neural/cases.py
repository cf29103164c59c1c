"""The cases that are measured: those of the accuracy benchmark, as lists of lines."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.accuracy.cases import Case, draw_cases, known_lattices, load_structures
from benchmarks.accuracy.experimental import measured_cases
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.simulate import CONDITIONS

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
CASES_OF_A_CONDITION = 70


def add_case_arguments(parser: argparse.ArgumentParser) -> None:
    """Options that choose simulated cases."""
    parser.add_argument("--data", type=Path, default=DATA, help="folder of measured data and structures")
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="simulated: which lattices")
    parser.add_argument(
        "--limit", type=int, help=f"number of cases (simulated: of each condition, {CASES_OF_A_CONDITION})"
    )
    parser.add_argument("--skip", type=int, default=0, help="leave out so many cases, counted like --limit")
    parser.add_argument("--condition", action="append", choices=tuple(CONDITIONS), help="simulated: only this one")
    parser.add_argument("--system", action="append", choices=CRYSTAL_SYSTEMS, help="only this crystal system")


def collect(arguments: argparse.Namespace) -> list[Case]:
    """Gather the cases that were asked for; every one is a list of lines with a known lattice."""
    skip, limit = arguments.skip, arguments.limit
    systems = tuple(arguments.system or CRYSTAL_SYSTEMS)
    if arguments.kind == "experimental":
        cases, _ = measured_cases(arguments.data, origin="list")
        cases = [case for case in cases if case.system in systems and case.gram is not None]
        return cases[skip : None if limit is None else skip + limit]
    lattices = known_lattices(load_structures(arguments.data))
    shape = {"half": arguments.half, "limit": limit or CASES_OF_A_CONDITION, "skip": skip, "systems": systems}
    return [
        case for name in arguments.condition or CONDITIONS for case in draw_cases(lattices, condition=name, **shape)
    ]
