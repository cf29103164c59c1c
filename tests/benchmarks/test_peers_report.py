"""Judging, sets, tables, documents and the picture of the benchmark that puts programs side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.accuracy.cases import Case
from benchmarks.peers import __main__ as command
from benchmarks.peers import report, sets
from benchmarks.peers.ours import HybridIndex, TreorStyle
from benchmarks.peers.picture import draw, solved_within
from benchmarks.peers.program import Absent, Limits, PeerCell, Result, Status
from benchmarks.peers.published import PUBLISHED
from benchmarks.peers.score import Verdict, is_true, judge, strata, summary, true_lattices
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram
from hybrid_index.types import PeakList

TRUE = Cell(a=5.0, b=6.0, c=7.0)


def listed(lattice: BravaisLattice = BravaisLattice.OP, cell: Cell = TRUE) -> sets.Listed:
    case = PUBLISHED[0].case()
    changes = {"gram": primitive_gram(cell, lattice), "system": lattice.crystal_system, "name": "it"}
    values = {name: getattr(case, name) for name in Case.__dataclass_fields__} | changes
    assert isinstance(case.data, PeakList)
    return sets.Listed(case=Case(**values), peaks=case.data)


def result(*cells: PeerCell, status: Status = "answered") -> Result:
    return Result(status=status, cells=cells, wall_s=0.5, cpu_s=0.75)


def verdict(**changes: object) -> Verdict:
    values: dict[str, object] = dict.fromkeys(("first", "truth", "note"), "")
    values |= {"program": "hybrid-index", "group": "lab", "case": "it", "system": "cubic", "volume": 100.0}
    values |= {"n_lines": 20, "status": "answered", "rank": 1, "n_cells": 1, "wall_s": 0.5, "cpu_s": 0.75}
    return Verdict(**{**values, **changes})  # type: ignore[arg-type]


def test_settings_and_axes_do_not_matter() -> None:
    wrong, other_axes = PeerCell(cell=Cell(a=5.0, b=6.0, c=9.0)), PeerCell(cell=Cell(a=7.0, b=5.0, c=6.0))
    assert judge("it", listed(), result(wrong, other_axes)).rank == 2
    assert judge("it", listed(), result(wrong)).rank is None
    assert judge("it", listed(), result()).first == ""


def test_centred_and_primitive_cells_of_a_lattice_are_the_same() -> None:
    cubic = listed(BravaisLattice.CF, Cell(a=5.43, b=5.43, c=5.43))
    edge = 5.43 / 2**0.5
    primitive = PeerCell(cell=Cell(a=edge, b=edge, c=edge, alpha=60.0, beta=60.0, gamma=60.0), centring="P")
    assert judge("it", cubic, result(primitive)).rank == 1


def test_a_centring_that_is_said_counts_and_one_that_is_not_is_guessed() -> None:
    true = true_lattices(primitive_gram(TRUE, "I"))
    assert is_true(PeerCell(cell=TRUE), true, 0.005)
    assert is_true(PeerCell(cell=TRUE, centring="I"), true, 0.005)
    assert not is_true(PeerCell(cell=TRUE, centring="P"), true, 0.005)


def test_lattices_with_the_same_lines_count() -> None:
    true = true_lattices(Cell(a=4.0, b=4.0, c=4.0).gram)
    partner = Cell(a=4.0 / 2**0.5, b=4.0 / 2**0.5, c=4.0)
    assert is_true(PeerCell(cell=partner, centring="P"), true, 0.005)


def test_summary_counts_troubles_by_name() -> None:
    verdicts = [verdict(), verdict(rank=3, wall_s=2.0), verdict(rank=None, status="timed out", wall_s=10.0)]
    s = summary(verdicts)
    assert s["rank1"] == pytest.approx(1 / 3)
    assert s["in_list"] == pytest.approx(2 / 3)
    assert (s["median_wall_s"], s["p90_wall_s"], s["timed out"], s["failed"]) == (2.0, 10.0, 1, 0)


def test_strata_hold_each_list_once_for_each_question() -> None:
    verdicts = [verdict(), verdict(system="triclinic", volume=250.0), verdict(group="hard", volume=251.0)]
    parts = dict(strata(verdicts))
    assert [len(parts[name]) for name in ("lab", "hard", "cubic", "triclinic")] == [2, 1, 2, 1]
    assert [len(part) for name, part in parts.items() if name.startswith("V")] == [2, 1, 0, 0]
    assert len(parts["all"]) == 3


@pytest.fixture
def finished() -> report.Report:
    verdicts = (
        verdict(),
        verdict(case="other", rank=None, status="failed", note="a | b"),
        verdict(program="TREOR-style", rank=2, wall_s=3.0),
        verdict(program="TREOR-style", case="other"),
    )
    return report.Report(
        programs=(HybridIndex(), TreorStyle()),
        absent=(Absent(name="ITO", reason="none of ito on PATH"),),
        limits=Limits(),
        peer_limits=Limits(seconds=60.0),
        verdicts=verdicts,
    )


def test_absent_programs_have_no_figures(finished: report.Report) -> None:
    row = report.overview(finished)[-1]
    assert row[:2] == ("ITO", "not there")
    assert not any(row[2:])


def test_page_names_programs_settings_and_failures(finished: report.Report, tmp_path: Path) -> None:
    page, picture = tmp_path / "RESULTS.md", tmp_path / "RESULTS.png"
    draw(picture, finished.verdicts, finished.names)
    report.write_page(page, finished, picture)
    text = page.read_text(encoding="utf-8")
    assert "| hybrid-index | 2 | 50 % | 50 % |" in text
    assert "- ITO: none of ito on PATH." in text
    assert "hybrid-index, lab, other: failed (a | b)" in text
    assert "(RESULTS.png)" in text
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert all(line.count("|") == 11 for line in text.splitlines() if line.startswith("| hybrid-index"))


def test_documents_are_compared(finished: report.Report, tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    report.write_json(path, finished, {"limit": 2})
    before = report.read_verdicts(path)
    assert before == list(finished.verdicts)
    gained = [verdict(), verdict(case="other")]
    now = report.Report(
        programs=finished.programs, absent=(), limits=Limits(), peer_limits=Limits(), verdicts=tuple(gained)
    )
    rows, moved = report.comparison(now, before)
    assert rows[1] == ("hybrid-index", "2", "50 % → 100 %", "50 % → 100 %", "0.5 → 0.5")
    assert moved == ["hybrid-index gained lab: other"]


def test_another_document_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"schema": "hybrid-index/speed/1"}), encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.json"):
        report.read_verdicts(path)


def test_curve_counts_what_came_first() -> None:
    times, shares = solved_within([verdict(wall_s=2.0), verdict(wall_s=1.0), verdict(rank=2), verdict(rank=None)])
    assert (times, shares) == ([1.0, 2.0], [0.25, 0.5])


def test_published_lists_are_whole() -> None:
    for one in PUBLISHED:
        case = one.case()
        assert isinstance(case.data, PeakList)
        assert len(case.data) >= 20
        assert case.volume == pytest.approx(one.cell.volume)


def test_all_sets_are_lists_with_a_truth(shared_data: Path) -> None:
    limits: dict[sets.SetName, int | None] = dict.fromkeys(sets.SET_NAMES, 2)
    found = sets.collect(sets.SET_NAMES, shared_data, limits)
    groups = [one.case.group for one in found]
    assert set(groups) == {"published", "clean", "lab", "impure", "hard", "measured, core", "contest"}
    assert groups.count("lab") == 2
    assert all(one.case.gram is not None and len(one.peaks) <= sets.MAX_LINES for one in found)


def test_command_runs_ours_beside_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page, out = tmp_path / "RESULTS.md", tmp_path / "peers.json"
    words = ["peers", "--set", "published", "--page", str(page), "--out", str(out)]
    words += ["--program", "hybrid-index", "--program", "TREOR-style", "--remark", "Nothing else ran."]
    monkeypatch.setattr("sys.argv", words)
    assert command.main() == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert len(document["verdicts"]) == 2 * len(PUBLISHED)
    assert all(one["rank"] == 1 for one in document["verdicts"])
    assert str(tmp_path) not in out.read_text(encoding="utf-8") + page.read_text(encoding="utf-8")
    assert "Nothing else ran." in page.read_text(encoding="utf-8")
    assert "TREOR-style" in capsys.readouterr().out


def test_command_says_that_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["peers", "--set", "published", "--program", "ITO"])
    monkeypatch.setenv("PATH", "")
    assert command.main() == 1
