"""How well the networks' beliefs hold, and those of a glance: Bravais lattice, shift, volume, foreign lines, labels."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from benchmarks.accuracy.reliability import Band, banded
from benchmarks.accuracy.summary import ALL
from benchmarks.neural.questions import Question
from benchmarks.neural.weights import Networks
from hybrid_index import Settings
from hybrid_index.glancing import glance_at
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS
from hybrid_index.neural.belief import LatticeBelief, believe
from hybrid_index.neural.labels import FAMILIES, FAMILY_OF_CODE
from hybrid_index.neural.shifts import ShiftBelief, shift_belief
from hybrid_index.refine.lines import without_shift
from hybrid_index.schedule import SHIFT_STEP_DEG
from hybrid_index.types import LatticeGuess
from hybrid_index.units import FloatArray

Under = Literal["first", "true"]
TWO_SIDED_95 = 1.96
GLANCED = ", a glance"
"""What the groups of glances are called."""
STATED_DEG = (0.01, 0.02, 0.03, 0.05, 0.1)
"""Upper ends of the bins of stated uncertainty of the shift, but for the last one."""
BRIDGED_DEG = 0.5 * SHIFT_STEP_DEG
"""How far (degrees) the true shift may be from the one that a search supposes: half of the step between these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What is said if the list is of one Bravais lattice: errors, beside the uncertainties that were stated with them.

    ``shift_within`` tells whether the sets of shifts that were said to hold 68 and 95 % do; ``log_volume_error`` and
    ``log_volume_esd`` are natural logarithms; ``foreign`` is one probability a line.
    """

    shift_error_deg: float
    shift_esd_deg: float
    shift_within: tuple[bool, bool]
    log_volume_error: float
    log_volume_esd: float
    foreign: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the networks said of a list, or a glance.

    Parameters
    ----------
    group
        Condition or kind of random lists; those of a glance have a name of their own.
    code, guessed, probability
        The true Bravais lattice, the likeliest, and how probable that was said to be.
    lattice_place
        Place of the true one, from 1.
    first, true
        What was said under the likeliest lattice, and under the true one.
    foreign
        Whether each line was foreign.
    label_places
        Places of the true labels of those lines that have one, under the true lattice; a glance names none.
    seconds
        What it took.
    """

    group: str
    system: str
    code: int
    guessed: int
    probability: float
    lattice_place: int
    first: Stated
    true: Stated
    foreign: tuple[bool, ...]
    label_places: tuple[int, ...] = ()
    seconds: float = 0.0

    @property
    def family(self) -> str:
        """Whose labels the lines have."""
        return FAMILIES[FAMILY_OF_CODE[self.code]]


def ask(question: Question, networks: Networks) -> Said:
    """Ask the reader about a list, and the network about the list without the shift that was read; and compare."""
    began = time.perf_counter()
    settings = Settings(zero_limit_deg=question.zero_limit_deg)
    shift = shift_belief(networks.reader, question.peaks, settings)
    peaks = without_shift(question.peaks, shift.best_deg)
    belief = believe(networks.network, peaks)
    code, (guessed,) = question.code, belief.likeliest(most=1)
    first, true = belief.under(guessed), belief.under(code)
    return Said(
        group=question.group,
        system=question.system,
        code=code,
        guessed=first.code,
        probability=first.probability,
        lattice_place=int(np.sum(belief.lattices > belief.lattices[code])) + 1,
        first=_stated(shift, first, question),
        true=_stated(shift, true, question),
        foreign=tuple(question.foreign[: len(true.foreign)].tolist()),
        label_places=_label_places(true, question),
        seconds=time.perf_counter() - began,
    )


def glance(question: Question) -> Said:
    """Let the networks look for the cell of a list, and compare what is said then."""
    began = time.perf_counter()
    settings = Settings(zero_limit_deg=question.zero_limit_deg)
    seen = glance_at(question.peaks.select(np.arange(len(question.peaks)) < settings.max_lines), settings)
    seconds = time.perf_counter() - began
    said = {guess.bravais_lattice.code: guess for guess in seen.lattices}
    true = said[question.code]
    error = seen.shift_deg - question.shift_deg

    def stated(guess: LatticeGuess) -> Stated:
        volume = guess.volume_angstrom3 / guess.bravais_lattice.lattice_points
        return Stated(
            shift_error_deg=error,
            shift_esd_deg=seen.shift_esd_deg,
            shift_within=(abs(error) <= seen.shift_esd_deg, abs(error) <= TWO_SIDED_95 * seen.shift_esd_deg),
            log_volume_error=float(np.log(volume / question.volume_angstrom3)),
            log_volume_esd=float(np.log(guess.volume_factor)),
            foreign=tuple(seen.foreign.tolist()),
        )

    return Said(
        group=f"{question.group}{GLANCED}",
        system=question.system,
        code=question.code,
        guessed=seen.lattices[0].bravais_lattice.code,
        probability=seen.lattices[0].probability,
        lattice_place=sum(guess.probability > true.probability for guess in seen.lattices) + 1,
        first=stated(seen.lattices[0]),
        true=stated(true),
        foreign=tuple(question.foreign[: len(seen.foreign)].tolist()),
        seconds=seconds,
    )


def _stated(shift: ShiftBelief, belief: LatticeBelief, question: Question) -> Stated:
    return Stated(
        shift_error_deg=shift.best_deg - question.shift_deg,
        shift_esd_deg=shift.esd_deg,
        shift_within=(shift.covers(question.shift_deg, 0.68), shift.covers(question.shift_deg, 0.95)),
        log_volume_error=float(np.log(belief.volume_angstrom3 / question.volume_angstrom3)),
        log_volume_esd=float(np.log(belief.volume_factor)),
        foreign=tuple(belief.foreign.tolist()),
    )


def _label_places(belief: LatticeBelief, question: Question) -> tuple[int, ...]:
    if question.labels is None:
        return ()
    lines = np.flatnonzero(question.labels >= 0)
    scores = belief.single_labels()[lines]
    true = scores[np.arange(len(lines)), question.labels[lines]]
    return tuple((np.sum(scores > true[:, None], axis=1) + 1).tolist())


def lattices_and_volumes(said: Sequence[Said], under: Under = "first") -> dict[str, float]:
    """Shares of right Bravais lattices, errors of shift and volume, and coverage of what was stated."""
    place = np.array([s.lattice_place for s in said])
    stated = [getattr(s, under) for s in said]
    volume_error = np.abs([s.log_volume_error for s in stated])
    volume_esd = np.array([s.log_volume_esd for s in stated])
    return {
        "median_s": float(np.median([s.seconds for s in said])),
        "lattice_first": float(np.mean(place == 1)),
        "lattice_among_three": float(np.mean(place <= 3)),
        **shifts(stated),
        "volume_median_factor": float(np.exp(np.median(volume_error))),
        "volume_68": float(np.mean(volume_error <= volume_esd)),
        "volume_95": float(np.mean(volume_error <= TWO_SIDED_95 * volume_esd)),
    }


def shifts(stated: Sequence[Stated]) -> dict[str, float]:
    """Errors of the shift (degrees) and shares inside the stated intervals."""
    error = np.abs([s.shift_error_deg for s in stated])
    within = np.array([s.shift_within for s in stated])
    return {
        "n": len(stated),
        "shift_mean_deg": float(np.mean(error)),
        "shift_median_deg": float(np.median(error)),
        "shift_bridged": float(np.mean(error <= BRIDGED_DEG)),
        "shift_68": float(np.mean(within[:, 0])),
        "shift_95": float(np.mean(within[:, 1])),
    }


def by_system(said: Sequence[Said]) -> dict[str, dict[str, float]]:
    """Figures of each crystal system, and of all lists."""
    rows = {system: [s for s in said if s.system == system] for system in CRYSTAL_SYSTEMS}
    return {name: lattices_and_volumes(row) for name, row in [*rows.items(), (ALL, list(said))] if row}


def by_stated_shift(said: Sequence[Said], under: Under = "first") -> dict[str, dict[str, float]]:
    """Shifts in bins of the uncertainty that was stated for them."""
    edges = (0.0, *STATED_DEG, np.inf)
    out = {}
    for low, high in pairwise(edges):
        inside = [s for s in (getattr(s, under) for s in said) if low < s.shift_esd_deg <= high]
        if inside:
            out[f"≤ {high:g}°" if np.isfinite(high) else f"> {low:g}°"] = shifts(inside)
    return out


def lattice_bands(said: Sequence[Said]) -> list[Band]:
    """Likeliest Bravais lattices by their probability."""
    return banded([s.probability for s in said], [s.lattice_place == 1 for s in said])


def foreign_bands(said: Sequence[Said]) -> list[Band]:
    """Lines by the probability of being foreign, under the likeliest lattice."""
    return banded([p for s in said for p in s.first.foreign], [is_one for s in said for is_one in s.foreign])


def foreign_auroc(said: Sequence[Said]) -> float | None:
    """How well foreign lines are told from others, under the likeliest lattice."""
    score = np.array([p for s in said for p in s.first.foreign])
    return auroc(score, np.array([is_one for s in said for is_one in s.foreign]))


def confusion(said: Sequence[Said]) -> FloatArray:
    """Shares (14, 14) of the likeliest Bravais lattice (column) in the lists of each true one (row)."""
    counts = np.zeros((len(BRAVAIS_LATTICES), len(BRAVAIS_LATTICES)))
    for s in said:
        counts[s.code, s.guessed] += 1.0
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0))


def labels(said: Sequence[Said]) -> dict[str, dict[str, float]]:
    """Shares of lines whose label was right at first, and among the first five, by family."""
    out = {}
    for family in FAMILIES:
        place = np.array([p for s in said if s.family == family for p in s.label_places])
        if place.size:
            out[family] = {"n": place.size, "first": float(np.mean(place == 1)), "five": float(np.mean(place <= 5))}
    return out


def tables(said: Sequence[Said]) -> dict[str, Any]:
    """All of the above for each group, ready for JSON."""
    return {
        group: {
            "systems": by_system(mine),
            "under the true lattice": lattices_and_volumes(mine, "true"),
            "stated shift": by_stated_shift(mine),
            "lattice bands": [asdict(band) for band in lattice_bands(mine)],
            "foreign bands": [asdict(band) for band in foreign_bands(mine)],
            "foreign AUROC": foreign_auroc(mine),
            "labels": labels(mine),
            "confusion": confusion(mine).tolist(),
        }
        for group, mine in groups(said).items()
    }


def groups(said: Sequence[Said]) -> dict[str, list[Said]]:
    """The lists of each group, in the order of their coming."""
    return {name: [s for s in said if s.group == name] for name in dict.fromkeys(s.group for s in said)}


def auroc(score: FloatArray, is_one: np.ndarray) -> float | None:
    """Probability that one of those has a higher score than one of the others; ``None`` where either are missing.

    H. B. Mann & D. R. Whitney, Ann. Math. Stat. 18 (1947) 50, doi:10.1214/aoms/1177730491.
    """
    n_one = int(is_one.sum())
    n_other = len(score) - n_one
    if not n_one or not n_other:
        return None
    ranks = np.empty(len(score))
    ranks[np.argsort(score, kind="stable")] = np.arange(1, len(score) + 1)
    return float((ranks[is_one].sum() - n_one * (n_one + 1) / 2.0) / (n_one * n_other))
