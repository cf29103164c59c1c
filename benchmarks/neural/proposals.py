"""What the network says of one case, beside the truth: candidates, lattice, shift, and the time it took."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from benchmarks.accuracy.cases import Case
from hybrid_index import PeakList, Settings
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.lattice.bravais import conventional
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.neural.belief import Belief, believe
from hybrid_index.neural.proposer import NeuralProposer
from hybrid_index.neural.weights import Network
from hybrid_index.refine.lines import line_data
from hybrid_index.refine.solving import solve_candidates
from hybrid_index.schedule import Clock

MOST_CANDIDATES = 64
SYMMETRY_TOLERANCE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What was said of a case.

    ``place`` of the true lattice among the refined candidates, best first, from 1 (``None``: not there);
    ``lattice_place`` of the true Bravais lattice among the fourteen; ``guessed`` the first of them; ``shift_deg`` with
    ``shift_esd_deg`` under the true Bravais lattice, if it was asked about; ``seconds`` for proposal and refinement.
    """

    name: str
    group: str
    system: str
    place: int | None
    n_candidates: int
    true_lattice: str
    guessed: str
    lattice_place: int
    shift_deg: float
    shift_esd_deg: float
    seconds: float
    network_seconds: float


def propose(case: Case, proposer: NeuralProposer, network: Network, settings: Settings) -> Proposal:
    """Ask the network about a case that is a peak list, refine what is proposed, and look for the truth."""
    assert isinstance(case.data, PeakList)
    assert case.gram is not None
    peaks = case.data.select(np.arange(len(case.data)) < settings.max_lines)
    began = time.perf_counter()
    candidates = list(proposer.propose(peaks, settings, Clock.start(settings.budget_s)))[:MOST_CANDIDATES]
    solved = solve_candidates(candidates, line_data(peaks, settings))
    seconds = time.perf_counter() - began
    began = time.perf_counter()
    belief = believe(network, peaks, most=len(BRAVAIS_LATTICES))
    network_seconds = time.perf_counter() - began
    found = [
        i for i, gram in enumerate(solved.grams, start=1) if same_shortest_vectors(gram, case.gram, case.tolerance)
    ]
    true = conventional(case.gram, SYMMETRY_TOLERANCE).bravais_lattice
    order = np.argsort(-belief.lattices, kind="stable").tolist()
    shift, esd = _shift_under(belief, true.code)
    return Proposal(
        name=case.name,
        group=case.group,
        system=case.system,
        place=found[0] if found else None,
        n_candidates=len(candidates),
        true_lattice=true.value,
        guessed=BRAVAIS_LATTICES[order[0]].value,
        lattice_place=order.index(true.code) + 1,
        shift_deg=shift,
        shift_esd_deg=esd,
        seconds=seconds,
        network_seconds=network_seconds,
    )


def _shift_under(belief: Belief, code: int) -> tuple[float, float]:
    said = next(lattice for lattice in belief.likely if lattice.code == code)
    return said.shift_deg, said.shift_esd_deg


def table(proposals: Sequence[Proposal]) -> dict[str, Any]:
    """Shares and medians of a group of proposals."""
    n = len(proposals)
    return {
        "n": n,
        "recall": sum(p.place is not None for p in proposals) / n,
        "first": sum(p.place == 1 for p in proposals) / n,
        "lattice_first": sum(p.lattice_place == 1 for p in proposals) / n,
        "lattice_among_three": sum(p.lattice_place <= 3 for p in proposals) / n,
        "median_ms": 1000.0 * median(p.seconds for p in proposals),
        "network_ms": 1000.0 * median(p.network_seconds for p in proposals),
    }
