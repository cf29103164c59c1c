"""What the lines of a cell cost: those that are there, and those that are not.

Reflections nearer than half a width are one line. A line is absent with a probability that is estimated for each fit,
else its intensity may be of any order of magnitude. So a line that is needed costs more the better it is known, and
lines that are not needed cost a bit or so each: a cell that is too large wins nothing. As for the evidence of line
positions, absences may have a reason: glide planes, which are charged for each zone; or a sublattice of index two
whose lines are seen more often than the others, as in superstructures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice import primitive_basis
from hybrid_index.merit import GLIDE_PRICE, SUPERLATTICE_PRICE
from hybrid_index.refine.absences import N_CONDITIONS, broken_conditions
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.refine.lebail.result import LeBailFit
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

_SAME_LINE_FWHM = 0.5
ABSENT_LIMITS = (0.02, 0.98)
FORBIDDEN = 2
"""Family of the lines that a glide plane forbids."""
_EQUAL_Q = 1.0e-7
_PARITIES = np.array([[i & 1, i >> 1 & 1, i >> 2] for i in range(1, 8)], dtype=np.int64)
"""The sublattices of index two, by the parity that their indices (primitive basis) share."""


def line_nats(fit: LeBailFit, variance: FloatArray) -> tuple[float, int, float]:
    """Price of the lines, their number, and how many of them are absent; *variance* (n,) of the points."""
    listed, drawn = fit.reflections, fit.drawn
    information = drawn.information(1.0 / variance)[drawn.own]
    order = np.argsort(listed.two_theta_deg)
    starts = _first_of_each_line(listed.two_theta_deg[order], listed.fwhm_deg[order])
    intensity = np.add.reduceat(listed.intensity[order], starts)
    # a line that lies outside the points has no information, and no price
    seen = np.maximum.reduceat(information[order], starts)
    lit = seen > 0.0
    z = np.maximum(intensity, 0.0)[lit] * np.sqrt(seen[lit])
    nothing, present = np.exp(-0.5 * np.minimum(z * z, 1400.0)), _any_order(z)
    broken = np.bitwise_and.reduceat(_broken(fit)[order], starts)[lit]
    primitive = np.rint(listed.hkl[order] @ primitive_basis(fit.bravais_lattice)).astype(np.int64)
    even = np.maximum.reduceat((primitive @ _PARITIES.T) % 2 == 0, starts, axis=0)[lit]
    nats, absent = explained_nats(nothing, present, broken, even)
    return nats, z.size, absent


def explained_nats(
    nothing: FloatArray, present: FloatArray, broken: IntArray, even: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Log-likelihood of the lines, with the rules for absences that pay, and how many lines are absent.

    Parameters
    ----------
    nothing, present
        Shape (m,), likelihood of each line if it is absent, and if it is there.
    broken
        Shape (m,), conditions of glide planes that a line breaks, as bits.
    even
        Shape (m, 7), which lines are of each sublattice of index two.
    """
    best, absent = _with_glides(nothing, present, broken, np.zeros(broken.size, dtype=np.int64))
    for members in even.T:
        if members.any() and not members.all():
            nats, n_absent = _with_glides(nothing, present, broken, members.astype(np.int64))
            nats -= SUPERLATTICE_PRICE * np.log(2.0)
            if nats > best:
                best, absent = nats, n_absent
    return best, absent


def _first_of_each_line(position: FloatArray, fwhm: FloatArray) -> list[int]:
    starts = []
    last = -np.inf
    for i in range(position.size):
        if position[i] - last > _SAME_LINE_FWHM * fwhm[i]:
            starts.append(i)
            last = position[i]
    return starts


def _broken(fit: LeBailFit) -> IntArray:
    """Conditions of glide planes that each reflection (m,) breaks, as bits; of equal spacings, those that all break."""
    q = fit.reflections.d_angstrom**-2.0
    found = enumerate_reflections(fit.cell.metric, fit.bravais_lattice, float(q.max()) * (1.0 + _EQUAL_Q))
    code = fit.bravais_lattice.code
    each = np.array([broken_conditions(code, h, k, l) for h, k, l in found.hkl.tolist()], dtype=np.int64)
    low, high = np.searchsorted(found.q, [q * (1.0 - _EQUAL_Q), q * (1.0 + _EQUAL_Q)])
    return np.array([np.bitwise_and.reduce(each[i:j]) for i, j in zip(low, high, strict=True)], dtype=np.int64)


def _with_glides(nothing: FloatArray, present: FloatArray, broken: IntArray, family: IntArray) -> tuple[float, float]:
    """Log-likelihood after the glide planes that pay, one after the other, and how many lines are absent."""
    best, absent = _shared_nats(nothing, present, family)
    n_chosen = 0
    while True:
        trials = []
        for condition in range(N_CONDITIONS):
            forbidden = np.where(broken >> condition & 1 == 1, FORBIDDEN, family)
            if not np.array_equal(forbidden, family):
                trials.append((*_shared_nats(nothing, present, forbidden), forbidden))
        nats, n_absent, chosen = max(trials, key=lambda trial: trial[0], default=(-np.inf, 0.0, family))
        nats -= GLIDE_PRICE * np.log(2.0) * (1 + n_chosen)
        if nats <= best:
            return best, absent
        best, absent, family = nats, n_absent, chosen
        n_chosen += 1


def _any_order(z: FloatArray) -> FloatArray:
    """Likelihood of lines of significance *z* (m,) over its maximum, for intensities of any order of magnitude.

    The mean over the true significance t, evenly in log t, from 1 to that of the strongest line.
    """
    top = max(float(z.max(initial=0.0)), 10.0)
    nodes = np.geomspace(1.0, 30.0, 400)
    weight = np.gradient(np.log(nodes))
    faint = z < 15.0
    out = np.sqrt(2.0 * np.pi) / np.maximum(z, 1.0)
    out[faint] = np.exp(-0.5 * (z[faint, None] - nodes) ** 2) @ weight
    return np.asarray(out / np.log(top), dtype=np.float64)


@kernel
def _shared_nats(nothing: FloatArray, present: FloatArray, family: IntArray) -> tuple[float, float]:
    """Log-likelihood of lines, and how many are absent.

    Lines of each *family*, 0 or 1, are absent with one probability, which is estimated; those that are forbidden nearly
    always are.
    """
    nats, absent = 0.0, 0.0
    for kind in range(FORBIDDEN + 1):
        share = ABSENT_LIMITS[1] if kind == FORBIDDEN else 0.3
        for _ in range(0 if kind == FORBIDDEN else 30):
            belief, n = 1.0, 3.0
            for i in range(family.size):
                if family[i] == kind:
                    belief += share * nothing[i] / (share * nothing[i] + (1.0 - share) * present[i])
                    n += 1.0
            share = min(max(belief / n, ABSENT_LIMITS[0]), ABSENT_LIMITS[1])
        for i in range(family.size):
            if family[i] == kind:
                nats += np.log(share * nothing[i] + (1.0 - share) * present[i])
                absent += share
    return nats, absent
