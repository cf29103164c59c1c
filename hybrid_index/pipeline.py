"""From a pattern to an answer: peaks, search, refinement, ranking, under one time budget."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from hybrid_index import __version__
from hybrid_index.config import SOLVED_PROBABILITY, SOLVED_SHARE_INDEXED, Settings
from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.glancing import glance_at
from hybrid_index.io import read
from hybrid_index.lattice import (
    BravaisLattice,
    Cell,
    conventional,
    standardize,
)
from hybrid_index.peaks.options import PeakOptions
from hybrid_index.race import Answer, Race, load_kernels
from hybrid_index.ranking import probabilities
from hybrid_index.refine.lines import line_data
from hybrid_index.refine.polish import load_fitter, polish
from hybrid_index.refine.solving import solve_candidates
from hybrid_index.schedule import Clock, load_networks, missing_weights, plan
from hybrid_index.third_party import troubles_of
from hybrid_index.types import (
    MIN_LINES,
    Candidate,
    Equivalent,
    Glance,
    IndexingResult,
    Pattern,
    PeakList,
    Solution,
    Status,
)
from hybrid_index.units import Radiation, parse_radiation

AMBIGUOUS_PROBABILITY = 0.30
"""Probability from which an answer is worth showing as one of several."""
_CAREFUL_ROUNDS = 3
"""Fits of the first solution, the later ones with lines shared between reflections; the others have one."""
LISTED_RANKS = 3
LISTED_SHARE = 5.0e-4
"""Beyond so many, solutions are listed down to this share of the first one's probability."""
EXACT_STRAIN = 1.0e-6
"""A given cell has the symmetry that it has to this strain."""
GIVEN_CELL_SLACK_DEG = (0.04, 0.15, 0.4)
"""How far (degrees) the lines of a cell that a user gives may be off; each is tried and the best kept."""
Progress = Callable[[str], None]


def index(
    data: Pattern | PeakList | str | Path,
    *,
    wavelength: str | float | Radiation | None = None,
    settings: Settings | None = None,
    peak_options: PeakOptions | None = None,
    pattern: Pattern | None = None,
    hints: Sequence[Candidate] = (),
    n_foreign: int = 0,
    proposed: Sequence[Candidate] = (),
    id: str | None = None,
    progress: Progress | None = None,
) -> IndexingResult:
    """Index a powder pattern or a list of lines.

    Parameters
    ----------
    data
        A pattern, a peak list, or a file holding either.
    wavelength
        Å, a tube line (``"CuKa"``) or an energy (``"30keV"``); wins over what the file says.
    settings
        Limits, budget and shifts; defaults serve.
    peak_options
        How peaks are found in a pattern.
    pattern
        The pattern that a list of lines was taken from: it decides where the lines leave doubt.
    hints
        Lattices of patterns like this one, which are tried first, by up to some 2 % larger and smaller along each axis.
        If one of them explains nearly every line the search ends there; else it goes on, and they stand in the race
        like all others, with no advantage.
    n_foreign
        Lines that those patterns had besides (of a sample holder, say): hints that leave so many end the search, too.
    proposed
        Lattices that were proposed for these very lines beforehand, as by
        :func:`~hybrid_index.neural.batched.propose_many`: the search begins with them, and ends there if one is beyond
        doubt.
    id
        What the result is called; the file's name if not given.
    progress
        Called with a short text as the work goes on.

    Returns
    -------
    IndexingResult
        Ranked solutions, status and reasons. "No trusted cell" is a status, not an error.

    Raises
    ------
    InputError
        If the data or the settings cannot be used.
    """
    settings = settings or Settings()
    say = progress or _silent
    start = time.perf_counter()
    peaks, name, measured = _peaks_of(data, wavelength, peak_options, say)
    seconds = {"peaks": time.perf_counter() - start}
    name = id or name
    if len(peaks) < MIN_LINES:
        reason = f"only {len(peaks)} lines were found; at least {MIN_LINES} are needed to determine a lattice"
        if measured is None:
            raise InputError(reason.replace("were found", "are given"), source=peaks.source or name or None)
        return _result(name, "not_found", [reason], peaks, (), seconds, start, settings)
    all_peaks, peaks = peaks, _low_angle(peaks, settings.max_lines)
    race = Race(peaks=peaks, settings=settings, clock=Clock.start(settings.budget_s))
    threading.Thread(target=load_fitter, daemon=True).start()  # the kernels of a search leave Python free for it
    exhausted, troubles = False, missing_weights(settings)
    settled = False
    if hints:
        say("trying the cells given")
        with race.clock.stopped():
            settled = race.try_hints(hints, n_foreign)
    with race.clock.stopped():
        load_networks(settings)
    if proposed and not settled:
        say("trying the lattices proposed")
        with race.clock.stopped():
            settled = race.try_proposed(proposed)
    began = time.perf_counter()
    search = iter(()) if settled else plan(peaks, settings)
    for stage in search:
        race.search_s += time.perf_counter() - began
        if race.clock.exhausted():
            exhausted = True
            break
        with race.clock.stopped():
            load_kernels(stage)
        say(f"searching: {stage.name}")
        race.run(stage)
        troubles += troubles_of(stage.sources)
        if race.can_stop(all_systems=stage.all_systems, glanced=stage.glanced):
            break
        began = time.perf_counter()
    say("refining")
    began = time.perf_counter()
    solutions = _solutions(race, settings)
    seconds.update(search=race.search_s, rank=race.rank_s, refine=time.perf_counter() - began)
    began = time.perf_counter()
    solutions, remarks = _settled(measured or pattern, all_peaks, solutions, settings, say)
    seconds["whole_pattern"] = time.perf_counter() - began
    status, reasons = _verdict(solutions, peaks, exhausted)
    reasons += remarks + troubles
    return _result(name, status, reasons, peaks, solutions, seconds, start, settings)


def glance(
    data: Pattern | PeakList | str | Path,
    *,
    wavelength: str | float | Radiation | None = None,
    settings: Settings | None = None,
    peak_options: PeakOptions | None = None,
    progress: Progress | None = None,
) -> Glance:
    """Ask the networks about the lines, and let them look for the cell: a tenth of a second or two.

    Less than a search: no classical engine and no whole pattern takes part. The parameters are as of :func:`index`.

    Raises
    ------
    InputError
        If the data or the settings cannot be used, there are too few lines, or the weights are not installed.
    """
    settings = settings or Settings()
    peaks, name, _ = _peaks_of(data, wavelength, peak_options, progress or _silent)
    if len(peaks) < MIN_LINES:
        reason = f"only {len(peaks)} lines were found; at least {MIN_LINES} are needed to say anything of a lattice"
        raise InputError(reason, source=peaks.source or name or None)
    return glance_at(_low_angle(peaks, settings.max_lines), settings)


def refine_cell(
    data: Pattern | PeakList | str | Path,
    cell: Cell,
    *,
    bravais_lattice: BravaisLattice | None = None,
    wavelength: str | float | Radiation | None = None,
    settings: Settings | None = None,
    peak_options: PeakOptions | None = None,
    id: str | None = None,
    progress: Progress | None = None,
) -> IndexingResult:
    """Refine a known cell against a pattern or a list of lines; the result has one solution.

    Without *bravais_lattice* the cell is taken as primitive, in the highest crystal system that its angles and edges
    have exactly.
    """
    settings = settings or Settings()
    start = time.perf_counter()
    peaks, name, _ = _peaks_of(data, wavelength, peak_options, progress or _silent)
    if not len(peaks):
        raise InputError("no lines were found, so there is nothing to refine against", source=name or None)
    seconds = {"peaks": time.perf_counter() - start}
    if bravais_lattice is None:
        setting = conventional(cell.gram, EXACT_STRAIN)
        candidate = Candidate(bravais_lattice=setting.bravais_lattice, metric=setting.metric, source="given")
    else:
        candidate = Candidate(bravais_lattice=bravais_lattice, metric=cell.metric, source="given")
    trials = [solve_candidates([candidate], line_data(peaks, settings, slack_deg=s)) for s in GIVEN_CELL_SLACK_DEG]
    solved = max(trials, key=lambda t: t.evidence[0] if len(t) else -np.inf)
    refinement = polish(solved.lattices.candidate(0) if len(solved) else candidate, peaks, settings, n_rounds=4)
    n = int(refinement.assignment.indexed.sum())
    probability = float(probabilities(solved.evidence[:1])[0]) if len(solved) else 0.0
    solution = Solution(rank=1, refinement=refinement, probability=probability)
    status: Status = "solved" if probability >= SOLVED_PROBABILITY else "not_found"
    reasons = [f"the given cell explains {n} of {len(peaks)} lines"]
    return _result(id or name, status, reasons, peaks, (solution,), seconds, start, settings)


def _silent(_: str) -> None:
    return None


def _peaks_of(
    data: Pattern | PeakList | str | Path,
    wavelength: str | float | Radiation | None,
    options: PeakOptions | None,
    say: Progress,
) -> tuple[PeakList, str, Pattern | None]:
    """Lines, a name for the result, and the pattern that they come from, if from any: as much of it as was searched."""
    radiation: Radiation | None = None
    if isinstance(wavelength, Radiation):
        radiation = wavelength
    elif wavelength is not None:
        radiation = parse_radiation(str(wavelength))
    if isinstance(data, str | Path):
        say(f"reading {Path(data).name}")
        data = read(data, radiation=radiation)
    if isinstance(data, PeakList):
        if radiation is not None and radiation.wavelength_angstrom != data.wavelength_angstrom:
            data = data.replace(radiation=radiation)
        return data, data.name or Path(data.source).name, None
    if radiation is not None:
        data = data.replace(radiation=radiation)
    if data.radiation is None:
        raise WavelengthError(
            "the file does not say its wavelength; give it with --wavelength (1.5406, CuKa, 30keV)",
            source=data.source or data.name or None,
        )
    say("finding peaks")
    from hybrid_index.peaks import find_peaks  # brings fitting code along, which a list of lines does not need

    low, high = (None, None) if options is None else (options.min_two_theta_deg, options.max_two_theta_deg)
    return find_peaks(data, options), data.name or Path(data.source).name, data.between(low, high)


def _low_angle(peaks: PeakList, max_lines: int) -> PeakList:
    """The first *max_lines* lines: low-angle lines carry the lattice."""
    return peaks if len(peaks) <= max_lines else peaks.select(np.arange(len(peaks)) < max_lines)


def _solutions(race: Race, settings: Settings) -> tuple[Solution, ...]:
    """Polish the first solutions, put partners with the same line positions together, and number them."""
    solved = race.solved
    if not len(solved):
        return ()
    solutions = []
    for rank, answer in enumerate(_worth_listing(race.answers(settings.max_solutions)), start=1):
        candidate = _in_standard_setting(solved.lattices.candidate(answer.members[0]))
        refinement = polish(candidate, race.peaks, settings, n_rounds=_CAREFUL_ROUNDS if rank == 1 else 1)
        partners = tuple(
            Equivalent(
                bravais_lattice=partner.bravais_lattice,
                cell=Cell.from_metric(partner.metric),
                relation="another lattice with the same line positions",
            )
            for partner in (_in_standard_setting(solved.lattices.candidate(j)) for j in answer.members[1:])
        )
        solutions.append(
            Solution(rank=rank, refinement=refinement, probability=answer.probability, equivalents=partners)
        )
    return tuple(solutions)


def _settled(
    pattern: Pattern | None, peaks: PeakList, solutions: tuple[Solution, ...], settings: Settings, say: Progress
) -> tuple[tuple[Solution, ...], list[str]]:
    """Let the whole pattern decide where the lines leave doubt; a sentence where that changed the answer."""
    if pattern is None or not solutions or settings.lebail == "never":
        return solutions, []
    from hybrid_index.whole_pattern import change_of_order, is_called_for, settled  # a list of lines does without

    if not is_called_for(solutions, settings):
        return solutions, []
    say("fitting the whole pattern")
    after = settled(pattern, peaks, solutions, settings)
    return after, change_of_order(solutions, after)


def _worth_listing(answers: list[Answer]) -> list[Answer]:
    least = LISTED_SHARE * answers[0].probability
    return [a for place, a in enumerate(answers) if place < LISTED_RANKS or a.probability >= least]


def _in_standard_setting(candidate: Candidate) -> Candidate:
    cell = standardize(Cell.from_metric(candidate.metric), candidate.bravais_lattice)
    return candidate.replace(metric=cell.metric)


def _verdict(solutions: tuple[Solution, ...], peaks: PeakList, exhausted: bool) -> tuple[Status, list[str]]:
    """Status and the sentences that explain it."""
    if not solutions:
        return ("budget_exhausted" if exhausted else "not_found"), ["no lattice explains the lines better than chance"]
    first = solutions[0]
    n = int(first.refinement.assignment.indexed.sum())
    reasons = [f"the first cell explains {n} of {len(peaks)} lines, M20 = {first.refinement.merit.m20:.1f}"]
    if first.refinement.shift.note:
        reasons.append(first.refinement.shift.note)
    if first.probability >= SOLVED_PROBABILITY:
        if n >= SOLVED_SHARE_INDEXED * len(peaks):
            return "solved", reasons
        return "ambiguous", [*reasons, "the other lines need another phase, or another cell"]
    if first.probability >= AMBIGUOUS_PROBABILITY:
        return "ambiguous", [*reasons, "other cells explain the lines nearly as well; see the list"]
    reasons.append("no cell stands out from what chance gives; more or better lines would help")
    return ("budget_exhausted" if exhausted else "not_found"), reasons


def _result(
    name: str,
    status: Status,
    reasons: list[str],
    peaks: PeakList,
    solutions: tuple[Solution, ...],
    seconds: dict[str, float],
    start: float,
    settings: Settings,
) -> IndexingResult:
    stages_s = dict.fromkeys(("peaks", "search", "refine", "rank", "whole_pattern"), 0.0)
    timing = {**stages_s, **seconds, "total": time.perf_counter() - start}
    return IndexingResult(
        id=name,
        status=status,
        reasons=tuple(reasons),
        peaks=peaks,
        solutions=solutions,
        timing_s=timing,
        settings=settings.as_dict(),
        version=__version__,
        seed=settings.seed,
    )
