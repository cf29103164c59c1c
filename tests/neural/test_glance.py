from __future__ import annotations

import pickle

import numpy as np
import pytest

from hybrid_index import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.neural.glance import look
from hybrid_index.types import PeakList
from tests.synthetic import CU, TYPICAL, B, line_list


@pytest.mark.parametrize("lattice", [B.CF, B.HP, B.TI, B.OP])
def test_it_tells_system_volume_and_shift_of_typical_lists(lattice: B) -> None:
    lines = line_list(TYPICAL[lattice], lattice, noise=np.random.default_rng(2), zero_shift_deg=0.12)
    seen = look(lines, Settings())
    assert next(iter(seen.systems)) == lattice.crystal_system
    assert seen.shift_deg == pytest.approx(0.12, abs=max(0.01, 2.5 * seen.shift_esd_deg))
    guess = next(guess for guess in seen.lattices if guess.bravais_lattice is lattice)
    assert abs(np.log(guess.volume_angstrom3 / TYPICAL[lattice].volume)) < 3.0 * np.log(guess.volume_factor)


def test_probabilities_sum_to_one_over_the_systems_that_are_allowed() -> None:
    lines = line_list(TYPICAL[B.OP], B.OP)
    for systems, n in ((CRYSTAL_SYSTEMS, 14), (("monoclinic", "triclinic"), 3)):
        seen = look(lines, Settings(systems=systems))
        said = [guess.probability for guess in seen.lattices]
        assert len(said) == n
        assert said == sorted(said, reverse=True)
        assert sum(said) == pytest.approx(1.0)
        assert sum(seen.systems.values()) == pytest.approx(1.0)
        assert set(seen.systems) == set(systems)


def test_a_line_that_does_not_belong_stands_out() -> None:
    lines = line_list(TYPICAL[B.CP], B.CP)
    position = float(0.45 * lines.two_theta_deg[3] + 0.55 * lines.two_theta_deg[4])
    spoiled = PeakList.from_positions(np.sort([*lines.two_theta_deg, position]), radiation=CU)
    seen = look(spoiled, Settings())
    assert int(np.argmax(seen.foreign)) == 4
    assert seen.foreign[4] > 0.5
    assert np.all(np.delete(seen.foreign, 4) < 0.3)


def test_a_shift_that_is_fixed_is_taken_off() -> None:
    lines = line_list(TYPICAL[B.HP], B.HP, zero_shift_deg=0.3)
    seen = look(lines, Settings(fix_zero_shift_deg=0.3))
    assert (seen.shift_deg, seen.shift_esd_deg) == (0.3, 0.0)
    np.testing.assert_allclose(seen.peaks.two_theta_deg, lines.two_theta_deg)
    plain = look(line_list(TYPICAL[B.HP], B.HP), Settings(fix_zero_shift_deg=0.0))
    assert seen.lattices[0].probability == pytest.approx(plain.lattices[0].probability, rel=1e-3)


def test_it_survives_pickling_with_arrays_that_are_read_only() -> None:
    seen = pickle.loads(pickle.dumps(look(line_list(TYPICAL[B.OP], B.OP), Settings())))
    assert not seen.foreign.flags.writeable
    assert seen.lattices[0].bravais_lattice in B


def test_missing_weights_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hybrid_index.neural.glance.packaged_reader", lambda: None)
    with pytest.raises(InputError, match="weights"):
        look(line_list(TYPICAL[B.OP], B.OP), Settings())
