"""Random numbers by counting: the i-th list of a seed is the same on any number of threads, in any order.

The generator is splitmix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195): a Weyl sequence through a mixing
function. A key may be any counter, so a stream is opened at once anywhere, and a number that belongs to a reflection
is a hash of its indices.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import inlined_kernel, kernel

State = npt.NDArray[np.uint64]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)
_UNIT = 1.0 / (1 << 53)


@inlined_kernel
def mixed(x: np.uint64) -> np.uint64:
    """Finalizer of splitmix64: every bit of the result hangs on every bit of *x*."""
    x = (x ^ (x >> _S30)) * _MIX1
    x = (x ^ (x >> _S27)) * _MIX2
    return x ^ (x >> _S31)


@inlined_kernel
def key_of(parent: np.uint64, counter: np.uint64) -> np.uint64:
    """Key of the sub-stream number *counter* of *parent*."""
    return mixed(parent + (counter + np.uint64(1)) * _GAMMA)


@inlined_kernel
def unit(x: np.uint64) -> float:
    """Uniform number in the open interval (0, 1) from the upper 53 bits."""
    return (float(x >> _S11) + 0.5) * _UNIT


@inlined_kernel
def uniform(state: State) -> float:
    """Next uniform number in (0, 1) of a stream; *state* (1,) is its counter."""
    state[0] += _GAMMA
    return unit(mixed(state[0]))


@kernel
def normals(state: State) -> tuple[float, float]:
    """Next two standard normal numbers (Box & Muller 1958, doi:10.1214/aoms/1177706645)."""
    radius = math.sqrt(-2.0 * math.log(uniform(state)))
    angle = 2.0 * math.pi * uniform(state)
    return radius * math.cos(angle), radius * math.sin(angle)


@kernel
def between(state: State, low: float, high: float) -> float:
    """Uniform between two limits."""
    return low + (high - low) * uniform(state)


@kernel
def log_between(state: State, low: float, high: float) -> float:
    """Log-uniform between two positive limits."""
    return low * math.pow(high / low, uniform(state))


@kernel
def choice(state: State, cumulative: npt.NDArray[np.float64], start: int, stop: int) -> int:
    """Index in start..stop−1, with probabilities whose running sum within that range ends at 1."""
    u = uniform(state)
    for i in range(start, stop - 1):
        if u < cumulative[i]:
            return i
    return stop - 1
