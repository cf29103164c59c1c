"""What the network sees of a list of lines: numbers that do not change with the size of the cell, and its scale.

Ratios and differences of Q are what indexing lives on, so each line brings waves (Fourier features) of Q and log Q,
relative to the last line used: their products are functions of ratios and differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hybrid_index.neural.coincidences import N_COINCIDENCES, coincidences
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray, dq_d_two_theta, q_from_two_theta

Floats = npt.NDArray[np.float32]

LINES = 20
"""Lines that the network sees, from the first."""
RATIO_WAVES = (0.05, 200.0, 12)
DIFFERENCE_WAVES = (0.1, 400.0, 12)
"""Lowest and highest wave number, in cycles per unit of log Q and of Q/Q_last, and how many of them."""
N_PLAIN = 6
N_LIST = 5
N_LINE = 2 * (RATIO_WAVES[2] + DIFFERENCE_WAVES[2]) + N_PLAIN + 2 * N_COINCIDENCES
N_PAIR = 2 * (RATIO_WAVES[2] + DIFFERENCE_WAVES[2]) + N_COINCIDENCES
_RATIO_PHASES, _DIFFERENCE_PHASES = (2.0 * np.pi * np.geomspace(*waves) for waves in (RATIO_WAVES, DIFFERENCE_WAVES))
_FAINTEST = 1e-4
_SMALLEST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """A batch of n lists for the network: float32 arrays of numpy, or tensors.

    ``lines`` (n, LINES, N_LINE), ``pairs`` (n, LINES, LINES, N_PAIR), ``whole`` (n, N_LIST) what belongs to the list;
    ``listed`` (n, LINES), 1 where there is a line.
    """

    lines: Any
    pairs: Any
    whole: Any
    listed: Any


def features(
    two_theta_deg: FloatArray,
    intensity: npt.NDArray[np.floating],
    sigma_deg: npt.NDArray[np.floating],
    wavelength_angstrom: FloatArray,
    count: npt.NDArray[np.integer],
) -> Features:
    """Features of lists: columns (n, m) with ``count`` (n,) lines each, m at least ``LINES``; wavelengths (n,) in Å."""
    n = np.minimum(count, LINES)
    listed = np.arange(LINES) < n[:, None]
    two_theta = np.where(listed, two_theta_deg[:, :LINES], 0.0)
    q = q_from_two_theta(two_theta, 1.0) / wavelength_angstrom[:, None] ** 2
    last = q[np.arange(len(n)), n - 1]
    share = q / last[:, None]
    ratio = np.log(np.maximum(share, _SMALLEST))
    strongest = np.max(np.where(listed, intensity[:, :LINES], 0.0), axis=1, keepdims=True)
    relative = np.where(listed, intensity[:, :LINES], 0.0) / np.maximum(strongest, 1e-30)
    sigma = np.where(listed, np.maximum(sigma_deg[:, :LINES], 1e-4), 0.01)
    ratio_waves, difference_waves = _waves(ratio, _RATIO_PHASES), _waves(share, _DIFFERENCE_PHASES)
    plain = [
        share,
        ratio,
        np.log(np.maximum(relative, _FAINTEST)) / 3.0,
        np.log(sigma / 0.01),
        two_theta / 90.0,
        listed,
    ]
    slope = dq_d_two_theta(two_theta, 1.0) / wavelength_angstrom[:, None] ** 2
    sums = coincidences(q, slope * sigma, slope, n.astype(np.int64))
    own, all_of_it = np.diagonal(sums, axis1=1, axis2=2).swapaxes(1, 2), 0.3 * sums.sum(axis=2)
    lines = np.concatenate([*ratio_waves, *difference_waves, np.stack(plain, axis=-1), own, all_of_it], axis=-1)
    pairs = np.concatenate([*_differences(*ratio_waves), *_differences(*difference_waves), sums], axis=-1)
    end = two_theta[np.arange(len(n)), n - 1]
    whole = np.stack([0.5 * np.log(last), wavelength_angstrom, n / LINES, two_theta[:, 0] / 30.0, end / 90.0], axis=-1)
    return Features(
        lines=lines.astype(np.float32),
        pairs=pairs.astype(np.float32),
        whole=whole.astype(np.float32),
        listed=listed.astype(np.float32),
    )


def features_of(*lists: PeakList) -> Features:
    """Features of lists of lines, as one batch."""
    count = np.array([min(len(peaks), LINES) for peaks in lists])

    def column(name: str) -> FloatArray:
        out = np.zeros((len(lists), LINES))
        for row, n, peaks in zip(out, count, lists, strict=True):
            row[:n] = getattr(peaks, name)[:n]
        return out

    wavelengths = np.array([peaks.wavelength_angstrom for peaks in lists])
    return features(column("two_theta_deg"), column("intensity"), column("two_theta_esd_deg"), wavelengths, count)


def _waves(x: FloatArray, phases: FloatArray) -> tuple[Floats, Floats]:
    """Sines and cosines (..., k) of x (...) times phases (k,) per unit."""
    phase = ((phases * x[..., None]) % (2.0 * np.pi)).astype(np.float32)
    return np.sin(phase), np.cos(phase)


def _differences(sine: Floats, cosine: Floats) -> tuple[Floats, Floats]:
    """Sines and cosines (n, m, m, k) of differences, from those (n, m, k) of the terms."""
    a, b, c, d = sine[:, :, None], cosine[:, :, None], sine[:, None], cosine[:, None]
    return a * d - b * c, b * d + a * c
