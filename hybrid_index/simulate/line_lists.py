"""Line lists of random lattices by the hundred thousand: the short cut that training needs.

No atoms: a random cell, the absences of a random extinction class, intensities after Wilson's statistics, and then all
that happens to the lines of a real crystal before an indexing program sees them.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.simulate.conditions import MAX_LINES
from hybrid_index.simulate.crystal_statistics import CrystalStatistics
from hybrid_index.simulate.crystals import Crystals
from hybrid_index.simulate.extinctions import ExtinctionClasses
from hybrid_index.simulate.line_list_drawing import ROOM, LineColumns, ListColumns, fill_lists
from hybrid_index.simulate.line_list_settings import LineListSettings
from hybrid_index.simulate.line_list_spoiling import workspace
from hybrid_index.simulate.line_list_tables import LineListTables
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, q_from_two_theta

CHUNK = 256
"""Lists that a thread makes in one go."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineLists:
    """A batch of n line lists, and the truth about them. Rows end in zeros after ``count`` lines.

    Parameters
    ----------
    two_theta_deg
        float64 (n, 60), observed positions, ascending.
    intensity, sigma_deg, fwhm_deg
        float32 (n, 60): intensity relative to the strongest line, standard uncertainty, width.
    hkl
        int16 (n, 60, 3), true indices in the conventional setting; zeros for foreign lines.
    foreign
        bool (n, 60).
    count
        int64 (n,), number of lines.
    metric
        float64 (n, 6), true reciprocal metric (A..F) of the conventional cell: b unique, C-centred mC, hexagonal
        axes (obverse) for hR, Niggli-reduced aP, as ``lattice.standardize`` has it.
    lattice
        int64 (n,), code of the Bravais lattice: its place in ``BRAVAIS_LATTICES``.
    extinction_class
        int64 (n,), number in :class:`ExtinctionClasses`; −1 for a known crystal.
    zero_shift_deg, displacement_mm, radius_mm
        float64 (n,).
    wavelength_angstrom
        float64 (n,).
    neutron
        bool (n,).
    two_theta_limits_deg
        float64 (n, 2), range of the measurement.
    """

    two_theta_deg: FloatArray
    intensity: npt.NDArray[np.float32]
    sigma_deg: npt.NDArray[np.float32]
    fwhm_deg: npt.NDArray[np.float32]
    hkl: npt.NDArray[np.int16]
    foreign: npt.NDArray[np.bool_]
    count: IntArray
    metric: FloatArray
    lattice: IntArray
    extinction_class: IntArray
    zero_shift_deg: FloatArray
    displacement_mm: FloatArray
    radius_mm: FloatArray
    wavelength_angstrom: FloatArray
    neutron: npt.NDArray[np.bool_]
    two_theta_limits_deg: FloatArray

    def __len__(self) -> int:
        return int(self.count.size)

    @property
    def q_obs(self) -> FloatArray:
        """Observed Q (n, 60) in Å⁻², shifts not taken off; zero after the last line."""
        return q_from_two_theta(self.two_theta_deg, 1.0) / self.wavelength_angstrom[:, None] ** 2

    @property
    def listed(self) -> npt.NDArray[np.bool_]:
        """Which places (n, 60) hold a line."""
        return np.asarray(np.arange(self.two_theta_deg.shape[1]) < self.count[:, None])

    def bravais_lattice(self, i: int) -> BravaisLattice:
        """Bravais lattice of list *i*."""
        return BRAVAIS_LATTICES[int(self.lattice[i])]


def draw_line_lists(
    n: int,
    *,
    seed: int,
    start: int = 0,
    settings: LineListSettings | None = None,
    statistics: CrystalStatistics | None = None,
    classes: ExtinctionClasses | None = None,
    crystals: Crystals | None = None,
    threads: int = 1,
) -> LineLists:
    """Draw the lists number *start* to *start* + *n* − 1 of a seed.

    List i of a seed is the same whatever the batch and the number of threads: its random numbers come from a
    counter-based generator (splitmix64) with the key (seed, i).

    Parameters
    ----------
    n
        How many.
    seed
        Any integer from 0 to 2⁶³ − 1.
    start
        Number of the first list.
    settings
        Ranges of everything that is drawn.
    statistics, classes
        What cells and extinctions are drawn after; those of the package if not given.
    crystals
        If given, all lists are of these, each time strained anew (``crystal_kernels``), not of random lattices.
    threads
        The kernels release the GIL: two threads are twice as fast.

    Raises
    ------
    InputError
        If a number is negative, or if known crystals, whose lines are those of x-rays, meet a source of neutrons.
    """
    for name, value in (("n", n), ("seed", seed), ("start", start), ("threads", threads - 1)):
        if value < 0:
            raise InputError(f"is too small; give {'1' if name == 'threads' else '0'} or more", source=name)
    settings = settings or LineListSettings()
    if crystals and any(source.probe == "neutron" for source in settings.sources):
        raise InputError("known crystals are known for x-rays only; leave neutrons out", source="sources")
    tables = LineListTables.of(settings, statistics, classes, crystals).arrays
    lists = _empty(n)
    key = np.uint64(seed)

    def fill(first: int) -> None:
        part = slice(first, min(first + CHUNK, n))
        columns = (getattr(lists, name)[part] for name in LineColumns._fields)
        truth = (getattr(lists, name)[part] for name in ListColumns._fields)
        fill_lists(
            key, start + first, tables, LineColumns(*columns), ListColumns(*truth), lists.count[part], workspace(ROOM)
        )

    if threads == 1:
        for first in range(0, n, CHUNK):
            fill(first)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(0, n, CHUNK)))
    return lists


def _empty(n: int) -> LineLists:
    m = MAX_LINES
    return LineLists(
        two_theta_deg=np.zeros((n, m)),
        intensity=np.zeros((n, m), dtype=np.float32),
        sigma_deg=np.zeros((n, m), dtype=np.float32),
        fwhm_deg=np.zeros((n, m), dtype=np.float32),
        hkl=np.zeros((n, m, 3), dtype=np.int16),
        foreign=np.zeros((n, m), dtype=np.bool_),
        count=np.zeros(n, dtype=np.int64),
        metric=np.zeros((n, 6)),
        lattice=np.zeros(n, dtype=np.int64),
        extinction_class=np.zeros(n, dtype=np.int64),
        zero_shift_deg=np.zeros(n),
        displacement_mm=np.zeros(n),
        radius_mm=np.zeros(n),
        wavelength_angstrom=np.zeros(n),
        neutron=np.zeros(n, dtype=np.bool_),
        two_theta_limits_deg=np.zeros((n, 2)),
    )
