"""``topas``: input files of TOPAS (and TOPAS-Academic) for Le Bail and Pawley fits.

Formulas after A. A. Coelho, "TOPAS-Academic technical reference": a phase ``hkl_Is`` with a space group generates its
reflections; ``lebail 1`` extracts their intensities by Le Bail's method, without it they are refined (Pawley).
``TCHZ_Peak_Type(u, v, w, z, x, y)`` has Γ_G² = u tan²θ + v tanθ + w + z / cos²θ and Γ_L = x tanθ + y / cosθ in degrees
of 2θ, as ours. ``th2_offset`` is added to the calculated 2θ; for a displaced sample the reference writes
``-2 Rad (c) Cos(Th) / Rs``, which is our convention, sign included (so does its macro ``Specimen_Displacement``).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hybrid_index.export.start.cif import block_name
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.text import MADE_BY, refines_displacement, xye

name = "topas"
title = "TOPAS: lebail.inp and pawley.inp with hkl_Is"

_COEFFICIENTS = 10
"""Of the background, a Chebyshev series."""
_EMISSION_WIDTH = "lh 0.001"
"""Half width of the emission lines, mÅ: nothing, as the widths below hold it already."""
_NARROW_AXIAL_DEG = 1.0e-4


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files."""
    return {
        "pattern.xye": xye(start, name),
        "lebail.inp": _inp(start, lebail=True),
        "pawley.inp": _inp(start, lebail=False),
    }


def _inp(start: RefinementStart, *, lebail: bool) -> str:
    low, high = start.fit_range_deg
    pattern = start.need_pattern(name)
    step = float(np.min(np.diff(pattern.two_theta_deg)))
    lines = [
        f"' {start.title}",
        f"' {'Le Bail' if lebail else 'Pawley'} fit, written by {MADE_BY}; @ marks what is refined",
        "r_wp 0 r_exp 0 gof 0",
        "iters 100",
        "do_errors",
        "",
        "xdd pattern.xye",
        *(["   neutron_data"] if start.radiation.probe == "neutron" else []),
        f"   start_X {low:.4f} finish_X {high:.4f}",
        f"   x_calculation_step {step:.6f}",
        f"   bkg @ {' '.join(f'{c:.6g}' for c in _background(start))}",
        f"   Rp {start.radius_mm:g} Rs {start.radius_mm:g}",
        *_emission(start),
        *_shifts(start),
        "",
        "   hkl_Is",
        f"      phase_name {block_name(start)}",
        *(["      lebail 1"] if lebail else []),
        f'      space_group "{_symbol(start)}"',
        *_cell(start),
        *_widths(start),
    ]
    return "\n".join(lines) + "\n"


def _background(start: RefinementStart) -> list[float]:
    points = start.background_points(name, 4 * _COEFFICIENTS)
    low, high = points[0, 0], points[-1, 0]
    series = np.polynomial.Chebyshev.fit(points[:, 0], points[:, 1], _COEFFICIENTS - 1, domain=[low, high])
    return [float(c) for c in series.coef]


def _emission(start: RefinementStart) -> list[str]:
    radiation = start.radiation
    lines = ["   lam ymin_on_ymax 0.0001", f"      la 1 lo {radiation.wavelength_angstrom:.7f} {_EMISSION_WIDTH}"]
    if radiation.ka2_angstrom is not None:
        lines.append(f"      la {start.ka2_ratio:.5f} lo {radiation.ka2_angstrom:.7f} {_EMISSION_WIDTH}")
    return lines


def _shifts(start: RefinementStart) -> list[str]:
    displaced = refines_displacement(start)
    return [
        f"   prm {'!' if displaced else ''}zero {start.shift.zero_shift_deg:.6f}",
        "   th2_offset = zero;",
        f"   prm {'' if displaced else '!'}height {start.shift.displacement_mm:.6f} ' mm",
        "   th2_offset = -2 Rad (height) Cos(Th) / Rs;",
    ]


def _symbol(start: RefinementStart) -> str:
    """The symbol with underscores; monoclinic ones with b unique in their short form."""
    parts = start.space_group.split()
    if len(parts) == 4 and parts[1] == parts[3] == "1" and start.group.crystal_system_str() == "monoclinic":
        parts = [parts[0], parts[2]]
    return "_".join(parts)


def _cell(start: RefinementStart) -> list[str]:
    a, b, c, alpha, beta, gamma = start.cell.parameters
    match start.group.crystal_system_str():
        case "cubic":
            return [f"      Cubic(@ {a:.6f})"]
        case "tetragonal":
            return [f"      Tetragonal(@ {a:.6f}, @ {c:.6f})"]
        case "hexagonal":
            return [f"      Hexagonal(@ {a:.6f}, @ {c:.6f})"]
        case "trigonal":
            return [f"      Trigonal(@ {a:.6f}, @ {c:.6f})"]
        case "orthorhombic":
            return [f"      a @ {a:.6f} b @ {b:.6f} c @ {c:.6f}"]
        case "monoclinic":
            angle = {"a": f"al @ {alpha:.5f}", "b": f"be @ {beta:.5f}", "c": f"ga @ {gamma:.5f}"}[start.unique_axis]
            return [f"      a @ {a:.6f} b @ {b:.6f} c @ {c:.6f} {angle}"]
    return [
        f"      a @ {a:.6f} b @ {b:.6f} c @ {c:.6f}",
        f"      al @ {alpha:.5f} be @ {beta:.5f} ga @ {gamma:.5f}",
    ]


def _widths(start: RefinementStart) -> list[str]:
    widths = start.widths
    lines = [
        f"      TCHZ_Peak_Type(@, {widths.u:.6f}, @, {widths.v:.6f}, @, {widths.w:.6f}, , 0, "
        f"@, {widths.x:.6f}, @, {widths.y:.6f})"
    ]
    if widths.axial_deg > _NARROW_AXIAL_DEG:
        # one_on_x_conv smears a line by 1/sqrt(4 e x) from 0 to e, here downwards: the axial divergence of our fits
        lines += [
            f"      prm axial {widths.axial_deg:.6f} min 0 ' degrees at cot 2Th = 1",
            "      one_on_x_conv = -axial / Tan(2 Th);",
        ]
    return lines
