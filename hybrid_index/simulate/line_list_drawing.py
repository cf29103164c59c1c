"""Kernel of the line lists: one list after the other, from the random cell to the measured lines."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import inlined_kernel, kernel
from hybrid_index.random_stream import State, between, choice, key_of, log_between, uniform
from hybrid_index.simulate.conditions import FIRST_LINES, LADDER_DEG, MAX_LINES
from hybrid_index.simulate.crystal_kernels import crystal_reflections
from hybrid_index.simulate.line_list_kernels import (
    CAPACITY,
    Reflections,
    draw_scattering,
    expected_q,
    sort_by_q,
    strong_reflections,
)
from hybrid_index.simulate.line_list_settings import RANGE_NAMES
from hybrid_index.simulate.line_list_spoiling import (
    FOREIGN,
    Work,
    add_foreign,
    lose_some,
    lose_weak,
    measure,
    merge_near,
)
from hybrid_index.simulate.line_list_tables import KernelTables
from hybrid_index.simulate.random_lattices import metric_of, random_gram
from hybrid_index.types import MIN_LINES, IntArray
from hybrid_index.units import FloatArray

FIRST_GUESS = 100.0
"""Lines that a lattice is first listed to, by volume; many are absent, weak or merged."""
GROWTH = 1.8
"""By how much the list is extended where it has too few lines."""
MARGIN = 36
"""Lines beyond those wanted that take part in merging."""
ROOM = 4 * MAX_LINES
"""Places for lines at work, foreign ones among them."""
WEAKER = 0.3
"""Lines down to this share of the weakest visible one are kept until lines are merged: together they may be seen."""
MAX_ATTEMPTS = 16
"""Crystals that are tried until one shows five lines in the range of the measurement."""

(
    _MIN, _MAX, _ZERO, _DISPLACEMENT, _RADIUS, _SIGMA, _FADE,
    _MERGE, _WEAKEST, _MISSING, _FOREIGN, _INSTRUMENT, _SIZE, _STRAIN, _CONTRAST, _, _, _THERMAL,
) = range(len(RANGE_NAMES))  # fmt: skip
_LADDER = np.array(LADDER_DEG, dtype=np.float64)
NO_CLASS = -1
"""Stands for the extinction class of a known crystal."""


class LineColumns(NamedTuple):
    """Columns of ``LineLists`` with one number for each line."""

    two_theta_deg: FloatArray
    intensity: npt.NDArray[np.float32]
    sigma_deg: npt.NDArray[np.float32]
    fwhm_deg: npt.NDArray[np.float32]
    hkl: npt.NDArray[np.int16]
    foreign: npt.NDArray[np.bool_]


class ListColumns(NamedTuple):
    """Columns of ``LineLists`` with one number, or one vector, for each list."""

    metric: FloatArray
    lattice: IntArray
    extinction_class: IntArray
    zero_shift_deg: FloatArray
    displacement_mm: FloatArray
    radius_mm: FloatArray
    wavelength_angstrom: FloatArray
    neutron: npt.NDArray[np.bool_]
    two_theta_limits_deg: FloatArray


@kernel
def fill_lists(
    key: np.uint64,
    start: int,
    tables: KernelTables,
    lines: LineColumns,
    truth: ListColumns,
    count: IntArray,
    work: Work,
) -> None:
    """Fill the columns of a batch; list j of it is number *start* + j of the seed *key*."""
    gram, scattering = np.empty((3, 3), dtype=np.float64), np.empty(7, dtype=np.float64)
    drawn, widths = np.empty(len(tables.ranges), dtype=np.float64), np.empty(3, dtype=np.float64)
    kept_hkl = np.empty((CAPACITY, 3), dtype=np.int32)
    kept_q, kept_intensity = np.empty(CAPACITY, dtype=np.float64), np.empty(CAPACITY, dtype=np.float64)
    kept = (kept_hkl, kept_q, kept_intensity)
    scratch_hkl, scratch_q = np.empty((CAPACITY, 3), dtype=np.int32), np.empty(CAPACITY, dtype=np.float64)
    order, starts = np.empty(CAPACITY, dtype=np.int32), np.empty(513, dtype=np.int32)
    state = np.empty(1, dtype=np.uint64)
    metric, limits = truth.metric, truth.two_theta_limits_deg
    for i in range(count.shape[0]):
        own = key_of(key_of(np.uint64(0), key), np.uint64(start + i))
        for attempt in range(MAX_ATTEMPTS):
            state[0] = key_of(own, np.uint64(attempt))
            hash_key = key_of(state[0], np.uint64(MAX_ATTEMPTS))
            wavelength, neutron = _draw_measurement(state, tables, drawn, limits[i])
            code = choice(state, tables.lattice_running, 0, len(tables.lattice_running))
            if len(tables.crystals.lattice) > 0:
                which = choice(state, tables.crystals.running, 0, len(tables.crystals.running))
                code, kind = tables.crystals.lattice[which], NO_CLASS
                n = crystal_reflections(
                    state, tables.crystals, which, drawn[_THERMAL], wavelength, neutron,
                    _q_at(limits[i, 0], wavelength), gram, metric[i], kept, order, starts,
                )  # fmt: skip
                n = _observed(kept, order, n, drawn, wavelength, limits[i])
            else:
                kind = choice(state, tables.class_running, tables.class_first[code], tables.class_first[code + 1])
                random_gram(state, code, tables.shares[0], math.nan, tables.quantiles, tables.cholesky, gram)
                volume = metric_of(gram, metric[i])
                draw_scattering(
                    state, tables.shares[2], drawn[_CONTRAST:], tables.centric[kind], tables.merged[kind], scattering
                )
                n = _true_lines(
                    hash_key, metric[i], code, volume, tables.tests[kind], tables.n_tests[kind], scattering,
                    tables.strengths, wavelength, neutron, drawn, limits[i], kept, scratch_hkl, scratch_q, order,
                    starts,
                )  # fmt: skip
            n = min(n, MAX_LINES + MARGIN)
            _place_lines(order, n, kept, wavelength, drawn, work)
            n = add_foreign(state, int(drawn[_FOREIGN]), drawn[_WEAKEST], work, n)
            n = merge_near(drawn[_MERGE], work, n)
            n = lose_weak(drawn[_WEAKEST], work, n)
            n = min(lose_some(state, int(drawn[_MISSING]), work, n), MAX_LINES)
            n_own = 0
            for j in range(n):
                n_own += work.origin[j] != FOREIGN
            if n_own >= MIN_LINES:
                break
        truth.lattice[i], truth.extinction_class[i] = code, kind
        truth.wavelength_angstrom[i], truth.neutron[i] = wavelength, neutron
        truth.zero_shift_deg[i], truth.displacement_mm[i] = drawn[_ZERO], drawn[_DISPLACEMENT]
        truth.radius_mm[i], count[i] = drawn[_RADIUS], n
        widths[0], widths[1], widths[2] = drawn[_INSTRUMENT], drawn[_SIZE], drawn[_STRAIN]
        measure(state, n, drawn[_SIGMA], drawn[_FADE], widths, work)
        for j in range(n):
            lines.two_theta_deg[i, j], lines.intensity[i, j] = work.position[j], work.intensity[j]
            lines.sigma_deg[i, j], lines.fwhm_deg[i, j] = work.sigma[j], work.fwhm[j]
            lines.foreign[i, j] = work.origin[j] == FOREIGN
            if work.origin[j] != FOREIGN:
                for a in range(3):
                    lines.hkl[i, j, a] = kept_hkl[work.origin[j], a]


@kernel
def _place_lines(
    order: npt.NDArray[np.int32], n: int, kept: Reflections, wavelength: float, drawn: FloatArray, work: Work
) -> None:
    """Put the first *n* reflections at work, where zero shift and displacement have them."""
    _, q, intensity = kept
    slope = math.degrees(2.0 * drawn[_DISPLACEMENT] / drawn[_RADIUS])
    for j in range(n):
        r = order[j]
        sine = 0.5 * wavelength * math.sqrt(q[r])
        shift = drawn[_ZERO] - slope * math.sqrt(1.0 - sine * sine)
        work.position[j], work.intensity[j] = 2.0 * math.degrees(math.asin(sine)) + shift, intensity[r]
        work.origin[j] = r


@kernel
def _draw_measurement(state: State, tables: KernelTables, drawn: FloatArray, limits: FloatArray) -> tuple[float, bool]:
    """Draw faults and range of a measurement; a range without end (0) climbs the ladder.

    Returns the wavelength (Å) and whether it is of neutrons.
    """
    sources = tables.sources
    which = choice(state, sources[:, 2], 0, len(sources))
    wavelength = between(state, sources[which, 0], sources[which, 1])
    for j in range(len(tables.ranges)):
        low, high = tables.ranges[j]
        if j == _SIGMA or j == _MERGE or j == _WEAKEST or j == _CONTRAST:
            drawn[j] = log_between(state, low, high)
        elif j == _MISSING or j == _FOREIGN:
            drawn[j] = math.floor(between(state, low, high + 1.0))
        else:
            drawn[j] = between(state, low, high)
    limits[0] = drawn[_MIN]
    limits[1] = 0.0 if uniform(state) < tables.shares[1] else drawn[_MAX]
    return wavelength, sources[which, 3] != 0.0


@kernel
def _true_lines(
    key: np.uint64,
    metric: FloatArray,
    code: int,
    volume: float,
    tests: IntArray,
    n_tests: int,
    scattering: FloatArray,
    strengths: FloatArray,
    wavelength: float,
    neutron: bool,
    drawn: FloatArray,
    limits: FloatArray,
    kept: Reflections,
    scratch_hkl: npt.NDArray[np.int32],
    scratch_q: FloatArray,
    order: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int32],
) -> int:
    """List the true lines that may be visible, in order, as many as are wanted or as the range holds.

    Returns their number; the end of the range, where it was left open, is written into *limits*.
    """
    wanted = MAX_LINES + int(drawn[_MISSING])
    guess = FIRST_GUESS
    rung = 0
    climbs = limits[1] == 0.0
    q_done = _q_at(limits[0], wavelength)
    n = 0
    while True:
        end = _LADDER[rung] if climbs else limits[1]
        q_end = _q_at(end, wavelength)
        q_max = min(expected_q(code, volume, guess), q_end)
        n = strong_reflections(
            key, metric, code, q_done, q_max, tests, n_tests, scattering, strengths, wavelength, neutron,
            WEAKER * drawn[_WEAKEST], kept, n, scratch_hkl, scratch_q,
        )  # fmt: skip
        if n < 0:
            return 0
        q_done = max(q_done, q_max)
        sort_by_q(kept[1], n, q_done, order, starts)
        visible = _resolved(kept[1], kept[2], order, n, drawn[_WEAKEST], drawn[_MERGE], wavelength)
        if visible >= wanted:
            break
        if q_max < q_end:
            guess *= GROWTH
        elif climbs and visible < FIRST_LINES and rung < len(_LADDER) - 1:
            rung += 1
        else:
            break
    limits[1] = end
    return n


@kernel
def _observed(
    kept: Reflections, order: npt.NDArray[np.int32], n: int, drawn: FloatArray, wavelength: float, limits: FloatArray
) -> int:
    """Keep in *order* (n,) what lies in the range of the measurement and may be visible; return how many.

    The end of the range, where it was left open, is written into *limits*.
    """
    _, q, intensity = kept
    climbs = limits[1] == 0.0
    rung = 0
    while True:
        end = _LADDER[rung] if climbs else limits[1]
        q_end = _q_at(end, wavelength)
        inside, strongest = 0, 0.0
        while inside < n and q[order[inside]] <= q_end:
            strongest = max(strongest, intensity[order[inside]])
            inside += 1
        visible = _resolved(q, intensity, order, inside, drawn[_WEAKEST], drawn[_MERGE], wavelength)
        if not climbs or visible >= FIRST_LINES or rung == len(_LADDER) - 1:
            break
        rung += 1
    limits[1] = end
    m = 0
    for i in range(inside):
        if intensity[order[i]] >= WEAKER * drawn[_WEAKEST] * strongest:
            order[m] = order[i]
            m += 1
    return m


@inlined_kernel
def _q_at(two_theta_deg: float, wavelength: float) -> float:
    sine = math.sin(math.radians(0.5 * two_theta_deg))
    return (2.0 * sine / wavelength) ** 2


@kernel
def _resolved(
    q: FloatArray,
    intensity: FloatArray,
    order: npt.NDArray[np.int32],
    n: int,
    weakest: float,
    merge: float,
    wavelength: float,
) -> int:
    """Count lines that are strong enough and apart from the one before them; order is ascending in *q*."""
    strongest = 0.0
    for i in range(n):
        strongest = max(strongest, intensity[order[i]])
    visible, last = 0, -1.0
    half = 0.5 * wavelength
    for i in range(n):
        r = order[i]
        if intensity[r] < weakest * strongest:
            continue
        sine = half * math.sqrt(q[r])
        # 2θ is twice the arc sine, whose slope is one over the cosine
        if 2.0 * (sine - last) > math.radians(merge) * math.sqrt(1.0 - sine * sine):
            visible += 1
            last = sine
    return visible
