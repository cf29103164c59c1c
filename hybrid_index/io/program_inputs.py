"""Input files of other indexing programs: DICVOL, TREOR, ITO and McMaille.

P. E. Werner, L. Eriksson & M. Westdahl, J. Appl. Cryst. 18 (1985) 367, doi:10.1107/S0021889885010512 (TREOR);
A. Boultif & D. Louër, J. Appl. Cryst. 37 (2004) 724, doi:10.1107/S0021889804014876 (DICVOL);
J. W. Visser, J. Appl. Cryst. 2 (1969) 89, doi:10.1107/S0021889869006649 (ITO);
A. Le Bail, Powder Diffr. 19 (2004) 249, doi:10.1154/1.1763152 (McMaille).
"""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.errors import WavelengthError
from hybrid_index.io.line_table import LineTable, PositionUnit
from hybrid_index.io.numbers import floats, to_float
from hybrid_index.io.source import Source
from hybrid_index.units import FloatArray, Radiation

_DEFAULT_WAVELENGTH = 1.5405981
"""Cu Kα1 as TREOR and DICVOL assume it where their input says nothing (Å)."""
_DICVOL_UNITS: dict[int, PositionUnit] = {1: "theta", 2: "two_theta", 3: "d", 4: "1e4q"}
_TREOR_UNITS: dict[float, PositionUnit] = {0.0: "sin2_theta", 1.0: "q", 2.0: "theta", 3.0: "two_theta", 4.0: "d"}
_KEYWORD = re.compile(r"(?i)\b([A-Z]\w*)\s*=\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)")
_MCMAILLE_AUTOMATIC = (3, 4, -3)


def is_treor(source: Source) -> bool:
    """Keywords, ended by ``END*``."""
    return "END*" in (source.text or "").upper() and bool(_KEYWORD.search(source.text or ""))


def read_treor(source: Source) -> LineTable:
    """Title, one position per line, a blank line, keywords; ``CHOICE`` tells the unit."""
    keywords = {
        key.upper(): float(value) for key, value in _KEYWORD.findall(source.text or "") if to_float(value) is not None
    }
    positions: list[float] = []
    for line in source.lines[1:]:
        found = floats(line)
        if not found or found[0] == 0.0:
            if positions:
                break
            continue
        positions.append(found[0])
    unit: PositionUnit | None = _TREOR_UNITS.get(keywords.get("CHOICE", 0.0))
    if unit == "sin2_theta" and positions and max(positions) > 1.0:
        unit = None
    return _table(source, positions, unit=unit, wavelength=keywords.get("WAVE", _DEFAULT_WAVELENGTH))


def is_dicvol(source: Source) -> bool:
    """Second line: the number of lines, their kind (1 to 4) and six flags."""
    lines = _filled(source)
    if len(lines) < 6:
        return False
    card = floats(lines[1])
    if len(card) < 8 or not all(value.is_integer() for value in card[:8]):
        return False
    return card[0] >= 1.0 and card[1] in _DICVOL_UNITS and set(card[2:8]) <= {0.0, 1.0}


def read_dicvol(source: Source) -> LineTable:
    """Four cards of settings (limits, wavelength, tolerance), then the lines; EPS = 1 means an error beside each."""
    lines = _filled(source)
    count, kind = floats(lines[1])[:2]
    wavelength = (floats(lines[3]) or [0.0])[0]
    tolerance = (floats(lines[4]) or [0.0])[0]
    rows = [row for line in lines[5:] if (row := floats(line))][: int(count)]
    esd = [row[1] if len(row) > 1 else np.nan for row in rows] if tolerance == 1.0 else None
    return _table(
        source,
        [row[0] for row in rows],
        unit=_DICVOL_UNITS[int(kind)],
        wavelength=wavelength or _DEFAULT_WAVELENGTH,
        esd=None if esd is None else np.array(esd, dtype=np.float64),
    )


def is_mcmaille(source: Source) -> bool:
    """Title, then wavelength, zero point and the code of the search (−3 to 4), with ``!`` before comments."""
    lines = _without_comments(source)
    if len(lines) < 3 or to_float(lines[0].split()[0]) is not None:
        return False
    head = floats(lines[1])
    announced = bool(re.search(r"(?im)^!\s*wavelength\s*,\s*zeropoint", source.head))
    if len(head) < 3 or not head[2].is_integer():
        return False
    return announced or (len(head) == 3 and 0.1 < abs(head[0]) < 5.0 and abs(head[1]) < 2.0 and -3 <= head[2] <= 4)


def read_mcmaille(source: Source) -> LineTable:
    """Read the 2θ (d where they fall) and intensities behind the settings; the zero point is left to the refinement."""
    lines = _without_comments(source)
    wavelength, _, search = floats(lines[1])[:3]
    settings = 0 if search in _MCMAILLE_AUTOMATIC else 3 + (search in (1, 2)) + (search in (0, 2))
    rows = [row for line in lines[2 + settings :] if (row := floats(line))]
    positions = [row[0] for row in rows]
    falling = len(positions) > 1 and positions[0] > positions[-1]
    intensity = np.array([row[1] if len(row) > 1 else 1.0 for row in rows], dtype=np.float64)
    return _table(
        source, positions, unit="d" if falling else "two_theta", wavelength=abs(wavelength), intensity=intensity
    )


def is_ito(source: Source) -> bool:
    """Title, a card with the wavelength in columns 21 to 30, and ``END`` as the last line."""
    lines = _filled(source)
    if len(lines) < 4 or not any(line.strip().upper() == "END" for line in lines[-3:]):
        return False
    wavelength = to_float(lines[1][20:30].strip())
    return wavelength is not None and 0.1 < wavelength < 5.0


def read_ito(source: Source) -> LineTable:
    """Read 2θ, d (where they fall) or 10⁴/d² (where they pass 180) up to the closing zero."""
    lines = _filled(source)
    wavelength = to_float(lines[1][20:30].strip())
    positions: list[float] = []
    for line in lines[2:]:
        found = floats(line)
        if not found or found[0] <= 0.0:
            if positions:
                break
            continue
        positions += [value for value in found if value > 0.0]
    unit: PositionUnit = "two_theta"
    if positions and max(positions) >= 180.0:
        unit = "1e4q"
    elif len(positions) > 1 and positions[0] > positions[-1]:
        unit = "d"
    return _table(source, positions, unit=unit, wavelength=wavelength or _DEFAULT_WAVELENGTH)


def _table(
    source: Source,
    positions: list[float],
    *,
    unit: PositionUnit | None,
    wavelength: float,
    intensity: FloatArray | None = None,
    esd: FloatArray | None = None,
) -> LineTable:
    try:
        radiation = Radiation(wavelength_angstrom=wavelength, name=f"{wavelength:.6g} Å")
    except WavelengthError as error:
        raise error.at(str(source.path)) from error
    return LineTable(
        positions=np.array(positions, dtype=np.float64),
        unit=unit,
        intensity=intensity,
        esd=esd,
        radiation=radiation,
        title=source.lines[0].strip(),
    )


def _filled(source: Source) -> list[str]:
    return [line for line in source.lines if line.strip()]


def _without_comments(source: Source) -> list[str]:
    return [line for line in _filled(source) if not line.lstrip().startswith("!")]
