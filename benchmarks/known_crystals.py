"""Make the file of known crystals that networks are trained on, beside random ones.

``python -m benchmarks.known_crystals --out crystals.npz`` takes one structure of each lattice of the half that is there
to tune on, leaves out lattices that also occur among the measured patterns and those that their lines do not determine,
and writes indices and structure factors. A training recipe names the file (``crystals``, ``crystal_share``).
``--minerals`` adds a database of minerals (:mod:`benchmarks.mineral_structures`), without lattices near to a measured
one or to one of the half that figures are reported of.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.accuracy.cases import (
    DEFAULT_U_ISO,
    RADIATION,
    KnownLattice,
    centring_of,
    known_lattices,
    load_structures,
    observable,
)
from benchmarks.accuracy.experimental import measured_cases
from benchmarks.mineral_structures import mineral_records
from hybrid_index.errors import HybridIndexError, InputError
from hybrid_index.export.atomic import check_writable
from hybrid_index.lattice.compare import contains_lattice
from hybrid_index.simulate import Crystals, KnownCrystal, Structure
from hybrid_index.units import FloatArray, parse_radiation

DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"
NEAR = 0.02
"""Relative, in lengths: minerals this near to a lattice that is judged by are left out,"""
NEAR_DEG = 1.0
"""if their angles are as near as this."""


def trainable(lattices: Iterable[KnownLattice]) -> list[KnownLattice]:
    """Lattices of the half ``tune`` that no measured pattern has."""
    return [k for k in lattices if k.half == "tune" and not k.record["matches_experimental"]]


def unseen(minerals: Iterable[KnownLattice], judged: FloatArray) -> list[KnownLattice]:
    """Minerals whose lattices are near to none of *judged* (Gram matrices of primitive bases, (n, 3, 3), Å²)."""
    return [k for k in minerals if not contains_lattice(judged, k.gram, NEAR, NEAR_DEG)]


def judged_lattices(lattices: Iterable[KnownLattice], data: Path) -> FloatArray:
    """Gram matrices (n, 3, 3) of all that results are judged by: the half ``report``, and measured patterns."""
    simulated = [k.gram for k in lattices if k.half == "report" or k.record["matches_experimental"]]
    measured = [case.gram for case in measured_cases(data, origin="list")[0] if case.gram is not None]
    return np.array(simulated + measured)


def crystals(lattices: Iterable[KnownLattice]) -> Iterator[KnownCrystal]:
    """Reflections of each lattice's structure, where its lines determine the lattice."""
    radiation = parse_radiation(RADIATION)
    for lattice in lattices:
        if observable(lattice, radiation) is None:
            continue
        structure = Structure.from_record(lattice.record, default_u_iso=DEFAULT_U_ISO)
        with suppress(InputError):  # a cell far too large for its atoms shows thousands of lines
            yield KnownCrystal.of(structure, centring_of(lattice.record["cell"], lattice.record["space_group"]))


def main(words: Sequence[str] | None = None) -> int:
    """Write the file; 1 if something could not be read or written."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.known_crystals", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of measured data and structures")
    parser.add_argument("--minerals", type=Path, help="database of minerals to add (amcsd_cif1.db)")
    parser.add_argument("--out", type=Path, required=True, help="file to write (.npz)")
    arguments = parser.parse_args(words)
    progress = Console(stderr=True)
    try:
        check_writable(arguments.out)
        lattices = known_lattices(load_structures(arguments.data))
        chosen = trainable(lattices)
        if arguments.minerals:
            minerals = known_lattices(mineral_records(arguments.minerals))
            chosen += unseen(
                minerals, np.array([*judged_lattices(lattices, arguments.data), *(k.gram for k in chosen)])
            )
        made = Crystals.of(crystals(track(chosen, console=progress, description="calculating")))
        made.save(arguments.out)
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    print(f"{arguments.out}: {len(made)} crystals, {len(made.arrays.hkl)} reflections")
    return 0


if __name__ == "__main__":
    sys.exit(main())
