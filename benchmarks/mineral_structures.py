"""Records of mineral structures from a copy of the American Mineralogist Crystal Structure Database in SQLite.

R. T. Downs and M. Hall-Wallace, Am. Mineral. 88 (2003) 247. The copy is the one that comes with the Python package
xraylarch, release 0.9.66 (``pip download --no-deps xraylarch==0.9.66``): ``larch/xrd/amcsd_cif1.db`` in the wheel.
"""

from __future__ import annotations

import json
import sqlite3
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import gemmi
import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.units import FloatArray

COORDINATE_SCALE = 4e6
_KNOWN = 1.5
"""Numbers of sites are stored as integers of this denominator, missing ones as 2 and 3."""
WATER = ("Wat", "Ow")
"""How labels of water begin, whose hydrogen atoms are mostly not known."""
_QUERY = """
    select cif.id, minerals.name, spacegroups.symmetry_xyz, cif.a, cif.b, cif.c, cif.alpha, cif.beta, cif.gamma,
           atoms_sites, atoms_x, atoms_y, atoms_z, atoms_occupancy, atoms_u_iso
    from cif join minerals on cif.mineral_id = minerals.id join spacegroups on cif.spacegroup_id = spacegroups.id
    order by cif.id
"""


def mineral_records(path: Path) -> Iterator[dict[str, Any]]:
    """Read records like those of ``structures.jsonl.gz``; structures that are not complete are passed over.

    Raises
    ------
    InputError
        If the file is no such database.
    """
    if not path.is_file():
        raise InputError("is no file; name the copy of the database", source=str(path))
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        try:
            for row in database.execute(_QUERY):
                with suppress(ValueError, RuntimeError):  # gemmi raises the second
                    yield _record(row)
        except sqlite3.Error as error:
            raise InputError(f"is no copy of the database ({error})", source=str(path)) from error


def _record(row: tuple[Any, ...]) -> dict[str, Any]:
    """One structure; ``ValueError`` if something of it is missing."""
    number, mineral, symmetry, *cell, labels, x, y, z, occupancy, u_iso = row
    group = gemmi.find_spacegroup_by_ops(gemmi.GroupOps([gemmi.Op(op) for op in json.loads(symmetry)]))
    if group is None:
        raise ValueError("a setting that is in no table")
    elements = [element_of(label) for label in json.loads(labels)]
    xyz = np.column_stack([_numbers(text, len(elements), 2.0) for text in (x, y, z)])
    if not len(elements) or np.any(np.abs(xyz) > _KNOWN):
        raise ValueError("atoms without a place")
    shares, u = _numbers(occupancy, len(elements), 1.0), _numbers(u_iso, len(elements), 0.0)
    shares[shares > _KNOWN], u[u > _KNOWN] = 1.0, 0.0
    return {
        "id": f"amcsd/{number}/{mineral}",
        "cell": [float(str(length).split("(")[0]) for length in cell],
        "space_group": group.xhm(),
        "sym": "cif",
        "sites": [[e, *row] for e, row in zip(elements, np.column_stack([xyz, shares, u]).tolist(), strict=True)],
        "matches_experimental": False,
    }


def _numbers(text: str, size: int, missing: float) -> FloatArray:
    """Numbers of a column (size,), *missing* where there is none."""
    if text == "0":
        return np.full(size, missing)
    numbers = np.frombuffer(b64decode(text), dtype=np.int32) / COORDINATE_SCALE
    if len(numbers) != size:
        raise ValueError(f"{len(numbers)} numbers for {size} sites")
    return numbers


def element_of(label: str) -> str:
    """Element of a site's label, such as ``SiT1``, ``OH`` or ``Wat1``; ``ValueError`` if it names none."""
    if label.startswith(WATER):
        return "O"
    for length in (2, 1):
        symbol = label[:length]
        if len(symbol) == length and gemmi.Element(symbol).name == symbol:
            return "H" if symbol == "D" else symbol
    raise ValueError(f"no element: {label}")
