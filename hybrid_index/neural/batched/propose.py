"""The neural proposer for hundreds of lists at once, on any device that torch knows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.batched.beliefs import BatchNetwork, Pairs, likeliest_shifts
from hybrid_index.neural.batched.lists import Lines, Windows
from hybrid_index.neural.batched.ragged import best_distinct
from hybrid_index.neural.batched.solve import Solved, assign_solve
from hybrid_index.neural.batched.trials import guided_trials, metrics
from hybrid_index.neural.devices import pick_device
from hybrid_index.neural.proposer import CHANGED, LAYERED, said_shift_deg
from hybrid_index.neural.weights import Network, ShiftReader, packaged_network, packaged_reader
from hybrid_index.refine.assign import FAILED
from hybrid_index.refine.lattices import within_limits
from hybrid_index.refine.lines import without_fixed_shifts, without_shift
from hybrid_index.search.pool import Prepared
from hybrid_index.threads import side_by_side
from hybrid_index.types import MIN_LINES, Candidate, PeakList

_NAME = "neural-batched"
_AT_ONCE = {"cpu": 16384, "cuda": 262_144}
"""Trials, or lattices that are solved, side by side: on a processor few enough for its caches, on an accelerator enough
to keep it busy."""
_EVIDENCE_BITS, _POSSIBLE_BITS, _INDEXED_BITS = 24, 13, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extent:
    """How much is tried for a list."""

    n_trials: int
    capacity: int
    most: int
    n_lattices: int
    enough: float


def propose_many(
    lists: Sequence[PeakList],
    settings: Settings,
    *,
    network: Network | None = None,
    reader: ShiftReader | None = None,
    device: str = "auto",
    n_trials: int = 60_000,
    capacity: int = 200,
    most: int = 64,
    n_lattices: int = 10,
    enough: float = 0.98,
    batch: int = 256,
) -> list[list[Candidate]]:
    """Propose lattices for many lists, as :class:`~hybrid_index.neural.proposer.NeuralProposer` does for one.

    Each list's likeliest shift is supposed, unless it is fixed. What is proposed for a list does not hang on the others
    in a batch nor on the device, but for the rounding of sums: a draw on the verge of two labels may fall either way.

    Parameters
    ----------
    lists, settings
        Line lists, and the limits of the search.
    network, reader
        Whose beliefs to follow; those that come with the package if not given.
    device
        ``auto``, ``cpu`` or ``cuda``.
    n_trials, capacity, most, n_lattices, enough
        As of :class:`~hybrid_index.neural.proposer.NeuralProposer`.
    batch
        Lists that are worked on at once: limits memory.

    Returns
    -------
    list of lists of Candidate
        For each list its candidates, best first: none for a list that is too short to determine a lattice, and none at
        all if there are no networks.
    """
    network, reader = network or packaged_network(), reader or packaged_reader()
    out: list[list[Candidate]] = [[] for _ in lists]
    if network is None or reader is None:
        return out
    asked = BatchNetwork.on(pick_device(device), network)
    extent = _Extent(n_trials=n_trials, capacity=capacity, most=most, n_lattices=n_lattices, enough=enough)
    usable = [i for i, peaks in enumerate(lists) if len(without_fixed_shifts(peaks, settings)) >= MIN_LINES]
    for start in range(0, len(usable), batch):
        some = usable[start : start + batch]
        with torch.inference_mode():
            found = _proposed([lists[i] for i in some], asked, reader, settings, extent)
        for i, candidates in zip(some, found, strict=True):
            out[i] = candidates
    return out


def _proposed(
    lists: Sequence[PeakList], network: BatchNetwork, reader: ShiftReader, settings: Settings, extent: _Extent
) -> list[list[Candidate]]:
    """Candidates for one batch of lists, each long enough."""
    at_once = _AT_ONCE[network.device.type]
    seen = [without_fixed_shifts(peaks, settings) for peaks in lists]
    likeliest = [0.0] * len(lists)
    if settings.fix_zero_shift_deg is None:
        likeliest = likeliest_shifts(reader, seen, settings, network.device)
    moved, supposed = zip(*(_moved(p, s, settings) for p, s in zip(lists, likeliest, strict=True)), strict=True)
    codes = np.array([b.code for b in BRAVAIS_LATTICES if b.crystal_system in settings.systems])
    seen = [without_fixed_shifts(peaks, settings) for peaks in moved]
    pairs = network.pairs(seen, codes, most=extent.n_lattices, enough=extent.enough)

    def prepare(pair: int) -> tuple[Prepared, float]:
        peaks = moved[pairs.list[pair]]
        said = float(said_shift_deg(pairs.shift_deg[pair], settings, peaks.wavelength_angstrom))
        peaks, said = _moved(peaks, said, settings)
        return Prepared.from_peaks(peaks, settings), supposed[pairs.list[pair]] + said

    ready, shifts = zip(*side_by_side(prepare, range(len(pairs.list))), strict=True)
    lines = Lines.from_lists([one.lines for one in ready], network.device)
    windows = Windows.from_prepared(ready, network.device)
    metric, pair = [], []
    for guide in network.guides(pairs, lines, settings, extent.n_trials):
        trials = guided_trials(
            guide, lines, windows, capacity=extent.capacity, changed=CHANGED, layered=LAYERED, at_once=at_once
        )
        metric.append(metrics(guide, trials))
        pair.append(guide.pair[trials.pair])
    whose = torch.cat(pair)
    code = torch.from_numpy(pairs.code).to(network.device)[whose]
    solved = assign_solve(torch.cat(metric), code, lines, whose, at_once=at_once)
    chosen = _best(solved, code, whose, torch.from_numpy(pairs.list).to(network.device), settings, extent.most)
    return _candidates(solved, whose, chosen, pairs, shifts, ready[0].lines.free_shifts, len(lists))


def _moved(peaks: PeakList, shift_deg: float, settings: Settings) -> tuple[PeakList, float]:
    """Lines without a shift, and the shift: none if too few lines would be left."""
    moved = without_shift(peaks, shift_deg)
    return (moved, shift_deg) if len(without_fixed_shifts(moved, settings)) >= MIN_LINES else (peaks, 0.0)


def _best(solved: Solved, code: Tensor, pair: Tensor, list_of_pair: Tensor, settings: Settings, most: int) -> Tensor:
    """Rows of the *most* best distinct lattices of each list, list by list, best first.

    As in :func:`hybrid_index.search.pool.solved` copies of a lattice end at the same lines with the same evidence.
    """
    within = torch.from_numpy(within_limits(solved.metric.cpu().numpy(), code.cpu().numpy(), settings)).to(code.device)
    rows: Tensor = ((solved.evidence > FAILED) & within).nonzero()[:, 0]
    mark = pair[rows]
    for value, bits in (
        (solved.indexed, _INDEXED_BITS),
        (solved.possible, _POSSIBLE_BITS),
        ((solved.evidence * 50.0).round().long(), _EVIDENCE_BITS),
    ):
        mark = mark << bits | (value[rows] & ((1 << bits) - 1))
    chosen, _ = best_distinct(pair[rows], mark, solved.evidence[rows], most)
    rows = rows[chosen]
    chosen, _ = best_distinct(list_of_pair[pair[rows]], rows, solved.evidence[rows], most)
    return rows[chosen]


def _candidates(
    solved: Solved, pair: Tensor, chosen: Tensor, pairs: Pairs, shifts: Sequence[float], names: Sequence[str], n: int
) -> list[list[Candidate]]:
    """The chosen rows as candidates of *n* lists; *shifts* is what was taken off the lines of each pair."""
    out: list[list[Candidate]] = [[] for _ in range(n)]
    columns = (solved.metric, solved.evidence, solved.shifts, pair)
    for metric, evidence, own, p in zip(*(column[chosen].cpu().numpy() for column in columns), strict=True):
        found = dict(zip(names, own.tolist(), strict=True))
        found["zero_shift_deg"] = found.get("zero_shift_deg", 0.0) + shifts[p]
        lattice = BRAVAIS_LATTICES[pairs.code[p]]
        out[pairs.list[p]].append(
            Candidate(bravais_lattice=lattice, metric=metric, source=_NAME, score=float(evidence), **found)
        )
    return out
