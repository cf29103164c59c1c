"""Contest samples: simulated like the contest's from real structures, or read from a folder of its pairs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.accuracy.cases import HARD_TOLERANCE, Case, Half, KnownLattice, generator, observable, stratified
from hybrid_index.errors import FileFormatError, InputError
from hybrid_index.lattice import Cell, conventional, primitive_gram
from hybrid_index.simulate import Structure
from hybrid_index.simulate.dataset import Recipe, SourcedStructure, draw_sample, pattern_condition
from hybrid_index.types import IntArray, Pattern
from hybrid_index.units import FloatArray, Radiation

GROUP = "contest"
EXACT = 1.0e-4
"""Strain up to which the lattice of a label counts as more symmetric."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContestCase:
    """A pattern with its labels.

    Parameters
    ----------
    case
        What the accuracy benchmark can run and judge.
    label
        The stated cell.
    two_theta_deg
        Shape (n,), true positions of the labelled lines.
    zero_shift_deg, displacement_mm
        What the pattern was shifted by.
    """

    case: Case
    label: Cell
    two_theta_deg: FloatArray
    zero_shift_deg: float
    displacement_mm: float


def simulated_cases(
    lattices: Iterable[KnownLattice],
    radiation: Radiation,
    *,
    limit: int,
    skip: int = 0,
    half: Half = "report",
    recipe: Recipe | None = None,
) -> list[ContestCase]:
    """Draw *limit* cases from a half of the structures (one is only reported on), all crystal systems in turn.

    Passed over are structures whose lines span but a derivative of their lattice, as in the accuracy benchmark. Each
    case hangs on the name of its structure alone: a shorter run begins a longer one.
    """
    recipe = recipe or Recipe(condition=pattern_condition(GROUP), radiation=radiation)
    wanted = stratified(lattice for lattice in lattices if lattice.half == half)
    return list(islice(_drawn(wanted, recipe), skip, skip + limit))


def folder_cases(folder: Path, radiation: Radiation, *, limit: int | None = None, skip: int = 0) -> list[ContestCase]:
    """Read the pairs ``.xy`` and ``.json`` of a folder, in the order of their names.

    Raises
    ------
    InputError
        If there is none, or a label is not understood.
    """
    labels = sorted(path for path in folder.glob("*.json") if path.with_suffix(".xy").exists())
    if not labels:
        raise InputError("holds no pair of a .xy and a .json file; name another folder", source=str(folder))
    return [_read(path, radiation) for path in labels[skip : None if limit is None else skip + limit]]


def centring_of(hkl: IntArray) -> str:
    """Return the centring whose extinctions the indices (n, 3) of all lines obey: the one with most lattice points.

    Examples
    --------
    >>> centring_of(np.array([[1, 1, 1], [2, 0, 0], [2, 2, 0], [3, 1, 1]]))
    'F'
    """
    h, k, l = hkl.T
    obeyed = {
        "F": ((h + k) % 2 == 0) & ((k + l) % 2 == 0),
        "R": (-h + k + l) % 3 == 0,
        "I": (h + k + l) % 2 == 0,
        "C": (h + k) % 2 == 0,
        "A": (k + l) % 2 == 0,
        "B": (h + l) % 2 == 0,
    }
    return next((letter for letter, lines in obeyed.items() if lines.all()), "P")


def _drawn(lattices: Iterable[KnownLattice], recipe: Recipe) -> Iterator[ContestCase]:
    for lattice in lattices:
        if observable(lattice, recipe.radiation) is None:
            continue
        name, space_group = str(lattice.record["id"]), str(lattice.record["space_group"])
        structure = Structure.from_record(lattice.record)
        sourced = SourcedStructure(name=name, source="structures", structure=structure, space_group=space_group)
        try:
            sample = draw_sample(sourced, recipe, 0, generator(f"{name}/{GROUP}"))
        except InputError:  # too few lines for any answer
            continue
        setting, measured = sample.setting, sample.measurement
        yield _case(
            name,
            sample.pattern,
            recipe.radiation,
            setting.cell,
            primitive_gram(setting.cell, setting.bravais_lattice),
            sample.lines.two_theta_deg,
            (measured.zero_shift_deg, measured.displacement_mm),
            f"{setting.bravais_lattice} ({setting.space_group}), {len(measured.foreign)} foreign lines",
        )


def _read(path: Path, radiation: Radiation) -> ContestCase:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cell = Cell.from_parameters(
            [document["crystal_info"][name] for name in ("a", "b", "c", "alpha", "beta", "gamma")]
        )
        peaks = document["diffraction_info"]["peaks"]
        two_theta = np.array([float(peak[0]) for peak in peaks])
        hkl = np.array([peak[3] for peak in peaks], dtype=np.int64).reshape(-1, 3)
        shifts = float(document.get("zero_shift", 0.0)), float(document.get("sample_displacement", 0.0))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise FileFormatError(f"is not a label of the contest ({error!r})", source=str(path)) from error
    gram = primitive_gram(cell, centring_of(hkl))
    return _case(path.stem, path.with_suffix(".xy"), radiation, cell, gram, two_theta, shifts, f"{len(peaks)} lines")


def _case(
    name: str,
    data: Pattern | Path,
    radiation: Radiation,
    label: Cell,
    gram: FloatArray,
    two_theta_deg: FloatArray,
    shifts: tuple[float, float],
    remark: str,
) -> ContestCase:
    parameters = " ".join(f"{x:.6g}" for x in label.parameters)
    return ContestCase(
        case=Case(
            name=name,
            group=GROUP,
            system=conventional(gram, EXACT).bravais_lattice.crystal_system,
            data=data,
            radiation=radiation,
            gram=gram,
            tolerance=HARD_TOLERANCE,
            truth=f"{parameters}, {remark}, zero {shifts[0]:+.3f}°, displacement {shifts[1]:+.3f} mm",
        ),
        label=label,
        two_theta_deg=two_theta_deg,
        zero_shift_deg=shifts[0],
        displacement_mm=shifts[1],
    )
