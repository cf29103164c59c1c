from __future__ import annotations

import numpy as np
import pytest
import torch

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES, metric_subspace
from hybrid_index.neural.batched.lists import Lines, Windows
from hybrid_index.neural.batched.random_numbers import key_of
from hybrid_index.neural.batched.trials import Guide, Trials, guided_trials, metrics
from hybrid_index.neural.guided import FEWEST_PARENTS
from hybrid_index.neural.proposer import CHANGED, first_orders
from hybrid_index.refine.hkl import fill_reflections
from hybrid_index.search.pool import Prepared, solved
from hybrid_index.units import FloatArray
from tests.neural.test_guided import true_rows
from tests.synthetic import TYPICAL, B, is_lattice, line_list

CPU = torch.device("cpu")
LIMITS = Settings()


def guide_of(lattice: B, rows: FloatArray, labels: FloatArray, *, pairs: list[int], n_trials: int, seed: int) -> Guide:
    """A guide for pairs of one lattice, each with one reading, labels (n, K), and lines that are equally welcome."""
    p, (n, _) = len(pairs), labels.shape
    one = torch.ones(p, dtype=torch.float64)
    return Guide(
        pair=torch.tensor(pairs),
        code=torch.full((p,), lattice.code),
        stream=key_of(torch.tensor(seed), torch.full((p,), lattice.code)),
        n_trials=torch.full((p,), n_trials),
        least_determinant=one * (LIMITS.max_volume_angstrom3 * lattice.lattice_points) ** -2,
        rows=torch.from_numpy(rows),
        subspace=torch.from_numpy(metric_subspace(lattice)),
        axes=torch.from_numpy(first_orders(rows)),
        reading_running=one[:, None],
        reading=torch.arange(p)[:, None],
        line_running=torch.arange(1.0, n + 1.0, dtype=torch.float64).repeat(p, 1),
        label_running=torch.from_numpy(np.cumsum(labels, axis=1)).repeat(p, 1, 1),
    )


def blurred(n: int, right: float) -> FloatArray:
    """Labels of which each line's own has this probability."""
    return np.where(np.eye(n) > 0.0, right, (1.0 - right) / (n - 1))


def run(
    guide: Guide, ready: list[Prepared], *, capacity: int = 20, changed: float = CHANGED, at_once: int = 999
) -> Trials:
    return guided_trials(
        guide, Lines.from_lists([one.lines for one in ready], CPU), Windows.from_prepared(ready, CPU),
        capacity=capacity, changed=changed, layered=0.1, at_once=at_once,
    )  # fmt: skip


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES, ids=lambda lattice: lattice.value)
def test_scores_are_those_of_the_kernel(lattice: B) -> None:
    peaks = line_list(TYPICAL[lattice], lattice, n_lines=20)
    rows, ready = true_rows(TYPICAL[lattice], lattice, peaks), Prepared.from_peaks(peaks, LIMITS)
    guide = guide_of(lattice, rows, blurred(len(rows), 0.3), pairs=[0], n_trials=300, seed=1)
    trials = run(guide, [ready])
    assert len(trials) > (1 if len(guide.subspace.T) < 3 else 5)
    windows, most = ready.windows, ready.odds.shape[1] - 1
    hkl, q = np.empty((most, 3), dtype=np.int32), np.empty(most)
    for metric, score in zip(metrics(guide, trials).numpy(), trials.score.tolist(), strict=True):
        n = fill_reflections(metric, lattice.code, windows.q_max, hkl, q)
        met = set(windows.table[(q[:n] * windows.bins_per_q).astype(int)]) - {0}
        assert score == ready.odds[len(met), n]
    # what is kept of a trial solves its equations, and the inverse is theirs
    equations = guide.rows[trials.label.T]
    at_lines = torch.from_numpy(windows.q)[trials.line]
    torch.testing.assert_close((equations @ trials.parameters.T[:, :, None])[:, :, 0].T, at_lines)
    identity = torch.eye(len(trials.parameters), dtype=torch.float64).expand(len(trials), -1, -1)
    torch.testing.assert_close(equations @ trials.inverse.permute(2, 0, 1), identity, atol=1e-9, rtol=0.0)
    assert bool((trials.score.diff() <= 0.0).all())


def test_changes_mend_labels_one_by_one() -> None:
    cell, lattice = TYPICAL[B.AP], B.AP
    peaks = line_list(cell, lattice, n_lines=20)
    rows, ready = true_rows(cell, lattice, peaks), Prepared.from_peaks(peaks, LIMITS)

    def found(seed: int, changed: float) -> bool:
        guide = guide_of(lattice, rows, blurred(len(rows), 0.15), pairs=[0], n_trials=2000, seed=seed)
        metric = metrics(guide, run(guide, [ready], capacity=30, changed=changed)).numpy()
        codes = np.full(len(metric), lattice.code)
        first = next(solved(np.ascontiguousarray(metric), codes, ready.lines, LIMITS, source="test", most=1), None)
        return first is not None and is_lattice(first, cell, lattice)

    assert sum(found(seed, CHANGED) for seed in range(6)) >= 5
    assert sum(found(seed, 0.0) for seed in range(6)) <= 3


def test_trials_do_not_hang_on_the_company() -> None:
    lattice = B.MP
    lists = [line_list(TYPICAL[lattice], lattice, n_lines=n) for n in (20, 14, 17)]
    rows, ready = true_rows(TYPICAL[lattice], lattice, lists[0]), [Prepared.from_peaks(p, LIMITS) for p in lists]
    labels = blurred(len(rows), 0.4)
    together = guide_of(lattice, rows, labels, pairs=[0, 1, 2], n_trials=700, seed=3)
    some = run(together, ready, at_once=64)
    for i in range(3):
        alone = guide_of(lattice, rows, labels, pairs=[i], n_trials=700, seed=3)
        expected, mine = run(alone, ready), some.of((some.pair == i).nonzero()[:, 0])
        assert len(mine) == len(expected) > FEWEST_PARENTS
        torch.testing.assert_close(mine.number, expected.number)
        torch.testing.assert_close(mine.parameters, expected.parameters, rtol=1e-12, atol=0.0)
    other = run(guide_of(lattice, rows, labels, pairs=[0], n_trials=700, seed=4), ready)
    assert other.number.tolist() != some.of((some.pair == 0).nonzero()[:, 0]).number.tolist()
