"""Conograph: R. Oishi-Tomiyasu, J. Appl. Cryst. 47 (2014) 593, doi:10.1107/S1600576714000922."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers.labelled import by_merit, cell_or_none, without_repetitions
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.running import Call
from hybrid_index.types import PeakList

_OUTPUT = "output/lines.index.xml"
_BRAVAIS = (
    *("Triclinic", "MonoclinicP", "MonoclinicB", "OrthorhombicP", "OrthorhombicC", "OrthorhombicI", "OrthorhombicF"),
    *("TetragonalP", "TetragonalI", "Rhombohedral", "Hexagonal", "CubicP", "CubicI", "CubicF"),
)
_AUTOMATIC = (
    *("MaxNumberOfPeaks", "MinPrimitiveUnitCellVolume", "MaxPrimitiveUnitCellVolume", "MaxNumberOfTwoDimTopographs"),
    *("MaxNumberOfLatticeCandidates", "MaxNumberOfMillerIndicesInRange", "MinNumberOfMillerIndicesInRange"),
)
_CANDIDATES = ("SelectedLatticeCandidate", "LatticeCandidate")
_FIXED = {
    "IsAngleDispersion": "1",
    "ConversionParameters": "",
    "ZeroPointShiftParameter": "0.0",
    "CriticalValueForLinearSum": "1.0",
    "Resolution": "0.03",
    "MaxNumberOfPeaksForFOM": "20",
    "MinFOM": "3.0",
    "MaxUnitCellEdgeABC": "1000.0",
    "MinUnitCellEdgeABC": "0.0",
    "NumberOfThreadsToUse": "MAX",
    "AxisForRhombohedralSymmetry": "Hexagonal",
    "AxisForMonoclinicSymmetry": "B",
    "ThresholdOnNormM": "1.9",
    "ThresholdOnRevM": "1.0",
    "MinDistanceBetweenLatticePoints": "2.0",
}
DEFAULT_FWHM_DEG = 0.1
"""Its errors of positions come from the widths; lists often have none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conograph:
    """The command-line program, quick or regular search."""

    name: str = "Conograph"
    settings: str = "regular search, all Bravais lattices, limits AUTO"

    def write(self, peaks: PeakList, folder: Path, limits: Limits) -> Call:
        """Write a control file, a file of parameters, and lines as the second block of an Igor text."""
        (folder / "output").mkdir()
        control = {"ControlParamFile": "lines.inp.xml", "PeakDataFile": "lines.histogramIgor", "OutputFile": _OUTPUT}
        _write_xml(folder / "cntl.inp.xml", "ConographInputFile", control)
        values = {**_FIXED, "WaveLength": f"{peaks.wavelength_angstrom:.6f}", "SearchLevel": "1"}
        values |= dict.fromkeys(_AUTOMATIC, "AUTO") | {f"Output{lattice}": "1" for lattice in _BRAVAIS}
        _write_xml(folder / "lines.inp.xml", "ConographParameters", values)
        (folder / "lines.histogramIgor").write_text(igor_text(peaks), encoding="utf-8")
        return Call(answers=("quit",))

    def parse(self, folder: Path, stdout: str) -> list[PeerCell]:
        """Read the selected candidate first, then all others by de Wolff's merit."""
        try:
            root = ET.parse(folder / _OUTPUT).getroot()
        except (OSError, ET.ParseError):
            return []
        selected, others = ([_cell(element) for element in root.iter(tag)] for tag in _CANDIDATES)
        first = [cell for cell in selected if cell]
        return without_repetitions([*first, *by_merit(cell for cell in others if cell)])


def igor_text(peaks: PeakList) -> str:
    """Two blocks: a profile of the lines, which is only drawn, and the lines themselves with a flag to use them."""
    widths = np.where(np.isfinite(peaks.fwhm_deg), peaks.fwhm_deg, DEFAULT_FWHM_DEG)
    x = np.linspace(peaks.two_theta_deg[0] - 1.0, peaks.two_theta_deg[-1] + 1.0, 2000)
    profile = [f"{value:12.5f} {1.0:12.5f} {1.0:12.5f}" for value in x]
    columns = zip(peaks.two_theta_deg, peaks.intensity, widths, strict=True)
    lines = [f"{i:5d} {p:14.6E} {y:14.6E} {w:14.6E} 1" for i, (p, y, w) in enumerate(columns, start=1)]
    blocks = ("IGOR", "WAVES/O tth, yint, yerr", "BEGIN", *profile, "END")
    return "\n".join((*blocks, "WAVES/O peak, peakpos, height, FWHM, Flag", "BEGIN", *lines, "END", ""))


def _write_xml(path: Path, section: str, values: dict[str, str]) -> None:
    root = ET.Element("ZCodeParameters")
    parent = ET.SubElement(root, section)
    for name, value in values.items():
        ET.SubElement(parent, name).text = f" {value} "
    ET.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _cell(element: ET.Element) -> PeerCell | None:
    """Six numbers of the refined cell; centring from ``Monoclinic(B)`` or the name of the system."""
    text = element.findtext("OptimizedLatticeParameters") or element.findtext("LatticeParameters") or ""
    cell = cell_or_none([float(x) for x in text.split()[:6]])
    system = (element.findtext("CrystalSystem") or "").strip()
    letter = re.search(r"\(([PIFABC])\)", system)
    centring = letter[1] if letter else "R" if system.startswith("Rhombohedral") else None
    merit = element.findtext("FigureOfMeritWolff")
    return None if cell is None else PeerCell(cell=cell, centring=centring, merit=float(merit) if merit else None)
