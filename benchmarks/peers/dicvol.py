"""DICVOL91, DICVOL06 and DICVOL14.

A. Boultif & D. Louër, J. Appl. Cryst. 24 (1991) 987, doi:10.1107/S0021889891006441; 37 (2004) 724,
doi:10.1107/S0021889804014876; D. Louër & A. Boultif, Powder Diffr. 29 (2014) S7, doi:10.1017/S0885715614000906.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.labelled import by_merit, labelled_cells
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.running import Call, read_outputs
from hybrid_index.types import PeakList

N_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Dicvol:
    """DICVOL; *version* 91 knows neither foreign lines nor a zero shift."""

    version: int = 6

    @property
    def name(self) -> str:
        """Name with the version."""
        return f"DICVOL{self.version:02d}"

    @property
    def settings(self) -> str:
        """What the cards say."""
        extra = "" if self.version == 91 else ", one foreign line, zero shift searched and refined"
        return f"20 lines, all systems, edges to 35 Å, V to 4000 Å³, β to 130°, EPS 0.03°{extra}"

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Five cards and the positions; the file names are asked for."""
        positions = peaks.two_theta_deg
        cards = [
            peaks.name[:60] or "lines",
            f"{min(N_LINES, positions.size)} 2 1 1 1 1 1 1",
            "35. 35. 35. 0. 4000. 90. 130.",
            f"{peaks.wavelength_angstrom:.6f} 0. 0. 0.",
            "0.03 10. 0" if self.version == 91 else "0.03 10. 1 1 1 0",
            *(f"{x:.4f}" for x in positions[: N_LINES if self.version == 91 else None]),
        ]
        (folder / "lines.dat").write_text("\n".join(cards) + "\n", encoding="utf-8")
        return Call(answers=("lines.dat", "lines.out"))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Direct parameters under the heading of their system; reduced cells repeat them and are left out."""
        text = read_outputs(folder, ".ord") or read_outputs(folder, ".out") or stdout
        lines = (line for line in text.splitlines(keepends=True) if "REDUCED CELL" not in line.upper())
        return by_merit(labelled_cells("".join(lines)))
