"""Line lists that were published to be indexed: 2θ in degrees, and the cells that their authors give.

The three salts are from M. C. Morris et al., Standard X-ray Diffraction Powder Patterns, NBS Monograph 25, Section 17
(1980), pages 77, 9 and 64; BTO is from D. Louër et al., Powder Diffr. 5 (1990) 165. They have served as test cases of
McMaille (A. Le Bail, Powder Diffr. 19 (2004) 249, doi:10.1154/1.1763152) and of the programs before it.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.accuracy.cases import Case
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation

GROUP = "published"
TOLERANCE = 0.01
CU_KA1_ANGSTROM = 1.54056
"""The wavelength that these lists were made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedList:
    """Lines that somebody published, with their cell."""

    name: str
    source: str
    lattice: BravaisLattice
    cell: Cell
    two_theta_deg: tuple[float, ...]

    def case(self) -> Case:
        """What the benchmarks run and judge."""
        radiation = Radiation(wavelength_angstrom=CU_KA1_ANGSTROM, name="CuKa1")
        lines = PeakList.from_positions(self.two_theta_deg, radiation=radiation, name=self.name, source=self.source)
        return Case(
            name=self.name,
            group=GROUP,
            system=self.lattice.crystal_system,
            data=lines,
            radiation=radiation,
            gram=primitive_gram(self.cell, self.lattice),
            tolerance=TOLERANCE,
            truth=f"{self.lattice} " + " ".join(f"{x:g}" for x in self.cell.parameters) + f" ({self.source})",
        )


PUBLISHED = (
    PublishedList(
        name="Sr2Cr2O7",
        source="NBS Monograph 25-17, p. 77",
        lattice=BravaisLattice.TP,
        cell=Cell(a=11.189, b=11.189, c=9.4805),
        two_theta_deg=(
            *(11.180, 12.217, 15.835, 18.709, 20.059, 21.820, 25.150, 25.622, 25.856, 26.873, 29.356, 30.273, 30.474),
            *(31.521, 31.984, 32.521, 33.498, 33.982, 34.345, 34.522, 35.847, 37.121, 37.233, 38.151, 39.046),
        ),
    ),
    PublishedList(
        name="(NH4)2Ni(SO4)2·6H2O",
        source="NBS Monograph 25-17, p. 9",
        lattice=BravaisLattice.MP,
        cell=Cell(a=9.1896, b=12.4755, c=6.2427, beta=106.927),
        two_theta_deg=(
            *(12.300, 14.187, 14.802, 16.439, 16.881, 17.409, 20.179, 20.562, 20.920, 21.311, 21.410, 22.479, 23.663),
            *(24.808, 25.682, 26.111, 26.379, 28.597, 29.386, 29.485, 30.347, 30.667, 30.775, 30.895, 31.328),
        ),
    ),
    PublishedList(
        name="K2S2O8",
        source="NBS Monograph 25-17, p. 64",
        lattice=BravaisLattice.AP,
        cell=Cell(a=5.1166, b=8.0095, c=7.0357, alpha=120.565, beta=73.946, gamma=66.830),
        two_theta_deg=(
            *(16.816, 18.119, 18.323, 19.305, 23.707, 24.039, 24.690, 25.856, 27.267, 27.577, 28.282, 29.505, 32.705),
            *(34.009, 35.193, 36.404, 37.137, 37.490, 38.134, 38.871, 39.188, 39.619, 40.246, 41.907, 43.081),
        ),
    ),
    PublishedList(
        name="BTO",
        source="Powder Diffr. 5 (1990) 165",
        lattice=BravaisLattice.MP,
        cell=Cell(a=13.3923, b=13.8091, c=14.0481, beta=91.540),
        two_theta_deg=(
            *(8.974, 9.196, 9.243, 11.049, 11.243, 12.595, 12.805, 13.216, 14.137, 14.282, 14.424, 14.693, 15.478),
            *(15.760, 15.842, 16.137, 18.005, 18.458, 18.542, 19.068),
        ),
    ),
)
