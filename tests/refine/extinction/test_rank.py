from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.peaks import find_peaks
from hybrid_index.refine.extinction import (
    RankedExtinction,
    extinction_symbols,
    fit_all_lines,
    rank_extinction_symbols,
)
from hybrid_index.refine.extinction.observed import LARGEST_CLUSTER, observe
from hybrid_index.refine.lebail import LeBailFit
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation, two_theta_from_q

FitOf = Callable[..., LeBailFit]
B = BravaisLattice
CELLS = {
    B.MP: Cell(a=7.12, b=8.36, c=5.93, beta=103.4),
    B.OP: Cell(a=5.398, b=6.959, c=8.482),
    B.TP: Cell(a=6.52, b=6.52, c=8.31),
    B.HP: Cell(a=6.51, b=6.51, c=7.33, gamma=120.0),
    B.CI: Cell(a=10.603, b=10.603, c=10.603),
}


def found(ranked: list[RankedExtinction], name: str) -> RankedExtinction:
    return next(entry for entry in ranked if entry.symbol.symbol == name)


@pytest.mark.parametrize(
    ("lattice", "name"),
    [
        (B.MP, "P 1 21/n 1"), (B.MP, "P 1 - 1"), (B.MP, "P 1 21 1"), (B.OP, "P - c n"), (B.OP, "P 21 21 21"),
        (B.TP, "P 42/n - -"), (B.TP, "P 41 21 -"), (B.HP, "P 63 - -"), (B.HP, "P - - c"), (B.CI, "I a - -"),
    ],
)  # fmt: skip
def test_true_symbol_of_a_good_pattern_comes_first(fit_of: FitOf, lattice: BravaisLattice, name: str) -> None:
    ranked = rank_extinction_symbols(fit_of(CELLS[lattice], name, lattice))
    assert ranked[0].symbol.symbol == name
    assert ranked[0].probability > 0.5
    assert ranked[0].n_violations == 0


def test_probabilities_sum_to_one_over_all_symbols(fit_of: FitOf) -> None:
    ranked = rank_extinction_symbols(fit_of(CELLS[B.OP], "P - c n", B.OP))
    assert len(ranked) == len(extinction_symbols(B.OP))
    assert sum(entry.probability for entry in ranked) == pytest.approx(1.0)
    assert [entry.probability for entry in ranked] == sorted((e.probability for e in ranked), reverse=True)
    assert max(entry.log_likelihood for entry in ranked) == 0.0


def test_lines_speak_for_and_against(fit_of: FitOf) -> None:
    ranked = rank_extinction_symbols(fit_of(CELLS[B.MP], "P 1 21/n 1", B.MP))
    assert ranked[0].n_clearly_absent > 0.5 * ranked[0].n_absent > 5
    other = found(ranked, "P 1 21/c 1")
    assert other.n_violations >= len(other.violations) > 3
    strongest = other.violations[0]
    h, k, l = strongest.hkl
    assert k == 0
    assert l % 2 == 1
    assert h % 2 == 1  # h + l even: there, though a c glide forbids it
    assert strongest.significance > 50.0
    q = CELLS[B.MP].metric @ np.array([h * h, k * k, l * l, k * l, h * l, h * k])
    expected = two_theta_from_q(q, parse_radiation("CuKa1").wavelength_angstrom)
    assert strongest.two_theta_deg == pytest.approx(float(expected), abs=0.02)
    significance = [violation.significance for violation in other.violations]
    assert significance == sorted(significance, reverse=True)


def test_a_foreign_line_on_an_absent_place_does_not_decide(fit_of: FitOf) -> None:
    """0.5 % of the strongest line, just where 1 0 0 would be."""
    wavelength = parse_radiation("CuKa1").wavelength_angstrom
    place = float(two_theta_from_q(CELLS[B.MP].metric[0], wavelength))
    ranked = rank_extinction_symbols(fit_of(CELLS[B.MP], "P 1 21/n 1", B.MP, foreign=((place, 0.005),)))
    assert ranked[0].symbol.symbol == "P 1 21/n 1"
    assert [violation.hkl for violation in ranked[0].violations] == [(1, 0, 0)]


def test_few_lines_leave_probabilities_near_those_of_known_structures(fit_of: FitOf) -> None:
    ranked = rank_extinction_symbols(fit_of(CELLS[B.HP], "P - - -", B.HP, end_deg=24.0))
    for entry in ranked:
        assert entry.probability < 20.0 * entry.symbol.weight
    assert ranked[0].probability < 0.995


def test_a_wrong_lattice_gives_an_answer_too(fit_of: FitOf) -> None:
    fit = fit_of(CELLS[B.OP], "P - c n", B.OP)
    pattern = Pattern(two_theta_deg=fit.two_theta_deg, intensity=fit.observed, radiation=fit.radiation)
    wrong = fit_all_lines(pattern, CELLS[B.TP], B.TP, peaks=find_peaks(pattern))
    ranked = rank_extinction_symbols(wrong)
    assert sum(entry.probability for entry in ranked) == pytest.approx(1.0)


def test_a_lattice_with_one_symbol_has_it_for_sure(fit_of: FitOf) -> None:
    cell = Cell(a=5.13, b=6.87, c=7.94, alpha=84.3, beta=97.6, gamma=103.9)
    (only,) = rank_extinction_symbols(fit_of(cell, "P -", B.AP, end_deg=40.0))
    assert only.probability == pytest.approx(1.0)
    assert [group.number for group in only.symbol.space_groups] == [2, 1]


def test_every_line_is_in_one_cluster_and_equal_spacings_are_one_line(fit_of: FitOf) -> None:
    observed = observe(fit_of(CELLS[B.CI], "I a - -", B.CI))
    lines = np.concatenate(observed.clusters)
    assert sorted(lines.tolist()) == list(range(observed.row.size))
    assert max(cluster.size for cluster in observed.clusters) <= LARGEST_CLUSTER
    q = (observed.reflections**2).sum(axis=1)
    members = [q[a:b] for a, b in zip(observed.first[:-1], observed.first[1:], strict=True)]
    assert all(np.unique(own).size == 1 for own in members if own.size)
    assert any(own.size > 1 for own in members)  # 330 and 411
    assert np.linalg.eigvalsh(observed.information).min() > -1e-6 * np.diag(observed.information).max()
