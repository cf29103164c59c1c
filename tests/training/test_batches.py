from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, metric_subspace
from hybrid_index.neural.features import LINES, Features
from hybrid_index.simulate import Crystals, KnownCrystal, Site, Structure
from hybrid_index.simulate.line_lists import draw_line_lists
from hybrid_index.training.batches import EASY, HARD, Batch, batch, common_labels, left_over, middle_shift, to_batch
from hybrid_index.training.config import Recipe
from hybrid_index.training.ranks import Ranks
from hybrid_index.training.shifts import ShiftLesson
from hybrid_index.units import two_theta_from_q

SIZES = (20, 30, 30, 40, 40, 50)


def arrays(of: Batch) -> list[np.ndarray]:
    return [getattr(of.x, name) for name in Features.__slots__] + [getattr(of, n) for n in Batch.__slots__[1:]]


def alike(one: Batch, other: Batch) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))


def test_a_batch_hangs_on_its_step_only(tiny_lines: Recipe) -> None:
    labels = common_labels(SIZES, 1)
    first, other, again = (batch(tiny_lines, labels, step) for step in (3, 5, 3))
    assert alike(first, again)
    assert not np.array_equal(first.shift, other.shift)


@pytest.mark.parametrize(("size", "n"), [(2, 24), (3, 25), (5, 11)])
def test_parts_of_ranks_make_up_the_batch(tiny_lines: Recipe, tiny_shifts: Recipe, size: int, n: int) -> None:
    labels = common_labels(SIZES, 1)
    recipe = replace(tiny_lines, batch=n)
    for step in (0, 3):  # wide, and nearly known
        whole = batch(recipe, labels, step)
        parts = [batch(recipe, labels, step, Ranks(rank=rank, size=size)) for rank in range(size)]
        order = np.argsort(whole.volume)
        for a, b in zip(arrays(whole), zip(*map(arrays, parts), strict=True), strict=True):
            joined = np.concatenate(b)
            places = np.argsort(np.concatenate([part.volume for part in parts]))
            np.testing.assert_array_equal(joined[places], a[order])
    reader = replace(tiny_shifts, batch=n)
    shifts = [ShiftLesson(reader, Ranks(rank=rank, size=size)).batch(3).shift_deg for rank in range(size)]
    np.testing.assert_array_equal(np.concatenate(shifts), ShiftLesson(reader).batch(3).shift_deg)


@pytest.fixture
def salt(tmp_path: Path) -> str:
    """File of one known crystal, rock salt."""
    sites = [Site(element="Na", xyz=(0.0, 0.0, 0.0)), Site(element="Cl", xyz=(0.5, 0.5, 0.5))]
    structure = Structure.from_sites(Cell(a=5.6402, b=5.6402, c=5.6402), "F m -3 m", sites)
    Crystals.of([KnownCrystal.of(structure, "F")]).save(tmp_path / "salt.npz")
    return str(tmp_path / "salt.npz")


def test_a_share_of_the_lists_is_of_known_crystals(tiny_lines: Recipe, salt: str) -> None:
    labels = common_labels(SIZES, 1)
    lines = replace(tiny_lines, crystals=salt, crystal_share=0.75)
    made = batch(lines, labels, 3)
    assert len(made.codes) == 24
    assert (made.codes == BravaisLattice.CF.code).sum() >= 18
    parts = [batch(lines, labels, 3, Ranks(rank=rank, size=2)) for rank in range(2)]
    volumes = np.concatenate([part.volume for part in parts])
    np.testing.assert_array_equal(np.sort(volumes), np.sort(made.volume))


def test_moved_lists_have_the_shift_that_was_promised() -> None:
    lists = draw_line_lists(600, seed=7, settings=HARD)
    left = left_over(len(lists), seed=7)
    made = to_batch(lists, common_labels(SIZES, 1), left - middle_shift(lists))
    np.testing.assert_allclose(made.shift, 10.0 * left, atol=1e-6)

    # The same from scratch: where the line in the middle lies, beside where its hkl puts it.
    rows, middle = np.arange(len(lists)), np.minimum(lists.count, LINES) // 2
    h, k, l = lists.hkl[rows, middle].astype(np.float64).T
    q = np.einsum("ij,ij->i", lists.metric, np.stack([h * h, k * k, l * l, k * l, h * l, h * k], axis=1))
    own = ~lists.foreign[rows, middle]
    seen = lists.two_theta_deg[rows, middle] + left - middle_shift(lists)
    belongs = np.array([two_theta_from_q(*pair) for pair in zip(q, lists.wavelength_angstrom, strict=True)])
    error = (seen - belongs - left)[own] / lists.sigma_deg[rows, middle][own]
    assert abs(np.median(error)) < 0.2
    assert 0.4 < np.median(np.abs(error)) < 1.2  # 0.67 for normal errors; blends add a little


def test_labels_and_volumes_are_those_of_the_lattices() -> None:
    lists = draw_line_lists(200, seed=8, settings=EASY)
    labels = common_labels(SIZES, 1)
    made = to_batch(lists, labels)
    checked = 0
    for i, lattice in enumerate(map(lists.bravais_lattice, range(len(lists)))):
        cell, rows = Cell.from_metric(lists.metric[i]), labels.rows[made.families[i]]
        free = np.linalg.lstsq(metric_subspace(lattice), lists.metric[i], rcond=None)[0]
        last = lists.q_obs[i, min(lists.count[i], LINES) - 1]
        assert np.exp(made.volume[i]) == pytest.approx(cell.volume / lattice.lattice_points * last**1.5, rel=1e-4)
        for line in np.flatnonzero(made.labels[i] >= 0):
            q = rows[made.labels[i, line]] @ free
            true = two_theta_from_q(q, float(lists.wavelength_angstrom[i])) + lists.zero_shift_deg[i]
            assert lists.two_theta_deg[i, line] == pytest.approx(true, abs=0.35)  # displacement, errors
            checked += 1
    assert checked > 1000
    assert {BRAVAIS_LATTICES[code].value for code in made.codes} >= {"aP", "mP", "oP", "tP", "hP", "cF"}
