"""How fast a cell becomes a line list: the enumerator against pymatgen, alternating in one run.

``python -m benchmarks.enumerator > run.json``: the table goes to the terminal, the JSON document to standard output.

pymatgen gets the primitive cell, in which it has the fewest points to look at, and one atom in it. Its two ways are the
powder pattern (``XRDCalculator.get_pattern``) and the bare list of points (``Lattice.get_points_in_sphere``, then the
distinct lengths). Ours are the public function, with multiplicities, and the kernel that the search calls with arrays
it keeps. All give the distinct line positions up to the same 2θ.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.table import Table

import hybrid_index
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram, to_pymatgen
from hybrid_index.refine.hkl import enumerate_reflections, listed_reflections
from hybrid_index.units import FloatArray, parse_radiation, q_from_two_theta, two_theta_from_q

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

SCHEMA = "hybrid-index/enumerator/1"
WAVELENGTH_ANGSTROM = parse_radiation("CuKa1").wavelength_angstrom
CALLS = 20
"""Calls of the enumerator in one timing: a single one is too short for the clock."""

ROOM = 10_000
"""Reflections that the arrays of the kernel hold."""
TABLE_WIDTH = 130

CASES = {
    "caesium chloride": (BravaisLattice.CP, Cell(a=4.123, b=4.123, c=4.123)),
    "tungsten": (BravaisLattice.CI, Cell(a=3.165, b=3.165, c=3.165)),
    "silicon": (BravaisLattice.CF, Cell(a=5.431, b=5.431, c=5.431)),
    "rutile": (BravaisLattice.TP, Cell(a=4.594, b=4.594, c=2.959)),
    "anatase": (BravaisLattice.TI, Cell(a=3.785, b=3.785, c=9.514)),
    "quartz": (BravaisLattice.HP, Cell(a=4.913, b=4.913, c=5.405, gamma=120.0)),
    "corundum": (BravaisLattice.HR, Cell(a=4.759, b=4.759, c=12.993, gamma=120.0)),
    "anglesite": (BravaisLattice.OP, Cell(a=8.482, b=5.398, c=6.959)),
    "post-perovskite": (BravaisLattice.OC, Cell(a=2.456, b=8.042, c=6.093)),
    "sodium nitrite": (BravaisLattice.OI, Cell(a=3.570, b=5.578, c=5.390)),
    "sulfur": (BravaisLattice.OF, Cell(a=10.465, b=12.866, c=24.486)),
    "baddeleyite": (BravaisLattice.MP, Cell(a=5.151, b=5.212, c=5.317, beta=99.23)),
    "gypsum": (BravaisLattice.MC, Cell(a=6.284, b=15.200, c=6.523, beta=127.41)),
    "chalcanthite": (BravaisLattice.AP, Cell(a=6.122, b=10.722, c=5.968, alpha=82.35, beta=107.33, gamma=102.60)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Medians of one cell: ``ms`` and ``n_lines`` by way, of which the pattern leaves out very weak lines."""

    name: str
    bravais_lattice: str
    n_lines: dict[str, int]
    ms: dict[str, float]

    @property
    def agree(self) -> bool:
        """Whether all ways that give all lines give equally many."""
        return self.n_lines["function"] == self.n_lines["kernel"] == self.n_lines["points"]

    def gain(self, ours: str, theirs: str) -> float:
        """How many times faster one way is than another."""
        return self.ms[theirs] / self.ms[ours]


def lines_of_function(cell: Cell, lattice: BravaisLattice, two_theta_deg: float) -> FloatArray:
    """2θ of all lines by the public function, from cell to line list."""
    q_max = float(q_from_two_theta(two_theta_deg, WAVELENGTH_ANGSTROM))
    lines = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    return two_theta_from_q(lines.q, WAVELENGTH_ANGSTROM)


def kernel_for(cell: Cell, lattice: BravaisLattice, two_theta_deg: float) -> Callable[[], FloatArray]:
    """The kernel on a metric that is there already; it gives Q."""
    metric, code = cell.metric, lattice.code
    q_max = float(q_from_two_theta(two_theta_deg, WAVELENGTH_ANGSTROM))
    return lambda: np.asarray(listed_reflections(metric, code, q_max, True, ROOM)[2])


def lines_of_pattern(structure: Structure, two_theta_deg: float) -> FloatArray:
    """2θ of all lines by pymatgen's calculator (it leaves out very weak ones)."""
    from pymatgen.analysis.diffraction.xrd import XRDCalculator

    pattern = XRDCalculator(wavelength=WAVELENGTH_ANGSTROM).get_pattern(structure, two_theta_range=(0.0, two_theta_deg))
    return np.asarray(pattern.x, dtype=np.float64)


def lines_of_points(structure: Structure, two_theta_deg: float) -> FloatArray:
    """2θ of all lines from the points of pymatgen's reciprocal lattice."""
    radius = float(np.sqrt(q_from_two_theta(two_theta_deg, WAVELENGTH_ANGSTROM)))
    sphere: Any = structure.lattice.reciprocal_lattice_crystallographic.get_points_in_sphere(
        [[0, 0, 0]], [0, 0, 0], radius, zip_results=False
    )
    q = np.sort(sphere[1]) ** 2
    q = q[np.diff(q, prepend=0.0) > 1e-9 * q]
    return two_theta_from_q(q, WAVELENGTH_ANGSTROM)


def measure(name: str, *, two_theta_deg: float, repeats: int) -> Timing:
    """Time the three ways in turn, *repeats* times, after one round that warms them up."""
    from pymatgen.core.structure import Structure

    lattice, cell = CASES[name]
    primitive = to_pymatgen(Cell.from_gram(primitive_gram(cell, lattice)))
    structure = Structure(primitive, ["Si"], [[0.0, 0.0, 0.0]])
    ways: dict[str, tuple[Callable[[], FloatArray], int]] = {
        "function": (lambda: lines_of_function(cell, lattice, two_theta_deg), CALLS),
        "kernel": (kernel_for(cell, lattice, two_theta_deg), CALLS),
        "pattern": (lambda: lines_of_pattern(structure, two_theta_deg), 1),
        "points": (lambda: lines_of_points(structure, two_theta_deg), 1),
    }
    n_lines = {key: int(way().size) for key, (way, _) in ways.items()}
    times: dict[str, list[float]] = {key: [] for key in ways}
    for _ in range(repeats):
        for key, (way, calls) in ways.items():
            start = time.perf_counter()
            for _ in range(calls):
                way()
            times[key].append(1e3 * (time.perf_counter() - start) / calls)
    medians = {key: statistics.median(column) for key, column in times.items()}
    return Timing(name=name, bravais_lattice=lattice.value, n_lines=n_lines, ms=medians)


def gains(timings: list[Timing]) -> dict[str, float]:
    """Median over the cells of every gain, as in ``kernel/pattern``."""
    pairs = [(ours, theirs) for ours in ("function", "kernel") for theirs in ("pattern", "points")]
    return {f"{ours}/{theirs}": statistics.median(t.gain(ours, theirs) for t in timings) for ours, theirs in pairs}


def print_table(timings: list[Timing], console: Console, *, two_theta_deg: float) -> None:
    """Print one row a cell, and the medians of the gains."""
    table = Table(title=f"Line lists to 2θ = {two_theta_deg:g}°, Cu Kα1: medians in ms, and how many times faster")
    table.add_column("cell")
    columns = ("", "lines", "function", "kernel", "pattern", "points", *(k.replace("/", "/\n") for k in gains(timings)))
    for column in columns:
        table.add_column(column, justify="right")
    for t in timings:
        lines = f"{t.n_lines['function']}" if t.agree else f"[red]{t.n_lines['function']} ≠ {t.n_lines['points']}[/red]"
        faster = (f"{t.gain(*key.split('/')):.0f}" for key in gains(timings))
        table.add_row(t.name, t.bravais_lattice, lines, *(f"{value:.4f}" for value in t.ms.values()), *faster)
    table.add_section()
    table.add_row("median", *[""] * 6, *(f"{value:.0f}" for value in gains(timings).values()))
    console.print(table)


def main() -> int:
    """Run the benchmark; 1 if a way misses lines."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.enumerator", description=__doc__.split("\n")[0])
    parser.add_argument("--two-theta", type=float, default=90.0, help="limit in degrees")
    parser.add_argument("--repeats", type=int, default=9, help="timings of each way")
    arguments = parser.parse_args()
    console = Console(stderr=True)
    console.width = max(console.width, TABLE_WIDTH)
    limit = arguments.two_theta
    timings = [measure(name, two_theta_deg=limit, repeats=arguments.repeats) for name in CASES]
    print_table(timings, console, two_theta_deg=limit)
    document = {
        "schema": SCHEMA,
        "version": hybrid_index.__version__,
        "machine": {"platform": platform.platform(), "python": platform.python_version(), "cpus": os.cpu_count()},
        "arguments": vars(arguments),
        "median_gains": gains(timings),
        "timings": [asdict(t) for t in timings],
    }
    print(json.dumps(document, indent=1, ensure_ascii=False))
    return 0 if all(t.agree for t in timings) else 1


if __name__ == "__main__":
    sys.exit(main())
