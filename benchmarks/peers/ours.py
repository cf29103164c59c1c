"""The programs that are always there: our own pipeline, and the TREOR-style baseline. Both run in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import ClassVar

import hybrid_index
from benchmarks.accuracy.score import warm_up
from benchmarks.baselines.treor_settings import TreorSettings
from benchmarks.baselines.treor_style import index_treor_style
from benchmarks.peers.program import Limits, PeerCell, Result, Status
from hybrid_index import PeakList, Settings
from hybrid_index.errors import HybridIndexError
from hybrid_index.units import Radiation

_SILICON = (28.443, 47.303, 56.122, 69.131, 76.377, 88.032, 94.954, 106.710, 114.094)
"""2θ (degrees) of silicon with Cu Kα1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridIndex:
    """``hybrid_index.index`` as anybody calls it."""

    name: ClassVar[str] = "hybrid-index"
    settings: ClassVar[str] = "defaults, budget as the time limit; networks and classical engines"

    def prepare(self) -> None:
        """Load all kernels."""
        warm_up()

    def index(self, peaks: PeakList, limits: Limits) -> Result:
        """Index the lines; the answers are those of the result, with their Bravais lattices."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            result = hybrid_index.index(peaks, settings=Settings(budget_s=limits.seconds))
        except HybridIndexError as error:
            return _timed("failed", [], wall, cpu, note=str(error))
        cells = [
            PeerCell(
                cell=solution.refinement.cell,
                centring=solution.refinement.candidate.bravais_lattice.centring,
                merit=solution.probability,
            )
            for solution in result.solutions
        ]
        ended: Status = "timed out" if result.status == "budget_exhausted" else "no answer"
        return _timed("answered" if cells else ended, cells, wall, cpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class TreorStyle:
    """Our implementation of the published method of TREOR."""

    name: ClassVar[str] = "TREOR-style"
    settings: ClassVar[str] = "published defaults of TREOR90, VOL 4000, CEM 35, MONO 130, triclinic tests on"

    def prepare(self) -> None:
        """Compile by indexing silicon with cubic tests switched off, so that all systems are gone through."""
        lines = PeakList.from_positions(_SILICON, radiation=Radiation(wavelength_angstrom=1.5406))
        settings = TreorSettings()
        index_treor_style(lines, settings.replace(systems=settings.systems[1:]))

    def index(self, peaks: PeakList, limits: Limits) -> Result:
        """Index the lines; centring is not said."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            found = index_treor_style(peaks, budget_s=limits.seconds)
        except HybridIndexError as error:
            return _timed("failed", [], wall, cpu, note=str(error))
        cells = [PeerCell(cell=one.cell, merit=one.m20) for one in found]
        ended: Status = "timed out" if time.perf_counter() - wall > limits.seconds else "no answer"
        return _timed("answered" if cells else ended, cells, wall, cpu)


def _timed(status: Status, cells: list[PeerCell], wall: float, cpu: float, note: str = "") -> Result:
    return Result(
        status=status,
        cells=tuple(cells),
        wall_s=time.perf_counter() - wall,
        cpu_s=time.process_time() - cpu,
        note=note,
    )
