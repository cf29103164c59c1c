"""What is searched, in which order, and when it is enough.

Cheap searches come first; a zero shift is supposed only where the data as they stand lead to nothing; deeper and
exhaustive searches come last. Work units run two at a time (the kernels release the GIL), but are combined in their
fixed order, so the answer does not depend on the number of threads.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from hybrid_index.classical.dominant import DominantZones
from hybrid_index.classical.sources import BaseLineTrials, MonoclinicZones, OrthorhombicZones, TriclinicZones
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.belief import believe
from hybrid_index.neural.proposer import NeuralProposer
from hybrid_index.neural.shifts import SupposedShifts, read_shifts
from hybrid_index.neural.weights import Network, ShiftReader, packaged_network, packaged_reader
from hybrid_index.refine.lines import without_shift
from hybrid_index.third_party import find_sources
from hybrid_index.threads import side_by_side
from hybrid_index.types import Candidate, CandidateSource, PeakList
from hybrid_index.units import parse_radiation

SHIFT_STEP_DEG = 0.06
"""Distance (degrees, at Cu Kα) between the zero shifts that are supposed; windows and refinement bridge it."""
_THOROUGH_WORTH = 0.01
"""Lattices that a thorough search finds after a quick one in a second, as a share of those that a quick one finds."""
_N_NEURAL = 3
"""Supposed shifts under which the network is asked at length."""
_N_NEAR = 2
"""Supposed shifts that are likelier than that a search without a shift has missed the lattice for want of planes."""

_KERNEL_LINES_DEG = (18.3, 21.0, 25.9, 28.1, 30.4, 33.7, 36.2, 38.9, 41.1, 44.8)
_LOOKS_LOW = 0.7
"""From this probability of a monoclinic or triclinic lattice these are searched first. Two thirds of such lists reach
it, and one in thirty of the others."""
_LOW = [b.code for b in BRAVAIS_LATTICES if b.crystal_system in ("monoclinic", "triclinic")]


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

    ``all_systems``: with this stage and those before, all crystal systems were searched; ``glanced``: none was, this is
    but a quick look.
    """

    name: str
    sources: tuple[CandidateSource, ...]
    zero_shift_deg: float = 0.0
    all_systems: bool = True
    glanced: bool = False


def plan(peaks: PeakList, settings: Settings) -> Iterator[Stage]:
    """The stages of a search of these lines: where a reader of shifts is at hand, at the likeliest shifts first."""
    if settings.neural == "only" and packaged_network() is None:
        raise InputError("this installation holds no weights; search with the classical engines", source="neural")
    reader = _reader(settings)
    supposed = None if reader is None else read_shifts(reader, peaks, settings)
    if settings.neural == "only":
        return _neural_stages(supposed)

    def looks_low(zero_shift_deg: float) -> bool:
        network = None if supposed is None else packaged_network()
        return network is not None and _low_symmetry(network, without_shift(peaks, zero_shift_deg)) > _LOOKS_LOW

    return stages(settings, peaks.wavelength_angstrom, supposed, looks_low)


def kernel_lines() -> PeakList:
    """Lines of nothing, to load kernels with."""
    return PeakList.from_positions(_KERNEL_LINES_DEG, radiation=parse_radiation("CuKa1"))


def load_networks(settings: Settings) -> None:
    """Load the weights that these settings ask for, and the kernels that read shifts: no budget should pay for that."""
    if settings.neural != "never":
        packaged_network()
    reader = _reader(settings)
    if reader is not None:
        _load_kernels_of(reader)


def _reader(settings: Settings) -> ShiftReader | None:
    return packaged_reader() if settings.neural != "never" and settings.fix_zero_shift_deg is None else None


@functools.cache
def _load_kernels_of(reader: ShiftReader) -> None:
    read_shifts(reader, kernel_lines(), Settings())


def _low_symmetry(network: Network, peaks: PeakList) -> float:
    """How probable it is, by the network, that a list is monoclinic or triclinic."""
    return float(believe(network, peaks).lattices[_LOW].sum())


def missing_weights(settings: Settings) -> list[str]:
    """A sentence if networks were to take part and cannot."""
    if settings.neural == "never" or packaged_reader() is not None:
        return []
    return ["the weights of the networks are not installed, so the classical engines searched without them"]


def _neural_stages(supposed: SupposedShifts | None) -> Iterator[Stage]:
    """The network at length, at the likeliest shifts."""
    for zero in [0.0] if supposed is None else supposed.shift_deg[:_N_NEURAL].tolist():
        yield Stage(name=f"neural at length, zero shift {zero:+.2f}°", sources=_neural(), zero_shift_deg=zero)


def stages(
    settings: Settings,
    wavelength_angstrom: float,
    supposed: SupposedShifts | None = None,
    looks_low: Callable[[float], bool] = lambda zero_shift_deg: False,
) -> Iterator[Stage]:
    """Yield the stages of a search, cheapest and likeliest first.

    Engines of other packages come where the quick searches have found nothing that is beyond doubt. *looks_low* is
    asked, once that matters, whether the lines without this shift look monoclinic or triclinic.

    The network is asked at length where it and the quick searches have found nothing that is beyond doubt.
    """
    searches = _by_distance(settings, wavelength_angstrom)
    if supposed is not None:
        farther = np.abs([s.zero_shift_deg for s in searches]) > np.abs(supposed.shift_deg).max() + SHIFT_STEP_DEG
        searches = _by_probability(supposed) + [s for s, far in zip(searches, farther, strict=True) if far]
    first = searches[0].zero_shift_deg
    at = "" if first == 0.0 else f", zero shift {first:+.2f}°"
    network_asked = supposed is not None and packaged_network() is not None
    if network_asked:
        yield Stage(name=f"neural{at}", sources=_quick_neural(), zero_shift_deg=first, all_systems=False, glanced=True)
    halves = [(f"high symmetry{at}", _quick_high()), (f"low symmetry{at}", _quick_low())]
    for done, (name, sources) in enumerate(reversed(halves) if looks_low(first) else halves):
        yield Stage(name=name, sources=sources, zero_shift_deg=first, all_systems=done > 0)
    if network_asked:
        yield from _neural_stages(supposed)
    third_party = find_sources(settings)
    if third_party:
        yield Stage(name="engines of other packages", sources=third_party, zero_shift_deg=first)
    for search in searches[1:]:
        zero = search.zero_shift_deg
        words = [f"zero shift {zero:+.2f}°"] * bool(zero) + ["more planes"] * search.thorough
        sources = _thorough() if search.thorough else _quick_high() + _quick_low()
        yield Stage(name=", ".join(words) or "no zero shift", sources=sources, zero_shift_deg=zero)
    yield Stage(name="deeper", sources=_deep(), zero_shift_deg=first)
    yield Stage(name="exhaustively, and at random", sources=last_resorts(), zero_shift_deg=first)


@dataclass(frozen=True, slots=True)
class _Search:
    """A quick or a thorough search under one supposed shift."""

    zero_shift_deg: float
    thorough: bool = False


def _by_distance(settings: Settings, wavelength_angstrom: float) -> list[_Search]:
    """Shifts that nothing is known of: none, then small ones before large ones."""
    shifts = supposed_shifts(settings, wavelength_angstrom)
    near, far = shifts[:_N_NEAR], shifts[_N_NEAR:]
    quick = [_Search(zero) for zero in (0.0, *near)], [_Search(zero) for zero in far]
    return quick[0] + [_Search(0.0, thorough=True)] + quick[1] + [_Search(zero, thorough=True) for zero in shifts]


def _by_probability(supposed: SupposedShifts) -> list[_Search]:
    """Searches by how likely they are to find the lattice in a second (B. O. Koopman, Oper. Res. 5 (1957) 613)."""
    found = []
    for zero, probability in zip(supposed.shift_deg.tolist(), supposed.probability.tolist(), strict=True):
        found.append((probability, _Search(zero)))
        found.append((probability * _THOROUGH_WORTH, _Search(zero, thorough=True)))
    return [search for _, search in sorted(found, key=lambda item: -item[0])]


def _neural() -> tuple[CandidateSource, ...]:
    """What the network does where it is alone."""
    return (NeuralProposer(),)


def _quick_neural() -> tuple[CandidateSource, ...]:
    """A tenth of what the network does alone: it takes a quarter of the time of the quick classical searches."""
    return (NeuralProposer(name="neural-quick", n_trials=8000, capacity=30, most=12, n_lattices=4, enough=0.9),)


def _quick_high() -> tuple[CandidateSource, ...]:
    return (
        BaseLineTrials(capacity=150),
        OrthorhombicZones(name="zones-orthorhombic-quick", n_planes=40, capacity=150, most=30),
        DominantZones(),
    )


def _quick_low() -> tuple[CandidateSource, ...]:
    """Few planes, but the right one is mostly among them, for they come in the order of their odds."""
    return (
        MonoclinicZones(name="zones-monoclinic-quick", n_planes=40, n_rectangles=25, capacity=150, most=30),
        TriclinicZones(name="zones-triclinic-quick", n_planes=60, n_base=12, capacity=200, most=40),
    )


def _thorough() -> tuple[CandidateSource, ...]:
    return OrthorhombicZones(), MonoclinicZones(), TriclinicZones()


def _deep() -> tuple[CandidateSource, ...]:
    """The zone engines with several times as many planes."""
    return (
        OrthorhombicZones(name="zones-orthorhombic-deep", n_planes=2500, capacity=5000),
        MonoclinicZones(name="zones-monoclinic-deep", n_planes=3000, n_rectangles=2000, capacity=8000),
        TriclinicZones(name="zones-triclinic-deep", n_planes=3000, n_base=16, capacity=8000),
    )


def last_resorts() -> tuple[CandidateSource, ...]:
    """Dichotomy and random starts; their kernels are loaded only by searches that come to this."""
    from hybrid_index.classical.dichotomy import Dichotomy
    from hybrid_index.classical.random_starts import RandomStarts

    return Dichotomy(), RandomStarts()


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
