"""What is fitted: the pattern, the reflections, and the parameters other than intensities, in one vector.

The vector holds, in this order: free cell parameters; zero shift and displacement; widths U … Z; axial divergence; the
share of Kα2; coefficients of the background.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.lebail import kernels
from hybrid_index.refine.lebail.widths import WIDTH_NAMES, widths_and_slopes
from hybrid_index.refine.line_assignment import Model, metric_products
from hybrid_index.refine.positions import SHIFTS, complete_cell, free_parameters, positions_and_slopes
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, Radiation, q_from_two_theta, two_theta_from_q

REACH_FWHM = 25.0
"""A line is drawn so many widths to either side: a Lorentzian has fallen to 4e-4 of its height there."""
SLOPE_FWHM = 12.0
"""Derivatives are taken so far out: the tails beyond tell nothing of position and width."""
INNER_FWHM = 6.0
"""So far out intensities see one another in the normal equations."""
N_RAYS = 6
_BOX, _BOX_WEIGHT = np.polynomial.legendre.leggauss(N_RAYS)
RAY_SQUARE: FloatArray = ((_BOX + 1.0) / 2.0) ** 2
RAY_WEIGHT: FloatArray = _BOX_WEIGHT / 2.0
RAY_MEAN = 1.0 / 3.0
"""Of the squares."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, reflections and priors; arrays of n points and m reflections.

    ``variance`` (n,); ``base`` (n,) the background before it is corrected, ``basis`` (n, b) its corrections; ``hkl``
    (m, 3); ``foreign_deg`` (m,) where a line is observed that is no reflection of the cell, NaN for reflections;
    ``prior`` and ``prior_esd`` (p,), infinite where nothing is known beforehand.
    """

    two_theta_deg: FloatArray
    intensity: FloatArray
    variance: FloatArray
    base: FloatArray
    basis: FloatArray
    hkl: IntArray
    multiplicity: IntArray
    foreign_deg: FloatArray
    lattice: BravaisLattice
    radiation: Radiation
    radius_mm: float
    prior: FloatArray
    prior_esd: FloatArray
    least_fwhm_deg: float

    @cached_property
    def weight(self) -> FloatArray:
        """1/σ², shape (n,)."""
        return np.asarray(1.0 / self.variance, dtype=np.float64)

    @cached_property
    def products(self) -> FloatArray:
        """What multiplies the metric in Q, one row for each of the cell's own lines."""
        return metric_products(self.hkl[self.own])

    @cached_property
    def own(self) -> npt.NDArray[np.bool_]:
        """Which lines (m,) are reflections of the cell."""
        return np.isnan(self.foreign_deg)

    @cached_property
    def foreign_centres(self) -> list[FloatArray]:
        """Where the foreign lines are observed, for each wavelength."""
        first, *rest = _wavelengths(self.radiation)
        seen = self.foreign_deg[~self.own]
        return [seen, *(two_theta_from_q(q_from_two_theta(seen, first), other) for other in rest)]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, shape (p,)."""
        background = tuple(f"background{i}" for i in range(self.basis.shape[1]))
        return (*free_parameters(self.lattice), *SHIFTS, *WIDTH_NAMES, "axial", "ka2_ratio", *background)

    @cached_property
    def n_cell(self) -> int:
        """Number of free cell parameters."""
        return len(free_parameters(self.lattice))

    @property
    def n_position(self) -> int:
        """Number of parameters that positions depend on."""
        return self.n_cell + len(SHIFTS)

    @property
    def n_profile(self) -> int:
        """Number of parameters before those of the background."""
        return self.n_position + len(WIDTH_NAMES) + 2

    def where(self, *names: str) -> npt.NDArray[np.bool_]:
        """Which parameters have one of these names; ``cell`` and ``background`` stand for all of theirs."""
        chosen = set(names)
        found = [name in chosen or ("background" in chosen and name.startswith("background")) for name in self.names]
        if "cell" in chosen:
            found[: self.n_cell] = [True] * self.n_cell
        return np.array(found)


@dataclass(frozen=True, eq=False)
class Drawn:
    """The lines as they are drawn for one set of parameters; see :mod:`kernels` for the shapes.

    ``own`` (m,) says which of them are reflections of the cell.
    """

    parameters: FloatArray
    cell: Cell
    own: npt.NDArray[np.bool_]
    centre: FloatArray
    centre_slope: FloatArray
    share: FloatArray
    fwhm: FloatArray
    eta: FloatArray
    fwhm_slope: FloatArray
    eta_slope: FloatArray
    cot: FloatArray
    axial: float
    first: IntArray
    last: IntArray
    offset: IntArray
    profile: FloatArray
    background: FloatArray

    def windows(self, x: FloatArray, reach_fwhm: float) -> tuple[IntArray, IntArray]:
        """First point (m,) of each reflection and the one after the last (m,), on the grid *x*."""
        return window_of(x, self.centre, self.fwhm, self.axial * self.cot, reach_fwhm)

    def pattern(self, intensity: FloatArray) -> FloatArray:
        """Calculate the pattern (n,) of these intensities, background included."""
        out = self.background.copy()
        kernels.add_reflections(intensity, self.profile, self.first, self.last, self.offset, out)
        return out

    def information(self, weight: FloatArray) -> FloatArray:
        """1/σ² of each intensity (m,) if its reflection stood alone, for weights (n,) of the points."""
        found = kernels.squares(weight, self.profile, self.first, self.last, self.offset)
        return np.asarray(found, dtype=np.float64)

    def project(self, values: FloatArray) -> FloatArray:
        """Sums of *values* (n,) under each reflection, shape (m,)."""
        return np.asarray(kernels.project(values, self.profile, self.first, self.last, self.offset), dtype=np.float64)


def draw(problem: Problem, parameters: FloatArray) -> Drawn | None:
    """Draw the lines; ``None`` where the parameters make no cell, or one that is out of reach."""
    free = dict(zip(free_parameters(problem.lattice), parameters[: problem.n_cell].tolist(), strict=True))
    shift = parameters[problem.n_cell : problem.n_position]
    axial, ratio = float(parameters[problem.n_profile - 2]), float(parameters[problem.n_profile - 1])
    model = Model(
        lattice=problem.lattice,
        cell=complete_cell(free, problem.lattice),
        zero_shift_deg=float(shift[0]),
        displacement_mm=float(shift[1]),
        radius_mm=problem.radius_mm,
    )
    lines = [positions_and_slopes(model, problem.products, w) for w in _wavelengths(problem.radiation)]
    centre = np.empty((len(lines), problem.own.size))
    slope = np.zeros((*centre.shape, problem.n_position))
    for i, (positions, slopes) in enumerate(lines):
        seen = problem.foreign_centres[i]
        centre[i, problem.own] = positions
        # the rays of axial divergence have their mean where the line is seen
        centre[i, ~problem.own] = seen + axial * RAY_MEAN / np.tan(np.radians(seen))
        slope[i, problem.own] = slopes.T
    if not np.all(np.isfinite(centre[0])):
        return None
    fwhm, eta, fwhm_slope, eta_slope = widths_and_slopes(
        parameters[problem.n_position : problem.n_profile - 2], centre[0], problem.least_fwhm_deg
    )
    cot = 1.0 / np.tan(np.radians(np.clip(centre[0], 0.5, 179.0)))
    first, last = window_of(problem.two_theta_deg, centre, fwhm, axial * cot, REACH_FWHM)
    offset = np.concatenate([[0], np.cumsum(last - first)])
    profile = np.empty(int(offset[-1]))
    share = np.array([1.0, ratio])[: len(lines)]
    kernels.profiles(
        problem.two_theta_deg, centre, share, fwhm, eta, cot, axial, RAY_SQUARE, RAY_WEIGHT, first, last,
        offset, profile,
    )  # fmt: skip
    return Drawn(
        parameters=parameters,
        cell=model.cell,
        own=problem.own,
        centre=centre,
        centre_slope=slope,
        share=share,
        fwhm=fwhm,
        eta=eta,
        fwhm_slope=fwhm_slope,
        eta_slope=eta_slope,
        cot=cot,
        axial=axial,
        first=first,
        last=last,
        offset=offset,
        profile=profile,
        background=problem.base + problem.basis @ parameters[problem.n_profile :],
    )


def derivatives(problem: Problem, drawn: Drawn, intensity: FloatArray) -> FloatArray:
    """Derivatives of the pattern by all parameters but the intensities, shape (n, p)."""
    out = np.zeros((problem.two_theta_deg.size, problem.n_profile))
    first, last = drawn.windows(problem.two_theta_deg, SLOPE_FWHM)
    kernels.derivatives(
        problem.two_theta_deg, intensity, drawn.centre, drawn.centre_slope, drawn.share, drawn.fwhm, drawn.fwhm_slope,
        drawn.eta, drawn.eta_slope, drawn.cot, drawn.axial, RAY_SQUARE, RAY_WEIGHT, first, last, out,
    )  # fmt: skip
    return np.hstack([out, problem.basis])


def window_of(
    x: FloatArray, centre: FloatArray, fwhm: FloatArray, lowest_ray: FloatArray, reach_fwhm: float
) -> tuple[IntArray, IntArray]:
    """First point (m,) of each reflection and the one after the last (m,); see :func:`kernels.windows`."""
    first, last = kernels.windows(x, centre, fwhm, -lowest_ray, reach_fwhm)
    return first, last


def _wavelengths(radiation: Radiation) -> list[float]:
    first, second = radiation.wavelength_angstrom, radiation.ka2_angstrom
    return [first] if second is None else [first, second]
