from __future__ import annotations

import numpy as np

from hybrid_index.neural.coincidences import KINDS, coincidences
from hybrid_index.neural.features import LINES, N_LINE, N_LIST, N_PAIR, features_of
from hybrid_index.types import PeakList
from hybrid_index.units import FloatArray, Radiation, dq_d_two_theta, two_theta_from_q
from tests.synthetic import TYPICAL, B, line_list

SUM, DIFFERENCE, FOUR_FIRST, FOUR_SECOND, PAIRS = range(KINDS)


def met(*q: float) -> FloatArray:
    values = np.array([q])
    sigma = np.full_like(values, 1e-6)
    out = coincidences(values, sigma, np.full_like(values, 1e-9), np.array([len(q)]))
    return np.asarray(out[0, :, :, :KINDS])


def test_sums_and_multiples_are_seen_where_they_are() -> None:
    seen = met(1.0, 1.3, 2.3, 4.0, 5.3)
    assert seen[0, 1, SUM] == 1.0
    assert seen[2, 1, DIFFERENCE] == 1.0  # 2.3 − 1.3 = 1
    assert seen[0, 1, SUM] == seen[1, 0, SUM]
    # The diagonal: 4 · 1 = 4, and the way back; 3 and a third nowhere.
    assert seen[0, 0, :4].tolist() == [1.0, 0.0, 0.0, 0.0]
    assert seen[3, 3, :4].tolist() == [0.0, 0.0, 1.0, 0.0]
    # 4 · 1 + 1.3 = 5.3, told from either side.
    assert seen[1, 0, FOUR_FIRST] == 0.0
    assert seen[1, 0, FOUR_SECOND] == seen[0, 1, FOUR_FIRST] == 1.0


def test_parallelograms_count_pairs_beyond_chance() -> None:
    assert met(1.0, 1.3, 1.9, 2.7)[0, 1, PAIRS] > 0.2  # 2 (1 + 1.3) = 1.9 + 2.7
    assert met(1.0, 1.3, 1.9, 2.75)[0, 1, PAIRS] == 0.0


def test_lines_without_relations_meet_nothing() -> None:
    assert met(1.0, 1.17, 1.57).max() == 0.0
    assert met(1.0).max() == 0.0


def test_nothing_but_the_scale_tells_a_large_cell_from_a_small_one() -> None:
    # The same angles at three times the wavelength: a lattice three times as large.
    peaks = line_list(TYPICAL[B.MP], B.MP, n_lines=18)
    large = peaks.replace(radiation=Radiation(wavelength_angstrom=3.0 * peaks.wavelength_angstrom))
    one, other = features_of(peaks), features_of(large)
    np.testing.assert_allclose(one.lines, other.lines, atol=2e-4)
    np.testing.assert_allclose(one.pairs, other.pairs, atol=2e-4)
    np.testing.assert_array_equal(one.listed, other.listed)
    np.testing.assert_allclose(one.whole[0, 0] - other.whole[0, 0], np.log(3.0), rtol=1e-5)
    np.testing.assert_array_equal(one.whole[0, 2:], other.whole[0, 2:])


def test_shapes_and_places_without_a_line() -> None:
    for n in (1, 7, 30):
        peaks = line_list(TYPICAL[B.OP], B.OP, n_lines=n)
        x = features_of(peaks)
        assert x.lines.shape == (1, LINES, N_LINE)
        assert x.pairs.shape == (1, LINES, LINES, N_PAIR)
        assert x.whole.shape == (1, N_LIST)
        assert x.listed.sum() == min(n, LINES)
        assert all(np.isfinite(values).all() for values in (x.lines, x.pairs, x.whole))


def test_intensities_count_beside_the_strongest() -> None:
    q = np.linspace(0.02, 0.2, 9)
    slope = dq_d_two_theta(two_theta_from_q(q, 1.54), 1.54)
    assert (slope > 0.0).all()
    peaks = PeakList.from_positions(
        two_theta_from_q(q, 1.54), radiation=Radiation(wavelength_angstrom=1.54), intensity=np.arange(1.0, 10.0)
    )
    one, other = features_of(peaks), features_of(peaks.replace(intensity=7.0 * peaks.intensity))
    np.testing.assert_allclose(one.lines, other.lines, atol=1e-6)
