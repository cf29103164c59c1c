"""Simulated cases: peak lists of real structures, in four conditions, in two halves that share no lattice."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS, Cell, primitive_gram
from hybrid_index.lattice.bravais import ConventionalSetting, conventional
from hybrid_index.lattice.compare import cluster_lattices
from hybrid_index.simulate import CONDITIONS, DrawnList, Lines, Structure, draw_peak_list, observable_lines
from hybrid_index.simulate.crystals import SYMMETRY_TOLERANCE
from hybrid_index.types import IntArray, Pattern, PeakList
from hybrid_index.units import FloatArray, Radiation, parse_radiation

Half = Literal["tune", "report"]
T = TypeVar("T")

RADIATION = "CuKa1"
TWO_THETA_MIN_DEG = 5.0
VOLUME_LIMITS_ANGSTROM3 = (20.0, 10_000.0)
VOLUME_BINS_ANGSTROM3 = (250.0, 1000.0, 3000.0)
MAX_SITES = 1000
"""Structures with more sites take seconds to simulate and add no new kind of lattice."""
MIN_DRAWN_LINES = 8
"""A list shorter than this determines no lattice once lines are lost."""
TOLERANCE = 0.005
HARD_TOLERANCE = 0.01
DEFAULT_U_ISO = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something to index, and the truth about it.

    Parameters
    ----------
    name
        Unique within a run.
    group
        Condition or tier: what tables are made of.
    data
        A peak list, a pattern, or a file to read.
    radiation
        What it was measured with.
    gram
        Gram matrix of a primitive basis of the true lattice, Å²; ``None`` where there is no answer.
    tolerance
        Relative, in the lengths of the shortest lattice vectors.
    truth
        The true cell, for people.
    phases
        Where there is no answer: Gram matrices of the lattices that are mixed in the data.
    """

    name: str
    group: str
    system: str
    data: PeakList | Pattern | Path
    radiation: Radiation
    gram: FloatArray | None
    tolerance: float
    truth: str
    phases: tuple[FloatArray, ...] = ()

    @property
    def volume(self) -> float:
        """Volume of the primitive cell in Å³; 0 where there is no answer."""
        return 0.0 if self.gram is None else float(np.sqrt(np.linalg.det(self.gram)))

    def bare(self) -> Case:
        """Return the case with no more than positions and intensities, as in a list that somebody typed in."""
        if not isinstance(self.data, PeakList):
            return self
        listed = PeakList.from_positions(
            self.data.two_theta_deg,
            intensity=self.data.intensity,
            radiation=self.data.radiation,
            name=self.data.name,
            source=self.data.source,
        )
        return replace(self, data=listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLattice:
    """A structure to draw from: its record, primitive Gram matrix (Å²), conventional setting, and a hash to sort by."""

    record: Mapping[str, Any]
    gram: FloatArray
    setting: ConventionalSetting
    key: str

    @property
    def system(self) -> str:
        """Crystal system of the lattice, whatever the atoms in it do."""
        return self.setting.bravais_lattice.crystal_system

    @property
    def half(self) -> Half:
        """Whether to tune on it, or only to report."""
        return "tune" if int(self.key[:8], 16) % 2 == 0 else "report"


def load_structures(folder: Path) -> list[dict[str, Any]]:
    """Read the records of ``structures/structures.jsonl.gz``."""
    path = folder / "structures" / "structures.jsonl.gz"
    try:
        with gzip.open(path, "rt", encoding="utf-8") as handle:
            return [json.loads(line) for line in handle]
    except OSError as error:
        raise InputError("the structures cannot be read; name their folder with --data", source=str(path)) from error


def centring_of(cell: Sequence[float], space_group: str) -> str:
    """Letter of a cell's centring, by its space group; an R lattice given by rhombohedral axes is primitive."""
    letter = space_group[0]
    return "P" if letter == "R" and abs(cell[5] - 120.0) > 1e-3 else letter


def true_gram(cell: Sequence[float], space_group: str) -> FloatArray:
    """Gram matrix of a primitive basis."""
    return primitive_gram(Cell.from_parameters(cell), centring_of(cell, space_group))


def known_lattices(records: Iterable[Mapping[str, Any]]) -> list[KnownLattice]:
    """Pick the records of a size to be simulated, one for each lattice."""
    usable = [(record, gram) for record in records if (gram := _usable_gram(record)) is not None]
    groups = cluster_lattices(np.array([gram for _, gram in usable]), HARD_TOLERANCE, 0.5)
    chosen = [usable[i] for i in np.unique(groups, return_index=True)[1]]
    return [
        KnownLattice(
            record=record,
            gram=gram,
            setting=conventional(gram, SYMMETRY_TOLERANCE),
            key=hashlib.sha256(str(record["id"]).encode()).hexdigest(),
        )
        for record, gram in chosen
    ]


def draw_cases(
    lattices: Iterable[KnownLattice],
    *,
    condition: str,
    half: Half,
    limit: int,
    skip: int = 0,
    systems: Sequence[str] = CRYSTAL_SYSTEMS,
) -> list[Case]:
    """Draw up to *limit* cases, spread evenly over crystal systems and volumes; a shorter draw begins a longer one.

    The first *skip* cases of the draw are left out, so that what was looked at before can be passed by.

    Structures that cannot be simulated, that show too few lines, or whose lines span but a derivative of their lattice
    (so that nobody could find it), are passed over.
    """
    found = draw_lists(lattices, condition=condition, half=half, limit=limit, skip=skip, systems=systems)
    return [_case(lattice, drawn, condition) for lattice, drawn in found]


def draw_lists(
    lattices: Iterable[KnownLattice],
    *,
    condition: str,
    half: Half,
    limit: int,
    skip: int = 0,
    systems: Sequence[str] = CRYSTAL_SYSTEMS,
) -> list[tuple[KnownLattice, DrawnList]]:
    """Draw what :func:`draw_cases` makes its cases of: lattices, and their lists with all that was done to them."""
    wanted = stratified(lattice for lattice in lattices if lattice.half == half and lattice.system in systems)
    found = ((lattice, drawn) for lattice in wanted if (drawn := _drawn(lattice, condition)) is not None)
    return list(islice(found, skip, skip + limit))


def in_turn(queues: Iterable[Sequence[T]]) -> list[T]:
    """First of each, then second of each, and so on."""
    return [item for item in chain.from_iterable(zip_longest(*queues)) if item is not None]


def volume_bin(lattice: KnownLattice) -> int:
    """Number of the volume bin of a lattice, from 0."""
    return int(np.searchsorted(VOLUME_BINS_ANGSTROM3, float(np.sqrt(np.linalg.det(lattice.gram)))))


def spanned_index(hkl: IntArray) -> int:
    """Index of the lattice that integer rows (n, 3) span in that of all integers; 0 where they span no volume.

    Examples
    --------
    >>> spanned_index(np.array([[1, 1, 0], [1, -1, 0], [0, 0, 1]]))
    2
    """
    rows = [[int(x) for x in row] for row in np.unique(hkl, axis=0)]
    index = 1
    for column in range(3):
        while len(used := [row for row in rows if row[column]]) > 1:
            pivot = min(used, key=lambda row: abs(row[column]))
            for row in used:
                if row is not pivot:
                    factor = row[column] // pivot[column]
                    row[:] = [x - factor * y for x, y in zip(row, pivot, strict=True)]
        if not used:
            return 0
        index *= abs(used[0][column])
        rows = [row for row in rows if row is not used[0]]
    return index


def stratified(lattices: Iterable[KnownLattice]) -> list[KnownLattice]:
    """Order lattices so that strata of crystal system and volume take turns."""
    strata: dict[str, dict[int, list[KnownLattice]]] = defaultdict(lambda: defaultdict(list))
    for lattice in sorted(lattices, key=lambda lattice: lattice.key):
        strata[lattice.system][volume_bin(lattice)].append(lattice)
    by_system = [in_turn(bins for _, bins in sorted(strata[system].items())) for system in sorted(strata)]
    return in_turn(by_system)


def _usable_gram(record: Mapping[str, Any]) -> FloatArray | None:
    """Primitive Gram matrix, where the record is of a size to be simulated."""
    if len(record["sites"]) > MAX_SITES:
        return None
    try:
        gram = true_gram(record["cell"], record["space_group"])
    except InputError:
        return None
    low, high = VOLUME_LIMITS_ANGSTROM3
    return gram if low**2 <= np.linalg.det(gram) <= high**2 else None


def observable(lattice: KnownLattice, radiation: Radiation) -> Lines | None:
    """Lines of a structure, or ``None`` where they cannot be simulated or span but a derivative of the lattice."""
    try:
        structure = Structure.from_record(lattice.record, default_u_iso=DEFAULT_U_ISO)
        lines = observable_lines(structure, radiation, two_theta_min_deg=TWO_THETA_MIN_DEG)
    except InputError:  # also elements that nobody has measured scatter nothing we know of
        return None
    equivalents = (lines.hkl[:, None, None, :] @ structure.rotations).reshape(-1, 3)
    lattice_points = round(structure.cell.volume / float(np.sqrt(np.linalg.det(lattice.gram))))
    # A lattice of n points in the cell lets one in n of all hkl exist.
    return lines if spanned_index(equivalents) == lattice_points else None


def generator(text: str) -> np.random.Generator:
    """Random numbers that hang on a name only, whatever else is drawn."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def _drawn(lattice: KnownLattice, condition: str) -> DrawnList | None:
    lines = observable(lattice, parse_radiation(RADIATION))
    if lines is None:
        return None
    name = str(lattice.record["id"])
    drawn = draw_peak_list(lines, CONDITIONS[condition], generator(f"{name}/{condition}"), name=name)
    return drawn if len(drawn.peaks) >= MIN_DRAWN_LINES else None


def _case(lattice: KnownLattice, drawn: DrawnList, condition: str) -> Case:
    parameters = " ".join(f"{x:.6g}" for x in lattice.setting.cell.parameters)
    shifts = f"zero {drawn.zero_shift_deg:+.3f}°, displacement {drawn.displacement_mm:+.3f} mm"
    return Case(
        name=str(lattice.record["id"]),
        group=condition,
        system=lattice.system,
        data=drawn.peaks,
        radiation=drawn.peaks.radiation,
        gram=lattice.gram,
        tolerance=HARD_TOLERANCE if condition == "hard" else TOLERANCE,
        truth=f"{lattice.setting.bravais_lattice} {parameters} ({lattice.record['space_group']}), {shifts}",
    )
