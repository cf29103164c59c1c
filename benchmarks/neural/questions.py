"""Lists of lines of which everything is known: random ones, unseen in training, and those of the accuracy benchmark."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy.cases import KnownLattice, draw_lists, known_lattices, load_structures
from benchmarks.neural.cases import CASES_OF_A_CONDITION
from hybrid_index import PeakList, Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS, Cell, primitive_gram
from hybrid_index.neural.features import LINES
from hybrid_index.neural.labels import LABELLED_LINES, Vocabulary
from hybrid_index.simulate import CONDITIONS, DrawnList
from hybrid_index.simulate.line_lists import draw_line_lists
from hybrid_index.training.batches import EASY, HARD, middle_shift
from hybrid_index.types import IntArray
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, Radiation, displacement_slope

SEED = 2**41
"""Far from any seed of training, and from that of its validation."""
RANDOM = {"random, easy": EASY, "random, hard": HARD}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A list of lines and the truth about it.

    Parameters
    ----------
    group
        What tables are made of: settings of the draw, or condition.
    peaks
        The lines.
    code
        Bravais lattice.
    shift_deg
        Shift of 2θ of the line in the middle of those that the network sees.
    gram
        (3, 3) Gram matrix of a primitive basis of the true lattice, Å².
    zero_limit_deg
        What may be said beforehand of zero shifts.
    foreign
        (n,) for each line whether it belongs to something else.
    labels
        (m,) true labels of the first lines, −1 where there is none; ``None`` where they are not known.
    """

    group: str
    peaks: PeakList
    code: int
    shift_deg: float
    gram: FloatArray
    zero_limit_deg: float
    foreign: npt.NDArray[np.bool_]
    labels: IntArray | None = None

    @property
    def system(self) -> str:
        """Crystal system of the lattice."""
        return BRAVAIS_LATTICES[self.code].crystal_system

    @property
    def volume_angstrom3(self) -> float:
        """Volume of the primitive cell."""
        return float(np.sqrt(np.linalg.det(self.gram)))


def questions(arguments: argparse.Namespace, vocabulary: Vocabulary) -> Iterator[Question]:
    """Random lists of both kinds, then the lists of the conditions that were asked for."""
    yield from random_questions(arguments.lists, vocabulary)
    lattices = known_lattices(load_structures(arguments.data))
    shape = {
        "half": arguments.half,
        "limit": arguments.limit or CASES_OF_A_CONDITION,
        "skip": arguments.skip,
        "systems": tuple(arguments.system or CRYSTAL_SYSTEMS),
    }
    for condition in arguments.condition or CONDITIONS:
        for lattice, drawn in draw_lists(lattices, condition=condition, **shape):
            yield _of_structure(condition, lattice, drawn)


def random_questions(n_lists: int, vocabulary: Vocabulary) -> Iterator[Question]:
    """So many random lists of each kind."""
    for name in RANDOM:
        yield from _random_lists(name, n_lists, vocabulary)


def _random_lists(group: str, n_lists: int, vocabulary: Vocabulary) -> Iterator[Question]:
    lists = draw_line_lists(n_lists, seed=SEED, settings=RANDOM[group])
    shift = middle_shift(lists)
    for i in range(n_lists):
        n, code = int(lists.count[i]), int(lists.lattice[i])
        peaks = PeakList.from_positions(
            lists.two_theta_deg[i, :n],
            radiation=Radiation(wavelength_angstrom=float(lists.wavelength_angstrom[i])),
            intensity=lists.intensity[i, :n],
            two_theta_esd_deg=lists.sigma_deg[i, :n],
        )
        if len(peaks) < n:  # two lines at one place
            continue
        hkl = lists.hkl[i : i + 1, : min(n, LABELLED_LINES)].astype(np.int64)
        labels = vocabulary.encode(hkl, lists.lattice[i : i + 1])[0]
        foreign = lists.foreign[i, :n]
        yield Question(
            group=group,
            peaks=peaks,
            code=code,
            shift_deg=float(shift[i]),
            gram=primitive_gram(Cell.from_metric(lists.metric[i]), BRAVAIS_LATTICES[code]),
            zero_limit_deg=max(RANDOM[group].zero_limit_deg, Settings().zero_limit_deg),
            foreign=foreign,
            labels=np.where(foreign[: len(labels)], -1, labels),
        )


def _of_structure(condition: str, lattice: KnownLattice, drawn: DrawnList) -> Question:
    middle = drawn.peaks.two_theta_deg[min(len(drawn.peaks), LINES) // 2]
    slope = float(displacement_slope(middle, radius_mm=DEFAULT_RADIUS_MM))
    return Question(
        group=condition,
        peaks=drawn.peaks,
        code=lattice.setting.bravais_lattice.code,
        shift_deg=drawn.zero_shift_deg + drawn.displacement_mm * slope,
        gram=lattice.gram,
        zero_limit_deg=Settings().zero_limit_deg,
        foreign=drawn.foreign,
    )
