"""Residuals that go together."""

from __future__ import annotations

import math

import numpy as np

from hybrid_index.units import FloatArray


def correlated_noise(residual: FloatArray) -> float:
    """How many points of the residuals (n,) speak as one: 1 for white noise, more where they go together.

    The sum of the autocorrelation up to where it first vanishes; J.-F. Bérar & P. Lelann, J. Appl. Cryst. 24 (1991) 1,
    doi:10.1107/S0021889890008391, correct uncertainties in the same spirit.
    """
    centred = residual - residual.mean()
    n = centred.size
    spectrum = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[:n]
    correlation = correlation / max(float(correlation[0]), 1.0e-300)
    noise = 2.0 / math.sqrt(n)
    below = np.flatnonzero(correlation < noise)
    return float(1.0 + 2.0 * np.sum(correlation[1 : below[0] if below.size else n]))
