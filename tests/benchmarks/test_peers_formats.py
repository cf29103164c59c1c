"""What is written for each program, and what is read from its output: samples in the shape that each prints."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import hybrid_index
from benchmarks.peers.conograph import Conograph
from benchmarks.peers.dicvol import Dicvol
from benchmarks.peers.ito import Ito
from benchmarks.peers.labelled import labelled_cells
from benchmarks.peers.mcmaille import McMaille
from benchmarks.peers.program import Limits, PeerCell
from benchmarks.peers.published import PUBLISHED
from benchmarks.peers.python_programs import FOX, RIETX, MlIndex
from benchmarks.peers.running import TIMES, Adapter
from benchmarks.peers.treor import Treor
from hybrid_index.types import PeakList

LIMITS = Limits(seconds=5.0)


@pytest.fixture
def lines() -> PeakList:
    data = PUBLISHED[0].case().data
    assert isinstance(data, PeakList)
    return data


def parameters(cells: list[PeerCell]) -> list[tuple[float, ...]]:
    return [cell.cell.parameters for cell in cells]


@pytest.mark.parametrize("adapter", [Treor(), Dicvol(), Dicvol(version=91), Dicvol(version=14), Ito(), McMaille()])
def test_input_is_what_our_own_reader_knows_as_that_programs(adapter: Adapter, lines: PeakList, tmp_path: Path) -> None:
    call = adapter.write(lines, tmp_path, LIMITS)
    again = hybrid_index.read(tmp_path / "lines.dat")
    assert isinstance(again, PeakList)
    n = min(len(lines), len(again))
    assert n >= 20
    np.testing.assert_allclose(again.two_theta_deg[:n], lines.two_theta_deg[:n], atol=1e-4)
    assert again.wavelength_angstrom == pytest.approx(lines.wavelength_angstrom)
    assert call.answers


def test_treor_is_given_keywords_and_files(lines: PeakList, tmp_path: Path) -> None:
    assert Treor().write(lines, tmp_path, LIMITS).answers == ("N", "lines.dat", "lines.imp", "lines.con", "0")
    text = (tmp_path / "lines.dat").read_text(encoding="utf-8").splitlines()
    blank = text.index("")
    assert blank == 1 + len(lines)
    assert text[blank + 1 :] == [
        *("CHOICE=3,", "WAVE=1.540560,", "VOL=4000,", "CEM=35,", "MONO=130,", "TRIC=1,", "END*", "0.00")
    ]
    assert len(Treor(is_ntreor=True).write(lines, tmp_path, LIMITS).answers) == 7


def test_treor90_prints_an_edge_and_an_angle_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "lines.con").write_text(
        """
   CYCLE RESULTS
      A =   11.195210   0.002110 A      ALFA =  90.000000  0.000000 DEG
      B =   11.195210   0.002110 A      BETA =  90.000000  0.000000 DEG
      C =    9.482310   0.003110 A     GAMMA =  90.000000  0.000000 DEG
      UNIT CELL VOLUME =  1188.44 A**3
   M( 20) =   22.  AV.EPS.=  0.0000801
      A =   15.823400   0.002000 A      ALFA =  90.000000  0.000000 DEG
      B =    9.480500   0.002000 A      BETA = 101.500000  0.010000 DEG
      C =    7.911700   0.002000 A     GAMMA =  90.000000  0.000000 DEG
   M( 20) =   34.
""",
        encoding="utf-8",
    )
    cells = Treor().parse(tmp_path, "")
    assert parameters(cells)[0] == (15.8234, 9.4805, 7.9117, 90.0, 101.5, 90.0)
    assert [cell.merit for cell in cells] == [34.0, 22.0]
    assert cells[0].centring is None


def test_ntreor_prints_edges_and_angles_in_two_lines(tmp_path: Path) -> None:
    (tmp_path / "lines.short").write_text(
        """
 The following cell has been selected for refinement by PIRUM:
 Crystal system: Tetragonal
 A = 11.1890 B = 11.1890 C = 9.4805
 Alpha = 90.000 Beta = 90.000 Gamma = 90.000
 M(20) = 34. M'(20) = 170.
""",
        encoding="utf-8",
    )
    (cell,) = Treor(is_ntreor=True).parse(tmp_path, "")
    assert cell.cell.parameters == (11.189, 11.189, 9.4805, 90.0, 90.0, 90.0)
    assert cell.merit == 34.0


DICVOL_OUTPUT = """
                    C U B I C    S Y S T E M

      DIRECT PARAMETERS :    A= 10.59830    VOLUME=  1190.44
      STANDARD DEVIATIONS :      0.00050
  * FIGURES OF MERIT
                                1.- M( 20) =   30.5
                                2.- F( 20) =   44.1(0.0100,  45)

                    T E T R A G O N A L    S Y S T E M

      DIRECT PARAMETERS :    A= 11.18900    C=  9.48050    VOLUME=  1186.89
  * FIGURES OF MERIT
                                1.- M( 20) =   35.0

                    H E X A G O N A L    S Y S T E M

      DIRECT PARAMETERS :    A=  4.75920    C= 12.99460    VOLUME=   254.89
                                1.- M( 20) =  132.9

                    M O N O C L I N I C    S Y S T E M

 DIRECT PARAMETERS : A= 9.1896 B=12.4755 C= 6.2427 BETA=106.927 VOLUME= 684.68
                                1.- M( 20) =   46.1

                    T R I C L I N I C    S Y S T E M

 DIRECT PARAMETERS AND THEIR STANDARD DEVIATIONS :
 A= 5.1166 B= 8.0095 C= 7.0357  ALP=120.565 BET= 73.946 GAM= 66.830 VOL= 224.79
 REDUCED CELL : A= 5.1166 B= 5.5100 C= 7.0400 ALP=106.100 BET=106.290 GAM= 90.180 VOL= 184.00
                                1.- M( 20) =   35.4
"""


def test_dicvol_leaves_to_symmetry_what_it_makes_equal(tmp_path: Path) -> None:
    (tmp_path / "lines.ord").write_text(DICVOL_OUTPUT, encoding="utf-8")
    cells = Dicvol().parse(tmp_path, "")
    assert parameters(cells) == [
        (4.7592, 4.7592, 12.9946, 90.0, 90.0, 120.0),
        (9.1896, 12.4755, 6.2427, 90.0, 106.927, 90.0),
        (5.1166, 8.0095, 7.0357, 120.565, 73.946, 66.83),
        (11.189, 11.189, 9.4805, 90.0, 90.0, 90.0),
        (10.5983, 10.5983, 10.5983, 90.0, 90.0, 90.0),
    ]


def test_output_that_was_cut_off_gives_what_is_whole() -> None:
    cut = DICVOL_OUTPUT[: DICVOL_OUTPUT.index("BETA=106") - 5]
    assert len(labelled_cells(cut)) == 3
    assert labelled_cells("A = 5.0 B = 6.0\n") == []
    assert labelled_cells("A=5.0 B=6.0 C=7.0 ALPHA=170. BETA=20. GAMMA=20.\n") == []


def test_dicvols_cards(lines: PeakList, tmp_path: Path) -> None:
    Dicvol().write(lines, tmp_path, LIMITS)
    cards = (tmp_path / "lines.dat").read_text(encoding="utf-8").splitlines()
    assert cards[1:5] == [
        "20 2 1 1 1 1 1 1",
        "35. 35. 35. 0. 4000. 90. 130.",
        "1.540560 0. 0. 0.",
        "0.03 10. 1 1 1 0",
    ]


def test_ito_prints_a_table_of_direct_constants(tmp_path: Path) -> None:
    (tmp_path / "lines.out").write_text(
        """
 THE DIRECT CONSTANTS OF THESE LATTICES ARE
      A        B        C      ALPHA    BETA    GAMMA   VOLUME
   9.0000  9.0000  9.0000   90.000   90.000   90.000   729.00

 MOST PROBABLE SOLUTIONS
 THE DIRECT CONSTANTS OF THESE LATTICES ARE
      A        B        C      ALPHA    BETA    GAMMA   VOLUME

   6.8231  18.8160  10.6968   90.000  111.285   90.000  1279.60
  10.6968  18.8160   6.8231   90.000  111.285   90.000  1279.60

   1.0000   2.0000   3.0000   90.000   90.000   90.000     6.00
""",
        encoding="utf-8",
    )
    assert [p[0] for p in parameters(Ito().parse(tmp_path, ""))] == [6.8231, 10.6968]


def test_mcmaille_prints_a_suggestion_and_a_list(tmp_path: Path) -> None:
    (tmp_path / "lines.imp").write_text(
        """
 It is suggested that the correct cell could be :
   IN  F.o.M.   Volume       a       b       c     alpha    beta   gamma   Bravais lattice

   20   62.58   254.889   4.7592  4.7592 12.9946  90.000  90.000 120.000  R

 FINAL LIST OF CELL PROPOSALS, sorted by McM20 :
   IN  F.o.M.   Volume   V/V1       a       b       c     alpha    beta   gamma   Bravais lattice

   20   62.58   254.889  1.00   4.7592  4.7592 12.9946  90.000  90.000 120.000  R
   20   31.10   127.400  0.50   4.7592  4.7592  6.4973  90.000  90.000 120.000  P
 =====================================================================
""",
        encoding="utf-8",
    )
    cells = McMaille().parse(tmp_path, "")
    assert [(cell.cell.c, cell.centring, cell.merit) for cell in cells] == [(12.9946, "R", 62.58), (6.4973, "P", 31.1)]


def test_conograph_reads_and_writes_xml(lines: PeakList, tmp_path: Path) -> None:
    Conograph().write(lines, tmp_path, LIMITS)
    control = (tmp_path / "cntl.inp.xml").read_text(encoding="utf-8")
    assert "<PeakDataFile> lines.histogramIgor </PeakDataFile>" in control
    assert "<WaveLength> 1.540560 </WaveLength>" in (tmp_path / "lines.inp.xml").read_text(encoding="utf-8")
    block = (tmp_path / "lines.histogramIgor").read_text(encoding="utf-8").split("BEGIN")[2].splitlines()[1:-1]
    assert [float(row.split()[1]) for row in block] == pytest.approx(lines.two_theta_deg, abs=1e-5)
    (tmp_path / "output" / "lines.index.xml").write_text(
        """<?xml version="1.0" encoding="UTF-8" ?>
<ZCodeParameters><ConographOutput>
 <SelectedLatticeCandidate number="0200">
  <CrystalSystem> Monoclinic(P) </CrystalSystem>
  <OptimizedLatticeParameters> 9.1896 12.4755 6.2427 90.0 106.927 90.0 </OptimizedLatticeParameters>
  <FigureOfMeritWolff> 4.61e+001 </FigureOfMeritWolff>
 </SelectedLatticeCandidate>
 <LatticeCandidate number="0201">
  <CrystalSystem> Rhombohedral </CrystalSystem>
  <OptimizedLatticeParameters> 4.7592 4.7592 12.9946 90.0 90.0 120.0 </OptimizedLatticeParameters>
  <FigureOfMeritWolff> 9.0e+001 </FigureOfMeritWolff>
 </LatticeCandidate>
</ConographOutput></ZCodeParameters>
""",
        encoding="utf-8",
    )
    assert [cell.centring for cell in Conograph().parse(tmp_path, "")] == ["P", "R"]


def test_conograph_without_output_has_no_cells(tmp_path: Path) -> None:
    assert Conograph().parse(tmp_path, "") == []


@pytest.mark.parametrize("adapter", [RIETX, FOX])
def test_packages_get_lines_as_json(adapter: Adapter, lines: PeakList, tmp_path: Path) -> None:
    call = adapter.write(lines, tmp_path, LIMITS)
    assert Path(call.arguments[0]).is_file()
    given = json.loads((tmp_path / call.arguments[1]).read_text(encoding="utf-8"))
    assert given["two_theta_deg"] == lines.two_theta_deg.tolist()
    assert given["seconds"] < LIMITS.seconds
    assert adapter.parse(tmp_path, "") == []
    cells = [{"parameters": [5.0, 6.0, 7.0, 90.0, 90.0, 90.0], "centring": "C"}, {"parameters": [0.0] * 6}]
    (tmp_path / TIMES).write_text(json.dumps({"cells": cells, "wall_s": 1.0, "cpu_s": 2.0}), encoding="utf-8")
    (cell,) = adapter.parse(tmp_path, "")
    assert (cell.cell.parameters, cell.centring) == ((5.0, 6.0, 7.0, 90.0, 90.0, 90.0), "C")


def test_mlindex_gets_q_and_gives_a_table(lines: PeakList, tmp_path: Path) -> None:
    MlIndex().write(lines, tmp_path, LIMITS)
    np.testing.assert_array_equal(np.load(tmp_path / "lines.npy"), lines.q)
    columns = {"a": [4.0, 5.1], "b": [4.0, 5.1], "c": [4.0, 5.1], "alpha": [90.0, 55.0], "beta": [90.0, 55.0]}
    columns |= {"gamma": [90.0, 55.0], "M20": [10.0, 20.0]}
    table: dict[str, dict[str, object]] = {name: dict(zip("01", row, strict=True)) for name, row in columns.items()}
    table["bravais_lattice"] = {"0": "cF", "1": "hR"}
    (tmp_path / "indexing_results.json").write_text(json.dumps(table), encoding="utf-8")
    assert [(cell.centring, cell.merit) for cell in MlIndex().parse(tmp_path, "")] == [("P", 20.0), ("F", 10.0)]
