"""Many candidates against the lines at once, and their relatives in symmetry and size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hybrid_index.compiled import kernel
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    are_positive_definite,
    cluster_lattices,
    fitting_metrics,
    primitive_grams,
    sublattices,
    superlattices,
    voronoi_lengths,
)
from hybrid_index.refine.assign import FAILED, assign_solve_many
from hybrid_index.refine.lattices import Lattices
from hybrid_index.refine.lines import LineData
from hybrid_index.threads import side_by_side, thread_count
from hybrid_index.types import Candidate, IntArray
from hybrid_index.units import FloatArray

SHORTEST_VECTOR_ANGSTROM = 2.2
"""No crystal repeats at a shorter distance: the nearest atoms of any element are farther apart."""
SYMMETRY_TOLERANCE = 0.006
"""Strain up to which a higher symmetry is tried; whether it holds, the lines decide."""
_GROWTH = (20, 28, 40, 60)
"""Numbers of lines that a solution is extended over, one after the other, before it meets all lines."""
PROMISING = 24
PROMISING_BITS = 25.0
"""Of what an engine proposes so many solutions are extended, and all whose evidence is this near to the best: where
that is strong, what came first in the end was among the first six, and within nine bits, at every step. Rivals of a
strong solution, which make it less sure, are farther off."""
PROMISING_RELATIVES = 2
"""As many of the relatives of solutions that are known: these start where they belong, and few are as good."""
_PIECE = 12
_PIECES_PER_THREAD = 2
"""Lattices that are solved in one go by one thread, at least, and pieces of work: some take longer than others."""
_SAME_SOLUTION = 1e-4
"""Evidence (bits) and misfit of starts that led to one solution differ by less."""
_ALIKE = (1e-4, 0.01)
"""Relative difference of lengths, and difference of angles (degrees), of starts that need not both be tried."""
_EXACT = 1e-6
"""Strain up to which a symmetry is that of the metric, and no mere resemblance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """Lattices after assign–solve–iterate, best first.

    ``lattices`` (m) refined, whose scores are the evidence in bits; ``n_indexed``, ``n_possible`` (m,);
    ``rms`` (m,) misfit over the stated uncertainty; ``grams`` (m, 3, 3) direct Gram matrices of primitive bases, Å².
    """

    lattices: Lattices
    n_indexed: FloatArray
    n_possible: FloatArray
    rms: FloatArray
    grams: FloatArray

    def __len__(self) -> int:
        return len(self.lattices)

    @property
    def evidence(self) -> FloatArray:
        """Evidence in bits (m,)."""
        return self.lattices.scores

    def take(self, index: npt.ArrayLike) -> Solved:
        """Return a selection, in the order of *index*."""
        rows = np.asarray(index, dtype=np.int64)
        return Solved(lattices=self.lattices.take(rows), **{name: getattr(self, name)[rows] for name in _COLUMNS})

    def joined(self, other: Solved) -> Solved:
        """Return both together, best first."""
        together = Solved(
            lattices=self.lattices.joined(other.lattices),
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS},
        )
        return together.take(np.argsort(-together.evidence, kind="stable"))


_COLUMNS = ("n_indexed", "n_possible", "rms", "grams")


def solve_candidates(candidates: Sequence[Candidate], lines: LineData, *, promising: int = PROMISING) -> Solved:
    """:func:`solve_lattices` for candidates."""
    return solve_lattices(Lattices.from_candidates(candidates), lines, promising=promising)


def solve_lattices(starts: Lattices, lines: LineData, *, promising: int = PROMISING) -> Solved:
    """Refine lattices against all *lines*, from the low-angle ones outwards; drop what cannot be a crystal.

    Only the *promising* best solutions, and those near to the best, are extended over more lines; and only where that
    ends, over all lines, are sublattices weighed apart.
    """
    metrics, codes, scores = starts.metrics.copy(), starts.codes, starts.scores
    out = np.zeros((len(starts), 4 + len(lines.free_shifts)))
    out[:, 4:] = starts.shifts[:, lines.free_columns]
    rows = np.arange(len(starts))
    growth = [n for n in _GROWTH if n < len(lines)] + [len(lines)]
    for n_lines, weigh_classes in [*((n, False) for n in growth[:-1] or growth), (growth[-1], True)]:
        started, shifts = metrics.copy(), out[:, 4:].copy()
        solve_all(metrics, codes, out, lines, n_lines=n_lines, weigh_classes=weigh_classes)
        lost = out[:, 0] <= FAILED
        metrics[lost], out[lost, 4:] = started[lost], shifts[lost]
        kept = np.flatnonzero(~lost) if weigh_classes else _promising(codes, out, scores, promising)
        metrics, codes, out, rows, scores = metrics[kept], codes[kept], out[kept], rows[kept], scores[kept]
    grams = primitive_grams(metrics, codes)
    order = np.argsort(-out[:, 0], kind="stable")
    order = order[_is_plausible(grams)[order]]
    metrics, codes, out, rows = metrics[order], codes[order], out[order], rows[order]
    shifts = starts.shifts[rows]
    shifts[:, lines.free_columns] = out[:, 4:]
    return Solved(
        lattices=Lattices(codes=codes, metrics=metrics, shifts=shifts, scores=out[:, 0], sources=starts.sources[rows]),
        n_indexed=out[:, 1],
        n_possible=out[:, 2],
        rms=out[:, 3],
        grams=grams[order],
    )


def solve_all(
    metrics: FloatArray, codes: IntArray, out: FloatArray, lines: LineData, *, n_lines: int, weigh_classes: bool
) -> None:
    """Improve lattices (m, 6), (m,) in place against the first *n_lines*; *out* (m, 4 + s) as in :func:`assign_solve`.

    In pieces side by side, where there are enough: each row comes out the same in any company.
    """

    def solve(rows: slice) -> None:
        solve_some(metrics[rows], codes[rows], out[rows], lines, n_lines=n_lines, weigh_classes=weigh_classes)

    size = max(_PIECE, -(-len(metrics) // (_PIECES_PER_THREAD * thread_count())))
    side_by_side(solve, [slice(start, start + size) for start in range(0, len(metrics), size)])


def solve_some(
    metrics: FloatArray, codes: IntArray, out: FloatArray, lines: LineData, *, n_lines: int, weigh_classes: bool
) -> None:
    """:func:`solve_all` in the thread that calls it."""
    assign_solve_many(
        metrics,
        codes,
        lines.q,
        lines.q_esd,
        lines.foreign,
        lines.slack,
        lines.columns,
        lines.priors,
        n_lines,
        weigh_classes,
        out,
    )


@kernel
def _promising(codes: IntArray, out: FloatArray, scores: FloatArray, most: int) -> IntArray:
    """Which solutions to extend over more lines: the best of different ones, by evidence.

    And all that so few lines do not determine, and as many of those that scored better with their engine, which saw
    lines beyond these few.
    """
    n = len(codes)
    chosen, first, n_first = np.zeros(n, dtype=np.bool_), np.empty(n, dtype=np.int64), 0
    for i in range(n):
        if out[i, 0] <= FAILED:
            chosen[i] = True
            continue
        for j in first[:n_first]:
            # Starts that met have the same evidence and misfit.
            if (
                codes[j] == codes[i]
                and abs(out[j, 0] - out[i, 0]) <= _SAME_SOLUTION
                and abs(out[j, 3] - out[i, 3]) <= _SAME_SOLUTION
            ):
                break
        else:
            first[n_first] = i
            n_first += 1
    first = first[:n_first]
    evidence, said = out[first, 0], scores[first]
    least = np.max(evidence) - PROMISING_BITS if n_first else 0.0
    for place, i in enumerate(np.argsort(-evidence, kind="mergesort")):
        chosen[first[i]] = place < most or evidence[i] >= least
    n_undervalued = 0
    for i in np.argsort(-said, kind="mergesort"):
        if said[i] > evidence[i] + PROMISING_BITS and n_undervalued < most:
            chosen[first[i]] = True
            n_undervalued += 1
    return np.flatnonzero(chosen)


def _is_plausible(grams: FloatArray) -> npt.NDArray[np.bool_]:
    """Which Gram matrices (m, 3, 3) belong to lattices without impossibly short vectors."""
    good = are_positive_definite(grams)
    good[good] = voronoi_lengths(grams[good])[:, 0] >= SHORTEST_VECTOR_ANGSTROM
    return good


def relatives(
    solved: Solved, *, systems: Iterable[str], derivatives: bool, tried: set[bytes] | None = None
) -> Lattices:
    """Starts next to what was found: every Bravais lattice that the metrics nearly have.

    Parameters
    ----------
    solved
        Where to start from.
    systems
        Crystal systems that are allowed.
    derivatives
        Whether to take also the sublattices of index two and three and the superlattices of index two. Of a symmetry
        that those have exactly the subgroups are left out: they are near what the higher symmetry leads to.
    tried
        Marks of the starts that were returned before, which are not returned again; the new ones are added.
    """
    if not len(solved):
        return solved.lattices
    allowed = np.array([lattice.crystal_system in set(systems) for lattice in BRAVAIS_LATTICES])
    grams, origin, derived = solved.grams, np.arange(len(solved)), np.zeros(len(solved), dtype=bool)
    if derivatives:
        grams, origin, derived = _and_derived(solved.grams)
    owner, codes, metrics, deviations = fitting_metrics(grams, SYMMETRY_TOLERANCE)
    marks = set() if tried is None else tried
    settled = np.zeros(len(grams), dtype=bool)
    chosen: list[int] = []
    for i, mark in zip(range(len(owner)), _marks(codes, metrics), strict=True):
        if settled[owner[i]] or not allowed[codes[i]]:
            continue
        settled[owner[i]] = derived[owner[i]] and deviations[i] < _EXACT
        if mark not in marks:
            marks.add(mark)
            chosen.append(i)
    starts = solved.lattices.take(origin[owner[chosen]])
    return replace(starts, codes=codes[chosen], metrics=metrics[chosen], scores=np.zeros(len(chosen)))


def _and_derived(grams: FloatArray) -> tuple[FloatArray, IntArray, npt.NDArray[np.bool_]]:
    """Metrics (n, 3, 3) with their derivatives, from which of (m, 3, 3) each comes, and which ones are derivatives.

    What is alike, for its symmetry or because two metrics have it in common, is there once.
    """
    derived = np.concatenate([sublattices(grams, 2), sublattices(grams, 3), superlattices(grams, 2)], axis=1)
    origin = np.concatenate([np.arange(len(grams)), np.repeat(np.arange(len(grams)), derived.shape[1])])
    every = np.concatenate([grams, derived.reshape(-1, 3, 3)])
    first = np.unique(cluster_lattices(every, *_ALIKE), return_index=True)[1]
    return every[first], origin[first], first >= len(grams)


def _marks(codes: IntArray, metrics: FloatArray) -> list[bytes]:
    """One mark for starts that are practically one."""
    edges = np.sqrt(metrics[:, :3])
    cosines = metrics[:, 3:] / (edges[:, [1, 0, 0]] * edges[:, [2, 2, 1]])
    values = np.column_stack([codes, np.log(edges) / _ALIKE[0], cosines / _ALIKE[0]])
    return [bytes(row.tobytes()) for row in np.rint(values)]
