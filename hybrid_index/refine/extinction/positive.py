"""The evidence of overlapping intensities that cannot be negative: a compiled expectation propagation.

The likelihood of the intensities x of lines that overlap is exp(−½ xᵀHx + bᵀx). Before the pattern is looked at, each
is a mixture of exponentials (acentric Wilson statistics, and some that are much weaker). The integral of the product
over all positive intensities is found by expectation propagation: T. P. Minka, Proc. 17th Conf. Uncertainty in
Artificial Intelligence (2001) 362, arXiv:1301.2294. For one intensity it is exact.
"""

from __future__ import annotations

import math

import numpy as np

from hybrid_index.compiled import kernel
from hybrid_index.units import FloatArray

WILSON_SHARE: FloatArray = np.array([0.85, 0.10, 0.05])
WILSON_SCALE: FloatArray = np.array([1.15, 0.2, 0.02])
"""Share and mean of three kinds of intensities, in units of what is expected; as real structures have them."""
_MOST_SWEEPS = 40
_AT_REST = 1.0e-4
_LEAST_PRECISION = 1.0e-9
_LOG_2PI = math.log(2.0 * math.pi)
_ROOT_2 = math.sqrt(2.0)


@kernel
def _scaled_erfc(x: float) -> float:
    """exp(x²) erfc(x)."""
    if x < 20.0:
        return math.exp(x * x) * math.erfc(x)
    square = 1.0 / (2.0 * x * x)
    return (1.0 - square * (1.0 - 3.0 * square)) / (x * math.sqrt(math.pi))


@kernel
def tilted(mean: float, variance: float, expected: float) -> tuple[float, float, float]:
    """A normal distribution times the prior of an intensity: logarithm of its integral, its mean and variance."""
    root = math.sqrt(variance)
    logs, means, squares = np.empty(3), np.empty(3), np.empty(3)
    for k in range(3):
        scale = WILSON_SCALE[k] * expected
        shifted = mean - variance / scale
        z = shifted / root
        if z > 5.0:
            area = 1.0 - 0.5 * math.erfc(z / _ROOT_2)
            logs[k] = -mean / scale + 0.5 * variance / scale**2 + math.log(area)
            hazard = math.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * area)
        else:
            half = 0.5 * _scaled_erfc(-z / _ROOT_2)
            logs[k] = -0.5 * mean * mean / variance + math.log(half)
            hazard = 1.0 / (math.sqrt(2.0 * math.pi) * half)
        logs[k] += math.log(WILSON_SHARE[k] / scale)
        if z < -30.0:  # what follows would be differences of equal numbers
            means[k] = root / -z
            squares[k] = 2.0 * means[k] ** 2
        else:
            means[k] = shifted + root * hazard
            squares[k] = variance + shifted * means[k]
    top = logs.max()
    shares = np.exp(logs - top)
    total = shares.sum()
    first = (shares * means).sum() / total
    second = (shares * squares).sum() / total
    return top + math.log(total), first, max(second - first * first, 1.0e-12 * second)


@kernel
def log_evidence(
    information: FloatArray, gradient: FloatArray, expected: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Logarithm of the integral over all positive intensities, and their means and variances (n,) under it.

    Parameters
    ----------
    information, gradient
        H (n, n) and b (n,) of the likelihood; each intensity must have some information.
    expected
        Shape (n,), mean of each intensity before the pattern is looked at.
    """
    n = gradient.size
    unit = np.sqrt(np.diag(information))
    precision_matrix = information / np.outer(unit, unit)
    pull = gradient / unit
    scale = expected * unit
    precision, shift = np.empty(n), np.zeros(n)
    for i in range(n):
        precision[i] = min(max(scale[i] ** -2.0, 1.0e-6), 1.0e12)
    log_site, before = np.zeros(n), -np.inf
    total = -np.inf
    covariance = np.empty((n, n))
    mean = np.empty(n)
    for _ in range(_MOST_SWEEPS):
        covariance = np.linalg.inv(precision_matrix + np.diag(precision))
        mean = covariance @ (pull + shift)
        for i in range(n):
            own, own_shift = 1.0 / covariance[i, i], mean[i] / covariance[i, i]
            cavity = max(own - precision[i], _LEAST_PRECISION)
            cavity_shift = own_shift - shift[i]
            _, tilted_mean, tilted_variance = tilted(cavity_shift / cavity, 1.0 / cavity, scale[i])
            new = max(1.0 / tilted_variance - cavity, _LEAST_PRECISION)
            new_shift = tilted_mean * (new + cavity) - cavity_shift
            change, shift_change = new - precision[i], new_shift - shift[i]
            precision[i], shift[i] = new, new_shift
            column = covariance[:, i].copy()
            covariance -= np.outer(column, column) * (change / (1.0 + change * column[i]))
            mean += column * ((shift_change - change * mean[i]) / (1.0 + change * column[i]))
        full = precision_matrix + np.diag(precision)
        covariance = np.linalg.inv(full)
        mean = covariance @ (pull + shift)
        total = 0.5 * float(np.dot(pull + shift, mean)) - 0.5 * np.linalg.slogdet(full)[1] + 0.5 * n * _LOG_2PI
        for i in range(n):
            own, own_shift = 1.0 / covariance[i, i], mean[i] / covariance[i, i]
            cavity = max(own - precision[i], _LEAST_PRECISION)
            cavity_shift = own_shift - shift[i]
            log_site[i], _, _ = tilted(cavity_shift / cavity, 1.0 / cavity, scale[i])
            total += log_site[i]
            total += 0.5 * (cavity_shift**2 / cavity - math.log(cavity))
            total -= 0.5 * ((cavity_shift + shift[i]) ** 2 / (cavity + precision[i]) - math.log(cavity + precision[i]))
        if abs(total - before) < _AT_REST:
            break
        before = total
    return total, mean / unit, np.diag(covariance) / unit**2
