"""Kernels of the line lists that known crystals give: strained and roughened, so that no list is twice the same.

A network learns little strained crystals by heart: with 3 % and a roughness of 0.8 its loss of Bravais lattices fell
by a third on them within half a million lists, and on crystals that it had not seen by a fiftieth.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice import BravaisLattice
from hybrid_index.random_stream import State, normals, uniform
from hybrid_index.simulate.crystals import CrystalArrays
from hybrid_index.simulate.line_list_kernels import Reflections, envelope, sort_by_q
from hybrid_index.simulate.random_lattices import metric_of, standardise
from hybrid_index.units import FloatArray

SCALE = 0.15
"""Standard deviation of the logarithm of a crystal's size."""
STRAIN = 0.12
"""The same for the ratios of its axes, and that of the cosines of its free angles."""
HALVINGS = 6
"""A strain after which the setting is no longer the conventional one is halved so often, and then left."""
UNCHANGED = 1e-6
"""Relative change of a Gram matrix that is rounding."""
ROUGHNESS = 1.2
"""Largest standard deviation of the logarithm of an intensity: texture, and crystals that are nearly the same."""
TYPICAL_B_ANGSTROM2 = 0.8
"""Thermal motion that structures state, or are given where they state none; the one that is drawn replaces it."""

_TP, _HP, _OP, _MP, _AP = (BravaisLattice[x].code for x in ("TP", "HP", "OP", "MP", "AP"))


@kernel
def strained_gram(state: State, given: FloatArray, code: int, gram: FloatArray) -> None:
    """Write the Gram matrix of a crystal's cell, strained and scaled as its lattice allows, into *gram* (3, 3), Å²."""
    pull, twist = np.empty(3, dtype=np.float64), np.empty(3, dtype=np.float64)
    pull[0], pull[1] = normals(state)
    pull[2], twist[0] = normals(state)
    twist[1], twist[2] = normals(state)
    scale = math.exp(SCALE * normals(state)[0])
    if code < _OP:
        pull[1] = pull[0]
    if code < _TP:
        pull[2] = pull[0]
    size = STRAIN
    other = np.empty((3, 3), dtype=np.float64)
    for attempt in range(HALVINGS + 1):
        if attempt == HALVINGS:
            size = 0.0
        for i in range(3):
            for j in range(3):
                cosine = given[i, j] / math.sqrt(given[i, i] * given[j, j])
                free = code == _AP or (code >= _MP and i + j == 2)
                if i != j and free:
                    cosine += size * twist[3 - i - j]
                edges = math.sqrt(given[i, i] * given[j, j])
                gram[i, j] = scale * scale * cosine * edges * math.exp(size * (pull[i] + pull[j]))
        other[:] = gram
        standardise(code, other)
        if np.abs(other - gram).max() <= UNCHANGED * np.abs(gram).max():
            return
        size *= 0.5


@kernel
def crystal_reflections(
    state: State,
    crystals: CrystalArrays,
    which: int,
    drawn_b: float,
    wavelength: float,
    neutron: bool,
    q_min: float,
    gram: FloatArray,
    metric: FloatArray,
    kept: Reflections,
    order: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int32],
) -> int:
    """List the reflections of a crystal, strained, beyond *q_min* (Å⁻²), in the order of their Q; return their number.

    The metric of the strained cell is written into *metric* (6,). *gram* is a scratch of (3, 3).
    """
    hkl, q, intensity = kept
    strained_gram(state, crystals.gram[which], crystals.lattice[which], gram)
    metric_of(gram, metric)
    scattering = np.zeros(7, dtype=np.float64)
    scattering[3], scattering[4] = 1.0, drawn_b - TYPICAL_B_ANGSTROM2
    roughness = ROUGHNESS * uniform(state)
    limit = (1.999 / wavelength) ** 2
    n, last, second = 0, 0.0, 0.0
    for i in range(crystals.first[which], crystals.first[which + 1]):
        h, k, l = np.int64(crystals.hkl[i, 0]), np.int64(crystals.hkl[i, 1]), np.int64(crystals.hkl[i, 2])
        value = (
            metric[0] * h * h
            + metric[1] * k * k
            + metric[2] * l * l
            + metric[3] * k * l
            + metric[4] * h * l
            + metric[5] * h * k
        )
        if i % 2 == 0:
            error, second = normals(state)
        else:
            error = second
        if value <= q_min or value >= limit:
            continue
        hkl[n, 0], hkl[n, 1], hkl[n, 2] = h, k, l
        q[n] = value
        intensity[n] = (
            crystals.strength[i] * math.exp(roughness * error) * envelope(value, scattering, wavelength, neutron)
        )
        last = max(last, value)
        n += 1
    if n > 0:
        sort_by_q(q, n, last, order, starts)
    return n
