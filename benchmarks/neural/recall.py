"""How often the network's candidates hold the true lattice, and how long it takes to have them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.causes import NO_RELATION, relation_of
from benchmarks.accuracy.summary import ALL
from benchmarks.neural.report import HIGH_SYMMETRY, LOW_SYMMETRY, Measured, new_table, percent, print_bars
from benchmarks.neural.weights import Networks
from benchmarks.peers.picture import COLOURS
from hybrid_index import PeakList, Settings
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.lattice.bravais import conventional
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.neural.belief import believe_anew
from hybrid_index.neural.proposer import NeuralProposer
from hybrid_index.neural.shifts import read_shifts
from hybrid_index.race import load_kernels
from hybrid_index.refine.lines import line_data, without_shift
from hybrid_index.refine.solving import solve_candidates
from hybrid_index.schedule import Clock, Stage, run_stage
from hybrid_index.simulate.crystals import SYMMETRY_TOLERANCE
from hybrid_index.units import FloatArray

MOST_CANDIDATES = 64
DETAILED = 4
"""Bravais lattices under which a search mostly asks about labels."""
BARS = (
    ("lab", "", CRYSTAL_SYSTEMS, 0.90),
    ("lab", "cubic to orthorhombic", HIGH_SYMMETRY, 0.98),
    ("lab", "monoclinic", ("monoclinic",), 0.85),
    ("lab", "triclinic", ("triclinic",), 0.75),
    ("hard", "", CRYSTAL_SYSTEMS, 0.75),
)
"""Condition, what is meant, crystal systems, and the least share of cases whose true lattice is proposed."""
WALL_BAR_MS = 60.0
"""For a list out of a batch of 64; single lists are measured here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What was proposed for a case.

    Parameters
    ----------
    place
        Of the true lattice among the refined candidates, best first, from 1; ``None`` where it is not there.
    relation
        Where it is not there: what the best of those related to it is of it, or none (a search tries relatives).
    n_candidates
        Candidates before refinement.
    lattice_place
        Of the true Bravais lattice in the order of the network's probabilities, from 1.
    network_s, proposal_s, refinement_s, processor_s
        Seconds: the network alone; all of the proposal, with the network; refining the candidates; and the processor
        time of the last two together.
    """

    name: str
    group: str
    system: str
    place: int | None
    relation: str
    n_candidates: int
    lattice: str
    lattice_place: int
    network_s: float
    proposal_s: float
    refinement_s: float
    processor_s: float


def proposals(cases: Sequence[Case], networks: Networks, settings: Settings) -> Iterator[Proposal]:
    """Ask about each case; nothing is timed before all is loaded."""
    proposer = NeuralProposer(network=networks.network)
    load_kernels(Stage(name="neural", sources=(proposer,)))
    for case in cases[:1]:
        propose(case, proposer, networks, settings)
    for case in cases:
        yield propose(case, proposer, networks, settings)


def propose(case: Case, proposer: NeuralProposer, networks: Networks, settings: Settings) -> Proposal:
    """Refine what the network proposes for a case that is a list of lines, and look for the truth."""
    assert isinstance(case.data, PeakList)
    assert case.gram is not None
    peaks = case.data.select(np.arange(len(case.data)) < settings.max_lines)
    began, processor = time.perf_counter(), time.process_time()
    shift = float(read_shifts(networks.reader, peaks, settings).shift_deg[0])
    stage = Stage(name="neural", sources=(proposer,), zero_shift_deg=shift)
    candidates = run_stage(stage, peaks, settings, Clock.start(settings.budget_s))[:MOST_CANDIDATES]
    proposed = time.perf_counter()
    solved = solve_candidates(candidates, line_data(peaks, settings))
    refined, processor = time.perf_counter(), time.process_time() - processor
    belief = believe_anew(networks.network, without_shift(peaks, shift))
    for code in belief.likeliest(most=DETAILED):
        belief.under(code)
    answered = time.perf_counter()
    true = conventional(case.gram, SYMMETRY_TOLERANCE).bravais_lattice
    places = (i for i, g in enumerate(solved.grams, start=1) if same_shortest_vectors(g, case.gram, case.tolerance))
    place = next(places, None)
    return Proposal(
        name=case.name,
        group=case.group,
        system=case.system,
        place=place,
        relation="" if place else _relation(case.gram, solved.grams, case.tolerance),
        n_candidates=len(candidates),
        lattice=true.value,
        lattice_place=int(np.sum(belief.lattices > belief.lattices[true.code])) + 1,
        network_s=answered - refined,
        proposal_s=proposed - began,
        refinement_s=refined - proposed,
        processor_s=processor,
    )


def _relation(true: FloatArray, grams: FloatArray, tolerance: float) -> str:
    relations = (relation_of(true, gram, tolerance) for gram in grams)
    return next((relation for relation in relations if relation != NO_RELATION), NO_RELATION)


def summary(found: Sequence[Proposal]) -> dict[str, float]:
    """Shares and medians."""
    n = len(found)
    return {
        "n": n,
        "recall": sum(p.place is not None for p in found) / n,
        "or_relative": sum(p.relation != NO_RELATION for p in found) / n,
        "first": sum(p.place == 1 for p in found) / n,
        "lattice_first": sum(p.lattice_place == 1 for p in found) / n,
        "lattice_among_three": sum(p.lattice_place <= 3 for p in found) / n,
        "candidates": median(p.n_candidates for p in found),
        "network_ms": 1000.0 * median(p.network_s for p in found),
        "proposal_ms": 1000.0 * median(p.proposal_s for p in found),
        "refinement_ms": 1000.0 * median(p.refinement_s for p in found),
        "wall_ms": 1000.0 * median(p.proposal_s + p.refinement_s for p in found),
        "processor_ms": 1000.0 * median(p.processor_s for p in found),
    }


def tables(found: Sequence[Proposal]) -> dict[str, dict[str, dict[str, float]]]:
    """Summaries by group and crystal system."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for group in dict.fromkeys(p.group for p in found):
        mine = [p for p in found if p.group == group]
        rows = {system: [p for p in mine if p.system == system] for system in CRYSTAL_SYSTEMS}
        out[group] = {name: summary(row) for name, row in [*rows.items(), (ALL, mine)] if row}
    return out


def checks(found: Sequence[Proposal]) -> list[Measured]:
    """Hold the proposals against every bar that they have cases for."""
    out = []
    for group, part, systems, bar in BARS:
        mine = [p for p in found if p.group == group and p.system in systems]
        if mine:
            name, recall = f"{group}, {part}" if part else group, summary(mine)["recall"]
            out.append(Measured(name=name, quantity="recall", n=len(mine), value=recall, bar=bar, at_least=True))
    wall = summary(found)["wall_ms"]
    out.append(
        Measured(
            name="all", quantity="wall time, single lists", n=len(found), value=wall, bar=WALL_BAR_MS, at_least=False,
            unit=" ms",
        )
    )  # fmt: skip
    return out


def report(found: Sequence[Proposal], console: Console) -> dict[str, Any]:
    """Print the tables; return what goes into the document."""
    shares = ("recall", "or_relative", "first", "lattice_first", "lattice_among_three")
    medians = ("candidates", "network_ms", "proposal_ms", "refinement_ms", "wall_ms", "processor_ms")
    titles = (
        f"true in {MOST_CANDIDATES}", "or a relative", "true first", "Bravais first", "among three", "candidates",
        "network ms", "proposal ms", "refinement ms", "wall ms", "processor ms",
    )  # fmt: skip
    rows = tables(found)
    for group, parts in rows.items():
        table = new_table(group, ("n", *titles))
        for name, s in parts.items():
            if name == ALL:
                table.add_section()
            figures = [*(percent(s[key]) for key in shares), *(f"{s[key]:.0f}" for key in medians)]
            table.add_row(name, f"{s['n']:.0f}", *figures)
        console.print(table)
    bars = checks(found)
    print_bars(bars, console)
    return {"summary": rows, "bars": [check.as_dict() for check in bars]}


def in_short(found: Sequence[Proposal]) -> str:
    """One line on all of it."""
    s, groups = summary(found), tables(found)
    by_group = ", ".join(f"{group} {percent(parts[ALL]['recall'])}" for group, parts in groups.items())
    return (
        f"recall among {MOST_CANDIDATES}: {by_group} ({s['n']:.0f} lists); medians: network {s['network_ms']:.0f} ms, "
        f"proposal {s['proposal_ms']:.0f} ms, refinement {s['refinement_ms']:.0f} ms"
    )


def draw(found: Sequence[Proposal], path: Path) -> None:
    """Draw the share of cases with the true lattice among the first k refined candidates, over k."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.2), dpi=120, layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    k, ticks = range(1, MOST_CANDIDATES + 1), (1, 2, 4, 8, 16, 32, 64)
    parts = (("cubic to orthorhombic", HIGH_SYMMETRY), ("monoclinic, triclinic", LOW_SYMMETRY))
    for axes, (part, systems) in zip(panels, parts, strict=True):
        for group, colour in zip(dict.fromkeys(p.group for p in found), COLOURS, strict=False):
            mine = [p for p in found if p.group == group and p.system in systems]
            if mine:
                shares = [100.0 * sum(p.place is not None and p.place <= n for p in mine) / len(mine) for n in k]
                label = f"{group} ({len(mine)} lists, {shares[-1]:.0f} %)"
                axes.step(k, shares, where="post", color=colour, label=label)
        axes.set(xscale="log", ylim=(0.0, 102.0), xlabel="refined candidates, best first")
        axes.set_xticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_title(part, loc="left", fontsize=10)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if axes.get_lines():
            axes.legend(frameon=False, fontsize=8, loc="lower right")
    panels[0].set_ylabel("true lattice among them (%)")
    with write_atomically(path) as temporary:
        figure.savefig(temporary)
