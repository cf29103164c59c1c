from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks.accuracy import __main__ as command
from benchmarks.accuracy import bars, cases, empty_report, nothing, reliability, score, summary, twice
from benchmarks.accuracy.causes import Miss
from benchmarks.accuracy.score import Answer, Outcome
from hybrid_index import Pattern, Settings
from hybrid_index.errors import OutputError
from hybrid_index.simulate import CONDITIONS
from hybrid_index.types import PeakList


def outcome(probability: float = 0.99, *, rank: int | None = 1, **changes: object) -> Outcome:
    values = {
        "name": "it",
        "group": "lab",
        "system": "cubic",
        "volume": 200.0,
        "n_peaks": 20,
        "status": "solved",
        "rank": rank,
        "by_equivalent": False,
        "probability": probability,
        "first": "cP 5",
        "cause": "",
        "truth": "cP 5",
        "seconds": 0.2,
        "search_seconds": 0.1,
    }
    return Outcome(**{**values, **changes})  # type: ignore[arg-type]


def test_bands_hold_claims_and_rights() -> None:
    nothing_found = outcome(0.0, rank=None, first="")
    found = reliability.bands(
        [outcome(0.0, rank=3), outcome(0.92), outcome(0.95), outcome(1.0), outcome(0.97, rank=2), nothing_found]
    )
    assert [(b.low, b.high, b.n) for b in found] == [(0.0, 0.1, 1), (0.9, 0.95, 1), (0.95, 1.0, 3)]
    assert found[-1].claimed == pytest.approx((0.95 + 1.0 + 0.97) / 3)
    assert found[-1].right == pytest.approx(2 / 3)
    assert all(b.error > 0.0 for b in found)


def test_brier_score_counts_cases_without_answer_as_right_claims_of_nothing() -> None:
    assert reliability.brier_score([outcome(0.8), outcome(0.0, rank=None, first="")]) == pytest.approx(0.04 / 2)


def test_reliability_diagram_is_drawn(tmp_path: Path) -> None:
    reliability.draw_reliability([outcome(0.5), outcome(0.99)], tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    for name in ("none/r.png", "r.unknown"):
        with pytest.raises(OutputError, match="cannot be drawn"):
            reliability.draw_reliability([outcome()], tmp_path / name)


def test_bars_split_lab_by_system() -> None:
    outcomes = [outcome(), outcome(system="triclinic", search_seconds=3.0), outcome(system="trigonal", rank=None)]
    found = {(c.name, c.quantity): c for c in bars.checks(outcomes)}
    assert found["lab, cubic to orthorhombic", "rank 1"].value == 0.5
    assert not found["lab, cubic to orthorhombic", "rank 1"].passed
    assert found["lab, cubic to orthorhombic", "median s"].passed
    assert found["lab, triclinic", "in list"].passed
    assert not found["lab, triclinic", "median s"].passed
    assert ("lab, monoclinic", "rank 1") not in found
    assert found["lab", "right at p ≥ 0.95"].n == 3
    assert not found["lab", "right at p ≥ 0.95"].passed


def test_every_group_of_the_bars_exists() -> None:
    assert {bar.group for bar in bars.BARS} <= {*CONDITIONS, *command.TIERS}


def test_identical_runs_do_not_differ_whatever_their_order() -> None:
    answers = (Answer(lattice="cP", parameters=(5.0, 5.0, 5.0, 90.0, 90.0, 90.0), probability=0.9),)
    first = [outcome(name=name, answers=answers) for name in "ab"]
    second = [replace(o, seconds=9.0) for o in reversed(first)]
    assert twice.differences(first, second) == []


def test_differing_answers_are_named() -> None:
    one = Answer(lattice="cP", parameters=(5.0, 5.0, 5.0, 90.0, 90.0, 90.0), probability=0.9)
    first = [outcome(name=name, answers=(one, one)) for name in "abcde"]
    second = [
        replace(first[0], answers=(one, replace(one, parameters=(5.0, 5.0, 5.00000001, 90.0, 90.0, 90.0)))),
        replace(first[1], answers=(replace(one, probability=0.9 + 1e-8), one), limited=True),
        replace(first[2], answers=(one,)),
        replace(first[3], status="ambiguous"),
        replace(first[4], answers=(one, replace(one, probability=0.9 + 1e-10))),
    ]
    found = twice.differences(first, second)
    assert [(d.name, d.limited) for d in found] == [("a", False), ("b", True), ("c", False), ("d", False)]
    assert found[0].what.startswith("answer 2: ")
    console = Console(record=True, width=200)
    twice.print_differences(found, 5, console)
    text = console.export_text()
    assert "answers of 1 of 5 cases agree" in text
    assert "not identical but for searches that ran out of time (1)" in text


def test_random_lists_are_fixed_and_resolved() -> None:
    one, again, other = (nothing.random_lines(name) for name in ("tune 1", "tune 1", "tune 2"))
    assert isinstance(one.data, PeakList)
    assert isinstance(again.data, PeakList)
    assert isinstance(other.data, PeakList)
    assert np.array_equal(one.data.two_theta_deg, again.data.two_theta_deg)
    assert not np.array_equal(one.data.two_theta_deg[:5], other.data.two_theta_deg[:5])
    assert np.ptp(one.data.intensity) > 0.0
    for i in range(20):
        plain = nothing.random_positions(f"tune {i}")
        assert isinstance(plain.data, PeakList)
        assert 8 <= len(plain.data) <= 60
        assert np.diff(plain.data.two_theta_deg).min() >= nothing.RESOLVED_DEG
        assert np.ptp(plain.data.intensity) == 0.0
        assert (plain.gram, plain.volume) == (None, 0.0)


def test_noise_solves_nothing() -> None:
    noise = nothing.noise("tune 0")
    assert isinstance(noise.data, Pattern)
    result = score.run_case(noise, Settings(budget_s=0.5), causes=True)
    assert result.status != "solved"
    assert result.miss is None


def test_mixtures_have_no_dominant_phase(shared_data: Path) -> None:
    lattices = cases.known_lattices(cases.load_structures(shared_data)[::10])
    drawn = nothing.empty_cases(lattices, half="report", limit=3)
    assert [c.name for c in nothing.empty_cases(lattices, half="report", limit=1, skip=2)] == [
        c.name for c in drawn[2::3]
    ]
    mixed = [c for c in drawn if c.group == "mixture"]
    assert len(mixed) == 3
    for case in mixed:
        assert isinstance(case.data, PeakList)
        assert len(case.phases) == len(case.truth.split(" + "))
        assert len(case.phases) in nothing.PHASES
        assert len(case.data) >= nothing.LINE_COUNTS[0]


def test_claims_about_nothing_are_counted_and_listed() -> None:
    empty: dict[str, Any] = {"rank": None, "group": "mixture", "system": "", "volume": 0.0}
    outcomes = [
        outcome(name="x", cause=score.ONE_OF_THE_PHASES, **empty),
        outcome(name="y", **empty),
        outcome(0.4, name="z", status="ambiguous", **empty),
        outcome(0.0, name="w", status="failed", cause="refused: no", **empty),
    ]
    claimed = empty_report.claims(outcomes)
    assert (claimed["solved"], claimed["of_a_phase"], claimed["ambiguous"]) == (0.5, 0.5, 0.25)
    console = Console(record=True, width=200)
    empty_report.print_empty(outcomes, console)
    text = console.export_text()
    assert "mixture: x (20 lines, one of the phases)" in text
    assert "mixture: w refused: no" in text
    assert "fail" in text
    assert empty_report.empty_tables(outcomes)["claims"]["mixture"]["n"] == 4


def test_misses_by_cause_counts_each_once() -> None:
    counts = summary.misses_by_cause([outcome(), outcome(rank=2, miss=Miss(cause="ranked below"))])
    assert counts["misses"] == 1
    assert sum(counts["causes"].values()) == 1


def test_nothing_compares_with_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.parse_arguments(["--set", "nothing", "--compare", "x.json"])
    assert "that have an answer" in capsys.readouterr().err
    assert command.parse_arguments(["--twice", "--bare", "--skip", "30"]).skip == 30
