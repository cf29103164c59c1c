"""The slow part of a pattern: air scatter, fluorescence, amorphous humps.

Asymmetrically reweighted penalised least squares, S.-J. Baek et al., Analyst 140 (2015) 250, doi:10.1039/C4AN01061B,
in units of the noise, on a grid just fine enough for the narrowest structure that is still background.
"""

from __future__ import annotations

import numpy as np

from hybrid_index.units import FloatArray

CUTOFF_FWHM = 40.0
"""Structure longer than this many peak widths is background."""
_MIN_CUTOFF_SPAN = 1.0 / 12.0
_POINTS_PER_CUTOFF = 25
_MAX_ITERATIONS = 50


def fit_background(two_theta_deg: FloatArray, intensity: FloatArray, sigma: FloatArray, fwhm_deg: float) -> FloatArray:
    """Background under the peaks, shape (n,), for peaks of about *fwhm_deg*.

    Parameters
    ----------
    two_theta_deg, intensity, sigma
        Shape (n,): the pattern and its noise.
    fwhm_deg
        Typical full width at half maximum of the peaks, degrees.
    """
    from pybaselines import Baseline

    span = float(two_theta_deg[-1] - two_theta_deg[0])
    cutoff = min(max(CUTOFF_FWHM * fwhm_deg, _MIN_CUTOFF_SPAN * span), span)
    block = max(1, int(two_theta_deg.size * cutoff / span / _POINTS_PER_CUTOFF))
    edges = np.arange(0, two_theta_deg.size, block)
    count = np.diff(np.append(edges, two_theta_deg.size))
    x = np.add.reduceat(two_theta_deg, edges) / count
    scale = np.add.reduceat(sigma, edges) / count
    # The square root levels out the noise of a background that falls steeply at low angle.
    level = np.add.reduceat(intensity, edges) / count
    offset = float(np.median(scale)) + max(0.0, -float(level.min()))
    lam = (_POINTS_PER_CUTOFF / (2.0 * np.pi)) ** 4 * max(1.0, (cutoff / span * edges.size / _POINTS_PER_CUTOFF) ** 4)
    baseline, _ = Baseline(x_data=x, check_finite=False).arpls(
        np.sqrt(level + offset), lam=lam, max_iter=_MAX_ITERATIONS, tol=1.0e-3
    )
    smooth = np.maximum(baseline, 0.0) ** 2 - offset
    return np.asarray(np.interp(two_theta_deg, x, smooth), dtype=np.float64)
