"""A simulated heating run: three phases in turn, each expanding in its own way, side by side for a while."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import gemmi
import numpy as np

from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram, same_lattice
from hybrid_index.refine.extinction.space_groups import bravais_lattice_of
from hybrid_index.simulate import CONDITIONS, Condition, Structure, draw_peak_list, mixture_lines, observable_lines
from hybrid_index.simulate.lines import Lines
from hybrid_index.simulate.synthetic import synthetic_crystal
from hybrid_index.types import IndexingResult, PeakList
from hybrid_index.units import FloatArray, parse_radiation

RADIATION = parse_radiation("CuKa1")
TEMPERATURES_K = (300.0, 1100.0)
TRANSITIONS_K = (560.0, 840.0)
COEXISTENCE_K = 30.0
"""Two phases are there from half of this below a transition to half of it above."""
EXPANSION_PER_K = (-1.0e-5, 4.0e-5)
SYSTEMS = ("monoclinic", "orthorhombic", "tetragonal")
VOLUMES_ANGSTROM3 = (900.0, 500.0, 300.0)
RIGHT = (0.004, 0.4)
"""Relative difference of lengths, and of angles (degrees), up to which a lattice counts as found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A crystal, its Bravais lattice, and the relative growth of its edges per kelvin."""

    structure: Structure
    lattice: BravaisLattice
    expansion: FloatArray

    def at(self, kelvin: float) -> Structure:
        """Return the crystal with the cell that it has at a temperature; angles stay as they are."""
        growth = 1.0 + self.expansion * (kelvin - TEMPERATURES_K[0])
        *edges, alpha, beta, gamma = self.structure.cell.parameters
        a, b, c = np.array(edges) * growth
        return replace(self.structure, cell=Cell(a=a, b=b, c=c, alpha=alpha, beta=beta, gamma=gamma))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One pattern of the run: its temperature, its lines, and the phases that are there with their shares."""

    kelvin: float
    peaks: PeakList
    shares: dict[int, float]
    phases: tuple[Phase, ...]

    def is_right(self, result: IndexingResult) -> bool:
        """Say whether the first solution is a phase that is there."""
        if result.best is None:
            return False
        found = result.best.refinement
        gram = primitive_gram(found.cell, found.candidate.bravais_lattice)
        there = (self.phases[i] for i in self.shares)
        return any(same_lattice(primitive_gram(p.at(self.kelvin).cell, p.lattice), gram, *RIGHT) for p in there)


def heating_run(n: int, *, seed: int = 0, condition: Condition = CONDITIONS["lab"]) -> list[Step]:
    """Simulate *n* patterns on the way from 300 to 1100 K, from the simulator's own random crystals."""
    rng = np.random.default_rng(seed)
    phases = tuple(_phase(rng, *kind) for kind in zip(SYSTEMS, VOLUMES_ANGSTROM3, strict=True))
    steps = []
    for number, kelvin in enumerate(np.linspace(*TEMPERATURES_K, n).tolist()):
        shares = shares_at(kelvin)
        drawn = draw_peak_list(_lines(phases, shares, kelvin), condition, rng, name=f"scan_{number + 1}")
        steps.append(Step(kelvin=kelvin, peaks=drawn.peaks, shares=shares, phases=phases))
    return steps


def shares_at(kelvin: float) -> dict[int, float]:
    """Return the shares by weight of the phases, by their number, of those that are there."""
    progress = [(kelvin - transition) / COEXISTENCE_K + 0.5 for transition in TRANSITIONS_K]
    first, second = np.clip(progress, 0.0, 1.0).tolist()
    shares = (1.0 - first, first * (1.0 - second), second)
    return {i: share for i, share in enumerate(shares) if share > 0.0}


def _phase(rng: np.random.Generator, system: str, volume: float) -> Phase:
    structure = synthetic_crystal(rng, crystal_system=system, volume=volume)
    expansion = rng.uniform(*EXPANSION_PER_K, 3)
    if system == "tetragonal":
        expansion[1] = expansion[0]
    return Phase(
        structure=structure, lattice=bravais_lattice_of(gemmi.SpaceGroup(structure.space_group)), expansion=expansion
    )


def _lines(phases: tuple[Phase, ...], shares: dict[int, float], kelvin: float) -> Lines:
    crystals = [phases[i].at(kelvin) for i in shares]
    parts = [(crystal, observable_lines(crystal, RADIATION)) for crystal in crystals]
    mixed = mixture_lines(parts, list(shares.values()))
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in mixed])
        for name in ("two_theta_deg", "q", "intensity", "hkl", "multiplicity")
    }
    order = np.argsort(columns["two_theta_deg"], kind="stable")
    return Lines(radiation=RADIATION, **{name: column[order] for name, column in columns.items()})
