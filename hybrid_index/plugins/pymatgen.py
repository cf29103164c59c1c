"""From pymatgen's patterns, or arrays, to pymatgen's lattices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hybrid_index.config import Settings
from hybrid_index.errors import InputError, WavelengthError
from hybrid_index.io.columns import LIST_LENGTH, steps_vary
from hybrid_index.lattice import BravaisLattice, to_pymatgen
from hybrid_index.types import Pattern, PeakList, Solution
from hybrid_index.units import Radiation, parse_radiation

if TYPE_CHECKING:
    from pymatgen.analysis.diffraction.core import DiffractionPattern
    from pymatgen.core.lattice import Lattice

_SAME_WAVELENGTH = 1.0e-3
"""Lines of one wavelength agree on it to this share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedLattice:
    """A lattice that explains the lines.

    Parameters
    ----------
    lattice
        Conventional cell, a :class:`pymatgen.core.lattice.Lattice`.
    probability
        That it is the right one.
    bravais_lattice
        Its symmetry and centring.
    solution
        Everything else: uncertainties, indices, figures of merit, other lattices with the same lines.
    """

    lattice: Lattice
    probability: float
    bravais_lattice: BravaisLattice
    solution: Solution


def index_pattern(
    pattern: DiffractionPattern | npt.ArrayLike,
    intensity: npt.ArrayLike | None = None,
    *,
    wavelength: str | float | Radiation | None = None,
    settings: Settings | None = None,
) -> list[IndexedLattice]:
    """Find the lattices of a pattern or of diffraction lines, best first.

    Parameters
    ----------
    pattern
        A ``DiffractionPattern`` of pymatgen, whose points are lines; or 2θ in degrees: lines, or with *intensity* the
        points of a pattern, if they are many in even steps.
    intensity
        Of each line or point.
    wavelength
        Å, a tube line (``"CuKa"``) or an energy (``"30keV"``). A ``DiffractionPattern`` knows its own.
    settings
        Of the search.

    Returns
    -------
    list of IndexedLattice
        Empty where no lattice explains the lines better than chance. That a lattice is in the list does not make it
        right: look at its probability.

    Raises
    ------
    InputError
        If the data cannot be used, or no wavelength is known.

    Examples
    --------
    >>> from pymatgen.analysis.diffraction.xrd import XRDCalculator
    >>> from pymatgen.core import Lattice, Structure
    >>> salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    >>> first = index_pattern(XRDCalculator("CuKa1").get_pattern(salt))[0]
    >>> first.bravais_lattice.value, round(first.lattice.a, 3)
    ('cF', 5.64)
    """
    from hybrid_index.pipeline import index  # loads the kernels

    result = index(as_data(pattern, intensity, wavelength=wavelength), settings=settings, id="pattern")
    return [
        IndexedLattice(
            lattice=to_pymatgen(solution.refinement.cell),
            probability=solution.probability,
            bravais_lattice=solution.refinement.candidate.bravais_lattice,
            solution=solution,
        )
        for solution in result.solutions
    ]


def as_data(
    pattern: Any, intensity: npt.ArrayLike | None = None, *, wavelength: str | float | Radiation | None = None
) -> Pattern | PeakList:
    """Return lines, or a pattern, of what :func:`index_pattern` takes."""
    spacings = getattr(pattern, "d_hkls", None)
    if spacings is not None:
        pattern, intensity = pattern.x, pattern.y
    x = np.asarray(pattern, dtype=np.float64)
    y = None if intensity is None else np.asarray(intensity, dtype=np.float64)
    if x.ndim != 1 or (y is not None and y.shape != x.shape):
        raise InputError("2θ and intensity must be one-dimensional and equally long", source="pattern")
    if wavelength is not None:
        radiation = wavelength if isinstance(wavelength, Radiation) else parse_radiation(str(wavelength))
    elif spacings is not None:
        radiation = Radiation(wavelength_angstrom=_wavelength_of(x, np.asarray(spacings, dtype=np.float64)))
    else:
        raise WavelengthError("no wavelength is known for these angles; give one (1.5406, CuKa, 30keV)")
    if spacings is None and y is not None and x.size > LIST_LENGTH and not steps_vary(x):
        return Pattern(two_theta_deg=x, intensity=y, radiation=radiation)
    return PeakList.from_positions(x, intensity=y, radiation=radiation)


def _wavelength_of(two_theta_deg: npt.NDArray[np.float64], d_angstrom: npt.NDArray[np.float64]) -> float:
    """The wavelength (Å) that puts lines of these spacings at these angles."""
    each = 2.0 * d_angstrom * np.sin(np.radians(two_theta_deg) / 2.0)
    middle = float(np.median(each)) if each.size else np.nan
    if not each.size or np.max(np.abs(each / middle - 1.0)) > _SAME_WAVELENGTH:
        raise WavelengthError("angles and spacings of the pattern belong to no one wavelength; give it (1.5406, CuKa)")
    return middle
