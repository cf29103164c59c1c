"""What a whole-pattern fit says about its intensities: their joint likelihood, and which lines overlap.

Taken from the lines as the fit drew them, so that no intensity has been held to another's: with W the weights of the
points and P the profiles, the likelihood is exp(−½ xᵀHx + bᵀx), H = PᵀWP and b = PᵀW(observed − background).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline
from scipy.sparse import csc_array

from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.refine.lebail import LeBailFit
from hybrid_index.refine.lebail.score import point_variance
from hybrid_index.refine.lebail.setup import EQUAL_Q
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

APART_FWHM = 1.2
"""Lines farther apart (in widths) are told apart well."""
LARGEST_CLUSTER = 20
"""More overlapping lines than this are cut where they are farthest apart; the others' intensities are then held."""
_BACKGROUND_PIECES = 10
_NOTHING = 1.0e-6
"""Lines with less than this share of the usual information lie outside the pattern."""


@dataclass(frozen=True, eq=False)
class Observed:
    """The likelihood of the intensities of m lines, foreign ones included.

    Parameters
    ----------
    information, gradient
        H (m, m) and b (m,); the background may vary smoothly.
    clusters
        Which lines overlap: each line is in one cluster.
    reflections, first
        All reflections hkl (r, 3) of the cell, line by line, and the first (m + 1,) of each line: those whose spacings
        are equal by symmetry are one line. A foreign line has none.
    row
        Shape (m,), the line's row among the fit's reflections; −1 for a foreign line.
    multiplicity
        Shape (m,); 1 for a foreign line.
    two_theta_deg, q, start
        Shape (m,): position, 1/d² in Å⁻², and the intensity that the fit found.
    """

    information: FloatArray
    gradient: FloatArray
    clusters: tuple[IntArray, ...]
    reflections: IntArray
    first: IntArray
    row: IntArray
    multiplicity: FloatArray
    two_theta_deg: FloatArray
    q: FloatArray
    start: FloatArray


def observe(fit: LeBailFit) -> Observed:
    """Collect what a fit says about its intensities."""
    drawn, listed = fit.drawn, fit.reflections
    weight = 1.0 / point_variance(fit)
    points = np.concatenate([np.arange(a, b) for a, b in zip(drawn.first, drawn.last, strict=True)])
    profiles = csc_array((drawn.profile, points, drawn.offset), shape=(weight.size, drawn.first.size))
    information, gradient = _without_background(profiles, weight, fit)
    size = np.diag(information)
    seen = size > _NOTHING * np.median(size[size > 0.0])
    order = np.flatnonzero(seen)
    order = order[np.argsort(drawn.centre[0][order], kind="stable")]
    row = np.full(seen.size, -1, dtype=np.int64)
    row[drawn.own] = np.arange(len(listed))
    row = row[order]
    multiplicity, intensity = np.ones(row.size), np.zeros(row.size)
    multiplicity[row >= 0] = listed.multiplicity[row[row >= 0]]
    intensity[row >= 0] = np.maximum(listed.intensity[row[row >= 0]], 0.0)
    intensity[row < 0] = np.maximum(fit.foreign.intensity[np.cumsum(~drawn.own)[order[row < 0]] - 1], 0.0)
    centre = drawn.centre[0][order]
    reflections, first = _members(fit, row)
    return Observed(
        information=information[np.ix_(order, order)],
        gradient=gradient[order],
        clusters=tuple(_clusters(centre, drawn.fwhm[order])),
        reflections=reflections,
        first=first,
        row=row,
        multiplicity=multiplicity,
        two_theta_deg=centre,
        q=(2.0 * np.sin(np.radians(centre) / 2.0) / fit.radiation.wavelength_angstrom) ** 2,
        start=intensity,
    )


def _without_background(profiles: csc_array, weight: FloatArray, fit: LeBailFit) -> tuple[FloatArray, FloatArray]:
    """H and b when the background may be anything smooth near the one that was fitted."""
    x = fit.two_theta_deg
    inner = np.linspace(x[0], x[-1], _BACKGROUND_PIECES + 1)
    knots = np.concatenate([[x[0]] * 3, inner, [x[-1]] * 3])
    basis = BSpline.design_matrix(x, knots, 3).toarray()
    weighted = weight[:, None] * basis
    mixed = profiles.T @ weighted
    own = basis.T @ weighted
    # as a prior: as uncertain as the fit of lines and background together leaves it
    own += np.diag(1.0e-3 * np.diag(own) + 1.0e-300)
    y = fit.observed - fit.background
    information = (profiles.T @ profiles.multiply(weight[:, None])).toarray() - mixed @ np.linalg.solve(own, mixed.T)
    gradient = profiles.T @ (weight * y) - mixed @ np.linalg.solve(own, weighted.T @ y)
    return np.asarray(information, dtype=np.float64), np.asarray(gradient, dtype=np.float64)


def _members(fit: LeBailFit, row: IntArray) -> tuple[IntArray, IntArray]:
    """All reflections of each line."""
    q = 1.0 / fit.reflections.d_angstrom**2
    found = enumerate_reflections(fit.cell.metric, fit.bravais_lattice, float(q.max()) * (1.0 + EQUAL_Q))
    low = np.searchsorted(found.q, q * (1.0 - EQUAL_Q))
    high = np.searchsorted(found.q, q * (1.0 + EQUAL_Q), side="right")
    parts = [found.hkl[low[i] : high[i]] if i >= 0 else np.zeros((0, 3), dtype=np.int32) for i in row]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    return np.concatenate(parts).astype(np.int64), first.astype(np.int64)


def _clusters(centre: FloatArray, fwhm: FloatArray) -> list[IntArray]:
    gaps = np.diff(centre) / (0.5 * (fwhm[1:] + fwhm[:-1]))
    pieces = np.split(np.arange(centre.size), np.flatnonzero(gaps > APART_FWHM) + 1)
    done: list[IntArray] = []
    while pieces:
        piece = pieces.pop()
        if piece.size <= LARGEST_CLUSTER:
            done.append(piece.astype(np.int64))
            continue
        inner = gaps[piece[:-1]]
        # not at the very ends: that would leave lines of their own which overlap
        middle = slice(piece.size // 4, -(piece.size // 4))
        cut = int(np.argmax(inner[middle])) + piece.size // 4 + 1
        pieces += [piece[:cut], piece[cut:]]
    return sorted(done, key=lambda piece: int(piece[0]))
