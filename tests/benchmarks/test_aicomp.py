from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy.cases import Case, KnownLattice, known_lattices
from benchmarks.accuracy.score import Answer, Outcome
from benchmarks.aicomp import __main__ as program
from benchmarks.aicomp import cases, metric, report
from benchmarks.nearest_setting import nearest_setting, squared_difference
from hybrid_index import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation, q_from_two_theta, two_theta_from_q

CU = parse_radiation("CuKa1")
LABEL = Cell(a=5.4, b=6.9, c=8.5)
HALITE = {
    "id": "halite",
    "cell": [5.64, 5.64, 5.64, 90, 90, 90],
    "space_group": "F m -3 m",
    "sym": "cif",
    "sites": [["Na", 0.0, 0.0, 0.0, 1.0, 0.0], ["Cl", 0.5, 0.5, 0.5, 1.0, 0.0]],
}


def lines_of(cell: Cell, lattice: BravaisLattice) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    q_max = float(q_from_two_theta(80.0, CU.wavelength_angstrom))
    return two_theta_from_q(enumerate_reflections(cell.metric, lattice, q_max).q, CU.wavelength_angstrom)


def test_the_label_itself_gets_full_marks() -> None:
    given = metric.marks(LABEL, lines_of(LABEL, BravaisLattice.OP), LABEL, BravaisLattice.OP, CU.wavelength_angstrom)
    assert given.matched == (1.0, 1.0)
    assert given.squared_error == 0.0
    assert metric.score([given]) == pytest.approx(0.9)


def test_no_answer_matches_nothing_and_costs_a_cube_of_ten() -> None:
    given = metric.marks(LABEL, lines_of(LABEL, BravaisLattice.OP), None, BravaisLattice.AP, CU.wavelength_angstrom)
    assert given.matched == (0.0, 0.0)
    assert given.squared_error == pytest.approx(4.6**2 + 3.1**2 + 1.5**2)
    assert metric.score([given]) == pytest.approx(-0.1 * math.sqrt(given.squared_error))


def test_the_score_of_several_by_hand() -> None:
    first = metric.Marks(matched=(1.0, 1.0), squared_error=0.0, nearest_error=0.0)
    second = metric.Marks(matched=(0.5, 0.8), squared_error=8.0, nearest_error=2.0)
    assert metric.accuracy([first, second]) == 0.75
    assert metric.accuracy([first, second], 1) == 0.9
    assert metric.rmse([first, second]) == 2.0
    assert metric.score([first, second]) == pytest.approx(0.9 * 0.75 - 0.2)
    assert metric.score([first, second], nearest=True) == pytest.approx(0.9 * 0.75 - 0.1)


def test_angles_count_in_radians() -> None:
    tilted = Cell(a=5.4, b=6.9, c=8.8, beta=95.0)
    assert squared_difference(tilted, LABEL) == pytest.approx(0.09 + math.radians(5.0) ** 2)


@pytest.mark.parametrize(("window", "expected"), [(0.1, 0.5), (0.2, 0.75), (0.01, 0.25)])
def test_lines_match_within_the_window(window: float, expected: float) -> None:
    labelled = np.array([10.0, 20.0, 30.0, 40.0])
    calculated = np.array([10.0, 19.91, 30.15, 39.7])
    assert metric.share_matched(labelled, calculated, window) == expected
    assert metric.share_matched(labelled, calculated[:0], window) == 0.0


@pytest.mark.parametrize(
    ("label", "answer", "lattice"),
    [
        (Cell(a=8.5, b=5.4, c=6.9), LABEL, BravaisLattice.OP),
        (Cell(a=5.0, b=6.0, c=7.0, beta=100.0), Cell(a=7.0, b=6.0, c=5.0, beta=100.0), BravaisLattice.MP),
        (
            Cell(a=3.0, b=3.0, c=3.0, alpha=60.0, beta=60.0, gamma=60.0),
            Cell(a=18**0.5, b=18**0.5, c=18**0.5),
            BravaisLattice.CF,
        ),
        (
            Cell(a=2.97264, b=4.51969, c=4.51969, alpha=81.4385, beta=78.1697, gamma=78.1697),
            Cell(a=6.8531, b=5.8958, c=2.97264, beta=105.71),
            BravaisLattice.MC,
        ),
    ],
)
def test_another_setting_of_the_lattice_is_recognised(label: Cell, answer: Cell, lattice: BravaisLattice) -> None:
    assert squared_difference(answer, label) > 1.0
    turned = nearest_setting(primitive_gram(answer, lattice), label)
    assert turned is not None
    assert squared_difference(turned, label) == pytest.approx(0.0, abs=1e-4)


def test_a_lattice_of_another_size_stays_wrong() -> None:
    turned = nearest_setting(Cell(a=20.0, b=21.0, c=22.0).gram, LABEL)
    assert turned is not None
    assert squared_difference(turned, LABEL) > 100.0


@pytest.mark.parametrize("lattice", list(BravaisLattice))
def test_centring_shows_in_the_indices(lattice: BravaisLattice) -> None:
    cell = Cell(a=7.0, b=7.0, c=7.0, gamma=120.0) if lattice.value[0] == "h" else Cell(a=7.0, b=7.0, c=7.0)
    hkl = enumerate_reflections(cell.metric, lattice, 0.4).hkl.astype(np.int64)
    assert cases.centring_of(hkl) == lattice.centring


@pytest.fixture(scope="module")
def lattices() -> list[KnownLattice]:
    """One lattice of the half that is reported on."""
    records = [{**HALITE, "id": f"halite {i}"} for i in range(40)]
    found = [lattice for record in records for lattice in known_lattices([record]) if lattice.half == "report"]
    return found[:1]


def outcome(
    rank: int | None, answer: Answer | None = None, *, name: str = "it", by_equivalent: bool = False
) -> Outcome:
    return Outcome(
        name=name,
        group="contest",
        system="cubic",
        volume=300.0,
        n_peaks=20,
        status="solved",
        rank=rank,
        by_equivalent=by_equivalent,
        probability=0.9,
        first="",
        cause="",
        truth="",
        seconds=1.0,
        search_seconds=0.5,
        answers=() if answer is None else (answer,),
    )


def test_a_simulated_pattern_is_marked(lattices: list[KnownLattice]) -> None:
    (case,) = cases.simulated_cases(lattices, CU, limit=5)
    assert isinstance(case.case.data, Pattern)
    assert case.case.system == "cubic"
    assert case.label.a == pytest.approx(5.64)
    right = Answer(lattice="cF", parameters=case.label.parameters, probability=0.9)
    row = report.row(case, outcome(1, right))
    assert row.marks == metric.Marks(matched=(1.0, 1.0), squared_error=0.0, nearest_error=0.0)
    assert row.first_peaks - len(case.two_theta_deg) <= 3
    assert row.right_peaks >= 5
    nothing = report.row(case, outcome(None))
    assert nothing.marks.matched == (0.0, 0.0)


def test_a_run_prints_its_tables_and_writes_its_document(
    lattices: list[KnownLattice], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_all(wanted: list[Case], settings: Settings, *, workers: int) -> list[Outcome]:
        assert (settings.zero_limit_deg, workers) == (0.6, 1)
        answer = Answer(lattice="cP", parameters=(5.6, 5.6, 5.6, 90.0, 90.0, 90.0), probability=0.9)
        return [outcome(2, answer, name=case.name) for case in wanted]

    monkeypatch.setattr(program, "load_structures", lambda folder: [])
    monkeypatch.setattr(program, "known_lattices", lambda records: lattices)
    monkeypatch.setattr(program, "run_all", run_all)
    monkeypatch.setattr(sys, "argv", ["aicomp", "--out", str(tmp_path / "out.json")])
    assert program.main() == 0
    document = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert document["summary"]["all"]["rmse"] == pytest.approx(3**0.5 * 0.04)
    assert document["samples"][0]["limit"] in ("ranking", "few or wrong peaks")
    printed = capsys.readouterr().out
    assert "The contest's score" in printed
    assert "What limits it" in printed
    monkeypatch.setattr(sys, "argv", ["aicomp", "--folder", str(tmp_path / "absent")])
    assert program.main() == 1


def test_pairs_of_a_folder_are_read_back(lattices: list[KnownLattice], tmp_path: Path) -> None:
    (simulated,) = cases.simulated_cases(lattices, CU, limit=1)
    pattern = simulated.case.data
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    label = {
        "crystal_info": dict(zip(names, simulated.label.parameters, strict=True)),
        "zero_shift": simulated.zero_shift_deg,
        "sample_displacement": simulated.displacement_mm,
        "diffraction_info": {"peaks": [[27.4, 3.26, 1.0, [1, 1, 1]], [31.7, 2.82, 1.0, [2, 0, 0]]]},
    }
    np.savetxt(tmp_path / "7.xy", np.column_stack([pattern.two_theta_deg, pattern.intensity]))
    (tmp_path / "7.json").write_text(json.dumps(label))
    (tmp_path / "_dataset.json").write_text("{}")
    (case,) = cases.folder_cases(tmp_path, CU)
    assert (case.case.name, case.case.system, case.case.data) == ("7", "cubic", tmp_path / "7.xy")
    assert case.case.volume == pytest.approx(5.64**3 / 4.0)
    assert case.two_theta_deg == pytest.approx([27.4, 31.7])
    (tmp_path / "7.json").write_text('{"crystal_info": {"a": 3}}')
    with pytest.raises(InputError, match="is not a label of the contest"):
        cases.folder_cases(tmp_path, CU)
    (tmp_path / "7.json").unlink()
    with pytest.raises(InputError, match=r"holds no pair of a \.xy and a \.json"):
        cases.folder_cases(tmp_path, CU)


@pytest.mark.parametrize(
    ("rank", "equivalent", "errors", "peaks", "expected"),
    [
        (1, False, (0.0, 0.0), (20, 20), "nothing"),
        (1, False, (5.0, 0.0), (20, 20), "setting"),
        (1, True, (5.0, 5.0), (20, 20), "equivalent lattice"),
        (2, False, (5.0, 5.0), (20, 20), "ranking"),
        (None, False, (5.0, 5.0), (20, 20), "cell not found"),
        (None, False, (5.0, 5.0), (12, 20), "few or wrong peaks"),
        (3, False, (5.0, 5.0), (8, 8), "few or wrong peaks"),
    ],
)
def test_what_limits_a_sample(
    rank: int | None, equivalent: bool, errors: tuple[float, float], peaks: tuple[int, int], expected: str
) -> None:
    given = metric.Marks(matched=(1.0, 1.0), squared_error=errors[0], nearest_error=errors[1])
    result = outcome(rank, by_equivalent=equivalent)
    assert report.Row(outcome=result, marks=given, right_peaks=peaks[0], first_peaks=peaks[1]).limit == expected


def test_the_command_line_has_its_defaults() -> None:
    arguments = program.parse_arguments([])
    assert (arguments.limit, arguments.zero_limit, arguments.wavelength, arguments.workers) == (None, 0.6, "CuKa1", 1)
    with pytest.raises(SystemExit):
        program.parse_arguments(["--limit", "0"])
