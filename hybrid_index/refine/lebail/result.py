"""What a whole-pattern fit found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail.model import Drawn
from hybrid_index.types import IntArray, Shift, frozen_array
from hybrid_index.types.frozen import Frozen
from hybrid_index.units import FloatArray, Radiation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedReflections(Frozen):
    """Reflections of a fit, ascending in Q; each stands for all whose spacings are equal by symmetry.

    Parameters
    ----------
    hkl
        Shape (m, 3).
    multiplicity
        Shape (m,), for the symmetry of the lattice.
    d_angstrom
        Shape (m,).
    two_theta_deg
        Shape (m,), where the (Kα1) line is observed, shifts included.
    intensity, intensity_esd
        Shape (m,), areas of the (Kα1) line in intensity · degrees, and standard uncertainties. Of reflections that
        overlap fully the sum is known, and each has an uncertainty as large as itself.
    fwhm_deg
        Shape (m,), full width at half maximum.
    """

    hkl: IntArray
    multiplicity: IntArray
    d_angstrom: FloatArray
    two_theta_deg: FloatArray
    intensity: FloatArray
    intensity_esd: FloatArray
    fwhm_deg: FloatArray

    def __post_init__(self) -> None:
        for name in ("hkl", "multiplicity"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.int64))
        for name in ("d_angstrom", "two_theta_deg", "intensity", "intensity_esd", "fwhm_deg"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __len__(self) -> int:
        return int(self.d_angstrom.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForeignLines(Frozen):
    """Observed lines that were drawn although they are none of the cell's.

    Parameters
    ----------
    two_theta_deg
        Shape (f,), where the (Kα1) line was held, ascending.
    intensity, intensity_esd
        Shape (f,), areas in intensity · degrees, and standard uncertainties.
    pattern
        Shape (n,), what they add to the calculated pattern.
    """

    two_theta_deg: FloatArray
    intensity: FloatArray
    intensity_esd: FloatArray
    pattern: FloatArray

    def __post_init__(self) -> None:
        for name in ("two_theta_deg", "intensity", "intensity_esd", "pattern"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))

    def __len__(self) -> int:
        return int(self.two_theta_deg.size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeBailFit(Frozen):
    """A whole-pattern fit of a cell.

    Parameters
    ----------
    name
        Of the pattern.
    bravais_lattice, cell, cell_esd
        The cell and its standard uncertainties, Å and degrees; 0 for what symmetry fixes. They hold for the
        scatter that was found (χ² > 1) and for residuals that go together over several points.
    shift
        Zero shift and displacement.
    radiation
        Wavelengths.
    r_p, r_wp, r_exp
        Profile R values, as fractions; background and foreign lines included.
    chi2
        (R_wp / R_exp)².
    reflections
        Intensities of all reflections.
    foreign
        Lines that were drawn beside those of the cell, because the fit was asked to.
    profile, profile_esd
        Width parameters U, V, W (degrees²), X, Y, Z (degrees), ``axial`` (degrees) and ``ka2_ratio``.
    two_theta_deg, observed, sigma, calculated, background
        Shape (n,): the points that were fitted, with spikes taken out, averaged where finer than any peak needs.
    parameter_names, covariance
        Free parameters but the intensities, and their covariance (p, p).
    covariance_by_shares
        The same (p, p) as if overlapping lines had the shares that Le Bail's rule gave them: the measure by which cells
        are compared, since one whose lines overlap more must not be cheaper for it.
    intensity_covariance
        Shape (m, m), for Pawley's method; ``None`` for Le Bail's.
    converged, n_iterations
        Whether the fit came to rest, and after how many steps.
    drawn
        The lines as they were drawn, for :func:`compare`.
    """

    name: str
    bravais_lattice: BravaisLattice
    cell: Cell
    cell_esd: Cell
    shift: Shift
    radiation: Radiation
    r_p: float
    r_wp: float
    r_exp: float
    chi2: float
    reflections: FittedReflections
    foreign: ForeignLines
    profile: Mapping[str, float]
    profile_esd: Mapping[str, float]
    two_theta_deg: FloatArray
    observed: FloatArray
    sigma: FloatArray
    calculated: FloatArray
    background: FloatArray
    parameter_names: tuple[str, ...]
    covariance: FloatArray
    covariance_by_shares: FloatArray
    intensity_covariance: FloatArray | None
    converged: bool
    n_iterations: int
    drawn: Drawn = field(repr=False)

    def __post_init__(self) -> None:
        points = ("two_theta_deg", "observed", "sigma", "calculated", "background")
        for name in (*points, "covariance", "covariance_by_shares"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        if self.intensity_covariance is not None:
            object.__setattr__(self, "intensity_covariance", frozen_array(self.intensity_covariance))
        for name in ("profile", "profile_esd"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def difference(self) -> FloatArray:
        """Observed less calculated, shape (n,)."""
        return np.asarray(self.observed - self.calculated, dtype=np.float64)

    @property
    def r_wp_of_cell(self) -> float:
        """R_wp where foreign lines count as unexplained: the same as ``r_wp`` where none were drawn."""
        left = (self.difference + self.foreign.pattern) / self.sigma
        return float(np.sqrt(np.sum(left**2) / np.sum((self.observed / self.sigma) ** 2)))
