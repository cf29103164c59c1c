"""Files of bare columns (.xy .xye .dat .csv .txt .prn …): a pattern, or a peak list, told apart by content."""

from __future__ import annotations

import re

import numpy as np

from hybrid_index.io.line_table import LineTable, PositionUnit
from hybrid_index.io.numbers import NumberTable, number_table
from hybrid_index.io.radiation import radiation_from_words
from hybrid_index.io.scan import Axis, Scan
from hybrid_index.io.source import Source
from hybrid_index.units import WAVELENGTH_LIMITS_ANGSTROM, FloatArray, Radiation

LIST_LENGTH = 200
"""Up to this many unevenly spaced positions are a peak list."""
MAX_LINES = 500
"""More lines than this are no peak list that anybody made."""

# What column headings mean, first match wins; the position columns come with their unit.
_ROLES: tuple[tuple[str, str], ...] = (
    (r"(?:h|k|l|hkl|mult.*|phase|flag|no\.?|#|id|index|line)", "other"),
    (r".*(?:calc|bkg|backgr|diff|resid|weight).*", "other"),
    (r".*(?:fwhm|width|hwhm|breadth).*", "fwhm"),
    (r".*(?:esd|sigma|error|uncert|std|\berr\b|\bsu\b).*(?:theta|pos|2th|2θ|angle|\bd\b|\bq\b).*", "esd"),
    (r".*(?:theta|pos|2th|2θ|angle|\bd\b|\bq\b).*(?:esd|sigma|error|uncert|std|\berr\b|\bsu\b).*", "esd"),
    (r".*(?:esd|sigma|error|uncert|std|\berr\b|\bs\.?u\.?\b).*", "sigma"),
    (
        r".*(?:2|two|tt)[\s_*-]*(?:theta|th|θ|t)\b.*|.*2theta.*|tth|2t|.*\bangle.*|pos.*|x|.*°2th.*|two_theta.*",
        "two_theta",
    ),
    (r"theta.*|θ.*|th", "theta"),
    (r"d|d[\s_(\[-].*|dspacing|d-?value.*|d_?obs.*|spacing.*", "d"),
    (r"q.*(?:1/[aå](?!\w*[\^*²]+)|[aå]\w*\^?[-⁻][1¹]).*", "momentum"),
    (r"q_?e4|1e4.*q.*|10\^?4.*|q[\s_]*\*?[\s_]*1e4", "1e4q"),
    (r"q|q[\s_(\[].*|1/d\^?2.*|qobs.*", "q"),
    (r".*(?:int|count|area|height|cps|yobs|y_obs|\by\b|i/i0|rel).*|i|y|i_?obs|i%|yo", "intensity"),
)


def is_column_text(source: Source) -> bool:
    """Whether there is any text: the reader of last resort for text files."""
    return source.text is not None


def read_columns(source: Source) -> list[Scan] | LineTable:
    """Read columns as what they look like: evenly spaced → pattern, few and uneven → peak list."""
    table = number_table(source)
    if _looks_like_lines(table):
        return _lines(table, source)
    return [_scan(table, source)]


def read_columns_as_pattern(source: Source) -> Scan:
    """Read columns as a pattern, whatever they look like."""
    return _scan(number_table(source), source)


def read_columns_as_lines(source: Source) -> LineTable:
    """Read columns as a peak list, whatever they look like."""
    return _lines(number_table(source), source)


def roles_of(heading: tuple[str, ...]) -> dict[str, int]:
    """Find the column of each role (``two_theta``, ``d``, ``intensity``, …) by its heading."""
    roles: dict[str, int] = {}
    for column, name in enumerate(heading):
        role = next((role for pattern, role in _ROLES if re.fullmatch(pattern, name)), "other")
        roles.setdefault(role, column)
    return roles


def steps_vary(x: FloatArray) -> bool:
    """Whether neighbouring steps differ like those between lines, not like those of a scan.

    Longer columns are judged by groups of ten steps, so that rounded angles still count as even; short ones
    strictly, because the lines of a cubic lattice are nearly even.
    """
    group, tolerance = (1, 0.02) if x.size <= LIST_LENGTH else (10, 0.12)
    steps = np.abs(np.diff(x[::group]))
    steps = steps[steps > 0.0]
    if steps.size < 3:
        return True
    return bool(np.median(np.abs(np.diff(np.log(steps)))) > tolerance)


def _looks_like_lines(table: NumberTable) -> bool:
    roles = roles_of(table.heading)
    x = _pairs(table.values)[:, 0]
    if x.size > LIST_LENGTH:
        return bool(x.size > MAX_LINES and np.all(np.isfinite(x)) and steps_vary(x))
    if "d" in roles or "1e4q" in roles or "fwhm" in roles or {"h", "hkl"} & set(table.heading):
        return True
    return x.size < 20 or steps_vary(x)


def _scan(table: NumberTable, source: Source) -> Scan:
    values = _pairs(table.values)
    if values.shape[1] < 2:
        raise source.error("has a single column; a pattern needs 2θ and intensity")
    roles = roles_of(table.heading) if values.shape == table.values.shape else {}
    x_column = roles.get("two_theta", roles.get("momentum", roles.get("q", 0)))
    y_column = roles.get("intensity", 1 if x_column == 0 else 0)
    if max(x_column, y_column) >= values.shape[1] or x_column == y_column or not _monotonic(values[:, x_column]):
        x_column, y_column = 0, 1  # the heading was a remark
    y = values[:, y_column]
    axis: Axis = "two_theta"
    if {"q", "momentum"} & set(roles) and "two_theta" not in roles:
        axis = "momentum_per_nm" if "nm" in table.heading[x_column] else "momentum_per_angstrom"
    return Scan(
        x=values[:, x_column],
        intensity=y,
        sigma=_sigma(values, roles, y),
        axis=axis,
        radiation=_radiation(table),
        title=_title(table.preamble),
    )


def _lines(table: NumberTable, source: Source) -> LineTable:
    values = table.values
    roles = roles_of(table.heading)
    units: tuple[PositionUnit, ...] = ("two_theta", "d", "momentum", "q", "1e4q", "theta")
    unit = next((unit for unit in units if roles.get(unit, values.shape[1]) < values.shape[1]), None)
    column = roles[unit] if unit else 0

    def get(role: str) -> FloatArray | None:
        index = roles.get(role)
        return values[:, index] if index is not None and index < values.shape[1] and index != column else None

    intensity = get("intensity")
    if intensity is None and not table.heading and values.shape[1] > 1:
        intensity = values[:, 1]
    if len(values) > MAX_LINES:
        raise source.error(
            f"holds {len(values)} lines; more than {MAX_LINES} are no peak list: give the pattern, or the first lines"
        )
    return LineTable(
        positions=values[:, column],
        unit=unit,
        intensity=intensity,
        esd=get("esd"),
        fwhm=get("fwhm"),
        radiation=_radiation(table),
        title=_title(table.preamble),
    )


def _monotonic(x: FloatArray) -> bool:
    steps = np.diff(x)
    return bool(np.all(steps >= 0.0) or np.all(steps <= 0.0))


def _pairs(values: FloatArray) -> FloatArray:
    """Unfold lines that hold several x y pairs."""
    n, width = values.shape
    if width < 4 or width % 2 or n < 2:
        return values
    flat = values.reshape(-1, 2)
    steps = np.diff(flat[:, 0])
    even = np.all(steps > 0.0) and np.ptp(steps) < 0.5 * float(np.median(steps))
    return flat if even else values


def _sigma(values: FloatArray, roles: dict[str, int], y: FloatArray) -> FloatArray | None:
    """Take the third column, where it is an uncertainty and not a calculated pattern or a background."""
    column = roles.get("sigma", roles.get("esd", 2 if not roles and values.shape[1] == 3 else None))
    if column is None or column >= values.shape[1]:
        return None
    sigma = values[:, column]
    if "sigma" in roles or "esd" in roles:
        return sigma
    typical = float(np.median(np.abs(y)))
    plausible = np.all(sigma[np.isfinite(sigma)] >= 0.0) and (
        typical < 10.0 or float(np.nanmedian(sigma)) < 0.9 * typical
    )
    return sigma if plausible else None


def _radiation(table: NumberTable) -> Radiation | None:
    """From the comments, or the bare number on the first line that DASH and others write."""
    radiation = radiation_from_words(table.preamble)
    if radiation is None and len(table.leading) == 1 and table.values.size:
        low, high = WAVELENGTH_LIMITS_ANGSTROM
        value = table.leading[0]
        if low < value < min(high, 5.0) and value != round(value):
            return Radiation(wavelength_angstrom=value, name=f"{value:.6g} Å")
    return radiation


def _title(preamble: str) -> str:
    for line in preamble.splitlines():
        match = re.match(r"(?i)\W*(?:title|sample(?:[ _]?name)?|name)\s*[:=]\s*(.+)", line)
        if match:
            return match.group(1).strip()[:120]
    return ""
