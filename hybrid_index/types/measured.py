"""What was measured: a pattern, and the list of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.types.frozen import Frozen, frozen_array, replaced
from hybrid_index.units import FloatArray, Radiation, d_from_two_theta, dq_d_two_theta, q_from_two_theta

MIN_LINES = 5
"""Fewer lines than this determine no lattice."""
_COLUMNS = ("two_theta_deg", "two_theta_esd_deg", "intensity", "fwhm_deg", "height_over_noise")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pattern(Frozen):
    """A measured powder pattern on a 2θ grid.

    Parameters
    ----------
    two_theta_deg
        Shape (n,), strictly increasing, degrees.
    intensity
        Shape (n,), counts or counts per second.
    sigma
        Shape (n,), standard uncertainty of *intensity*; ``None`` where the file has none.
    radiation
        ``None`` until somebody says it.
    name
        Short name for tables and plots.
    source
        The file it came from.
    metadata
        Anything else that the file said.
    """

    two_theta_deg: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None = None
    radiation: Radiation | None = None
    name: str = ""
    source: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "two_theta_deg", frozen_array(self.two_theta_deg))
        set_(self, "intensity", frozen_array(self.intensity))
        if self.sigma is not None:
            set_(self, "sigma", frozen_array(self.sigma))
        set_(self, "metadata", MappingProxyType(dict(self.metadata)))
        self._check()

    def _check(self) -> None:
        where = self.source or self.name or None
        x, y = self.two_theta_deg, self.intensity
        if x.ndim != 1 or x.shape != y.shape or (self.sigma is not None and self.sigma.shape != x.shape):
            raise InputError("2θ, intensity and sigma must be one-dimensional and equally long", source=where)
        if x.size < 20:
            raise InputError(f"a pattern of {x.size} points is too short; at least 20 are needed", source=where)
        if not np.all(np.isfinite(x)) or not np.all(np.isfinite(y)):
            bad = int(np.flatnonzero(~(np.isfinite(x) & np.isfinite(y)))[0])
            raise InputError(
                f"point {bad + 1} is not a finite number (NaN or infinity); remove or repair it", source=where
            )
        if x[0] < 0.0 or x[-1] > 180.0:
            raise InputError(f"2θ runs from {x[0]:g} to {x[-1]:g}°; angles must lie between 0 and 180°", source=where)
        steps = np.diff(x)
        if np.any(steps <= 0.0):
            at = int(np.flatnonzero(steps <= 0.0)[0])
            place = f"after {x[at]:g}° (point {at + 2})"
            raise InputError(f"2θ does not increase {place}; sort the pattern and drop repeated points", source=where)
        if not np.any(y != y[0]):
            raise InputError("all intensities are equal; this is not a diffraction pattern", source=where)

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed."""
        return replaced(self, changes)

    def between(self, low_deg: float | None, high_deg: float | None) -> Self:
        """Return the points from *low_deg* to *high_deg*; ``None`` sets no limit."""
        low, high = -np.inf if low_deg is None else low_deg, np.inf if high_deg is None else high_deg
        kept = (self.two_theta_deg >= low) & (self.two_theta_deg <= high)
        return (
            self
            if kept.all()
            else self.replace(
                two_theta_deg=self.two_theta_deg[kept],
                intensity=self.intensity[kept],
                sigma=None if self.sigma is None else self.sigma[kept],
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeakList(Frozen):
    """Positions of diffraction lines, ascending in 2θ, all referring to ``radiation.wavelength_angstrom``.

    Parameters
    ----------
    two_theta_deg
        Shape (n,), observed positions in degrees.
    two_theta_esd_deg
        Shape (n,), standard uncertainties in degrees (``default_esd_deg`` where the source gives none).
    intensity
        Shape (n,), integrated intensity on any scale; ones where unknown.
    fwhm_deg
        Shape (n,), full width at half maximum in degrees; NaN where unknown.
    height_over_noise
        Shape (n,), peak height over the noise of the background; NaN where unknown (a typed list).
    """

    two_theta_deg: FloatArray
    two_theta_esd_deg: FloatArray
    intensity: FloatArray
    fwhm_deg: FloatArray
    height_over_noise: FloatArray
    radiation: Radiation
    name: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in _COLUMNS:
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        self._check()

    def _check(self) -> None:
        where = self.source or self.name or None
        x = self.two_theta_deg
        if x.ndim != 1 or any(getattr(self, column).shape != x.shape for column in _COLUMNS):
            raise InputError("all columns of a peak list must be one-dimensional and equally long", source=where)
        if not np.all(np.isfinite(x)):
            raise InputError("a line position is not a finite number (NaN or infinity); remove that line", source=where)
        if x.size and (x.min() <= 0.0 or x.max() >= 180.0):
            raise InputError(
                f"line positions run from {x.min():g} to {x.max():g}°; 2θ must lie between 0 and 180°", source=where
            )
        if np.any(np.diff(x) <= 0.0):
            raise InputError("line positions must increase strictly", source=where)
        if not np.all(self.two_theta_esd_deg > 0.0):
            raise InputError("standard uncertainties of line positions must be positive", source=where)

    @classmethod
    def from_positions(
        cls,
        two_theta_deg: npt.ArrayLike,
        *,
        radiation: Radiation,
        intensity: npt.ArrayLike | None = None,
        two_theta_esd_deg: npt.ArrayLike | float | None = None,
        fwhm_deg: npt.ArrayLike | None = None,
        name: str = "",
        source: str = "",
    ) -> PeakList:
        """Make a list from bare positions (any order); identical positions are merged, their intensities added."""
        where = source or name or None
        x = np.atleast_1d(np.asarray(two_theta_deg, dtype=np.float64))
        if x.ndim != 1:
            raise InputError("line positions must be one-dimensional", source=where)
        if not np.all(np.isfinite(x)):
            raise InputError("a line position is not a finite number (NaN or infinity); remove that line", source=where)
        n = x.size
        y = np.ones(n) if intensity is None else np.broadcast_to(np.asarray(intensity, dtype=np.float64), (n,)).copy()
        y[~np.isfinite(y)] = 0.0
        esd = np.full(n, default_esd_deg(radiation.wavelength_angstrom))
        if two_theta_esd_deg is not None:
            given = np.broadcast_to(np.asarray(two_theta_esd_deg, dtype=np.float64), (n,))
            esd = np.where(np.isfinite(given) & (given > 0.0), given, esd)
        width = np.broadcast_to(np.asarray(np.nan if fwhm_deg is None else fwhm_deg, dtype=np.float64), (n,))
        values, first, inverse = np.unique(x, return_index=True, return_inverse=True)
        return cls(
            two_theta_deg=values,
            two_theta_esd_deg=esd[first],
            intensity=np.bincount(inverse, weights=y, minlength=values.size).astype(np.float64),
            fwhm_deg=width[first],
            height_over_noise=np.full(values.size, np.nan),
            radiation=radiation,
            name=name,
            source=source,
        )

    def __len__(self) -> int:
        return int(self.two_theta_deg.size)

    @property
    def wavelength_angstrom(self) -> float:
        """Wavelength in Å that the positions refer to."""
        return self.radiation.wavelength_angstrom

    @property
    def q(self) -> FloatArray:
        """Q = 1/d² in Å⁻², shape (n,), not corrected for shifts."""
        return q_from_two_theta(self.two_theta_deg, self.wavelength_angstrom)

    @property
    def q_esd(self) -> FloatArray:
        """Standard uncertainty of Q in Å⁻², shape (n,)."""
        slope = dq_d_two_theta(self.two_theta_deg, self.wavelength_angstrom)
        return np.asarray(slope * self.two_theta_esd_deg, dtype=np.float64)

    @property
    def d_angstrom(self) -> FloatArray:
        """Spacings d in Å, shape (n,), not corrected for shifts."""
        return d_from_two_theta(self.two_theta_deg, self.wavelength_angstrom)

    def select(self, keep: npt.ArrayLike) -> PeakList:
        """Return the lines chosen by a mask or by indices (order stays ascending)."""
        index = np.arange(len(self))[np.asarray(keep)]
        index.sort()
        return replaced(self, {name: getattr(self, name)[index] for name in _COLUMNS})

    def replace(self, **changes: Any) -> PeakList:
        """Return a copy with some fields changed."""
        return replaced(self, changes)


def default_esd_deg(wavelength_angstrom: float) -> float:
    """Position uncertainty (degrees) assumed for a list that states none: 0.02° for Cu Kα, less for shorter waves."""
    return 0.02 * min(1.0, max(0.1, wavelength_angstrom / 1.5406))
