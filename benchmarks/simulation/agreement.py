"""Lines of structures beside those of pymatgen's calculators."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pymatgen.analysis.diffraction.neutron import NDCalculator
from pymatgen.analysis.diffraction.xrd import XRDCalculator
from rich.console import Console
from rich.table import Table

from benchmarks.simulation.structures import Pair
from hybrid_index.errors import InputError
from hybrid_index.simulate import Lines, Structure, powder_lines
from hybrid_index.simulate.scattering import FormFactors, scattering_coefficients
from hybrid_index.units import FloatArray, Radiation, parse_radiation

LIMIT_DEG = 90.0
POSITION_BAR_DEG = 1.0e-4
INTENSITY_BAR_PERCENT = 1.0
"""Of the strongest line."""
POSITIONS_ABOVE_PERCENT = 0.01
"""Positions of fainter lines are not compared: pymatgen leaves out those below 0.001 %."""
EDGE_DEG = 1.0e-3
"""Lines this near to the end of the range may be in one list and not in the other."""
SAME_FORM_FACTOR = 0.01
"""Relative difference of tables that is worth naming."""
U_OF_ELEMENTS = (0.005, 0.03)
"""Displacements (Å²) that elements get by their place in the alphabet: pymatgen knows one for each element."""
KA1, KA2 = parse_radiation("CuKa1"), parse_radiation("CuKa2")
NEUTRONS = replace(KA1, probe="neutron", name="neutrons")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to compare: radiation, table of form factors, and whether atoms move."""

    name: str
    radiation: Radiation
    form_factors: FormFactors = "pymatgen"
    moving: bool = False


CONDITIONS = (
    Condition(name="x-rays", radiation=KA1),
    Condition(name="x-rays, Kα2", radiation=KA2),
    Condition(name="x-rays, atoms moving", radiation=KA1, moving=True),
    Condition(name="neutrons", radiation=NEUTRONS),
    Condition(name="x-rays, International Tables", radiation=KA1, form_factors="it92"),
)
"""The last differs from pymatgen in its form factors: it shows what they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Largest differences between the lines of a structure; ``elements`` are those whose form factors differ."""

    condition: str
    name: str
    system: str
    two_theta_deg: float
    intensity_percent: float
    elements: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether both differences are below the bars."""
        return self.two_theta_deg < POSITION_BAR_DEG and self.intensity_percent < INTENSITY_BAR_PERCENT


def measure(pairs: Iterable[Pair]) -> list[Agreement]:
    """Compare all structures under all conditions; what one of the two has no scattering for is left out."""
    found = []
    for pair in pairs:
        u_iso = dict(zip(sorted(set(pair.ours.elements)), _spread(len(set(pair.ours.elements))), strict=True))
        for condition in CONDITIONS:
            moving = u_iso if condition.moving else {}
            structure = replace(pair.ours, u_iso=np.array([moving.get(e, 0.0) for e in pair.ours.elements]))
            try:
                ours = powder_lines(structure, condition.radiation, LIMIT_DEG, form_factors=condition.form_factors)
                theirs = sticks(calculator(condition.radiation, moving), pair)
            except InputError:
                continue
            position, intensity = largest_differences(ours, *theirs)
            elements = differing_elements(structure) if condition.form_factors == "it92" else ()
            found.append(
                Agreement(
                    condition=condition.name,
                    name=pair.name,
                    system=pair.system,
                    two_theta_deg=position,
                    intensity_percent=intensity,
                    elements=elements,
                )
            )
    return found


def calculator(radiation: Radiation, u_iso: dict[str, float]) -> Any:
    """Pymatgen's calculator for a radiation, with B = 8π²U for each element that moves."""
    kind = XRDCalculator if radiation.probe == "xray" else NDCalculator
    factors = {element: 8.0 * np.pi**2 * u for element, u in u_iso.items()}
    return kind(wavelength=radiation.wavelength_angstrom, debye_waller_factors=factors)


def sticks(calculate: Any, pair: Pair) -> tuple[FloatArray, FloatArray]:
    """Positions and intensities that pymatgen finds.

    Raises
    ------
    InputError
        If it has no scattering for an element.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pattern = calculate.get_pattern(pair.theirs, two_theta_range=(0.0, LIMIT_DEG))
    except ValueError as error:
        raise InputError(str(error), source=pair.name) from error
    return np.asarray(pattern.x, dtype=np.float64), np.asarray(pattern.y, dtype=np.float64)


def largest_differences(ours: Lines, x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Largest distance of a line from the nearest of the other list (degrees), and difference in intensity (%).

    The two merge lines of accidentally equal position by rules of their own (equal Q here, steps of 1e-5° there), so
    intensities are added over groups of lines less than 1e-4° apart; each list is scaled to its strongest group.
    """
    inside, within = ours.two_theta_deg < LIMIT_DEG - EDGE_DEG, x < LIMIT_DEG - EDGE_DEG
    position, strong = ours.two_theta_deg, ours.intensity > POSITIONS_ABOVE_PERCENT
    distance = np.abs(position[:, None] - x)
    nearest = np.concatenate(
        [distance.min(axis=1)[inside & strong], distance.min(axis=0)[within & (y > POSITIONS_ABOVE_PERCENT)]]
    )
    both = np.concatenate([position[inside], x[within]])
    order = np.argsort(both)
    starts = np.flatnonzero(np.diff(both[order], prepend=-1.0) > POSITION_BAR_DEG)
    ours_y = np.concatenate([ours.intensity[inside], np.zeros(within.sum())])[order]
    theirs_y = np.concatenate([np.zeros(inside.sum()), y[within]])[order]
    a, b = np.add.reduceat(ours_y, starts), np.add.reduceat(theirs_y, starts)
    return float(nearest.max()), float(100.0 * np.abs(a / a.max() - b / b.max()).max())


def differing_elements(structure: Structure) -> tuple[str, ...]:
    """Elements whose form factors differ between the tables, up to 90° of copper radiation."""
    symbols = sorted(set(structure.elements))
    it92, pymatgen = (_form_factors(symbols, table) for table in ("it92", "pymatgen"))
    off = np.abs(pymatgen / it92 - 1.0).max(axis=1)
    return tuple(symbol for symbol, x in zip(symbols, off, strict=True) if x > SAME_FORM_FACTOR)


def _form_factors(symbols: Sequence[str], table: Any) -> FloatArray:
    s2 = np.linspace(0.005, (np.sin(np.radians(LIMIT_DEG / 2.0)) / KA1.wavelength_angstrom) ** 2, 22)
    c = scattering_coefficients(symbols, "xray", table)
    gaussians = (c[:, :4, None] * np.exp(-c[:, 4:8, None] * s2)).sum(axis=1)
    return np.asarray(c[:, 8:9] + (c[:, 9:10] + c[:, 10:] * s2) * gaussians)


def _spread(n: int) -> list[float]:
    return [float(u) for u in np.linspace(*U_OF_ELEMENTS, n)]


def show(found: Sequence[Agreement], console: Console) -> None:
    """Print a row for each condition, and the structures that differ by more than the bars."""
    table = Table(
        title=f"Against pymatgen: bars {POSITION_BAR_DEG:g}° and {INTENSITY_BAR_PERCENT:g} % of the strongest"
    )
    table.add_column("")
    for column in ("structures", "within both bars", "median Δ2θ / °", "largest", "median ΔI / %", "largest"):
        table.add_column(column, justify="right")
    for condition in CONDITIONS:
        rows = [a for a in found if a.condition == condition.name]
        if not rows:
            continue
        position = np.array([a.two_theta_deg for a in rows])
        intensity = np.array([a.intensity_percent for a in rows])
        table.add_row(
            condition.name,
            str(len(rows)),
            str(sum(a.passed for a in rows)),
            f"{np.median(position):.1e}",
            f"{position.max():.1e}",
            f"{np.median(intensity):.4f}",
            f"{intensity.max():.4f}",
        )
    console.print(table)
    for a in sorted((a for a in found if not a.passed), key=lambda a: -a.intensity_percent):
        cause = f"form factors of {', '.join(a.elements)}" if a.elements else "no known cause"
        size = f"Δ2θ {a.two_theta_deg:.1e}°, ΔI {a.intensity_percent:.2f} %"
        console.print(f"  {a.condition}: {a.name} ({a.system}), {size}: {cause}", highlight=False, soft_wrap=True)
