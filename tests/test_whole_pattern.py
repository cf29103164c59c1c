"""Whole patterns in the ranking: when they are asked, what they change, and what they leave alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.pipeline import index
from hybrid_index.types import Candidate, IndexingResult, Pattern, PeakList, Solution
from hybrid_index.whole_pattern import change_of_order, fit_solution, is_called_for, settled

MakeResult = Callable[..., IndexingResult]


@pytest.fixture
def rivals(make_result: MakeResult) -> tuple[Solution, ...]:
    """The true cell behind one that is twice as large and explains the same lines."""
    true = make_result().solutions[0]
    cell = Cell(a=2.0 * true.refinement.cell.a, b=true.refinement.cell.b, c=true.refinement.cell.c)
    refinement = true.refinement
    large = type(refinement)(
        candidate=Candidate(bravais_lattice=BravaisLattice.OP, metric=cell.metric, source="test"),
        cell=cell,
        cell_esd=refinement.cell_esd,
        shift=refinement.shift,
        assignment=refinement.assignment,
        merit=refinement.merit,
    )
    return (
        true.replace(rank=1, refinement=large, probability=0.5),
        true.replace(rank=2, probability=0.4),
        true.replace(rank=3, probability=0.001),
    )


def test_a_larger_cell_that_explains_nothing_more_steps_back(
    pattern: Pattern, peaks: PeakList, rivals: tuple[Solution, ...]
) -> None:
    after = settled(pattern, peaks, rivals, Settings())
    assert [s.rank for s in after] == [1, 2, 3]
    assert [s.refinement for s in after] == [rivals[1].refinement, rivals[0].refinement, rivals[2].refinement]
    assert sum(s.probability for s in after) == pytest.approx(sum(s.probability for s in rivals))
    first, second = (s.whole_pattern for s in after[:2])
    assert first.bits == 0.0
    assert second.bits < -10.0
    assert first.n_foreign == second.n_foreign == 1
    assert second.n_reflections > 1.8 * first.n_reflections
    assert first.two_theta_range_deg == second.two_theta_range_deg
    assert first.r_wp > first.r_exp
    assert after[2] is not rivals[2]
    assert after[2].whole_pattern is None
    assert after[2].probability == rivals[2].probability
    (sentence,) = change_of_order(rivals, after)
    assert "put this cell in place 2" in sentence
    assert f"{100.0 * first.r_wp:.1f} %" in sentence
    assert change_of_order(after, after) == []


def test_when_whole_patterns_are_asked(rivals: tuple[Solution, ...]) -> None:
    sure = (rivals[0].replace(probability=0.96), *rivals[1:])
    assert is_called_for(rivals, Settings())
    assert not is_called_for(sure, Settings())
    assert not is_called_for(rivals[:1], Settings())
    assert is_called_for(sure[:1], Settings(lebail="always"))
    assert not is_called_for((), Settings(lebail="always"))
    assert not is_called_for(rivals, Settings(lebail="never"))


def test_what_cannot_be_fitted_is_ranked_by_its_lines(
    pattern: Pattern, peaks: PeakList, rivals: tuple[Solution, ...]
) -> None:
    assert settled(pattern.between(10.0, 10.4), peaks, rivals, Settings()) == rivals


def test_fit_of_a_solution_draws_the_foreign_line(pattern: Pattern, peaks: PeakList, make_result: MakeResult) -> None:
    fit = fit_solution(pattern.replace(radiation=None), make_result().solutions[0].refinement, peaks)
    assert fit.foreign.two_theta_deg == pytest.approx([28.912])
    assert fit.two_theta_deg[-1] == pytest.approx(49.98)
    assert fit.r_wp < 1.1 * fit.r_exp
    assert fit.r_wp < fit.r_wp_of_cell


def test_index_says_what_it_fitted(pattern: Pattern) -> None:
    settings = Settings(budget_s=20.0, lebail="always")
    result = index(pattern, settings=settings)
    assert result.best.whole_pattern.bits == 0.0
    assert result.timing_s["whole_pattern"] > 0.0
    assert result.settings["lebail"] == "always"
    bare = index(pattern, settings=Settings(budget_s=20.0, lebail="never"))
    assert all(s.whole_pattern is None for s in bare.solutions)
    assert bare.best.refinement.cell == result.best.refinement.cell


def test_lines_may_come_with_their_pattern(pattern: Pattern, peaks: PeakList) -> None:
    settings = Settings(budget_s=20.0, lebail="always")
    assert index(peaks, settings=settings).best.whole_pattern is None
    assert index(peaks, settings=settings, pattern=pattern).best.whole_pattern is not None


def test_unknown_setting() -> None:
    with pytest.raises(InputError, match=r"'sometimes' is not known; choose from auto, always, never"):
        Settings(lebail="sometimes")  # type: ignore[arg-type]
    assert Settings.from_mapping({"lebail": "never"}).lebail == "never"
    with pytest.raises(InputError, match="should be of type"):
        Settings.from_mapping({"lebail": 1})


def test_part_of_a_pattern(pattern: Pattern) -> None:
    part = pattern.between(19.99, None)
    assert part.two_theta_deg[0] == pytest.approx(20.0)
    assert part.two_theta_deg[-1] == pattern.two_theta_deg[-1]
    assert np.array_equal(part.intensity, pattern.intensity[-part.intensity.size :])
    assert pattern.between(None, None) is pattern
