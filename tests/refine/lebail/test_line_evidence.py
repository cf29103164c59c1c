"""The price of lines that are there, and of lines that are not."""

from __future__ import annotations

import numpy as np
import pytest

from hybrid_index.lattice import BravaisLattice
from hybrid_index.merit import GLIDE_PRICE
from hybrid_index.refine.lebail import lebail_fit
from hybrid_index.refine.lebail.line_evidence import _any_order, _broken, _shared_nats, _with_glides, explained_nats
from hybrid_index.units import FloatArray
from tests.refine.lebail.conftest import Known


def likelihoods(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.exp(-0.5 * z**2), _any_order(z)


def test_lines_cost_more_the_better_they_are_known() -> None:
    present = _any_order(np.array([0.0, 3.0, 10.0, 100.0]))
    assert np.all(np.diff(present[1:]) < 0.0)
    assert present[3] == pytest.approx(np.sqrt(2.0 * np.pi) / 100.0 / np.log(100.0))


def test_a_zone_without_lines_is_a_glide_plane() -> None:
    rng = np.random.default_rng(4)
    zone = np.arange(60) % 3 == 0
    z = np.where(zone, np.abs(rng.normal(size=60)), 20.0)
    nothing, present = likelihoods(z)
    one = np.zeros(z.size, dtype=np.int64)
    free, absent = _shared_nats(nothing, present, one)
    assert _shared_nats.py_func(nothing, present, one) == pytest.approx((free, absent))
    assert 0.0 < absent < zone.sum()  # a line that is nothing may also be a faint one
    excused, forbidden = _with_glides(nothing, present, np.where(zone, 0b10, 0), one)
    assert (excused - free) / np.log(2.0) > 3.0 * GLIDE_PRICE
    assert forbidden > 0.9 * zone.sum()


def test_absences_without_a_rule_are_no_glide_plane() -> None:
    rng = np.random.default_rng(5)
    z = np.where(rng.random(60) < 0.3, 0.5, 20.0)
    likely, one = likelihoods(z), np.zeros(z.size, dtype=np.int64)
    assert _with_glides(*likely, np.where(np.arange(60) % 3 == 0, 0b10, 0), one) == _shared_nats(*likely, one)


def test_a_superstructure_may_have_a_glide_plane() -> None:
    """Lines of one sublattice are all seen, the others seldom, and those of a zone never."""
    rng = np.random.default_rng(6)
    even, zone = np.arange(120) % 2 == 0, np.arange(120) % 3 == 0
    z = np.where(zone | (~even & (rng.random(120) < 0.7)), np.abs(rng.normal(size=120)), 15.0)
    likely, one = likelihoods(z), np.zeros(z.size, dtype=np.int64)
    broken, parities = np.where(zone, 0b1, 0), np.stack([even, *[one == 0] * 6], axis=1)
    both, _ = explained_nats(*likely, broken, parities)
    assert both > _with_glides(*likely, broken, one)[0]
    assert both > explained_nats(*likely, np.zeros_like(broken), parities)[0]


def test_conditions_of_the_reflections_of_a_fit(orthorhombic: Known) -> None:
    fit = lebail_fit(orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice)
    broken = dict(zip(map(tuple, fit.reflections.hkl.tolist()), _broken(fit).tolist(), strict=True))
    assert broken[(1, 1, 1)] == 0
    assert broken[(0, 1, 1)] & 0b11 == 0b11  # neither b nor c glide
    assert broken[(0, 1, 1)] & 0b100 == 0  # an n glide lets it be
    assert fit.bravais_lattice is BravaisLattice.OP
