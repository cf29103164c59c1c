"""Fits of simulated patterns: whether the cell is right within its uncertainties, and all signal is explained."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from scipy.stats import chi2 as chi2_distribution

from benchmarks.accuracy.cases import DEFAULT_U_ISO, Half, KnownLattice, generator, stratified
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.lattice.bravais import ConventionalSetting, conventional
from hybrid_index.peaks import find_peaks
from hybrid_index.refine.lebail import LeBailFit, lebail_fit, range_end_deg
from hybrid_index.refine.positions import complete_cell, free_parameters
from hybrid_index.simulate import Background, Profile, Structure, powder_lines, simulate_pattern
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation

RANGE_DEG = (8.0, 88.0)
STEP_DEG = 0.01
"""Eight thousand points."""
EXACT = 1.0e-5
"""A simulated cell has the symmetry that it has to this strain."""
START_ERROR = 3.0e-4
"""Relative error of the lengths, and of angles in radians, that a search hands over."""
MOST_REFLECTIONS = 500
NOISE_LIMIT = 1.05
"""R_wp over R_exp up to which a fit has explained all signal."""
TWO_SIGMA = 0.9545


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """A pattern and what it was made of."""

    name: str
    pattern: Pattern
    cell: Cell
    lattice: BravaisLattice
    start: Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What became of it: ``joint`` is the probability that an error as large comes by chance alone."""

    name: str
    lattice: str
    n_reflections: int
    n_points: int
    all_within: bool
    n_within: int
    n_free: int
    joint: float
    ratio: float
    converged: bool
    n_iterations: int
    seconds: float


def simulated_patterns(lattices: Sequence[KnownLattice], *, half: Half, limit: int, skip: int = 0) -> list[Simulated]:
    """Patterns of structures, spread evenly over crystal systems and volumes."""
    wanted = stratified(lattice for lattice in lattices if lattice.half == half)
    return list(islice(_patterns(wanted), skip, skip + limit))


def _patterns(lattices: Sequence[KnownLattice]) -> Iterator[Simulated]:
    radiation = parse_radiation("CuKa")
    for lattice in lattices:
        name = str(lattice.record["id"])
        rng = generator(f"{name}/lebail")
        setting = conventional(lattice.gram, EXACT)
        if setting.bravais_lattice is not lattice.setting.bravais_lattice:
            continue  # so near to a higher symmetry that no pattern tells
        end = min(RANGE_DEG[1], range_end_deg([(setting.cell, setting.bravais_lattice)], radiation, MOST_REFLECTIONS))
        try:
            structure = Structure.from_record(lattice.record, default_u_iso=DEFAULT_U_ISO)
            lines = powder_lines(structure, radiation, min(end + 2.0, 90.0), two_theta_min_deg=4.0)
        except InputError:  # elements that nobody has measured scatter nothing we know of
            continue
        if len(lines) < 2 * len(setting.metric):
            continue
        fwhm = float(rng.uniform(0.06, 0.18))
        profile = Profile(
            u=0.4 * fwhm**2, v=-0.2 * fwhm**2, w=fwhm**2, eta=float(rng.uniform(0.3, 0.8)),
            axial_divergence_deg=float(rng.uniform(0.0, 2.0)),
        )  # fmt: skip
        background = Background(
            constant=50.0, exponential=float(rng.uniform(0.0, 600.0)), hump=float(rng.uniform(0.0, 300.0))
        )
        pattern = simulate_pattern(
            lines, radiation=radiation, two_theta_range_deg=(RANGE_DEG[0], end), step_deg=STEP_DEG, profile=profile,
            background=background, strongest_counts=float(10.0 ** rng.uniform(3.0, 4.5)),
            zero_shift_deg=float(rng.normal(0.0, 0.03)), displacement_mm=float(rng.normal(0.0, 0.05)),
            seed=int(rng.integers(2**31)), name=name,
        )  # fmt: skip
        yield Simulated(
            name=name, pattern=pattern, cell=setting.cell, lattice=setting.bravais_lattice, start=_start(setting, rng)
        )


def _start(setting: ConventionalSetting, rng: np.random.Generator) -> Cell:
    """The cell with an error in each free parameter."""
    values: dict[str, float] = {}
    for name in free_parameters(setting.bravais_lattice):
        value, error = getattr(setting.cell, name), START_ERROR * float(rng.normal())
        values[name] = value * (1.0 + error) if len(name) == 1 else value + math.degrees(error)
    return complete_cell(values, setting.bravais_lattice)


def fit_simulated(case: Simulated) -> tuple[Fitted, LeBailFit]:
    """Fit the pattern from a cell that is as wrong as that of a search, and without the shifts."""
    peaks = find_peaks(case.pattern)
    start = time.perf_counter()
    fit = lebail_fit(case.pattern, case.start, case.lattice, peaks=peaks)
    seconds = time.perf_counter() - start
    names = [name for name in ("a", "b", "c", "alpha", "beta", "gamma") if name in fit.parameter_names]
    error = np.array([getattr(fit.cell, name) - getattr(case.cell, name) for name in names])
    rows = [fit.parameter_names.index(name) for name in names]
    covariance = fit.covariance[np.ix_(rows, rows)]
    within = np.abs(error) <= 2.0 * np.sqrt(np.diag(covariance))
    distance = float(error @ np.linalg.solve(covariance, error))
    return Fitted(
        name=case.name,
        lattice=case.lattice.value,
        n_reflections=len(fit.reflections),
        n_points=fit.observed.size,
        all_within=bool(within.all()),
        n_within=int(within.sum()),
        n_free=len(names),
        joint=float(chi2_distribution.sf(distance, len(names))),
        ratio=fit.r_wp / fit.r_exp,
        converged=fit.converged,
        n_iterations=fit.n_iterations,
        seconds=seconds,
    ), fit


def summary(fitted: Sequence[Fitted]) -> dict[str, Any]:
    """Shares and times, for the table and the document."""
    seconds = np.array([f.seconds for f in fitted])
    return {
        "patterns": len(fitted),
        "cell_in_two_sigma_region": float(np.mean([f.joint >= 1.0 - TWO_SIGMA for f in fitted])),
        "all_parameters_within_two_sigma": float(np.mean([f.all_within for f in fitted])),
        "parameters_within_two_sigma": sum(f.n_within for f in fitted) / sum(f.n_free for f in fitted),
        "r_wp_at_noise_limit": float(np.mean([f.ratio <= NOISE_LIMIT for f in fitted])),
        "converged": float(np.mean([f.converged for f in fitted])),
        "seconds_median": float(np.median(seconds)),
        "seconds_max": float(seconds.max()),
        "fits": [asdict(f) for f in fitted],
    }
