"""Levenberg–Marquardt for a group of peaks, compiled: a pattern takes a hundred fits and more.

Damping after H. B. Nielsen, Damping parameter in Marquardt's method (report IMM-REP-1999-05, Technical University of
Denmark, 1999): it follows how well the last step was predicted. Each parameter is damped on its own scale
(D. W. Marquardt, J. Soc. Ind. Appl. Math. 11 (1963) 431, doi:10.1137/0111030).
"""

from __future__ import annotations

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.peaks.profile import N_SHARED, SHARED_LIMITS, Window, residuals
from hybrid_index.units import FloatArray

_LEAST_DAMPING, _MOST_DAMPING = 1.0e-9, 1.0e12
_FALL = 5.0
"""The damping falls at most by this factor from one step to the next."""
_MAX_EVALUATIONS = 60
_ROUNDING = 1.0e-9


@kernel
def _step_within_limits(
    normal: FloatArray, downhill: FloatArray, damping: float, best: FloatArray, scale: FloatArray
) -> FloatArray:
    """The damped step (m,), in units of 1/*scale*; what would leave its limits goes to them, the others follow suit."""
    left = normal + damping * np.eye(best.size)
    right = downhill.copy()
    step = np.zeros(best.size)
    for _ in range(N_SHARED):
        step[:] = np.linalg.solve(left, right)
        beyond = False
        for j in range(N_SHARED):
            end = min(max(best[j] + step[j] / scale[j], SHARED_LIMITS[j, 0]), SHARED_LIMITS[j, 1])
            to_end = (end - best[j]) * scale[j]
            if abs(step[j] - to_end) > _ROUNDING * scale[j]:
                beyond = True
                right -= left[:, j] * to_end
                left[j], left[:, j] = 0.0, 0.0
                left[j, j], right[j] = 1.0, to_end
        if not beyond:
            break
    return step


@kernel
def fit_peaks(
    start: FloatArray, window: Window, damping: float, enough: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Fit the parameters (m,) of a group from *start* until χ² falls by no more than the share *enough*.

    *damping* is that of the first step.

    Returns
    -------
    parameters, residuals, slopes
        (m,), (n + N_SHARED,) and (m, n + N_SHARED), where the fit ended. They are not finite where it started from
        what is not.
    """
    best = start.copy()
    left, slopes = residuals(best, window)
    chi2 = np.dot(left, left)
    growth = 2.0
    normal, downhill = np.dot(slopes, slopes.T), -np.dot(slopes, left)
    for _ in range(_MAX_EVALUATIONS):
        scale = np.sqrt(np.diag(normal))
        scale[scale == 0.0] = 1.0
        if not np.isfinite(chi2) or not np.all(np.isfinite(scale)) or damping > _MOST_DAMPING:
            break
        scaled, towards = normal / np.outer(scale, scale), downhill / scale
        step = _step_within_limits(scaled, towards, damping, best, scale)
        predicted = 2.0 * np.dot(step, towards) - np.dot(step, np.dot(scaled, step))
        trial = best + step / scale
        trial_left, trial_slopes = residuals(trial, window)
        trial_chi2 = np.dot(trial_left, trial_left)
        gain = chi2 - trial_chi2
        if gain > 0.0:
            done = gain <= enough * chi2 and predicted <= enough * chi2
            best, left, slopes, chi2 = trial, trial_left, trial_slopes, trial_chi2
            normal, downhill = np.dot(slopes, slopes.T), -np.dot(slopes, left)
            damping = max(damping * max(1.0 / _FALL, 1.0 - (2.0 * gain / predicted - 1.0) ** 3), _LEAST_DAMPING)
            growth = 2.0
            if done:
                break
        else:
            if predicted <= enough * chi2:
                break
            damping *= growth
            growth *= 2.0
    return best, left, slopes
