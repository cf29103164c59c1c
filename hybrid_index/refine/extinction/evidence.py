"""How well a pattern agrees with each extinction symbol of its lattice.

After A. J. Markvardsen, W. I. F. David, J. C. Johnson & K. Shankland, Acta Cryst. A57 (2001) 47,
doi:10.1107/S0108767300012174: intensities that a symbol calls absent are zero, the others follow Wilson's statistics,
and the likelihood of the whole pattern is integrated over them, overlaps included. What is added here:

- **Sets.** Lines that the same symbols call absent make a set, as all h0l with l odd. Where a set is present, its lines
  are not independent: heavy atoms on special positions, or a structure that is nearly more symmetric, make all of them
  weak together. So each set has a mean of its own, of any order of magnitude; a whole zone of faint lines tells little.
- **Foreign lines.** Any cluster of overlapping lines may hold, at a bounded price, something that is not the phase's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hybrid_index.refine.extinction.observed import Observed
from hybrid_index.refine.extinction.positive import log_evidence
from hybrid_index.refine.extinction.table import ExtinctionSymbol
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

SCALES: FloatArray = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
SCALE_SHARES: FloatArray = np.array([0.01, 0.015, 0.025, 0.06, 0.2, 0.44, 0.2, 0.05])
"""Mean intensity of a set that is present, in units of that of general reflections, and how often it is so.

The shares are rounded from the 454 sets of 192 known structures."""
_TYPICAL = int(np.argmax(SCALE_SHARES))
RESIDUE, RESIDUE_SHARE = 0.001, 0.3
"""A set that is absent seems to have this mean where line shapes are not quite right, and how often that is so."""
FOREIGN_SCALES: FloatArray = np.array([0.01, 0.3])
FOREIGN_SHARES: FloatArray = np.array([5.0e-3, 3.0e-4])
"""How strong foreign lines are, in units of what is usual there, and how often one lies on a line that is absent."""
_SMOOTHING = 0.12
"""Of the mean intensity, as a share of the range of Q."""
_FEW = 8
"""Fewer general lines than this do not tell what intensities are usual."""
_ROUNDS = 3


class Evidence:
    """The likelihoods of all symbols of a lattice under one pattern.

    Parameters
    ----------
    observed
        The pattern's say.
    symbols
        All extinction symbols of the lattice.

    Attributes
    ----------
    absent
        Shape (s, m): which lines each symbol calls absent; foreign lines never are.
    mean, variance
        Shape (m,): intensities if none is absent, all of them positive.
    expected
        Shape (m,): what they would be on average if present.
    """

    def __init__(self, observed: Observed, symbols: Sequence[ExtinctionSymbol]) -> None:
        self._observed = observed
        own = np.flatnonzero(observed.row >= 0)
        self.absent = np.zeros((len(symbols), observed.row.size), dtype=np.bool_)
        for row, symbol in zip(self.absent, symbols, strict=True):
            row[own] = np.logical_and.reduceat(symbol.absent(observed.reflections), observed.first[own])
        self._set = self._sets()
        self._scale = np.full(self._set.max(initial=-1) + 1, _TYPICAL, dtype=np.int64)
        self._kept: dict[tuple[int, bytes], float] = {}
        self.mean, self.variance = observed.start.copy(), np.zeros(observed.row.size)
        self.expected = self._usual()
        for _ in range(_ROUNDS):
            self._relax()
        self._present_price, self._absent_price, self._residue = self._scaled()

    def log_likelihoods(self) -> FloatArray:
        """Natural logarithms of the likelihoods (s,), but for a common constant."""
        found = np.zeros(len(self.absent))
        for i, absent in enumerate(self.absent):
            for number, cluster in enumerate(self._observed.clusters):
                found[i] += self._with_foreign(number, absent[cluster])
            gone = np.isin(np.arange(self._scale.size), self._set[absent])
            found[i] += np.where(gone, self._absent_price, self._present_price).sum()
        return found

    def _with_foreign(self, number: int, absent: npt.NDArray[np.bool_]) -> float:
        pure = self._of_cluster(number, absent)
        if not absent.any():
            return pure
        foreign = np.log(FOREIGN_SHARES * absent.sum())
        foreign += [self._of_cluster(number, absent, float(scale)) for scale in FOREIGN_SCALES]
        return float(np.logaddexp.reduce([pure, *foreign]))

    def _sets(self) -> IntArray:
        """Number of each line's set (m,); −1 for general ones, which no symbol calls absent."""
        patterns, number = np.unique(self.absent.T, axis=0, return_inverse=True)
        names = np.full(len(patterns), -1, dtype=np.int64)
        special = patterns.any(axis=1)
        names[special] = np.arange(special.sum())
        return np.asarray(names[number.reshape(-1)], dtype=np.int64)

    def _usual(self) -> FloatArray:
        """Mean intensity (m,) of general lines near each line, for its multiplicity and Lorentz-polarisation."""
        at = self._observed
        theta = np.radians(at.two_theta_deg) / 2.0
        factor = at.multiplicity * (1.0 + np.cos(2.0 * theta) ** 2) / (np.sin(theta) ** 2 * np.cos(theta))
        known = (self._set < 0) & (at.row >= 0)
        if known.sum() < _FEW:  # then those of the others that are seen
            known |= (at.row >= 0) & (self.mean > 3.0 * np.sqrt(self.variance))
        if not known.any():
            known = at.row >= 0
        distance = (at.q[known][None] - at.q[:, None]) / (_SMOOTHING * float(np.ptp(at.q)) + 1.0e-300)
        near = np.exp(-0.5 * np.minimum(distance**2, 100.0)) * factor[known]
        usual = near @ (self.mean[known] / factor[known]) / near.sum(axis=1)
        usual[at.row < 0] = 1.0
        expected = np.where(at.row >= 0, usual * factor, np.maximum(self.mean, 1.0e-300))
        least = 0.01 / np.sqrt(np.diag(at.information))  # a pattern of nothing but noise expects nothing
        return np.asarray(np.maximum(expected, least), dtype=np.float64)

    def _relax(self) -> None:
        """Work out the intensities from what is expected, and what is expected from the intensities."""
        for cluster in self._observed.clusters:
            _, mean, variance = self._solve(cluster, cluster, self.expected[cluster])
            self.mean[cluster], self.variance[cluster] = mean, variance
        self.expected = self._usual()

    def _scaled(self) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        """Choose the most likely mean of each set.

        Returns
        -------
        present_price, absent_price
            Natural logarithms (g,): what not knowing it beforehand costs, if the set is present, and if it is absent.
        residue
            Which sets (g,) leave something even if they are absent.
        """
        n = self._scale.size
        present_price, absent_price, residue = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.bool_)
        clusters = [
            [i for i, cluster in enumerate(self._observed.clusters) if (self._set[cluster] == number).any()]
            for number in range(n)
        ]
        self._residue = residue
        for _ in range(2):
            for number, touched in enumerate(clusters):
                logs = np.log(SCALE_SHARES)
                for k in range(SCALES.size):
                    self._scale[number] = k
                    logs[k] += sum(self._of_cluster(i) for i in touched)
                best = int(np.argmax(logs))
                self._scale[number] = best
                present_price[number] = np.logaddexp.reduce(logs) - (logs[best] - math.log(SCALE_SHARES[best]))
        for number, touched in enumerate(clusters):
            both = np.log([1.0 - RESIDUE_SHARE, RESIDUE_SHARE])
            shares = both.copy()
            for k in range(2):
                residue[number] = bool(k)
                both[k] += sum(self._of_cluster(i, self._set[self._observed.clusters[i]] == number) for i in touched)
            best = int(np.argmax(both))
            residue[number] = bool(best)
            absent_price[number] = np.logaddexp.reduce(both) - (both[best] - shares[best])
        return present_price, absent_price, residue

    def _of_cluster(self, number: int, absent: npt.NDArray[np.bool_] | None = None, foreign: float = 0.0) -> float:
        """Log-likelihood of a cluster; where lines are absent, something *foreign* of a usual strength may be."""
        cluster = self._observed.clusters[number]
        sets = self._set[cluster]
        special = sets >= 0
        scale = np.ones(cluster.size)
        scale[special] = SCALES[self._scale[sets[special]]]
        if absent is not None:
            scale[absent] = foreign or np.where(self._residue[sets[absent]], RESIDUE, 0.0)
        present = scale > 0.0
        if not present.any():
            return 0.0
        key = (number, scale.tobytes())
        if key not in self._kept:
            kept = cluster[present]
            self._kept[key] = self._solve(kept, cluster, (self.expected[cluster] * scale)[present])[0]
        return self._kept[key]

    def _solve(self, kept: IntArray, cluster: IntArray, expected: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Integrate over the kept lines of a cluster, the lines of all other clusters held at their means."""
        at = self._observed
        held = at.information[kept] @ self.mean - at.information[np.ix_(kept, cluster)] @ self.mean[cluster]
        return log_evidence(
            np.ascontiguousarray(at.information[np.ix_(kept, kept)]), at.gradient[kept] - held, expected
        )
