"""``fullprof``: a control file of FullProf for profile matching (Le Bail) and its data file.

Order of lines, and codes, after J. Rodríguez-Carvajal, FullProf manual, appendix "CODFIL.pcr" (one pattern, ``COMM``).
The pseudo-Voigt of Thompson, Cox & Hastings (Npr 7) has Γ_G² = U tan²θ + V tanθ + W and Γ_L = X tanθ + Y / cosθ in
degrees of 2θ, as ours. Calculated positions are 2θ + Zero + SyCos cosθ + SySin sin2θ: shifts are added, as ours are, so
SyCos is −(2 s / R) · 180/π for a displacement s. Axial divergence is that of Finger, Cox & Jephcoat (J. Appl. Cryst.
27 (1994) 892, doi:10.1107/S0021889894004218): S_L = D_L give the same mean shift as our fits.

A code word 10 P + m makes a value the P-th parameter, moved by m times its shift; values that share it are one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from hybrid_index.export.start.cif import block_name
from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.text import MADE_BY, refines_displacement, xye

name = "fullprof"
title = "FullProf: lebail.pcr (profile matching, Jbt 2) and lebail.dat"

_POINTS = 16
"""Of the background, joined by straight lines."""
_RANGE_FWHM = 40.0
_RULE = "!" + "-" * 79


class _Codes:
    """Hands out code words: a new parameter each time."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> float:
        self.count += 1
        return 10.0 * self.count + 1.0


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files."""
    return {"lebail.pcr": _pcr(start), "lebail.dat": _data(start)}


def _data(start: RefinementStart) -> str:
    """2θ, intensity and uncertainty behind six lines of heading (Ins 10)."""
    heading = (
        "XYDATA",
        f"TITLE {start.title}",
        f"LAMBDA {start.radiation.wavelength_angstrom:.7f}",
        f"FILE {block_name(start)}",
        "TEMP    298.0   298.0",
        "INTER   1.0000  1.0000  0 0.00000",
    )
    return "\n".join(heading) + "\n" + xye(start, name)


def _pcr(start: RefinementStart) -> str:
    code = _Codes()
    background = [f"{x:12.4f} {y:14.4f} {code():8.2f}" for x, y in start.background_points(name, _POINTS).tolist()]
    shifts = _shifts(start, code)
    cell = _cell(start, code)
    lines = [
        f"COMM {start.title}",
        "! Files => DAT-file: lebail.dat,  PCR-file: lebail",
        f"! Written by {MADE_BY}. Step 1, as it stands: background, one shift and the cell.",
        "! Step 2: give codes to W and Y, then to U, V and X; step 3: to S_L and D_L, with one code.",
        *_controls(start),
        "!2Theta/TOF/E(Kev)   Background  for Pattern#  1",
        *background,
        "!",
        f"{code.count:8d}    !Number of refined parameters",
        "!",
        "!  Zero    Code    SyCos    Code   SySin    Code  Lambda     Code MORE ->Patt# 1",
        shifts,
        _RULE,
        "!  Data for PHASE number:   1  ==> Current R_Bragg for Pattern#  1:     0.00",
        _RULE,
        block_name(start),
        "!",
        "!Nat Dis Ang Pr1 Pr2 Pr3 Jbt Irf Isy Str Furth       ATZ    Nvk Npr More",
        "   0   0   0 0.0 0.0 1.0   2   0   0   0   0          0.000   0   7   0",
        "!",
        f"{start.space_group:<24} <--Space group symbol",
        *_profile(start),
        "!     a          b         c        alpha      beta       gamma      #Cell Info",
        *cell,
        "!  Pref1    Pref2      Asy1     Asy2     Asy3     Asy4      S_L      D_L",
        *_asymmetry(start),
        "!  2Th1/TOF1    2Th2/TOF2  Pattern to plot",
        "{:12.3f} {:12.3f}       1".format(*start.fit_range_deg),
    ]
    return "\n".join(lines) + "\n"


def _controls(start: RefinementStart) -> list[str]:
    radiation = start.radiation
    pattern = start.need_pattern(name)
    low, high = start.fit_range_deg
    step = float(pattern.two_theta_deg[-1] - pattern.two_theta_deg[0]) / (pattern.two_theta_deg.size - 1)
    job = 0 if radiation.probe == "xray" else 1
    second = radiation.ka2_angstrom or radiation.wavelength_angstrom
    return [
        "!Job Npr Nph Nba Nex Nsc Nor Dum Iwg Ilo Ias Res Ste Nre Cry Uni Cor Opt Aut",
        f"{job:4d}   7   1{_POINTS:4d}   0   0   0   0   0   0   0   0   0   0   0   0   0   0   0",
        "!",
        "!Ipr Ppl Ioc Mat Pcr Ls1 Ls2 Ls3 NLI Prf Ins Rpa Sym Hkl Fou Sho Ana",
        "   0   0   1   0   1   0   4   0   0   1  10   0   0   0   0   0   0",
        "!",
        "! Lambda1  Lambda2    Ratio    Bkpos    Wdt    Cthm     muR   AsyLim   Rpolarz  2nd-muR -> Patt# 1",
        f" {radiation.wavelength_angstrom:.7f} {second:.7f} {start.ka2_ratio:.5f} {(low + high) / 2:.3f} "
        f"{_RANGE_FWHM:.1f} 1.0000 0.0000 180.00 0.0000 0.0000",
        "!",
        "!NCY  Eps  R_at  R_an  R_pr  R_gl     Thmin       Step       Thmax    PSD    Sent0",
        f" 30  0.10  1.00  1.00  0.80  0.80 {low:12.4f} {step:10.6f} {high:12.4f}   0.000   0.000",
        "!",
    ]


def _shifts(start: RefinementStart, code: _Codes) -> str:
    displaced = refines_displacement(start)
    free = code()
    zero_code, cosine_code = (0.0, free) if displaced else (free, 0.0)
    return (
        f"{start.shift.zero_shift_deg:9.5f} {zero_code:7.2f} {start.displacement_amplitude_deg:9.5f} {cosine_code:7.2f}"
        "  0.00000    0.00  0.000000    0.00   0"
    )


def _profile(start: RefinementStart) -> list[str]:
    widths = start.widths
    return [
        "!-------> Profile Parameters for Pattern #  1",
        "!  Scale        Shape1      Bov      Str1      Str2      Str3   Strain-Model",
        "  1.00000       0.00000   0.00000   0.00000   0.00000   0.00000       0",
        "     0.00000     0.000     0.000     0.000     0.000     0.000",
        "!       U         V          W           X          Y        GauSiz   LorSiz Size-Model",
        f" {widths.u:10.6f} {widths.v:10.6f} {widths.w:10.6f} {widths.x:10.6f} {widths.y:10.6f}"
        "   0.000000   0.000000    0",
        "      0.000      0.000      0.000      0.000      0.000      0.000      0.000",
    ]


def _cell(start: RefinementStart, code: _Codes) -> list[str]:
    """The cell, and its codes: parameters that symmetry ties share one."""
    a = code()
    codes = [a, a, a, 0.0, 0.0, 0.0]
    match start.group.crystal_system_str():
        case "cubic":
            pass
        case "tetragonal":
            codes[2] = code()
        case "hexagonal" | "trigonal":
            # on hexagonal axes
            codes[2] = code()
        case "orthorhombic":
            codes[1:3] = [code(), code()]
        case "monoclinic":
            codes[1:3] = [code(), code()]
            codes[3 + "abc".index(start.unique_axis)] = code()
        case _:
            codes[1:] = [code() for _ in range(5)]
    values = "".join(f"{value:11.6f}" for value in start.cell.parameters)
    return [values, "".join(f"{value:11.2f}" for value in codes)]


def _asymmetry(start: RefinementStart) -> list[str]:
    # The mean of our rays is axial · cot 2θ / 3 (degrees); that of Finger, Cox & Jephcoat for S = D is
    # (S/L)² · cot 2θ / 3 (radians) for two uniform heights within ±S.
    height = math.sqrt(math.radians(start.widths.axial_deg))
    return [
        f"  1.00000  0.00000  0.00000  0.00000  0.00000  0.00000 {height:9.6f} {height:9.6f}",
        "     0.00     0.00     0.00     0.00     0.00     0.00     0.00     0.00",
    ]
