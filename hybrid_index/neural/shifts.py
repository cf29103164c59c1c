"""Which zero shifts to suppose for a list of lines, and how probable each is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.config import Settings
from hybrid_index.neural.numpy_operations import NumpyOperations
from hybrid_index.neural.shift_reader import GRID_DEG, shift_scores, spectra_of
from hybrid_index.neural.shift_spectrum import shift_unit
from hybrid_index.neural.weights import ShiftReader
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray

USUAL_SHARE, USUAL_DEG = 0.7, 0.06
"""Before any line is seen: share of instruments in good order, and the standard deviation of their shifts (Cu Kα);
all others have any shift within the limit."""
DISPLACEMENT_DEG = 0.1
"""The sample's displacement may shift lines by so much beyond the limit of the zero."""
_WINDOW = 3
"""Steps of the grid that one supposed shift stands for: searches and refinement bridge as much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShiftBelief:
    """What is believed of a list's shift: ``probability`` (k,) of each shift on an even grid ``shift_deg`` (k,)."""

    shift_deg: FloatArray
    probability: FloatArray

    @property
    def best_deg(self) -> float:
        """Mean over the likeliest neighbourhood."""
        first = int(np.argmax(np.convolve(self.probability, np.ones(_WINDOW), mode="same")))
        near = slice(max(first - _WINDOW // 2, 0), first + _WINDOW // 2 + 1)
        return float(np.average(self.shift_deg[near], weights=self.probability[near]))

    @property
    def esd_deg(self) -> float:
        """Standard deviation."""
        mean = self.probability @ self.shift_deg
        return float(np.sqrt(self.probability @ (self.shift_deg - mean) ** 2))

    def covers(self, shift_deg: float, share: float) -> bool:
        """Whether a shift lies in the smallest set of shifts that together have this probability."""
        order = np.argsort(-self.probability, kind="stable")
        n = int(np.searchsorted(np.cumsum(self.probability[order]), share)) + 1
        return bool(np.argmin(np.abs(self.shift_deg - shift_deg)) in order[:n])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SupposedShifts:
    """Shifts that stand for all that are possible, likeliest first.

    ``shift_deg`` (m,) in degrees; ``probability`` (m,) of the neighbourhood of each; they sum to 1.
    """

    shift_deg: FloatArray
    probability: FloatArray


def shift_belief(reader: ShiftReader, peaks: PeakList, settings: Settings) -> ShiftBelief:
    """Read the lines."""
    x = spectra_of(
        peaks.two_theta_deg[None],
        peaks.two_theta_esd_deg[None],
        np.array([peaks.wavelength_angstrom]),
        np.array([len(peaks)]),
    )
    scores = shift_scores(NumpyOperations(), reader.weights, reader.architecture, x)[0]
    return belief_of(scores, peaks.wavelength_angstrom, settings)


def belief_of(scores: npt.NDArray[np.float32], wavelength_angstrom: float, settings: Settings) -> ShiftBelief:
    """What the scores (N_SHIFTS,) of a list's shifts make of what is believed beforehand."""
    unit = float(shift_unit(wavelength_angstrom))
    shifts = GRID_DEG * unit
    share = np.exp(scores.astype(np.float64) - scores.max()) * prior(shifts, settings, unit)
    return ShiftBelief(shift_deg=shifts, probability=share / share.sum())


def prior(shift_deg: FloatArray, settings: Settings, unit: float) -> FloatArray:
    """What is believed of shifts (k,) on an even grid before the lines are read."""
    beyond = np.abs(shift_deg) - settings.zero_limit_deg
    allowed = np.clip(1.0 - beyond / (DISPLACEMENT_DEG * unit), 0.0, 1.0)
    usual = np.exp(-0.5 * (shift_deg / (USUAL_DEG * unit)) ** 2) * allowed
    return np.asarray(USUAL_SHARE * usual / usual.sum() + (1.0 - USUAL_SHARE) * allowed / allowed.sum())


def read_shifts(reader: ShiftReader, peaks: PeakList, settings: Settings) -> SupposedShifts:
    """Cover all possible shifts with neighbourhoods, one of them around no shift.

    Neighbourhoods around the likeliest shift itself find no more: a search bridges half of their width.
    """
    return supposed(shift_belief(reader, peaks, settings))


def supposed(belief: ShiftBelief) -> SupposedShifts:
    """The neighbourhoods of :func:`read_shifts`."""
    centres = np.arange(len(GRID_DEG) // 2 % _WINDOW, len(GRID_DEG), _WINDOW)
    within = np.convolve(belief.probability, np.ones(_WINDOW), mode="same")[centres]
    order = np.argsort(-within, kind="stable")[: np.count_nonzero(within)]
    return SupposedShifts(shift_deg=belief.shift_deg[centres][order], probability=within[order] / within.sum())
