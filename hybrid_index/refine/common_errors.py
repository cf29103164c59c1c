"""Errors that neighbouring lines have in common.

What aberrations, and the wrong shape of a fitted peak, do to one line they do to its neighbours too, and it grows with
the width of the peaks. Beyond what a zero shift and a displacement take up, such errors do not show in the misfit,
however many lines there are; uncertainties that leave them out are too small, most of all where lines are many (J. F.
Bérar & P. Lelann, J. Appl. Cryst. 24 (1991) 1, doi:10.1107/S0021889890008391, on the same in whole patterns).
"""

from __future__ import annotations

import numpy as np

from hybrid_index.units import FloatArray

SHARE_OF_FWHM = 0.06
"""Standard deviation of the common error, as a share of the peak's width."""
REACH_DEG = 15.0
"""At this distance (2θ) the correlation of these errors is e^(−1/2). Both figures were set on the measured patterns of
the benchmark, so that intervals hold nearly what they say (docs/accuracy.md)."""


def common_covariance(two_theta_deg: FloatArray, fwhm_deg: FloatArray) -> FloatArray:
    """Covariance (k, k), degrees², of the errors that lines at *two_theta_deg* (k,) have in common.

    *fwhm_deg* (k,) is the width of the peaks. Of lines whose width is not known, as in a typed list, nothing is known
    but the uncertainty that is stated, and they have none.
    """
    spread = SHARE_OF_FWHM * np.nan_to_num(fwhm_deg)
    apart = (two_theta_deg[:, None] - two_theta_deg) / REACH_DEG
    return np.asarray(spread[:, None] * spread * np.exp(-0.5 * apart**2), dtype=np.float64)
