"""Lines of a structure beside those of pymatgen's calculators."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gemmi
import numpy as np
from pymatgen.analysis.diffraction.neutron import NDCalculator
from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS, XRDCalculator
from pymatgen.core import Lattice
from pymatgen.core import Structure as PymatgenStructure

from hybrid_index.errors import InputError
from hybrid_index.simulate import Structure, powder_lines
from hybrid_index.units import FloatArray, Radiation

POSITION_BAR_DEG = 1.0e-4
INTENSITY_BAR = 1.0
"""Per cent of the strongest line."""
SEEN = 0.01
"""Per cent of the strongest line: positions of fainter lines are not compared, pymatgen leaves out those below 0.001."""
LIMIT_DEG = 90.0
EDGE_DEG = 1.0e-3
"""Lines this near to the end of the range may be in one list and not in the other."""
SAME_FORM_FACTOR = 0.01
"""Relative difference of two tables of form factors."""
MOTT = 41.78214
"""Electrons·Å² in pymatgen's formula f = Z − 41.78 s² Σ a exp(−b s²), s = sinθ/λ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Largest differences between two line lists; ``cause`` says what is known to make them differ."""

    name: str
    system: str
    two_theta_deg: float
    intensity_percent: float
    cause: str = ""

    @property
    def passed(self) -> bool:
        """Whether both differences are below the bars."""
        return self.two_theta_deg < POSITION_BAR_DEG and self.intensity_percent < INTENSITY_BAR


def pymatgen_structure(structure: Structure) -> PymatgenStructure:
    """Build the same structure for pymatgen; atoms at one place become one mixed site.

    Raises
    ------
    InputError
        If pymatgen refuses it.
    """
    sites: dict[tuple[float, ...], dict[str, float]] = {}
    for symbol, xyz, share in zip(structure.elements, structure.xyz, structure.occupancy.tolist(), strict=True):
        species = sites.setdefault(tuple(np.round(xyz % 1.0, 6).tolist()), {})
        species[symbol] = species.get(symbol, 0.0) + share
    lattice = Lattice.from_parameters(*structure.cell.parameters)
    try:
        return PymatgenStructure(lattice, list(sites.values()), list(sites))
    except ValueError as error:
        raise InputError(f"pymatgen refuses it: {error}", source=structure.name) from error
