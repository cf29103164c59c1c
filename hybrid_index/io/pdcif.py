"""Powder CIF: the measured profile of each data block, with its radiation; calculated profiles are never taken.

Dictionary: B. H. Toby, *International Tables for Crystallography* G (2005) 4.3, doi:10.1107/97809553602060000740.
"""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from hybrid_index.io.radiation import doublet, radiation_from_words
from hybrid_index.io.scan import Scan, even_grid
from hybrid_index.io.source import Source
from hybrid_index.units import FloatArray, Radiation

_ANGLES = ("_pd_meas_2theta_scan", "_pd_proc_2theta_corrected", "_pd_meas_2theta_corrected", "_pd_proc_2theta_scan")
_INTENSITIES = (
    "_pd_meas_counts_total",
    "_pd_meas_intensity_total",
    "_pd_proc_intensity_total",
    "_pd_meas_intensity_net",
    "_pd_proc_intensity_net",
    "_pd_proc_intensity_norm",
)
_NOT_MEASURED = re.compile(r"(?i)simul|(?:^|_)calc(?:_|$)")
_TIME_OF_FLIGHT = "_pd_meas_time_of_flight"

_Columns = dict[str, list[str]]


def is_cif(source: Source) -> bool:
    """Whether there is a data block with underscored names."""
    return bool(re.search(r"(?im)^\s*data_\S", source.head)) and "_" in source.head


def read_cif(source: Source) -> list[Scan]:
    """Read the measured profile of every block that has one.

    Raises
    ------
    FileFormatError
        If no block has one, or all are time-of-flight data.
    """
    from gemmi import cif

    try:
        document = cif.read_string(source.text or "")
    except (ValueError, RuntimeError) as error:
        raise source.error(f"is not valid CIF ({str(error).splitlines()[0][:120]}); repair that line") from error
    blocks = {block.name: _columns(block) for block in document}
    measured = {name: columns for name, columns in blocks.items() if not _NOT_MEASURED.search(name)} or blocks
    scans: list[Scan] = []
    for name, columns in measured.items():
        scan = _scan(columns, _radiation(columns) or _only_radiation(measured), name)
        if scan is not None:
            scans.append(scan)
    if scans:
        return scans
    if any(_TIME_OF_FLIGHT in columns for columns in blocks.values()):
        raise source.error("holds time-of-flight data, which are not supported; give constant-wavelength data in 2θ")
    raise source.error("is a CIF without a measured powder profile (_pd_meas_ or _pd_proc_ intensities over 2θ)")


def _columns(block: object) -> _Columns:
    """Collect loops and single values of a gemmi block by lower-case name, a newer dictionary's dots as underscores."""
    columns: _Columns = {}
    for item in block:  # type: ignore[attr-defined]
        if item.pair is not None:
            columns[_plain(item.pair[0])] = [item.pair[1]]
        elif item.loop is not None:
            width, values = item.loop.width(), item.loop.values
            for at, tag in enumerate(item.loop.tags):
                columns[_plain(tag)] = values[at::width]
    return columns


def _plain(tag: str) -> str:
    return tag.lower().replace(".", "_")


def _scan(columns: _Columns, radiation: Radiation | None, name: str) -> Scan | None:
    for tag in _INTENSITIES:
        if len(columns.get(tag, ())) < 2:
            continue
        y, sigma = _numbers(columns[tag])
        x = _angles(columns, y.size)
        if x is None:
            continue
        known = ~(np.isnan(x) | np.isnan(y))
        return Scan(
            x=x[known],
            intensity=y[known],
            sigma=None if np.isnan(sigma).all() else sigma[known],
            radiation=radiation,
            metadata={"block": name, "intensity": tag},
        )
    return None


def _angles(columns: _Columns, n: int) -> FloatArray | None:
    for tag in _ANGLES:
        if len(columns.get(tag, ())) == n:
            return _numbers(columns[tag])[0]
    for stage in ("meas", "proc"):
        low, high, step = (_number(columns, f"_pd_{stage}_2theta_range_{end}") for end in ("min", "max", "inc"))
        if low is None or (high is None and step is None):
            continue
        # The limits are more precise than a rounded step, where they agree with it.
        if high is not None and (step is None or abs((high - low) / (n - 1) - step) < 0.01 * step):
            return np.linspace(low, high, n)
        if step is not None:
            return even_grid(low, step, n)
    return None


def _numbers(texts: list[str]) -> tuple[FloatArray, FloatArray]:
    """Values and standard uncertainties, ``12.3(4)`` → 12.3 and 0.4; NaN for ``.`` and ``?``."""
    values, esds = np.full(len(texts), np.nan), np.full(len(texts), np.nan)
    for i, text in enumerate(texts):
        bare, _, esd = text.partition("(")
        try:
            values[i] = float(bare)
            if esd:
                decimals = len(bare.partition(".")[2]) if "e" not in bare.lower() else 0
                esds[i] = float(esd.rstrip(")")) * 10.0**-decimals
        except ValueError:
            continue
    return values, esds


def _number(columns: _Columns, tag: str) -> float | None:
    value = _numbers(columns.get(tag, ["?"])[:1])[0][0]
    return None if np.isnan(value) else float(value)


def _radiation(columns: _Columns) -> Radiation | None:
    """Strongest wavelength of the block and its satellite, or the tube that its type names."""
    kind = (
        " ".join(columns.get("_diffrn_radiation_type", []))
        .replace("\\a", "alpha")
        .replace("\\A", "alpha")
        .strip("'\"? ")
    )
    words = " ".join(columns.get("_diffrn_radiation_probe", []))
    probe: Literal["xray", "neutron"] = "neutron" if "neutron" in f"{words} {kind}".lower() else "xray"
    named = radiation_from_words(kind) if probe == "xray" else None
    lengths = _numbers(columns.get("_diffrn_radiation_wavelength", []) or columns.get("_pd_proc_wavelength", []))[0]
    weights = _numbers(columns.get("_diffrn_radiation_wavelength_wt", []))[0]
    if weights.shape != lengths.shape or np.isnan(weights).any():
        weights = np.ones_like(lengths)
    known = np.flatnonzero(~np.isnan(lengths) & (lengths > 0.0))
    if not known.size:
        return named
    order = known[np.argsort(-weights[known], kind="stable")]
    first = float(lengths[order[0]])
    for other in order[1:]:
        if 0.0 < abs(lengths[other] - first) < 0.01 * first:
            ratio = float(weights[other] / weights[order[0]])
            return doublet(first, float(lengths[other]), ratio if ratio < 1.0 else 0.5, probe=probe)
    # "Cu Kα" with no word of Kα1 alone means the doublet.
    tube = named.name[:2] if named is not None and named.ka2_angstrom is not None else ""
    return doublet(first, anode=tube, probe=probe)


def _only_radiation(blocks: dict[str, _Columns]) -> Radiation | None:
    """Radiation of the other blocks, where they do not contradict each other."""
    found = [radiation for columns in blocks.values() if (radiation := _radiation(columns)) is not None]
    return found[0] if len({radiation.wavelength_angstrom for radiation in found}) == 1 else None
