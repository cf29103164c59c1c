"""``profex``: phase, pattern and control file for Profex and its fitting program BGMN.

N. Döbelin & R. Kleeberg, J. Appl. Cryst. 48 (2015) 1573, doi:10.1107/S1600576715014685. BGMN counts in nanometres; a
parameter to refine is ``PARAM=name=value_lowest^highest``. Peak shape ``RP=4`` is broadened by B1 (size) and k1, k2
(strain) over the instrument's function. A phase without atoms says ``LeBail=1``, and BGMN takes its intensities from
the pattern: so Profex itself writes phases that have only a cell.

The instrument's function (``VERZERR``) has to be chosen in Profex. BGMN works with no other widths, so none of ours are
handed over; nor are the shifts: EPS1 (zero) and EPS2 (displacement) start at 0, and BGMN finds them.
"""

from __future__ import annotations

from collections.abc import Mapping

from hybrid_index.errors import InputError
from hybrid_index.export.start.cif import block_name
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.text import MADE_BY, refines_displacement, xye
from hybrid_index.units import TUBE_LINES_ANGSTROM

name = "profex"
title = "Profex/BGMN: phase.str (LeBail=1, nanometres), pattern.xy, start.sav"

_LIMIT = 0.01
"""Cell parameters may move by this share, as in phases that Profex makes."""
_EPS_LIMIT = 0.01
_SAME_WAVELENGTH = 5.0e-4
_NM_PER_ANGSTROM = 0.1


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files."""
    return {"phase.str": _phase(start), "pattern.xy": xye(start, name, columns=2), "start.sav": _control(start)}


def _phase(start: RefinementStart) -> str:
    label = block_name(start).replace("_", "")
    lines = [
        f"PHASE={label} // {start.title}",
        f"Reference={label} //",
        "Formula=unknown //",
        _group(start),
        f"{_cell(start)} //",
        "RP=4 k1=0 k2=0 PARAM=B1=0_0^0.01 GEWICHT=SPHAR0 //",
        f"GOAL:{label}=GEWICHT //",
        "LeBail=1",
    ]
    return "\n".join(lines) + "\n"


def _group(start: RefinementStart) -> str:
    """Number and full symbol, as in BGMN's table of space groups; the number alone where the symbol is not known."""
    group = start.group
    if group.is_reference_setting():
        from pymatgen.symmetry.groups import SpaceGroup  # slow to load

        symbol = str(SpaceGroup.from_int_number(group.number).full_symbol)
    elif group.crystal_system_str() == "monoclinic":
        symbol = "".join(start.space_group.split()).replace("21", "2_1")
    else:
        return f"SpacegroupNo={group.number} // choose the setting of {start.space_group} in Profex"
    return f"SpacegroupNo={group.number} HermannMauguin={symbol} //"


def _cell(start: RefinementStart) -> str:
    a, b, c, alpha, beta, gamma = start.cell.parameters
    edges = {"A": a, "B": b, "C": c}
    angles: dict[str, float] = {}
    match start.group.crystal_system_str():
        case "cubic":
            edges = {"A": a}
        case "tetragonal" | "trigonal" | "hexagonal":
            edges = {"A": a, "C": c}
        case "monoclinic":
            angles = {"a": {"ALPHA": alpha}, "b": {"BETA": beta}, "c": {"GAMMA": gamma}}[start.unique_axis]
        case "triclinic":
            angles = {"ALPHA": alpha, "BETA": beta, "GAMMA": gamma}
    values = {**{key: value * _NM_PER_ANGSTROM for key, value in edges.items()}, **angles}
    return " ".join(
        f"PARAM={key}={value:.7f}_{value * (1.0 - _LIMIT):.6f}^{value * (1.0 + _LIMIT):.6f}"
        for key, value in values.items()
    )


def _control(start: RefinementStart) -> str:
    low, high = start.fit_range_deg
    refined = "EPS2" if refines_displacement(start) else "EPS1"
    held = "EPS1" if refined == "EPS2" else "EPS2"
    lines = [
        f"% {start.title}",
        f"% Written by {MADE_BY}. Choose the instrument in Profex: VERZERR is empty.",
        "% Limit: without atoms intensities are extracted from the pattern (LeBail=1 in phase.str);",
        "% quantities and structure come only with atoms in phase.str.",
        "VERZERR=",
        "% Wavelength",
        _wavelength(start),
        "% Phases",
        "STRUC[1]=phase.str",
        "% Measured data",
        "VAL[1]=pattern.xy",
        f"WMIN={low:.4f}",
        f"WMAX={high:.4f}",
        "% Results",
        "LIST=start.lst",
        "OUTPUT=start.par",
        "DIAGRAMM=start.dia",
        "% Zero point and sample displacement",
        f"{held}=0",
        f"PARAM[1]={refined}=0_-{_EPS_LIMIT}^{_EPS_LIMIT}",
        "NTHREADS=2",
        "PROTOKOLL=Y",
    ]
    return "\n".join(lines) + "\n"


def _wavelength(start: RefinementStart) -> str:
    """The tube's spectrum by its name in BGMN, or a single wavelength in nanometres."""
    radiation = start.radiation
    if radiation.probe != "xray":
        raise InputError("BGMN knows X-rays only; export a neutron pattern to another program", source=name)
    wavelength = radiation.wavelength_angstrom
    if radiation.ka2_angstrom is not None:
        for element, (ka1, _) in TUBE_LINES_ANGSTROM.items():
            if abs(wavelength - ka1) < _SAME_WAVELENGTH * ka1:
                return f"LAMBDA={element.upper()}"
    return f"SYNCHROTRON={wavelength * _NM_PER_ANGSTROM:.8f}"
