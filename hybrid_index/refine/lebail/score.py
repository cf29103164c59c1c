"""Which of several cells a pattern speaks for, in bits.

Fits of one pattern differ in how much they explain and in how much they could explain. What is assumed:

- **Points.** Points within half a line width go together; their mean is one independent datum.
- **Errors.** A datum has its counting error, and an error in proportion to the lines there, since no calculated line
  has quite the right shape. The proportion is the least that one of the fits needs, and the same for all of them. Where
  the misfits of the best fit still go together over several data, so many data count as one.
- **Foreign lines.** Here and there a stretch of the pattern belongs to something else, whatever the cell. So a line
  that is left over costs ten to thirty bits, not the thousands that its height would make.
- **Lines.** See :mod:`hybrid_index.refine.lebail.line_evidence`.
- **Cell.** Each free parameter costs how much better it is known after the fit than before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.errors import InputError
from hybrid_index.refine.lebail.correlation import correlated_noise
from hybrid_index.refine.lebail.line_evidence import line_nats
from hybrid_index.refine.lebail.result import LeBailFit
from hybrid_index.refine.positions import free_parameters
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

_DATUM_FWHM = 0.5
_MODEL_ERROR = (0.03, 0.3)
"""Least and largest error of a calculated line, as a fraction of itself."""
_BESIDE = (1.0, 0.6, 0.3, 0.15)
"""Share of the height of a line that counts so many data beside it."""
_MOST_MISFIT = 5.0
"""Standardised misfits count as no more where it is asked how far they go together."""
_CLEAR = 10.0
"""Height over noise from which a datum says how good line shapes are."""
_MEDIAN_OF_SQUARES = 0.455
"""Of a normal variable of unit variance."""
_SHAPE_QUANTILE, _SQUARE_AT_QUANTILE = 0.85, 2.072
"""Most line shapes, not half of them, have to be as good as the error says; the square of a normal variable there."""
_FOREIGN_BEGINS = 0.005
_FOREIGN_GOES_ON = 0.7
_FOREIGN_COST, _FOREIGN_POWER = 0.5, 0.25
"""Probability that a foreign line begins at a datum, and goes on at the next; nats for each datum of it, and as what
power of its height its likelihood falls: its height has its price, as that of a line of the cell."""
FOREIGN_LINE_BITS = 12.0
"""Price of a foreign line that was drawn, however strong: it is rare, it could lie anywhere, and its height is free."""
_PARTS = ("misfit", "lines", "foreign", "cell")
_KNOWN_BEFORE = 0.01
"""Relative uncertainty of lengths, and of angles in radians, before a cell was fitted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a fit is worth against others of the same pattern, in bits.

    Parameters
    ----------
    bits
        The total; differences count, and the best has 0.
    misfit, lines, foreign, cell
        Its parts, none positive: what is left unexplained, and the price of the cell's lines, of the foreign lines that
        were drawn, and of the cell.
    n_lines, n_absent
        Lines that the pattern could tell apart, and how many of them (estimated) are absent.
    """

    bits: float
    misfit: float
    lines: float
    foreign: float
    cell: float
    n_lines: int
    n_absent: float


def compare(fits: Sequence[LeBailFit], left_out: npt.NDArray[np.bool_] | None = None) -> list[Comparison]:
    """Compare fits of one pattern over one range, by the evidence for their cells; see the module.

    Parameters
    ----------
    fits
        At least one; all with the same points.
    left_out
        Which points (n,) are to say nothing, neither for a cell nor against it.

    Raises
    ------
    InputError
        If there is none, or the fits are of different patterns or ranges.
    """
    if not fits:
        raise InputError("there is no fit to compare; give at least one")
    x = fits[0].two_theta_deg
    if any(
        not (np.array_equal(fit.two_theta_deg, x) and np.array_equal(fit.observed, fits[0].observed)) for fit in fits
    ):
        raise InputError("the fits are not of the same points; fit all cells over one range")
    data = _data(fits)
    heard = np.ones(x.size, dtype=bool) if left_out is None else ~left_out
    heard_data = np.logical_and.reduceat(heard, data.edges)
    per_point = data.point_variance.copy()
    per_point[~heard] = np.inf
    standardised = [(misfit / np.sqrt(data.variance))[heard_data] for misfit in data.misfits]
    together = min(correlated_noise(np.clip(z, -_MOST_MISFIT, _MOST_MISFIT)) for z in standardised)
    parts = [_parts(fit, z, per_point, together) for fit, z in zip(fits, standardised, strict=True)]
    top = max(part.bits for part in parts)
    return [replace(part, bits=part.bits - top) for part in parts]


def point_variance(fit: LeBailFit) -> FloatArray:
    """Variance (n,) of single points, errors of line shapes included."""
    return _data([fit]).point_variance


@dataclass(frozen=True, eq=False)
class _Data:
    """Means over half a width: first points, variances (d,), misfits of each fit (d,); and variances of points (n,)."""

    edges: IntArray
    variance: FloatArray
    misfits: list[FloatArray]
    point_variance: FloatArray


def _data(fits: Sequence[LeBailFit]) -> _Data:
    """Independent data, with errors that the best of the fits needs."""
    x = fits[0].two_theta_deg
    best = min(fits, key=lambda fit: fit.chi2)
    order = np.argsort(best.reflections.two_theta_deg)
    fwhm = np.interp(x, best.reflections.two_theta_deg[order], best.reflections.fwhm_deg[order])
    edges = _datum_edges(x, fwhm)
    count = np.diff(np.append(edges, x.size))
    noise = np.add.reduceat(fits[0].sigma ** 2, edges) / count**2
    net = np.maximum(np.add.reduceat(best.observed - best.background, edges) / count, 0.0)
    net = _spread(net)
    misfits = [np.add.reduceat(fit.difference, edges) / count for fit in fits]
    errors = [_errors(misfit, noise, net) for misfit in misfits]
    scale, error = min(scale for scale, _ in errors), min(error for _, error in errors)
    variance = scale * noise + (error * net) ** 2
    # for single points: errors of a line shape go together over a datum
    point_variance = scale * fits[0].sigma ** 2 + np.repeat((error * net) ** 2 * count, count)
    return _Data(edges=edges, variance=variance, misfits=misfits, point_variance=point_variance)


def _datum_edges(x: FloatArray, fwhm: FloatArray) -> IntArray:
    """First point of each datum."""
    place = np.concatenate([[0.0], np.cumsum(np.diff(x) / (_DATUM_FWHM * fwhm[:-1]))])
    return np.asarray(np.flatnonzero(np.diff(np.floor(place), prepend=-1.0) > 0.0), dtype=np.int64)


def _spread(net: FloatArray) -> FloatArray:
    """Height of the lines (n,) that a datum lies on or beside: errors of a shape are largest on its flanks."""
    out = net.copy()
    for distance, share in enumerate(_BESIDE, start=1):
        out[distance:] = np.maximum(out[distance:], share * net[:-distance])
        out[:-distance] = np.maximum(out[:-distance], share * net[distance:])
    return out


def _errors(misfit: FloatArray, noise: FloatArray, net: FloatArray) -> tuple[float, float]:
    """What the variances are to be multiplied by, and the error of the line shapes as a fraction of the lines."""
    clear = net > _CLEAR * np.sqrt(noise)
    scale = 1.0
    if not clear.all():
        scale = max(1.0, float(np.median(misfit[~clear] ** 2 / noise[~clear])) / _MEDIAN_OF_SQUARES)
    if not clear.any():
        return scale, _MODEL_ERROR[0]
    squares = (misfit[clear] ** 2 - scale * noise[clear]) / net[clear] ** 2
    typical = float(np.quantile(squares, _SHAPE_QUANTILE)) / _SQUARE_AT_QUANTILE
    return scale, float(np.sqrt(np.clip(typical, _MODEL_ERROR[0] ** 2, _MODEL_ERROR[1] ** 2)))


def _parts(fit: LeBailFit, z: FloatArray, variance: FloatArray, together: float) -> Comparison:
    """All parts, and their sum; *together*: so many data speak as one."""
    lines, n, absent = line_nats(fit, variance)
    nats = np.array([misfit_nats(z) / together, lines / together, _foreign_nats(fit, variance), _cell_nats(fit)])
    bits = nats / np.log(2.0)
    return Comparison(
        bits=float(bits.sum()), **dict(zip(_PARTS, bits.tolist(), strict=True)), n_lines=n, n_absent=absent
    )


def _foreign_nats(fit: LeBailFit, variance: FloatArray) -> float:
    """Price of the foreign lines: no more for any of them than it would cost to leave it."""
    information = fit.drawn.information(1.0 / variance)[~fit.drawn.own]
    gain = 0.5 * fit.foreign.intensity**2 * information
    return -float(np.sum(np.minimum(gain, FOREIGN_LINE_BITS * np.log(2.0))))


@kernel
def misfit_nats(z: FloatArray) -> float:
    """Log-likelihood of standardised misfits (n,), some of which come in stretches from foreign lines."""
    own, foreign = 1.0 - _FOREIGN_BEGINS, _FOREIGN_BEGINS
    total = 0.0
    for value in z:
        own *= np.exp(-0.5 * min(value * value, 1400.0))
        foreign *= np.exp(-_FOREIGN_COST) * max(2.0 * abs(value), 1.0) ** -_FOREIGN_POWER
        scale = own + foreign
        total += np.log(scale)
        own, foreign = own / scale, foreign / scale
        begun = own * _FOREIGN_BEGINS + foreign * _FOREIGN_GOES_ON
        own, foreign = 1.0 - begun, begun
    return total


def _cell_nats(fit: LeBailFit) -> float:
    """Price of the free cell parameters."""
    names = free_parameters(fit.bravais_lattice)
    unit = [getattr(fit.cell, name) if len(name) == 1 else np.degrees(1.0) for name in names]
    rows = [fit.parameter_names.index(name) for name in names]
    relative = fit.covariance_by_shares[np.ix_(rows, rows)] / np.outer(unit, unit) / _KNOWN_BEFORE**2
    return float(0.5 * np.sum(np.log(np.clip(np.linalg.eigvalsh(relative), 1.0e-12, 1.0))))
