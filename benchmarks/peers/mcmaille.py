"""McMaille: A. Le Bail, Powder Diffr. 19 (2004) 249, doi:10.1154/1.1763152."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.labelled import cell_or_none, rows, without_repetitions
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.running import Call, read_outputs
from hybrid_index.types import PeakList

_SUGGESTION = re.compile(r"correct\s+cell\s+could\s+be", re.IGNORECASE)
_FINAL_LIST = re.compile(r"FINAL\s+LIST\s+OF\s+CELL\s+PROPOSALS,\s+sorted\s+by\s+M(?:cM)?\(?20", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class McMaille:
    """McMaille 4 in the mode that needs no settings."""

    name: str = "McMaille"
    settings: str = "black-box mode (Ngrid 3): all systems, limits as the program has them"

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Title, wavelength, zero point and mode, then positions with intensities; the name is given without suffix."""
        lines = [
            peaks.name[:60] or "lines",
            "! Wavelength, zeropoint, Ngrid",
            f"{peaks.wavelength_angstrom:.6f} 0.0 3",
            "! 2-theta, intensity",
        ]
        strongest = max(float(peaks.intensity.max()), 1e-300)
        heights = [max(1000.0 * y / strongest, 0.1) for y in peaks.intensity]
        lines += [f"{x:.4f} {y:.1f}" for x, y in zip(peaks.two_theta_deg, heights, strict=True)]
        (folder / "lines.dat").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Call(arguments=("lines",), answers=("lines",))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Read the suggested cell, then the final list by figure of merit: ten numbers and a letter in each row."""
        text = read_outputs(folder, ".imp") or stdout
        cells: list[PeerCell] = []
        for heading in (_SUGGESTION, _FINAL_LIST):
            parts = heading.split(text, maxsplit=1)
            cells += _table(parts[1]) if len(parts) == 2 else []
        return without_repetitions(cells)


def _table(text: str) -> list[PeerCell]:
    """First rows of numbers with a Bravais letter behind, the cell being the last six numbers, the merit the second."""
    cells: list[PeerCell] = []
    for line in text.splitlines():
        found = list(rows([line], 9))
        if found:
            numbers, words = found[0]
            cell = cell_or_none(numbers[-6:])
            centring = words[:1].upper() if words[:1].upper() in set("PIFABCR") else None
            cells += [PeerCell(cell=cell, centring=centring, merit=numbers[1])] if cell else []
        elif cells:
            break
    return cells
