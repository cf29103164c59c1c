from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import hybrid_index
from benchmarks.accuracy import cases, experimental, report, score, summary
from benchmarks.accuracy.causes import Fit, Miss
from hybrid_index.errors import InputError, OutputError
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram
from hybrid_index.types import (
    Assignment,
    Candidate,
    Equivalent,
    IndexingResult,
    Merit,
    PeakList,
    Refinement,
    Shift,
    Solution,
)
from hybrid_index.units import parse_radiation

CU = parse_radiation("CuKa1")
TRUE = Cell(a=5.0, b=6.0, c=7.0)
WRONG = Cell(a=5.0, b=6.0, c=14.0)
PEAKS = PeakList.from_positions([12.0, 20.0, 25.0, 31.0, 40.0], radiation=CU)


def case(**changes: object) -> cases.Case:
    values = {
        "name": "it",
        "group": "lab",
        "system": "orthorhombic",
        "data": PEAKS,
        "radiation": CU,
        "gram": TRUE.gram,
        "tolerance": 0.005,
        "truth": "oP 5 6 7",
    }
    return cases.Case(**{**values, **changes})  # type: ignore[arg-type]


def solution(rank: int, cell: Cell, *, probability: float = 0.5, equivalents: tuple[Equivalent, ...] = ()) -> Solution:
    refinement = Refinement(
        candidate=Candidate(bravais_lattice=BravaisLattice.OP, metric=cell.metric, source="test"),
        cell=cell,
        cell_esd=Cell(a=0.0, b=0.0, c=0.0, alpha=0.0, beta=0.0, gamma=0.0),
        shift=Shift(),
        assignment=Assignment(
            indexed=np.ones(5, dtype=np.bool_),
            hkl=np.ones((5, 3), dtype=np.int64),
            two_theta_calc_deg=PEAKS.two_theta_deg,
        ),
        merit=Merit(m20=30.0, f20=40.0, m_rev=1.0, m_sym=30.0, info=50.0, n_possible=20),
    )
    return Solution(rank=rank, refinement=refinement, probability=probability, equivalents=equivalents)


def result(*solutions: Solution) -> IndexingResult:
    return IndexingResult(
        id="it",
        status="solved" if solutions else "not_found",
        reasons=(),
        peaks=PEAKS,
        solutions=solutions,
        timing_s={"total": 1.0, "search": 0.5, "refine": 0.25},
        settings={},
        version="0",
        seed=0,
    )


def test_first_answer_is_true() -> None:
    nearly = Cell(a=5.01, b=6.01, c=7.01)
    outcome = score.judge(case(), result(solution(1, nearly, probability=0.9)), 2.0)
    assert (outcome.rank, outcome.cause, outcome.by_equivalent) == (1, "", False)
    assert outcome.search_seconds == 0.75
    assert outcome.length_error == pytest.approx(0.01 / 5.0)


def test_pulls_are_errors_over_uncertainties_in_the_setting_of_the_answer() -> None:
    first = solution(1, Cell(a=6.01, b=7.0, c=4.98))
    esd = Cell(a=0.01, b=0.01, c=0.01, alpha=0.0, beta=0.0, gamma=0.0)
    refined = replace(first.refinement, cell_esd=esd, parameter_names=("a", "b", "c", "zero"))
    outcome = score.judge(case(), result(replace(first, refinement=refined)), 2.0)
    assert outcome.pulls == pytest.approx((1.0, 0.0, -2.0))
    s = summary.summary([outcome])
    assert (s["within_68"], s["within_95"]) == pytest.approx((1 / 3, 2 / 3))
    assert "within_68" not in summary.summary([score.judge(case(), result(solution(1, WRONG)), 2.0)])


def test_a_cell_beyond_the_tolerance_is_not_true() -> None:
    outcome = score.judge(case(), result(solution(1, Cell(a=5.04, b=6.0, c=7.0))), 2.0)
    assert outcome.rank is None
    assert outcome.cause.startswith("not in the list")


def test_true_cell_behind_its_superlattice_says_so() -> None:
    outcome = score.judge(case(), result(solution(1, WRONG), solution(2, TRUE)), 2.0)
    assert outcome.rank == 2
    assert outcome.cause.startswith("ranked 2; first is a superlattice of index 2")


def test_equivalents_count_and_are_shown() -> None:
    partner = Equivalent(bravais_lattice=BravaisLattice.OP, cell=TRUE, relation="same lines")
    outcome = score.judge(case(), result(solution(1, WRONG, equivalents=(partner,))), 2.0)
    assert (outcome.rank, outcome.by_equivalent, outcome.length_error) == (1, True, None)
    assert summary.summary([outcome])["by_equivalent"] == 1.0


def test_no_answer_is_an_outcome() -> None:
    outcome = score.judge(case(), result(), 2.0)
    assert (outcome.rank, outcome.cause) == (None, "no answer (not_found)")


def test_a_refusal_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InputError("too few lines")

    monkeypatch.setitem(vars(hybrid_index), "index", refuse)
    outcome = score.run_case(case(), hybrid_index.Settings())
    assert (outcome.status, outcome.cause) == ("failed", "refused: too few lines")


def test_summary_counts_rates_and_trust() -> None:
    right = score.judge(case(), result(solution(1, TRUE, probability=1.0)), 1.0)
    second = score.judge(case(), result(solution(1, WRONG, probability=0.5), solution(2, TRUE)), 2.0)
    wrong = score.judge(case(), result(solution(1, WRONG, probability=0.96)), 6.0)
    s = summary.summary([right, second, wrong])
    assert (s["rank1"], s["in_list"]) == pytest.approx((1 / 3, 2 / 3))
    assert s["median_s"] == 2.0
    assert s["brier"] == pytest.approx((0.0 + 0.25 + 0.96**2) / 3)
    assert (s["confident"], s["confident_right"]) == pytest.approx((2 / 3, 0.5))
    assert s["length_error"] == 0.0
    assert "length_error" not in summary.summary([second, wrong])


def test_report_is_written_compared_and_printed(tmp_path: Path) -> None:
    before = [score.judge(case(), result(solution(1, WRONG)), 3.0)]
    now = [score.judge(case(), result(solution(1, TRUE)), 1.0)]
    report.write_json(tmp_path / "old.json", before, {"half": "tune"}, summary.tables(before))
    console = Console(record=True, width=200)
    report.print_report(before, console)
    report.print_comparison(now, tmp_path / "old.json", console)
    text = console.export_text()
    assert "superlattice of index 2" in text
    assert "Gained (1): lab: it" in text


def test_documents_give_back_what_was_written(tmp_path: Path) -> None:
    fit = Fit(score_bits=40.5, evidence_bits=42.0, n_indexed=18, n_possible=30, rms=0.9)
    miss = Miss(cause="undecidable", relation="superlattice of index 2", proposed=True, first=fit, true=fit)
    missed = replace(score.judge(case(), result(solution(1, WRONG)), 3.0), miss=miss)
    right = score.judge(case(name="other"), result(solution(1, TRUE)), 3.0)
    assert missed.answers == (score.Answer(lattice="oP", parameters=WRONG.parameters, probability=0.5),)
    report.write_json(tmp_path / "x.json", [missed, right], {}, summary.tables([missed, right]))
    assert report.read_outcomes(tmp_path / "x.json") == [replace(o, answers=()) for o in (missed, right)]
    document = json.loads((tmp_path / "x.json").read_text())
    assert document["misses"]["lab"]["causes"]["undecidable"] == 1
    assert document["misses"]["lab"]["relations"]["undecidable"] == {"superlattice of index 2": 1}
    assert document["strata"]["lab"]["lines"]["≤ 12"]["n"] == 2


def test_strata_put_edges_into_the_lower_bin() -> None:
    outcome = score.judge(case(), result(solution(1, TRUE)), 1.0)
    many = [replace(outcome, n_peaks=n, volume=v) for n, v in ((12, 250.0), (13, 251.0), (40, 3000.0), (60, 3001.0))]
    tables = summary.strata(many)
    assert {label: s["n"] for label, s in tables["lines"].items()} == {"≤ 12": 1, "13–20": 1, "21–40": 1, "> 40": 1}
    assert list(tables["V (Å³)"]) == ["≤ 250", "250–1000", "1000–3000", "> 3000"]


def test_searches_that_ran_out_of_time_are_marked() -> None:
    quick = result(solution(1, TRUE))
    slow = replace(quick, timing_s={"search": 9.0, "rank": 0.95, "refine": 5.0}, settings={"budget_s": 10.0})
    assert [score.judge(case(), r, 10.0).limited for r in (quick, slow)] == [False, True]


def test_bare_lists_hold_positions_and_intensities_only() -> None:
    listed = PeakList.from_positions(
        [12.0, 20.0], radiation=CU, intensity=[3.0, 9.0], two_theta_esd_deg=0.003, fwhm_deg=0.1, name="x"
    )
    bare = case(data=listed).bare().data
    assert isinstance(bare, PeakList)
    assert bare.two_theta_deg.tolist() == [12.0, 20.0]
    assert bare.intensity.tolist() == [3.0, 9.0]
    assert bare.name == "x"
    assert not np.any(bare.two_theta_esd_deg == 0.003)
    assert np.all(np.isnan(bare.fwhm_deg))
    assert case(data=Path("a.xye")).bare().data == Path("a.xye")


def test_a_miss_is_explained_where_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([result(solution(1, WRONG)), result(solution(1, WRONG)), result(solution(1, TRUE)), result()])
    monkeypatch.setitem(vars(hybrid_index), "index", lambda *_, **__: next(answers))
    monkeypatch.setattr(score, "diagnose", lambda *_: Miss(cause="never proposed"))
    settings = hybrid_index.Settings()
    assert score.run_case(case(), settings).miss is None
    assert score.run_case(case(), settings, causes=True).miss == Miss(cause="never proposed")
    assert score.run_case(case(), settings, causes=True).miss is None
    assert score.run_case(case(gram=None), settings, causes=True).miss is None


def test_what_was_refused_was_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InputError("too few lines")

    monkeypatch.setitem(vars(hybrid_index), "index", refuse)
    outcome = score.run_case(case(), hybrid_index.Settings(), causes=True)
    assert outcome.miss == Miss(cause="refused")


def test_unwritable_or_foreign_documents_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        report.write_json(tmp_path / "none" / "x.json", [], {}, {})
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="earlier run"):
        report.print_comparison([], tmp_path / "x.json", Console())


def test_rhombohedral_axes_are_primitive() -> None:
    hexagonal = cases.true_gram([4.0, 4.0, 9.0, 90.0, 90.0, 120.0], "R")
    a = np.sqrt(np.linalg.det(hexagonal))
    assert a == pytest.approx(Cell(a=4, b=4, c=9, gamma=120).volume / 3)
    rhombohedral = Cell(a=4.0, b=4.0, c=4.0, alpha=80.0, beta=80.0, gamma=80.0)
    assert cases.true_gram(rhombohedral.parameters, "R") == pytest.approx(rhombohedral.gram)


@pytest.mark.parametrize(
    ("hkl", "index"),
    [
        (np.eye(3), 1),
        ([[2, 0, 0], [0, 1, 0], [0, 0, 1], [4, 1, 1]], 2),
        ([[1, 1, 0], [1, -1, 0], [0, 1, 1], [1, 0, 1]], 2),
        ([[1, 1, 1], [2, 0, 0], [2, 2, 0]], 4),
        ([[1, 0, 0], [0, 1, 0], [2, 3, 0]], 0),
    ],
)
def test_index_of_the_spanned_lattice(hkl: object, index: int) -> None:
    assert cases.spanned_index(np.array(hkl, dtype=np.int64)) == index


def test_halves_share_no_lattice_and_draws_are_nested(shared_data: Path) -> None:
    lattices = cases.known_lattices(cases.load_structures(shared_data)[::5])
    short = cases.draw_cases(lattices, condition="lab", half="tune", limit=7)
    long = cases.draw_cases(lattices, condition="lab", half="tune", limit=21)
    other = cases.draw_cases(lattices, condition="lab", half="report", limit=21)
    assert [c.name for c in long[:7]] == [c.name for c in short]
    later = cases.draw_cases(lattices, condition="lab", half="tune", limit=5, skip=7)
    assert [c.name for c in later] == [c.name for c in long[7:12]]
    assert len({c.system for c in short}) == 7
    assert not {c.name for c in long} & {c.name for c in other}
    for one, again in zip(short, long, strict=False):
        assert isinstance(one.data, PeakList)
        assert isinstance(again.data, PeakList)
        assert np.array_equal(one.data.two_theta_deg, again.data.two_theta_deg)


def test_measured_cases_are_complete(shared_data: Path) -> None:
    found, skipped = experimental.measured_cases(shared_data)
    assert (len(found), len(skipped)) == (153, 2)
    assert len({c.name for c in found}) == 153
    assert sum(isinstance(c.data, PeakList) for c in found) == 7
    core, _ = experimental.measured_cases(shared_data, tier="core", origin="list")
    assert len(core) == 47
    assert all(isinstance(c.data, PeakList) for c in core)
    assert all(np.isfinite(c.volume) for c in found)


def test_conventional_centring_is_respected() -> None:
    assert cases.true_gram([5, 6, 7, 90, 90, 90], "F") == pytest.approx(
        primitive_gram(Cell(a=5, b=6, c=7), BravaisLattice.OF)
    )


def test_missing_data_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--data"):
        cases.load_structures(tmp_path)
    with pytest.raises(InputError, match="--data"):
        experimental.measured_cases(tmp_path)


def test_structures_of_elements_that_scatter_nothing_known_are_passed_over() -> None:
    record = {
        "id": "x",
        "cell": [4.0, 4.0, 4.0, 90.0, 90.0, 90.0],
        "space_group": "P m -3 m",
        "sym": "spglib: full conventional cell content listed",
        "sites": [["Lv", 0.0, 0.0, 0.0, 1.0, 0.0]],
    }
    (lattice,) = cases.known_lattices([record])
    assert cases.observable(lattice, CU) is None
