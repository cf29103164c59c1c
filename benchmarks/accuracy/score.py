"""Running a case and judging the answer."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import hybrid_index
from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.causes import NO_RELATION, Miss, diagnose, relation_of
from benchmarks.nearest_setting import nearest_setting
from hybrid_index import IndexingResult, PeakList, Radiation, Settings, Solution
from hybrid_index.errors import HybridIndexError
from hybrid_index.lattice import primitive_gram, voronoi_lengths
from hybrid_index.lattice.compare import same_shortest_vectors
from hybrid_index.race import load_kernels
from hybrid_index.refine.positions import SHIFTS
from hybrid_index.schedule import stages
from hybrid_index.types import MIN_LINES
from hybrid_index.units import FloatArray, two_theta_from_q

LIST_LENGTH = 20
NEARLY_ALL = 0.99
"""A search that took this share of the budget was ended by it."""
ONE_OF_THE_PHASES = "one of the phases"
"""What is said of an answer to a mixture that holds for a part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it was printed: Bravais lattice, cell parameters (Å, degrees), probability."""

    lattice: str
    parameters: tuple[float, ...]
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a case.

    Parameters
    ----------
    rank
        Place of the true lattice in the list of answers, ``None`` where it is not among the first twenty.
    by_equivalent
        Whether only an equivalent (a lattice of the same line positions) of that answer is the true lattice.
    probability
        What the first answer claimed; 0 where there was none.
    first
        The first answer, in words.
    cause
        Why the first answer is not the true lattice; empty where it is.
    seconds
        Reading, peaks and indexing; ``search_seconds`` without reading and peaks.
    length_error
        Largest relative error of the seven Voronoi vectors, where the first answer is the true lattice itself.
    pulls
        Errors of that cell's free parameters over their stated uncertainties.
    limited
        Whether the search ended because its time was up.
    miss
        What stood in the way, where the first answer is not the true lattice and somebody asked.
    answers
        The whole list, to compare runs with one another; not written to JSON.
    """

    name: str
    group: str
    system: str
    volume: float
    n_peaks: int
    status: str
    rank: int | None
    by_equivalent: bool
    probability: float
    first: str
    cause: str
    truth: str
    seconds: float
    search_seconds: float
    length_error: float | None = None
    pulls: tuple[float, ...] = ()
    limited: bool = False
    miss: Miss | None = None
    answers: tuple[Answer, ...] = ()


def run_case(case: Case, settings: Settings, *, causes: bool = False) -> Outcome:
    """Index a case and judge the answer; a refusal is an outcome too. With *causes*, find out why a truth was missed.

    Finding out takes about as long as the search did, and is not timed.
    """
    outcome, result = index_and_judge(case, settings)
    if case.gram is None or outcome.rank == 1 or not causes:
        return outcome
    if result is None or result.peaks is None or len(result.peaks) < MIN_LINES:
        return replace(outcome, miss=Miss(cause="refused"))
    best = None if result.best is None else _gram(result.best)
    return replace(outcome, miss=diagnose(case.gram, case.tolerance, result.peaks, settings, best))


def index_and_judge(case: Case, settings: Settings) -> tuple[Outcome, IndexingResult | None]:
    """Index a case; return the outcome, and the result where there is one."""
    start = time.perf_counter()
    try:
        if isinstance(case.data, Path):
            pattern = hybrid_index.read_pattern(case.data, radiation=case.radiation)
            result = hybrid_index.index(pattern, settings=settings)
        else:
            result = hybrid_index.index(case.data, settings=settings)
    except HybridIndexError as error:
        return _outcome(case, None, time.perf_counter() - start, cause=f"refused: {error}"), None
    except Exception as error:  # noqa: BLE001  a crash is an outcome to report, not the end of the benchmark
        return _outcome(case, None, time.perf_counter() - start, cause=f"crashed: {error!r}"), None
    return judge(case, result, time.perf_counter() - start), result


def judge(case: Case, result: IndexingResult, seconds: float) -> Outcome:
    """Find the true lattice in a list of answers; where there is none, see whether a phase of a mixture is first."""
    if case.gram is None:
        first = None if result.best is None else _gram(result.best)
        part = first is not None and any(same_shortest_vectors(first, p, case.tolerance) for p in case.phases)
        return _outcome(case, result, seconds, cause=ONE_OF_THE_PHASES if part else "")
    for solution in result.solutions[:LIST_LENGTH]:
        itself = same_shortest_vectors(_gram(solution), case.gram, case.tolerance)
        if itself or _has_equivalent(solution, case.gram, case.tolerance):
            cause = "" if solution.rank == 1 else f"ranked {solution.rank}"
            return _outcome(case, result, seconds, rank=solution.rank, by_equivalent=not itself, cause=cause)
    return _outcome(
        case, result, seconds, cause="not in the list" if result.solutions else f"no answer ({result.status})"
    )


def run_all(cases: Sequence[Case], settings: Settings, *, workers: int, causes: bool = False) -> Iterator[Outcome]:
    """Run many cases, in several processes if asked to; yield each outcome as it comes."""
    if workers <= 1:
        warm_up()
        for case in cases:
            yield run_case(case, settings, causes=causes)
        return
    # A fresh interpreter for each worker: forking a process whose kernels run in threads can hang it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        for future in as_completed([pool.submit(run_case, case, settings, causes=causes) for case in cases]):
            yield future.result()


def _one_thread() -> None:
    """The workers share the cores; and kernels are loaded before anything is timed."""
    os.environ["NUMBA_NUM_THREADS"] = "1"
    warm_up()


def warm_up() -> None:
    """Load the kernels of all stages and index a small cubic list, so that no case pays for loading anything."""
    for stage in stages(Settings(), 1.5406):
        load_kernels(stage)
    q = np.array([n for n in range(3, 33) if n in (3, 4, 8, 11, 12, 16, 19, 20, 24, 27, 32)]) / 5.43**2
    radiation = Radiation(wavelength_angstrom=1.5406)
    lines = PeakList.from_positions(two_theta_from_q(q, 1.5406), radiation=radiation)
    hybrid_index.index(lines, settings=Settings(budget_s=2.0))


def describe(solution: Solution) -> str:
    """One line on an answer."""
    refinement = solution.refinement
    cell, lattice = refinement.cell, refinement.candidate.bravais_lattice
    parameters = " ".join(f"{x:.4g}" for x in cell.parameters)
    merit = f"V {cell.volume:.0f}, M20 {refinement.merit.m20:.1f}, p {solution.probability:.2f}"
    return f"{lattice} {parameters}, {merit}, from {refinement.candidate.source}"


def _outcome(
    case: Case,
    result: IndexingResult | None,
    seconds: float,
    *,
    cause: str,
    rank: int | None = None,
    by_equivalent: bool = False,
) -> Outcome:
    best = result.best if result else None
    right = best if rank == 1 and not by_equivalent else None
    if cause and best is not None and case.gram is not None:
        relation = relation_of(case.gram, _gram(best), case.tolerance)
        cause = cause if relation == NO_RELATION else f"{cause}; first is a {relation}"
    timing = dict(result.timing_s) if result else {}
    search_seconds = timing.get("search", 0.0) + timing.get("rank", 0.0)
    budget = float(result.settings.get("budget_s", np.inf)) if result else np.inf
    return Outcome(
        name=case.name,
        group=case.group,
        system=case.system,
        volume=round(case.volume, 1),
        n_peaks=len(result.peaks) if result and result.peaks is not None else 0,
        status=result.status if result else "failed",
        rank=rank,
        by_equivalent=by_equivalent,
        probability=best.probability if best else 0.0,
        first=describe(best) if best else "",
        cause=cause,
        truth=case.truth,
        seconds=seconds,
        search_seconds=search_seconds + timing.get("refine", 0.0),
        length_error=_length_error(right, case.gram),
        pulls=_pulls(right, case.gram),
        limited=search_seconds >= NEARLY_ALL * budget,
        answers=tuple(_answer(solution) for solution in result.solutions) if result else (),
    )


def _length_error(solution: Solution | None, true: FloatArray | None) -> float | None:
    if solution is None or true is None:
        return None
    return float(np.abs(voronoi_lengths(_gram(solution)) / voronoi_lengths(true) - 1.0).max())


def _pulls(solution: Solution | None, true: FloatArray | None) -> tuple[float, ...]:
    if solution is None or true is None:
        return ()
    found, esd = solution.refinement.cell, solution.refinement.cell_esd
    truth = nearest_setting(true, found)
    free = [name for name in solution.refinement.parameter_names if name not in SHIFTS]
    return () if truth is None else tuple((getattr(found, n) - getattr(truth, n)) / getattr(esd, n) for n in free)


def _gram(solution: Solution) -> FloatArray:
    return primitive_gram(solution.refinement.cell, solution.refinement.candidate.bravais_lattice)


def _has_equivalent(solution: Solution, true: FloatArray, tolerance: float) -> bool:
    grams = (primitive_gram(partner.cell, partner.bravais_lattice) for partner in solution.equivalents)
    return any(same_shortest_vectors(gram, true, tolerance) for gram in grams)


def _answer(solution: Solution) -> Answer:
    refinement = solution.refinement
    return Answer(
        lattice=refinement.candidate.bravais_lattice.value,
        parameters=refinement.cell.parameters,
        probability=solution.probability,
    )
