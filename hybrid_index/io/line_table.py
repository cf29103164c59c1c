"""A list of lines as a file gives it, and how it becomes a :class:`~hybrid_index.types.PeakList`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.io.source import Source
from hybrid_index.types import MIN_LINES, PeakList
from hybrid_index.units import FloatArray, Radiation, two_theta_from_q

PositionUnit = Literal["two_theta", "theta", "d", "q", "1e4q", "momentum", "sin2_theta"]
"""2θ or θ (degrees), d (Å), Q = 1/d² (Å⁻²), 10⁴/d², momentum transfer 2π/d (Å⁻¹), sin²θ."""
PEAK_UNITS: tuple[str, ...] = get_args(PositionUnit)

_D_LIMIT_ANGSTROM = 60.0
_SMALLEST_TWO_THETA_DEG = 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineTable:
    """Columns of a peak list, not yet checked.

    Parameters
    ----------
    positions
        Shape (n,), in *unit*; any order.
    unit
        ``None`` where the file does not say: 2θ is then assumed, unless the numbers speak against it.
    intensity, esd, fwhm
        Shape (n,) or ``None``; *esd* in *unit*, *fwhm* in degrees.
    radiation
        What the file says.
    title
        The file's own words for the sample.
    """

    positions: FloatArray
    unit: PositionUnit | None = None
    intensity: FloatArray | None = None
    esd: FloatArray | None = None
    fwhm: FloatArray | None = None
    radiation: Radiation | None = None
    title: str = ""


def check_peak_units(peak_units: str | None) -> PositionUnit | None:
    """Return the unit if it is one, or raise :class:`InputError` naming those that are."""
    for unit in get_args(PositionUnit):
        if peak_units == unit:
            return unit  # type: ignore[no-any-return]
    if peak_units is None:
        return None
    raise InputError(f"unknown unit {peak_units!r}; choose from {', '.join(PEAK_UNITS)}", source="peak_units")


def to_peak_list(
    table: LineTable, source: Source, *, name: str, peak_units: PositionUnit | None, radiation: Radiation | None
) -> PeakList:
    """Convert to 2θ and check; what the user says of unit and radiation overrides the file.

    Raises
    ------
    InputError
        If there are fewer than ``MIN_LINES`` lines, or numbers that cannot be what they are taken for.
    WavelengthError
        If the file names no wavelength and the user gave none.
    """
    where = str(source.path)
    x = np.asarray(table.positions, dtype=np.float64)
    _check_positions(x, where)
    unit = peak_units or table.unit
    if peak_units is None and (unit or "two_theta") == "two_theta":
        _check_that_angles(x, where)
    used = radiation or table.radiation
    if used is None:
        raise WavelengthError(
            "the file names no wavelength; give one with --wavelength (such as CuKa1, or a number in Å)", source=where
        )
    two_theta, slope = _two_theta(x, unit or "two_theta", used.wavelength_angstrom, where)
    esd = None if table.esd is None else np.abs(table.esd) * slope
    return PeakList.from_positions(
        two_theta,
        radiation=used,
        intensity=table.intensity,
        two_theta_esd_deg=esd,
        fwhm_deg=table.fwhm,
        name=name,
        source=where,
    )


def _check_positions(x: FloatArray, where: str) -> None:
    if not np.all(np.isfinite(x)):
        raise InputError(
            f"line {int(np.flatnonzero(~np.isfinite(x))[0]) + 1} of the list is not a finite number; remove it",
            source=where,
        )
    if x.size < MIN_LINES:
        raise InputError(f"holds {x.size} lines; at least {MIN_LINES} are needed to determine a lattice", source=where)
    if np.any(x <= 0.0):
        raise InputError(f"holds the position {x.min():g}; positions of lines are positive numbers", source=where)


def _check_that_angles(x: FloatArray, where: str) -> None:
    """Refuse numbers taken for 2θ that are evidently d or Q."""
    if x.max() >= 180.0:
        raise InputError(
            f"holds the position {x.max():g}, but 2θ lies below 180°; if these are 10⁴/d² say --peak-units 1e4q",
            source=where,
        )
    if x.max() < _D_LIMIT_ANGSTROM and np.all(np.diff(x) < 0.0):
        raise InputError(
            f"positions fall from {x[0]:g} to {x[-1]:g} as d-spacings do; "
            "say --peak-units d (or two_theta if they are angles)",
            source=where,
        )
    if x.max() < _SMALLEST_TWO_THETA_DEG:
        raise InputError(
            f"no position exceeds {x.max():g}, too small for 2θ; "
            "if these are Q = 1/d² say --peak-units q (or two_theta if they are angles)",
            source=where,
        )


def _two_theta(
    x: FloatArray, unit: PositionUnit, wavelength_angstrom: float, where: str
) -> tuple[FloatArray, FloatArray]:
    """2θ (degrees) and |d(2θ)/d(position)| for uncertainties."""
    if unit == "two_theta":
        return x, np.ones_like(x)
    if unit == "theta":
        return 2.0 * x, np.full_like(x, 2.0)
    # Everything else goes through s = sinθ; ds/dx of each unit, then d(2θ)/ds = 2/cosθ.
    sine = {
        "d": wavelength_angstrom / (2.0 * x),
        "q": np.sqrt(x) * wavelength_angstrom / 2.0,
        "1e4q": np.sqrt(x * 1.0e-4) * wavelength_angstrom / 2.0,
        "momentum": x * wavelength_angstrom / (4.0 * np.pi),
        "sin2_theta": np.sqrt(x),
    }[unit]
    if np.any(sine >= 1.0):
        raise InputError(
            f"{unit} = {x[np.argmax(sine)]:g} lies beyond what {wavelength_angstrom:.5g} Å can reach; "
            "check the unit and the wavelength",
            source=where,
        )
    slope = sine / x if unit in ("d", "momentum") else sine / (2.0 * x)
    two_theta = two_theta_from_q((2.0 * sine / wavelength_angstrom) ** 2, wavelength_angstrom)
    return two_theta, np.degrees(2.0 * slope / np.sqrt(1.0 - sine**2))
