"""The sums over profiles, against plain numpy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hybrid_index.refine.lebail import engine, kernels
from hybrid_index.refine.lebail.model import Drawn, Problem, derivatives, draw
from hybrid_index.refine.lebail.setup import set_up
from hybrid_index.units import FloatArray
from tests.refine.lebail.conftest import Known


@pytest.fixture(scope="module")
def drawn(orthorhombic: Known) -> tuple[Problem, FloatArray, Drawn]:
    problem, parameters = set_up(
        orthorhombic.pattern, orthorhombic.cell, orthorhombic.lattice, None, None, None, None, np.zeros(0), 200.0
    )
    parameters[problem.n_profile - 2] = 0.02
    found = draw(problem, parameters)
    assert found is not None
    return problem, parameters, found


def dense(problem: Problem, drawn: Drawn) -> FloatArray:
    """All profiles as a matrix (n, m)."""
    out = np.zeros((problem.two_theta_deg.size, len(problem.hkl)))
    for k in range(out.shape[1]):
        out[drawn.first[k] : drawn.last[k], k] = drawn.profile[drawn.offset[k] : drawn.offset[k + 1]]
    return out


def test_profiles_have_the_area_of_their_lines(drawn: tuple[Problem, FloatArray, Drawn]) -> None:
    problem, _, found = drawn
    inside = (found.centre[0] > 20.0) & (found.centre[0] < 50.0)
    area = dense(problem, found).sum(axis=0) * 0.02
    # both lines; what lies beyond 25 widths is missing
    assert area[inside] == pytest.approx(1.5, rel=0.02)


def test_pattern_and_projection_agree_with_matrices(drawn: tuple[Problem, FloatArray, Drawn]) -> None:
    problem, _, found = drawn
    rng = np.random.default_rng(0)
    intensity, values = rng.random(len(problem.hkl)), rng.random(problem.two_theta_deg.size)
    matrix = dense(problem, found)
    assert found.pattern(intensity) == pytest.approx(found.background + matrix @ intensity)
    assert found.project(values) == pytest.approx(matrix.T @ values)
    assert found.information(values) == pytest.approx((matrix**2).T @ values)


def test_normal_blocks_agree_with_matrices(drawn: tuple[Problem, FloatArray, Drawn]) -> None:
    problem, _, found = drawn
    jacobian = np.random.default_rng(1).random((problem.two_theta_deg.size, 3))
    band, mixed = kernels.normal_blocks(
        problem.weight, found.profile, found.first, found.offset, found.first, found.last, jacobian
    )
    matrix = dense(problem, found)
    full = matrix.T @ (problem.weight[:, None] * matrix)
    for row, values in enumerate(band):
        assert values[: values.size - row] == pytest.approx(np.diag(full, -row))
    assert np.abs(np.tril(full, -len(band))).max() < 1e-12 * full.max()
    assert mixed == pytest.approx(matrix.T @ (problem.weight[:, None] * jacobian))


@pytest.mark.parametrize("name", ["a", "c", "zero", "displacement", "U", "W", "X", "Z", "axial", "ka2_ratio"])
def test_derivatives_agree_with_differences(drawn: tuple[Problem, FloatArray, Drawn], name: str) -> None:
    problem, parameters, found = drawn
    intensity = np.random.default_rng(2).random(len(problem.hkl))
    j = problem.names.index(name)
    step = 1.0e-6
    up, down = parameters.copy(), parameters.copy()
    up[j] += step
    down[j] -= step
    higher, lower = draw(problem, up), draw(problem, down)
    assert higher is not None
    assert lower is not None
    difference = (higher.pattern(intensity) - lower.pattern(intensity)) / (2.0 * step)
    slope = derivatives(problem, found, intensity)[:, j]
    # derivatives leave out the far tails, and windows that move by a point make jumps in the differences
    error = np.quantile(np.abs(slope - difference), 0.97)
    assert error < 0.01 * np.quantile(np.abs(difference), 0.999)


def test_partition_lowers_the_misfit_and_keeps_intensities_positive(
    drawn: tuple[Problem, FloatArray, Drawn],
) -> None:
    problem, _, found = drawn
    few = engine.partitioned(problem, found, np.ones(len(problem.hkl)), 2)
    many = engine.partitioned(problem, found, np.ones(len(problem.hkl)), 30)
    assert many.loss < few.loss
    assert np.all(many.intensity >= 0.0)


def test_reflections_that_coincide_keep_equal_shares(drawn: tuple[Problem, FloatArray, Drawn]) -> None:
    problem, parameters, _ = drawn
    twice = replace(
        problem,
        hkl=np.repeat(problem.hkl, 2, axis=0),
        multiplicity=np.repeat(problem.multiplicity, 2),
        foreign_deg=np.repeat(problem.foreign_deg, 2),
    )
    found = draw(twice, parameters)
    assert found is not None
    shared = engine.partitioned(twice, found, np.ones(len(twice.hkl)), 10).intensity
    assert shared[::2] == pytest.approx(shared[1::2])
