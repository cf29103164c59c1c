"""Many candidates against the lines at once, and their relatives in symmetry and size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    Cell,
    bravais_lattices,
    is_positive_definite,
    primitive_gram,
    shortest_lengths,
    sublattices,
    superlattices,
)
from hybrid_index.refine.assign import FAILED, assign_solve_many
from hybrid_index.refine.lines import LineData
from hybrid_index.types import Candidate
from hybrid_index.units import FloatArray

SHORTEST_VECTOR_ANGSTROM = 2.2
"""No crystal repeats at a shorter distance: the nearest atoms of any element are farther apart."""
SYMMETRY_TOLERANCE = 0.006
"""Strain up to which a higher symmetry is tried; whether it holds, the lines decide."""
_GROWTH = (20, 28, 40, 60)
"""Numbers of lines that a solution is extended over, one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """Candidates after assign–solve–iterate, best first.

    ``candidates`` with refined metrics; ``evidence`` (m,) bits; ``n_indexed``, ``n_possible`` (m,);
    ``rms`` (m,) misfit over the stated uncertainty; ``shifts`` (m, s) as in :class:`LineData`;
    ``grams`` (m, 3, 3) direct Gram matrices of primitive bases, Å².
    """

    candidates: tuple[Candidate, ...]
    evidence: FloatArray
    n_indexed: FloatArray
    n_possible: FloatArray
    rms: FloatArray
    shifts: FloatArray
    grams: FloatArray

    def __len__(self) -> int:
        return len(self.candidates)

    def take(self, index: npt.ArrayLike) -> Solved:
        """Return a selection, in the order of *index*."""
        rows = np.asarray(index, dtype=np.int64)
        return Solved(
            candidates=tuple(self.candidates[i] for i in rows),
            **{name: getattr(self, name)[rows] for name in _COLUMNS},
        )

    def joined(self, other: Solved) -> Solved:
        """Return both together, best first."""
        together = Solved(
            candidates=self.candidates + other.candidates,
            **{name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in _COLUMNS},
        )
        return together.take(np.argsort(-together.evidence, kind="stable"))


_COLUMNS = ("evidence", "n_indexed", "n_possible", "rms", "shifts", "grams")


def solve_candidates(candidates: Sequence[Candidate], lines: LineData) -> Solved:
    """Refine every candidate against all *lines*, from the low-angle ones outwards; drop what cannot be a crystal."""
    n_shift = lines.columns.shape[0]
    metrics = np.array([c.metric for c in candidates], dtype=np.float64).reshape(len(candidates), 6)
    codes = np.array([c.bravais_lattice.code for c in candidates], dtype=np.int64)
    out = np.zeros((len(candidates), 4 + n_shift))
    for s, name in enumerate(lines.free_shifts):
        out[:, 4 + s] = [getattr(c, name) for c in candidates]
    for n_lines in sorted({min(n, len(lines)) for n in (*_GROWTH, len(lines))}):
        started, shifts = metrics.copy(), out[:, 4:].copy()
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
            True,
            out,
        )
        lost = out[:, 0] <= FAILED
        metrics[lost], out[lost, 4:] = started[lost], shifts[lost]
    order = [int(i) for i in np.argsort(-out[:, 0], kind="stable") if out[i, 0] > FAILED]
    kept, grams = [], []
    for i in order:
        gram = _plausible_gram(metrics[i], int(codes[i]))
        if gram is not None:
            kept.append(i)
            grams.append(gram)
    rows = np.array(kept, dtype=np.int64)
    return Solved(
        candidates=tuple(
            candidates[i].replace(
                metric=metrics[i],
                score=float(out[i, 0]),
                **{name: float(out[i, 4 + s]) for s, name in enumerate(lines.free_shifts)},
            )
            for i in kept
        ),
        evidence=out[rows, 0],
        n_indexed=out[rows, 1],
        n_possible=out[rows, 2],
        rms=out[rows, 3],
        shifts=out[rows, 4:],
        grams=np.array(grams).reshape(len(kept), 3, 3),
    )


def _plausible_gram(metric: FloatArray, code: int) -> FloatArray | None:
    lattice = BRAVAIS_LATTICES[code]
    cell = Cell.from_metric(metric)
    gram = primitive_gram(cell, lattice)
    if not is_positive_definite(gram) or shortest_lengths(gram, 1)[0] < SHORTEST_VECTOR_ANGSTROM:
        return None
    return gram


def relatives(solved: Solved, *, systems: Iterable[str], derivatives: bool) -> list[Candidate]:
    """Starts next to what was found: every Bravais lattice that the metrics nearly have.

    With *derivatives* also those of the sublattices of index two and three and the superlattices of index two.
    """
    allowed = set(systems)
    starts: list[Candidate] = []
    for origin, gram in zip(solved.candidates, solved.grams, strict=True):
        derived = [*sublattices(gram, 2), *sublattices(gram, 3), *superlattices(gram, 2)] if derivatives else []
        for near in (gram, *derived):
            starts += [
                origin.replace(bravais_lattice=setting.bravais_lattice, metric=setting.metric)
                for setting in bravais_lattices(near, SYMMETRY_TOLERANCE)
                if setting.bravais_lattice.crystal_system in allowed
            ]
    return starts
