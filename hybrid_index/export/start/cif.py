"""Cell, space group, radiation and pattern in CIF.

Names are those of the core dictionary, and of the powder dictionary (International Tables G, chapters 4.1 and 4.2,
doi:10.1107/97809553602060000107). There are no atoms: an answer of indexing has none.
"""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.reflections import reflections
from hybrid_index.export.start.text import MADE_BY, exactly
from hybrid_index.units import unshift_two_theta

_OFFSET_POINTS = 9
_CELL = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")


def block_name(start: RefinementStart) -> str:
    """Return a name for data blocks and phases: letters, digits and underscores, a letter first."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", start.result.id.rsplit(".", 1)[0]).strip("_")
    return name if name[:1].isalpha() else f"phase_{name}".rstrip("_")


def quoted(text: str) -> str:
    """Return a value that may hold spaces as CIF wants it, with double quotes inside made single."""
    return '"' + text.replace('"', "'") + '"'


def cell_cif(start: RefinementStart) -> str:
    """Return the cell with its uncertainties, space group, radiation and figures of merit as a CIF without atoms."""
    head = [f"data_{block_name(start)}", ""]
    return "\n".join([*head, *_audit(start), *_cell(start), *_group(start), *_radiation(start), ""])


def pattern_cif(start: RefinementStart, target: str) -> str:
    """Return the same with the measured pattern and, where there is a fit, its R values and reflections."""
    pattern = start.need_pattern(target)
    lines = [cell_cif(start), *_offset(start), *_fit(start), *_reflections(start)]
    lines += ["loop_", "_pd_meas_2theta_scan", "_pd_meas_intensity_total", "_pd_proc_ls_weight"]
    columns = zip(pattern.two_theta_deg.tolist(), pattern.intensity.tolist(), start.sigma(target).tolist(), strict=True)
    lines += [f"{x:.5f} {y:.8g} {s**-2:.6g}" for x, y, s in columns]
    return "\n".join([*lines, ""])


def _audit(start: RefinementStart) -> list[str]:
    merit = start.solution.refinement.merit
    method = "lines of the pattern" if start.fit is None else "whole pattern (Le Bail)"
    return [
        f"_audit_creation_method {quoted(MADE_BY)}",
        f"_cell_measurement_reflns_used {int(start.solution.refinement.assignment.indexed.sum())}",
        "_cell_special_details",
        ";",
        f" Cell from indexing, refined against the {method}. There are no atoms.",
        f" M20 {merit.m20:.1f}, F20 {merit.f20:.1f}, probability {start.solution.probability:.3f}.",
        ";",
        "",
    ]


def _cell(start: RefinementStart) -> list[str]:
    values = zip(_CELL, start.cell.parameters, start.cell_esd.parameters, strict=True)
    lines = [f"_cell_{name} {exactly(value, esd)}" for name, value, esd in values]
    return [*lines, f"_cell_volume {start.cell.volume:.3f}", ""]


def _group(start: RefinementStart) -> list[str]:
    group = start.group
    operations = [operation.triplet() for operation in group.operations()]
    return [
        f"_space_group_name_H-M_alt {quoted(str(group.hm))}",
        f"_space_group_name_Hall {quoted(str(group.hall))}",
        f"_space_group_IT_number {group.number}",
        f"_space_group_crystal_system {group.crystal_system_str()}",
        "loop_",
        "_space_group_symop_id",
        "_space_group_symop_operation_xyz",
        *(f"{number} '{triplet}'" for number, triplet in enumerate(operations, start=1)),
        "",
    ]


def _radiation(start: RefinementStart) -> list[str]:
    radiation = start.radiation
    names = ("wavelength_id", "wavelength", "wavelength_wt")
    lines = [f"_diffrn_radiation_probe {'x-ray' if radiation.probe == 'xray' else 'neutron'}", "loop_"]
    lines += [f"_diffrn_radiation_{name}" for name in names]
    lines.append(f"1 {radiation.wavelength_angstrom:.7g} 1.0")
    if radiation.ka2_angstrom is not None:
        lines.append(f"2 {radiation.ka2_angstrom:.7g} {start.ka2_ratio:.4f}")
    return [*lines, ""]


def _offset(start: RefinementStart) -> list[str]:
    """What is to be *added* to a measured 2θ to make it true, at some points: minus the zero shift and displacement."""
    low, high = start.fit_range_deg
    at = np.linspace(low, high, _OFFSET_POINTS)
    shifts = {
        "zero_shift_deg": start.shift.zero_shift_deg,
        "displacement_mm": start.shift.displacement_mm,
        "radius_mm": start.radius_mm,
    }
    offset = unshift_two_theta(at, **shifts) - at
    lines = ["loop_", "_pd_calib_2theta_off_point", "_pd_calib_2theta_offset"]
    return [*lines, *(f"{x:.3f} {y:.5f}" for x, y in zip(at.tolist(), offset.tolist(), strict=True)), ""]


def _fit(start: RefinementStart) -> list[str]:
    if start.fit is None:
        return []
    fit = start.fit
    return [
        f"_pd_proc_ls_prof_R_factor {fit.r_p:.5f}",
        f"_pd_proc_ls_prof_wR_factor {fit.r_wp:.5f}",
        f"_pd_proc_ls_prof_wR_expected {fit.r_exp:.5f}",
        "",
    ]


def _reflections(start: RefinementStart) -> list[str]:
    if start.fit is None:
        return []
    found = reflections(start)
    lines = ["loop_", "_refln_index_h", "_refln_index_k", "_refln_index_l"]
    lines += ["_refln_symmetry_multiplicity", "_refln_d_spacing"]
    rows = zip(found.hkl.tolist(), found.multiplicity.tolist(), found.d_angstrom.tolist(), strict=True)
    return [*lines, *(f"{h} {k} {l} {m} {d:.6f}" for (h, k, l), m, d in rows), ""]
