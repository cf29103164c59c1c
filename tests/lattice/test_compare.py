from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hybrid_index.errors import InputError
from hybrid_index.lattice import (
    BRAVAIS_LATTICES,
    BravaisLattice,
    Cell,
    cluster_lattices,
    primitive_gram,
    same_lattice,
    same_shortest_vectors,
    shortest_lengths,
    superlattices,
    voronoi_lengths,
)
from hybrid_index.lattice.reduction import niggli_reduce
from hybrid_index.units import FloatArray

if TYPE_CHECKING:
    from tests.lattice.conftest import MakeCell, MakeUnimodular, Strain


def brute_lengths(gram: FloatArray, n: int, side: int = 6) -> FloatArray:
    vectors = np.array([v for v in itertools.product(range(-side, side + 1), repeat=3) if v > (0, 0, 0)])
    return np.sort(np.sqrt(np.einsum("ki,ij,kj->k", vectors, gram, vectors)))[:n]


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_shortest_lengths_are_those_of_brute_force(
    lattice: BravaisLattice, make_cell: MakeCell, make_unimodular: MakeUnimodular
) -> None:
    for _ in range(5):
        gram = niggli_reduce(primitive_gram(make_cell(lattice), lattice))[0]
        skew = make_unimodular()
        expected = brute_lengths(gram, 16, side=16 if np.ptp(np.diag(gram)) > 100 else 8)
        np.testing.assert_allclose(shortest_lengths(skew.T @ gram @ skew), expected, rtol=1e-6)


def test_shortest_lengths_of_a_needle_and_a_plate() -> None:
    np.testing.assert_allclose(shortest_lengths(np.diag([1.0, 900.0, 900.0]), 16), np.arange(1, 17))
    plate = shortest_lengths(np.diag([1.0, 1.0, 900.0]), 6)
    np.testing.assert_allclose(plate, np.sqrt([1, 1, 2, 2, 4, 4]))
    assert voronoi_lengths(np.diag([1.0, 1.0, 900.0]))[-1] == pytest.approx(np.sqrt(902.0))


def test_a_wrong_long_axis_is_seen_though_the_short_vectors_agree() -> None:
    right, wrong = np.diag([9.0, 9.0, 2500.0]), np.diag([9.0, 9.0, 3600.0])
    np.testing.assert_allclose(shortest_lengths(right), shortest_lengths(wrong))
    assert not same_shortest_vectors(right, wrong)
    assert same_shortest_vectors(right, right * 1.01)
    assert not same_shortest_vectors(right, right * 1.03)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_noise_on_a_boundary_of_the_reduction_does_not_matter(
    lattice: BravaisLattice, make_cell: MakeCell, make_unimodular: MakeUnimodular, strain: Strain
) -> None:
    # high symmetry lies on the boundaries: noise decides which reduced cell comes out
    for _ in range(30):
        gram = primitive_gram(make_cell(lattice), lattice)
        first, second = strain(gram, 5e-4), strain(gram, 5e-4)
        skew = make_unimodular()
        assert same_lattice(first, skew.T @ second @ skew)
        assert same_lattice(skew.T @ second @ skew, first)
        assert same_shortest_vectors(first, skew.T @ second @ skew, 1.1e-3)


@pytest.mark.parametrize("lattice", BRAVAIS_LATTICES)
def test_other_lattices_are_told_apart(lattice: BravaisLattice, make_cell: MakeCell) -> None:
    for _ in range(10):
        gram = primitive_gram(make_cell(lattice), lattice)
        assert not same_lattice(gram, gram * 1.006**2)
        assert not any(same_lattice(gram, other) for other in superlattices(gram, 2))


def test_angles_count_on_their_own() -> None:
    straight = Cell(a=5, b=6, c=7).gram
    assert same_lattice(straight, Cell(a=5, b=6, c=7, beta=90.15).gram)
    assert not same_lattice(straight, Cell(a=5, b=6, c=7, beta=90.3).gram)
    assert same_lattice(straight, Cell(a=5, b=6, c=7, beta=90.3).gram, angle_tolerance_deg=0.5)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e-4))
def test_shortest_lengths_are_continuous(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    basis = rng.normal(size=(3, 3)) + 2.0 * np.eye(3)
    noise = rng.normal(size=(3, 3))
    moved = (np.eye(3) + size * noise / np.linalg.norm(noise, 2)) @ basis
    before, after = shortest_lengths(basis.T @ basis), shortest_lengths(moved.T @ moved)
    assert np.abs(after / before - 1.0).max() <= size * (1.0 + 1e-6) + 1e-9


def test_clusters_find_every_lattice_again(
    make_cell: MakeCell, make_unimodular: MakeUnimodular, strain: Strain
) -> None:
    grams = np.array([primitive_gram(make_cell(kind), kind) for kind in BRAVAIS_LATTICES for _ in range(10)])
    skews = [make_unimodular() for _ in grams]
    again = np.array([strain(t.T @ g @ t, 4e-4) for g, t in zip(grams, skews, strict=True)])
    labels = cluster_lattices(np.concatenate([grams, again]))
    assert labels[0] == 0
    np.testing.assert_array_equal(labels[: len(grams)], labels[len(grams) :])
    for i, j in itertools.combinations(range(0, len(grams), 7), 2):
        assert (labels[i] == labels[j]) == same_lattice(grams[i], grams[j])


def test_batch_and_single_agree(make_cell: MakeCell) -> None:
    grams = np.array([primitive_gram(make_cell(kind), kind) for kind in BRAVAIS_LATTICES])
    np.testing.assert_allclose(shortest_lengths(grams, 5), [shortest_lengths(g, 5) for g in grams])


def test_bad_stacks_are_refused() -> None:
    assert cluster_lattices(np.zeros((0, 3, 3))).size == 0
    with pytest.raises(InputError, match="array"):
        cluster_lattices(np.eye(3))
    with pytest.raises(InputError, match="matrix 1"):
        cluster_lattices(np.array([np.eye(3), -np.eye(3)]))
