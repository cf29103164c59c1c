"""Judging what programs answer: one judge for all."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.accuracy.cases import VOLUME_BINS_ANGSTROM3
from benchmarks.accuracy.score import LIST_LENGTH
from benchmarks.peers.program import Limits, PeerCell, Program, Result, Status
from benchmarks.peers.sets import Listed
from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    CRYSTAL_SYSTEMS,
    ambiguous_partners,
    conventional,
    primitive_gram,
    same_shortest_vectors,
)
from hybrid_index.simulate.crystals import SYMMETRY_TOLERANCE
from hybrid_index.units import FloatArray

CENTRINGS = "PIFABCR"
"""Tried for a cell whose centring is not said."""
NAMED = ("timed out", "too much output", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a list in a program; ``rank`` is that of the true lattice, ``None`` beyond twenty."""

    program: str
    group: str
    case: str
    system: str
    volume: float
    n_lines: int
    status: Status
    rank: int | None
    n_cells: int
    wall_s: float
    cpu_s: float
    first: str
    truth: str
    note: str = ""


def run(program: Program, listed: Listed, limits: Limits) -> Verdict:
    """Run a program on a list and judge it."""
    return judge(program.name, listed, program.index(listed.peaks, limits))


def judge(program: str, listed: Listed, result: Result) -> Verdict:
    """Find the true lattice, or one with all its line positions, among the first twenty cells."""
    case = listed.case
    true = true_lattices(case.gram)
    ranks = (i for i, c in enumerate(result.cells[:LIST_LENGTH], start=1) if is_true(c, true, case.tolerance))
    return Verdict(
        program=program,
        group=case.group,
        case=case.name,
        system=case.system,
        volume=round(case.volume, 1),
        n_lines=len(listed.peaks),
        status=result.status,
        rank=next(ranks, None),
        n_cells=len(result.cells),
        wall_s=round(result.wall_s, 4),
        cpu_s=round(result.cpu_s, 4),
        first=describe(result.cells[0]) if result.cells else "",
        truth=case.truth,
        note=result.note,
    )


def true_lattices(gram: FloatArray | None) -> list[FloatArray]:
    """The true lattice and those with the same line positions (Mighell & Santoro 1975), by their Gram matrices."""
    if gram is None:
        return []
    setting = conventional(gram, SYMMETRY_TOLERANCE)
    exact = primitive_gram(setting.cell, setting.bravais_lattice)
    return [gram, *(partner.gram for partner in ambiguous_partners(exact))]


def is_true(answer: PeerCell, true: Sequence[FloatArray], tolerance: float) -> bool:
    """Whether a cell is one of these lattices, in any setting; with any centring where the program names none."""
    for centring in answer.centring or CENTRINGS:
        try:
            gram = primitive_gram(answer.cell, centring)
            if any(same_shortest_vectors(gram, one, tolerance) for one in true):
                return True
        except InputError:  # a cell so flat that it is none in floating point
            continue
    return False


def describe(answer: PeerCell) -> str:
    """One line on a cell."""
    parameters = " ".join(f"{x:.5g}" for x in answer.cell.parameters)
    return f"{answer.centring or '?'} {parameters}, V {answer.cell.volume:.0f}"


def summary(verdicts: Sequence[Verdict]) -> dict[str, float]:
    """Shares of one, median and 90th percentile of wall seconds, median of processor seconds, troubles by name."""
    n = len(verdicts)
    wall = sorted(v.wall_s for v in verdicts)
    troubles = Counter(v.status for v in verdicts)
    return {
        "n": n,
        "rank1": sum(v.rank == 1 for v in verdicts) / n,
        "in_list": sum(v.rank is not None for v in verdicts) / n,
        "median_wall_s": statistics.median(wall),
        "p90_wall_s": wall[min(int(0.9 * n), n - 1)],
        "median_cpu_s": statistics.median(v.cpu_s for v in verdicts),
        **{name: troubles[name] for name in NAMED},  # type: ignore[index]
    }


def strata(verdicts: Sequence[Verdict]) -> Iterator[tuple[str, list[Verdict]]]:
    """Yield each condition, crystal system and range of volumes (Å³, primitive) with its verdicts, and all."""
    for group in dict.fromkeys(v.group for v in verdicts):
        yield group, [v for v in verdicts if v.group == group]
    for system in CRYSTAL_SYSTEMS:
        yield system, [v for v in verdicts if v.system == system]
    edges = (0.0, *VOLUME_BINS_ANGSTROM3, float("inf"))
    for low, high in pairwise(edges):
        label = f"V > {low:g} Å³" if high == float("inf") else f"V {low:g}–{high:g} Å³"
        yield label, [v for v in verdicts if low < v.volume <= high]
    yield "all", list(verdicts)
