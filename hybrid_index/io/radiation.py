"""What a file says about its radiation: wavelengths, anodes, words in titles and comments."""

from __future__ import annotations

import re
from typing import Literal, TypeGuard

from hybrid_index.units import (
    TUBE_LINES_ANGSTROM,
    WAVELENGTH_LIMITS_ANGSTROM,
    Radiation,
    parse_radiation,
    with_tube_satellite,
)

_NUMBER = r"(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)"
_LABELLED = re.compile(
    rf"(?i)(?:wave[\s_-]*length|\blambda\b|λ|\bwave\b)(?!\s*ratio)(?:[\s_-]*(?:alpha|k[\s_-]?a(?:lpha)?)?[\s_-]*1(?![.\d]))?[^\d\n.]{{0,16}}?{_NUMBER}\s*(nm|m\b)?"
)
_KA1 = re.compile(rf"(?i)k[\s_-]?(?:alpha|α)[\s_-]?1(?:[\s_-]*wave[\s_-]*length)?[^\d\n.]{{1,12}}{_NUMBER}")
_KA2 = re.compile(rf"(?i)k[\s_-]?(?:alpha|α)[\s_-]?2(?:[\s_-]*wave[\s_-]*length)?[^\d\n./]{{1,12}}{_NUMBER}")
_RATIO = re.compile(
    rf"(?i)(?:ratio[^\n\d]{{0,4}}k[\s_-]?(?:alpha|α)[\s_-]?2\s*/\s*k[\s_-]?(?:alpha|α)[\s_-]?1)[^\d\n.]{{1,12}}{_NUMBER}"
)
_TUBE = re.compile(
    r"\b(Cr|Fe|Co|Cu|CU|CO|Mo|MO|Ag|AG)[\s_-]?[Kk][\s_\\-]?(?:alpha|Alpha|ALPHA|a|A|α)[\s_~-]*([12](?:[,+][12])?)?(?![a-z])"
)
_ANODE = re.compile(r"(?i)\banode(?:[\s_-]*material)?[\s:=,;\"']+(cr|fe|co|cu|mo|ag)\b")
_BARE_ANGSTROM = re.compile(r"(?<![=\w.])([0-2]?\.\d{2,6})\s*(?:ANG(?:STROMS?)?|Angstroms?|angstroms?|Å|A)(?![\w/^*-])")


def doublet(
    ka1_angstrom: float | None,
    ka2_angstrom: float | None = None,
    ratio: float | None = None,
    *,
    anode: str = "",
    probe: Literal["xray", "neutron"] = "xray",
) -> Radiation | None:
    """Radiation from the entries of an instrument's file; ``None`` where they say nothing usable.

    Parameters
    ----------
    ka1_angstrom, ka2_angstrom
        Wavelengths in Å; a number that cannot be one counts as absent.
    ratio
        Intensity of Kα2 over Kα1; 0 or less means that Kα2 was removed.
    anode
        Element of the tube: gives the wavelengths where the file has none, and tells a tube from a synchrotron.
    """
    element = anode.strip().capitalize()
    name = f"{element}Ka" if element in TUBE_LINES_ANGSTROM else ""
    if not _usable(ka1_angstrom):
        return parse_radiation(name) if name else None
    stripped = ratio is not None and ratio <= 0.0
    if _usable(ka2_angstrom) and not stripped and 1.0e-6 < abs(ka2_angstrom / ka1_angstrom - 1.0) < 0.02:
        return Radiation(
            wavelength_angstrom=ka1_angstrom,
            ka2_angstrom=ka2_angstrom,
            ka2_ratio=0.5 if ratio is None or ratio != ratio else ratio,
            probe=probe,
            name=name,
        )
    mean_of = tube_of_mean(ka1_angstrom) if probe == "xray" else None
    if mean_of:
        return parse_radiation(f"{mean_of}Ka")
    single = Radiation(
        wavelength_angstrom=ka1_angstrom, probe=probe, name=f"{name}1" if name else f"{ka1_angstrom:.6g} Å"
    )
    return with_tube_satellite(single) if name and not stripped and ka2_angstrom is None else single


def _usable(wavelength_angstrom: float | None) -> TypeGuard[float]:
    """Whether a number read from a file can be a wavelength: many files have zeros or rubbish in its place."""
    low, high = WAVELENGTH_LIMITS_ANGSTROM
    return wavelength_angstrom is not None and low <= wavelength_angstrom <= high


def tube_of_mean(wavelength_angstrom: float) -> str | None:
    """Element whose weighted mean Kα this is (1.5418 Å: Cu). Who quotes the mean has measured the doublet."""
    for element, (ka1, ka2) in TUBE_LINES_ANGSTROM.items():
        if abs(wavelength_angstrom - (2.0 * ka1 + ka2) / 3.0) < 3.0e-4:
            return element
    return None


def radiation_from_words(text: str) -> Radiation | None:
    """Radiation named in comments or a title, ``None`` where there is none.

    Understands ``wavelength = 1.54056`` (also in nm and m), ``Kalpha1/Kalpha2`` entries, ``CuKa``, ``Anode: Cu``, and
    as a last resort a bare ``1.909 A``.
    """
    probe: Literal["xray", "neutron"] = "neutron" if re.search(r"(?i)\bneutron", text) else "xray"
    anode = _ANODE.search(text)
    element = anode.group(1) if anode else ""
    ka1, labelled = _KA1.search(text), _LABELLED.search(text)
    if ka1:
        ka2, ratio = _KA2.search(text), _RATIO.search(text)
        value = float(ka1.group(1))
        if 0.1 < value < 3.0:
            return doublet(
                value,
                float(ka2.group(1)) if ka2 else None,
                float(ratio.group(1)) if ratio else None,
                anode=element,
                probe=probe,
            )
    if labelled:
        value, unit = float(labelled.group(1)), labelled.group(2)
        value *= 1.0e10 if unit == "m" or value < 1.0e-8 else 10.0 if unit == "nm" else 1.0
        return doublet(value, anode=element, probe=probe)
    tube = _TUBE.search(text)
    if tube:
        return parse_radiation(f"{tube.group(1)}Ka{'1' if tube.group(2) == '1' else ''}")
    if element:
        return parse_radiation(f"{element}Ka")
    bare = _BARE_ANGSTROM.search(text)
    return doublet(float(bare.group(1)), probe=probe) if bare else None
