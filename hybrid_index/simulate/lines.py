"""From a crystal structure to the lines of its powder pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from numba import njit

from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate.scattering import scattering_coefficients
from hybrid_index.simulate.structure import Structure
from hybrid_index.types import IntArray, frozen_array
from hybrid_index.units import FloatArray, Radiation, q_from_two_theta, two_theta_from_q

EQUAL_Q = 1.0e-7
"""Relative difference in Q below which reflections are one line (3e-6° at 2θ = 60°)."""
ABSENT = 1.0e-10
"""|F|² per squared number of atoms (electrons² or fm²) below which a reflection is extinct and the rest is rounding."""
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
    """

    two_theta_deg: FloatArray
    q: FloatArray
    intensity: FloatArray
    hkl: IntArray
    multiplicity: IntArray
    radiation: Radiation

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
        return type(self)(**{name: getattr(self, name)[index] for name in columns}, radiation=self.radiation)


def powder_lines(
    structure: Structure,
    radiation: Radiation,
    two_theta_max_deg: float = 90.0,
    *,
    two_theta_min_deg: float = 0.0,
    relative_cutoff: float = 1.0e-6,
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

    Returns
    -------
    Lines
        Possibly empty, where no reflection lies in the range.
    """
    q_min, q_max = q_from_two_theta([two_theta_min_deg, min(two_theta_max_deg, 179.9)], radiation.wavelength_angstrom)
    hkl, q, multiplicity = reflections(structure, float(q_max))
    keep = q >= q_min
    hkl, q, multiplicity = hkl[keep], q[keep], multiplicity[keep]
    theta = np.radians(two_theta_from_q(q, radiation.wavelength_angstrom)) / 2.0
    factor = 1.0 / (np.sin(theta) ** 2 * np.cos(theta))
    if radiation.probe == "xray":
        factor *= 1.0 + np.cos(2.0 * theta) ** 2
    squared = structure_factors_squared(structure, hkl, q, radiation)
    present = squared > ABSENT * len(structure.elements) ** 2
    intensity = multiplicity * factor * squared
    lines = _merged(hkl[present], q[present], multiplicity[present], intensity[present], radiation)
    return lines.select(lines.intensity >= relative_cutoff * STRONGEST)


def reflections(structure: Structure, q_max: float) -> tuple[IntArray, FloatArray, IntArray]:
    """One reflection of each orbit of the Laue group with Q ≤ *q_max*, and how many the orbit has.

    Returns
    -------
    hkl
        Shape (n, 3).
    q
        Shape (n,), ascending, Å⁻².
    multiplicity
        Shape (n,).
    """
    half = enumerate_reflections(structure.cell.metric, BravaisLattice.AP, q_max)
    hkl = half.hkl.astype(np.int64)
    multiplicity = orbit_sizes(hkl, structure.rotations)
    keep = multiplicity > 0
    return hkl[keep], half.q[keep], multiplicity[keep]


def structure_factors_squared(structure: Structure, hkl: IntArray, q: FloatArray, radiation: Radiation) -> FloatArray:
    """|F|² of each reflection, shape (n,): electrons² for x-rays, fm² for neutrons."""
    kinds = sorted(set(zip(structure.elements, structure.u_iso.tolist(), strict=True)))
    number = {kind: i for i, kind in enumerate(kinds)}
    kind_of = np.array([number[kind] for kind in zip(structure.elements, structure.u_iso.tolist(), strict=True)])
    order = np.argsort(kind_of, kind="stable")
    first = np.searchsorted(kind_of[order], np.arange(len(kinds) + 1))
    coefficients = scattering_coefficients([element for element, _ in kinds], radiation.probe)
    u_iso = np.array([u for _, u in kinds])
    if not len(hkl):
        return np.zeros(0)
    limits = np.abs(hkl).max(axis=0)
    by_index = np.lexsort((hkl[:, 1], hkl[:, 0]))
    squared = np.empty(len(hkl))
    squared[by_index] = _squared_factors(
        hkl[by_index], q[by_index], structure.xyz[order], structure.occupancy[order], first, coefficients, u_iso, limits
    )
    return squared


@njit(cache=True, nogil=True)
def orbit_sizes(hkl: IntArray, rotations: IntArray) -> IntArray:
    """Count the reflections equivalent to each under *rotations* and inversion; 0 unless it is the first of its orbit.

    The input holds one of hkl and −h−k−l each: the one whose first non-zero index is positive.
    """
    n, m = hkl.shape[0], rotations.shape[0]
    sizes = np.zeros(n, dtype=np.int64)
    for i in range(n):
        h, k, l = hkl[i, 0], hkl[i, 1], hkl[i, 2]
        same, first = 0, True
        for j in range(m):
            r = rotations[j]
            a = h * r[0, 0] + k * r[1, 0] + l * r[2, 0]
            b = h * r[0, 1] + k * r[1, 1] + l * r[2, 1]
            c = h * r[0, 2] + k * r[1, 2] + l * r[2, 2]
            if a < 0 or (a == 0 and (b < 0 or (b == 0 and c < 0))):
                a, b, c = -a, -b, -c
            if a == h and b == k and c == l:
                same += 1
            elif a > h or (a == h and (b > k or (b == k and c > l))):
                first = False
                break
        if first:
            sizes[i] = 2 * m // same
    return sizes


@njit(cache=True, nogil=True, fastmath=True)
def _squared_factors(
    hkl: IntArray,
    q: FloatArray,
    xyz: FloatArray,
    occupancy: FloatArray,
    first: IntArray,
    coefficients: FloatArray,
    u_iso: FloatArray,
    limits: IntArray,
) -> FloatArray:
    """|F|² of reflections sorted by (h, k); atoms sorted by kind, kind t being atoms first[t]..first[t+1]."""
    n_atoms, n_kinds = xyz.shape[0], u_iso.shape[0]
    # exp(2πi·h·x) for all h of an axis: products of these replace one sine and cosine per atom and reflection.
    cos_h, sin_h = _phase_table(xyz[:, 0], limits[0])
    cos_k, sin_k = _phase_table(xyz[:, 1], limits[1])
    cos_l, sin_l = _phase_table(xyz[:, 2], limits[2])
    cos_hk, sin_hk = np.empty(n_atoms), np.empty(n_atoms)
    squared = np.empty(hkl.shape[0])
    for i in range(hkl.shape[0]):
        h, k = hkl[i, 0] + limits[0], hkl[i, 1] + limits[1]
        if i == 0 or hkl[i, 0] != hkl[i - 1, 0] or hkl[i, 1] != hkl[i - 1, 1]:
            for j in range(n_atoms):
                cos_hk[j] = occupancy[j] * (cos_h[h, j] * cos_k[k, j] - sin_h[h, j] * sin_k[k, j])
                sin_hk[j] = occupancy[j] * (cos_h[h, j] * sin_k[k, j] + sin_h[h, j] * cos_k[k, j])
        cos_z, sin_z = cos_l[hkl[i, 2] + limits[2]], sin_l[hkl[i, 2] + limits[2]]
        real, imaginary = 0.0, 0.0
        for t in range(n_kinds):
            a, b = 0.0, 0.0
            for j in range(first[t], first[t + 1]):
                a += cos_hk[j] * cos_z[j] - sin_hk[j] * sin_z[j]
                b += cos_hk[j] * sin_z[j] + sin_hk[j] * cos_z[j]
            f = coefficients[t, 8]
            for s in range(4):
                f += coefficients[t, s] * np.exp(-0.25 * coefficients[t, 4 + s] * q[i])
            f *= np.exp(-2.0 * np.pi**2 * u_iso[t] * q[i])
            real += f * a
            imaginary += f * b
        squared[i] = real * real + imaginary * imaginary
    return squared


@njit(cache=True, nogil=True)
def _phase_table(x: FloatArray, limit: int) -> tuple[FloatArray, FloatArray]:
    cosine, sine = np.empty((2 * limit + 1, x.shape[0])), np.empty((2 * limit + 1, x.shape[0]))
    for h in range(-limit, limit + 1):
        for j in range(x.shape[0]):
            phase = 2.0 * np.pi * h * x[j]
            cosine[h + limit, j], sine[h + limit, j] = np.cos(phase), np.sin(phase)
    return cosine, sine


def _merged(hkl: IntArray, q: FloatArray, multiplicity: IntArray, intensity: FloatArray, radiation: Radiation) -> Lines:
    """One line for each run of reflections of equal Q (ascending); scaled to 100."""
    starts = np.flatnonzero(np.diff(q, prepend=-1.0) > EQUAL_Q * q)
    total = np.add.reduceat(intensity, starts) if q.size else intensity
    stops = np.append(starts, q.size)[1:]
    strongest = [a + int(np.argmax(intensity[a:b])) for a, b in zip(starts, stops, strict=True)]
    return Lines(
        two_theta_deg=two_theta_from_q(q[starts], radiation.wavelength_angstrom),
        q=q[starts],
        intensity=total * (STRONGEST / total.max(initial=1e-300)),
        hkl=hkl[np.array(strongest, dtype=np.int64)],
        multiplicity=np.add.reduceat(multiplicity, starts) if q.size else multiplicity,
        radiation=radiation,
    )
