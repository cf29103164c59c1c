from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.neural.belief import believe, believe_anew
from hybrid_index.neural.labels import Vocabulary
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.weights import Network
from tests.synthetic import TYPICAL, B, line_list

SIZE = Architecture(
    width=16, heads=2, depth=1, depth_given=1, pair_width=4, readings=3, labels=(4, 5, 6, 7, 8, 9)
)  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Network:
    rows = [np.arange(n * k).reshape(n, k) for n, k in zip(SIZE.labels, (1, 2, 2, 3, 4, 6), strict=True)]
    return Network(architecture=SIZE, vocabulary=Vocabulary(tuple(rows)), weights=SIZE.initial_weights(3))


def test_all_that_is_believed_is_a_probability(network: Network) -> None:
    belief = believe(network, line_list(TYPICAL[B.MP], B.MP, n_lines=12))
    assert belief.lattices.sum() == pytest.approx(1.0)
    for code in range(14):
        lattice = belief.under(code)
        assert (lattice.code, lattice.probability) == (code, belief.lattices[code])
        assert lattice.readings.shape == (3,)
        assert lattice.labels.shape[:2] == (3, 12)
        np.testing.assert_allclose(lattice.readings.sum(), 1.0)
        np.testing.assert_allclose(lattice.labels.sum(axis=-1), 1.0)
        np.testing.assert_allclose(lattice.single_labels().sum(axis=-1), 1.0)
        assert not np.allclose(lattice.labels[0], lattice.labels[1])


def test_only_as_many_lattices_are_asked_about_as_make_up_enough(network: Network) -> None:
    belief = believe(network, line_list(TYPICAL[B.MP], B.MP, n_lines=12))
    for enough in (0.01, 0.3, 0.7):
        asked = belief.lattices[belief.likeliest(most=14, enough=enough)].tolist()
        assert asked == sorted(asked, reverse=True)
        assert sum(asked) >= enough
        assert sum(asked[:-1]) < enough
    assert len(belief.likeliest(most=2)) == 2
    assert sorted(belief.likeliest(codes=np.array([3, 5]), most=14)) == [3, 5]


def test_a_list_is_known_again_by_what_the_network_sees_of_it(network: Network) -> None:
    peaks = line_list(TYPICAL[B.MP], B.MP, n_lines=12)
    belief = believe(network, peaks)
    assert believe(network, peaks.replace(name="a copy")) is belief
    for other in (
        peaks.replace(two_theta_deg=peaks.two_theta_deg + 1e-6),
        peaks.replace(intensity=peaks.intensity * np.linspace(0.5, 1.0, 12)),
        peaks.select(np.arange(12) < 11),
    ):
        np.testing.assert_array_equal(believe(network, other).lattices, believe_anew(network, other).lattices)
        assert not np.array_equal(believe(network, other).lattices, belief.lattices)
