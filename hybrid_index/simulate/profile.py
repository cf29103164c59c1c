"""Shapes of lines and backgrounds: what an instrument makes of a line list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import fast_kernel, kernel
from hybrid_index.errors import InputError
from hybrid_index.line_shapes import combined_width, lorentzian_share
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray

TAIL_FWHM = 30.0
"""A line is drawn this many widths to either side (a Lorentzian has fallen to 3e-4 of its height there)."""
FAINTEST = 1.0e-7
"""Share of the height of the strongest line below which tails are not drawn: most lines are weak."""
GAUSS_FWHM = 3.0
"""Where the Gaussian share of a line has fallen to 1e-11."""
SCHERRER_K = 0.9
"""Shape factor of spheres, for widths at half maximum."""
AXIAL_RAYS = ((0.1, 1), (0.5, 3), (2.0, 8), (math.inf, 24))
"""By how many rays the axial divergence is sampled, where it shifts a line by up to so many of its widths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Pseudo-Voigt lines with the width of Caglioti, Paoletti & Ricci (1958), doi:10.1016/0369-643X(58)90029-X.

    FWHM² = U tan²θ + V tanθ + W, in degrees², of 2θ.

    Parameters
    ----------
    u, v, w
        Caglioti coefficients in degrees².
    eta
        Lorentzian share, 0 to 1.
    axial_divergence_deg
        Largest angle of rays with the equatorial plane. Such a ray meets the detector lower by ψ²/2·cot 2θ, which gives
        lines at low angles their tail.
    crystallite_size_nm
        Mean size of the crystallites, which adds a Lorentzian of Scherrer's width Kλ/(L cosθ), K = 0.9; infinite ones
        add nothing.
    """

    u: float = 0.0
    v: float = 0.0
    w: float = 0.01
    eta: float = 0.5
    axial_divergence_deg: float = 0.0
    crystallite_size_nm: float = math.inf

    def __post_init__(self) -> None:
        if not 0.0 <= self.eta <= 1.0:
            raise InputError(f"the Lorentzian share is {self.eta!r}; give a value from 0 to 1", source="eta")
        if not self.crystallite_size_nm > 0.0:
            raise InputError(f"crystallites of {self.crystallite_size_nm!r} nm have no size; give a positive one")

    @classmethod
    def constant(cls, fwhm_deg: float, *, eta: float = 0.5) -> Self:
        """Lines of equal width (degrees 2θ)."""
        return cls(w=fwhm_deg**2, eta=eta)

    def fwhm_deg(self, two_theta_deg: npt.ArrayLike) -> FloatArray:
        """Full width at half maximum in degrees 2θ that the instrument gives a line.

        Raises
        ------
        InputError
            If the coefficients give no width at one of the angles.
        """
        tangent = np.tan(np.radians(np.asarray(two_theta_deg, dtype=np.float64)) / 2.0)
        squared = (self.u * tangent + self.v) * tangent + self.w
        if not np.all(squared > 0.0):
            raise InputError(
                f"U, V, W = {self.u:g}, {self.v:g}, {self.w:g} give no positive line width; raise W", source="profile"
            )
        return np.asarray(np.sqrt(squared), dtype=np.float64)

    def shapes(self, two_theta_deg: npt.ArrayLike, wavelength_angstrom: float) -> tuple[FloatArray, FloatArray]:
        """Full widths at half maximum (degrees 2θ) and Lorentzian shares of lines, crystallite size included.

        Widths of the Gaussian and Lorentzian parts are added apart, after Thompson, Cox & Hastings (1987),
        doi:10.1107/S0021889887087090.
        """
        two_theta = np.asarray(two_theta_deg, dtype=np.float64)
        fwhm, eta = self.fwhm_deg(two_theta), np.full(two_theta.shape, self.eta)
        if math.isinf(self.crystallite_size_nm):
            return fwhm, eta
        size = 10.0 * self.crystallite_size_nm
        scherrer = np.degrees(SCHERRER_K * wavelength_angstrom / (size * np.cos(np.radians(two_theta) / 2.0)))
        lorentz = fwhm * float(np.polyval((0.07783, 0.19289, 0.72928, 0.0), self.eta)) + scherrer
        gauss = fwhm * math.sqrt(max(float(np.polyval((-0.00810, -0.24781, -0.74417, 1.0), self.eta)), 0.0))
        return combined_shape(gauss, lorentz)


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Constant, exponential (air scattering), polynomial, and one broad amorphous hump, in counts.

    Parameters
    ----------
    constant, exponential, decay_deg
        ``constant + exponential · exp(−2θ/decay_deg)``.
    hump, hump_centre_deg, hump_fwhm_deg
        A Gaussian: its height, centre and width.
    chebyshev
        Coefficients of the Chebyshev polynomials T1, T2, … from −1 at the first to 1 at the last point of a grid.
    """

    constant: float = 0.0
    exponential: float = 0.0
    decay_deg: float = 15.0
    hump: float = 0.0
    hump_centre_deg: float = 25.0
    hump_fwhm_deg: float = 12.0
    chebyshev: tuple[float, ...] = ()

    def counts(self, two_theta_deg: npt.ArrayLike) -> FloatArray:
        """Return the counts at each angle of an ascending grid (degrees 2θ)."""
        x = np.asarray(two_theta_deg, dtype=np.float64)
        hump = np.exp(-4.0 * math.log(2.0) * ((x - self.hump_centre_deg) / self.hump_fwhm_deg) ** 2)
        counts = self.constant + self.exponential * np.exp(-x / self.decay_deg) + self.hump * hump
        if self.chebyshev:
            along = (2.0 * x - x[0] - x[-1]) / (x[-1] - x[0])
            counts += np.polynomial.chebyshev.chebval(along, (0.0, *self.chebyshev))
        return np.asarray(counts, dtype=np.float64)


def combined_shape(gauss: FloatArray, lorentz: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Width and Lorentzian share of pseudo-Voigt lines from the widths of their Gaussian and Lorentzian parts."""
    total = combined_width(gauss, lorentz)
    return total, lorentzian_share(lorentz / total)


def axial_rays(
    two_theta_deg: FloatArray, fwhm_deg: FloatArray, axial_divergence_deg: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Rays that make up lines (n,): the line that each belongs to, its shift in degrees and its weight, all (m,).

    The angle to the equatorial plane is integrated by Gauss–Legendre quadrature, with more nodes where it matters.
    """
    if axial_divergence_deg <= 0.0:
        n = two_theta_deg.size
        return np.arange(n), np.zeros(n), np.ones(n)
    largest = np.degrees(0.5 * np.radians(axial_divergence_deg) ** 2 / np.tan(np.radians(two_theta_deg)))
    ratio = np.abs(largest) / fwhm_deg
    line, shift, weight = [], [], []
    low = -1.0
    for high, n_rays in AXIAL_RAYS:
        chosen = np.flatnonzero((ratio > low) & (ratio <= high))
        nodes, weights = _quadrature(n_rays)
        line.append(np.repeat(chosen, n_rays))
        shift.append(np.outer(-largest[chosen], nodes**2).ravel())
        weight.append(np.tile(weights, chosen.size))
        low = high
    return np.concatenate(line), np.concatenate(shift), np.concatenate(weight)


@cache
def _quadrature(n: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of Gauss and Legendre from 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1.0) / 2.0, weights / 2.0


@kernel
def unit_area_height(eta: float) -> float:
    """Height of a pseudo-Voigt line of unit area and unit FWHM."""
    return float(eta * 2.0 / np.pi + (1.0 - eta) * 2.0 * np.sqrt(np.log(2.0) / np.pi))


@fast_kernel
def add_pseudo_voigts(
    grid_deg: FloatArray,
    centre_deg: FloatArray,
    area: FloatArray,
    fwhm_deg: FloatArray,
    eta: FloatArray,
    out: FloatArray,
) -> None:
    """Add lines (n,) of given areas (counts·degrees), widths and Lorentzian shares to *out*, on an increasing grid."""
    faintest = 0.0
    for i in range(centre_deg.shape[0]):
        faintest = max(faintest, FAINTEST * area[i] / fwhm_deg[i])
    if faintest == 0.0:
        return
    for i in range(centre_deg.shape[0]):
        width, centre = fwhm_deg[i], centre_deg[i]
        # There the Lorentzian, 1/(2x/width)² of its height, has sunk to the faintest that is drawn.
        reach = width * min(TAIL_FWHM, 0.5 * np.sqrt(area[i] / (width * faintest)))
        start = np.searchsorted(grid_deg, centre - reach)
        stop = np.searchsorted(grid_deg, centre + reach)
        x, y = grid_deg[start:stop], out[start:stop]
        # height / (1 + (2(x − centre)/width)²), with one division for each point.
        quarter = 0.25 * width * width
        scaled = quarter * eta[i] * area[i] / width * 2.0 / np.pi
        for j in range(x.shape[0]):
            y[j] += scaled / (quarter + (x[j] - centre) ** 2)
        reach = min(reach, GAUSS_FWHM * width)
        start = np.searchsorted(grid_deg, centre - reach)
        stop = np.searchsorted(grid_deg, centre + reach)
        x, y = grid_deg[start:stop], out[start:stop]
        height = (1.0 - eta[i]) * area[i] / width * 2.0 * np.sqrt(np.log(2.0) / np.pi)
        sharpness = 4.0 * np.log(2.0) / (width * width)
        for j in range(x.shape[0]):
            y[j] += height * np.exp(-sharpness * (x[j] - centre) ** 2)
