"""One measured range as a file gives it, and how it becomes a :class:`~hybrid_index.types.Pattern`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from hybrid_index.errors import WavelengthError
from hybrid_index.io.source import Source
from hybrid_index.types import Pattern
from hybrid_index.units import FloatArray, Radiation, two_theta_from_q

Axis = Literal["two_theta", "momentum_per_angstrom", "momentum_per_nm"]
"""What *x* is: 2θ in degrees, or the momentum transfer 4π sinθ/λ."""

MAX_REPEATED_SHARE = 0.01
"""Points measured twice where blocks meet are averaged up to this share of all; beyond it the axis is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """A range of a file: bare columns, not yet checked.

    Parameters
    ----------
    x, intensity, sigma
        Columns of shape (n,); *sigma* is ``None`` where the file has none.
    axis
        Meaning of *x*.
    radiation
        What the file says.
    title
        The file's own words for the sample.
    metadata
        Anything else worth keeping.
    """

    x: FloatArray
    intensity: FloatArray
    sigma: FloatArray | None = None
    axis: Axis = "two_theta"
    radiation: Radiation | None = None
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def even_grid(start: float, step: float, n: int) -> FloatArray:
    """Return *n* positions from *start* on, *step* apart."""
    return np.asarray(start + step * np.arange(n), dtype=np.float64)


def to_pattern(scan: Scan, source: Source, *, name: str, format_name: str, radiation: Radiation | None) -> Pattern:
    """Check and order a scan; *radiation* given by the user overrides the file's.

    Descending scans are turned round, a few points measured twice are averaged; both are told in ``metadata``.

    Raises
    ------
    InputError
        If the columns are no powder pattern.
    """
    used = radiation or scan.radiation
    metadata = {"format": format_name, **({"title": scan.title} if scan.title else {}), **scan.metadata}
    x, y, sigma = _two_theta(scan, used, source), scan.intensity, _repaired_sigma(scan.sigma)
    if x.size > 1 and np.all(np.diff(x) < 0.0):
        x, y, sigma = x[::-1], y[::-1], sigma if sigma is None else sigma[::-1]
        metadata["reordered"] = "the scan runs downwards in the file"
    repeated = int(np.count_nonzero(np.diff(x) == 0.0))
    if 0 < repeated <= max(3, MAX_REPEATED_SHARE * x.size) and np.all(np.diff(x) >= 0.0):
        x, y, sigma = _averaged(x, y, sigma)
        metadata["averaged"] = f"{repeated} points that were measured twice"
    return Pattern(
        two_theta_deg=x,
        intensity=y,
        sigma=sigma,
        radiation=used,
        name=name,
        source=str(source.path),
        metadata=metadata,
    )


def _two_theta(scan: Scan, radiation: Radiation | None, source: Source) -> FloatArray:
    if scan.axis == "two_theta":
        return scan.x
    if radiation is None:
        raise WavelengthError(
            "the axis is the momentum transfer Q, which needs a wavelength; give one with --wavelength",
            source=str(source.path),
        )
    per_angstrom = scan.x / 10.0 if scan.axis == "momentum_per_nm" else scan.x
    two_theta = two_theta_from_q((per_angstrom / (2.0 * np.pi)) ** 2, radiation.wavelength_angstrom)
    if np.any(np.isnan(two_theta) & np.isfinite(scan.x)):
        raise WavelengthError(
            f"Q reaches {np.nanmax(per_angstrom):.4g} Å⁻¹, which {radiation.wavelength_angstrom:.5g} Å cannot; "
            "check the wavelength and the unit of Q",
            source=str(source.path),
        )
    return two_theta


def _repaired_sigma(sigma: FloatArray | None) -> FloatArray | None:
    """Fill uncertainties that are zero or not finite (masked points, no counts) from their neighbours."""
    if sigma is None:
        return None
    good = np.isfinite(sigma) & (sigma > 0.0)
    if not good.any():
        return None
    index = np.arange(sigma.size)
    return np.where(good, sigma, np.interp(index, index[good], sigma[good]))


def _averaged(
    x: FloatArray, y: FloatArray, sigma: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    unique, inverse, count = np.unique(x, return_inverse=True, return_counts=True)
    mean = np.bincount(inverse, weights=y) / count
    return unique, mean, None if sigma is None else np.sqrt(np.bincount(inverse, weights=sigma**2)) / count
