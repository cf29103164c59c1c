from __future__ import annotations

import pickle
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, standardize
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import CONDITIONS, Condition, LineLists, LineListSettings, Source, draw_line_lists
from hybrid_index.simulate.conditions import LADDER_DEG, MAX_LINES
from hybrid_index.simulate.crystal_statistics import CrystalStatistics, read_table
from hybrid_index.simulate.extinctions import default_classes
from hybrid_index.simulate.line_list_kernels import sort_by_q, wilson_strengths
from hybrid_index.simulate.line_list_spoiling import FOREIGN, lose_some, merge_near, workspace
from hybrid_index.units import q_from_two_theta, shift_two_theta, two_theta_from_q
from tests.synthetic import true_q

PLAIN = replace(
    LineListSettings.of_condition(Condition(name="plain", sigma_deg=1e-9, merge_deg=1e-6)),
    sources=(Source(wavelength_angstrom=(0.5, 2.0), share=1.0), Source(wavelength_angstrom=(1.2, 2.5), share=1.0)),
)
"""Nothing is shifted, merged, foreign or missing."""


@pytest.fixture(scope="module")
def lists() -> LineLists:
    return draw_line_lists(4000, seed=1)


@pytest.fixture(scope="module")
def plain() -> LineLists:
    return draw_line_lists(1500, seed=2, settings=PLAIN)


def test_a_list_is_the_same_in_any_batch_on_any_thread(lists: LineLists) -> None:
    for other, part in (
        (draw_line_lists(700, seed=1, threads=2), slice(0, 700)),
        (draw_line_lists(37, seed=1, start=901), slice(901, 938)),
    ):
        for field in fields(lists):
            assert np.array_equal(getattr(other, field.name), getattr(lists, field.name)[part]), field.name
    assert not np.array_equal(draw_line_lists(20, seed=2).metric, lists.metric[:20])


def test_true_lines_lie_where_their_indices_say(plain: LineLists) -> None:
    q = true_q(plain)
    listed = plain.listed
    assert np.abs(plain.q_obs - q)[listed].max() < 1e-7
    assert not plain.foreign.any()
    assert (np.diff(plain.two_theta_deg, axis=1)[listed[:, 1:]] > 0.0).all()


def test_positions_carry_the_shifts_and_errors_that_are_stated(lists: LineLists) -> None:
    own = lists.listed & ~lists.foreign
    q = true_q(lists)
    for i in range(300):
        here = own[i]
        expected = shift_two_theta(
            two_theta_from_q(q[i, here], lists.wavelength_angstrom[i]),
            zero_shift_deg=lists.zero_shift_deg[i],
            displacement_mm=lists.displacement_mm[i],
            radius_mm=lists.radius_mm[i],
        )
        off = lists.two_theta_deg[i, here] - expected
        # merged lines lie between their parts
        assert np.median(np.abs(off / lists.sigma_deg[i, here])) < 3.0
        assert np.abs(off).max() < 0.5


def test_errors_are_normal() -> None:
    settings = replace(PLAIN, sigma_deg=(0.01, 0.01), fade=(0.2, 0.2))
    drawn = draw_line_lists(300, seed=3, settings=settings)
    own = drawn.listed
    sigma = drawn.sigma_deg[own]
    assert sigma == pytest.approx(0.01 * drawn.intensity[own] ** -0.2, rel=1e-4)
    wavelength = np.broadcast_to(drawn.wavelength_angstrom[:, None], own.shape)[own]
    true = np.degrees(2.0 * np.arcsin(0.5 * wavelength * np.sqrt(true_q(drawn)[own])))
    scaled = (drawn.two_theta_deg[own] - true) / sigma
    assert scaled.mean() == pytest.approx(0.0, abs=0.03)
    assert scaled.std() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_labels_are_in_the_conventional_setting(lists: LineLists, lattice: BravaisLattice) -> None:
    for i in np.flatnonzero(lists.lattice == lattice.code)[:25]:
        assert lists.bravais_lattice(i) is lattice
        cell = Cell.from_metric(lists.metric[i])
        assert cell.parameters == pytest.approx(standardize(cell, lattice).parameters, rel=1e-6)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_lines_are_those_that_the_class_allows(plain: LineLists, lattice: BravaisLattice) -> None:
    classes = default_classes()
    for i in np.flatnonzero(plain.lattice == lattice.code)[:20]:
        number = int(plain.extinction_class[i])
        assert number in classes.of(lattice)
        own = plain.hkl[i, : plain.count[i]]
        allowed = enumerate_reflections(plain.metric[i], lattice, float(plain.q_obs[i].max()) * 1.0001).hkl
        assert {tuple(x) for x in own.tolist()} <= {tuple(x) for x in allowed.tolist()}
        assert not classes.absent(number, own).any()


def test_some_lattices_show_extinctions(plain: LineLists) -> None:
    assert (default_classes().n_tests[plain.extinction_class] > 0).mean() > 0.3


def test_everything_keeps_its_range(lists: LineLists) -> None:
    assert lists.count.min() >= 5
    assert lists.count.max() == MAX_LINES
    assert 0.2 < np.mean(lists.count == MAX_LINES) < 0.7
    assert np.abs(lists.zero_shift_deg).max() <= 0.5 < 1.1 * np.abs(lists.zero_shift_deg).max()
    assert np.abs(lists.displacement_mm).max() <= 0.2
    assert (lists.radius_mm >= 150.0).all()
    assert (lists.radius_mm <= 300.0).all()
    assert set(np.unique(lists.foreign.sum(axis=1))) == {0, 1, 2, 3, 4}
    assert np.isin(LADDER_DEG, lists.two_theta_limits_deg[:, 1]).all()
    assert lists.intensity.max() == 1.0
    copper = lists.wavelength_angstrom == 1.5405929
    assert copper.mean() == pytest.approx(0.65, abs=0.03)
    assert lists.neutron.mean() == pytest.approx(0.07, abs=0.02)
    end = np.where(lists.listed, lists.two_theta_deg, 0.0).max(axis=1)
    assert (end < lists.two_theta_limits_deg[:, 1] + 1.0).all()
    volume = np.array([Cell.from_metric(m).volume for m in lists.metric[:1000]])
    assert volume.min() > 19.99
    assert volume.min() < 100.0
    assert volume.max() > 8000.0


def test_padding_is_zero(lists: LineLists) -> None:
    for name in ("two_theta_deg", "intensity", "sigma_deg", "fwhm_deg", "foreign", "hkl"):
        assert not getattr(lists, name)[~lists.listed].any(), name
    assert (lists.fwhm_deg[lists.listed] > 0.01).all()
    assert (lists.hkl[lists.listed & ~lists.foreign] != 0).any(axis=1).all()
    assert not lists.hkl[lists.foreign].any()


def test_no_two_lines_are_nearer_than_is_resolved() -> None:
    settings = replace(PLAIN, merge_deg=(0.1, 0.1))
    drawn = draw_line_lists(400, seed=4, settings=settings)
    gaps = np.diff(drawn.two_theta_deg, axis=1)[drawn.listed[:, 1:]]
    assert gaps.min() >= 0.1 - 1e-6


def test_conditions_of_the_benchmark_can_be_had() -> None:
    for condition in CONDITIONS.values():
        drawn = draw_line_lists(200, seed=5, settings=LineListSettings.of_condition(condition))
        assert drawn.sigma_deg[drawn.listed] == pytest.approx(condition.sigma_deg)
        assert np.abs(drawn.zero_shift_deg).max() <= condition.zero_limit_deg
        assert drawn.foreign.sum(axis=1).max() <= condition.n_foreign
        assert (drawn.wavelength_angstrom == 1.5405929).all()
        assert set(drawn.two_theta_limits_deg[:, 1]) <= set(LADDER_DEG)


def test_lattices_can_be_chosen() -> None:
    settings = LineListSettings(lattice_shares={BravaisLattice.CF: 1.0, BravaisLattice.AP: 3.0})
    drawn = draw_line_lists(800, seed=6, settings=settings)
    assert set(drawn.lattice) == {BravaisLattice.CF.code, BravaisLattice.AP.code}
    assert (drawn.lattice == BravaisLattice.AP.code).mean() == pytest.approx(0.75, abs=0.05)


def test_other_statistics_make_other_lattices() -> None:
    table = read_table("crystal_statistics")
    for entry in table["lattices"].values():
        entry["quantiles"][0] = [6.0 + 0.001 * i for i in range(21)]
    other = CrystalStatistics.from_document(table)
    settings = LineListSettings(broad_share=0.0)
    drawn = draw_line_lists(200, seed=7, settings=settings, statistics=other)
    volumes = np.array([Cell.from_metric(m).volume for m in drawn.metric])
    assert np.log(volumes).min() > 5.99
    assert np.log(volumes).max() < 6.03


def test_settings_survive_pickling() -> None:
    settings = LineListSettings(lattice_shares={BravaisLattice.HP: 2.0}, broad_share=0.5)
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert again.lattice_shares[BravaisLattice.HP] == 2.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigma_deg": (0.1, 0.01)}, "sigma_deg: a range goes from"),
        ({"merge_deg": (0.0, 0.1)}, "merge_deg: must be positive"),
        ({"two_theta_max_deg": (5.0, 140.0)}, "must lie between"),
        ({"sources": ()}, "at least one source"),
        ({"lattice_shares": {BravaisLattice.CP: -1.0}}, "shares must be 0 or more"),
        ({"n_foreign": (0, 100)}, "n_foreign: no list has more than 40"),
        ({"broad_share": 1.5}, "broad_share: .* between 0 and 1"),
        ({"zero_limit_deg": -0.5}, "zero_limit_deg: .* 0 or more"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LineListSettings(**change)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="n: is too small"):
        draw_line_lists(-1, seed=0)
    with pytest.raises(InputError, match="threads: is too small; give 1"):
        draw_line_lists(1, seed=0, threads=0)
    with pytest.raises(InputError, match="seed: is too small"):
        draw_line_lists(1, seed=-3)
    with pytest.raises(WavelengthError):
        Source(wavelength_angstrom=(0.0, 1.0), share=1.0)


def test_no_list_is_a_batch_too() -> None:
    assert len(draw_line_lists(0, seed=0)) == 0


def test_strengths_are_gamma_distributed() -> None:
    strengths = wilson_strengths()
    assert strengths.mean(axis=2) == pytest.approx(np.ones((2, 4)), abs=0.01)
    # variances of squared normal numbers: 1/n with two degrees of freedom for each orbit, 2/n with one
    expected = np.array([1.0, 2.0])[:, None] / np.arange(1, 5)
    assert strengths.var(axis=2) == pytest.approx(expected, rel=0.03)


def test_sorting_by_buckets_sorts() -> None:
    rng = np.random.default_rng(0)
    for n in (0, 1, 2, 50, 900):
        q = rng.random(n) ** 2
        order, starts = np.empty(max(n, 1), dtype=np.int32), np.empty(513, dtype=np.int32)
        sort_by_q(q, n, 1.0, order, starts)
        assert np.array_equal(q[order[:n]], np.sort(q))


def test_merging_takes_the_nearest_pair_first() -> None:
    work = workspace(4)
    work.position[:], work.intensity[:] = [10.0, 10.05, 10.08, 10.5], [1.0, 1.0, 3.0, 2.0]
    work.origin[:] = np.arange(4)
    n = merge_near(0.06, work, 4)
    assert work.position[:n] == pytest.approx([10.0, (10.05 + 3 * 10.08) / 4, 10.5])
    assert work.origin[:n].tolist() == [0, 2, 3]
    assert work.intensity[:n].tolist() == [1.0, 4.0, 2.0]


def test_losses_spare_foreign_lines_and_the_last_five() -> None:
    work = workspace(12)
    work.position[:] = work.origin[:] = np.arange(12)
    work.origin[[2, 7]] = FOREIGN
    n = lose_some(np.array([1], dtype=np.uint64), 50, work, 12)
    assert n == 7
    assert np.count_nonzero(work.origin[:n] == FOREIGN) == 2
    assert (np.diff(work.position[:n]) > 0).all()


def test_q_is_that_of_the_observed_angle(lists: LineLists) -> None:
    i = 5
    expected = q_from_two_theta(lists.two_theta_deg[i], float(lists.wavelength_angstrom[i]))
    assert lists.q_obs[i] == pytest.approx(expected)
