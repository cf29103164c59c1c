"""What the networks believe of a list of lines before anything is searched."""

from __future__ import annotations

from dataclasses import dataclass

from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.types.frozen import Frozen, frozen_array
from hybrid_index.types.measured import PeakList
from hybrid_index.units import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LatticeGuess:
    """How probable a Bravais lattice is, and how large its conventional cell would be.

    ``volume_angstrom3`` is the volume, ``volume_factor`` the factor that is one standard uncertainty of it.
    """

    bravais_lattice: BravaisLattice
    probability: float
    volume_angstrom3: float
    volume_factor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGuess:
    """A cell that a few looks of the network found, refined, and how probable it is.

    ``cell_esd`` has its standard uncertainties, 0 for what symmetry fixes; ``shift_deg`` and ``shift_esd_deg`` are the
    shift of 2θ in the middle of the lines.
    """

    bravais_lattice: BravaisLattice
    cell: Cell
    cell_esd: Cell
    probability: float
    shift_deg: float
    shift_esd_deg: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Glance(Frozen):
    """What the networks believe of a list of lines.

    Parameters
    ----------
    peaks
        The lines, without those that the shift moves off the circle.
    shift_deg, shift_esd_deg
        Zero shift and displacement together: shift of 2θ in the middle of the lines, degrees, and its standard
        deviation.
    lattices
        All Bravais lattices that were allowed, likeliest first; the probabilities sum to 1.
    foreign
        (n,): probability that each of the first n lines, of those looked at, belongs to something else.
    cells
        Cells that were found on the way, likeliest first; none where the networks were but asked.
    """

    peaks: PeakList
    shift_deg: float
    shift_esd_deg: float
    lattices: tuple[LatticeGuess, ...]
    foreign: FloatArray
    cells: tuple[CellGuess, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "foreign", frozen_array(self.foreign))

    @property
    def systems(self) -> dict[str, float]:
        """Probability of each crystal system, likeliest first."""
        found: dict[str, float] = {}
        for guess in self.lattices:
            system = guess.bravais_lattice.crystal_system
            found[system] = found.get(system, 0.0) + guess.probability
        return dict(sorted(found.items(), key=lambda item: -item[1]))
