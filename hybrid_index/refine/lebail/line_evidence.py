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

from hybrid_index.lattice import primitive_basis
from hybrid_index.merit import GLIDE_PRICE, SUPERLATTICE_PRICE
from hybrid_index.refine.absences import N_CONDITIONS, broken_conditions
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.refine.lebail.result import LeBailFit
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

_SAME_LINE_FWHM = 0.5
_ABSENT_LIMITS = (0.02, 0.98)
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
    best, absent = _with_glides(nothing, present, broken)
    primitive = np.rint(listed.hkl[order] @ primitive_basis(fit.bravais_lattice)).astype(np.int64)
    for direction in _PARITIES:
        even = np.maximum.reduceat((primitive @ direction) % 2 == 0, starts)[lit]
        if even.any() and not even.all():
            halves = [_shared_nats(nothing[half], present[half]) for half in (even, ~even)]
            nats = halves[0][0] + halves[1][0] - SUPERLATTICE_PRICE * np.log(2.0)
            if nats > best:
                best, absent = nats, halves[0][1] + halves[1][1]
    return best, z.size, absent


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


def _with_glides(nothing: FloatArray, present: FloatArray, broken: IntArray) -> tuple[float, float]:
    """Log-likelihood after the glide planes that pay, one after the other, and how many lines are absent."""
    forbidden = np.zeros(broken.size, dtype=np.bool_)
    best, absent = _shared_nats(nothing, present)
    n_chosen = 0
    while True:
        zones = [forbidden | (broken >> condition & 1 == 1) for condition in range(N_CONDITIONS)]
        trials = [
            (*_partly_forbidden(nothing, present, zone), zone)
            for zone in zones
            if forbidden.sum() < zone.sum() < zone.size
        ]
        nats, n_absent, zone = max(trials, key=lambda trial: trial[0], default=(-np.inf, 0.0, forbidden))
        nats -= GLIDE_PRICE * np.log(2.0) * (1 + n_chosen)
        if nats <= best:
            return best, absent
        best, absent, forbidden = nats, n_absent, zone
        n_chosen += 1


def _partly_forbidden(
    nothing: FloatArray, present: FloatArray, forbidden: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Log-likelihood where some lines are nearly always absent, and how many are absent."""
    often = _ABSENT_LIMITS[1]
    nats, absent = _shared_nats(nothing[~forbidden], present[~forbidden])
    never = np.log(often * nothing[forbidden] + (1.0 - often) * present[forbidden])
    return nats + float(np.sum(never)), absent + float(forbidden.sum())


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


def _shared_nats(nothing: FloatArray, present: FloatArray) -> tuple[float, float]:
    """Log-likelihood of lines that are absent with one probability, which is estimated, and how many are absent."""
    share = 0.3
    for _ in range(30):
        belief = share * nothing / (share * nothing + (1.0 - share) * present)
        share = float(np.clip((belief.sum() + 1.0) / (belief.size + 3.0), *_ABSENT_LIMITS))
    return float(np.sum(np.log(share * nothing + (1.0 - share) * present))), share * nothing.size
