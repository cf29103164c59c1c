"""``easydiffraction``: structure and experiment files of EasyDiffraction (0.11), and a script that opens them.

Its categories are ``_cell``, ``_space_group``, ``_expt_type``, ``_instr``, ``_peak``, ``_pd_background``,
``_pd_phase_block``, ``_pd_meas`` and ``_pd_proc``. Widths are those of Thompson, Cox & Hastings in degrees, as ours;
``_instr.2theta_offset`` is what observed 2θ has more than true 2θ, as our zero shift. There is no displacement, so what
it does is taken out of the scan beforehand: ``_pd_proc.2theta_scan`` in place of ``_pd_meas``. And there is but one
wavelength.
"""

from __future__ import annotations

from collections.abc import Mapping

import gemmi
import numpy as np

from hybrid_index.export.start.cif import block_name, quoted
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.text import MADE_BY, exactly, table
from hybrid_index.units import unshift_two_theta

name = "easydiffraction"
title = "EasyDiffraction: structure.cif, experiment.cif, and open.py that loads them"

_CELL = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files."""
    return {"structure.cif": _structure(start), "experiment.cif": _experiment(start), "open.py": _OPEN}


def setting_code(group: gemmi.SpaceGroup) -> str:
    """Return the setting as EasyDiffraction calls it: ``b1``, ``cab``, ``h``, an origin; empty for triclinic groups."""
    extension, qualifier = str(group.ext).strip("\x00"), str(group.qualifier)
    match group.crystal_system_str():
        case "triclinic":
            return ""
        case "monoclinic":
            return qualifier if qualifier[-1].isdigit() else qualifier + "1"
        case "orthorhombic":
            return extension + (qualifier or "abc")
        case "trigonal" | "hexagonal":
            return "h"
    return extension or "1"


def _structure(start: RefinementStart) -> str:
    values = zip(_CELL, start.cell.parameters, start.cell_esd.parameters, strict=True)
    setting = setting_code(start.group)
    lines = [
        f"# {start.title}",
        f"# Written by {MADE_BY}. Add atoms: without them EasyDiffraction calculates nothing.",
        f"data_{block_name(start)}",
        "",
        f"_space_group.name_H-M_alt {quoted(start.space_group)}",
        *([f"_space_group.IT_coordinate_system_code {setting}"] if setting else []),
        "",
        *(f"_cell.{key} {exactly(value, esd)}" for key, value, esd in values),
    ]
    return "\n".join(lines) + "\n"


def _experiment(start: RefinementStart) -> str:
    widths = start.widths
    probe = start.radiation.probe
    background = start.background_points(name).tolist()
    lines = [
        f"# {start.title}",
        f"# Written by {MADE_BY}",
        "data_pattern",
        "",
        "_expt_type.sample_form powder",
        '_expt_type.beam_mode "constant wavelength"',
        f"_expt_type.radiation_probe {probe}",
        "_expt_type.scattering_type bragg",
        "",
        f"_instr.wavelength {start.radiation.wavelength_angstrom:.7f}",
        f"_instr.2theta_offset {start.shift.zero_shift_deg:.6f}",
        "",
        f"_peak.broad_gauss_u {widths.u:.6f}",
        f"_peak.broad_gauss_v {widths.v:.6f}",
        f"_peak.broad_gauss_w {widths.w:.6f}",
        f"_peak.broad_lorentz_x {widths.x:.6f}",
        f"_peak.broad_lorentz_y {widths.y:.6f}",
        "",
        "loop_",
        "_pd_phase_block.id",
        "_pd_phase_block.scale",
        f"{block_name(start)} 1.0",
        "",
        "loop_",
        "_pd_background.id",
        "_pd_background.line_segment_X",
        "_pd_background.line_segment_intensity",
        *(f"{number} {x:.4f} {y:.6g}" for number, (x, y) in enumerate(background, start=1)),
        "",
        "loop_",
        "_pd_proc.2theta_scan",
        "_pd_meas.intensity_total",
        "_pd_meas.intensity_total_su",
    ]
    return "\n".join(lines) + "\n" + _scan(start)


def _scan(start: RefinementStart) -> str:
    """The pattern on a scale without the displacement, which the program does not know; the zero shift stays in it."""
    pattern, zero_deg = start.need_pattern(name), start.shift.zero_shift_deg
    true = unshift_two_theta(
        pattern.two_theta_deg,
        zero_shift_deg=zero_deg,
        displacement_mm=start.shift.displacement_mm,
        radius_mm=start.radius_mm,
    )
    return table(
        np.column_stack([true + zero_deg, pattern.intensity, start.sigma(name)]), ("{:.6f}", "{:.8g}", "{:.6g}")
    )


_OPEN = '''"""Open the start files in EasyDiffraction: pip install easydiffraction, then python open.py."""

from pathlib import Path

import easydiffraction as ed

folder = Path(__file__).resolve().parent
project = ed.Project(name="start")
project.structures.add_from_cif_path(str(folder / "structure.cif"))
project.experiments.add_from_cif_path(str(folder / "experiment.cif"))
project.structures.show_names()
project.experiments.show_names()
'''
