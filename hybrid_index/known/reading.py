"""Known phases from a folder of CIFs, or from a table: CSV, JSON or TOML.

What cannot be used is listed with its reason and skipped: one bad file among thousands must not cost the others.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybrid_index.errors import InputError
from hybrid_index.known.cif import phases_of_cif
from hybrid_index.known.library import DEFAULT_TOLERANCE, KnownPhase, KnownPhases
from hybrid_index.lattice import BravaisLattice, Cell

TABLE_SUFFIXES = (".csv", ".json", ".toml")
_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
_COLUMNS = "name, lattice (oP, or space_group), a, b, c, alpha, beta, gamma"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """What could not be used, and why."""

    file: str
    reason: str


def read_known(path: str | Path, *, tolerance: float = DEFAULT_TOLERANCE) -> tuple[KnownPhases, list[Skipped]]:
    """Read known phases.

    Parameters
    ----------
    path
        A folder, searched for CIFs with all folders below it; a CIF; or a table of names and cells (.csv with a header,
        .json with a list of objects, .toml with a ``[[phases]]`` for each): ``name``, ``lattice`` (Pearson letters such
        as oP) or ``space_group``, ``a`` … ``gamma`` as far as symmetry leaves them free.
    tolerance
        As of :class:`KnownPhases`.

    Returns
    -------
    KnownPhases
        The phases.
    list of Skipped
        What could not be used.

    Raises
    ------
    InputError
        If there is no such file, or nothing in it can be used.
    """
    source = Path(path)
    phases: list[KnownPhase] = []
    skipped: list[Skipped] = []
    for where, load in _entries(source):
        try:
            phases.extend(load())
        except InputError as error:
            skipped.append(Skipped(file=where, reason=error.message))
    if not phases:
        first = f" (the first: {skipped[0].file}: {skipped[0].reason})" if skipped else ""
        raise InputError(f"no cell in it can be used{first}; give CIFs or a table of {_COLUMNS}", source=str(source))
    return KnownPhases(phases, tolerance=tolerance), skipped


def _entries(source: Path) -> Iterator[tuple[str, Any]]:
    """Where each entry stands, and the function that makes phases of it."""
    if source.is_dir():
        files = sorted(p for p in source.rglob("*") if p.suffix.lower() == ".cif" and p.is_file())
        if not files:
            raise InputError("no .cif file lies in this folder; give one with CIFs, or a table", source=str(source))
        for file in files:
            yield str(file), lambda file=file: phases_of_cif(file)
    elif source.suffix.lower() == ".cif":
        yield str(source), lambda: phases_of_cif(source)
    elif source.suffix.lower() in TABLE_SUFFIXES:
        for number, row in enumerate(_rows(source), start=1):
            where = f"{source}, entry {number}"
            yield where, lambda row=row: [_phase_of_row(row, str(source))]
    else:
        known = ", ".join((".cif", *TABLE_SUFFIXES))
        raise InputError(f"known phases are read from a folder of CIFs or a file in {known}", source=str(source))


def _rows(source: Path) -> list[Any]:
    try:
        text = source.read_text(encoding="utf-8-sig")
        match source.suffix.lower():
            case ".csv":
                lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
                return [{str(k).strip().lower(): v for k, v in row.items()} for row in csv.DictReader(lines)]
            case ".json":
                content = json.loads(text)
            case _:
                content = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", source=str(source)) from error
    except ValueError as error:  # no UTF-8, no JSON, no TOML
        raise InputError(f"is not a valid {source.suffix[1:].upper()} file: {error}", source=str(source)) from error
    rows = content.get("phases") if isinstance(content, Mapping) else content
    if not isinstance(rows, list):
        raise InputError(f'must hold a list of phases (under "phases"), each with {_COLUMNS}', source=str(source))
    return rows


def _phase_of_row(row: Any, file: str) -> KnownPhase:
    if not isinstance(row, Mapping):
        raise InputError(f"is no object with {_COLUMNS}")
    name = str(row.get("name") or "").strip()
    if not name:
        raise InputError('has no "name"; add one')
    family, centring = _symmetry(row)
    return KnownPhase(name=name, cell=_cell(row, family), centring=centring, file=file)


def _symmetry(row: Mapping[str, Any]) -> tuple[str, str]:
    """Letters of the crystal family and the centring."""
    symbol = str(row.get("lattice") or "").strip()
    if symbol:
        try:
            lattice = BravaisLattice(symbol)
        except ValueError as error:
            known = " ".join(item.value for item in BravaisLattice)
            raise InputError(f"lattice {symbol!r} is not known; choose from {known}") from error
        return lattice.value[0], lattice.centring
    import gemmi

    named = str(row.get("space_group") or "").strip()
    group = gemmi.find_spacegroup_by_name(named) if named else None
    if group is None:
        told = f"space group {named!r} is not known" if named else 'has neither "lattice" nor "space_group"'
        raise InputError(f"{told}; give Pearson letters such as oP, or a Hermann–Mauguin symbol")
    family = {"trigonal": "h", "triclinic": "a"}.get(group.crystal_system_str(), group.crystal_system_str()[0])
    return ("" if group.ext == "R" else family), group.centring_type()


def _cell(row: Mapping[str, Any], family: str) -> Cell:
    given = dict(zip(_NAMES, row["cell"], strict=False)) if isinstance(row.get("cell"), list) else row
    values: dict[str, float] = {}
    for name in _NAMES:
        text = given.get(name)
        if text is None or not str(text).strip():
            continue
        try:
            values[name] = float(str(text).partition("(")[0])  # a standard uncertainty may follow
        except ValueError as error:
            raise InputError(f"{name} = {text!r} is not a number") from error
    # what symmetry fixes need not be said
    if family in ("c", "t", "h") and "a" in values:
        values.setdefault("b", values["a"])
    if family == "c" and "a" in values:
        values.setdefault("c", values["a"])
    if family == "h":
        values.setdefault("gamma", 120.0)
    if family in ("c", "t", "h", "o", "m"):
        for name in ("alpha", "gamma", *(() if family == "m" else ("beta",))):
            values.setdefault(name, 90.0)
    missing = [name for name in _NAMES if name not in values]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}; a cell is a, b, c (Å), alpha, beta, gamma (°)")
    return Cell.from_parameters([values[name] for name in _NAMES])
