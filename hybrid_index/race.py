"""The solutions in the race for one list of lines: found, bred, ranked, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt

from hybrid_index.config import Settings
from hybrid_index.lattice import group_by_line_positions
from hybrid_index.neural.belief import believe
from hybrid_index.neural.weights import packaged_network
from hybrid_index.ranking import (
    EXTENSION_BITS,
    NEEDLESS_BITS,
    extending_superlattices,
    merge_same,
    needless_superlattices,
    prior_bits,
    probabilities,
)
from hybrid_index.refine.lattices import Lattices, within_limits
from hybrid_index.refine.lines import LineData, line_data, without_fixed_shifts, without_shift
from hybrid_index.refine.solving import (
    PROMISING,
    PROMISING_RELATIVES,
    Solved,
    relatives,
    solve_candidates,
    solve_lattices,
)
from hybrid_index.refine.strained import strained_starts
from hybrid_index.schedule import Clock, Stage, kernel_lines, run_stage
from hybrid_index.third_party import ThirdPartySource
from hybrid_index.types import Candidate, CandidateSource, PeakList
from hybrid_index.units import FloatArray

CERTAIN_BITS = 35.0
CERTAIN_LEAD_BITS = 15.0
CERTAIN_SHARE_INDEXED = 0.7
"""The search stops at this evidence, if this share of the lines is indexed and, as long as there are crystal systems
that were not searched, the lead over any rival is this large. More search settles no rivalry between found cells."""
FULL_BITS = 25.0
FULL_SHARE_INDEXED = 0.95
"""Where nearly every line is indexed and all systems were searched, less evidence is enough to stop."""
UNDECIDED_PROBABILITY = 0.5
"""Below this the first answer has too many rivals to stop at it at once."""
FOUND_PROBABILITY = 0.85
PATIENCE = 8
"""Where one of the lattices found, whichever it is, is the true one with this probability, the search stops once so
many further pieces of work have brought nothing better (docs/accuracy.md)."""
BETTER_BITS = 1.0
"""What is better than before by no more than this is nothing better."""
FIRST_ANSWERS = 6
"""So many answers are looked at for that."""
AMBIGUITY_LINES = 20
AMBIGUITY_TOLERANCE = 1.5e-3
"""Lattices whose lines agree to this fraction of Q, as far as this line, cannot be told apart."""
MAX_GENERATIONS = 4
N_SYMMETRY = 12
N_DERIVATIVE = 3
"""Rounds in which other symmetries, and half and double cells, of so many of the best solutions are tried."""
SHIFT_MARGIN_DEG = 0.1
"""A shift beyond the user's limit on the zero by this much may come from the displacement."""
BREEDING_BITS = -10.0
"""Evidence from which relatives are tried: they can be far better than a cell of the wrong symmetry or size, but
nothing good is related to a lattice that explains the lines worse than chance."""
BREEDING_REACH_BITS = 50.0
"""Solutions that are so much worse than the best one have no relative that is better."""
POOL = 160
"""Solutions that stay in the race after each stage."""
HEARD_NEAR_DEG = 0.03
"""The network is asked again about the lines when the shift of the best solution has moved by more, and about a shift
that was supposed in the search, where one is as near: what it says there was worked out before."""
HINT_SLACK_DEG = (0.04, 0.15, 0.4)
"""How far (degrees) the lines of a lattice from elsewhere may be off; each is tried."""
_LOADING_S = 3600.0
"""A budget for compilation that never ends it."""
_loaded: set[type[CandidateSource]] = set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Solutions (by place in the race) with the same line positions, best first, and what speaks for them."""

    members: tuple[int, ...]
    score: float
    needless: bool
    probability: float


@dataclass(slots=True, eq=False)
class Race:
    """Solutions in the race, and how long it took.

    ``prior`` (14,) of the Bravais lattices in bits, as the network sees the lines without the shift ``heard_at_deg``;
    ``supposed_deg`` the shifts that were searched; ``vain`` pieces of work that brought nothing better than
    ``best_bits``, once all crystal systems had been searched.
    """

    peaks: PeakList
    settings: Settings
    clock: Clock
    lines: LineData = field(init=False)
    solved: Solved = field(init=False)
    prior: FloatArray = field(default_factory=prior_bits)
    heard_at_deg: float | None = None
    supposed_deg: list[float] = field(default_factory=list)
    best_bits: float = -np.inf
    vain: int = 0
    bred: set[tuple[bool, int, float]] = field(default_factory=set)
    tried: set[bytes] = field(default_factory=set)
    search_s: float = 0.0
    rank_s: float = 0.0

    def __post_init__(self) -> None:
        self.lines = line_data(self.peaks, self.settings)
        self.solved = solve_candidates([], self.lines)

    def run(self, stage: Stage) -> None:
        """Search a stage, then solve and rank what it proposes with what is there."""
        began = time.perf_counter()
        found = run_stage(stage, self.peaks, self.settings, self.clock)
        self.supposed_deg.append(stage.zero_shift_deg)
        self.search_s += time.perf_counter() - began
        began = time.perf_counter()
        self._add_with_relatives(Lattices.from_candidates(found))
        self._take_stock(stage)
        self.rank_s += time.perf_counter() - began

    def _take_stock(self, stage: Stage) -> None:
        """Count what was done in vain since all crystal systems were searched."""
        best = float(self.score(self.solved.take([0]))[0]) if len(self.solved) else -np.inf
        if best > self.best_bits + BETTER_BITS:
            self.best_bits, self.vain = best, 0
        elif stage.all_systems:
            self.vain += 1

    def try_hints(self, hints: Sequence[Candidate], n_foreign: int) -> bool:
        """Rank lattices of similar patterns and their relatives; return whether no search is needed.

        Strained copies bridge what a lattice may have changed by, windows of several widths the shifts. Each hint has
        its turn until all is settled. *n_foreign* lines may well belong to none of them.
        """
        began = time.perf_counter()
        settled = False
        for hint, slack in product(self._allowed(hints), HINT_SLACK_DEG):
            lines = line_data(self.peaks, self.settings, slack_deg=slack)
            self._add_with_relatives(solve_candidates(strained_starts(hint), lines).lattices)
            if settled := self._is_settled(n_foreign):
                break
        self.rank_s += time.perf_counter() - began
        return settled

    def try_proposed(self, proposed: Sequence[Candidate]) -> bool:
        """Rank lattices that were proposed for these lines, and return whether no search is needed."""
        began = time.perf_counter()
        self._add_with_relatives(Lattices.from_candidates(self._allowed(proposed)))
        self.rank_s += time.perf_counter() - began
        return self.can_stop(all_systems=False, glanced=True)

    def _allowed(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        return [c for c in candidates if c.bravais_lattice.crystal_system in self.settings.systems]

    def _is_settled(self, n_foreign: int) -> bool:
        """Whether a lattice is beyond doubt and leaves hardly a line, or hardly one more than so many.

        Nothing else was tried, and lines that it leaves may well be those of another phase. Its rivals are its
        relatives, which a search would find as well.
        """
        if not len(self.solved):
            return False
        answer = self.answers(FIRST_ANSWERS)[0]
        left = len(self.lines) - self.solved.n_indexed[answer.members[0]]
        most = max((1.0 - FULL_SHARE_INDEXED) * len(self.lines), n_foreign + 1 if n_foreign else 0)
        sure = answer.probability >= UNDECIDED_PROBABILITY and answer.score >= CERTAIN_BITS
        return bool(sure and left <= min(most, (1.0 - CERTAIN_SHARE_INDEXED) * len(self.lines)))

    def score(self, solved: Solved) -> FloatArray:
        """Evidence and prior, in bits."""
        return np.asarray(solved.evidence + self.prior[solved.lattices.codes])

    def _add_with_relatives(self, starts: Lattices) -> None:
        self._add(starts)
        for _ in range(MAX_GENERATIONS):
            near = self._unseen_relatives()
            if not len(near):
                break
            self._add(near, promising=PROMISING_RELATIVES)
        self._hear_network()

    def _hear_network(self) -> None:
        """Let the network say how probable the Bravais lattices are, once a solution tells the shift of the lines."""
        network = None if self.settings.neural == "never" else packaged_network()
        if network is None or not len(self.solved):
            return
        shift = float(self.combined_shift(self.solved.take([0]))[0])
        nearest = min(self.supposed_deg, key=lambda supposed: abs(supposed - shift), default=shift)
        if abs(nearest - shift) <= HEARD_NEAR_DEG:
            shift = nearest
        if self.heard_at_deg is None or abs(shift - self.heard_at_deg) > HEARD_NEAR_DEG:
            self.heard_at_deg = shift
            seen = without_shift(without_fixed_shifts(self.peaks, self.settings), shift)
            self.prior = prior_bits(believe(network, seen).lattices)
            self.solved = self.solved.take(np.argsort(-self.score(self.solved), kind="stable"))

    def _add(self, starts: Lattices, *, promising: int = PROMISING) -> None:
        new = solve_lattices(starts, self.lines, promising=promising)
        new = new.take(np.flatnonzero(self._within_limits(new)))
        both = self.solved.joined(new)
        self.solved = both.take(merge_same(both.grams, self.score(both))[:POOL])

    def _within_limits(self, solved: Solved) -> npt.NDArray[np.bool_]:
        """Which solutions respect the user's limits on volume, edges and shift."""
        within = within_limits(solved.lattices.metrics, solved.lattices.codes, self.settings)
        shift = np.abs(self.combined_shift(solved))
        return np.asarray(within & (shift <= self.settings.zero_limit_deg + SHIFT_MARGIN_DEG))

    def _unseen_relatives(self) -> Lattices:
        """Relatives of those of the first solutions whose relatives were not tried yet."""
        least = max(BREEDING_BITS, float(self.solved.evidence.max(initial=0.0)) - BREEDING_REACH_BITS)
        starts = []
        for most, derivatives in ((N_SYMMETRY, False), (N_DERIVATIVE, True)):
            fresh = []
            codes, evidence = self.solved.lattices.codes[:most].tolist(), self.solved.evidence[:most].tolist()
            for i, (code, bits) in enumerate(zip(codes, evidence, strict=True)):
                key = (derivatives, code, round(bits, 1))
                if bits >= least and key not in self.bred:
                    self.bred.add(key)
                    fresh.append(i)
            chosen = self.solved.take(fresh)
            starts.append(relatives(chosen, systems=self.settings.systems, derivatives=derivatives, tried=self.tried))
        return starts[0].joined(starts[1])

    def combined_shift(self, solved: Solved) -> FloatArray:
        """Shift of 2θ (degrees) of the middle line, shape (m,)."""
        middle = len(self.lines) // 2
        per_unit = self.lines.columns[:, middle] / self.lines.slope[middle]
        return np.asarray(solved.lattices.shifts[:, self.lines.free_columns] @ per_unit)

    def can_stop(self, *, all_systems: bool, glanced: bool = False) -> bool:
        """Whether going on can hardly change the answer.

        *all_systems*: every crystal system was searched. *glanced*: none was, there was only a quick look, and lines
        that its answer leaves may well be of a larger cell.
        """
        if not len(self.solved):
            return False
        answers = self.answers(FIRST_ANSWERS)
        if self.vain >= PATIENCE and sum(answer.probability for answer in answers) >= FOUND_PROBABILITY:
            return True
        if answers[0].probability < UNDECIDED_PROBABILITY:
            return False
        best, share = answers[0].score, self.solved.n_indexed[answers[0].members[0]] / len(self.lines)
        if all_systems and best >= FULL_BITS and share >= FULL_SHARE_INDEXED:
            return True
        if glanced and share < FULL_SHARE_INDEXED:
            return False
        lead = best - max((a.score for a in answers[1:] if not a.needless), default=-np.inf)
        ahead = all_systems or lead >= CERTAIN_LEAD_BITS
        return bool(best >= CERTAIN_BITS and share >= CERTAIN_SHARE_INDEXED and ahead)

    def answers(self, most: int) -> list[Answer]:
        """The first answers with their probabilities, best first."""
        groups = _same_lines(self.solved, self.lines, most)
        first = self.solved.take([group[0] for group in groups])
        score = self.score(first)
        score += EXTENSION_BITS * extending_superlattices(first.grams, first.n_indexed, most=most)
        order = np.argsort(-score, kind="stable")
        first, score = first.take(order), score[order]
        needless = needless_superlattices(first.grams, first.n_indexed, first.n_possible, most=most)
        probability = probabilities(score, needless)
        answers = [
            Answer(members=tuple(groups[i]), score=float(s), needless=bool(n), probability=float(p))
            for i, s, n, p in zip(order, score, needless, probability, strict=True)
        ]
        return sorted(answers, key=lambda a: a.needless * NEEDLESS_BITS - a.score)


def _same_lines(solved: Solved, lines: LineData, most: int) -> list[list[int]]:
    """Groups of solutions whose calculated lines agree within the errors, best first."""
    q_max = float(lines.q[min(len(lines), AMBIGUITY_LINES) - 1])
    tolerance = min(float(np.median(lines.q_esd / lines.q)), AMBIGUITY_TOLERANCE)
    return group_by_line_positions(solved.grams[: 3 * most], q_max, tolerance, most)


def load_kernels(stage: Stage) -> None:
    """Compile the kernels that a stage needs, or load them from the cache, unless an earlier stage has.

    Called outside the time budget, and stage by stage: a pattern that the first stage solves waits for no others.
    """
    ours = [source for source in stage.sources if not isinstance(source, ThirdPartySource)]
    missing = {type(source): source for source in ours if type(source) not in _loaded}
    if not missing:
        return
    settings = Settings(max_volume_angstrom3=60.0, max_edge_angstrom=8.0, zero_limit_deg=0.0)
    race = Race(peaks=kernel_lines(), settings=settings, clock=Clock.start(_LOADING_S))
    race.run(Stage(name="kernels", sources=tuple(missing.values())))
    race.can_stop(all_systems=True)
    _loaded.update(missing)
