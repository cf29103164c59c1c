"""What real crystals are like: how often, how large, of what shape, of which elements on which positions.

The numbers were counted over known structures and lie in ``data/``; ``python -m benchmarks.crystal_statistics`` makes
them anew. They are shares, quantiles and rank correlations: no structure can be read from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, CRYSTAL_SYSTEMS, BravaisLattice, Cell
from hybrid_index.types import frozen_array
from hybrid_index.units import FloatArray

N_QUANTILES = 21
"""Evenly spaced quantiles, the ends included, that stand for a distribution."""
N_COORDINATES = 6
"""Volume and shape of the least symmetric cell."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellStatistics:
    """Volumes and shapes of conventional cells, by Bravais lattice (in the order of ``BRAVAIS_LATTICES``).

    A cell is a vector of coordinates (:func:`shape_coordinates`). Its joint distribution is a Gaussian copula: normal
    scores with a correlation, turned into coordinates by the quantiles of each.

    Parameters
    ----------
    share
        Shape (14,), how often each Bravais lattice occurs; sums to 1.
    quantiles
        Shape (14, 6, 21); rows that a lattice does not need are zero.
    cholesky
        Shape (14, 6, 6), lower triangular: turns independent normal numbers into correlated ones.
    """

    share: FloatArray
    quantiles: FloatArray
    cholesky: FloatArray

    def __post_init__(self) -> None:
        for name in ("share", "quantiles", "cholesky"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chemistry:
    """Atoms of one kind of structure (organic or inorganic).

    Parameters
    ----------
    systems
        How many structures of each crystal system were counted.
    presence
        In how many structures an element occurs.
    abundance
        Its mean share of the atoms where it occurs.
    n_elements
        How many structures have so many elements.
    site_orders
        By crystal system: weights of independent sites by the order of their site symmetry.
    primitive_volume, volume_per_atom
        Quantiles (21,), Å³.
    u_iso
        Quantiles (21,), Å².
    """

    systems: Mapping[str, float]
    presence: Mapping[str, float]
    abundance: Mapping[str, float]
    n_elements: Mapping[int, float]
    site_orders: Mapping[str, Mapping[int, float]]
    primitive_volume: FloatArray
    volume_per_atom: FloatArray
    u_iso: FloatArray

    def __post_init__(self) -> None:
        for name in ("primitive_volume", "volume_per_atom", "u_iso"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrystalStatistics:
    """All that synthetic crystals are drawn after.

    ``space_groups`` maps numbers to counts, ``chemistry`` the kinds ``inorganic`` and ``organic``.
    """

    cells: CellStatistics
    space_groups: Mapping[int, float]
    chemistry: Mapping[str, Chemistry]

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> CrystalStatistics:
        """Read what ``crystal_statistics.json`` holds.

        Raises
        ------
        InputError
            If a part is missing or of the wrong shape.
        """
        try:
            return cls(
                cells=_cells(document["lattices"]),
                space_groups=_by_number(document["space_groups"]),
                chemistry=MappingProxyType({kind: _chemistry(d) for kind, d in document["chemistry"].items()}),
            )
        except (KeyError, TypeError, ValueError, np.linalg.LinAlgError) as error:
            raise InputError(f"the crystal statistics cannot be read ({error}); make them anew") from error


def read_table(name: str) -> Any:
    """Read one of the JSON documents that the package ships in ``simulate/data``."""
    return json.loads((files("hybrid_index.simulate") / "data" / f"{name}.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def default_statistics() -> CrystalStatistics:
    """Return the statistics that come with the package."""
    return CrystalStatistics.from_document(read_table("crystal_statistics"))


def shape_coordinates(cell: Cell, lattice: BravaisLattice) -> list[float]:
    """Logarithm of the volume, and what else is free in a conventional cell.

    ln(c/a) for one axis; ln(b/a), ln(c/b) for orthorhombic cells; ln(b/a), ln(c/a), β for monoclinic ones; ln(b/a),
    ln(c/b), α, β, γ for triclinic ones (degrees).

    Examples
    --------
    >>> shape_coordinates(Cell(a=10, b=10, c=10), BravaisLattice.CP)
    [6.907...]
    """
    a, b, c, alpha, beta, gamma = cell.parameters
    shapes = {
        "c": [],
        "t": [c / a],
        "h": [c / a],
        "o": [b / a, c / b],
        "m": [b / a, c / a],
        "a": [b / a, c / b],
    }
    angles = {"m": [beta], "a": [alpha, beta, gamma]}
    family = lattice.value[0]
    return [math.log(cell.volume), *map(math.log, shapes[family]), *angles.get(family, [])]


def from_quantiles(table: FloatArray, u: float | FloatArray) -> FloatArray:
    """Value at the probability *u* (0 to 1, any shape) of a distribution given by evenly spaced quantiles (21,)."""
    return np.asarray(np.interp(u, np.linspace(0.0, 1.0, table.size), table), dtype=np.float64)


def _cells(document: Mapping[str, Any]) -> CellStatistics:
    n = len(BRAVAIS_LATTICES)
    share, quantiles = np.zeros(n), np.zeros((n, N_COORDINATES, N_QUANTILES))
    cholesky = np.zeros((n, N_COORDINATES, N_COORDINATES))
    for lattice in BRAVAIS_LATTICES:
        entry = document[lattice.value]
        share[lattice.code] = entry["count"]
        rows = np.array(entry["quantiles"], dtype=np.float64)
        quantiles[lattice.code, : len(rows)] = rows
        cholesky[lattice.code, : len(rows), : len(rows)] = np.linalg.cholesky(np.array(entry["correlation"]))
    return CellStatistics(share=share / share.sum(), quantiles=quantiles, cholesky=cholesky)


def _chemistry(document: Mapping[str, Any]) -> Chemistry:
    orders = {system: _by_number(document["site_orders"].get(system, {"1": 1.0})) for system in CRYSTAL_SYSTEMS}
    return Chemistry(
        systems=MappingProxyType(dict(document["systems"])),
        presence=MappingProxyType(dict(document["presence"])),
        abundance=MappingProxyType(dict(document["abundance"])),
        n_elements=_by_number(document["n_elements"]),
        site_orders=MappingProxyType(orders),
        primitive_volume=document["primitive_volume"],
        volume_per_atom=document["volume_per_atom"],
        u_iso=document["u_iso"],
    )


def _by_number(document: Mapping[str, float]) -> Mapping[int, float]:
    return MappingProxyType({int(key): float(value) for key, value in document.items()})
