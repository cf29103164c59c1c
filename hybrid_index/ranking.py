"""Which solution comes first, and how sure that is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import (
    ANGLE_TOLERANCE_DEG,
    BRAVAIS_LATTICES,
    cluster_lattices,
    contains_lattice,
    superlattices,
)
from hybrid_index.units import FloatArray

SAME_LATTICE_TOLERANCE = 0.004
"""Solutions whose lattices agree this closely are one answer."""

# Rounded shares of the Bravais lattices among 3,323 published structures (inorganic, organic, zeolites, frameworks).
# That set is rich in hexagonal frameworks: hP was lowered from 0.20 and mP raised from 0.13 by judgement.
_SHARE = {
    "cP": 0.023, "cI": 0.023, "cF": 0.023, "tP": 0.055, "tI": 0.043, "hP": 0.120, "hR": 0.053,
    "oP": 0.100, "oC": 0.050, "oI": 0.016, "oF": 0.011, "mP": 0.200, "mC": 0.083, "aP": 0.200,
}  # fmt: skip

LEAST_SAID = 0.01
"""No Bravais lattice is held for less probable than this on the word of a network; another floor changes nothing."""

SHARPNESS = 0.38
"""How much of a bit of evidence is worth a bit of belief: errors of lines are not independent. This and
``NOTHING_BITS`` were fitted to 640 simulated and 150 measured lists (Brier score)."""
SUPERLATTICE_DOUBT = 0.04
"""Share of structures supposed to have a true cell that is a multiple of the one that explains every line (assumed)."""
EXTENSION_BITS = 4.0
"""What a superlattice gains that explains lines which the smaller cell leaves: among 500 such pairs of simulated and
measured lists the larger one was right in half of the cases where its evidence was some five bits lower."""
_MORE_REFLECTIONS = 1.25
"""A superlattice with fewer reflections than this many times those of the smaller cell has earned its symmetry."""
NEEDLESS_BITS = 10.0
"""How much lower a superlattice that explains nothing more stands in the list."""
NOTHING_BITS = 12.0
"""Evidence that the best of the chance lattices of a search hardly ever reaches: lists of 8 to 12 random lines came to
10 bits at most, longer ones to less."""

WHOLE_PATTERN_SHARPNESS = 0.1
"""How much of a bit of a whole pattern is worth a bit of belief: the lines that were found have been counted, and line
shapes have errors. This and the cap were set on 146 measured and 144 simulated patterns."""
WHOLE_PATTERN_CAP_BITS = 30.0
"""A whole pattern says no more than this against a cell."""


def prior_bits(said: FloatArray | None = None) -> FloatArray:
    """Log₂ of the prior of each Bravais lattice, by code, shape (14,).

    It is the lattice's share among known crystals, or the probability (14,) that a network has *said*, once it has
    looked at the lines. To mix both is no better on simulated lists, and worse on measured ones (docs/neural.md).
    """
    if said is None:
        return np.log2([_SHARE[lattice.value] for lattice in BRAVAIS_LATTICES])
    return np.log2(np.maximum(said, LEAST_SAID))


def merge_same(grams: FloatArray, score: FloatArray) -> npt.NDArray[np.int64]:
    """Indices of the best solution of each distinct lattice, best first.

    Parameters
    ----------
    grams
        Shape (m, 3, 3): direct Gram matrices of primitive bases, Å².
    score
        Shape (m,), larger is better.
    """
    order = np.argsort(-score, kind="stable")
    if order.size == 0:
        return np.zeros(0, dtype=np.int64)
    labels = cluster_lattices(grams[order], SAME_LATTICE_TOLERANCE)
    _, first = np.unique(labels, return_index=True)
    return np.asarray(order[np.sort(first)], dtype=np.int64)


def needless_superlattices(
    grams: FloatArray, n_indexed: FloatArray, n_possible: FloatArray, *, most: int = 8
) -> npt.NDArray[np.bool_]:
    """Which of the first *most* solutions only multiply the cell of a better one, shape (m,).

    *grams* (m, 3, 3), lines indexed (m,) and reflections (m,), best first. Such a cell explains no line more than the
    smaller one and has more reflections; it is no rival answer. (One of higher symmetry can have as few.)
    """
    needless = np.zeros(len(n_indexed), dtype=bool)
    volumes = _volumes(grams)
    for i in range(1, min(most, len(n_indexed))):
        needless[i] = any(
            n_indexed[i] <= n_indexed[j]
            and n_possible[i] >= _MORE_REFLECTIONS * n_possible[j]
            and _is_superlattice(grams, volumes, i, of=j)
            for j in range(i)
        )
    return needless


def extending_superlattices(grams: FloatArray, n_indexed: FloatArray, *, most: int = 8) -> npt.NDArray[np.bool_]:
    """Which of the first *most* solutions multiply the cell of another of them and explain more lines, shape (m,).

    *grams* (m, 3, 3) and lines indexed (m,) in any order.
    """
    extending = np.zeros(len(n_indexed), dtype=bool)
    volumes, n = _volumes(grams), min(most, len(n_indexed))
    for i in range(n):
        extending[i] = any(n_indexed[i] > n_indexed[j] and _is_superlattice(grams, volumes, i, of=j) for j in range(n))
    return extending


def _volumes(grams: FloatArray) -> FloatArray:
    return np.sqrt(np.linalg.det(grams)) if len(grams) else np.zeros(0)


def _is_superlattice(grams: FloatArray, volumes: FloatArray, i: int, *, of: int) -> bool:
    """Whether lattice *i* is a superlattice of index 2 to 4 of another."""
    ratio = volumes[i] / volumes[of]
    if round(ratio) not in (2, 3, 4) or abs(ratio / round(ratio) - 1.0) > 0.02:
        return False
    larger = superlattices(grams[of], round(ratio))
    return contains_lattice(larger, grams[i], SAME_LATTICE_TOLERANCE, ANGLE_TOLERANCE_DEG)


def probabilities(score: FloatArray, needless: npt.NDArray[np.bool_] | None = None) -> FloatArray:
    """Probability of each solution, leaving room for "none of these", shape (m,).

    Parameters
    ----------
    score
        Shape (m,): evidence and prior in bits, of inequivalent lattices, best first.
    needless
        Shape (m,): superlattices that explain nothing more. They are no rivals, but structures whose superstructure
        lines are too faint to see are not rare: ``SUPERLATTICE_DOUBT`` of the first one's probability goes to them.
    """
    rival = np.ones(len(score), dtype=bool) if needless is None else ~needless
    weight = _softmax(np.append(np.where(rival, score, -np.inf), NOTHING_BITS))[:-1]
    if len(score) and rival[0]:
        doubt = SUPERLATTICE_DOUBT * weight[0]
        weight[0] -= doubt
        if not np.all(rival):
            weight[~rival] = doubt * _softmax(score[~rival])
    return np.asarray(weight, dtype=np.float64)


def reweighed(probability: FloatArray, whole_pattern_bits: FloatArray) -> FloatArray:
    """Share the probability (m,) of some solutions out anew, by what whole patterns say of them (bits, (m,))."""
    lag = np.maximum(whole_pattern_bits - whole_pattern_bits.max(), -WHOLE_PATTERN_CAP_BITS)
    weight = probability * np.exp2(WHOLE_PATTERN_SHARPNESS * lag)
    return np.asarray(probability.sum() * weight / max(weight.sum(), np.finfo(float).tiny), dtype=np.float64)


def _softmax(score: FloatArray) -> FloatArray:
    weight = np.exp2(SHARPNESS * (score - score.max()))
    return np.asarray(weight / weight.sum(), dtype=np.float64)
