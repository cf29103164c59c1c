"""TREOR90 and N-TREOR.

P.-E. Werner, L. Eriksson & M. Westdahl, J. Appl. Cryst. 18 (1985) 367, doi:10.1107/S0021889885010512;
A. Altomare et al., J. Appl. Cryst. 33 (2000) 1180, doi:10.1107/S0021889800006427.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.labelled import by_merit, labelled_cells
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.running import Call, read_outputs
from hybrid_index.types import PeakList

_KEYWORDS = "CHOICE=3,\nWAVE={wavelength:.6f},\nVOL=4000,\nCEM=35,\nMONO=130,\nTRIC=1,\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Treor:
    """TREOR90 (``condensed`` and full output) or, with two more questions to answer, N-TREOR."""

    name: str = "TREOR90"
    settings: str = "CHOICE=3, VOL=4000, CEM=35, MONO=130, TRIC=1; the rest as the program has it"
    is_ntreor: bool = False

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Title, positions, a blank line, keywords up to ``END*``; the file names are asked for."""
        positions = "".join(f"{x:10.4f}\n" for x in peaks.two_theta_deg)
        keywords = _KEYWORDS.format(wavelength=peaks.wavelength_angstrom)
        title = peaks.name[:60] or "lines"
        (folder / "lines.dat").write_text(f"{title}\n{positions}\n{keywords}END*\n0.00\n", encoding="utf-8")
        names = ("N", "lines.dat", "lines.imp", "lines.con")
        return Call(answers=(*names, "lines.short", "0", "N") if self.is_ntreor else (*names, "0"))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Cells behind labels, A beside ALFA or all edges in a line; centring is not said."""
        written = read_outputs(folder, ".short") or read_outputs(folder, ".con", ".imp", ".out")
        return by_merit(labelled_cells(written or stdout))
