"""How long the lines of a structure take, side by side with pymatgen's XRDCalculator."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.simulation.agreement import KA1, LIMIT_DEG, calculator, sticks
from benchmarks.simulation.structures import Pair
from hybrid_index.errors import InputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.simulate import powder_lines

BAR = 50.0
"""Times as fast as pymatgen, for the median structure."""
OURS_EACH = 5
"""Calls of ours for each of pymatgen's: they are short."""
IDENTITY = np.eye(3, dtype=np.int64)[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds for one structure, medians: pymatgen's, ours, and ours where no symmetry is told."""

    name: str
    system: str
    n_atoms: int
    volume: float
    n_lines: int
    pymatgen_s: float
    ours_s: float
    without_symmetry_s: float

    @property
    def ratio(self) -> float:
        """How many times as fast."""
        return self.pymatgen_s / self.ours_s

    @property
    def ratio_without_symmetry(self) -> float:
        """The same, where no symmetry is told."""
        return self.pymatgen_s / self.without_symmetry_s


def measure(pairs: Iterable[Pair], *, repeats: int) -> list[Timing]:
    """Time all structures, from structure object to line list; both warm, in turns."""
    calculate = calculator(KA1, {})
    timings = []
    for pair in pairs:
        bare = replace(pair.ours, rotations=IDENTITY)
        tasks: tuple[Callable[[], object], ...] = (
            lambda pair=pair: sticks(calculate, pair),  # type: ignore[misc]
            lambda pair=pair: powder_lines(pair.ours, KA1, LIMIT_DEG),  # type: ignore[misc]
            lambda bare=bare: powder_lines(bare, KA1, LIMIT_DEG),  # type: ignore[misc]
        )
        try:
            for task in tasks:
                task()
        except InputError:
            continue
        times: list[list[float]] = [[], [], []]
        for _ in range(repeats):
            for task, seconds, n in zip(tasks, times, (1, OURS_EACH, OURS_EACH), strict=True):
                seconds += [_timed(task) for _ in range(n)]
        pymatgen_s, ours_s, without_symmetry_s = (statistics.median(seconds) for seconds in times)
        timings.append(
            Timing(
                name=pair.name,
                system=pair.system,
                n_atoms=len(pair.ours.elements),
                volume=pair.ours.cell.volume,
                n_lines=len(powder_lines(pair.ours, KA1, LIMIT_DEG)),
                pymatgen_s=pymatgen_s,
                ours_s=ours_s,
                without_symmetry_s=without_symmetry_s,
            )
        )
    return timings


def _timed(task: Callable[[], object]) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def median_ratio(timings: Sequence[Timing]) -> float:
    """How many times as fast, for the median structure."""
    return statistics.median(t.ratio for t in timings)


def show(timings: Sequence[Timing], console: Console) -> None:
    """Print a row for each crystal system, and one for all."""
    table = Table(title=f"Lines to {LIMIT_DEG:g}° of Cu Kα1, medians; bar: {BAR:g} times as fast")
    table.add_column("")
    for column in ("structures", "atoms", "pymatgen / ms", "ours / ms", "times as fast", "no symmetry told", "10 %"):
        table.add_column(column, justify="right")
    rows = [(system, [t for t in timings if t.system == system]) for system in CRYSTAL_SYSTEMS]
    for name, chosen in [*rows, ("all", list(timings))]:
        if chosen:
            table.add_row(name, *_cells(chosen), end_section=name == CRYSTAL_SYSTEMS[-1])
    console.print(table)


def _cells(timings: Sequence[Timing]) -> list[str]:
    median = {
        name: statistics.median(getattr(t, name) for t in timings) for name in ("n_atoms", "pymatgen_s", "ours_s")
    }
    return [
        str(len(timings)),
        f"{median['n_atoms']:.0f}",
        f"{1e3 * median['pymatgen_s']:.1f}",
        f"{1e3 * median['ours_s']:.3f}",
        f"{median_ratio(timings):.0f}",
        f"{statistics.median(t.ratio_without_symmetry for t in timings):.0f}",
        f"{np.percentile([t.ratio for t in timings], 10):.0f}",
    ]
