from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from hybrid_index import index
from hybrid_index.config import Settings
from hybrid_index.lattice import Cell
from hybrid_index.neural.batched import propose_many
from hybrid_index.neural.weights import packaged_network
from hybrid_index.types import Candidate, PeakList
from tests.synthetic import CU, TYPICAL, B, is_lattice, line_list

pytestmark = pytest.mark.skipif(packaged_network() is None, reason="the weights of the networks are not installed")
FEW: Any = {"n_trials": 6000, "capacity": 40}
LATTICES = (B.CF, B.TP, B.HR, B.OP, B.MP, B.AP)


def some_lists() -> list[PeakList]:
    rng = np.random.default_rng(2)
    return [line_list(TYPICAL[b], b, noise=rng, esd_deg=0.01, zero_shift_deg=0.05) for b in LATTICES]


def assert_alike(some: Sequence[list[Candidate]], others: Sequence[list[Candidate]]) -> None:
    """Whether the best candidates of lists are the same: the rounding of a sum may let a late draw fall otherwise."""
    for one, other in zip(some, others, strict=True):
        assert one[0].score == pytest.approx(other[0].score, abs=1e-3)
        assert sum(any(is_same(c, x) for x in other) for c in one[:5]) >= min(4, len(one))


def is_same(one: Candidate, other: Candidate) -> bool:
    alike = np.allclose(one.metric, other.metric, rtol=1e-5, atol=1e-7)
    return one.bravais_lattice is other.bravais_lattice and alike and abs(one.score - other.score) < 1e-3


def test_true_lattices_are_among_the_candidates() -> None:
    found = propose_many(some_lists(), Settings(), device="cpu", **FEW)
    for candidates, lattice in zip(found, LATTICES, strict=True):
        assert 0 < len(candidates) <= 64
        assert any(is_lattice(c, TYPICAL[lattice], lattice) for c in candidates), lattice
        assert [c.score for c in candidates] == sorted((c.score for c in candidates), reverse=True)
        best = next(c for c in candidates if is_lattice(c, TYPICAL[lattice], lattice))
        assert best.zero_shift_deg == pytest.approx(0.05, abs=0.04)


def test_neither_company_nor_batches_matter() -> None:
    lists = some_lists()
    together = propose_many(lists, Settings(), device="cpu", **FEW)
    assert_alike(propose_many(lists[::-1], Settings(), device="cpu", **FEW)[::-1], together)
    assert_alike(propose_many(lists, Settings(), device="cpu", batch=4, **FEW), together)


def test_lists_that_are_out_of_range_do_not_break_a_batch() -> None:
    good = line_list(TYPICAL[B.TP], B.TP)
    five = PeakList.from_positions([20.0, 25.0, 31.0, 36.0, 40.0], radiation=CU)
    three = PeakList.from_positions([20.0, 25.0, 31.0], radiation=CU)
    none = PeakList.from_positions([], radiation=CU)
    low = PeakList.from_positions([0.051, 0.06, 0.07, 0.08, 0.09, 0.1], radiation=CU)
    small, large = Cell(a=2.4, b=2.4, c=2.4), Cell(a=31.0, b=31.0, c=31.0)
    odd = [none, five, three, low, line_list(small, B.CP, n_lines=5), line_list(large, B.CP), good]
    found = propose_many(odd, Settings(), device="cpu", **FEW)
    assert_alike(found[-1:], propose_many([good], Settings(), device="cpu", **FEW))
    assert found[0] == found[2] == []
    assert propose_many([], Settings(), device="cpu") == []


def test_limits_are_kept() -> None:
    lists = some_lists()
    settings = Settings(systems=("monoclinic", "triclinic"), max_volume_angstrom3=300.0, max_edge_angstrom=9.0)
    found = [c for candidates in propose_many(lists, settings, device="cpu", **FEW) for c in candidates]
    assert {c.bravais_lattice.crystal_system for c in found} == {"monoclinic", "triclinic"}
    cells = [Cell.from_metric(c.metric) for c in found]
    assert max(max(cell.parameters[:3]) for cell in cells) <= 9.0 + 1e-9
    assert max(c.volume / x.bravais_lattice.lattice_points for c, x in zip(cells, found, strict=True)) <= 300.0 + 1e-6


def test_fixed_shifts_are_those_of_the_candidates() -> None:
    peaks = line_list(TYPICAL[B.OP], B.OP, zero_shift_deg=0.2)
    (right,) = propose_many([peaks], Settings(fix_zero_shift_deg=0.2), device="cpu", **FEW)
    (wrong,) = propose_many([peaks], Settings(fix_zero_shift_deg=-0.3), device="cpu", **FEW)
    assert any(is_lattice(c, TYPICAL[B.OP], B.OP, tolerance=0.002) for c in right)
    assert not any(is_lattice(c, TYPICAL[B.OP], B.OP, tolerance=0.002) for c in wrong)
    assert {c.zero_shift_deg for c in right} == {0.0}  # beyond what is fixed


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_gives_the_same_answers() -> None:
    lists = some_lists()
    here, there = (propose_many(lists, Settings(), device=device, **FEW) for device in ("cpu", "cuda"))
    assert_alike(there, here)


def test_searches_begin_with_what_was_proposed() -> None:
    lists = [line_list(TYPICAL[b], b, esd_deg=0.01, zero_shift_deg=0.05) for b in (B.OP, B.AP)]
    for peaks, proposed, b in zip(lists, propose_many(lists, Settings(), **FEW), (B.OP, B.AP), strict=True):
        told: list[str] = []
        result = index(peaks, proposed=proposed, progress=told.append)
        assert is_lattice(result.solutions[0].refinement.candidate, TYPICAL[b], b)
        assert result.status == "solved"
        assert not any(text.startswith("searching") for text in told)


def test_nothing_of_it_is_loaded_by_a_search() -> None:
    program = "import sys, hybrid_index.pipeline, hybrid_index.engines; print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
