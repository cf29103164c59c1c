"""Which reflections each observed line may be, and how probable each of them is.

Where reflections are dense a line has several near by, and the nearest is often not the true one. To take the nearest
makes misfits too small, and the uncertainties of the cell with them. So each line is shared between the reflections
near to it and the possibility that it is none of them (expectation maximisation: A. P. Dempster, N. M. Laird &
D. B. Rubin, J. R. Stat. Soc. B 39 (1977) 1, doi:10.1111/j.2517-6161.1977.tb01600.x), and what sharing leaves unknown
is taken off the information on the parameters (T. A. Louis, J. R. Stat. Soc. B 44 (1982) 226,
doi:10.1111/j.2517-6161.1982.tb01203.x).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from hybrid_index.merit import density_exponent
from hybrid_index.refine.line_assignment import Model, assign_lines, blend_spread
from hybrid_index.refine.lines import foreign_probability
from hybrid_index.types import IntArray, PeakList
from hybrid_index.units import FloatArray, dq_d_two_theta, q_from_two_theta

_REACH_ESDS = 5.0
"""A line may be a reflection that lies within this many of its (scaled) uncertainties."""
_LEAST_SHARE = 1.0e-3
"""Smaller shares of a line are left out."""
_SURE_OF_ONE = 2.0
"""The scale of the uncertainties is held near to 1 as by so many further lines."""
LEAST_LEFT = 0.1
"""Sharing takes no more than the rest of this from what the lines tell of a combination of parameters."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedLines:
    """Pairs of an observed line and a reflection that it may be.

    ``rows`` (k,) places in the peak list of ``n_lines`` lines; ``hkl`` (k, 3); ``share`` (k,) probability that the line
    is this reflection, which sums to at most 1 for each line; ``esd_deg`` (k,) scaled uncertainty of its position.
    """

    n_lines: int
    rows: IntArray
    hkl: IntArray
    share: FloatArray
    esd_deg: FloatArray

    @property
    def explained(self) -> float:
        """How many lines belong to the lattice."""
        return float(self.share.sum())


def nearest_lines(model: Model, peaks: PeakList, esd_deg: FloatArray) -> SharedLines:
    """Give each line wholly to its nearest reflection, if that is near enough: what sharing starts from.

    Where lines lie much nearer to their reflections than their uncertainties (n,) say, this tells so.
    """
    true = model.true_two_theta(peaks)
    found = assign_lines(true, esd_deg, peaks, model.reflections(true, peaks.wavelength_angstrom), 1.0)
    share = np.ones(found.rows.size)
    return SharedLines(n_lines=len(peaks), rows=found.rows, hkl=found.hkl, share=share, esd_deg=found.esd_deg)


def share_lines(model: Model, peaks: PeakList, esd_deg: FloatArray, scale: float) -> SharedLines:
    """Share each line between the reflections near to it.

    Before its position is known, a line is foreign with its own probability, or any reflection of the lattice alike.
    A reflection gives no more than one line in all. A line that may be a blend is less well known
    (:func:`~hybrid_index.refine.line_assignment.blend_spread`).

    Parameters
    ----------
    model
        Lattice and shifts.
    peaks
        The observed lines.
    esd_deg
        Shape (n,), uncertainties of 2θ.
    scale
        What these are multiplied by.
    """
    n, wavelength, observed = len(peaks), peaks.wavelength_angstrom, peaks.two_theta_deg
    true = model.true_two_theta(peaks)
    reflections = model.reflections(true, wavelength)
    hkl = reflections.hkl.astype(np.int64)
    calculated = model.observed_two_theta(hkl, wavelength)
    ascending = np.argsort(calculated)[: int(np.isfinite(calculated).sum())]  # beyond reach is NaN, which comes last
    calculated = calculated[ascending]
    if not len(calculated):
        return SharedLines(
            n_lines=n, rows=np.zeros(0, np.int64), hkl=hkl[:0], share=np.zeros(0), esd_deg=np.zeros(0)
        )  # fmt: skip
    esd = np.hypot(scale * esd_deg, blend_spread(calculated, observed, peaks.fwhm_deg))
    start, stop = (np.searchsorted(calculated, observed + reach * esd) for reach in (-_REACH_ESDS, _REACH_ESDS))
    rows = np.repeat(np.arange(n), stop - start)
    places = np.arange(rows.size) + np.repeat(stop - np.cumsum(stop - start), stop - start)
    misfit = (observed[rows] - calculated[places]) / esd[rows]
    foreign = foreign_probability(peaks)
    density = _density_per_deg(true, reflections.q, wavelength)
    odds = (1.0 - foreign[rows]) / density[rows] * np.exp(-0.5 * misfit**2) / (np.sqrt(2.0 * np.pi) * esd[rows])
    share = odds / (foreign + np.bincount(rows, odds, n))[rows]
    share /= np.maximum(np.bincount(places, share, calculated.size), 1.0)[places]
    kept = share >= _LEAST_SHARE
    rows, hkl = rows[kept], hkl[ascending[places[kept]]]
    return SharedLines(n_lines=n, rows=rows, hkl=hkl, share=share[kept], esd_deg=esd[rows])


def fitted_scale(lines: SharedLines, misfit: FloatArray, n_parameters: int) -> float:
    """Root mean square of the misfits (k,) over the uncertainties, after *n_parameters* were fitted."""
    squares = float(lines.share @ misfit**2) + _SURE_OF_ONE
    return float(np.sqrt(squares / (max(lines.explained - n_parameters, 0.0) + _SURE_OF_ONE)))


def shared_covariance(lines: SharedLines, misfit: FloatArray, slopes: FloatArray, priors: FloatArray) -> FloatArray:
    """Covariance (p, p) of fitted parameters, from what the lines tell of them and what sharing leaves unknown.

    Parameters
    ----------
    lines
        What was fitted.
    misfit
        Shape (k,), observed minus calculated position over the uncertainty.
    slopes
        Shape (p, k), derivatives of the calculated position over the uncertainty.
    priors
        Shape (p, p), information on the parameters from elsewhere.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the lines do not determine the parameters.
    """
    told = (slopes * lines.share) @ slopes.T + priors
    pull = slopes * misfit
    mean_pull = np.array([np.bincount(lines.rows, lines.share * each, lines.n_lines) for each in pull])
    unknown = (pull * lines.share) @ pull.T - mean_pull @ mean_pull.T
    left, directions = eigh(told - unknown, told)
    return np.asarray((directions / np.maximum(left, LEAST_LEFT)) @ directions.T, dtype=np.float64)


def _density_per_deg(true_two_theta_deg: FloatArray, q_calc: FloatArray, wavelength_angstrom: float) -> FloatArray:
    """Reflections per degree around each line, as :func:`~hybrid_index.merit.evidence_bits` expects them."""
    q = q_from_two_theta(true_two_theta_deg, wavelength_angstrom)
    last = float(q_calc.max(initial=float(q[-1])))
    exponent = density_exponent(q_calc, len(q_calc), last)
    per_q = max(len(q_calc), 1) * exponent / last * (q / last) ** (exponent - 1.0)
    return np.asarray(per_q * dq_d_two_theta(true_two_theta_deg, wavelength_angstrom), dtype=np.float64)
