"""From a crystal structure to the lines of its powder pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.refine.hkl import reflection_capacity
from hybrid_index.simulate.content import distinct_content
from hybrid_index.simulate.intensities import calculated_lines
from hybrid_index.simulate.scattering import FormFactors, scattering_coefficients
from hybrid_index.simulate.structure import Structure
from hybrid_index.simulate.texture import Texture
from hybrid_index.types import IntArray, frozen_array
from hybrid_index.units import FloatArray, Radiation, q_from_two_theta, two_theta_from_q

STRONGEST = 100.0
"""Intensity that the strongest line is scaled to."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """The lines of a powder pattern, ascending in 2θ, at their true positions (no shift, no noise).

    Parameters
    ----------
    two_theta_deg
        Shape (n,), for ``radiation.wavelength_angstrom``.
    q
        Shape (n,), Q = 1/d² in Å⁻².
    intensity
        Shape (n,), integrated intensity, multiplicity and Lorentz-polarisation included; the strongest is 100.
    hkl
        Shape (n, 3), the strongest of the reflections that fall together; zeros for a line of unknown origin.
    multiplicity
        Shape (n,), number of reflections in the line, those of zero intensity not counted.
    radiation
        What was diffracted.
    scale
        What an intensity of 1 stands for: multiplicity times |F|² of the cell (electrons² or fm²) times
        Lorentz-polarisation; 1 where it is not known.
    """

    two_theta_deg: FloatArray
    q: FloatArray
    intensity: FloatArray
    hkl: IntArray
    multiplicity: IntArray
    radiation: Radiation
    scale: float = 1.0

    def __post_init__(self) -> None:
        for name in ("two_theta_deg", "q", "intensity"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        for name in ("hkl", "multiplicity"):
            object.__setattr__(self, name, frozen_array(getattr(self, name), np.int64))
        n = self.two_theta_deg.size
        shapes = {getattr(self, name).shape for name in ("two_theta_deg", "q", "intensity", "multiplicity")}
        if shapes != {(n,)} or self.hkl.shape != (n, 3):
            raise InputError("all columns of a line list must be equally long")

    def __len__(self) -> int:
        return int(self.two_theta_deg.size)

    @classmethod
    def from_positions(cls, two_theta_deg: npt.ArrayLike, intensity: npt.ArrayLike, *, radiation: Radiation) -> Self:
        """Lines of unknown origin, at given positions (degrees, any order) and intensities."""
        x = np.atleast_1d(np.asarray(two_theta_deg, dtype=np.float64))
        y = np.broadcast_to(np.asarray(intensity, dtype=np.float64), x.shape)
        order = np.argsort(x)
        return cls(
            two_theta_deg=x[order],
            q=q_from_two_theta(x[order], radiation.wavelength_angstrom),
            intensity=y[order],
            hkl=np.zeros((x.size, 3), dtype=np.int64),
            multiplicity=np.ones(x.size, dtype=np.int64),
            radiation=radiation,
        )

    def select(self, keep: npt.ArrayLike) -> Self:
        """Return the lines chosen by a mask or by ascending indices; intensities keep their scale."""
        index = np.arange(len(self))[np.asarray(keep)]
        columns = ("two_theta_deg", "q", "intensity", "hkl", "multiplicity")
        return replace(self, **{name: getattr(self, name)[index] for name in columns})


def powder_lines(
    structure: Structure,
    radiation: Radiation,
    two_theta_max_deg: float = 90.0,
    *,
    two_theta_min_deg: float = 0.0,
    relative_cutoff: float = 1.0e-6,
    texture: Texture | None = None,
    form_factors: FormFactors = "it92",
) -> Lines:
    """Calculate the lines of a structure.

    Intensity is Σ|F|² over all reflections of equal Q, times the Lorentz-polarisation factor of a Bragg–Brentano
    diffractometer without monochromator, (1 + cos² 2θ)/(sin²θ cosθ), or the Lorentz factor alone for neutrons.

    Parameters
    ----------
    structure
        The structure, with the full content of its cell.
    radiation
        Positions refer to its first wavelength.
    two_theta_max_deg, two_theta_min_deg
        Range, ends included.
    relative_cutoff
        Lines weaker than this share of the strongest are left out, systematic absences among them.
    texture
        Preferred orientation of the crystallites; none by default.
    form_factors
        Table for x-rays, see :data:`hybrid_index.simulate.scattering.FormFactors`.

    Returns
    -------
    Lines
        Possibly empty, where no reflection lies in the range.
    """
    wavelength = radiation.wavelength_angstrom
    q_min, q_max = q_from_two_theta([two_theta_min_deg, min(two_theta_max_deg, 179.9)], wavelength).tolist()
    texture = texture or Texture()
    metric = structure.cell.metric
    symbols = sorted(set(structure.elements))
    row = {symbol: i for i, symbol in enumerate(symbols)}
    element = np.array([row[symbol] for symbol in structure.elements], dtype=np.int64)
    hkl, q, multiplicity, intensity = calculated_lines(
        metric,
        q_min,
        q_max,
        structure.rotations,
        reflection_capacity(metric, q_max),
        distinct_content(structure.xyz, structure.occupancy, structure.u_iso, element),
        scattering_coefficients(symbols, radiation.probe, form_factors),
        wavelength,
        radiation.probe == "xray",
        np.array(texture.hkl, dtype=np.int64),
        texture.r,
    )
    strongest = float(intensity.max(initial=1e-300))
    keep = intensity >= relative_cutoff * strongest
    return Lines(
        two_theta_deg=two_theta_from_q(q[keep], wavelength),
        q=q[keep],
        intensity=intensity[keep] * (STRONGEST / strongest),
        hkl=hkl[keep],
        multiplicity=multiplicity[keep],
        radiation=radiation,
        scale=strongest / STRONGEST,
    )
