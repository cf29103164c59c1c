"""The contest's score: 0.9 · accuracy − 0.1 · RMSE.

Accuracy is the share of the labelled lines that a line of the answered cell matches, averaged over samples; both stand
at true positions, and the lines of an answer are all that its lattice allows, with its centring. RMSE is the root of
the mean over samples of the squared differences, summed over a, b, c (Å) and α, β, γ (radians).

The contest compares cells number by number, so that the same lattice in another setting costs as much as a wrong one.
That is the score *as answered*; beside it stands the RMSE in the *nearest setting*, where each answer is turned into
the basis of its own lattice that comes nearest to the label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.nearest_setting import nearest_setting, squared_difference
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.units import FloatArray, q_from_two_theta, two_theta_from_q

WINDOWS_DEG = (0.1, 0.2)
"""The contest's window, and a wider one that forgives a shift that was told wrong."""
ACCURACY_WEIGHT, RMSE_WEIGHT = 0.9, 0.1
NO_ANSWER = Cell(a=10.0, b=10.0, c=10.0)
"""What stands for a missing answer in the RMSE, as somebody who knows nothing would have to hand in some cell; none of
its lines counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the metric says about one sample.

    Parameters
    ----------
    matched
        Share of the labelled lines that are matched, for each of :data:`WINDOWS_DEG`.
    squared_error
        Sum over the six parameters (Å, radians), as answered.
    nearest_error
        The same in the nearest setting of the answered lattice.
    """

    matched: tuple[float, ...]
    squared_error: float
    nearest_error: float


def marks(
    label: Cell, two_theta_deg: FloatArray, answer: Cell | None, lattice: BravaisLattice, wavelength_angstrom: float
) -> Marks:
    """Mark an answer.

    Parameters
    ----------
    label
        The stated cell.
    two_theta_deg
        Shape (n,), true positions of the labelled lines.
    answer, lattice
        The answered cell (``None``: there is none) and its Bravais lattice.
    wavelength_angstrom
        Of the positions.
    """
    if answer is None:
        missing = squared_difference(NO_ANSWER, label)
        return Marks(matched=(0.0,) * len(WINDOWS_DEG), squared_error=missing, nearest_error=missing)
    q_max = float(q_from_two_theta(float(two_theta_deg.max()) + 2.0 * max(WINDOWS_DEG), wavelength_angstrom))
    lines = two_theta_from_q(enumerate_reflections(answer.metric, lattice, q_max).q, wavelength_angstrom)
    error = squared_difference(answer, label)
    turned = nearest_setting(primitive_gram(answer, lattice), label)
    return Marks(
        matched=tuple(share_matched(two_theta_deg, lines, window) for window in WINDOWS_DEG),
        squared_error=error,
        nearest_error=error if turned is None else min(error, squared_difference(turned, label)),
    )


def share_matched(labelled_deg: FloatArray, calculated_deg: FloatArray, window_deg: float) -> float:
    """Share of the labelled lines (n,) with a calculated one (m,), ascending, no further away than the window."""
    if not calculated_deg.size:
        return 0.0
    above = np.searchsorted(calculated_deg, labelled_deg)
    distances = [
        np.abs(calculated_deg[np.clip(above + step, 0, calculated_deg.size - 1)] - labelled_deg) for step in (-1, 0)
    ]
    return float(np.mean(np.minimum(*distances) <= window_deg))


def accuracy(given: Sequence[Marks], window: int = 0) -> float:
    """Mean share of matched lines, for the window of that number."""
    return sum(m.matched[window] for m in given) / len(given)


def rmse(given: Sequence[Marks], *, nearest: bool = False) -> float:
    """Root of the mean over samples of the summed squared errors."""
    return math.sqrt(sum(m.nearest_error if nearest else m.squared_error for m in given) / len(given))


def score(given: Sequence[Marks], *, nearest: bool = False, window: int = 0) -> float:
    """The contest's score of a set of samples."""
    return ACCURACY_WEIGHT * accuracy(given, window) - RMSE_WEIGHT * rmse(given, nearest=nearest)
