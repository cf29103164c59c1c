"""Lattices with one axis much shorter than the others: all first lines lie in one plane and say nothing about it.

The plane is found from the first lines. Then most of its lines are set aside, so that those of the next layer, however
far out, come among the lines that a search works on; and the layers are stacked as over any other plane. R. Shirley
calls such a plane a dominant zone (Accuracy in Powder Diffraction, NBS Spec. Publ. 567 (1980) 361).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hybrid_index.classical.leaning import lean_planes, lean_rectangles
from hybrid_index.classical.planes import OBLIQUE, find_planes, halved, plane_points, refine_plane
from hybrid_index.classical.stacking import stack_planes
from hybrid_index.config import Settings
from hybrid_index.lattice import Cell, bravais_lattices, primitive_gram
from hybrid_index.refine.lines import LineData, line_data
from hybrid_index.refine.solving import SYMMETRY_TOLERANCE
from hybrid_index.search.pool import SEARCH_LINES, Pool, Prepared
from hybrid_index.types import Budget, Candidate, PeakList
from hybrid_index.units import FloatArray

_MIN_SHARE = 0.75
"""Share of the first lines that a plane must hold to dominate them."""
_KEPT = 5
"""Lines of the plane that stay, to hold it in place."""
_MIN_OTHERS = 5
"""Lines outside the plane without which there is nothing to stack it by."""
_GROWTH = (SEARCH_LINES, 30, 45, 60)
"""Numbers of lines that a plane is fitted to, one after the other."""
_MAX_POINTS = 4000


@dataclass(frozen=True, slots=True)
class DominantZones:
    """Stackings of a plane that holds most of the first lines, by lines from farther out."""

    name: str = "zones-dominant"
    n_planes: int = 8
    n_base: int = 14
    capacity: int = 600
    most: int = 30

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield the best lattices; none where no plane dominates."""
        if len(peaks) <= SEARCH_LINES:
            return
        first, lines = Prepared.from_peaks(peaks, limits), line_data(peaks, limits)
        pool = Pool(self.capacity)
        for plane in _strong_planes(first, limits, self.n_planes):
            _extend(plane, lines)
            inside = _lines_in(plane, lines)
            if budget.exhausted() or not _dominates(inside):
                continue
            thinned = Prepared.from_peaks(peaks.select(_thin(inside)), limits)
            self._stack(plane[None, :], thinned, limits, pool)
        for candidate in pool.candidates(lines, limits, source=self.name, most=self.most):
            yield from _settings_within(candidate, limits.systems)

    def _stack(self, plane: FloatArray, ready: Prepared, limits: Settings, pool: Pool) -> None:
        w = ready.windows
        planes = np.concatenate([plane, halved(plane)])
        where = (w.table, w.bins_per_q, ready.odds, pool.scores, pool.rows)
        volume, systems = limits.max_volume_angstrom3, limits.systems
        pool.size = stack_planes(planes, w.q, w.tolerance, w.q_max, ready.height_min, volume, *where, pool.size)
        lean, system = (lean_planes, "triclinic") if plane[0, 3] == OBLIQUE else (lean_rectangles, "monoclinic")
        if system in systems:
            pool.size = lean(
                planes, w.q, w.tolerance, w.q_max, self.n_base, ready.height_min, volume, *where, pool.size
            )


def _settings_within(candidate: Candidate, systems: Iterable[str]) -> Iterator[Candidate]:
    """The candidate, or where its crystal system is not wanted, the wanted ones that its metric nearly has."""
    if candidate.bravais_lattice.crystal_system in systems:
        yield candidate
        return
    gram = primitive_gram(Cell.from_metric(candidate.metric), candidate.bravais_lattice)
    for setting in bravais_lattices(gram, SYMMETRY_TOLERANCE):
        if setting.bravais_lattice.crystal_system in systems:
            yield candidate.replace(bravais_lattice=setting.bravais_lattice, metric=setting.metric)


def _strong_planes(ready: Prepared, limits: Settings, n_planes: int) -> list[FloatArray]:
    """The best rectangular and oblique planes over the first lines."""
    edge = limits.max_edge_angstrom
    return [
        plane
        for rectangular in (True, False)
        for plane in find_planes(ready.windows, rectangular=rectangular, n_planes=n_planes, max_edge_angstrom=edge)
    ]


def _extend(plane: FloatArray, lines: LineData) -> None:
    """Fit a plane, in place, to more and more lines: errors that the first ones do not see grow with Q."""
    tolerance = 3.0 * lines.q_esd
    for n in _GROWTH:
        refine_plane(plane, lines.q[:n], tolerance[:n], float(lines.q[:n][-1]))


def _lines_in(plane: FloatArray, lines: LineData) -> npt.NDArray[np.bool_]:
    """Which lines (n,) lie in a plane."""
    points, q, q_esd = np.empty(_MAX_POINTS), lines.q, lines.q_esd
    n = plane_points(plane[0], plane[1], plane[2], int(plane[3]), 0.0, 0.0, 0, float(q[-1] + 3.0 * q_esd[-1]), points)
    if n < 1:
        return np.zeros(q.size, dtype=bool)
    points = np.sort(points[:n])
    after = np.searchsorted(points, q)
    gap = np.minimum(np.abs(q - points[np.minimum(after, n - 1)]), np.abs(q - points[np.maximum(after - 1, 0)]))
    return np.asarray(gap < 2.0 * q_esd)


def _dominates(inside: npt.NDArray[np.bool_]) -> bool:
    return bool(inside[:SEARCH_LINES].mean() >= _MIN_SHARE and np.sum(~inside) >= _MIN_OTHERS)


def _thin(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The first few lines of the plane, and all others."""
    return np.sort(np.concatenate([np.flatnonzero(inside)[:_KEPT], np.flatnonzero(~inside)]))
