from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.lattice import Cell
from hybrid_index.simulate import CONDITIONS, Condition, Lines, Site, Structure, draw_peak_list, observable_lines
from hybrid_index.units import parse_radiation, shift_two_theta

CU = parse_radiation("CuKa1")


@pytest.fixture(scope="module")
def lines(anglesite: Structure) -> Lines:
    return observable_lines(anglesite, CU)


def test_the_four_conditions() -> None:
    assert list(CONDITIONS) == ["clean", "lab", "impure", "hard"]
    assert [c.sigma_deg for c in CONDITIONS.values()] == [0.005, 0.015, 0.015, 0.02]
    assert [c.zero_limit_deg for c in CONDITIONS.values()] == [0.0, 0.05, 0.05, 0.3]
    assert [c.n_missing for c in CONDITIONS.values()] == [0, 2, 2, 4]
    assert [c.n_foreign for c in CONDITIONS.values()] == [0, 0, 2, 2]


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_lists_are_repeatable_and_within_limits(lines: Lines, name: str) -> None:
    condition = CONDITIONS[name]
    for seed in range(20):
        drawn, again = (draw_peak_list(lines, condition, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(drawn.peaks.two_theta_deg, again.peaks.two_theta_deg)
        assert abs(drawn.zero_shift_deg) <= condition.zero_limit_deg
        assert abs(drawn.displacement_mm) <= condition.displacement_limit_mm
        assert drawn.foreign.sum() <= condition.n_foreign
        assert 10 < len(drawn.peaks) <= 60
        assert len(drawn.hkl) == len(drawn.peaks)


@pytest.mark.parametrize("name", list(CONDITIONS))
def test_positions_are_true_ones_shifted_with_noise(lines: Lines, name: str) -> None:
    condition = CONDITIONS[name]
    error = []
    for seed in range(30):
        drawn = draw_peak_list(lines, condition, np.random.default_rng(seed))
        expected = shift_two_theta(
            lines.two_theta_deg, zero_shift_deg=drawn.zero_shift_deg, displacement_mm=drawn.displacement_mm
        )
        own = ~drawn.foreign
        # Some lines are merged: the hkl of the strongest tells where they come from.
        where = [np.flatnonzero((lines.hkl == hkl).all(axis=1))[0] for hkl in drawn.hkl[own]]
        error.append(drawn.peaks.two_theta_deg[own] - expected[where])
    spread = np.concatenate(error)
    assert abs(np.median(spread)) < 3e-3
    assert 1.4826 * np.median(np.abs(spread)) == pytest.approx(condition.sigma_deg, rel=0.35)


def test_lines_go_missing_among_the_first_twenty(lines: Lines) -> None:
    nothing = Condition(name="none", sigma_deg=1e-9)
    four = Condition(name="four", sigma_deg=1e-9, n_missing=4)
    full = draw_peak_list(lines, nothing, np.random.default_rng(0), max_lines=30)
    rest = draw_peak_list(lines, four, np.random.default_rng(0), max_lines=26)
    gone = ~np.any(np.isclose(full.peaks.two_theta_deg[:, None], rest.peaks.two_theta_deg, atol=1e-6), axis=1)
    assert gone.sum() == 4
    assert np.flatnonzero(gone).max() < 20


def test_near_lines_merge_at_their_centre_of_gravity() -> None:
    pair = Lines.from_positions([10, 20, 30, 30.03, 40, 50], [10, 20, 30, 90, 40, 1], radiation=CU)
    drawn = draw_peak_list(pair, Condition(name="x", sigma_deg=1e-9, weakest=0.02), np.random.default_rng(0))
    assert drawn.peaks.two_theta_deg == pytest.approx([10, 20, 30.0225, 40], abs=1e-6)
    assert drawn.peaks.intensity == pytest.approx([10, 20, 120, 40])


def test_a_small_cell_is_measured_further(rock_salt: Structure) -> None:
    small = Structure.from_sites(Cell(a=3.6, b=3.6, c=3.6), "F m -3 m", [Site(element="Cu", xyz=(0.0, 0.0, 0.0))])
    assert observable_lines(small, CU).two_theta_deg.max() > 130.0
    assert observable_lines(rock_salt, CU).two_theta_deg.max() > 80.0


def test_a_large_cell_is_measured_no_further_than_needed() -> None:
    rng = np.random.default_rng(3)
    sites = [Site(element="C", xyz=tuple(rng.uniform(0, 1, 3).tolist()), u_iso=0.05) for _ in range(40)]
    large = Structure.from_sites(Cell(a=15.0, b=17.0, c=19.0, alpha=80.0, beta=85.0, gamma=75.0), "P -1", sites)
    lines = observable_lines(large, CU)
    assert 120 <= len(lines) < 2000
    assert lines.two_theta_deg.min() >= 5.0
    assert lines.two_theta_deg.max() < 80.0


def test_nothing_to_draw_is_refused() -> None:
    empty = Lines.from_positions([], [], radiation=CU)
    with pytest.raises(InputError, match="no line is left"):
        draw_peak_list(empty, CONDITIONS["hard"], np.random.default_rng(0))
