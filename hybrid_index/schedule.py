"""What is searched, in which order, and when it is enough.

With the networks, work under each possible zero shift comes in the order of how likely it is to find the lattice in a
second. Without them cheap searches come first, and a shift is supposed only where the data as they stand lead to
nothing. Deeper and exhaustive searches come last. Work units run two at a time (the kernels release the GIL), but are
combined in their fixed order, so the answer does not depend on the number of threads.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.engines import Work, engines_for
from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.belief import believe
from hybrid_index.neural.shifts import SupposedShifts, read_shifts
from hybrid_index.neural.weights import ShiftReader, packaged_network, packaged_reader
from hybrid_index.refine.lines import without_fixed_shifts, without_shift
from hybrid_index.threads import side_by_side
from hybrid_index.types import Candidate, CandidateSource, PeakList
from hybrid_index.units import parse_radiation

SHIFT_STEP_DEG = 0.06
"""Distance (degrees, at Cu Kα) between the zero shifts that are supposed; windows and refinement bridge it."""
_N_NEAR = 2
"""Supposed shifts that are likelier than that a search without a shift has missed the lattice for want of planes."""
_AT_FIRST_SHIFT: dict[Work, float] = {
    "look": 1.0, "likelier half": 0.4, "other half": 0.07, "at length": 0.07, "elsewhere": 0.07, "more planes": 0.01
}  # fmt: skip
_AT_OTHERS: dict[Work, float] = {"look": 1.0, "at length": 0.2, "both halves": 0.1, "more planes": 0.01}
"""What is done at the likeliest shift, and at others, and what it is worth: lattices that it finds in a second where
work before it has not, as a share of those that a look finds; round figures (docs/neural.md). What is worth as much
comes in this order."""

_KERNEL_LINES_DEG = (18.3, 21.0, 25.9, 28.1, 30.4, 33.7, 36.2, 38.9, 41.1, 44.8)
_LOOKS_LOW = 0.7
"""From this probability of a monoclinic or triclinic lattice these are searched first. Two thirds of such lists reach
it, and one in thirty of the others."""
_LOW = [b.code for b in BRAVAIS_LATTICES if b.crystal_system in ("monoclinic", "triclinic")]
_KNOWN_SHIFT = SupposedShifts(shift_deg=np.zeros(1), probability=np.ones(1))


@dataclass(slots=True)
class Clock:
    """A time budget in seconds, counted from its making."""

    budget_s: float
    started: float

    @classmethod
    def start(cls, budget_s: float) -> Clock:
        """Start counting now."""
        return cls(budget_s=budget_s, started=time.perf_counter())

    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self.started

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Do not count what is done meanwhile."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.started += time.perf_counter() - began

    def exhausted(self) -> bool:
        """Return whether the budget is used up."""
        return self.elapsed() >= self.budget_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Engines that run together, and the zero shift they suppose.

    ``all_systems``: with this stage and those before, all crystal systems were searched (the network at length leaves
    out lattices that it holds for excluded); ``glanced``: none was, there were but quick looks.
    """

    name: str
    sources: tuple[CandidateSource, ...]
    zero_shift_deg: float = 0.0
    all_systems: bool = True
    glanced: bool = False


def plan(peaks: PeakList, settings: Settings) -> Iterator[Stage]:
    """The stages of a search of these lines: where the networks take part, at the likeliest shifts first."""
    network, reader = (None, None) if settings.neural == "never" else (packaged_network(), packaged_reader())
    if network is None or reader is None:
        if settings.neural == "only":
            raise InputError("this installation holds no weights; search with the classical engines", source="neural")
        return stages(settings, peaks.wavelength_angstrom)
    seen = without_fixed_shifts(peaks, settings)
    supposed = read_shifts(reader, seen, settings) if settings.fix_zero_shift_deg is None else _KNOWN_SHIFT

    def looks_low(zero_shift_deg: float) -> bool:
        return float(believe(network, without_shift(seen, zero_shift_deg)).lattices[_LOW].sum()) > _LOOKS_LOW

    return stages(settings, peaks.wavelength_angstrom, supposed, looks_low)


def kernel_lines() -> PeakList:
    """Lines of nothing, to load kernels with."""
    return PeakList.from_positions(_KERNEL_LINES_DEG, radiation=parse_radiation("CuKa1"))


def load_networks(settings: Settings) -> None:
    """Load the weights that these settings ask for, and the kernels that read shifts: no budget should pay for that."""
    if settings.neural == "never":
        return
    packaged_network()
    reader = packaged_reader()
    if reader is not None and settings.fix_zero_shift_deg is None:
        _load_kernels_of(reader)


@functools.cache
def _load_kernels_of(reader: ShiftReader) -> None:
    read_shifts(reader, kernel_lines(), Settings())


def missing_weights(settings: Settings) -> list[str]:
    """A sentence if networks were to take part and cannot."""
    if settings.neural == "never" or packaged_reader() is not None:
        return []
    return ["the weights of the networks are not installed, so the classical engines searched without them"]


def stages(
    settings: Settings,
    wavelength_angstrom: float,
    supposed: SupposedShifts | None = None,
    looks_low: Callable[[float], bool] = lambda zero_shift_deg: False,
) -> Iterator[Stage]:
    """Yield the stages of a search, cheapest and likeliest first.

    Without *supposed* shifts the networks take no part. *looks_low* is asked, once that matters, whether the lines
    without this shift look monoclinic or triclinic.
    """
    searches = _by_distance(settings, wavelength_angstrom)
    if supposed is not None:
        farthest = float(np.abs(supposed.shift_deg).max()) + SHIFT_STEP_DEG
        searches = _by_worth(supposed) + [s for s in searches if abs(s.zero_shift_deg) > farthest]
    first = searches[0].zero_shift_deg
    if settings.neural == "only":
        searches = [s for s in searches if s.work in ("look", "at length")]
    else:
        searches += [_Search(first, "deeper"), _Search(first, "exhaustively")]
    glanced, all_systems = True, False
    for search in searches:
        zero, work = search.zero_shift_deg, search.work
        low = work in ("likelier half", "other half") and looks_low(zero) == (work == "likelier half")
        name, sources = engines_for(work, settings, low=low)
        if not sources:
            continue
        glanced = glanced and work == "look"
        all_systems = all_systems or work not in ("look", "likelier half")
        yield Stage(
            name=f"{name}, zero shift {zero:+.2f}°" if zero else name,
            sources=sources,
            zero_shift_deg=zero,
            all_systems=all_systems,
            glanced=glanced,
        )


@dataclass(frozen=True, slots=True)
class _Search:
    """A kind of work under one supposed shift."""

    zero_shift_deg: float
    work: Work


def _by_worth(supposed: SupposedShifts) -> list[_Search]:
    """Searches by how likely they are to find the lattice in a second (B. O. Koopman, Oper. Res. 5 (1957) 613)."""
    found = []
    for place, (zero, probability) in enumerate(zip(supposed.shift_deg, supposed.probability, strict=True)):
        for work, worth in (_AT_OTHERS if place else _AT_FIRST_SHIFT).items():
            found.append((float(probability) * worth, _Search(float(zero), work)))
    return [search for _, search in sorted(found, key=lambda item: -item[0])]


def _by_distance(settings: Settings, wavelength_angstrom: float) -> list[_Search]:
    """Shifts that nothing is known of: none, then small ones before large ones."""

    def at(zeros: list[float], *works: Work) -> list[_Search]:
        return [_Search(zero, work) for zero in zeros for work in works]

    shifts = supposed_shifts(settings, wavelength_angstrom)
    near, far = shifts[:_N_NEAR], shifts[_N_NEAR:]
    none = at([0.0], "likelier half", "other half", "elsewhere")
    return (
        none + at(near, "both halves") + at([0.0], "more planes") + at(far, "both halves") + at(shifts, "more planes")
    )


def supposed_shifts(settings: Settings, wavelength_angstrom: float) -> list[float]:
    """Zero shifts to suppose beyond 0, nearest first, positive before negative, in degrees."""
    if settings.fix_zero_shift_deg is not None:
        return []
    step = SHIFT_STEP_DEG * min(1.0, wavelength_angstrom / 1.5)
    count = int(settings.zero_limit_deg / step + 1e-9)
    sizes = [n * step for n in range(1, count + 1)]
    if settings.zero_limit_deg - count * step > 0.5 * step:
        sizes.append(settings.zero_limit_deg)
    return [sign * size for size in sizes for sign in (1.0, -1.0)]


def run_stage(
    stage: Stage, peaks: PeakList, settings: Settings, clock: Clock, *, threads: int | None = None
) -> list[Candidate]:
    """Run a stage's engines and return what they propose, in the order of the engines."""
    moved = without_shift(peaks, stage.zero_shift_deg)

    def propose(source: CandidateSource) -> list[Candidate]:
        return [
            c.replace(zero_shift_deg=c.zero_shift_deg + stage.zero_shift_deg)
            for c in source.propose(moved, settings, clock)
        ]

    found = side_by_side(propose, stage.sources, threads=threads)
    return [candidate for one in found for candidate in one]
