"""Everything that random line lists are drawn with, as plain arrays: for the kernels, and for tensors made of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from hybrid_index.simulate.conditions import FIRST_LINES, FOREIGN_INTENSITY, LADDER_DEG, MAX_LINES
from hybrid_index.simulate.crystal_statistics import CrystalStatistics, default_statistics
from hybrid_index.simulate.crystals import NO_CRYSTALS, CrystalArrays, Crystals
from hybrid_index.simulate.extinctions import ExtinctionClasses, default_classes
from hybrid_index.simulate.line_list_kernels import wilson_strengths
from hybrid_index.simulate.line_list_settings import RANGE_NAMES, LineListSettings
from hybrid_index.simulate.line_list_spoiling import WIDTH_SCATTER
from hybrid_index.simulate.random_lattices import (
    BROAD_ANGLE_DEG,
    BROAD_BETA_DEG,
    BROAD_LOG_RATIO,
    LONGEST_ANGSTROM,
    SHORTEST_ANGSTROM,
    VOLUME_LIMITS_ANGSTROM3,
)
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray


class KernelTables(NamedTuple):
    """Arrays that a list is drawn with.

    Parameters
    ----------
    ranges
        Shape (18, 2), see ``RANGE_NAMES``.
    sources
        Shape (s, 4): wavelengths from, to, running share, 1 for neutrons.
    shares
        Shape (3,): of cells from the broad range, of ranges that climb the ladder, of crystals with contrast.
    lattice_running
        Shape (14,), running sum of the frequencies of the Bravais lattices.
    quantiles, cholesky
        See :class:`~hybrid_index.simulate.crystal_statistics.CellStatistics`.
    class_first, class_running, centric, merged, tests, n_tests
        See :class:`~hybrid_index.simulate.extinctions.ExtinctionClasses`; the weights as running sums in each lattice.
    strengths
        Shape (2, 4, 1024), see :func:`~hybrid_index.simulate.line_list_kernels.wilson_strengths`.
    crystals
        Known crystals that all lists are of; where there are none, lattices and intensities are random.
    """

    ranges: FloatArray
    sources: FloatArray
    shares: FloatArray
    lattice_running: FloatArray
    quantiles: FloatArray
    cholesky: FloatArray
    class_first: IntArray
    class_running: FloatArray
    centric: FloatArray
    merged: FloatArray
    tests: IntArray
    n_tests: IntArray
    strengths: FloatArray
    crystals: CrystalArrays


@dataclass(frozen=True, kw_only=True, eq=False)
class LineListTables:
    """Arrays and constants of a generator of line lists."""

    arrays: KernelTables
    max_lines: int = MAX_LINES
    first_lines: int = FIRST_LINES
    ladder_deg: tuple[float, ...] = LADDER_DEG
    foreign_intensity: tuple[float, float] = FOREIGN_INTENSITY
    width_scatter: float = WIDTH_SCATTER
    volume_limits_angstrom3: tuple[float, float] = VOLUME_LIMITS_ANGSTROM3
    shortest_angstrom: float = SHORTEST_ANGSTROM
    longest_angstrom: float = LONGEST_ANGSTROM
    broad_log_ratio: float = BROAD_LOG_RATIO
    broad_beta_deg: tuple[float, float] = BROAD_BETA_DEG
    broad_angle_deg: tuple[float, float] = BROAD_ANGLE_DEG

    @classmethod
    def of(
        cls,
        settings: LineListSettings | None = None,
        statistics: CrystalStatistics | None = None,
        classes: ExtinctionClasses | None = None,
        crystals: Crystals | None = None,
    ) -> Self:
        """Tables of settings and statistics; those of the package where they are not given."""
        settings = settings or LineListSettings()
        cells = (statistics or default_statistics()).cells
        classes = classes or default_classes()
        total = np.cumsum(classes.weight)
        before = np.append(0.0, total)[classes.first[classes.lattice]]
        arrays = KernelTables(
            ranges=settings.ranges(),
            sources=settings.source_table(),
            shares=np.array([settings.broad_share, settings.ladder_share, settings.contrast_share]),
            lattice_running=np.cumsum(settings.shares(statistics)),
            quantiles=cells.quantiles,
            cholesky=cells.cholesky,
            class_first=classes.first,
            class_running=total - before,
            centric=classes.centric,
            merged=classes.merged,
            tests=classes.tests,
            n_tests=classes.n_tests,
            strengths=wilson_strengths(),
            crystals=crystals.arrays if crystals else NO_CRYSTALS,
        )
        return cls(arrays=arrays)

    @cached_property
    def range_of(self) -> dict[str, tuple[float, float]]:
        """Ranges by name."""
        return {
            name: (float(low), float(high)) for name, (low, high) in zip(RANGE_NAMES, self.arrays.ranges, strict=True)
        }
