"""Kernels of the line lists: which reflections a random crystal shows, and how strong they are.

Intensities are those of no crystal but look like real ones: multiplicity, Lorentz-polarisation, fall-off of the form
factors and of thermal motion, and Wilson's statistics (1949, doi:10.1107/S0365110X49000813), structure factors that
are normal or complex normal numbers. In some crystals the reflections of one parity are weak, as in
superstructures. The random number of a reflection is a hash of its indices: it stays the same however far the list
is taken.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import gammaincinv

from hybrid_index.compiled import inlined_kernel, kernel
from hybrid_index.lattice import BRAVAIS_LATTICES, holohedry_order
from hybrid_index.random_stream import State, key_of, uniform
from hybrid_index.refine.hkl import fill_reflections, multiplicity_of
from hybrid_index.simulate.angular import lorentz_polarisation
from hybrid_index.simulate.extinctions import PERIOD
from hybrid_index.types import IntArray, frozen_array
from hybrid_index.units import FloatArray

Int32Array = npt.NDArray[np.int32]
Reflections = tuple[Int32Array, FloatArray, FloatArray]
"""Indices (m, 3), Q (m,) and intensity (m,) of reflections."""

CAPACITY = 4096
"""Reflections that a list is chosen from, at most."""
HOLOHEDRY_ORDER = np.array([holohedry_order(lattice) for lattice in BRAVAIS_LATTICES], dtype=np.float64)
LATTICE_POINTS = np.array([lattice.lattice_points for lattice in BRAVAIS_LATTICES], dtype=np.float64)
FULL_MULTIPLICITY = np.array(
    [{"hR": 12}.get(lattice.value, holohedry_order(lattice)) for lattice in BRAVAIS_LATTICES], dtype=np.int64
)
"""Number of equivalents of a general reflection."""

LEVELS = 1024
LEVEL_SHIFT = np.uint64(54)
"""Strengths are taken from so many quantiles of their distribution by the upper ten bits of a hash."""
MAX_ORBITS = 4
"""At most so many orbits of a Laue group make one line of the lattice."""


@lru_cache(maxsize=1)
def wilson_strengths() -> FloatArray:
    """Quantiles of the strength of a line relative to its mean, shape (2, 4, 1024).

    Without and with a centre of symmetry, for lines of one to four independent orbits: |F|² is the sum of the squares
    of two normal numbers or of one for each orbit, a gamma distribution.
    """
    level = (np.arange(LEVELS) + 0.5) / LEVELS
    shapes = np.array([1.0, 0.5])[:, None, None] * np.arange(1, MAX_ORBITS + 1)[:, None]
    return frozen_array(gammaincinv(shapes, level) / shapes)


@inlined_kernel
def is_absent(tests: IntArray, n_tests: int, h: int, k: int, l: int) -> bool:
    """Whether one of the tests (n, 12) of an extinction class forbids a reflection."""
    for i in range(n_tests):
        t = tests[i]
        if (
            t[0] * h + t[1] * k + t[2] * l == 0
            and t[3] * h + t[4] * k + t[5] * l == 0
            and (t[6] * h + t[7] * k + t[8] * l) % PERIOD != 0
            and (t[9] * h + t[10] * k + t[11] * l) % PERIOD != 0
        ):
            return True
    return False


@kernel
def draw_scattering(
    state: State,
    contrast_share: float,
    drawn: FloatArray,
    centric_share: float,
    merged: float,
    scattering: FloatArray,
) -> None:
    """Draw how a crystal scatters: parity and contrast, fall-off, thermal motion, centre, merged orbits.

    *drawn* (4,) are contrast, width and core of the form factor, and B of the Debye–Waller factor. *scattering* (7,)
    becomes: parity 0–7, these four, 1.0 for a centre of symmetry, and how many orbits of the Laue group make one line.
    """
    scattering[0] = 0.0
    if uniform(state) < contrast_share:
        scattering[0] = 1.0 + math.floor(7.0 * uniform(state))
    for i in range(4):
        scattering[1 + i] = drawn[i]
    scattering[5] = 1.0 if uniform(state) < centric_share else 0.0
    scattering[6] = math.floor(merged + uniform(state))


@kernel
def expected_q(code: int, volume: float, n_lines: float) -> float:
    """Q up to which a lattice with this conventional volume has about *n_lines* lines."""
    nodes: float = n_lines * HOLOHEDRY_ORDER[code] / (volume / LATTICE_POINTS[code])
    return math.pow(0.75 / math.pi * nodes, 2.0 / 3.0)


@inlined_kernel
def envelope(q: float, scattering: FloatArray, wavelength: float, neutron: bool) -> float:
    """Lorentz-polarisation (neutrons: Lorentz) factor times form factors squared and the Debye–Waller factor."""
    angular = lorentz_polarisation(0.25 * wavelength * wavelength * q, not neutron)
    factor: float = math.exp(-0.5 * scattering[4] * q) * angular
    if neutron:
        return factor
    width = 1.0 + 0.125 * scattering[2] * q
    fall_off: float = scattering[3] + (1.0 - scattering[3]) / (width * width)
    return factor * fall_off * fall_off


@kernel
def strong_reflections(
    key: np.uint64,
    metric: FloatArray,
    code: int,
    q_done: float,
    q_max: float,
    tests: IntArray,
    n_tests: int,
    scattering: FloatArray,
    strengths: FloatArray,
    wavelength: float,
    neutron: bool,
    cutoff: float,
    kept: Reflections,
    n: int,
    scratch_hkl: Int32Array,
    scratch_q: FloatArray,
) -> int:
    """Add to the *n* reflections kept those from *q_done* to *q_max* that the class allows and that are strong enough.

    Weaker ones than *cutoff* times the strongest so far are dropped. Returns the new number, unsorted; −1 if the
    lattice has more reflections than fit.
    """
    hkl, q, intensity = kept
    listed = fill_reflections(metric, code, q_max, scratch_hkl, scratch_q)
    if listed < 0:
        return -1
    strongest = 0.0
    for i in range(n):
        strongest = max(strongest, intensity[i])
    centric = int(scattering[5])
    general, special = strengths[centric, int(scattering[6]) - 1], strengths[centric, 0]
    parity = int(scattering[0])
    a, b, c = parity & 1, (parity >> 1) & 1, (parity >> 2) & 1
    for i in range(listed):
        value = scratch_q[i]
        h, k, l = scratch_hkl[i, 0], scratch_hkl[i, 1], scratch_hkl[i, 2]
        if value <= q_done or is_absent(tests, n_tests, h, k, l):
            continue
        multiplicity = multiplicity_of(code, h, k, l)
        packed = ((h + 512) << 20) | ((k + 512) << 10) | (l + 512)
        level = key_of(key, np.uint64(packed)) >> LEVEL_SHIFT
        strength = general[level] if multiplicity == FULL_MULTIPLICITY[code] else special[level]
        if (a * h + b * k + c * l) & 1:
            strength *= scattering[1]
        strength *= multiplicity * envelope(value, scattering, wavelength, neutron)
        if strength >= cutoff * strongest:
            strongest = max(strongest, strength)
            hkl[n, 0], hkl[n, 1], hkl[n, 2] = h, k, l
            q[n], intensity[n] = value, strength
            n += 1
    m = 0
    for i in range(n):
        if intensity[i] >= cutoff * strongest:
            if m < i:
                hkl[m, 0], hkl[m, 1], hkl[m, 2] = hkl[i, 0], hkl[i, 1], hkl[i, 2]
                q[m], intensity[m] = q[i], intensity[i]
            m += 1
    return m


@kernel
def sort_by_q(q: FloatArray, n: int, q_max: float, order: Int32Array, starts: Int32Array) -> None:
    """Write the order of ascending *q* into *order* (n,).

    Lattice points are dense as Q^(3/2): buckets of equal width in that hold about one reflection each, and an insertion
    sort puts right what is left.
    """
    buckets = min(n, starts.shape[0] - 1)
    starts[: buckets + 1] = 0
    scale = (buckets - 1e-9) / (q_max * math.sqrt(q_max) * (1.0 + 1e-9))
    for i in range(n):
        starts[int(q[i] * math.sqrt(q[i]) * scale) + 1] += 1
    for b in range(buckets):
        starts[b + 1] += starts[b]
    for i in range(n):
        b = int(q[i] * math.sqrt(q[i]) * scale)
        order[starts[b]] = i
        starts[b] += 1
    for i in range(1, n):
        item = order[i]
        j = i - 1
        while j >= 0 and q[order[j]] > q[item]:
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = item
