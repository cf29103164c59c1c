"""Structures to measure with: drawn from the folder of structures, or a few well-known ones where there is none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, get_args

import numpy as np
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure as PymatgenStructure

from benchmarks.accuracy.cases import load_structures
from hybrid_index.errors import InputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS, Cell
from hybrid_index.simulate import Site, Structure
from hybrid_index.simulate.scattering import FormFactors, scattering_coefficients

MOST_TERMS = 2.0e6
"""Atoms times volume (Å3): beyond, pymatgen takes several seconds and gigabytes for one structure."""

Atoms = tuple[tuple[str, float, float, float], ...]
KNOWN: tuple[tuple[str, str, tuple[float, ...], str, Atoms], ...] = (
    # Swanson & Fuyat, NBS Circular 539 II (1953) 41.
    ("halite", "cubic", (5.6402, 5.6402, 5.6402, 90, 90, 90), "F m -3 m", (("Na", 0, 0, 0), ("Cl", 0.5, 0.5, 0.5))),
    # Swope, Smyth & Larson, American Mineralogist 80 (1995) 448.
    (
        "rutile", "tetragonal", (4.593, 4.593, 2.959, 90, 90, 90), "P 42/m n m",
        (("Ti", 0, 0, 0), ("O", 0.305, 0.305, 0)),
    ),
    # Kihara & Donnay, Canadian Mineralogist 23 (1985) 647.
    (
        "zincite", "hexagonal", (3.2501, 3.2501, 5.2071, 90, 90, 120), "P 63 m c",
        (("Zn", 1 / 3, 2 / 3, 0), ("O", 1 / 3, 2 / 3, 0.3817)),
    ),
    # Lewis, Schwarzenbach & Flack, Acta Crystallographica A 38 (1982) 733.
    (
        "corundum", "trigonal", (4.7602, 4.7602, 12.9933, 90, 90, 120), "R -3 c",
        (("Al", 0, 0, 0.35216), ("O", 0.30624, 0, 0.25)),
    ),
    # Jacobsen et al., Canadian Mineralogist 36 (1998) 1053.
    (
        "anglesite", "orthorhombic", (6.9549, 8.472, 5.3973, 90, 90, 90), "P b n m",
        (("Pb", 0.16716, 0.18798, 0.25), ("S", 0.1849, 0.4358, 0.75), ("O", 0.0946, 0.5915, 0.75),
         ("O", 0.0424, 0.3072, 0.75), ("O", 0.3090, 0.4189, 0.9726)),
    ),
    # Howard, Hill & Reichert, Acta Crystallographica B 44 (1988) 116.
    (
        "baddeleyite", "monoclinic", (5.1505, 5.2116, 5.3173, 90, 99.230, 90), "P 1 21/c 1",
        (("Zr", 0.2754, 0.0395, 0.2083), ("O", 0.0700, 0.3317, 0.3447), ("O", 0.4496, 0.7569, 0.4792)),
    ),
    # Winter & Ghose, American Mineralogist 64 (1979) 573.
    (
        "kyanite", "triclinic", (7.1262, 7.8520, 5.5724, 89.99, 101.11, 106.03), "P -1",
        (("Al", 0.3254, 0.7040, 0.4582), ("Al", 0.2974, 0.6989, 0.9505), ("Al", 0.0998, 0.3862, 0.6403),
         ("Al", 0.1120, 0.9175, 0.1649), ("Si", 0.2962, 0.0649, 0.7066), ("Si", 0.2910, 0.3317, 0.1892),
         ("O", 0.1095, 0.1468, 0.1288), ("O", 0.1230, 0.6856, 0.1812), ("O", 0.2747, 0.4545, 0.9547),
         ("O", 0.2831, 0.9354, 0.9353), ("O", 0.1084, 0.1520, 0.6669), ("O", 0.1219, 0.6307, 0.6389),
         ("O", 0.2822, 0.4453, 0.4288), ("O", 0.2915, 0.9467, 0.4659), ("O", 0.5008, 0.2749, 0.2440),
         ("O", 0.5015, 0.2312, 0.7553)),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pair:
    """A structure, ours and pymatgen's, both without displacements."""

    name: str
    system: str
    ours: Structure
    theirs: PymatgenStructure


def known_pairs() -> list[Pair]:
    """Seven minerals, one of each crystal system."""
    pairs = []
    for name, system, cell, group, atoms in KNOWN:
        sites = [Site(element=element, xyz=(x, y, z)) for element, x, y, z in atoms]
        structure = Structure.from_sites(Cell.from_parameters(cell), group, sites, name=name)
        pairs.append(Pair(name=name, system=system, ours=structure, theirs=to_pymatgen(structure)))
    return pairs


def drawn_pairs(folder: Path, limit: int, *, seed: int = 0) -> tuple[list[Pair], list[str]]:
    """Draw structures, as many of each crystal system as of any other, and name those that were passed over.

    Those that cannot be read, that pymatgen refuses, whose scattering is not tabulated, or that have too many atoms are
    passed over.
    """
    records = load_structures(folder)
    order = np.random.default_rng(seed).permutation(len(records)).tolist()
    passed_over: list[str] = []
    by_system = [_of_system(system, [records[i] for i in order], passed_over) for system in CRYSTAL_SYSTEMS]
    in_turn = (pair for pair in chain.from_iterable(zip_longest(*by_system)) if pair is not None)
    return list(islice(in_turn, limit)), passed_over


def to_pymatgen(structure: Structure) -> PymatgenStructure:
    """Build the same structure for pymatgen; atoms at one place become one mixed site.

    Raises
    ------
    InputError
        If pymatgen refuses it, for instance as overfull.
    """
    places: dict[tuple[float, ...], tuple[Any, dict[str, float]]] = {}
    for symbol, xyz, share in zip(structure.elements, structure.xyz, structure.occupancy.tolist(), strict=True):
        _, species = places.setdefault(tuple(np.round(xyz % 1.0, 5).tolist()), (xyz, {}))
        species[symbol] = species.get(symbol, 0.0) + share
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return PymatgenStructure(
                Lattice.from_parameters(*structure.cell.parameters),
                [species for _, species in places.values()],
                [xyz for xyz, _ in places.values()],
            )
    except ValueError as error:
        raise InputError(f"pymatgen refuses it: {error}", source=structure.name) from error


def _of_system(system: str, records: Sequence[Mapping[str, Any]], passed_over: list[str]) -> Iterator[Pair]:
    """Yield the structures of a crystal system; names of those that will not do go into *passed_over*."""
    for record in records:
        if record["system"] != system:
            continue
        try:
            structure = Structure.from_record(record)
            structure = replace(structure, u_iso=np.zeros(len(structure.elements)))
            if len(structure.elements) * structure.cell.volume > MOST_TERMS:
                raise InputError("too many atoms", source=structure.name)
            for table in get_args(FormFactors):
                scattering_coefficients(structure.elements, "xray", table)
            yield Pair(name=structure.name, system=system, ours=structure, theirs=to_pymatgen(structure))
        except InputError:
            passed_over.append(str(record["id"]))
