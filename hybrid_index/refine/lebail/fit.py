"""The fit from start to end: what is freed when, and what comes out."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.linalg import cho_solve_banded

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail import engine
from hybrid_index.refine.lebail.correlation import correlated_noise
from hybrid_index.refine.lebail.engine import Intensities, Normal, State
from hybrid_index.refine.lebail.model import Problem
from hybrid_index.refine.lebail.result import FittedReflections, ForeignLines, LeBailFit
from hybrid_index.refine.lebail.setup import Absent, set_up
from hybrid_index.refine.lebail.widths import WIDTH_NAMES
from hybrid_index.refine.positions import SHIFTS, free_parameters
from hybrid_index.types import Pattern, PeakList, Shift
from hybrid_index.units import DEFAULT_RADIUS_MM, FloatArray, displacement_slope

MAX_ITERATIONS = 40
_STAGES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (2, ("background",)),
    (3, ("background", "W", "Y", *SHIFTS)),
    (4, ("background", "W", "Y", *SHIFTS, "cell")),
    (MAX_ITERATIONS, ("background", *WIDTH_NAMES, *SHIFTS, "cell", "axial", "ka2_ratio")),
)
"""Most steps, and what is free, one after the other; intensities always are."""
_EDGES = {"c": ("a", "a", "a"), "t": ("a", "a", "c"), "h": ("a", "a", "c")}


def lebail_fit(
    pattern: Pattern,
    cell: Cell,
    bravais_lattice: BravaisLattice,
    *,
    shift: Shift | None = None,
    peaks: PeakList | None = None,
    start: LeBailFit | None = None,
    two_theta_range_deg: tuple[float, float] | None = None,
    intensities: Intensities = "lebail",
    absent: Absent | None = None,
    foreign_two_theta_deg: npt.ArrayLike = (),
    fix_shift: bool = False,
    radius_mm: float = DEFAULT_RADIUS_MM,
) -> LeBailFit:
    """Fit a whole pattern with the lines of a cell, each of any intensity.

    The cell (within its Bravais lattice), zero shift and displacement, widths, axial divergence, the share of Kα2 and
    the background are refined together with all intensities.

    Parameters
    ----------
    pattern
        The pattern; its ``radiation`` must be known.
    cell, bravais_lattice
        Conventional cell, right to a small part of a line width: refine it against the peaks first.
    shift
        Shifts to start from.
    peaks
        Lines of the pattern, where they are at hand: their widths are a better start than what detection sees.
    start
        Another cell's fit of the same points, whose widths and background are a still better start, and save half of
        the time.
    two_theta_range_deg
        Range to fit, degrees; all of it by default.
    intensities
        ``"lebail"``: positive, shared out in proportion (Le Bail, Duroy & Fourquet 1988,
        doi:10.1016/0025-5408(88)90019-0). ``"pawley"``: free unknowns with their covariance, of either sign (Pawley
        1981, doi:10.1107/S0021889881009618); those that cannot be resolved are held alike.
    absent
        Says which of hkl (m, 3) are systematically absent beyond the centring, as a mask (m,).
    foreign_two_theta_deg
        Observed lines that are none of the cell's, degrees (:func:`~hybrid_index.refine.lebail.foreign_lines` finds
        them): they are drawn where they are seen, with any intensity, so that the cell need not explain them.
    fix_shift
        Hold zero shift and displacement at the values given.
    radius_mm
        Goniometer radius, for the displacement.

    Returns
    -------
    LeBailFit

    Raises
    ------
    InputError
        Where the wavelength is unknown, the range holds too few points, the cell has no reflection in it or more than
        two thousand, or the points do not determine it.

    Examples
    --------
    >>> import hybrid_index as hi
    >>> pattern = hi.read("examples/demo_pattern.xye")
    >>> fit = lebail_fit(pattern, hi.Cell(a=5.397, b=6.955, c=8.472), hi.BravaisLattice.OP)  # doctest: +SKIP
    >>> fit.r_wp / fit.r_exp  # doctest: +SKIP
    1.02
    """
    problem, parameters = set_up(
        pattern, cell, bravais_lattice, shift, peaks, two_theta_range_deg, absent,
        np.asarray(foreign_two_theta_deg, dtype=np.float64), radius_mm,
    )  # fmt: skip
    stages = _STAGES
    if start is not None:
        parameters, stages = taken_over(problem, parameters, start), _STAGES[-1:]
    state = engine.start(problem, parameters)
    if state is None:
        raise InputError(f"{cell.parameters} is no cell that can be fitted; check it", source=pattern.source or None)
    possible = _possible(problem, fix_shift)
    total, converged = 0, False
    try:
        for most, names in stages:
            free = problem.where(*names) & possible
            state, converged, steps = engine.descend(problem, state, free, intensities, most)
            total += steps
        if intensities == "lebail":
            state = engine.partitioned(problem, state.drawn, state.intensity, engine.FIRST_CYCLES)
        normal = engine.normal_equations(problem, state, free, intensities, at_rest=True)
        by_shares = engine.normal_equations(problem, state, free, intensities).reduced
        return _collect(pattern, problem, state, normal, by_shares, free, intensities, converged, total)
    except np.linalg.LinAlgError as error:
        raise InputError(
            "the points do not determine the cell and the profile; widen the range", source=pattern.source or None
        ) from error


def taken_over(problem: Problem, parameters: FloatArray, fit: LeBailFit) -> FloatArray:
    """Parameters with the widths, and so on, of a fit of the same points."""
    if not np.array_equal(fit.two_theta_deg, problem.two_theta_deg):
        raise InputError("the fit to start from is of other points; take the same range", source="start")
    n = problem.n_profile - problem.n_position + problem.basis.shape[1]
    return np.concatenate([parameters[:-n], fit.drawn.parameters[-n:]])


def _possible(problem: Problem, fix_shift: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Parameters that can be free at all."""
    possible = np.ones(len(problem.names), dtype=bool)
    if problem.radiation.ka2_angstrom is None:
        possible &= ~problem.where("ka2_ratio")
    if fix_shift:
        possible &= ~problem.where(*SHIFTS)
    return possible


def _collect(
    pattern: Pattern,
    problem: Problem,
    state: State,
    normal: Normal,
    by_shares: FloatArray,
    free: np.ndarray[tuple[int], np.dtype[np.bool_]],
    mode: Intensities,
    converged: bool,
    n_iterations: int,
) -> LeBailFit:
    drawn, weight = state.drawn, problem.weight
    residual = problem.intensity - state.calculated
    total = float(np.sum(weight * problem.intensity**2))
    inverse = cho_solve_banded((normal.factor, True), np.eye(len(problem.hkl)))
    # what the pattern itself determines: reflections that overlap fully count once
    n_free = int(free.sum()) + len(problem.hkl) - float(normal.held @ np.diag(inverse))
    r_wp = math.sqrt(float(np.sum(weight * residual**2)) / total)
    r_exp = math.sqrt(max(problem.intensity.size - n_free, 1.0) / total)
    chi2 = (r_wp / r_exp) ** 2
    scale = max(chi2, 1.0) * correlated_noise(residual * np.sqrt(weight))
    covariance: FloatArray = np.asarray(np.linalg.inv(normal.reduced) * scale, dtype=np.float64)
    names = tuple(name for name, is_free in zip(problem.names, free, strict=True) if is_free)
    variance = np.maximum(np.diag(covariance), 0.0)  # below 0 by rounding, where two parameters do the same
    esd = dict(zip(names, np.sqrt(variance).tolist(), strict=True))
    inverse *= scale
    inverse += normal.solved @ covariance @ normal.solved.T
    profile = problem.names[problem.n_position : problem.n_profile]
    values = dict(zip(problem.names, drawn.parameters.tolist(), strict=True))
    q = problem.products @ drawn.cell.metric
    own, intensity_esd = problem.own, np.sqrt(np.diag(inverse))
    foreign = drawn.pattern(np.where(own, 0.0, state.intensity)) - drawn.background
    return LeBailFit(
        name=pattern.name,
        bravais_lattice=problem.lattice,
        cell=drawn.cell,
        cell_esd=_cell_esd(esd, problem.lattice),
        shift=_shift(problem, values, esd, names, covariance),
        radiation=problem.radiation,
        r_p=float(np.sum(np.abs(residual)) / np.sum(np.abs(problem.intensity))),
        r_wp=r_wp,
        r_exp=r_exp,
        chi2=chi2,
        reflections=FittedReflections(
            hkl=problem.hkl[own],
            multiplicity=problem.multiplicity[own],
            d_angstrom=1.0 / np.sqrt(q),
            two_theta_deg=drawn.centre[0, own],
            intensity=state.intensity[own],
            intensity_esd=intensity_esd[own],
            fwhm_deg=drawn.fwhm[own],
        ),
        foreign=ForeignLines(
            two_theta_deg=problem.foreign_deg[~own],
            intensity=state.intensity[~own],
            intensity_esd=intensity_esd[~own],
            pattern=foreign,
        ),
        profile={name: values[name] for name in profile},
        profile_esd={name: esd.get(name, 0.0) for name in profile},
        two_theta_deg=problem.two_theta_deg,
        observed=problem.intensity,
        sigma=np.sqrt(problem.variance),
        calculated=state.calculated,
        background=drawn.background,
        parameter_names=names,
        covariance=covariance,
        covariance_by_shares=np.asarray(np.linalg.inv(by_shares) * scale, dtype=np.float64),
        intensity_covariance=inverse[np.ix_(own, own)] if mode == "pawley" else None,
        converged=converged,
        n_iterations=n_iterations,
        drawn=drawn,
    )


def _cell_esd(esd: dict[str, float], lattice: BravaisLattice) -> Cell:
    edges = _EDGES.get(lattice.value[0], ("a", "b", "c"))
    angles = {name: esd[name] if name in free_parameters(lattice) else 0.0 for name in ("alpha", "beta", "gamma")}
    return Cell(a=esd[edges[0]], b=esd[edges[1]], c=esd[edges[2]], **angles)


def _shift(
    problem: Problem,
    values: dict[str, float],
    esd: dict[str, float],
    names: tuple[str, ...],
    covariance: FloatArray,
) -> Shift:
    """The shifts, and their sum in the middle of the range, which is known best."""
    leverage = float(displacement_slope(np.median(problem.two_theta_deg), radius_mm=problem.radius_mm))
    zero, displacement = (values[name] for name in SHIFTS)
    weights = np.array([{SHIFTS[0]: 1.0, SHIFTS[1]: leverage}.get(name, 0.0) for name in names])
    correlation = math.nan
    if SHIFTS[0] in esd:
        i, j = (names.index(name) for name in SHIFTS)
        correlation = float(covariance[i, j] / math.sqrt(covariance[i, i] * covariance[j, j]))
    return Shift(
        zero_shift_deg=zero,
        zero_shift_esd_deg=esd.get(SHIFTS[0], 0.0),
        displacement_mm=displacement,
        displacement_esd_mm=esd.get(SHIFTS[1], 0.0),
        correlation=correlation,
        combined_deg=zero + displacement * leverage,
        combined_esd_deg=math.sqrt(max(float(weights @ covariance @ weights), 0.0)),
    )
