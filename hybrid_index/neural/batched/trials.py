"""Guided trials of many (list, lattice) pairs at once: what :func:`hybrid_index.neural.guided.guided_trials` does for one.

Trials come in generations: those of one are drawn side by side, and change equations of the best trials of all
generations before. One by one a good trial can be changed at once, so the first generations are small. Numbers are drawn
by counting, each trial having its own stream.

Equations are exchanged one at a time. To begin with the parameters θ of a trial are 0, each by an equation of its own
that may go; with the inverse X of the matrix of all equations a new one, row · θ = Q, that takes the place of number j
moves θ along column j of X. A changed trial starts with the equations of its parent, one of which may go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

from hybrid_index.lattice.reciprocal import determinant
from hybrid_index.neural.batched.lists import Lines, Windows
from hybrid_index.neural.batched.ragged import best_distinct, expanded, place
from hybrid_index.neural.batched.random_numbers import key_of, uniform
from hybrid_index.neural.batched.reflections import Rows, positions, rows_of
from hybrid_index.neural.guided import DEPENDENT, FEWEST_PARENTS, FLAT, SAME_VOLUME

GENERATIONS = 16
_GROWTH = 1.5
"""The first *g* of all generations make the (g / GENERATIONS)^_GROWTH-th part of the trials."""
_MASK_BITS, _VOLUME_BITS = 32, 14
_CHANGED, _CHOSEN, _DROPPED, _LINE, _AXIS, _DRAWN = range(6)
"""Which number of a trial's stream says whether it changes another; which one, or which reading; which equation goes, or
whether a layer is supposed; its line, and its axis. Then come lines and labels by turns."""


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """What guides the trials of p pairs of one family with k parameters and K labels; r readings of all of them.

    ``pair`` (p,) their rows in :class:`Lines` and :class:`Windows`; ``code`` (p,); ``stream`` (p,) keys of their random
    numbers; ``n_trials`` (p,); ``least_determinant`` (p,) Å⁻⁶; ``rows`` (K, k) and ``subspace`` (6, k), float64;
    ``axes`` labels that are single parameters; ``reading_running`` (p, R) running sums of the readings' probabilities
    and ``reading`` (p, R) their numbers among all; ``line_running`` (r, n), ``label_running`` (r, n, K).
    """

    pair: Tensor
    code: Tensor
    stream: Tensor
    n_trials: Tensor
    least_determinant: Tensor
    rows: Tensor
    subspace: Tensor
    axes: Tensor
    reading_running: Tensor
    reading: Tensor
    line_running: Tensor
    label_running: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Trials (t,) with k parameters.

    ``pair`` (t,) their pair, counted in a :class:`Guide`; ``parameters`` (t, k); ``inverse`` (t, k, k) of the matrix of
    their equations; ``line``, ``label`` (t, k) of each equation; ``reading`` (t,); ``score`` (t,) odds against chance in
    nats; ``mark`` (t,) the same for lattices of a pair that meet the same lines and have one volume.
    """

    pair: Tensor
    parameters: Tensor
    inverse: Tensor
    line: Tensor
    label: Tensor
    reading: Tensor
    score: Tensor
    mark: Tensor

    def of(self, rows: Tensor) -> Trials:
        """Some of the trials, by number or mask."""
        return Trials(*(getattr(self, field.name)[rows] for field in fields(self)))

    def and_these(self, others: list[Trials]) -> Trials:
        """These and others."""
        return Trials(*(torch.cat([getattr(t, field.name) for t in [self, *others]]) for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """The best trials so far, pair by pair: where each pair's ``start`` (p,), their number, and what to beat."""

    trials: Trials
    start: Tensor
    size: Tensor
    least: Tensor


def guided_trials(
    guide: Guide, lines: Lines, windows: Windows, *, capacity: int, changed: float, layered: float, at_once: int
) -> Trials:
    """The *capacity* best of each pair, pair by pair, best first.

    *changed* and *layered* as for :func:`hybrid_index.neural.guided.guided_trials`; memory is for *at_once* trials.
    """
    kept = _best(_none(guide), len(guide.pair), capacity)
    for pair, number in _generations(guide.n_trials):
        good = []
        for some in torch.arange(len(pair), device=pair.device).split(at_once):
            drawn = _drawn(guide, lines, kept, pair[some], number[some], changed, layered)
            good.append(_scored(drawn, guide, windows, kept.least))
        kept = _best(kept.trials.and_these(good), len(guide.pair), capacity)
    return kept.trials


def metrics(guide: Guide, trials: Trials) -> Tensor:
    """Reciprocal metrics (t, 6) of trials, Å⁻²."""
    return trials.parameters @ guide.subspace.T


def _generations(n_trials: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs and numbers of the trials of each generation, for so many trials (p,) of each pair."""
    done = torch.zeros_like(n_trials)
    for generation in range(1, GENERATIONS + 1):
        until = (n_trials * (generation / GENERATIONS) ** _GROWTH).round().long()
        pair, number = expanded(until - done)
        yield pair, number + done[pair]
        done = until


def _none(guide: Guide) -> Trials:
    k = guide.rows.shape[1]
    whole, real = guide.pair.new_zeros, guide.subspace.new_zeros
    return Trials(whole(0), real(0, k), real(0, k, k), whole(0, k), whole(0, k), whole(0), real(0), whole(0))


def _best(trials: Trials, n_pairs: int, capacity: int) -> _Kept:
    chosen, _ = best_distinct(trials.pair, trials.mark, trials.score, capacity)
    best = trials.of(chosen)
    size = torch.bincount(best.pair, minlength=n_pairs)
    end = size.cumsum(0)
    full = size == capacity
    least = torch.zeros(n_pairs, dtype=torch.float64, device=size.device)
    least[full] = best.score[end[full] - 1]
    return _Kept(best, end - size, size, least)


def _drawn(
    guide: Guide, lines: Lines, kept: _Kept, pair: Tensor, number: Tensor, changed: float, layered: float
) -> Trials:
    """Draw trials (t,) of these pairs and numbers; those whose equations do not determine a lattice are left out."""
    t, k = len(pair), guide.rows.shape[1]
    n, n_labels = guide.label_running.shape[1:]
    stream = key_of(guide.stream[pair], number)
    reading = place(
        guide.reading_running.flatten(),
        pair * guide.reading_running.shape[1],
        guide.reading_running.shape[1],
        uniform(stream, _CHOSEN),
    )
    trials = Trials(
        pair,
        guide.rows.new_zeros(t, k),
        torch.eye(k, dtype=torch.float64, device=pair.device).repeat(t, 1, 1),
        pair.new_full((t, k), -1),
        pair.new_zeros(t, k),
        guide.reading[pair, reading],
        guide.rows.new_zeros(t),
        pair.new_zeros(t),
    )
    free = torch.ones(t, k, dtype=torch.bool, device=pair.device)  # equations that may go

    heir = (kept.size[pair] >= FEWEST_PARENTS) & (uniform(stream, _CHANGED) < changed)
    which = heir.nonzero()[:, 0]
    ancestor = kept.start[pair[which]] + (uniform(stream[which], _CHOSEN) * kept.size[pair[which]]).long()
    for field in ("parameters", "inverse", "line", "label", "reading"):
        getattr(trials, field)[which] = getattr(kept.trials, field)[ancestor]
    dropped = (uniform(stream[which], _DROPPED) * k).long()
    free[which] = False
    free[which, dropped] = True
    trials.line[which, dropped] = -1

    if len(guide.axes):
        which = (~heir & (uniform(stream, _DROPPED) < layered)).nonzero()[:, 0]
        line = (uniform(stream[which], _LINE) * lines.count[guide.pair[pair[which]]]).long()
        label = guide.axes[(uniform(stream[which], _AXIS) * len(guide.axes)).long()]
        _exchange(guide, lines, trials, free, which, line, label)

    open_ = torch.arange(t, device=pair.device)
    for attempt in range(4 * k):
        open_ = open_[free[open_].any(1)]
        if not len(open_):
            break
        own, reading = stream[open_], trials.reading[open_]
        x = uniform(own, _DRAWN + 2 * attempt) * guide.line_running[reading, -1]
        line = place(guide.line_running.flatten(), reading * n, n, x)
        x = uniform(own, _DRAWN + 2 * attempt + 1)
        label = place(guide.label_running.flatten(), (reading * n + line) * n_labels, n_labels, x)
        new = (trials.line[open_] != line[:, None]).all(1)
        _exchange(guide, lines, trials, free, open_[new], line[new], label[new])
    return trials.of(~free.any(1))


def _exchange(
    guide: Guide, lines: Lines, trials: Trials, free: Tensor, which: Tensor, line: Tensor, label: Tensor
) -> None:
    """Give trials *which* the equation of a line and a label, for one that may go, unless it depends on the others."""
    row, inverse = guide.rows[label], trials.inverse[which]  # (m, k), (m, k, k)
    along = (row[:, :, None] * inverse).sum(1)  # (m, k): how the new equation changes along each column
    strength = torch.where(free[which], along**2 / (inverse**2).sum(1), -1.0)
    best, at = strength.max(1)
    good = best >= DEPENDENT * (row**2).sum(1)
    which, line, label, row, inverse, along, at = (
        x[good] for x in (which, line, label, row, inverse, along, at)
    )
    m = torch.arange(len(which), device=which.device)
    column = inverse[m, :, at] / along[m, at, None]  # (m, k)
    q = lines.q[guide.pair[trials.pair[which]], line]
    parameters = trials.parameters[which]
    trials.parameters[which] = parameters + column * (q - (row * parameters).sum(1))[:, None]
    along[m, at] -= 1.0
    trials.inverse[which] = inverse - column[:, :, None] * along[:, None, :]
    trials.line[which, at], trials.label[which, at], free[which, at] = line, label, False


def _scored(trials: Trials, guide: Guide, windows: Windows, least: Tensor) -> Trials:
    """Score trials and return those that are better than *least* (p,) of their pair."""
    metric = metrics(guide, trials)
    trials, metric = _lattices(trials, metric, guide.least_determinant[trials.pair])
    pair = guide.pair[trials.pair]
    rows = rows_of(metric, guide.code[trials.pair], windows.q_max[pair], windows.odds.shape[2] - 1)
    n = rows.n_reflections
    hopeful = (n > 0) & (windows.best_odds[pair, n.clamp(min=0)] > least[trials.pair])
    met = lines_met(rows.of(hopeful), pair, windows)
    trials.score[:] = windows.odds[pair, met.sum(1), n.clamp(min=0)] * hopeful
    better = trials.score > least[trials.pair]
    volume = (determinant(*metric[better].unbind(1)).log() / SAME_VOLUME).floor().long() & ((1 << _VOLUME_BITS) - 1)
    mask = (met[better].long() << torch.arange(met.shape[1], device=met.device)).sum(1)
    trials = trials.of(better)
    return replace(trials, mark=((trials.pair << _MASK_BITS | mask) << _VOLUME_BITS) | volume)


def lines_met(rows: Rows, lists: Tensor, windows: Windows) -> Tensor:
    """Which lines (n, L) of its list (n,) each lattice meets, of those whose rows are given."""
    n, width = len(lists), windows.odds.shape[1]
    # as place on the grid of the windows, row by row, so that the reflections need not be told whose they are
    scale = windows.bins_per_q[lists[rows.lattice]]
    row, _, grid = positions(replace(rows, rest=rows.rest * scale, slope=rows.slope * scale, curve=rows.curve * scale))
    line = windows.table[windows.start(lists[rows.lattice])[row] + grid.long()]
    met = torch.zeros(n * width, dtype=torch.bool, device=lists.device)
    met[(rows.lattice * width)[row] + line] = True
    return met.view(n, width)[:, 1:]


def _lattices(trials: Trials, metric: Tensor, least_determinant: Tensor) -> tuple[Trials, Tensor]:
    """Those trials whose metric (t, 6) is that of a lattice, and neither too flat nor too large."""
    a, b, c, d, e, f = metric.unbind(1)
    good = (a > 0.0) & (b > 0.0) & (c > 0.0) & (determinant(a, b, c, d, e, f) > least_determinant)
    good &= (4.0 * b * c > FLAT * d * d) & (4.0 * a * c > FLAT * e * e) & (4.0 * a * b > FLAT * f * f)
    return trials.of(good), metric[good]
