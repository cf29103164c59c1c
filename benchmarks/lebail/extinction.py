"""Extinction symbols: how often the true one comes first, and whether its probability can be trusted."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.accuracy.cases import Case, KnownLattice, known_lattices, load_structures
from benchmarks.accuracy.experimental import measured_cases
from benchmarks.lebail.simulated import EXACT, Simulated, simulated_patterns
from hybrid_index.errors import HybridIndexError, InputError
from hybrid_index.io import read_pattern
from hybrid_index.lattice import BravaisLattice, Cell, conventional, primitive_basis
from hybrid_index.peaks import find_peaks
from hybrid_index.pipeline import refine_cell
from hybrid_index.refine.extinction import RankedExtinction, extinction_symbols, fit_all_lines, rank_extinction_symbols
from hybrid_index.refine.extinction.space_groups import absent_lines, equivalent_reflections, generic_reflections
from hybrid_index.refine.extinction.table import LARGEST_INDEX
from hybrid_index.refine.lebail import LeBailFit
from hybrid_index.simulate.dataset.setting import labelled_setting
from hybrid_index.types import Pattern

GOOD_COUNTS = 5000.0
"""Counts in the strongest point of a pattern of good statistics."""
AMONG = 3
CLAIMS = (0.0, 0.5, 0.8, 0.95, 0.99, 1.0)
"""Probabilities of first symbols are put into bins with these edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a pattern: the rank of its true symbol, from 1, and all probabilities that matter."""

    name: str
    lattice: str
    truth: str
    first: str
    rank: int
    n_symbols: int
    probability_first: float
    probability_true: float
    brier: float
    strongest_counts: float
    n_reflections: int
    n_lines_absent: int
    seconds: float


def true_symbol(group: gemmi.SpaceGroup, lattice: BravaisLattice, basis: npt.NDArray[np.float64]) -> str | None:
    """Extinction symbol of a space group in the setting of our cell; ``None`` if the lattice has none like it.

    Parameters
    ----------
    group
        In its own setting.
    lattice
        Bravais lattice of our cell.
    basis
        Shape (3, 3), columns are the vectors of our cell in those of the group's.
    """
    hkl = generic_reflections(lattice, LARGEST_INDEX)
    own = equivalent_reflections(hkl, lattice) @ np.linalg.inv(basis)
    if not np.allclose(own, np.rint(own), atol=1.0e-6):
        return None
    absent = absent_lines(group, np.rint(own).astype(np.int64))
    return next((s.symbol for s in extinction_symbols(lattice) if np.array_equal(s.absent(hkl), absent)), None)


def symbol_of_record(lattice: KnownLattice) -> str | None:
    """Extinction symbol of a known structure in the setting that simulated patterns are fitted in."""
    name, cell = str(lattice.record["space_group"]), Cell.from_parameters(lattice.record["cell"])
    group: gemmi.SpaceGroup | None = gemmi.find_spacegroup_by_name(name, cell.alpha, cell.gamma)
    if group is None:
        return None
    centring = "P" if group.ext == "R" else str(group.hm)[0]
    setting = conventional(lattice.gram, EXACT)
    return true_symbol(group, setting.bravais_lattice, primitive_basis(centring) @ setting.transformation)


def judge_measured(case: Case) -> Judged | None:
    """Fit the known cell of a measured pattern and rank its symbols; ``None`` where the lattice has but one."""
    assert isinstance(case.data, Path)
    name, *cell = case.truth.rsplit(" ", 6)
    setting = labelled_setting(Cell.from_parameters([float(x) for x in cell]), name)
    truth = true_symbol(gemmi.SpaceGroup(setting.space_group), setting.bravais_lattice, setting.basis)
    if truth is None or len(extinction_symbols(setting.bravais_lattice)) == 1:
        return None
    pattern = read_pattern(case.data, radiation=case.radiation)
    return _judged(case.name, pattern, setting.cell, setting.bravais_lattice, truth)


def judge(name: str, truth: str, ranked: Sequence[RankedExtinction], fit: LeBailFit, seconds: float) -> Judged:
    """Compare a ranking with the truth."""
    symbols = [entry.symbol.symbol for entry in ranked]
    rank = symbols.index(truth)
    probability = np.array([entry.probability for entry in ranked])
    hit = np.arange(len(ranked)) == rank
    return Judged(
        name=name,
        lattice=fit.bravais_lattice.value,
        truth=truth,
        first=symbols[0],
        rank=rank + 1,
        n_symbols=len(ranked),
        probability_first=float(probability[0]),
        probability_true=float(probability[rank]),
        brier=float(np.sum((probability - hit) ** 2)),
        strongest_counts=float(np.max(fit.observed - fit.background)),
        n_reflections=len(fit.reflections),
        n_lines_absent=ranked[rank].n_absent,
        seconds=seconds,
    )


def judge_simulated(case: Simulated, truth: str) -> Judged:
    """Fit a simulated pattern and rank its symbols."""
    return _judged(case.name, case.pattern, case.start, case.lattice, truth)


def _judged(name: str, pattern: Pattern, cell: Cell, lattice: BravaisLattice, truth: str) -> Judged:
    """Refine a cell against the lines, fit the pattern with it and rank, as the command does."""
    peaks = find_peaks(pattern)
    found = refine_cell(peaks, cell, bravais_lattice=lattice).solutions[0].refinement
    fit = fit_all_lines(pattern, found.cell, lattice, peaks=peaks, shift=found.shift)
    start = time.perf_counter()
    ranked = rank_extinction_symbols(fit)
    return judge(name, truth, ranked, fit, time.perf_counter() - start)


def simulated_symbols(
    lattices: Sequence[KnownLattice], cases: Sequence[Simulated]
) -> tuple[list[tuple[Simulated, str]], list[str]]:
    """Pair patterns with their true symbols; lattices with but one symbol, and unclear settings, are set aside."""
    by_name = {str(lattice.record["id"]): lattice for lattice in lattices}
    pairs, aside = [], []
    for case in cases:
        truth = symbol_of_record(by_name[case.name]) if len(extinction_symbols(case.lattice)) > 1 else None
        if truth is None:
            aside.append(case.name)
        else:
            pairs.append((case, truth))
    return pairs, aside


def summary(judged: Sequence[Judged]) -> dict[str, Any]:
    """Shares, scores and reliability, for the table and the document."""
    good = [j for j in judged if j.strongest_counts >= GOOD_COUNTS]
    figures: dict[str, Any] = {"patterns": len(judged), "good_patterns": len(good)}
    for label, chosen in (("", judged), ("good_", good)):
        if chosen:
            figures |= {
                f"{label}symbol_first": float(np.mean([j.rank == 1 for j in chosen])),
                f"{label}symbol_among_{AMONG}": float(np.mean([j.rank <= AMONG for j in chosen])),
                f"{label}brier": float(np.mean([j.brier for j in chosen])),
                f"{label}mean_log_probability": float(np.mean([np.log(j.probability_true) for j in chosen])),
            }
    figures["reliability"] = _reliability(judged)
    figures["seconds_median"] = float(np.median([j.seconds for j in judged]))
    figures["judged"] = [asdict(j) for j in judged]
    return figures


def _reliability(judged: Sequence[Judged]) -> list[dict[str, float]]:
    claimed = np.array([j.probability_first for j in judged])
    right = np.array([j.rank == 1 for j in judged])
    rows = []
    for low, high in pairwise(CLAIMS):
        chosen = (claimed > low) & (claimed <= high)
        if chosen.any():
            rows.append(
                {
                    "from": low,
                    "to": high,
                    "patterns": int(chosen.sum()),
                    "claimed": float(claimed[chosen].mean()),
                    "right": float(right[chosen].mean()),
                }
            )
    return rows


def run_extinction(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Rank the extinction symbols of simulated patterns."""
    lattices = known_lattices(load_structures(arguments.data))
    cases = simulated_patterns(lattices, half=arguments.half, limit=arguments.limit, skip=arguments.skip)
    pairs, aside = simulated_symbols(lattices, cases)
    if not pairs:
        raise InputError("there is no pattern with more than one symbol; choose another --skip or --limit")
    judged = [judge_simulated(case, truth) for case, truth in track(pairs, console=console, description="judging")]
    return {**summary(judged), "set_aside": aside}


def run_measured_extinction(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Rank the extinction symbols of measured patterns with known space groups."""
    cases = [
        case
        for case in measured_cases(arguments.data, tier=arguments.tier)[0]
        if isinstance(case.data, Path) and arguments.name in case.name
    ][arguments.skip : arguments.skip + arguments.limit]
    judged: list[Judged] = []
    refused: list[str] = []
    for case in track(cases, console=console, description="judging"):
        try:
            found = judge_measured(case)
        except HybridIndexError as error:
            refused.append(f"{case.name}: {error}")
            continue
        if found is not None:
            judged.append(found)
    if not judged:
        raise InputError("there is no pattern with more than one symbol; choose another --name or --tier")
    return {**summary(judged), "refused": refused}


def report_symbols(sections: dict[str, Any], console: Console) -> None:
    """Print how far probabilities of first symbols hold, and which patterns are missed."""
    table = Table(title="reliability of the first symbol's probability")
    for heading in ("from", "to", "patterns", "claimed", "right"):
        table.add_column(heading, justify="right")
    for row in sections["reliability"]:
        shares = (f"{row[name]:.2f}" for name in ("claimed", "right"))
        table.add_row(f"{row['from']:g}", f"{row['to']:g}", str(row["patterns"]), *shares)
    console.print(table)
    table = Table(title="patterns whose true symbol is not the first")
    for heading in ("pattern", "lattice", "true symbol", "rank", "P", "first symbol", "P"):
        table.add_column(heading)
    for row in sections["judged"]:
        if row["rank"] > 1:
            own, first = f"{row['probability_true']:.3f}", f"{row['probability_first']:.3f}"
            table.add_row(row["name"], row["lattice"], row["truth"], str(row["rank"]), own, row["first"], first)
    console.print(table)
