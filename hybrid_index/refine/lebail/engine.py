"""The least squares: damped Gauss–Newton steps for all parameters, intensities eliminated, and Le Bail's partition.

Each step solves the normal equations of intensities and all other parameters together. Intensities come first: their
block is a narrow band, so that a thousand of them cost little, and what is left is small and dense.

For Le Bail's method, intensities stay positive: they follow the step as far as that allows, and are then shared out
anew. The share-out is multiplicative, as in A. Le Bail, H. Duroy & J. L. Fourquet, Mater. Res. Bull. 23 (1988) 447,
doi:10.1016/0025-5408(88)90019-0: each reflection is multiplied by what is observed over what is calculated under its
profile. Points have their statistical weights here, so that it comes to rest where the least squares does, and what
overlaps fully keeps the shares it had.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded

from hybrid_index.refine.lebail import kernels
from hybrid_index.refine.lebail.model import INNER_FWHM, Drawn, Problem, derivatives, draw
from hybrid_index.units import FloatArray

Intensities = Literal["lebail", "pawley"]

FIRST_CYCLES = 20
CYCLES = 4
"""Partitions at the start, and after each step."""
_LEAST_FACTOR = 0.2
"""No intensity falls to less than this share of itself at once: one that reaches zero could never rise again."""
_DAMPING = (1.0e-3, 1.0e-6, 1.0e7)
"""At the start, least, and largest: where no step helps, the fit is at rest."""
_SMALL_GAIN = 4.0e-5
"""Relative gain in χ² below which a step counts as none."""
_CLEAR = 3.0
"""Intensity over its uncertainty from which a reflection has a say in positions and widths."""
_NEARBY_FWHM = 1.0
"""Le Bail's rule shares out what is within this distance, rightly or not."""
_UNRESOLVED_FWHM = 0.5
"""Neighbours nearer than this have the same intensity per reflection, within its size (Pawley)."""


@dataclass(frozen=True, eq=False)
class State:
    """Where a fit stands; ``calculated`` (n,) has the background in it, ``loss`` the priors."""

    drawn: Drawn
    intensity: FloatArray
    calculated: FloatArray
    loss: float


@dataclass(frozen=True, eq=False)
class Normal:
    """Normal equations at a state, intensities eliminated.

    ``factor`` of the banded block of intensities, ``held`` (m,) what priors add to its diagonal; ``solved`` (m, p) the
    mixed block divided by it, ``solved_gradient`` (m,) the same of the gradient; ``reduced`` (p, p) and
    ``reduced_gradient`` (p,) what is left for the other parameters.
    """

    factor: FloatArray
    held: FloatArray
    solved: FloatArray
    reduced: FloatArray
    reduced_gradient: FloatArray
    solved_gradient: FloatArray


def start(problem: Problem, parameters: FloatArray) -> State | None:
    """Draw the pattern and share out the intensities, equal at first; ``None`` if the parameters are impossible."""
    drawn = draw(problem, parameters)
    if drawn is None:
        return None
    return partitioned(problem, drawn, np.ones(len(problem.hkl)), FIRST_CYCLES)


def partitioned(problem: Problem, drawn: Drawn, intensity: FloatArray, cycles: int) -> State:
    """Share out what is observed *cycles* times."""
    wanted = np.maximum(drawn.project(problem.weight * (problem.intensity - drawn.background)), 0.0)
    calculated = drawn.pattern(intensity)
    for _ in range(cycles):
        found = drawn.project(problem.weight * (calculated - drawn.background))
        factor = np.divide(wanted, found, out=np.ones_like(found), where=found > 0.0)
        intensity = intensity * np.maximum(factor, _LEAST_FACTOR)
        calculated = drawn.pattern(intensity)
    return State(drawn, intensity, calculated, _loss(problem, drawn.parameters, calculated))


def descend(
    problem: Problem, state: State, free: npt.NDArray[np.bool_], mode: Intensities, most: int
) -> tuple[State, bool, int]:
    """Take up to *most* steps with some parameters free.

    Returns
    -------
    state, converged, n_steps
    """
    damping = _DAMPING[0]
    for step in range(1, most + 1):
        normal = normal_equations(problem, state, free, mode)
        before = state.loss
        while damping < _DAMPING[2]:
            trial = _tried(problem, state, normal, free, mode, damping)
            if trial is not None and trial.loss < before:
                break
            damping *= 8.0
        else:
            return state, True, step
        state, damping = trial, max(damping * 0.2, _DAMPING[1])
        if before - state.loss < _SMALL_GAIN * before:
            return state, True, step
    return state, False, most


def normal_equations(
    problem: Problem, state: State, free: npt.NDArray[np.bool_], mode: Intensities, *, at_rest: bool = False
) -> Normal:
    """Set up the normal equations and eliminate the intensities.

    With *at_rest* they are for uncertainties, not for a step: how Le Bail's rule shared out what overlaps is then not
    taken for knowledge.
    """
    drawn, weight = state.drawn, problem.weight
    jacobian = np.ascontiguousarray(derivatives(problem, drawn, _shrunk(problem, state))[:, free])
    residual = weight * (problem.intensity - state.calculated)
    inner_first, inner_last = drawn.windows(problem.two_theta_deg, INNER_FWHM)
    band, mixed = kernels.normal_blocks(
        weight, drawn.profile, drawn.first, drawn.offset, inner_first, inner_last, jacobian
    )
    gradient = drawn.project(residual)
    data = band[0].copy()
    _add_intensity_prior(problem, state, mode, band, gradient, at_rest=at_rest)
    precision = problem.prior_esd[free] ** -2.0
    own = jacobian.T @ (weight[:, None] * jacobian) + np.diag(precision)
    own_gradient = jacobian.T @ residual + precision * (problem.prior - drawn.parameters)[free]
    factor = cholesky_banded(band, lower=True)
    solved = cho_solve_banded((factor, True), np.column_stack([mixed, gradient]))
    return Normal(
        factor=factor,
        held=band[0] - data,
        solved=solved[:, :-1],
        reduced=own - mixed.T @ solved[:, :-1],
        reduced_gradient=own_gradient - mixed.T @ solved[:, -1],
        solved_gradient=solved[:, -1],
    )


def _shrunk(problem: Problem, state: State) -> FloatArray:
    """Intensities (m,) less what noise makes of them: hundreds of reflections of nothing know nothing of the cell.

    Those of foreign lines are 0: they have no say in widths and shapes, which may not be theirs.
    """
    own = np.where(problem.own, state.intensity, 0.0)
    signal = (own**2 * state.drawn.information(problem.weight)) ** 2
    return np.asarray(own * signal / (signal + _CLEAR**4), dtype=np.float64)


def _add_intensity_prior(
    problem: Problem, state: State, mode: Intensities, band: FloatArray, gradient: FloatArray, *, at_rest: bool
) -> None:
    """Hold what the pattern does not tell: Le Bail's shares near where they are, Pawley's unresolved ones alike."""
    diagonal = np.maximum(band[0], 1.0e-12 * band[0].max())
    if mode == "lebail":
        size = (_nearby(state) if at_rest else np.abs(state.intensity)) + 1.0 / np.sqrt(diagonal)
        band[0] = diagonal + size**-2.0
        return
    # a reflection that lies almost outside the pattern would have any intensity
    band[0] = diagonal + 1.0e-6 * np.median(diagonal)
    near = np.diff(state.drawn.centre[0]) < _UNRESOLVED_FWHM * state.drawn.fwhm[1:]
    if band.shape[0] < 2 or not near.any():
        return
    left = np.flatnonzero(near)
    per_reflection = state.intensity / problem.multiplicity
    a, b = 1.0 / problem.multiplicity[left], 1.0 / problem.multiplicity[left + 1]
    # what the two have together is known; each of them alone could grow without bound
    together = np.abs(state.intensity[left] + state.intensity[left + 1]) + diagonal[left] ** -0.5
    precision = (together / (problem.multiplicity[left] + problem.multiplicity[left + 1])) ** -2.0
    np.add.at(band[0], left, precision * a * a)
    np.add.at(band[0], left + 1, precision * b * b)
    np.subtract.at(band[1], left, precision * a * b)
    pull = precision * (per_reflection[left + 1] - per_reflection[left])
    np.add.at(gradient, left, pull * a)
    np.subtract.at(gradient, left + 1, pull * b)


def _nearby(state: State) -> FloatArray:
    """Intensity of each reflection and its neighbours together (m,): what each of them may have."""
    centre, reach = state.drawn.centre[0], _NEARBY_FWHM * state.drawn.fwhm
    running = np.concatenate([[0.0], np.cumsum(np.abs(state.intensity))])
    first, last = np.searchsorted(centre, centre - reach), np.searchsorted(centre, centre + reach, side="right")
    return np.asarray(running[last] - running[first])


def _tried(
    problem: Problem,
    state: State,
    normal: Normal,
    free: npt.NDArray[np.bool_],
    mode: Intensities,
    damping: float,
) -> State | None:
    """The state after one damped step; ``None`` if it leads nowhere."""
    damped = normal.reduced + damping * np.diag(np.diag(normal.reduced))
    try:
        step = np.linalg.solve(damped, normal.reduced_gradient)
    except (np.linalg.LinAlgError, LinAlgError):
        return None
    parameters = state.drawn.parameters.copy()
    parameters[free] += step
    axial = problem.n_profile - 2
    parameters[axial : axial + 2] = np.maximum(parameters[axial : axial + 2], 0.0)
    drawn = draw(problem, parameters)
    if drawn is None:
        return None
    moved = state.intensity + normal.solved_gradient - normal.solved @ step
    if mode == "lebail":
        return partitioned(problem, drawn, np.maximum(moved, _LEAST_FACTOR * state.intensity), CYCLES)
    calculated = drawn.pattern(moved)
    return State(drawn, moved, calculated, _loss(problem, parameters, calculated))


def _loss(problem: Problem, parameters: FloatArray, calculated: FloatArray) -> float:
    misfit = np.sum(problem.weight * (problem.intensity - calculated) ** 2)
    return float(misfit + np.sum(((parameters - problem.prior) / problem.prior_esd) ** 2))
