"""Line lists of known lattices (a module of its own: the tests of several rooms use it)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram, same_lattice
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.simulate import LineLists
from hybrid_index.types import Candidate, PeakList
from hybrid_index.units import FloatArray, parse_radiation, shift_two_theta, two_theta_from_q

B = BravaisLattice
CU = parse_radiation("CuKa1")
RESOLUTION_DEG = 0.06

TYPICAL: dict[BravaisLattice, Cell] = {
    B.CP: Cell(a=4.157, b=4.157, c=4.157),
    B.CI: Cell(a=10.603, b=10.603, c=10.603),
    B.CF: Cell(a=5.6402, b=5.6402, c=5.6402),
    B.TP: Cell(a=4.594, b=4.594, c=2.959),
    B.TI: Cell(a=3.785, b=3.785, c=9.514),
    B.HP: Cell(a=4.913, b=4.913, c=5.405, gamma=120.0),
    B.HR: Cell(a=4.990, b=4.990, c=17.061, gamma=120.0),
    B.OP: Cell(a=8.482, b=5.398, c=6.959),
    B.OC: Cell(a=9.15, b=12.41, c=5.27),
    B.OI: Cell(a=5.13, b=9.46, c=7.25),
    B.OF: Cell(a=6.43, b=9.87, c=14.2),
    B.MP: Cell(a=7.12, b=8.36, c=5.93, beta=103.4),
    B.MC: Cell(a=12.31, b=6.87, c=9.05, beta=111.2),
    B.AP: Cell(a=5.13, b=6.87, c=7.94, alpha=84.3, beta=97.6, gamma=103.9),
}
"""One lattice of each kind, of the size of common minerals."""


def true_q(lists: LineLists) -> FloatArray:
    """Q (n, 60) of the true indices of random lists under the true metrics."""
    h, k, l = np.moveaxis(lists.hkl.astype(np.float64), 2, 0)
    a, b, c, d, e, f = lists.metric.T[:, :, None]
    return np.asarray(a * h * h + b * k * k + c * l * l + d * k * l + e * h * l + f * h * k)


class Unlimited:
    """A budget that never ends."""

    def exhausted(self) -> bool:
        return False


class Spent:
    """A budget that has ended."""

    def exhausted(self) -> bool:
        return True


def constrained(
    lattice: BravaisLattice, edges: Sequence[float] | FloatArray, angles: Sequence[float] | FloatArray
) -> Cell:
    """The cell of these edges (Å) and angles (degrees) as far as the crystal system leaves them free."""
    a, b, c = edges
    match lattice.value[0]:
        case "c":
            return Cell(a=a, b=a, c=a)
        case "t":
            return Cell(a=a, b=a, c=c)
        case "h":
            return Cell(a=a, b=a, c=c, gamma=120.0)
        case "o":
            return Cell(a=a, b=b, c=c)
        case "m":
            return Cell(a=a, b=b, c=c, beta=angles[1])
    return Cell(a=a, b=b, c=c, alpha=angles[0], beta=angles[1], gamma=angles[2])


def random_cell(lattice: BravaisLattice, rng: np.random.Generator, *, volume: float = 300.0) -> Cell:
    """A cell of moderate shape and the given primitive volume (Å³)."""
    angles = rng.uniform(93.0, 112.0, 3)
    edges = np.exp(rng.uniform(-0.4, 0.4, 3))
    shape = constrained(lattice, edges, angles)
    scale = (volume * lattice.lattice_points / shape.volume) ** (1.0 / 3.0)
    return constrained(lattice, edges * scale, angles)


def strained(cell: Cell, lattice: BravaisLattice, rng: np.random.Generator, *, share: float = 0.003) -> Cell:
    """The cell with each free edge wrong by up to *share* and each free angle by as much in radians."""
    edges = np.array(cell.parameters[:3]) * (1.0 + rng.uniform(-share, share, 3))
    angles = np.array(cell.parameters[3:]) + np.degrees(rng.uniform(-share, share, 3))
    return constrained(lattice, edges, angles)


def true_positions(cell: Cell, lattice: BravaisLattice, *, n_lines: int = 25) -> FloatArray:
    """2θ (degrees, Cu Kα1) of the first lines that a diffractometer resolves, no shift, no noise."""
    q_max = (2.0 / CU.wavelength_angstrom) ** 2 * 0.98
    reach = (1.5 * n_lines * 48.0 / (4.19 * cell.volume / lattice.lattice_points)) ** (2.0 / 3.0)
    q = enumerate_reflections(cell.metric, lattice, min(q_max, 4.0 * reach), merge_equal_q=True).q
    two_theta = two_theta_from_q(q, CU.wavelength_angstrom)
    kept = [float(two_theta[0])]
    kept.extend(float(x) for i, x in enumerate(two_theta[1:]) if x - two_theta[i] > RESOLUTION_DEG)
    return np.array(kept[:n_lines])


def line_list(
    cell: Cell,
    lattice: BravaisLattice,
    *,
    n_lines: int = 25,
    esd_deg: float = 0.01,
    noise: np.random.Generator | None = None,
    zero_shift_deg: float = 0.0,
    displacement_mm: float = 0.0,
    foreign_deg: Sequence[float] = (),
) -> PeakList:
    """The first lines of a lattice with shifts, Gaussian errors of *esd_deg* if *noise* is given, and foreign lines."""
    true = true_positions(cell, lattice, n_lines=n_lines)
    observed = shift_two_theta(true, zero_shift_deg=zero_shift_deg, displacement_mm=displacement_mm)
    if noise is not None:
        observed = observed + noise.normal(0.0, esd_deg, observed.size)
    positions = np.append(observed, np.asarray(foreign_deg, dtype=np.float64))
    return PeakList.from_positions(positions, radiation=CU, two_theta_esd_deg=esd_deg)


def gaps_deg(peaks: PeakList, n: int, rng: np.random.Generator) -> FloatArray:
    """*n* positions in the range of the lines, each at least 0.15° from every line."""
    found: list[float] = []
    while len(found) < n:
        x = float(rng.uniform(peaks.two_theta_deg[1], peaks.two_theta_deg[-2]))
        if np.min(np.abs(np.append(peaks.two_theta_deg, found) - x)) > 0.15:
            found.append(x)
    return np.array(found)


def is_lattice(candidate: Candidate, cell: Cell, lattice: BravaisLattice, *, tolerance: float = 0.005) -> bool:
    """Whether a candidate is the true lattice, in whatever setting."""
    found = primitive_gram(Cell.from_metric(candidate.metric), candidate.bravais_lattice)
    return same_lattice(primitive_gram(cell, lattice), found, tolerance, 100.0 * tolerance)
