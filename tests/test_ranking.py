"""One answer a lattice, needless superlattices, probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, primitive_gram, superlattices
from hybrid_index.ranking import (
    LEAST_SAID,
    NOTHING_BITS,
    WHOLE_PATTERN_CAP_BITS,
    WHOLE_PATTERN_SHARPNESS,
    extending_superlattices,
    merge_same,
    needless_superlattices,
    prior_bits,
    probabilities,
    reweighed,
)
from hybrid_index.units import FloatArray
from tests.synthetic import TYPICAL

B = BravaisLattice


def grams_of(*cells: Cell) -> FloatArray:
    return np.array([cell.gram for cell in cells])


def stretched(gram: FloatArray, factor: float) -> FloatArray:
    return np.asarray(gram * factor**2)


class TestPrior:
    def test_every_lattice_has_a_share_and_they_make_one(self) -> None:
        assert np.sum(np.exp2(prior_bits())) == pytest.approx(1.0)
        assert prior_bits()[B.MP.code] > prior_bits()[B.OF.code]

    def test_what_a_network_says_takes_the_place_of_the_shares(self) -> None:
        said = np.full(14, 0.02)
        said[B.OF.code] = 0.74
        np.testing.assert_allclose(prior_bits(said), np.log2(said))

    def test_a_network_that_repeats_the_shares_changes_nothing(self) -> None:
        np.testing.assert_allclose(prior_bits(np.exp2(prior_bits())), prior_bits())

    def test_nothing_that_it_says_excludes_a_lattice(self) -> None:
        impossible, unlikely = np.zeros(14), np.full(14, LEAST_SAID)
        np.testing.assert_array_equal(prior_bits(impossible), prior_bits(unlikely))


class TestWholePatterns:
    def test_belief_moves_and_is_kept(self) -> None:
        before = np.array([0.5, 0.3, 0.1])
        after = reweighed(before, np.array([-10.0, 0.0, -1000.0]))
        assert after.sum() == pytest.approx(before.sum())
        assert after[1] / after[0] == pytest.approx(0.6 * 2.0 ** (10.0 * WHOLE_PATTERN_SHARPNESS))
        assert after[1] / after[2] == pytest.approx(3.0 * 2.0 ** (WHOLE_PATTERN_CAP_BITS * WHOLE_PATTERN_SHARPNESS))

    def test_equal_bits_change_nothing(self) -> None:
        np.testing.assert_allclose(reweighed(np.array([0.5, 0.3]), np.array([-3.0, -3.0])), [0.5, 0.3])

    def test_what_is_impossible_stays_so(self) -> None:
        np.testing.assert_array_equal(reweighed(np.zeros(2), np.array([0.0, -3.0])), [0.0, 0.0])


class TestMergeSame:
    def test_best_of_each_lattice_best_first(self) -> None:
        one, two = TYPICAL[B.OP].gram, TYPICAL[B.AP].gram
        grams = np.array([one, two, stretched(one, 1.001), stretched(two, 0.999), stretched(one, 0.9995)])
        assert merge_same(grams, np.array([10.0, 50.0, 40.0, 60.0, 30.0])).tolist() == [3, 2]

    def test_other_bases_are_the_same_lattice(self) -> None:
        gram = primitive_gram(TYPICAL[B.MC], B.MC)
        rng = np.random.default_rng(1)
        bases = [np.eye(3, dtype=int)]
        for _ in range(6):
            i, j = rng.choice(3, 2, replace=False)
            step = np.eye(3, dtype=int)
            step[i, j] = rng.choice([-1, 1])
            bases.append(bases[-1] @ step)
        grams = np.array([basis.T @ gram @ basis for basis in bases], dtype=np.float64)
        assert merge_same(grams, np.arange(7.0)).tolist() == [6]

    def test_different_lattices_stay(self) -> None:
        grams = np.array([primitive_gram(TYPICAL[x], x) for x in BRAVAIS_LATTICES])
        score = np.random.default_rng(2).uniform(0.0, 50.0, len(grams))
        assert merge_same(grams, score).tolist() == np.argsort(-score).tolist()

    def test_equal_scores_keep_their_order(self) -> None:
        grams = grams_of(TYPICAL[B.OP], TYPICAL[B.OI], TYPICAL[B.OP])
        assert merge_same(grams, np.zeros(3)).tolist() == [0, 1]

    def test_none(self) -> None:
        assert merge_same(np.zeros((0, 3, 3)), np.zeros(0)).tolist() == []


def needless(grams: FloatArray, n_indexed: FloatArray, *, most: int = 8) -> list[bool]:
    """As many reflections as the volume lets expect."""
    n_possible = 30.0 * np.sqrt(np.linalg.det(grams) / np.linalg.det(grams[0]))
    return [bool(x) for x in needless_superlattices(grams, n_indexed, n_possible, most=most)]


class TestNeedlessSuperlattices:
    @pytest.mark.parametrize("index", [2, 3, 4])
    def test_every_superlattice_below_a_better_one_is_needless(self, index: int) -> None:
        gram = TYPICAL[B.AP].gram
        for larger in superlattices(gram, index):
            found = needless(np.array([gram, larger]), np.array([20.0, 20.0]))
            assert found == [False, True]

    def test_a_better_superlattice_is_needed(self) -> None:
        gram = TYPICAL[B.OP].gram
        larger = superlattices(gram, 2)[0]
        found = needless(np.array([larger, gram]), np.array([20.0, 20.0]))
        assert found == [False, False]

    def test_a_superlattice_that_explains_more_lines_is_a_rival(self) -> None:
        gram = TYPICAL[B.OP].gram
        grams = np.array([gram, superlattices(gram, 2)[0]])
        assert not any(needless(grams, np.array([18.0, 20.0])))

    def test_other_lattices_of_twice_the_volume_are_rivals(self) -> None:
        gram = Cell(a=5.0, b=6.0, c=7.0).gram
        other = Cell(a=4.7, b=8.1, c=420.0 / (4.7 * 8.1)).gram
        found = needless(np.array([gram, other]), np.array([20.0, 20.0]))
        assert found == [False, False]

    def test_superlattice_of_any_better_one(self) -> None:
        first, second = TYPICAL[B.OP].gram, TYPICAL[B.MP].gram
        grams = np.array([first, second, superlattices(second, 3)[4], superlattices(first, 2)[2]])
        found = needless(grams, np.array([20.0, 20.0, 19.0, 18.0]))
        assert found == [False, False, True, True]

    def test_one_of_higher_symmetry_without_more_reflections_is_a_rival(self) -> None:
        grams = np.array([TYPICAL[B.OP].gram, superlattices(TYPICAL[B.OP].gram, 2)[0]])
        assert not needless_superlattices(grams, np.array([39.0, 39.0]), np.array([108.0, 114.0])).any()

    def test_fitted_cells_differ_a_little(self) -> None:
        gram = TYPICAL[B.MP].gram
        larger = stretched(superlattices(gram, 2)[1], 1.0008)
        assert needless(np.array([gram, larger]), np.array([20.0, 20.0]))[1]

    def test_only_the_first_are_looked_at(self) -> None:
        gram = TYPICAL[B.OP].gram
        grams = np.array([gram, *superlattices(gram, 2)[:4]])
        assert needless(grams, np.arange(5.0)[::-1], most=3) == [False, True, True, False, False]

    def test_none(self) -> None:
        assert needless_superlattices(np.zeros((0, 3, 3)), np.zeros(0), np.zeros(0)).shape == (0,)


class TestExtendingSuperlattices:
    def test_only_a_superlattice_that_explains_more_lines(self) -> None:
        gram = TYPICAL[B.OP].gram
        grams = np.array([gram, superlattices(gram, 2)[0], superlattices(gram, 3)[1], TYPICAL[B.MP].gram])
        found = extending_superlattices(grams, np.array([18.0, 19.0, 18.0, 20.0]))
        assert found.tolist() == [False, True, False, False]

    def test_in_any_order(self) -> None:
        gram = TYPICAL[B.AP].gram
        grams = np.array([superlattices(gram, 4)[3], gram])
        assert extending_superlattices(grams, np.array([19.0, 18.0])).tolist() == [True, False]

    def test_none(self) -> None:
        assert extending_superlattices(np.zeros((0, 3, 3)), np.zeros(0)).shape == (0,)


class TestProbabilities:
    @pytest.mark.parametrize("seed", range(20))
    def test_sum_leaves_room_for_none_and_order_is_kept(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        score = np.sort(rng.uniform(-20.0, 100.0, int(rng.integers(1, 20))))[::-1]
        found = probabilities(score)
        assert np.all(found >= 0.0)
        assert found.sum() < 1.0 - 1e-12
        assert np.all(np.diff(found[1:]) <= 0.0)
        assert found[0] == pytest.approx(found.max(), rel=0.1)

    @pytest.mark.parametrize("seed", range(20))
    def test_sum_with_needless_ones(self, seed: int) -> None:
        rng = np.random.default_rng(100 + seed)
        score = np.sort(rng.uniform(-20.0, 100.0, 12))[::-1]
        needless = rng.random(12) < 0.5
        needless[0] = False
        found = probabilities(score, needless)
        assert np.all((found >= 0.0) & (found <= 1.0))
        assert found.sum() < 1.0 - 1e-12
        rivals = np.flatnonzero(~needless)
        assert found[needless].sum() <= found[0]
        assert np.all(np.diff(found[rivals][1:]) <= 0.0)

    def test_clear_leader_is_nearly_certain(self) -> None:
        assert probabilities(np.array([150.0, 60.0]))[0] > 0.9
        assert probabilities(np.array([150.0, 60.0]))[0] < 1.0

    def test_equals_share(self) -> None:
        found = probabilities(np.array([150.0, 150.0]))
        np.testing.assert_allclose(found, 0.5, atol=0.03)

    def test_what_chance_reaches_is_not_believed(self) -> None:
        assert probabilities(np.array([0.0]))[0] < 0.05
        assert probabilities(np.array([NOTHING_BITS]))[0] <= 0.5

    def test_more_evidence_is_more_belief(self) -> None:
        found = [probabilities(np.array([x, 10.0]))[0] for x in np.linspace(0.0, 100.0, 30)]
        assert np.all(np.diff(found) >= 0.0)

    def test_needless_superlattice_takes_little_from_the_first(self) -> None:
        score = np.array([100.0, 99.0])
        alone = probabilities(score[:1])[0]
        rivals = probabilities(score)
        related = probabilities(score, np.array([False, True]))
        assert rivals[0] < 0.7
        assert related[0] > 0.9 * alone
        assert related[1] < 0.1

    def test_huge_scores_stay_finite(self) -> None:
        assert np.all(np.isfinite(probabilities(np.array([1e5, -1e5]))))

    def test_none(self) -> None:
        assert probabilities(np.zeros(0)).shape == (0,)
