"""A page for programs whose own forms have to be filled in: every number of the start, with unit and convention."""

from __future__ import annotations

import numpy as np

from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.text import MADE_BY, exactly

_ANGLES = 6


def notes(start: RefinementStart) -> str:
    """Return the page."""
    radiation, shift, widths = start.radiation, start.shift, start.widths
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    cell = zip(names, start.cell.parameters, start.cell_esd.parameters, ("A",) * 3 + ("deg",) * 3, strict=True)
    at = np.linspace(*start.fit_range_deg, _ANGLES)
    second = (
        "" if radiation.ka2_angstrom is None else f", {radiation.ka2_angstrom:.7f} A at {start.ka2_ratio:.3f} of it"
    )
    lines = [
        start.title,
        f"written by {MADE_BY}",
        "",
        f"space group   {start.space_group}",
        *(f"{name:<13} {exactly(value, esd)} {unit}" for name, value, esd, unit in cell),
        f"wavelength    {radiation.wavelength_angstrom:.7f} A{second}",
        f"range         {start.fit_range_deg[0]:.3f} to {start.fit_range_deg[1]:.3f} deg 2theta",
        "",
        "2theta observed = 2theta true + zero + cosine * cos(theta)",
        f"zero          {shift.zero_shift_deg:.5f} deg",
        f"cosine        {start.displacement_amplitude_deg:.5f} deg"
        f" = -(2 s / R) * 180/pi, s = {shift.displacement_mm:.5f} mm, R = {start.radius_mm:g} mm",
        "",
        "pseudo-Voigt of Thompson, Cox & Hastings, full widths at half maximum in deg 2theta:",
        "Gauss^2 = U tan^2(theta) + V tan(theta) + W, Lorentz = X tan(theta) + Y / cos(theta)",
        f"U {widths.u:.6f}  V {widths.v:.6f}  W {widths.w:.6f} deg^2,  X {widths.x:.6f}  Y {widths.y:.6f} deg",
        "",
        "2theta (deg)  width (deg)",
        *(f"{x:12.3f}  {y:.5f}" for x, y in zip(at.tolist(), widths.fwhm(at).tolist(), strict=True)),
    ]
    if start.fit is not None:
        fit = start.fit
        lines += ["", f"Le Bail fit: R_wp {fit.r_wp:.4f}, R_exp {fit.r_exp:.4f}, chi2 {fit.chi2:.2f}"]
    return "\n".join(lines) + "\n"
