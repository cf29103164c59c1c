from __future__ import annotations

import numpy as np
import pytest
import torch

from hybrid_index.config import Settings
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.batched.lists import Lines
from hybrid_index.neural.batched.solve import assign_solve
from hybrid_index.refine.assign import FAILED
from hybrid_index.refine.solving import solve_some
from hybrid_index.search.pool import Prepared
from tests.synthetic import line_list, random_cell, strained

STARTS = 30


@pytest.mark.parametrize(
    "settings",
    [Settings(), Settings(fix_zero_shift_deg=0.02), Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0)],
    ids=["both shifts", "displacement", "no shift"],
)
def test_the_same_as_one_by_one(settings: Settings) -> None:
    rng = np.random.default_rng(5)
    ready, metrics, codes, owners = [], [], [], []
    for lattice in BRAVAIS_LATTICES:
        for volume in (100.0, 900.0):
            cell = random_cell(lattice, rng, volume=volume)
            # of fewer lines some give all that are assigned to one plane, and the rest to rounding
            n_lines = int(rng.integers(14, 22))
            peaks = line_list(cell, lattice, n_lines=n_lines, noise=rng, zero_shift_deg=0.02, foreign_deg=[20.3, 31.1])
            ready.append(Prepared.from_peaks(peaks, settings).lines)
            for i in range(STARTS):
                metrics.append(strained(cell, lattice, rng, share=0.02 if i % 2 else 0.002).metric)
                codes.append(lattice.code)
                owners.append(len(ready) - 1)
    metric, code, owner = np.array(metrics), np.array(codes), np.array(owners)
    expected, out = metric.copy(), np.zeros((len(metric), 4 + len(ready[0].free_shifts)))
    for i, lines in enumerate(ready):
        mine = slice(i * STARTS, (i + 1) * STARTS)
        solve_some(expected[mine], code[mine], out[mine], lines, n_lines=len(lines), weigh_classes=False)

    found = assign_solve(
        torch.from_numpy(metric), torch.from_numpy(code), Lines.from_lists(ready, torch.device("cpu")),
        torch.from_numpy(owner), at_once=300,
    )  # fmt: skip
    solved = out[:, 0] > FAILED
    assert 300 < solved.sum() < len(solved)
    np.testing.assert_array_equal(found.evidence.numpy() > FAILED, solved)
    # Where a fit puts a reflection on a line to the last bit, rounding decides which next line it is held against, too.
    same = solved & np.isclose(found.evidence.numpy(), out[:, 0], rtol=0.0, atol=1e-8)
    assert same.sum() >= 0.997 * solved.sum()
    np.testing.assert_allclose(found.metric.numpy()[same], expected[same], rtol=1e-10, atol=1e-14)
    np.testing.assert_array_equal(found.indexed.numpy()[same], out[same, 1])
    np.testing.assert_array_equal(found.possible.numpy()[same], out[same, 2])
    np.testing.assert_allclose(found.rms.numpy()[same], out[same, 3], atol=1e-8)
    np.testing.assert_allclose(found.shifts.numpy()[same], out[same, 4:], atol=1e-9)


def test_what_leads_nowhere_fails_alone() -> None:
    lattice = BRAVAIS_LATTICES[-1]
    rng = np.random.default_rng(1)
    cell = random_cell(lattice, rng)
    lines = Lines.from_lists([Prepared.from_peaks(line_list(cell, lattice), Settings()).lines], torch.device("cpu"))
    metric = torch.from_numpy(np.array([cell.metric, 1e-9 * cell.metric, 30.0 * cell.metric, -cell.metric]))
    found = assign_solve(metric, torch.full((4,), lattice.code), lines, torch.zeros(4, dtype=torch.int64), at_once=9)
    assert (found.evidence > FAILED).tolist() == [True, False, False, False]
    assert int(found.indexed[0]) == 20
