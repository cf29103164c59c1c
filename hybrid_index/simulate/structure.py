"""Crystal structures as the simulator wants them: a cell and all atoms in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gemmi
import numpy as np

from hybrid_index.errors import FileFormatError, InputError
from hybrid_index.lattice import Cell
from hybrid_index.refine.extinction.space_groups import laue_rotations
from hybrid_index.types import IntArray, frozen_array
from hybrid_index.units import FloatArray

SPECIAL_POSITION_TOLERANCE_ANGSTROM = 0.3
"""Images of a site that come nearer than this are one atom on a special position (coordinates in files are rounded)."""
LARGEST_U_ANGSTROM2 = 0.5
"""No mean-square displacement is larger: such a value in a U column is a B = 8π²U."""
LARGEST_MISFIT = 0.05
"""Relative change of the Gram matrix under the symmetry beyond which cell and space group contradict each other."""
EXACT_MISFIT = 1.0e-6
"""The same, below which symmetry-equivalent reflections may be counted instead of calculated."""

_MOVES = 3
"""Towards a special position: where an atom is near several elements of symmetry, the first may reveal more of them."""
_IDENTITY = np.eye(3, dtype=np.int64)[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """An atom of the asymmetric unit: fractional coordinates, occupancy, and U_iso in Å²."""

    element: str
    xyz: tuple[float, float, float]
    occupancy: float = 1.0
    u_iso: float = 0.0

    def __post_init__(self) -> None:
        if not np.all(np.isfinite(self.xyz)):
            raise InputError(f"a coordinate of {self.element} is not a finite number; repair or remove that site")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Structure:
    """A crystal structure with the full content of its cell.

    Parameters
    ----------
    cell
        The cell that the coordinates refer to, centred or primitive.
    elements
        Element symbols, one for each of the n atoms in the cell.
    xyz
        Shape (n, 3), fractional coordinates.
    occupancy
        Shape (n,).
    u_iso
        Shape (n,), mean-square displacements in Å²; zero where unknown.
    rotations
        Shape (m, 3, 3), the rotation matrices of the Laue group, acting on columns of coordinates; the identity
        alone is always right, more only makes the calculation faster.
    space_group
        Hermann–Mauguin symbol, empty where unknown.
    name
        For tables and messages.
    """

    cell: Cell
    elements: tuple[str, ...]
    xyz: FloatArray
    occupancy: FloatArray
    u_iso: FloatArray
    rotations: IntArray = field(default_factory=lambda: _IDENTITY)
    space_group: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "xyz", frozen_array(self.xyz))
        set_(self, "occupancy", frozen_array(self.occupancy))
        set_(self, "u_iso", frozen_array(self.u_iso))
        set_(self, "rotations", frozen_array(self.rotations, np.int64))
        n, where = len(self.elements), self.name or None
        if n == 0 or self.xyz.shape != (n, 3) or self.occupancy.shape != (n,) or self.u_iso.shape != (n,):
            raise InputError(f"a structure needs at least one atom, and one position for each of the {n}", source=where)
        if not np.all(np.isfinite(self.xyz)):
            raise InputError("a coordinate is not a finite number; repair or remove that site", source=where)

    @classmethod
    def from_sites(
        cls,
        cell: Cell,
        space_group: str | gemmi.SpaceGroup,
        sites: Sequence[Site],
        *,
        name: str = "",
    ) -> Structure:
        """Fill the cell from an asymmetric unit.

        Parameters
        ----------
        cell
            The cell, in the setting of *space_group*.
        space_group
            Hermann–Mauguin symbol, with ``:1`` or ``:2`` for the origin choice where there are two. Where it is left
            open, the origin under which the sites make fewer atoms is taken: a wrong one pulls special positions apart.
        sites
            Atoms of the asymmetric unit; images nearer than 0.3 Å are merged onto the special position.
        """
        settings = [space_group] if isinstance(space_group, gemmi.SpaceGroup) else _settings(space_group, cell, name)
        rotations = laue_rotations(settings[0])
        misfit = _misfit(cell, rotations)
        if misfit > LARGEST_MISFIT:
            raise InputError(
                f"the cell {cell.parameters} does not have the symmetry {settings[0].hm}; correct one of them",
                source=name or None,
            )
        filled = [_fill(cell, group, sites) for group in settings]
        best = min(range(len(filled)), key=lambda i: filled[i][0].size)
        index, xyz = filled[best]
        return cls(
            cell=cell,
            elements=tuple(sites[i].element for i in index),
            xyz=xyz,
            occupancy=np.array([sites[i].occupancy for i in index]),
            u_iso=np.array([sites[i].u_iso for i in index]),
            rotations=rotations if misfit < EXACT_MISFIT else _IDENTITY,
            space_group=settings[best].xhm(),
            name=name,
        )

    @classmethod
    def from_record(cls, record: Mapping[str, Any], *, default_u_iso: float = 0.0) -> Structure:
        """Read a plain record: ``id``, ``cell``, ``space_group``, ``sym``, and ``sites``.

        A site is [element, x, y, z, occupancy, U_iso]. Where ``sym`` names spglib the sites are the full content of
        the cell, and no symmetry is applied.

        Parameters
        ----------
        record
            The record.
        default_u_iso
            U_iso in Å² for sites that state none (zero).

        Raises
        ------
        InputError
            If the record lacks a field, or an element or the space group is not understood.
        """
        name = str(record.get("id", "record"))
        try:
            cell = Cell.from_parameters(record["cell"])
            sites = [
                Site(
                    element=parse_element(str(element)),
                    xyz=(float(x), float(y), float(z)),
                    occupancy=min(max(float(occupancy), 0.0), 1.0),
                    u_iso=_plausible_u(float(u), default_u_iso),
                )
                for element, x, y, z, occupancy, u in record["sites"]
            ]
            group = "P 1" if "spglib" in str(record.get("sym", "")) else str(record["space_group"])
        except KeyError as error:
            raise InputError(f"the record has no field {error}", source=name) from error
        except (TypeError, ValueError) as error:
            raise InputError(f"the record cannot be read: {error}", source=name) from error
        return cls.from_sites(cell, group, sites, name=name)

    @classmethod
    def from_cif(cls, path: str | Path) -> Structure:
        """Read the first structure of a CIF (through gemmi)."""
        try:
            document = gemmi.cif.read(str(path))
        except (OSError, ValueError, RuntimeError) as error:
            raise FileFormatError(f"is not a readable CIF: {error}", source=str(path)) from error
        for block in document:
            small = gemmi.make_small_structure_from_block(block)
            if len(small.sites) == 0:
                continue
            if small.spacegroup is None:
                raise InputError("no space group is known from it; add _space_group_name_H-M_alt", source=str(path))
            sites = [
                Site(
                    element=_element_of(site),
                    xyz=(site.fract.x, site.fract.y, site.fract.z),
                    occupancy=site.occ,
                    u_iso=_plausible_u(site.u_iso, 0.0),
                )
                for site in small.sites
            ]
            cell = Cell.from_parameters(small.cell.parameters)
            return cls.from_sites(cell, small.spacegroup, sites, name=block.name or Path(path).stem)
        raise InputError("the CIF contains no atom sites; give one with a structure", source=str(path))

    @classmethod
    def from_pymatgen(cls, structure: Any, *, name: str = "") -> Structure:
        """Take over a ``pymatgen.core.Structure``; mixed sites become several atoms at one place."""
        atoms = [(kind.symbol, site.frac_coords, share) for site in structure for kind, share in site.species.items()]
        return cls(
            cell=Cell.from_parameters(structure.lattice.parameters),
            elements=tuple(symbol for symbol, _, _ in atoms),
            xyz=np.array([xyz for _, xyz, _ in atoms]),
            occupancy=np.array([occupancy for _, _, occupancy in atoms]),
            u_iso=np.zeros(len(atoms)),
            name=name or structure.formula,
        )


def parse_element(text: str) -> str:
    """Element symbol of an atom label such as ``Fe3+``, ``Ow1``, ``HC2`` or ``Wat`` (water oxygen).

    Raises
    ------
    InputError
        If the label does not begin with an element.
    """
    label = text.strip()
    if label.startswith("Wat"):
        return "O"
    letters = re.match(r"[A-Z][a-z]?", label)
    for symbol in (letters.group(), letters.group()[0]) if letters else ():
        if gemmi.Element(symbol).atomic_number:
            return symbol
    raise InputError(f"element {text!r} is not understood; give a symbol such as Fe or O2-")


def _element_of(site: gemmi.SmallStructure.Site) -> str:
    """Element that gemmi found, else what the label looks like."""
    return site.element.name if site.element.atomic_number else parse_element(site.type_symbol or site.label)


def _settings(symbol: str, cell: Cell, name: str) -> list[gemmi.SpaceGroup]:
    group = gemmi.find_spacegroup_by_name(symbol, cell.alpha, cell.gamma)
    if group is None:
        raise InputError(
            f"space group {symbol!r} is not known; give a Hermann–Mauguin symbol such as 'P 1 21/c 1'",
            source=name or None,
        )
    if ":" in symbol or group.ext not in ("1", "2"):
        return [group]
    return [gemmi.find_spacegroup_by_name(f"{group.hm}:{choice}") for choice in "12"]


def _fill(cell: Cell, group: gemmi.SpaceGroup, sites: Sequence[Site]) -> tuple[IntArray, FloatArray]:
    """Return the site index (n,) and coordinates (n, 3) of all atoms in the cell."""
    operations = list(group.operations())
    rotation = np.array([op.rot for op in operations], dtype=np.float64) / gemmi.Op.DEN
    translation = np.array([op.tran for op in operations], dtype=np.float64) / gemmi.Op.DEN
    gram = cell.gram
    index: list[int] = []
    atoms: list[FloatArray] = []
    for i, site in enumerate(sites):
        xyz = np.array(site.xyz)
        for _ in range(_MOVES):
            offset = rotation @ xyz + translation - xyz
            offset -= np.round(offset)
            stays = _length2(offset, gram) < SPECIAL_POSITION_TOLERANCE_ANGSTROM**2
            if np.count_nonzero(stays) == 1:
                break
            xyz = xyz + offset[stays].mean(axis=0)
        images = rotation @ xyz + translation
        if np.count_nonzero(stays) > 1:
            apart = images[:, None] - images[None]
            near = _length2(apart - np.round(apart), gram) < (0.5 * SPECIAL_POSITION_TOLERANCE_ANGSTROM) ** 2
            images = images[~np.tril(near, -1).any(axis=1)]
        index += [i] * len(images)
        atoms.append(images % 1.0)
    return np.array(index, dtype=np.int64), np.concatenate(atoms) if atoms else np.zeros((0, 3))


def _misfit(cell: Cell, rotations: IntArray) -> float:
    """Largest change of the Gram matrix under the rotations, relative to the edges."""
    gram = cell.gram
    edges = np.sqrt(np.diag(gram))
    turned = np.swapaxes(rotations, 1, 2) @ gram @ rotations
    return float(np.max(np.abs(turned - gram) / np.outer(edges, edges)))


def _length2(vectors: FloatArray, gram: FloatArray) -> FloatArray:
    return np.asarray(np.einsum("...i,ij,...j->...", vectors, gram, vectors), dtype=np.float64)


def _plausible_u(u_iso: float, default: float) -> float:
    if not np.isfinite(u_iso) or u_iso <= 0.0:
        return default
    return u_iso if u_iso <= LARGEST_U_ANGSTROM2 else u_iso / (8.0 * np.pi**2)
