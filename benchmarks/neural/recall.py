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
from hybrid_index.types import Candidate
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
WALL_BARS_MS = {"cpu": 60.0, "cuda": 2.0}
"""For a list out of a batch of 64 on two cores, and of 256 on an accelerator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How lists are given to the network: one by one, or so many at once on a device (``cpu``, ``cuda``)."""

    batch: int | None = None
    device: str = "cpu"

    def __str__(self) -> str:
        return f"batches of {self.batch}, {self.device}" if self.batch else "single lists"


ONE_BY_ONE = Way()


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
        Seconds: the network alone, asked about this list; all of the proposal, with the network (a batch's time is
        shared evenly); refining the candidates; and the processor time of the last two together.
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


def proposals(
    cases: Sequence[Case], networks: Networks, settings: Settings, way: Way = ONE_BY_ONE
) -> Iterator[Proposal]:
    """Ask about each case; nothing is timed before all is loaded."""
    proposer = NeuralProposer(network=networks.network)
    load_kernels(Stage(name="neural", sources=(proposer,)))
    lists = [_lines(case, settings) for case in cases]
    for case, peaks in zip(cases[:1], lists, strict=False):
        propose(case, peaks, proposer, networks, settings)
    if not way.batch:
        for case, peaks in zip(cases, lists, strict=True):
            yield propose(case, peaks, proposer, networks, settings)
        return
    _propose_many(lists[:1], networks, settings, way)
    for start in range(0, len(cases), way.batch):
        some = slice(start, start + way.batch)
        began, processor = time.perf_counter(), time.process_time()
        found = _propose_many(lists[some], networks, settings, way)
        share = 1.0 / len(found)
        wall, processor = share * (time.perf_counter() - began), share * (time.process_time() - processor)
        for case, peaks, candidates in zip(cases[some], lists[some], found, strict=True):
            yield judge(case, peaks, candidates, networks, settings, wall, processor)


def _lines(case: Case, settings: Settings) -> PeakList:
    assert isinstance(case.data, PeakList)
    return case.data.select(np.arange(len(case.data)) < settings.max_lines)


def _propose_many(lists: Sequence[PeakList], networks: Networks, settings: Settings, way: Way) -> list[list[Candidate]]:
    from hybrid_index.neural.batched.propose import propose_many

    return propose_many(
        lists, settings, network=networks.network, reader=networks.reader, device=way.device, most=MOST_CANDIDATES
    )


def propose(case: Case, peaks: PeakList, proposer: NeuralProposer, networks: Networks, settings: Settings) -> Proposal:
    """Let the network propose for a case that is a list of lines, and judge it."""
    began, processor = time.perf_counter(), time.process_time()
    shift = float(read_shifts(networks.reader, peaks, settings).shift_deg[0])
    stage = Stage(name="neural", sources=(proposer,), zero_shift_deg=shift)
    candidates = run_stage(stage, peaks, settings, Clock.start(settings.budget_s))[:MOST_CANDIDATES]
    wall, processor = time.perf_counter() - began, time.process_time() - processor
    return judge(case, peaks, candidates, networks, settings, wall, processor)


def judge(
    case: Case,
    peaks: PeakList,
    candidates: Sequence[Candidate],
    networks: Networks,
    settings: Settings,
    proposal_s: float,
    processor_s: float,
) -> Proposal:
    """Refine what was proposed in so many seconds, wall and processor, and look for the truth."""
    assert case.gram is not None
    proposed, processor = time.perf_counter(), time.process_time()
    solved = solve_candidates(candidates, line_data(peaks, settings))
    refined, processor = time.perf_counter(), time.process_time() - processor
    shift = float(read_shifts(networks.reader, peaks, settings).shift_deg[0])
    asked = time.perf_counter()
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
        network_s=answered - asked,
        proposal_s=proposal_s,
        refinement_s=refined - proposed,
        processor_s=processor_s + processor,
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


def checks(found: Sequence[Proposal], way: Way = ONE_BY_ONE) -> list[Measured]:
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
            name="all", quantity=f"wall time, {way}", n=len(found), value=wall, bar=WALL_BARS_MS[way.device],
            at_least=False, unit=" ms",
        )
    )  # fmt: skip
    return out


def report(found: Sequence[Proposal], console: Console, way: Way = ONE_BY_ONE) -> dict[str, Any]:
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
    bars = checks(found, way)
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
