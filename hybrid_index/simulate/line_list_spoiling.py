"""Kernels of the line lists: what a measurement makes of true lines, as ``conditions.draw_peak_list`` does it.

Shifts, foreign lines, merging, loss of weak lines, loss of some of the first twenty, noise, widths; in that order.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import inlined_kernel, kernel
from hybrid_index.random_stream import State, between, log_between, normals, uniform
from hybrid_index.simulate.conditions import FIRST_LINES, FOREIGN_INTENSITY
from hybrid_index.types import MIN_LINES
from hybrid_index.units import FloatArray

Int32Array = npt.NDArray[np.int32]

WIDTH_SCATTER = 0.05
"""Relative error of a fitted width."""
FOREIGN = -1
"""Marks a line that belongs to no reflection."""


class Work(NamedTuple):
    """Lines at work, ascending: position and FWHM in degrees, intensity, how far merged parts lie apart, uncertainty.

    ``origin`` is the number of the reflection. All have the same length; how many lines there are is told apart.
    """

    position: FloatArray
    intensity: FloatArray
    spread: FloatArray
    origin: Int32Array
    sigma: FloatArray
    fwhm: FloatArray


def workspace(room: int) -> Work:
    """Places for so many lines."""
    position, intensity, spread, sigma, fwhm = np.empty((5, room), dtype=np.float64)
    return Work(position, intensity, spread, np.empty(room, dtype=np.int32), sigma, fwhm)


@inlined_kernel
def _move(work: Work, source: int, target: int) -> None:
    """Copy a line to another place."""
    work.position[target] = work.position[source]
    work.intensity[target] = work.intensity[source]
    work.spread[target] = work.spread[source]
    work.origin[target] = work.origin[source]


@kernel
def add_foreign(state: State, n_foreign: int, weakest: float, work: Work, n: int) -> int:
    """Put foreign lines among the first twenty visible ones, in order; return the new number of lines."""
    if n == 0:
        return 0
    position, intensity = work.position, work.intensity
    strongest = 0.0
    for i in range(n):
        strongest = max(strongest, intensity[i])
    first, last, visible = -1.0, 0.0, 0
    for i in range(n):
        if intensity[i] >= weakest * strongest and visible < FIRST_LINES:
            visible += 1
            last = position[i]
            if first < 0.0:
                first = position[i]
    for _ in range(n_foreign):
        x = between(state, 0.8 * first, last)
        y = strongest * log_between(state, FOREIGN_INTENSITY[0], FOREIGN_INTENSITY[1])
        i = n
        while i > 0 and position[i - 1] > x:
            _move(work, i - 1, i)
            i -= 1
        position[i], intensity[i], work.origin[i] = x, y, FOREIGN
        n += 1
    return n


@kernel
def merge_near(merge: float, work: Work, n: int) -> int:
    """Merge lines nearer than *merge*, the nearest pair first, at their centre of gravity; return how many are left.

    Merging draws lines together and away from others, so runs of near lines do not hang together and are merged one by
    one. The stronger line of a pair gives its origin; ``spread`` gets how far apart the members are.
    """
    position, intensity, origin = work.position, work.intensity, work.origin
    m, start = 0, 0
    while start < n:
        stop = start + 1
        while stop < n and position[stop] - position[stop - 1] < merge:
            stop += 1
        width = position[stop - 1] - position[start]
        count = stop - start
        while count > 1:
            nearest, gap = -1, merge
            for i in range(start, start + count - 1):
                if position[i + 1] - position[i] < gap:
                    nearest, gap = i, position[i + 1] - position[i]
            if nearest < 0:
                break
            i, j = nearest, nearest + 1
            total = intensity[i] + intensity[j]
            position[i] = (position[i] * intensity[i] + position[j] * intensity[j]) / total
            origin[i] = origin[i] if intensity[i] >= intensity[j] else origin[j]
            intensity[i] = total
            for k in range(j, start + count - 1):
                _move(work, k + 1, k)
            count -= 1
        for i in range(start, start + count):
            _move(work, i, m)
            work.spread[m] = width if count == 1 else 0.0
            m += 1
        start = stop
    return m


@kernel
def lose_weak(weakest: float, work: Work, n: int) -> int:
    """Keep the lines above *weakest* times the strongest; return how many."""
    strongest = 0.0
    for i in range(n):
        strongest = max(strongest, work.intensity[i])
    m = 0
    for i in range(n):
        if work.intensity[i] >= weakest * strongest:
            _move(work, i, m)
            m += 1
    return m


@kernel
def lose_some(state: State, n_missing: int, work: Work, n: int) -> int:
    """Take lines of the lattice, each equally likely, from the first twenty; leave five. Return what is left."""
    own = 0
    for i in range(min(n, FIRST_LINES)):
        own += work.origin[i] != FOREIGN
    taken = 0
    for _ in range(min(n_missing, own - MIN_LINES)):
        which = int((own - taken) * uniform(state))
        for i in range(min(n, FIRST_LINES - taken)):
            if work.origin[i] == FOREIGN:
                continue
            if which == 0:
                for j in range(i, n - 1):
                    _move(work, j + 1, j)
                n -= 1
                taken += 1
                break
            which -= 1
    return n


@kernel
def measure(state: State, n: int, sigma: float, fade: float, widths: FloatArray, work: Work) -> None:
    """Give positions their errors and lines their widths, and sort them again.

    The uncertainty of a line is *sigma* times (I/I_max)^−fade; *widths* (3,) are the instrument's, the crystallites'
    and the strain's share of the FWHM: constant, over cosθ, times tanθ.
    """
    position, intensity, spread = work.position, work.intensity, work.spread
    origin, sigmas, fwhm = work.origin, work.sigma, work.fwhm
    strongest = 0.0
    for i in range(n):
        strongest = max(strongest, intensity[i])
    constant, size, strain = widths[0] ** 2, widths[1] ** 2, widths[2] ** 2
    second = 0.0
    for i in range(n):
        relative = intensity[i] / strongest
        sigmas[i] = sigma * relative**-fade if fade > 0.0 else sigma
        cosine2 = 0.5 * (1.0 + math.cos(math.radians(position[i])))
        square = constant + (size + strain * (1.0 - cosine2)) / cosine2 + spread[i] * spread[i]
        fwhm[i] = math.sqrt(square) * (1.0 + WIDTH_SCATTER * (2.0 * uniform(state) - 1.0))
        if i % 2 == 0:
            error, second = normals(state)
        else:
            error = second
        position[i] += sigmas[i] * error
        intensity[i] = relative
    for i in range(1, n):
        x, y, s, o, e, w = position[i], intensity[i], spread[i], origin[i], sigmas[i], fwhm[i]
        j = i - 1
        while j >= 0 and position[j] > x:
            _move(work, j, j + 1)
            sigmas[j + 1], fwhm[j + 1] = sigmas[j], fwhm[j]
            j -= 1
        position[j + 1], intensity[j + 1], spread[j + 1] = x, y, s
        origin[j + 1], sigmas[j + 1], fwhm[j + 1] = o, e, w
