from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hybrid_index.config import Settings
from hybrid_index.types import IndexingResult, Pattern, PeakList, WholePattern

Run = Callable[..., Any]
MakeResult = Callable[..., IndexingResult]


def test_table_goes_to_stdout(run: Run, fake: Any, peak_file: Path) -> None:
    done = run("index", peak_file)
    assert done.exit_code == 0, done.stderr
    assert "8.4820(3)  5.3980(2)  6.9590(2)" in done.stdout
    assert "0.041(3)" in done.stdout
    assert "24/25" in done.stdout
    assert "almost certainly" in done.stdout
    assert "Not indexed by cell 1: 28.912" in done.stdout
    assert "one line is not indexed" in done.stdout


def test_json_is_the_document_alone(run: Run, fake: Any, peak_file: Path) -> None:
    done = run("index", peak_file, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["solutions"][0]["bravais_lattice"] == "oP"


@pytest.mark.parametrize(
    ("status", "exit_code", "words"),
    [
        ("solved", 0, "the answer"),
        ("ambiguous", 0, "more than one lattice"),
        ("budget_exhausted", 3, "The time ran out"),
        ("not_found", 3, "No trusted cell was found"),
    ],
)
def test_exit_codes(
    run: Run, fake: Any, make_result: MakeResult, peak_file: Path, status: str, exit_code: int, words: str
) -> None:
    fake.result = make_result(status)
    done = run("index", peak_file)
    assert done.exit_code == exit_code
    assert words in done.stdout
    assert "Next: " in done.stdout


@pytest.mark.parametrize(("probability", "words"), [(0.98, "almost certainly"), (0.7, "probably"), (0.4, "some doubt")])
def test_words_follow_the_probability(
    run: Run, fake: Any, make_result: MakeResult, peak_file: Path, probability: float, words: str
) -> None:
    fake.result = make_result(probability=probability)
    assert words in run("index", peak_file).stdout


def test_result_without_solutions_has_a_report(run: Run, fake: Any, make_result: MakeResult, peak_file: Path) -> None:
    fake.result = make_result("not_found", n_solutions=0)
    done = run("index", peak_file)
    assert done.exit_code == 3
    assert "hybrid-index peaks" in done.stdout


def test_options_reach_the_search_and_win_over_the_file(run: Run, fake: Any, peak_file: Path, tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("[hybrid-index]\nbudget_s = 5\nmax_edge_angstrom = 25.0\n")
    done = run(
        "index", peak_file, "--config", config, "--budget", 7, "--systems", "Cubic, monoclinic", "--max-volume", 900,
        "--zero-limit", 0.1, "--fix-displacement", -0.05, "--radius", 240, "--seed", 3, "--wavelength", "CuKa1",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    call = fake.calls[0]
    assert call["settings"] == Settings(
        systems=("cubic", "monoclinic"),
        budget_s=7.0,
        max_edge_angstrom=25.0,
        max_volume_angstrom3=900.0,
        zero_limit_deg=0.1,
        fix_displacement_mm=-0.05,
        radius_mm=240.0,
        seed=3,
    )
    assert call["wavelength"].name == "CuKa1"
    assert call["id"] == "lines.csv"


def test_pattern_is_handed_on_as_it_is(run: Run, fake: Any, pattern_file: Path) -> None:
    assert run("index", pattern_file, "-w", "CuKa1").exit_code == 0
    assert isinstance(fake.calls[0]["data"], Pattern)


@pytest.mark.parametrize(("option", "setting"), [("--lebail", "always"), ("--no-lebail", "never")])
def test_whole_patterns_can_be_asked_for(run: Run, fake: Any, pattern_file: Path, option: str, setting: str) -> None:
    assert run("index", pattern_file, "-w", "CuKa1", option).exit_code == 0
    assert fake.calls[0]["settings"].lebail == setting
    assert fake.calls[0]["pattern"].two_theta_deg.size == fake.calls[0]["data"].two_theta_deg.size


def test_whole_pattern_fit_is_drawn(run: Run, fake: Any, pattern_file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    done = run("index", pattern_file, "-w", "CuKa1", "--lebail", "--plot", plot)
    assert done.exit_code == 0, done.stderr
    assert "Le Bail fit: R_wp" in plot.read_text()
    run("index", pattern_file, "-w", "CuKa1", "--plot", plot)
    assert "Le Bail" not in plot.read_text()


def test_a_list_of_lines_has_no_whole_pattern(run: Run, fake: Any, peak_file: Path) -> None:
    done = run("index", peak_file, "--lebail")
    assert done.exit_code == 2
    assert "holds peaks; whole-pattern fits need a measured pattern" in done.stderr
    assert not fake.calls


def test_table_shows_what_was_fitted(run: Run, fake: Any, make_result: MakeResult, peak_file: Path) -> None:
    assert "R_wp" not in run("index", peak_file).stdout
    result = make_result()
    found = WholePattern(
        r_wp=0.0812, r_exp=0.07, chi2=1.3, bits=0.0, n_reflections=60, n_foreign=1, two_theta_range_deg=(10.0, 50.0)
    )
    fake.result = replace(result, solutions=(result.solutions[0].replace(whole_pattern=found), result.solutions[1]))
    shown = run("index", peak_file).stdout
    assert "R_wp" in shown
    assert "8.1" in shown


def test_peaks_can_be_edited(run: Run, fake: Any, peak_file: Path, peaks: PeakList) -> None:
    done = run("index", peak_file, "--drop-peak", 28.9, "--add-peak", 30.5, "--two-theta-range", "11,36")
    assert done.exit_code == 0, done.stderr
    positions = fake.calls[0]["data"].two_theta_deg
    assert 30.5 in positions
    assert abs(positions - 28.912).min() > 0.5
    assert positions.min() > 11.0
    assert positions.max() < 36.0


def test_peaks_can_be_replaced(run: Run, fake: Any, pattern_file: Path, peak_file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.svg"
    done = run("index", pattern_file, "--peaks-from", peak_file, "--plot", plot)
    assert done.exit_code == 0, done.stderr
    assert isinstance(fake.calls[0]["data"], PeakList)
    assert len(fake.calls[0]["data"]) == 25
    assert "measured" in plot.read_text()


def test_plot_of_a_chosen_solution(run: Run, fake: Any, peak_file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.html"
    done = run("index", peak_file, "--plot", plot, "--solution", 2)
    assert done.exit_code == 0, done.stderr
    assert "solution 2: aP" in plot.read_text(encoding="utf-8")
    assert f"the picture is in {plot}" in done.stderr
    done = run("index", peak_file, "--plot", plot, "--solution", 3)
    assert done.exit_code == 2
    assert "8.4820(3)" in done.stdout
    assert "--solution: solution 3 does not exist" in done.stderr


def test_refine_hands_on_the_cell(run: Run, fake: Any, peak_file: Path) -> None:
    done = run("refine", peak_file, "--cell", "8.48 5.40 6.96", "--bravais", "oP", "--fix-zero", 0)
    assert done.exit_code == 0, done.stderr
    call = fake.calls[0]
    assert call["cell"].parameters == (8.48, 5.40, 6.96, 90.0, 90.0, 90.0)
    assert call["bravais_lattice"] == "oP"
    assert call["settings"].fix_zero_shift_deg == 0.0


def test_version(run: Run) -> None:
    done = run("version")
    assert done.exit_code == 0
    assert done.stdout.strip().split(".")[0].isdigit()
