"""Guided trials (:mod:`hybrid_index.neural.guided`) of many lists, each under several lattices, at once.

Trials come in generations: those of one are drawn side by side, and change equations of the best trials of all
generations before. One by one a good trial can be changed at once, so the first generations are small. Random numbers
are by counting, and each trial has its own.

Equations are exchanged one at a time. To begin with the parameters θ of a trial are 0, each by an equation of its own
that may go; with the inverse X of the matrix of all equations a new one, row · θ = Q, that takes the place of number j
moves θ along column j of X. A changed trial starts with the equations of its parent, one of which may go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_ATTEMPTS = 3
"""A trial is given up after so many draws for each equation; one in fifty is."""
_MASK_BITS, _VOLUME_BITS = 32, 14
_CHANGED, _CHOSEN, _DROPPED, _LINE, _AXIS, _DRAWN = range(6)
"""Which of a trial's random numbers says whether it changes another; which one, or which reading; which equation goes,
or whether a layer is supposed; its line, and its axis. Then come lines and labels by turns."""


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
    """Trials (t,) with k parameters; the last axis is that of the trials, so that all arithmetic is on long rows.

    ``pair``, ``number``, ``reading`` (t,) whose they are, as in a :class:`Guide`; ``parameters`` (k, t); ``inverse``
    (k, k, t) of the matrix of the equations; ``line``, ``label``, ``free`` (k, t) of each equation, and whether it may
    go; ``score`` (t,) odds against chance in nats; ``mark`` (t,) one for lattices of a pair that meet the same lines
    with the same volume.
    """

    pair: Tensor
    number: Tensor
    reading: Tensor
    parameters: Tensor
    inverse: Tensor
    line: Tensor
    label: Tensor
    free: Tensor
    score: Tensor
    mark: Tensor

    def __len__(self) -> int:
        return len(self.pair)

    def of(self, rows: Tensor) -> Trials:
        """Some of the trials, by their places."""
        return Trials(*(getattr(self, field.name).index_select(-1, rows) for field in fields(self)))

    @staticmethod
    def together(parts: Sequence[Trials]) -> Trials:
        """The trials of all parts."""
        return Trials(*(torch.cat([getattr(t, field.name) for t in parts], dim=-1) for field in fields(Trials)))


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
    nothing = guide.pair[:0]
    kept = _best(_fresh(guide, nothing, nothing), len(guide.pair), capacity)
    for pair, number in _generations(guide.n_trials):
        good = []
        for start in range(0, len(pair), at_once):
            some = slice(start, start + at_once)
            drawn = _drawn(guide, lines, kept, pair[some], number[some], changed, layered)
            good.append(_scored(drawn, guide, windows, kept.least))
        new = Trials.together(good) if good else kept.trials.of(nothing)
        kept = _best(Trials.together([kept.trials, new.of(new.number.argsort())]), len(guide.pair), capacity)
    return kept.trials


def metrics(guide: Guide, trials: Trials) -> Tensor:
    """Reciprocal metrics (t, 6) of trials, Å⁻²."""
    return (guide.subspace @ trials.parameters).T


def _generations(n_trials: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs and numbers of the trials of each generation, for so many trials (p,) of each pair."""
    done = torch.zeros_like(n_trials)
    for generation in range(1, GENERATIONS + 1):
        until = (n_trials * (generation / GENERATIONS) ** _GROWTH).round().long()
        pair, number = expanded(until - done)
        yield pair, number + done[pair]
        done = until


def _best(trials: Trials, n_pairs: int, capacity: int) -> _Kept:
    chosen, _ = best_distinct(trials.pair, trials.mark, trials.score, capacity)
    best = trials.of(chosen)
    size = torch.bincount(best.pair, minlength=n_pairs)
    end = size.cumsum(0)
    full = size == capacity
    least = torch.zeros(n_pairs, dtype=torch.float64, device=size.device)
    least[full] = best.score[end[full] - 1]
    return _Kept(best, end - size, size, least)


def _fresh(guide: Guide, pair: Tensor, number: Tensor) -> Trials:
    """Trials (t,) that nothing is known of but their reading."""
    t, k, n_readings = len(pair), guide.rows.shape[1], guide.reading_running.shape[1]
    chosen = uniform(key_of(guide.stream[pair], number), _CHOSEN)
    at = pair * n_readings
    at += place(guide.reading_running.flatten(), at, n_readings, chosen)
    return Trials(
        pair, number, guide.reading.flatten()[at], guide.rows.new_zeros(k, t),
        torch.eye(k, dtype=torch.float64, device=pair.device)[:, :, None].expand(k, k, t),
        pair.new_full((k, t), -1), pair.new_zeros(k, t), torch.ones(k, t, dtype=torch.bool, device=pair.device),
        guide.rows.new_zeros(t), pair.new_zeros(t),
    )  # fmt: skip


def _heirs(guide: Guide, kept: _Kept, pair: Tensor, number: Tensor) -> Trials:
    """Trials (t,) that have all equations of an earlier one, one of which may go."""
    k, stream = guide.rows.shape[1], key_of(guide.stream[pair], number)
    trials = kept.trials.of(kept.start[pair] + (uniform(stream, _CHOSEN) * kept.size[pair]).long())
    free = (uniform(stream, _DROPPED) * k).long() == torch.arange(k, device=pair.device)[:, None]
    return replace(trials, number=number, free=free, line=trials.line.masked_fill(free, -1))


def _drawn(
    guide: Guide, lines: Lines, kept: _Kept, pair: Tensor, number: Tensor, changed: float, layered: float
) -> Trials:
    """Draw trials of these pairs and numbers (t,); those whose equations do not determine a lattice are left out."""
    k, (n, n_labels) = guide.rows.shape[1], guide.label_running.shape[1:]
    stream = key_of(guide.stream[pair], number)
    heir = (kept.size[pair] >= FEWEST_PARENTS) & (uniform(stream, _CHANGED) < changed)
    new, heir = (~heir).nonzero()[:, 0], heir.nonzero()[:, 0]
    trials = _fresh(guide, pair[new], number[new])
    if len(guide.axes):
        of_layers, stream = uniform(stream[new], _DROPPED) < layered, stream[new]
        line = (uniform(stream, _LINE) * lines.count[guide.pair[trials.pair]]).long()
        label = guide.axes[(uniform(stream, _AXIS) * len(guide.axes)).long()]
        trials = _exchanged(guide, lines, trials, of_layers, line, label)
    trials = Trials.together([trials, _heirs(guide, kept, pair[heir], number[heir])])
    done = []
    for attempt in range(_ATTEMPTS * k):
        stream = key_of(guide.stream[trials.pair], trials.number)
        x = uniform(stream, _DRAWN + 2 * attempt) * guide.line_running[trials.reading, -1]
        line = place(guide.line_running.flatten(), trials.reading * n, n, x)
        x = uniform(stream, _DRAWN + 2 * attempt + 1)
        label = place(guide.label_running.flatten(), (trials.reading * n + line) * n_labels, n_labels, x)
        wanted = trials.free.any(0) & (trials.line != line).all(0)
        trials = _exchanged(guide, lines, trials, wanted, line, label)
        closed = ~trials.free.any(0)
        if 2 * int(closed.sum()) >= len(trials):
            done.append(trials.of(closed.nonzero()[:, 0]))
            trials = trials.of((~closed).nonzero()[:, 0])
        if not len(trials):
            break
    closed = ~trials.free.any(0)
    return Trials.together([*done, trials.of(closed.nonzero()[:, 0])])


def _exchanged(guide: Guide, lines: Lines, trials: Trials, wanted: Tensor, line: Tensor, label: Tensor) -> Trials:
    """Give the trials that want it (t,) the equation of a line and a label, in the place of one that may go.

    The one that goes is that whose column the new equation changes most; none, if the new one depends on the others.
    """
    inverse, parameters = trials.inverse, trials.parameters
    row = guide.rows.T[:, label]  # (k, t)
    along = (row[:, None] * inverse).sum(0)  # (k, t): how the new equation changes along each column
    strength = (along**2 / (inverse**2).sum(0)).masked_fill(~trials.free, -1.0)
    best, at = strength.max(0)
    good = wanted & (best >= DEPENDENT * (row**2).sum(0))
    chosen = good & (at == torch.arange(len(row), device=at.device)[:, None])  # (k, t)
    column = inverse.gather(1, at.expand(len(row), 1, -1))[:, 0] / along.gather(0, at[None])
    column = column.masked_fill(~good, 0.0)  # (k, t)
    missing = lines.q[guide.pair[trials.pair], line] - (row * parameters).sum(0)
    return replace(
        trials,
        parameters=parameters + column * missing,
        inverse=inverse - column[:, None] * (along - chosen.double()),
        line=torch.where(chosen, line, trials.line),
        label=torch.where(chosen, label, trials.label),
        free=trials.free & ~chosen,
    )


def _scored(trials: Trials, guide: Guide, windows: Windows, least: Tensor) -> Trials:
    """Score trials and return those that are better than *least* (p,) of their pair."""
    metric = metrics(guide, trials)
    trials, metric = _lattices(trials, metric, guide.least_determinant[trials.pair])
    pair = guide.pair[trials.pair]
    rows = rows_of(metric, guide.code[trials.pair], windows.q_max[pair], windows.odds.shape[2] - 1)
    n = rows.n_reflections
    hopeful = (n > 0) & (windows.best_odds[pair, n.clamp(min=0)] > least[trials.pair])
    met = lines_met(rows.of(hopeful), pair, windows)
    score = windows.odds[pair, met.sum(1), n.clamp(min=0)] * hopeful
    better = (score > least[trials.pair]).nonzero()[:, 0]
    volume = (determinant(*metric[better].unbind(1)).log() / SAME_VOLUME).floor().long() & ((1 << _VOLUME_BITS) - 1)
    mask = (met[better].long() << torch.arange(met.shape[1], device=met.device)).sum(1)
    trials = trials.of(better)
    mark = ((trials.pair << _MASK_BITS | mask) << _VOLUME_BITS) | volume
    return replace(trials, score=score[better], mark=mark)


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
    places = good.nonzero()[:, 0]
    return trials.of(places), metric.T.index_select(1, places).T
