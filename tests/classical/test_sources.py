"""Each engine alone: the true lattice is proposed, limits are kept, the same lines give the same answer."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.classical.random_starts import RandomStarts, random_metrics
from hybrid_index.classical.sources import BaseLineTrials, MonoclinicZones, OrthorhombicZones, TriclinicZones
from hybrid_index.classical.trials import index_squares
from hybrid_index.config import Settings
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    Cell,
    is_positive_definite,
    metric_subspace,
    primitive_gram,
    standardize,
)
from hybrid_index.refine.lines import line_data
from hybrid_index.search.pool import SEARCH_LINES, Prepared
from hybrid_index.types import CandidateSource, PeakList
from hybrid_index.units import two_theta_from_q
from tests.synthetic import CU, TYPICAL, B, Spent, Unlimited, gaps_deg, is_lattice, line_list, random_cell

ENGINES: dict[B, CandidateSource] = {
    **dict.fromkeys((B.CP, B.CI, B.CF, B.TP, B.TI, B.HP, B.HR), BaseLineTrials()),
    **dict.fromkeys((B.OP, B.OC, B.OI, B.OF), OrthorhombicZones()),
    **dict.fromkeys((B.MP, B.MC), MonoclinicZones()),
    B.AP: TriclinicZones(),
}
N_CELLS = 3
FEW_STARTS = RandomStarts(n_starts=300, rounds=1)
SOURCES = [BaseLineTrials(), OrthorhombicZones(), MonoclinicZones(), TriclinicZones(), FEW_STARTS]
EACH_SOURCE = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)


def only(lattice: B, **more: object) -> Settings:
    return Settings.from_mapping({"systems": [lattice.crystal_system], **more})


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_true_lattice_is_proposed(lattice: B) -> None:
    rng = np.random.default_rng(20 + lattice.code)
    for _ in range(N_CELLS):
        truth = random_cell(lattice, rng, volume=float(rng.uniform(100.0, 400.0)))
        peaks = line_list(truth, lattice, noise=rng, esd_deg=0.008)
        found = ENGINES[lattice].propose(peaks, only(lattice), Unlimited())
        assert any(c.bravais_lattice is lattice and is_lattice(c, truth, lattice) for c in found), truth


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_true_lattice_is_proposed_beside_foreign_lines_and_a_small_shift(lattice: B) -> None:
    rng = np.random.default_rng(70 + lattice.code)
    truth = random_cell(lattice, rng, volume=200.0)
    foreign = gaps_deg(line_list(truth, lattice, zero_shift_deg=0.02), 2, rng)
    peaks = line_list(truth, lattice, noise=rng, esd_deg=0.005, zero_shift_deg=0.02, foreign_deg=list(foreign))
    found = list(ENGINES[lattice].propose(peaks, only(lattice), Unlimited()))
    assert any(c.bravais_lattice is lattice and is_lattice(c, truth, lattice) for c in found)


@pytest.mark.parametrize("lattice", [B.CP, B.CI, B.CF])
def test_random_starts_find_cubic_lattices(lattice: B) -> None:
    found = RandomStarts(rounds=1).propose(line_list(TYPICAL[lattice], lattice), only(lattice), Unlimited())
    assert any(c.bravais_lattice is lattice and is_lattice(c, TYPICAL[lattice], lattice) for c in found)


@pytest.mark.parametrize("lattice", [B.TP, B.TI, B.HP])
def test_a_short_axis_that_only_later_lines_tell(lattice: B) -> None:
    """As in layered frameworks: ten lines of the plane, then the layer above it."""
    truth = Cell(a=31.0, b=31.0, c=3.43, gamma=120.0 if lattice is B.HP else 90.0)
    in_plane = [(h, k, 0) for h in range(1, 5) for k in range(h + 1) if (h + k) % 2 == 0 or lattice is not B.TI]
    above = [(h, k, 1) for h, k in ((0, 0), (1, 0), (1, 1), (2, 1), (3, 0), (4, 1))]
    hkl = in_plane[:10] + [r for r in above if sum(r) % 2 == 0 or lattice is not B.TI]
    h, k, l = np.array(hkl, dtype=float).T
    q = np.sort(np.column_stack([h * h, k * k, l * l, k * l, h * l, h * k]) @ truth.metric)
    peaks = PeakList.from_positions(two_theta_from_q(q, CU.wavelength_angstrom), radiation=CU, two_theta_esd_deg=0.01)
    found = BaseLineTrials().propose(peaks, Settings(), Unlimited())
    assert any(c.bravais_lattice is lattice and is_lattice(c, truth, lattice) for c in found)


@EACH_SOURCE
def test_spent_budget_gives_nothing(source: CandidateSource) -> None:
    assert list(source.propose(line_list(TYPICAL[B.OP], B.OP), Settings(), Spent())) == []


@EACH_SOURCE
def test_only_the_systems_asked_for(source: CandidateSource) -> None:
    peaks = line_list(TYPICAL[B.TP], B.TP)
    for systems in (("tetragonal",), ("orthorhombic",), ("monoclinic",), ("triclinic",), ("cubic", "trigonal")):
        found = source.propose(peaks, Settings(systems=systems), Unlimited())
        assert {c.bravais_lattice.crystal_system for c in found} <= set(systems)


@EACH_SOURCE
def test_volumes_stay_within_the_limit(source: CandidateSource) -> None:
    peaks = line_list(TYPICAL[B.MP], B.MP, noise=np.random.default_rng(1))
    settings = Settings(max_volume_angstrom3=180.0)
    found = list(source.propose(peaks, settings, Unlimited()))
    volumes = [Cell.from_metric(c.metric).volume / c.bravais_lattice.lattice_points for c in found]
    assert max(volumes, default=0.0) <= 180.0 * (1.0 + 1e-9)


@EACH_SOURCE
def test_longest_edge_is_kept(source: CandidateSource) -> None:
    peaks = line_list(TYPICAL[B.MP], B.MP, noise=np.random.default_rng(1))
    found = list(source.propose(peaks, Settings(max_edge_angstrom=9.0), Unlimited()))
    cells = [standardize(Cell.from_metric(c.metric), c.bravais_lattice) for c in found]
    # Least squares comes after the limit and may stretch a cell a little.
    assert max((edge for cell in cells for edge in cell.parameters[:3]), default=0.0) <= 9.0 * 1.05


@EACH_SOURCE
def test_candidates_say_who_proposes_them_and_come_in_order(source: CandidateSource) -> None:
    settings = Settings(systems=("cubic", "orthorhombic", "monoclinic", "triclinic"))
    peaks = line_list(TYPICAL[B.OP], B.OP, noise=np.random.default_rng(2))
    first, second = (list(source.propose(peaks, settings, Unlimited())) for _ in range(2))
    assert first
    assert {c.source for c in first} == {source.name}
    assert [c.score for c in first] == [c.score for c in second]
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.metric, other.metric)
    if source is not FEW_STARTS:
        assert [c.score for c in first] == sorted((c.score for c in first), reverse=True)


@EACH_SOURCE
@pytest.mark.parametrize("n", [5, 6, 9])
def test_few_lines_are_no_obstacle(source: CandidateSource, n: int) -> None:
    for c in source.propose(line_list(TYPICAL[B.CF], B.CF, n_lines=n), Settings(), Unlimited()):
        assert np.all(np.isfinite(c.metric))


def test_few_lines_of_a_cubic_lattice_suffice() -> None:
    truth = TYPICAL[B.CF]
    found = BaseLineTrials().propose(line_list(truth, B.CF, n_lines=6), only(B.CF), Unlimited())
    assert any(is_lattice(c, truth, B.CF) for c in found)


def test_fixed_shifts_are_used() -> None:
    truth = TYPICAL[B.OP]
    peaks = line_list(truth, B.OP, zero_shift_deg=0.4, displacement_mm=0.3)
    settings = only(B.OP, fix_zero_shift_deg=0.4, fix_displacement_mm=0.3)
    found = list(OrthorhombicZones().propose(peaks, settings, Unlimited()))
    assert is_lattice(found[0], truth, B.OP)


class TestPrepared:
    def test_works_on_the_first_lines(self) -> None:
        ready = Prepared.from_peaks(line_list(TYPICAL[B.AP], B.AP, n_lines=40), Settings(max_edge_angstrom=25.0))
        assert len(ready.lines) == SEARCH_LINES
        assert ready.windows.q.size == SEARCH_LINES
        assert ready.height_min == pytest.approx(1.0 / 625.0)

    def test_fixed_shifts_need_no_allowance(self) -> None:
        peaks = line_list(TYPICAL[B.AP], B.AP)
        free = Prepared.from_peaks(peaks, Settings())
        held = Prepared.from_peaks(peaks, Settings(fix_zero_shift_deg=0.0, fix_displacement_mm=0.0))
        assert np.all(held.windows.tolerance < free.windows.tolerance)


class TestIndexSquares:
    def test_cubic_sums_of_squares(self) -> None:
        primitive = index_squares(B.CP, limit=20.0)[:, 0]
        assert primitive.tolist() == [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 16, 17, 18, 19, 20]
        assert index_squares(B.CI, limit=14.0)[:, 0].tolist() == [2, 4, 6, 8, 10, 12, 14]
        assert index_squares(B.CF, limit=16.0)[:, 0].tolist() == [3, 4, 8, 11, 12, 16]

    def test_hexagonal_pairs(self) -> None:
        pairs = {tuple(row) for row in index_squares(B.HP, limit=4.5).astype(int)}
        assert pairs == {(1, 0), (0, 1), (3, 0), (4, 0), (1, 1), (3, 1), (0, 4)}

    def test_rhombohedral_pairs_obey_the_centring(self) -> None:
        pairs = {tuple(row) for row in index_squares(B.HR, limit=5.0).astype(int)}
        assert (1, 0) not in pairs
        assert {(3, 0), (1, 1), (1, 4)} <= pairs


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_random_metrics_are_lattices_of_their_kind_and_about_the_right_size(lattice: B) -> None:
    lines = line_data(line_list(TYPICAL[lattice], lattice), Settings(), n_lines=20)
    metrics = random_metrics(lattice, lines, 200, np.random.default_rng(lattice.code))
    assert 150 <= len(metrics) <= 200
    subspace = metric_subspace(lattice)
    theta = np.linalg.lstsq(subspace, metrics.T, rcond=None)[0]
    np.testing.assert_allclose(subspace @ theta, metrics.T, atol=1e-12)
    grams = [primitive_gram(Cell.from_metric(m), lattice) for m in metrics]
    assert all(is_positive_definite(g) for g in grams)
    volumes = np.sqrt(np.linalg.det(grams))
    truth = TYPICAL[lattice].volume / lattice.lattice_points
    assert np.quantile(volumes, 0.05) < truth < np.quantile(volumes, 0.95)


def test_seed_decides_the_random_starts() -> None:
    peaks = PeakList.from_positions(line_list(TYPICAL[B.OP], B.OP).two_theta_deg, radiation=CU)
    source = RandomStarts(n_starts=50, rounds=1)
    one, same, other = (
        list(source.propose(peaks, Settings(systems=("orthorhombic",), seed=s), Unlimited())) for s in (1, 1, 2)
    )
    assert [c.score for c in one] == [c.score for c in same]
    assert [c.score for c in one] != [c.score for c in other]
