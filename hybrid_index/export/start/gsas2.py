"""``gsas2``: GSAS-II's instrument parameters, peak list, and a script that makes a project and runs Le Bail's method.

B. H. Toby & R. B. Von Dreele, J. Appl. Cryst. 46 (2013) 544, doi:10.1107/S0021889813003531. GSAS-II counts widths in
centidegrees, and Gaussian ones as variances; its X and Y are the other way round than Thompson, Cox & Hastings have
them; sample displacements are in µm.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np

from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.gsas2_script import SCRIPT
from hybrid_index.export.start.text import MADE_BY, refines_displacement, xye
from hybrid_index.units import TUBE_LINES_ANGSTROM, FloatArray, Radiation

name = "gsas2"
title = "GSAS-II (instrument parameters, peak list, script for a Le Bail fit)"

PATTERN, INSTRUMENT, PEAKS, START = "pattern.xye", "instrument.instprm", "peaks.pkslst", "start_gsas2.py"
N_BACKGROUND = 12
"""So many Chebyshev terms follow the background of nine measured patterns of ten to 0.6 of the noise (8: 1.7)."""
_BACKGROUND_POINTS = 40
_VARIANCE = 1.0e4 / (8.0 * math.log(2.0))
"""(FWHM in degrees)² to variance in centidegrees²."""
_LEAST_SH_L = 0.002
"""What GSAS-II replaces smaller values by."""
_TUBE_POLARIZATION, _SYNCHROTRON_POLARIZATION = 0.7, 0.99


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files by their names."""
    return {
        PATTERN: xye(start, name),
        INSTRUMENT: instrument(start),
        PEAKS: peak_list(start),
        START: script(start),
    }


def instrument(start: RefinementStart) -> str:
    """Return the instrument parameter file.

    Displacements as we fit them go with cosθ, which GSAS-II knows for Bragg-Brentano geometry only: so that is named,
    whatever the radiation.
    """
    radiation, widths = start.radiation, start.widths
    values: dict[str, float | str] = {
        "Type": "PXC" if radiation.probe == "xray" else "PNC",
        "Bank": 1.0,
        **_wavelengths(start),
        "Polariz.": _polarization(radiation),
        "Azimuth": 0.0,
        "Zero": start.shift.zero_shift_deg,
        "U": widths.u * _VARIANCE,
        "V": widths.v * _VARIANCE,
        "W": widths.w * _VARIANCE,
        "X": 100.0 * widths.y,
        "Y": 100.0 * widths.x,
        "Z": 0.0,
        "SH/L": _divergence(widths.axial_deg),
        "Source": _source(radiation),
        "Diff-type": "Bragg-Brentano",
        "Gonio. radius": start.radius_mm,
    }
    lines = (f"{key}:{value if isinstance(value, str) else f'{value:.8g}'}\n" for key, value in values.items())
    return f"#GSAS-II instrument parameter file; made by {MADE_BY}\n" + "".join(lines)


def peak_list(start: RefinementStart) -> str:
    """Return the lines as GSAS-II's peak list: position, area, variance and Lorentzian width, each with its flag."""
    peaks, widths = start.peaks, start.widths
    # The law says how a width is made up; where a line's own is known, it says how large it is.
    own = peaks.fwhm_deg / widths.fwhm(peaks.two_theta_deg)
    scale = np.where(np.isfinite(own), own, 1.0)
    gauss, lorentz = (part * scale for part in widths.parts(peaks.two_theta_deg))
    columns = (peaks.two_theta_deg, peaks.intensity, _VARIANCE * gauss**2, 100.0 * lorentz)
    rows = (
        f"[{x:.5f}, False, {area:.6g}, True, {variance:.6g}, False, {gamma:.6g}, False]\n"
        for x, area, variance, gamma in zip(*(column.tolist() for column in columns), strict=True)
    )
    first, second = start.radiation.wavelength_angstrom, start.radiation.ka2_angstrom
    waves = f"wavelength = {first:.7g}" if second is None else f"Kalpha1 = {first:.7g} Kalpha2 = {second:.7g}"
    # GSAS-II skips comments; they tell others what angles alone do not
    return f"#GSAS-II PWDR peaks list file; do not add/delete items!\n# {waves}\n" + "".join(rows)


def script(start: RefinementStart) -> str:
    """Return the script that GSAS-II's Python runs."""
    background = _chebyshev(start.background_points(name, _BACKGROUND_POINTS))
    shift = ("Sample Parameters", "Shift") if refines_displacement(start) else ("Instrument Parameters", "Zero")
    values = {
        # it stands in the script's docstring
        "TITLE": start.title.replace("\\", "/").replace('"', "'"),
        "MADE_BY": MADE_BY,
        "SPACE_GROUP": repr(symbol(start)),
        "CELL": repr([round(value, 7) for value in start.cell.parameters]),
        "LIMITS_DEG": repr([round(end, 5) for end in start.fit_range_deg]),
        "DISPLACEMENT_UM": repr(round(1000.0 * start.shift.displacement_mm, 4)),
        "BACKGROUND": repr([float(f"{value:.6g}") for value in background]),
        "SHIFT": repr(shift),
        "PHASE": repr(f"hybrid_index_{start.solution.rank}"),
    }
    return re.sub("@([A-Z_]+)@", lambda place: values[place[1]], SCRIPT)


def symbol(start: RefinementStart) -> str:
    """Return the space group as GSAS-II reads it: short for monoclinic groups with b unique, no origin or axes."""
    parts = start.group.hm.split()
    return f"{parts[0]} {parts[2]}" if len(parts) == 4 and parts[1] == parts[3] == "1" else " ".join(parts)


def _wavelengths(start: RefinementStart) -> dict[str, float | str]:
    radiation = start.radiation
    if radiation.ka2_angstrom is None:
        return {"Lam": radiation.wavelength_angstrom}
    return {"Lam1": radiation.wavelength_angstrom, "Lam2": radiation.ka2_angstrom, "I(L2)/I(L1)": start.ka2_ratio}


def _tube(radiation: Radiation) -> str:
    """Element of the tube that has this line; empty for a synchrotron or neutrons."""
    if radiation.probe == "xray":
        for element, lines in TUBE_LINES_ANGSTROM.items():
            if any(math.isclose(radiation.wavelength_angstrom, line, rel_tol=1.0e-3) for line in lines):
                return element
    return ""


def _source(radiation: Radiation) -> str:
    tube = _tube(radiation)
    return f"{tube}Ka" if tube else "neutrons" if radiation.probe == "neutron" else "synchrotron"


def _polarization(radiation: Radiation) -> float:
    """Of no weight where intensities are free; what is usual, for the Rietveld refinement that may follow."""
    if radiation.probe == "neutron":
        return 0.0
    return _TUBE_POLARIZATION if _tube(radiation) else _SYNCHROTRON_POLARIZATION


def _divergence(axial_deg: float) -> float:
    """SH/L that shifts lines as much on average as our one slit does: (S² + H²)/6L² with S = H is axial/3."""
    return max(2.0 * math.sqrt(math.radians(axial_deg)), _LEAST_SH_L)


def _chebyshev(points: FloatArray) -> FloatArray:
    """Coefficients of Chebyshev polynomials over the range of the points (n, 2)."""
    x, y = points.T
    inner = 2.0 * (x - x[0]) / (x[-1] - x[0]) - 1.0
    return np.asarray(np.polynomial.chebyshev.chebfit(inner, y, N_BACKGROUND - 1), dtype=np.float64)
