from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from scipy import stats

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell, standardize
from hybrid_index.neural.line_lists import LineListBatch, draw_line_lists
from hybrid_index.neural.reflections import lowest_reflections
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import Condition, LineLists, LineListSettings, LineListTables
from hybrid_index.simulate import draw_line_lists as draw_with_kernels
from hybrid_index.simulate.extinctions import default_classes
from hybrid_index.units import FloatArray
from tests.synthetic import TYPICAL

N = 3000
PLAIN = LineListSettings.of_condition(Condition(name="plain", sigma_deg=1e-9, merge_deg=1e-6))


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def batch() -> LineListBatch:
    return draw_line_lists(N, LineListTables.of(), seed=1)


@pytest.fixture(scope="module")
def lists() -> LineLists:
    return draw_with_kernels(4 * N, seed=1)


@pytest.fixture(scope="module")
def plain() -> LineListBatch:
    return draw_line_lists(800, LineListTables.of(PLAIN), seed=2)


def test_shapes_and_types_are_those_of_the_kernels(batch: LineListBatch, lists: LineLists) -> None:
    assert len(batch) == N
    for field in fields(batch):
        tensor, array = getattr(batch, field.name).numpy(), getattr(lists, field.name)
        assert tensor.dtype == array.dtype, field.name
        assert tensor.shape[1:] == array.shape[1:], field.name


def test_a_seed_makes_the_same_batch(batch: LineListBatch) -> None:
    tables = LineListTables.of()
    one, same, other = (draw_line_lists(50, tables, seed=seed) for seed in (4, 4, 5))
    for field in fields(one):
        assert torch.equal(getattr(one, field.name), getattr(same, field.name)), field.name
    assert not torch.equal(one.metric, other.metric)


def test_true_lines_lie_where_their_indices_say(plain: LineListBatch) -> None:
    h, k, l = plain.hkl.double().unbind(dim=2)
    a, b, c, d, e, f = plain.metric[:, :, None].unbind(dim=1)
    q = a * h * h + b * k * k + c * l * l + d * k * l + e * h * l + f * h * k
    seen = (2.0 * torch.sin(torch.deg2rad(plain.two_theta_deg / 2.0)) / plain.wavelength_angstrom[:, None]) ** 2
    listed = torch.arange(60) < plain.count[:, None]
    assert float((seen - q)[listed].abs().max()) < 1e-7
    assert not bool(plain.foreign.any())
    assert bool((torch.diff(plain.two_theta_deg, dim=1)[listed[:, 1:]] > 0.0).all())


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_labels_are_in_the_conventional_setting(batch: LineListBatch, lattice: BravaisLattice) -> None:
    for i in torch.nonzero(batch.lattice == lattice.code)[:20, 0].tolist():
        cell = Cell.from_metric(batch.metric[i].numpy())
        assert cell.parameters == pytest.approx(standardize(cell, lattice).parameters, rel=1e-6)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_reflections_are_those_of_the_enumerator(lattice: BravaisLattice) -> None:
    """The same indices, Q and multiplicities, for every extinction class of the lattice."""
    metric, classes = TYPICAL[lattice].metric, default_classes()
    numbers = list(classes.of(lattice))
    n = len(numbers)
    q_max = 40.0 * float(metric[:3].min())
    found = lowest_reflections(
        torch.tensor(metric).expand(n, 6),
        torch.full((n,), lattice.code),
        torch.zeros(n, dtype=torch.float64),
        torch.full((n,), q_max, dtype=torch.float64),
        torch.tensor(classes.tests[numbers]),
        600,
    )
    expected = enumerate_reflections(metric, lattice, q_max)
    for i, number in enumerate(numbers):
        keep = ~classes.absent(number, expected.hkl)
        listed = torch.isfinite(found.q[i])
        rows = {tuple(row) for row in found.hkl[i, listed].tolist()}
        assert rows == {tuple(row) for row in expected.hkl[keep].tolist()}
        assert np.sort(found.q[i, listed].numpy()) == pytest.approx(expected.q[keep])
        assert int(found.multiplicity[i, listed].sum()) == expected.multiplicity[keep].sum()


def columns(lists: LineLists | LineListBatch) -> dict[str, FloatArray]:
    """What is compared: one number for each list."""
    two_theta, count = np.asarray(lists.two_theta_deg), np.asarray(lists.count)
    wavelength = np.asarray(lists.wavelength_angstrom)
    sine = np.sin(np.radians(two_theta / 2.0))
    intensity = np.asarray(lists.intensity)
    hkl, foreign = np.asarray(lists.hkl), np.asarray(lists.foreign)
    metric = np.asarray(lists.metric)
    rows = np.arange(len(count))
    listed = np.arange(60) < count[:, None]
    return {
        "lines": count.astype(np.float64),
        "foreign lines": foreign.sum(axis=1).astype(np.float64),
        "ratio of Q 2 to 1": sine[:, 1] / sine[:, 0],
        "ratio of Q 5 to 1": sine[:, 4] / sine[:, 0],
        "first d": wavelength / sine[:, 0],
        "intensity of line 5": intensity[:, 4],
        "mean log intensity": np.where(listed, np.log(np.maximum(intensity, 1e-9)), 0.0).sum(axis=1) / count,
        "largest index": np.abs(hkl).max(axis=(1, 2)).astype(np.float64),
        "A": metric[:, 0],
        "C": metric[:, 2],
        "wavelength": wavelength,
        "end": np.asarray(lists.two_theta_limits_deg)[:, 1],
        "last line": two_theta[rows, count - 1],
        "width": np.asarray(lists.fwhm_deg)[:, 0].astype(np.float64),
        "uncertainty": np.asarray(lists.sigma_deg)[:, 2].astype(np.float64),
    }


def test_distributions_are_those_of_the_kernels(batch: LineListBatch, lists: LineLists) -> None:
    tensors, arrays = columns(batch), columns(lists)
    distance = {name: float(stats.ks_2samp(tensors[name], arrays[name]).statistic) for name in arrays}
    # 1.95·sqrt(1/n + 1/4n) is passed by chance once in a thousand times
    assert max(distance.values()) < 1.95 * np.sqrt(1.25 / N), distance
    for lattice in BRAVAIS_LATTICES:
        share = float((batch.lattice == lattice.code).double().mean())
        assert share == pytest.approx(float(np.mean(lists.lattice == lattice.code)), abs=0.02)


def missing_share(lists: LineLists | LineListBatch) -> FloatArray:
    """Share of the first lines of a lattice, up to its 20th, that are not seen; one number for each list."""
    found = []
    for i in range(300):
        lattice = BRAVAIS_LATTICES[int(lists.lattice[i])]
        own = {tuple(row) for row in np.asarray(lists.hkl[i]).tolist()}
        metric = np.asarray(lists.metric[i])
        last = np.asarray(lists.hkl[i])[int(lists.count[i]) - 1].astype(np.float64)
        h, k, l = last
        q_end = float(metric @ [h * h, k * k, l * l, k * l, h * l, h * k]) * (1.0 + 1e-9)
        allowed = enumerate_reflections(metric, lattice, q_end, merge_equal_q=False).hkl[:20]
        found.append(1.0 - float(np.mean([tuple(row) in own for row in allowed.tolist()])))
    return np.array(found)


def test_as_many_lines_are_missing(plain: LineListBatch) -> None:
    kernels = draw_with_kernels(300, seed=8, settings=PLAIN)
    tensors, arrays = missing_share(plain), missing_share(kernels)
    assert tensors.mean() == pytest.approx(arrays.mean(), abs=0.03)
    assert stats.ks_2samp(tensors, arrays).pvalue > 1e-3


def test_no_two_lines_are_nearer_than_is_resolved() -> None:
    settings = replace(PLAIN, merge_deg=(0.1, 0.1))
    drawn = draw_line_lists(300, LineListTables.of(settings), seed=3)
    gaps = torch.diff(drawn.two_theta_deg, dim=1)[torch.arange(1, 60) < drawn.count[:, None]]
    assert float(gaps.min()) >= 0.1 - 1e-6


def test_settings_that_show_no_lines_are_refused() -> None:
    short = replace(PLAIN, ladder_share=0.0, two_theta_min_deg=(1.0, 1.0), two_theta_max_deg=(1.1, 1.2))
    with pytest.raises(InputError, match="let the measurements go further"):
        draw_line_lists(20, LineListTables.of(short), seed=0)


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(InputError, match="give 1 or more"):
        draw_line_lists(0, LineListTables.of(), seed=0)
