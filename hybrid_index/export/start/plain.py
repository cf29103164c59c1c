"""``plain``: the pattern, the cell, the lines and a report in formats that everything reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hybrid_index.export.result_document import document, to_json
from hybrid_index.export.start.cif import cell_cif
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.reflections import reflections
from hybrid_index.export.start.text import xye

name = "plain"
title = "pattern, cell and lines in common formats: xye, CIF, CSV, JSON"


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files; without a pattern all but ``pattern.xye``."""
    content: dict[str, str | bytes] = {
        "cell.cif": cell_cif(start),
        "peaks.csv": _peaks(start),
        "reflections.csv": _reflections(start),
        "report.json": to_json(_report(start), indent=2) + "\n",
    }
    return content if start.pattern is None else {"pattern.xye": xye(start, name), **content}


def _peaks(start: RefinementStart) -> str:
    """The lines with their indices; positions are those of the result, calculated ones have its shifts in them."""
    peaks, assignment = start.peaks, start.solution.refinement.assignment
    lines = ["two_theta_obs_deg,two_theta_esd_deg,two_theta_calc_deg,h,k,l,intensity,fwhm_deg"]
    for row in range(len(peaks)):
        indexed = bool(assignment.indexed[row])
        hkl = ",".join(map(str, assignment.hkl[row].tolist())) if indexed else ",,"
        calculated = f"{assignment.two_theta_calc_deg[row]:.5f}" if indexed else ""
        lines.append(
            f"{peaks.two_theta_deg[row]:.5f},{peaks.two_theta_esd_deg[row]:.5f},{calculated},{hkl},"
            f"{peaks.intensity[row]:.6g},{_number(peaks.fwhm_deg[row])}"
        )
    return "\n".join(lines) + "\n"


def _reflections(start: RefinementStart) -> str:
    found = reflections(start)
    lines = ["h,k,l,multiplicity,d_angstrom,two_theta_deg,intensity,intensity_esd,fwhm_deg"]
    for row, (h, k, l) in enumerate(found.hkl.tolist()):
        lines.append(
            f"{h},{k},{l},{found.multiplicity[row]},{found.d_angstrom[row]:.6f},{found.two_theta_deg[row]:.5f},"
            f"{_number(found.intensity[row])},{_number(found.intensity_esd[row])},{found.fwhm_deg[row]:.5f}"
        )
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else ""


def _report(start: RefinementStart) -> dict[str, Any]:
    """The result document, and beside it what was exported."""
    export: dict[str, Any] = {"solution": start.solution.rank, "space_group": start.space_group, "fit": None}
    if start.fit is not None:
        fit = start.fit
        export["fit"] = {
            "method": "Le Bail",
            "cell": dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), fit.cell.parameters, strict=True)),
            "cell_esd": dict(zip(("a", "b", "c", "alpha", "beta", "gamma"), fit.cell_esd.parameters, strict=True)),
            "zero_shift_deg": fit.shift.zero_shift_deg,
            "displacement_mm": fit.shift.displacement_mm,
            "radius_mm": start.radius_mm,
            "two_theta_range_deg": list(start.fit_range_deg),
            "r_p": fit.r_p,
            "r_wp": fit.r_wp,
            "r_exp": fit.r_exp,
            "chi2": fit.chi2,
            "converged": fit.converged,
            "profile": dict(fit.profile),
            "reflections": {
                "hkl": fit.reflections.hkl.tolist(),
                "two_theta_deg": fit.reflections.two_theta_deg.tolist(),
                "intensity": fit.reflections.intensity.tolist(),
                "intensity_esd": fit.reflections.intensity_esd.tolist(),
            },
        }
    return {**document(start.result), "export": export}
