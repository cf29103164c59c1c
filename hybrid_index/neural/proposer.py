"""The neural proposer as a ``CandidateSource``: the network guides trials, the trials are solved against the lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, metric_subspace
from hybrid_index.neural.belief import Belief, LatticeBelief, believe
from hybrid_index.neural.guided import guided_trials
from hybrid_index.neural.labels import FAMILY_OF_CODE
from hybrid_index.neural.weights import Network, packaged_network
from hybrid_index.search.pool import Pool, Prepared
from hybrid_index.types import Budget, Candidate, PeakList
from hybrid_index.units import FloatArray

SHIFT_STEP_DEG = 0.03
"""Grid (degrees, at Cu Kα) on which shifts are supposed; windows allow for half of it."""
_LEAST_SHARE = 0.02
"""Lattices and shifts less probable than this are not tried."""
_TRIALS_BY_PARAMETERS = {1: 0.05, 2: 0.2, 3: 0.5, 4: 1.0, 6: 1.0}
"""Lattices of few parameters need fewer trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralProposer:
    """Trials guided by a trained network.

    Parameters
    ----------
    network
        Whose beliefs to follow; the one that comes with the package if not given.
    n_trials
        Trial lattices of four or six parameters, over all lattices and shifts that are tried.
    capacity
        Trials that are solved against the lines.
    most
        Candidates proposed.
    n_lattices, n_suppositions
        Most Bravais lattices the network is asked about; most pairs of lattice and shift that are tried.
    """

    name: str = "neural"
    network: Network | None = None
    n_trials: int = 4000
    capacity: int = 120
    most: int = 64
    n_lattices: int = 4
    n_suppositions: int = 8

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best lattices that the network's labels lead to; none if there is no network."""
        network = self.network or packaged_network()
        if network is None or budget.exhausted():
            return
        codes = np.array([b.code for b in BRAVAIS_LATTICES if b.crystal_system in limits.systems])
        belief = believe(network, peaks, codes=codes, most=self.n_lattices)
        by_shift: dict[float, list[tuple[LatticeBelief, float]]] = {}
        for shift, lattice, share in suppositions(belief, limits, peaks.wavelength_angstrom, self.n_suppositions):
            by_shift.setdefault(shift, []).append((lattice, share))
        for shift, beliefs in by_shift.items():
            moved = _moved(peaks, shift)
            ready, pool = Prepared.from_peaks(moved, limits), Pool(self.capacity)
            for lattice, share in beliefs:
                self._try(network, lattice, share, ready, limits, pool)
            for candidate in pool.candidates(ready.lines, limits, source=self.name, most=self.most):
                yield candidate.replace(zero_shift_deg=candidate.zero_shift_deg + shift)

    def _try(
        self, network: Network, lattice: LatticeBelief, share: float, ready: Prepared, limits: Settings, pool: Pool
    ) -> None:
        rows = network.vocabulary.rows[FAMILY_OF_CODE[lattice.code]].astype(np.float64)
        n_lines = min(len(lattice.labels), len(ready.windows.q))
        label_running = np.cumsum(lattice.labels[:n_lines], axis=1)
        label_running /= label_running[:, -1:]
        volume = limits.max_volume_angstrom3 * BRAVAIS_LATTICES[lattice.code].lattice_points
        w = ready.windows
        pool.size = guided_trials(
            np.uint64(limits.seed + lattice.code), round(self.n_trials * share * _TRIALS_BY_PARAMETERS[rows.shape[1]]),
            lattice.code, metric_subspace(BRAVAIS_LATTICES[lattice.code]), rows, label_running,
            np.cumsum(_readiness(lattice)[:n_lines]), w.q[:n_lines], w.q_max, volume**-2, w.table, w.bins_per_q,
            ready.odds, pool.scores, pool.rows, pool.size,
        )  # fmt: skip


def suppositions(
    belief: Belief, limits: Settings, wavelength_angstrom: float, most: int
) -> list[tuple[float, LatticeBelief, float]]:
    """The likeliest (shift in degrees, lattice, share of the trials), shares summing to 1."""
    step = SHIFT_STEP_DEG * min(1.0, wavelength_angstrom / 1.5)
    fixed = limits.fix_zero_shift_deg is not None
    found = []
    for lattice in belief.likely:
        if fixed:
            found.append((0.0, lattice, lattice.probability))
            continue
        reach = int(limits.zero_limit_deg / step)
        shifts = step * np.arange(-reach, reach + 1)
        weight = np.exp(-0.5 * ((shifts - lattice.shift_deg) / np.hypot(lattice.shift_esd_deg, 0.3 * step)) ** 2)
        total = weight.sum()
        if total > 0.0:
            found += [
                (float(z), lattice, lattice.probability * float(p)) for z, p in zip(shifts, weight / total, strict=True)
            ]
    found = sorted(found, key=lambda item: -item[2])[:most]
    found = [item for place, item in enumerate(found) if place == 0 or item[2] >= _LEAST_SHARE]
    total_share = sum(share for *_, share in found)
    return [(shift, lattice, share / total_share) for shift, lattice, share in found]


def _readiness(lattice: LatticeBelief) -> FloatArray:
    """How readily each line is taken as a base line: surely its own, and surely labelled."""
    return np.asarray((1.0 - lattice.foreign) * lattice.labels.max(axis=1) ** 0.7 + 1e-3)


def _moved(peaks: PeakList, shift_deg: float) -> PeakList:
    if shift_deg == 0.0:
        return peaks
    position = peaks.two_theta_deg - shift_deg
    inside = peaks.select((position > 0.05) & (position < 179.95))
    return inside.replace(two_theta_deg=inside.two_theta_deg - shift_deg)
