"""Shapes of lines and backgrounds: what an instrument makes of a line list."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numba import njit

from hybrid_index.errors import InputError
from hybrid_index.units import FloatArray

TAIL_FWHM = 30.0
"""A line is drawn this many widths to either side (a Lorentzian has fallen to 3e-4 of its height there)."""
AXIAL_NODES = 8
"""Rays by which the axial divergence is sampled."""


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
    """

    u: float = 0.0
    v: float = 0.0
    w: float = 0.01
    eta: float = 0.5
    axial_divergence_deg: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.eta <= 1.0:
            raise InputError(f"the Lorentzian share is {self.eta!r}; give a value from 0 to 1", source="eta")

    @classmethod
    def constant(cls, fwhm_deg: float, *, eta: float = 0.5) -> Self:
        """Lines of equal width (degrees 2θ)."""
        return cls(w=fwhm_deg**2, eta=eta)

    def fwhm_deg(self, two_theta_deg: npt.ArrayLike) -> FloatArray:
        """Full width at half maximum in degrees 2θ.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """Constant plus exponential (air scattering) plus one broad amorphous hump, in counts."""

    constant: float = 0.0
    exponential: float = 0.0
    decay_deg: float = 15.0
    hump: float = 0.0
    hump_centre_deg: float = 25.0
    hump_fwhm_deg: float = 12.0

    def counts(self, two_theta_deg: npt.ArrayLike) -> FloatArray:
        """Return the counts at each angle (degrees 2θ)."""
        x = np.asarray(two_theta_deg, dtype=np.float64)
        hump = np.exp(-4.0 * math.log(2.0) * ((x - self.hump_centre_deg) / self.hump_fwhm_deg) ** 2)
        air = np.exp(-x / self.decay_deg)
        return np.asarray(self.constant + self.exponential * air + self.hump * hump, dtype=np.float64)


def axial_rays(two_theta_deg: FloatArray, axial_divergence_deg: float) -> tuple[FloatArray, FloatArray]:
    """Shifts (n, r) in degrees and weights (r,) of the rays that make up each line (Gauss–Legendre quadrature)."""
    if axial_divergence_deg <= 0.0:
        return np.zeros((two_theta_deg.size, 1)), np.ones(1)
    nodes, weights = np.polynomial.legendre.leggauss(AXIAL_NODES)
    ray = np.radians(axial_divergence_deg) * (nodes + 1.0) / 2.0
    shift = -np.degrees(0.5 * ray**2 / np.tan(np.radians(two_theta_deg))[:, None])
    return shift, weights / 2.0


@njit(cache=True, nogil=True)
def unit_area_height(eta: float) -> float:
    """Height of a pseudo-Voigt line of unit area and unit FWHM."""
    return float(eta * 2.0 / np.pi + (1.0 - eta) * 2.0 * np.sqrt(np.log(2.0) / np.pi))


@njit(cache=True, nogil=True)
def add_pseudo_voigts(
    grid_deg: FloatArray, centre_deg: FloatArray, area: FloatArray, fwhm_deg: FloatArray, eta: float, out: FloatArray
) -> None:
    """Add lines of given area (counts·degrees) to *out*, on an increasing grid."""
    gauss_height = 2.0 * np.sqrt(np.log(2.0) / np.pi)
    for i in range(centre_deg.shape[0]):
        width, centre = fwhm_deg[i], centre_deg[i]
        start = np.searchsorted(grid_deg, centre - TAIL_FWHM * width)
        stop = np.searchsorted(grid_deg, centre + TAIL_FWHM * width)
        for j in range(start, stop):
            x2 = ((grid_deg[j] - centre) / width) ** 2
            value = eta * 2.0 / np.pi / (1.0 + 4.0 * x2)
            if x2 < 10.0:
                value += (1.0 - eta) * gauss_height * np.exp(-4.0 * np.log(2.0) * x2)
            out[j] += area[i] / width * value
