"""Peak lists with a structure of their own: JSON, and GSAS-II's .pkslst (Python literals, never evaluated)."""

from __future__ import annotations

import ast
import json
import math
import re
from typing import Any, get_args

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.io.columns import LIST_LENGTH, MAX_LINES, steps_vary
from hybrid_index.io.line_table import LineTable, PositionUnit
from hybrid_index.io.radiation import radiation_from_words
from hybrid_index.io.scan import Scan
from hybrid_index.io.source import Source
from hybrid_index.line_shapes import combined_width
from hybrid_index.units import FloatArray, Radiation, check_wavelength, parse_radiation

_UNIT_KEYS: dict[str, PositionUnit] = {
    **{unit: unit for unit in get_args(PositionUnit)},
    "two_theta_deg": "two_theta",
    "2theta": "two_theta",
    "tth": "two_theta",
    "d_angstrom": "d",
    "d_spacing": "d",
}
_INTENSITY_KEYS = ("intensity", "intensities", "i", "height", "area")
_ESD_KEYS = ("esd", "two_theta_esd_deg", "two_theta_esd", "sigma")
_FWHM_KEYS = ("fwhm", "fwhm_deg")
# Not "[Measurement conditions]", the heading of some text exports.
_JSON_START = re.compile(r"\s*(?:\{|\[\s*(?:[-\d.\"\[{\]]|$))")
_LIST_LINE = re.compile(r"\s*\[\s*[-\d.].*\]\s*$")
_WAVELENGTH_KEYS = ("wavelength", "wavelength_angstrom", "radiation")


def is_json(source: Source) -> bool:
    """Whether the text is a JSON object or list (and no list of Python literals line by line)."""
    return bool(_JSON_START.match(source.text or "")) and not is_pkslst(source)


def read_json(source: Source) -> list[Scan] | LineTable:
    """Read ``{"two_theta": […], "intensity": […], "wavelength": …}`` (or ``d``, ``q``), or a list of peaks."""
    try:
        content = json.loads(source.text or "")
    except (ValueError, RecursionError) as error:
        reason = (
            f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else type(error).__name__
        )
        raise source.error(f"is not valid JSON ({reason}); repair it") from error
    return line_table_from_mapping(content, source)


def line_table_from_mapping(content: Any, source: Source) -> list[Scan] | LineTable:
    """Read what JSON holds: an object of columns, a list of peak objects, of pairs, or of positions."""
    outer: dict[str, Any] = {}
    if isinstance(content, dict):
        outer = {str(key).lower(): value for key, value in content.items()}
        content = outer.get("peaks", outer.get("lines", outer))
    if isinstance(content, list):
        columns = {**outer, **_columns_of_list(content, source)}
    elif isinstance(content, dict):
        columns = {**outer, **{str(key).lower(): value for key, value in content.items()}}
    else:
        raise source.error("is JSON, but no peak list; give an object with two_theta, d or q")
    key = next((key for key in columns if key in _UNIT_KEYS), None)
    if key is None and "positions" not in columns:
        raise source.error("is JSON without positions; give them as two_theta, d or q")
    positions = _numbers(columns[key or "positions"], key or "positions", source)

    def optional(names: tuple[str, ...]) -> FloatArray | None:
        name = next((name for name in names if columns.get(name) is not None), None)
        if name is None:
            return None
        values = _numbers(columns[name], name, source, null=math.nan)
        if values.shape != positions.shape:
            raise source.error(
                f"has {positions.size} positions but {values.size} values of {name}; make them equally many"
            )
        return None if np.all(np.isnan(values)) else values

    unit = _UNIT_KEYS[key] if key else None
    intensity = optional(_INTENSITY_KEYS)
    radiation = _radiation(columns, source)
    if (
        positions.size > LIST_LENGTH
        and unit in ("two_theta", None)
        and intensity is not None
        and not steps_vary(positions)
    ):
        return [Scan(x=positions, intensity=intensity, sigma=optional(("sigma",)), radiation=radiation)]
    if positions.size > MAX_LINES:
        raise source.error(
            f"holds {positions.size} lines; more than {MAX_LINES} are not a peak list: give the first lines only"
        )
    return LineTable(
        positions=positions,
        unit=unit,
        intensity=intensity,
        esd=optional(_ESD_KEYS),
        fwhm=optional(_FWHM_KEYS),
        radiation=radiation,
    )


def is_pkslst(source: Source) -> bool:
    """GSAS-II's peak list: its heading or suffix, or lists of numbers and flags on lines of their own."""
    if source.head.startswith("#GSAS-II") or source.path.suffix.lower() == ".pkslst":
        return True
    return sum(bool(_LIST_LINE.match(line)) for line in source.lines[:20]) > 1


def read_pkslst(source: Source) -> LineTable:
    """Read lists of position, intensity, σ² (centidegrees²), γ (centidegrees), each with its refinement flag."""
    peaks: list[list[Any]] = []
    for number, line in enumerate(source.lines, start=1):
        stripped = line.strip().rstrip(",")
        if not stripped or stripped.startswith("#"):
            continue
        try:
            value = ast.literal_eval(stripped)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise source.error(f"line {number} is no list of numbers; export the peak list again") from error
        rows = value.get("peaks", []) if isinstance(value, dict) else value
        rows = rows if isinstance(rows, list) and rows and isinstance(rows[0], list) else [rows]
        peaks += [row for row in rows if isinstance(row, list) and row]
    positions = _numbers([peak[0] for peak in peaks], "position", source)
    intensity = _numbers([peak[2] if len(peak) > 2 else 1.0 for peak in peaks], "intensity", source)
    fwhm = np.array([_fwhm_deg(peak) for peak in peaks], dtype=np.float64)
    comments = "\n".join(line for line in source.lines if line.startswith("#"))
    return LineTable(
        positions=positions, unit="two_theta", intensity=intensity, fwhm=fwhm, radiation=radiation_from_words(comments)
    )


def _fwhm_deg(peak: list[Any]) -> float:
    """Width in degrees of a GSAS-II peak, from its σ² (centidegrees²) and γ (centidegrees)."""
    if len(peak) < 7 or not all(isinstance(value, (int, float)) and value >= 0.0 for value in (peak[4], peak[6])):
        return math.nan
    gauss, lorentz = np.array(math.sqrt(8.0 * math.log(2.0) * peak[4])), np.array(float(peak[6]))
    width = float(combined_width(gauss, lorentz))
    return width / 100.0 if width > 0.0 else math.nan


def _columns_of_list(rows: list[Any], source: Source) -> dict[str, Any]:
    if rows and all(isinstance(row, dict) for row in rows):
        keys = {str(key).lower() for row in rows for key in row}
        lowered = [{str(key).lower(): value for key, value in row.items()} for row in rows]
        return {key: [row.get(key) for row in lowered] for key in keys}
    if rows and all(isinstance(row, list) and len(row) >= 2 for row in rows):
        return {"positions": [row[0] for row in rows], "intensity": [row[1] for row in rows]}
    return {"positions": rows}


def _numbers(values: Any, name: str, source: Source, *, null: float | None = None) -> FloatArray:
    """Check a column; *null* stands for values that are not known, where the column may lack some."""
    if not isinstance(values, list):
        raise source.error(f"{name} should be a list of numbers")
    values = [null if value is None else value for value in values]
    for i, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 1.0e300:
            raise source.error(f"{name} {i + 1} is {str(value)[:40]!r}, not a number; correct or remove it")
    return np.array(values, dtype=np.float64)


def _radiation(columns: dict[str, Any], source: Source) -> Radiation | None:
    value = next((columns[key] for key in _WAVELENGTH_KEYS if columns.get(key) is not None), None)
    if value is None:
        return None
    try:
        if isinstance(value, str):
            return parse_radiation(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return Radiation(wavelength_angstrom=check_wavelength(float(value)), name=f"{float(value):.6g} Å")
    except InputError as error:
        raise error.at(str(source.path)) from error
    raise source.error(f"wavelength is {str(value)[:40]!r}; give a number in Å or a name such as CuKa1")
