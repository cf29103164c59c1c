"""ITO: J. W. Visser, J. Appl. Cryst. 2 (1969) 89, doi:10.1107/S0021889869006649."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.labelled import cell_or_none, rows
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.running import Call, read_outputs
from hybrid_index.types import PeakList

_HEADING = re.compile(r"DIRECT\s+CONSTANTS\s+OF\s+THESE\s+LATTICES", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ito:
    """ITO12 or ITO13."""

    name: str = "ITO"
    settings: str = "all lines that are given, tolerances as the program has them"

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Title, a card with the wavelength in columns 21 to 30, zero correction, positions, 0, ``END``."""
        positions = "".join(f"{x:10.4f}\n" for x in peaks.two_theta_deg)
        card = " " * 20 + f"{peaks.wavelength_angstrom:10.6f}"
        text = f"{peaks.name[:60] or 'lines'}\n{card}\n{0.0:10.3f}\n{positions}{0.0:10.3f}\nEND\n"
        (folder / "lines.dat").write_text(text, encoding="utf-8")
        return Call(answers=("lines.dat", "lines.out"))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Read the last table of direct constants: a, b, c, α, β, γ, volume in each row, most probable first."""
        text = read_outputs(folder, ".out", ".imp") or stdout
        tables = _HEADING.split(text)[1:]
        cells: list[PeerCell] = []
        for line in tables[-1].splitlines() if tables else ():
            found = list(rows([line], 6))
            if found:
                cell = cell_or_none(found[0][0][:6])
                cells += [PeerCell(cell=cell)] if cell else []
            elif cells:
                break
        return cells
