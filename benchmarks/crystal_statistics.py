"""Make the tables of numbers that synthetic crystals and line lists are drawn after (``simulate/data``).

``python -m benchmarks.crystal_statistics`` reads the known structures, leaves out lattices that also occur among the
measured patterns, takes one structure of each lattice, counts, and writes two JSON documents. No structure goes into
them: only shares, quantiles and correlations.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import gemmi
import numpy as np
from rich.console import Console
from scipy import stats

from benchmarks.accuracy.cases import KnownLattice, known_lattices, load_structures
from benchmarks.extinction_classes import extinction_classes
from hybrid_index.errors import InputError
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import BRAVAIS_LATTICES, Cell
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of, operations
from hybrid_index.simulate.crystal_statistics import N_QUANTILES, shape_coordinates
from hybrid_index.simulate.space_groups import GRID, standard_group
from hybrid_index.simulate.structure import parse_element
from hybrid_index.units import FloatArray

TRIMMED = 0.005
"""The ends of the quantile tables leave out this share on either side: single oddities."""
SPECIAL_POSITION_ANGSTROM = 0.3
IDEALISED = "COF"
"""Sets with this in their name are left out: a fifth of all would be flat hexagonal layers, drawn by a program."""
DECIMALS = 4


def quantiles(values: Iterable[float]) -> list[float]:
    """Evenly spaced quantiles of a sample."""
    levels = np.linspace(TRIMMED, 1.0 - TRIMMED, N_QUANTILES)
    return [round(float(x), DECIMALS) for x in np.quantile(np.fromiter(values, dtype=np.float64), levels)]


def lattice_statistics(lattices: Sequence[KnownLattice]) -> dict[str, Any]:
    """How often each Bravais lattice occurs, and quantiles and rank correlations of its volume and shape."""
    table = {}
    for bravais in BRAVAIS_LATTICES:
        rows = np.array(
            [shape_coordinates(k.setting.cell, bravais) for k in lattices if k.setting.bravais_lattice is bravais]
        )
        ranks = (rows.argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 0.5) / len(rows)
        correlation = np.atleast_2d(np.corrcoef(stats.norm.ppf(ranks), rowvar=False))
        table[bravais.value] = {
            "count": len(rows),
            "quantiles": [quantiles(column) for column in rows.T],
            "correlation": correlation.round(DECIMALS).tolist(),
        }
    return table


def space_group_counts(lattices: Sequence[KnownLattice]) -> Counter[int]:
    """How many structures have each space group; those whose lattice is of a higher system are left out."""
    return Counter(int(k.record["number"]) for k in lattices if _has_the_symmetry_of_its_lattice(k))


def chemistry(lattices: Sequence[KnownLattice]) -> dict[str, Any]:
    """Elements, volume per atom, displacements and site symmetries, organic and inorganic structures apart."""
    table = {}
    for kind, organic in (("inorganic", False), ("organic", True)):
        systems: Counter[str] = Counter()
        presence: Counter[str] = Counter()
        abundance: dict[str, list[float]] = defaultdict(list)
        n_elements: Counter[int] = Counter()
        orders: dict[str, Counter[int]] = defaultdict(Counter)
        primitive_volume, volume_per_atom, u_iso = [], [], []
        for k in lattices:
            if bool(k.record["organic"]) is not organic:
                continue
            found = _site_orders(k.record)
            if found is None:
                continue
            elements, order, weight = found
            atoms = weight / order
            systems[k.system] += 1
            primitive_volume.append(math.sqrt(float(np.linalg.det(k.gram))))
            volume_per_atom.append(k.record["volume"] / atoms.sum())
            n_elements[len(set(elements))] += 1
            for symbol in set(elements):
                presence[symbol] += 1
                abundance[symbol].append(float(atoms[np.array(elements) == symbol].sum() / atoms.sum()))
            if _has_the_symmetry_of_its_lattice(k):
                for o, w in zip(order, _per_site(k.record, order), strict=True):
                    orders[k.system][int(o)] += w / len(order)
            u_iso += [float(site[5]) for site in k.record["sites"] if 0.0 < float(site[5]) < 0.5]
        table[kind] = {
            "systems": dict(sorted(systems.items())),
            "presence": dict(sorted(presence.items())),
            "abundance": {symbol: round(float(np.mean(x)), DECIMALS) for symbol, x in sorted(abundance.items())},
            "n_elements": {str(n): count for n, count in sorted(n_elements.items())},
            "primitive_volume": quantiles(primitive_volume),
            "volume_per_atom": quantiles(volume_per_atom),
            "u_iso": quantiles(u_iso),
            "site_orders": {
                system: {str(o): round(w, DECIMALS) for o, w in sorted(weights.items())}
                for system, weights in sorted(orders.items())
            },
        }
    return table


def _has_the_symmetry_of_its_lattice(k: KnownLattice) -> bool:
    return bravais_lattice_of(standard_group(int(k.record["number"]))) is k.setting.bravais_lattice


def _per_site(record: Mapping[str, Any], order: FloatArray) -> FloatArray:
    """What each listed atom counts: one, or where the whole cell is listed its share of the independent site."""
    return order / order.max() if "spglib" in record["sym"] else np.ones(len(order))


def _site_orders(record: Mapping[str, Any]) -> tuple[list[str], FloatArray, FloatArray] | None:
    """Elements, orders of the site symmetry, and numerators that make numbers of atoms of them; ``None`` if unclear."""
    whole = "spglib" in record["sym"]
    cell = Cell.from_parameters(record["cell"])
    group: gemmi.SpaceGroup | None = gemmi.find_spacegroup_by_name(str(record["space_group"]), cell.alpha, cell.gamma)
    if group is None:
        return None
    try:
        elements = [parse_element(str(site[0])) for site in record["sites"]]
    except InputError:
        return None
    xyz = np.array([site[1:4] for site in record["sites"]], dtype=np.float64)
    choices = (
        [group] if group.ext not in ("1", "2") else [gemmi.find_spacegroup_by_name(f"{group.hm}:{c}") for c in "12"]
    )
    best = max((_orders(xyz, cell, choice) for choice in choices), key=np.sum)
    atoms = best if whole else np.full(len(best), float(len(group.operations())))
    return elements, best, atoms


def _orders(xyz: FloatArray, cell: Cell, group: gemmi.SpaceGroup) -> FloatArray:
    """How many operations of a group leave each point (n, 3) where it is, shape (n,)."""
    rotations, translations = operations(group)
    moved = xyz @ rotations.swapaxes(1, 2) + translations[:, None] / GRID - xyz
    moved -= np.round(moved)
    near = np.einsum("mni,ij,mnj->mn", moved, cell.gram, moved) < SPECIAL_POSITION_ANGSTROM**2
    return np.asarray(near.sum(axis=0), dtype=np.float64)


def documents(data: Path) -> dict[str, dict[str, Any]]:
    """Both tables, by the names of their files; *data* is the folder of the known structures."""
    records = [r for r in load_structures(data) if not r["matches_experimental"] and IDEALISED not in r["set"]]
    lattices = known_lattices(records)
    counts = space_group_counts(lattices)
    made = {
        "made_by": "python -m benchmarks.crystal_statistics",
        "from": f"{len(lattices)} structures, one of each lattice with a primitive cell of 20 to 10,000 Å³; none of a "
        "lattice that is among the measured patterns; without idealised covalent frameworks",
    }
    crystals = {
        "lattices": lattice_statistics(lattices),
        "space_groups": {str(n): count for n, count in sorted(counts.items())},
        "chemistry": chemistry(lattices),
    }
    classes = {"classes": extinction_classes(counts)}
    return {"crystal_statistics": made | crystals, "extinction_classes": made | classes}


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crystal_statistics", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the known structures")
    parser.add_argument("--out", type=Path, default=Path("hybrid_index/simulate/data"), help="folder for the tables")
    arguments = parser.parse_args()
    console = Console()
    for name, document in documents(arguments.data).items():
        path = arguments.out / f"{name}.json"
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).replace('},"', '},\n"')
        with write_atomically(path) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
        console.print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
