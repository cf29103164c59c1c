"""Geometrical ambiguities: different lattices whose powder lines lie at the same positions.

Mighell & Santoro (1975), doi:10.1107/S0021889875010710. The partners of a lattice are found by trying its derivative
lattices and comparing line positions, not from a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice.bravais import ConventionalSetting, conventional
from hybrid_index.lattice.compare import cluster_lattices
from hybrid_index.lattice.derivative import MAX_INDEX, sublattices, superlattices
from hybrid_index.lattice.reduction import checked_gram, checked_grams, volume_scale
from hybrid_index.units import FloatArray

LINE_TOLERANCE = 1e-6
"""Relative difference of Q up to which lines are at one position: an ambiguity of geometry is exact."""
_DEFAULT_REACH = 36.0
"""Lines are compared up to this many V^(-2/3): some 450 lattice points, 30 lines even of a cubic lattice."""
_SYMMETRY_TOLERANCE = 1e-4
_SAME = (1e-4, 0.01)
"""Relative difference of lengths and difference of angles (degrees) up to which two partners are one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AmbiguousPartner:
    """A lattice with the line positions of another.

    Parameters
    ----------
    setting
        Its Bravais lattice and conventional metric; the transformation starts from ``gram``.
    gram
        Gram matrix of a primitive direct basis, shape (3, 3), Å².
    volume_ratio
        Volume of its primitive cell over that of the other's.
    """

    setting: ConventionalSetting
    gram: FloatArray
    volume_ratio: float


def default_q_max(gram: npt.ArrayLike) -> float:
    """Q (Å⁻²) up to which 450 or so points of the reciprocal lattice lie, 30 lines or more of any lattice."""
    return _DEFAULT_REACH / volume_scale(checked_gram(gram))


def distinct_q(gram: npt.ArrayLike, q_max: float, tolerance: float = LINE_TOLERANCE) -> FloatArray:
    """Return the distinct Q = 1/d² (Å⁻²) up to *q_max* of a lattice without absences, ascending.

    Neighbours nearer than *tolerance* (relative) are one line.
    """
    from hybrid_index.lattice import kernels

    reciprocal = np.asarray(np.linalg.inv(checked_gram(gram)), dtype=np.float64)
    return _distinct(kernels.squares_up_to(reciprocal, q_max), tolerance)


def line_positions_agree(
    gram1: npt.ArrayLike, gram2: npt.ArrayLike, q_max: float, tolerance: float = LINE_TOLERANCE
) -> bool:
    """Whether two lattices without absences have the same distinct Q up to *q_max*, whatever the multiplicities.

    Parameters
    ----------
    gram1, gram2
        Gram matrices of primitive direct bases, shape (3, 3), Å².
    q_max
        Largest Q = 1/d² compared, Å⁻².
    tolerance
        Relative difference of Q up to which two lines are one.
    """
    # lists run a little further, so that a line on the edge finds its partner
    lines1, lines2 = (distinct_q(g, q_max * (1.0 + 2.0 * tolerance)) for g in (gram1, gram2))
    return _agree(lines1, lines2, q_max, tolerance)


def group_by_line_positions(grams: npt.ArrayLike, q_max: float, tolerance: float, most: int) -> list[list[int]]:
    """Put lattices together whose lines agree: each joins the first group whose first member it agrees with.

    Parameters
    ----------
    grams
        Gram matrices of primitive direct bases, best first, shape (n, 3, 3), Å².
    q_max, tolerance
        As of :func:`line_positions_agree`.
    most
        Number of groups; the walk ends at the first lattice that would found one more.
    """
    from hybrid_index.lattice import kernels

    groups: list[list[int]] = []
    founders: list[FloatArray] = []
    reach = q_max * (1.0 + 2.0 * tolerance)
    for i, reciprocal in enumerate(np.linalg.inv(checked_grams(grams))):
        lines = _distinct(kernels.squares_up_to(reciprocal, reach), LINE_TOLERANCE)
        known = next((g for g, first in enumerate(founders) if _agree(first, lines, q_max, tolerance)), None)
        if known is not None:
            groups[known].append(i)
        elif len(groups) == most:
            break
        else:
            groups.append([i])
            founders.append(lines)
    return groups


def ambiguous_partners(
    gram: npt.ArrayLike, *, q_max: float | None = None, tolerance: float = LINE_TOLERANCE
) -> list[AmbiguousPartner]:
    """Return the other lattices that have all line positions of a lattice and no more.

    Tried are the superlattices and the sublattices of the indices 2, 3 and 4, and the superlattices of the sublattices.

    Parameters
    ----------
    gram
        Gram matrix of a primitive direct basis, shape (3, 3), Å². Give an exactly symmetric one
        (:attr:`ConventionalSetting.metric`): where the symmetry is only near, so is the ambiguity.
    q_max
        Largest Q compared, Å⁻²; :func:`default_q_max` if ``None``. With a wide tolerance take the range of some 20
        lines: further out the lines of a large cell lie so close that any will do.
    tolerance
        Relative difference of Q up to which two lines are one.

    Returns
    -------
    list of AmbiguousPartner
        Highest symmetry first, then smallest volume; each lattice once.

    Examples
    --------
    >>> from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram
    >>> cubic = primitive_gram(Cell(a=4, b=4, c=4), BravaisLattice.CP)
    >>> [(p.setting.bravais_lattice.value, round(p.volume_ratio, 3)) for p in ambiguous_partners(cubic)]
    [('tP', 0.5), ('oC', 0.333)]
    """
    from hybrid_index.lattice import kernels

    g = checked_gram(gram)
    limit = default_q_max(g) if q_max is None else q_max
    indices = range(2, MAX_INDEX + 1)
    tried = [lattices(g, index) for lattices, index in product((sublattices, superlattices), indices)]
    tried += [superlattices(smaller, index) for sub in tried[: len(indices)] for smaller in sub for index in indices]
    grams = np.ascontiguousarray(np.concatenate([g[None], *tried]))
    # the lowest line decides for nearly all
    lowest = kernels.prepare(np.asarray(np.linalg.inv(grams), dtype=np.float64))[:, 3, 0]
    likely = grams[np.abs(lowest - lowest[0]) <= tolerance * lowest[0]]
    labels = cluster_lattices(likely, *_SAME)
    # of each lattice the first; label 0 is the given one
    different = likely[np.unique(labels, return_index=True)[1][1:]]
    partners = [
        _partner(other, g, tolerance) for other in different if line_positions_agree(g, other, limit, tolerance)
    ]
    return sorted(partners, key=lambda p: (p.setting.bravais_lattice.code, p.volume_ratio))


def _distinct(q: FloatArray, tolerance: float) -> FloatArray:
    """Sort values and drop those nearer to their neighbour than *tolerance* (relative)."""
    q = np.sort(q)
    apart = np.ones(q.size, dtype=bool)
    apart[1:] = q[1:] - q[:-1] > tolerance * q[1:]
    return q[apart]


def _agree(lines1: FloatArray, lines2: FloatArray, q_max: float, tolerance: float) -> bool:
    if lines1.size and lines2.size:
        # the lowest line decides for nearly all
        low, high = sorted((float(lines1[0]), float(lines2[0])))
        if low <= q_max and high - low > tolerance * high:
            return False
    return _covered(lines1, lines2, q_max, tolerance) and _covered(lines2, lines1, q_max, tolerance)


def _covered(lines1: FloatArray, lines2: FloatArray, q_max: float, tolerance: float) -> bool:
    """Whether every line of the first list up to *q_max* has one of the second within the relative tolerance."""
    wanted = lines1[lines1 <= q_max]
    if wanted.size == 0 or lines2.size == 0:
        return wanted.size == 0
    after = np.searchsorted(lines2, wanted)
    nearest = np.minimum(
        np.abs(lines2[np.minimum(after, lines2.size - 1)] - wanted), np.abs(lines2[np.maximum(after - 1, 0)] - wanted)
    )
    return bool(np.all(nearest <= tolerance * wanted))


def _partner(gram: FloatArray, other: FloatArray, tolerance: float) -> AmbiguousPartner:
    ratio = float(np.sqrt(np.linalg.det(gram) / np.linalg.det(other)))
    return AmbiguousPartner(
        setting=conventional(gram, max(_SYMMETRY_TOLERANCE, tolerance)), gram=gram, volume_ratio=ratio
    )
