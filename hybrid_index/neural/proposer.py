"""The neural proposer as a ``CandidateSource``: the network guides trials, the trials are solved against the lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, metric_subspace
from hybrid_index.neural.belief import LatticeBelief, believe
from hybrid_index.neural.guided import guided_trials
from hybrid_index.neural.labels import FAMILY_OF_CODE
from hybrid_index.neural.network import Array
from hybrid_index.neural.shift_spectrum import shift_unit
from hybrid_index.neural.weights import Network, packaged_network
from hybrid_index.refine.lines import without_fixed_shifts, without_shift
from hybrid_index.search.pool import Pool, Prepared
from hybrid_index.threads import side_by_side
from hybrid_index.types import Budget, Candidate, IntArray, PeakList
from hybrid_index.units import FloatArray

FARTHEST_DEG = 0.06
"""Shift (degrees, at Cu Kα) that the network is believed at most: larger ones are supposed before it is asked."""
TRIALS_BY_PARAMETERS = {1: 0.05, 2: 0.2, 3: 0.5, 4: 1.0, 6: 1.0}
"""Lattices of few parameters need fewer trials."""
CHANGED = 0.65
"""Share of the trials that change one equation of a good one."""
LAYERED = 0.1
"""Share of the others that suppose one line, of any angle, to be the first of a layer."""
LEAST_SHARE = 0.1
"""Every lattice that the network is asked about gets at least this share of the trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralProposer:
    """Trials guided by a trained network.

    Parameters
    ----------
    network
        Whose beliefs to follow; the one that comes with the package if not given.
    n_trials
        Trial lattices of four or six parameters, over all lattices that are tried.
    capacity
        Trials of each lattice that are solved against the lines.
    most
        Candidates proposed.
    n_lattices, enough
        Most Bravais lattices the network is asked about; fewer where they are this probable together.
    """

    name: str = "neural"
    network: Network | None = None
    n_trials: int = 60_000
    capacity: int = 200
    most: int = 64
    n_lattices: int = 10
    enough: float = 0.98

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best lattices that the network's labels lead to; none if there is no network."""
        network = self.network or packaged_network()
        if network is None or budget.exhausted():
            return
        codes = np.array([b.code for b in BRAVAIS_LATTICES if b.crystal_system in limits.systems])
        belief = believe(network, without_fixed_shifts(peaks, limits))
        likeliest = belief.likeliest(codes=codes, most=self.n_lattices, enough=self.enough)
        shares = np.maximum(belief.lattices[likeliest], LEAST_SHARE)

        def trials(asked: tuple[int, float]) -> list[tuple[Candidate, float]]:
            code, share = asked
            lattice = belief.under(code)
            shift = float(said_shift_deg(lattice.shift_deg, limits, peaks.wavelength_angstrom))
            ready = Prepared.from_peaks(without_shift(peaks, shift), limits)
            n_trials = round(self.n_trials * share)
            pool = likely_trials(lattice, network, ready, limits, n_trials=n_trials, capacity=self.capacity)
            return [(c, shift) for c in pool.candidates(ready.lines, limits, source=self.name, most=self.most)]

        asked = zip(likeliest, (shares / shares.sum()).tolist(), strict=True)
        found = [one for some in side_by_side(trials, asked) for one in some]
        for candidate, shift in sorted(found, key=lambda one: -one[0].score)[: self.most]:
            yield candidate.replace(zero_shift_deg=candidate.zero_shift_deg + shift)


def likely_trials(
    belief: LatticeBelief,
    network: Network,
    ready: Prepared,
    limits: Settings,
    *,
    n_trials: int,
    capacity: int,
    changed: float = CHANGED,
    layered: float = LAYERED,
) -> Pool:
    """Try lattices as likely labels make them, *n_trials* of them if there are four or six parameters."""
    code, w = belief.code, ready.windows
    lattice = BRAVAIS_LATTICES[code]
    rows = network.vocabulary.rows[FAMILY_OF_CODE[code]].astype(np.float64)
    n_lines = min(belief.labels.shape[1], len(w.q))
    volume = limits.max_volume_angstrom3 * lattice.lattice_points
    ready_lines = readiness(belief.foreign, belief.labels.max(axis=-1))
    pool = Pool(capacity)
    pool.size = guided_trials(
        np.uint64(limits.seed + code), round(n_trials * TRIALS_BY_PARAMETERS[rows.shape[1]]), code,
        metric_subspace(lattice), rows, np.cumsum(belief.readings), np.cumsum(belief.labels[:, :n_lines], axis=-1),
        np.cumsum(ready_lines[:, :n_lines], axis=-1), w.q, w.q_max, volume**-2, w.table, w.bins_per_q,
        ready.odds, pool.scores, pool.rows, first_orders(rows), changed, layered,
    )  # fmt: skip
    return pool


def first_orders(rows: FloatArray) -> IntArray:
    """Labels, by place in *rows* (K, k), that are one of the parameters: the lowest reflections along the axes."""
    return np.flatnonzero((rows.sum(axis=1) == 1.0) & (rows.max(axis=1) == 1.0) & (rows.min(axis=1) >= 0.0))


def said_shift_deg(shift_deg: FloatArray | float, limits: Settings, wavelength_angstrom: FloatArray | float) -> Array:
    """What is taken off the lines before trials are made, where the network says that so much of a shift is left."""
    if limits.fix_zero_shift_deg is not None:
        return np.zeros_like(shift_deg)
    farthest = FARTHEST_DEG * shift_unit(wavelength_angstrom)
    return np.clip(shift_deg, -farthest, farthest)


def readiness(foreign: Array, surest: Array) -> Array:
    """How readily lines are taken as base lines: surely the phase's own, and surely labelled.

    Arrays or tensors: the probability that each is foreign, and that of its likeliest label.
    """
    return (1.0 - foreign) * surest**0.7 + 1e-3
