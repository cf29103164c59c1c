"""Angles, spacings, radiations: the conversions everybody uses, in one place.

Conventions (see ``ARCHITECTURE.md``): angles in degrees at the API; Q = 1/d² = (2 sinθ/λ)² in Å⁻²; and

    2θ_observed = 2θ_true + zero − (2 s / R) · cosθ · 180/π

with the sample displacement *s* and the goniometer radius *R* in mm.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import WavelengthError

FloatArray = npt.NDArray[np.float64]

DEFAULT_RADIUS_MM = 200.0
HC_KEV_ANGSTROM = 12.398419843320026
"""h·c in keV·Å (exact SI value)."""
WAVELENGTH_LIMITS_ANGSTROM = (0.01, 20.0)
"""Outside these no powder diffractometer works: a value there is a mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Radiation:
    """What was diffracted.

    Parameters
    ----------
    wavelength_angstrom
        The wavelength that positions are converted with: Kα1 of a tube, or the monochromatic one.
    ka2_angstrom
        Wavelength of the Kα2 satellite, ``None`` where there is none.
    ka2_ratio
        Intensity of Kα2 over Kα1.
    probe
        ``"xray"`` or ``"neutron"``.
    name
        For people: ``"CuKa"``, ``"30 keV"``, ``"0.4137 Å"``.
    """

    wavelength_angstrom: float
    ka2_angstrom: float | None = None
    ka2_ratio: float = 0.5
    probe: Literal["xray", "neutron"] = "xray"
    name: str = ""

    def __post_init__(self) -> None:
        check_wavelength(self.wavelength_angstrom)
        if self.ka2_angstrom is not None:
            check_wavelength(self.ka2_angstrom)


def check_wavelength(wavelength_angstrom: float) -> float:
    """Return the wavelength (Å), or raise :class:`WavelengthError` if it cannot be one."""
    low, high = WAVELENGTH_LIMITS_ANGSTROM
    if not (math.isfinite(wavelength_angstrom) and low <= wavelength_angstrom <= high):
        raise WavelengthError(
            f"wavelength {wavelength_angstrom:g} Å is not possible for powder diffraction; "
            f"give one between {low:g} and {high:g} Å, such as 1.5406, CuKa or 30keV"
        )
    return float(wavelength_angstrom)


# Kα1, Kα2 in Å: G. Hölzer et al., Phys. Rev. A 56 (1997) 4554, doi:10.1103/PhysRevA.56.4554 (Cr–Cu);
# J. A. Bearden, Rev. Mod. Phys. 39 (1967) 78, doi:10.1103/RevModPhys.39.78, on the Å* corrected scale (Mo, Ag).
TUBE_LINES_ANGSTROM: dict[str, tuple[float, float]] = {
    "Cr": (2.2897260, 2.2936510),
    "Fe": (1.9360410, 1.9399730),
    "Co": (1.7889960, 1.7928350),
    "Cu": (1.5405929, 1.5444274),
    "Mo": (0.7093172, 0.7136070),
    "Ag": (0.5594218, 0.5638131),
}


def parse_radiation(text: str) -> Radiation:
    """Read a radiation from what a person types.

    A number in Å (``1.5406``), a tube line (``CuKa1``, ``CuKa``, ``Co Kα``, ``MoKa``), or an energy
    (``30keV``, ``12500 eV``). ``CuKa`` means the Kα1/Kα2 doublet, ``CuKa1`` the first line alone.

    Raises
    ------
    WavelengthError
        If the text is none of these, or the value is impossible.

    Examples
    --------
    >>> parse_radiation("CuKa1").wavelength_angstrom
    1.5405929
    >>> round(parse_radiation("30keV").wavelength_angstrom, 5)
    0.41328
    """
    cleaned = text.strip().replace("α", "a").replace("λ", "").replace("Å", "A")
    tube = re.fullmatch(r"(?i)(cr|fe|co|cu|mo|ag)[\s_-]*(?:k[\s_-]*(?:alpha|a)?[\s_-]*(12|1|2)?)?", cleaned)
    if tube:
        element = tube.group(1).capitalize()
        ka1, ka2 = TUBE_LINES_ANGSTROM[element]
        line = tube.group(2)
        if line == "1":
            return Radiation(wavelength_angstrom=ka1, name=f"{element}Ka1")
        if line == "2":
            return Radiation(wavelength_angstrom=ka2, name=f"{element}Ka2")
        return Radiation(wavelength_angstrom=ka1, ka2_angstrom=ka2, name=f"{element}Ka")
    number = re.fullmatch(r"(?i)([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*(a|angstroms?|kev|ev|nm)?", cleaned)
    if not number:
        raise WavelengthError(
            f"wavelength {text!r} is not understood; give Å (1.5406), "
            "a tube line (CuKa, CuKa1, CoKa, MoKa) or an energy (30keV)"
        )
    value, unit = float(number.group(1)), (number.group(2) or "a").lower()
    if unit in ("kev", "ev"):
        energy_kev = value if unit == "kev" else value / 1000.0
        value = HC_KEV_ANGSTROM / energy_kev if energy_kev > 0 else math.nan
    elif unit == "nm":
        value *= 10.0
    return Radiation(wavelength_angstrom=check_wavelength(value), name=f"{value:.6g} Å")


def with_tube_satellite(radiation: Radiation) -> Radiation:
    """Add the Kα2 satellite where the stated wavelength is a tube's Kα1 and nothing is said of Kα2.

    A doublet that a monochromator removed is found out by the peak fit, which lets the ratio go to zero.
    """
    if radiation.ka2_angstrom is not None or radiation.probe != "xray":
        return radiation
    for element, (ka1, ka2) in TUBE_LINES_ANGSTROM.items():
        if abs(radiation.wavelength_angstrom - ka1) < 1.0e-4 * ka1:
            return Radiation(wavelength_angstrom=radiation.wavelength_angstrom, ka2_angstrom=ka2, name=f"{element}Ka")
    return radiation


def q_from_two_theta(two_theta_deg: npt.ArrayLike, wavelength_angstrom: float) -> FloatArray:
    """Q = 1/d² (Å⁻²) of scattering angles 2θ (degrees)."""
    s = np.sin(np.radians(np.asarray(two_theta_deg, dtype=np.float64)) / 2.0)
    return np.asarray((2.0 * s / wavelength_angstrom) ** 2, dtype=np.float64)


def two_theta_from_q(q: npt.ArrayLike, wavelength_angstrom: float) -> FloatArray:
    """Scattering angles 2θ (degrees) of Q = 1/d² (Å⁻²); NaN where the wavelength cannot reach."""
    s = np.sqrt(np.asarray(q, dtype=np.float64)) * wavelength_angstrom / 2.0
    return np.asarray(2.0 * np.degrees(np.arcsin(np.where(s <= 1.0, s, np.nan))), dtype=np.float64)


def d_from_two_theta(two_theta_deg: npt.ArrayLike, wavelength_angstrom: float) -> FloatArray:
    """Lattice spacings d (Å) of scattering angles 2θ (degrees)."""
    return np.asarray(1.0 / np.sqrt(q_from_two_theta(two_theta_deg, wavelength_angstrom)), dtype=np.float64)


def two_theta_from_d(d_angstrom: npt.ArrayLike, wavelength_angstrom: float) -> FloatArray:
    """Scattering angles 2θ (degrees) of lattice spacings d (Å); NaN where the wavelength cannot reach."""
    return two_theta_from_q(1.0 / np.asarray(d_angstrom, dtype=np.float64) ** 2, wavelength_angstrom)


def dq_d_two_theta(two_theta_deg: npt.ArrayLike, wavelength_angstrom: float) -> FloatArray:
    """Slope ∂Q/∂(2θ) in Å⁻² per degree: (2/λ²)·sin 2θ·π/180."""
    two_theta = np.radians(np.asarray(two_theta_deg, dtype=np.float64))
    return np.asarray(2.0 * np.sin(two_theta) / wavelength_angstrom**2 * (np.pi / 180.0), dtype=np.float64)


def shift_two_theta(
    two_theta_deg: npt.ArrayLike,
    *,
    zero_shift_deg: float = 0.0,
    displacement_mm: float = 0.0,
    radius_mm: float = DEFAULT_RADIUS_MM,
) -> FloatArray:
    """Observed 2θ (degrees) of lines whose true 2θ are given.

    Examples
    --------
    >>> round(float(shift_two_theta(20.0, zero_shift_deg=0.05)), 3)
    20.05
    >>> bool(shift_two_theta(20.0, displacement_mm=0.1) < 20.0)
    True
    """
    true = np.asarray(two_theta_deg, dtype=np.float64)
    displaced = displacement_mm * displacement_slope(true, radius_mm=radius_mm)
    return np.asarray(true + zero_shift_deg + displaced, dtype=np.float64)


def unshift_two_theta(
    two_theta_deg: npt.ArrayLike,
    *,
    zero_shift_deg: float = 0.0,
    displacement_mm: float = 0.0,
    radius_mm: float = DEFAULT_RADIUS_MM,
) -> FloatArray:
    """True 2θ (degrees) of observed lines: the inverse of :func:`shift_two_theta` (fixed point, to rounding)."""
    observed = np.asarray(two_theta_deg, dtype=np.float64)
    true = observed - zero_shift_deg
    for _ in range(4):
        true = observed - zero_shift_deg - displacement_mm * displacement_slope(true, radius_mm=radius_mm)
    return np.asarray(true, dtype=np.float64)


def displacement_slope(two_theta_deg: npt.ArrayLike, *, radius_mm: float = DEFAULT_RADIUS_MM) -> FloatArray:
    """∂(2θ_observed)/∂s in degrees per mm of sample displacement: −(2/R)·cosθ·180/π."""
    theta = np.radians(np.asarray(two_theta_deg, dtype=np.float64)) / 2.0
    return np.asarray(-(2.0 / radius_mm) * np.cos(theta) * (180.0 / np.pi), dtype=np.float64)
