"""rietx, FOX (by pyobjcryst) and mlindex: packages in some Python, which need not be the one that runs the benchmark.

rietx: https://github.com/yue-here/rietx; V. Favre-Nicolin & R. Černý, J. Appl. Cryst. 35 (2002) 734,
doi:10.1107/S0021889802015236 (FOX); D. W. Moreau, https://github.com/dwmoreau/MLI (mlindex).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers.labelled import by_merit, cell_or_none
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.running import TIMES, Call
from hybrid_index.types import PeakList

DRIVERS = Path(__file__).parent / "drivers"
_SHARE_OF_BUDGET = 0.9
"""A program that keeps a budget gets a little less than the limit at which it would be ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """A package that one of the drivers calls; the time to import it is not counted."""

    name: str
    settings: str
    driver: str

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Write the lines as JSON."""
        lines = {
            "two_theta_deg": peaks.two_theta_deg.tolist(),
            "two_theta_esd_deg": peaks.two_theta_esd_deg.tolist(),
            "intensity": peaks.intensity.tolist(),
            "wavelength_angstrom": peaks.wavelength_angstrom,
            "seconds": _SHARE_OF_BUDGET * limits.seconds,
        }
        (folder / "lines.json").write_text(json.dumps(lines), encoding="utf-8")
        return Call(arguments=(str(DRIVERS / self.driver), "lines.json", TIMES))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Read the cells in the order of the package; a run that was ended has written none."""
        path = folder / TIMES
        return [] if not path.exists() else listed_cells(json.loads(path.read_text(encoding="utf-8"))["cells"])


RIETX = Driven(name="rietx", settings="its own limits, whole-run budget as the time limit", driver="drive_rietx.py")
FOX = Driven(
    name="FOX", settings="quick_index of pyobjcryst as it is: 20 lines, cubic to monoclinic", driver="drive_fox.py"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MlIndex:
    """The command ``mlindex.run``; needs its models."""

    name: str = "mlindex"
    settings: str = "as it is: the first 20 lines, all Bravais lattices, one process"

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Write 1/d² as an array."""
        np.save(folder / "lines.npy", peaks.q)
        return Call(arguments=("--peak-file", "lines.npy"))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Read a table by columns, as pandas writes it: row numbers and values."""
        path = folder / "indexing_results.json"
        if not path.exists():
            return []
        table = json.loads(path.read_text(encoding="utf-8"))
        cells = []
        for row, lattice in table["bravais_lattice"].items():
            parameters = [table[name][row] for name in ("a", "b", "c", "alpha", "beta", "gamma")]
            # A rhombohedral cell may come on either axes.
            centring = "P" if lattice == "hR" and abs(parameters[5] - 120.0) > 0.01 else lattice[1]
            cells.append({"parameters": parameters, "centring": centring, "merit": table["M20"][row]})
        return by_merit(listed_cells(cells))


def listed_cells(plain: list[dict[str, object]]) -> list[PeerCell]:
    """Cells from plain objects with ``parameters``, ``centring`` and ``merit``."""
    cells = []
    for one in plain:
        cell = cell_or_none(one["parameters"])  # type: ignore[arg-type]
        if cell is not None:
            cells.append(PeerCell(cell=cell, centring=one.get("centring"), merit=one.get("merit")))  # type: ignore[arg-type]
    return cells
