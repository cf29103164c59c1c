"""Reflections of known crystals, from which line lists are drawn: their indices and structure factors, no atoms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import BRAVAIS_LATTICES, primitive_basis, primitive_gram
from hybrid_index.lattice.bravais import conventional
from hybrid_index.refine.line_assignment import metric_products
from hybrid_index.simulate.angular import lorentz_polarisation
from hybrid_index.simulate.intensities import merged_lines
from hybrid_index.simulate.line_list_kernels import CAPACITY, expected_q
from hybrid_index.simulate.line_list_settings import REAL_SHARE
from hybrid_index.simulate.lines import powder_lines
from hybrid_index.simulate.structure import Structure
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, Radiation, two_theta_from_q

SYMMETRY_TOLERANCE = 0.001
"""Relative: a lattice this near to a higher symmetry has the lines of that one, whatever its space group says."""
LINES = 600
"""Lines that a crystal is listed to, by volume: enough for sixty that are visible."""
FARTHEST_Q = 12.0
"""No list goes further, in Å⁻²; small cells have sixty lines before."""
FAINTEST = 1e-4
"""Lines below this share of the strongest are left out."""
_RADIATION = Radiation(wavelength_angstrom=0.4)


class CrystalArrays(NamedTuple):
    """What kernels see of s crystals with t reflections in all.

    Parameters
    ----------
    lattice
        int64 (s,), code of the Bravais lattice.
    gram
        float64 (s, 3, 3), direct Gram matrix of the conventional cell, Å².
    first
        int64 (s + 1,): reflections ``first[i]`` to ``first[i + 1]`` are those of crystal i.
    hkl
        int16 (t, 3), in the conventional setting; one for each line.
    strength
        float64 (t,), multiplicity times |F|² for x-rays, relative to the strongest of the crystal.
    running
        float64 (s,), running sum of how often each crystal is drawn.
    """

    lattice: IntArray
    gram: FloatArray
    first: IntArray
    hkl: npt.NDArray[np.int16]
    strength: FloatArray
    running: FloatArray


NO_CRYSTALS = CrystalArrays(
    np.zeros(0, np.int64),
    np.zeros((0, 3, 3)),
    np.zeros(1, np.int64),
    np.zeros((0, 3), np.int16),
    np.zeros(0),
    np.zeros(0),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownCrystal:
    """A crystal by its reflections; ``lattice``, ``gram``, ``hkl`` and ``strength`` as in :class:`CrystalArrays`."""

    lattice: int
    gram: FloatArray
    hkl: npt.NDArray[np.int16]
    strength: FloatArray

    @classmethod
    def of(cls, structure: Structure, centring: str) -> Self:
        """Reflections of a structure whose cell has this centring (the letter of its space group).

        Raises
        ------
        InputError
            If an element's form factor is not known, or nothing is left to see.
        """
        basis = primitive_basis(centring)
        setting = conventional(primitive_gram(structure.cell, centring), SYMMETRY_TOLERANCE)
        code, cell = setting.bravais_lattice.code, setting.cell
        q_max = min(expected_q(code, cell.volume, LINES), FARTHEST_Q)
        end = float(two_theta_from_q(q_max, _RADIATION.wavelength_angstrom))
        lines = powder_lines(structure, _RADIATION, end, relative_cutoff=FAINTEST)
        if not 0 < len(lines) < CAPACITY:
            raise InputError(f"shows {len(lines)} lines; give another structure", source=structure.name or None)
        strength = lines.intensity / lorentz_polarisation(0.25 * lines.q * _RADIATION.wavelength_angstrom**2, True)
        hkl = np.rint(lines.hkl @ (basis @ setting.transformation)).astype(np.int64)
        # Where the lattice is more symmetric than the atoms in it, several of their lines are one.
        q = metric_products(hkl) @ setting.metric
        hkl, _, _, strength = merged_lines(hkl, q, lines.multiplicity, strength)
        return cls(lattice=code, gram=cell.gram, hkl=hkl.astype(np.int16), strength=strength / strength.max())


@dataclass(frozen=True, slots=True, eq=False)
class Crystals:
    """Crystals to draw line lists from."""

    arrays: CrystalArrays

    def __len__(self) -> int:
        return len(self.arrays.lattice)

    @classmethod
    def of(cls, crystals: Iterable[KnownCrystal]) -> Self:
        """Put crystals together: half of the draws take each equally often, half each Bravais lattice."""
        listed = list(crystals)
        if not listed:
            raise InputError("there is none; give one or more", source="crystals")
        lattice = np.array([crystal.lattice for crystal in listed], dtype=np.int64)
        return cls(
            CrystalArrays(
                lattice=lattice,
                gram=np.array([crystal.gram for crystal in listed]),
                first=np.cumsum([0, *(len(crystal.hkl) for crystal in listed)], dtype=np.int64),
                hkl=np.concatenate([crystal.hkl for crystal in listed]),
                strength=np.concatenate([crystal.strength for crystal in listed]),
                running=_running(lattice),
            )
        )

    def save(self, path: str | Path) -> None:
        """Write a file of numpy's (``.npz``)."""
        with write_atomically(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **{name: getattr(self.arrays, name) for name in _SAVED})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file cannot be read, or holds something else.
        """
        try:
            with open(path, "rb") as file:
                content = np.load(file, allow_pickle=False)
                if not isinstance(content, np.lib.npyio.NpzFile):
                    raise ValueError("a bare array")
                saved = {name: content[name] for name in _SAVED}
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise InputError(
                "is no file of crystals; make one with python -m benchmarks.known_crystals --out FILE", source=str(path)
            ) from error
        return cls(CrystalArrays(**saved, running=_running(saved["lattice"])))


_SAVED = ("lattice", "gram", "first", "hkl", "strength")


def _running(lattice: IntArray) -> FloatArray:
    count = np.bincount(lattice, minlength=len(BRAVAIS_LATTICES))
    share = REAL_SHARE / len(lattice) + (1.0 - REAL_SHARE) / (np.count_nonzero(count) * count[lattice])
    return np.asarray(np.cumsum(share), dtype=np.float64)
