"""The benchmark of whole-pattern fits, on a pattern or two."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import hybrid_index
from benchmarks.accuracy.cases import Case, known_lattices, load_structures
from benchmarks.lebail.__main__ import parse_arguments, picture, report
from benchmarks.lebail.measured import SAME_LATTICE, Contest, contest, contest_record, shares
from benchmarks.lebail.ranking import rank_twice, ranking_cases, ranking_summary
from benchmarks.lebail.simulated import fit_simulated, simulated_patterns, summary
from hybrid_index import Settings
from hybrid_index.lattice import Cell, cluster_lattices, primitive_gram

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo_pattern.xye"


@pytest.fixture(scope="module")
def demo_contest() -> Contest:
    pattern = hybrid_index.read_pattern(DEMO)
    assert pattern.radiation is not None
    cell = Cell(a=5.3954, b=6.9525, c=8.4689)
    case = Case(
        name="demo", group="core", system="orthorhombic", data=DEMO, radiation=pattern.radiation,
        gram=primitive_gram(cell, "P"), tolerance=0.01, truth="",
    )  # fmt: skip
    return contest(case, pattern, hybrid_index.index(pattern), rank=1)


def test_known_cell_of_the_demo_wins(demo_contest: Contest) -> None:
    assert demo_contest.rivals[0].origin == "known cell"
    assert {rival.origin for rival in demo_contest.rivals} >= {"sublattice", "superlattice"}
    assert demo_contest.lead("sublattice") > 50.0
    assert demo_contest.lead("superlattice") > 0.0
    record = contest_record(demo_contest)
    assert record["fits"] == len(demo_contest.fits)
    assert shares([demo_contest])["sublattice"] == 1.0


def test_no_lattice_competes_twice(demo_contest: Contest) -> None:
    volumes = [rival.cell.volume / rival.lattice.lattice_points for rival in demo_contest.rivals]
    ratios = [round(volume / volumes[0], 1) for volume in volumes]
    # three along the edges, three in the faces, one in the body: unless an answer of the list is the same
    assert ratios.count(2.0) >= 7
    assert ratios.count(0.5) >= 7
    labels = cluster_lattices(np.array([rival.gram for rival in demo_contest.rivals]), SAME_LATTICE)
    assert len(set(labels.tolist())) == len(labels)


def test_pictures_and_tables(demo_contest: Contest, tmp_path: Path) -> None:
    picture(demo_contest, tmp_path / "pictures")
    assert (tmp_path / "pictures" / "demo.png").stat().st_size > 10_000
    console = Console(record=True, width=150)
    report({"patterns": 1, **shares([demo_contest]), "contests": [contest_record(demo_contest)]}, console)
    assert "demo" in console.export_text()


def test_simulated_patterns_are_fitted(shared_data: Path) -> None:
    lattices = known_lattices(load_structures(shared_data))
    cases = simulated_patterns(lattices, half="tune", limit=2)
    again = simulated_patterns(lattices, half="tune", limit=1, skip=1)
    assert again[0].name == cases[1].name
    fitted = [fit_simulated(case)[0] for case in cases]
    figures = summary(fitted)
    assert figures["patterns"] == 2
    assert figures["r_wp_at_noise_limit"] == 1.0
    assert all(f.n_points > 2000 for f in fitted)


def test_ranking_is_judged_with_and_without_whole_patterns(shared_data: Path) -> None:
    first, *_ = ranking_cases("simulated", shared_data, half="tune", limit=1, skip=2)
    assert not isinstance(first.data, Path)
    measured = ranking_cases("experimental", shared_data, half="tune", limit=3, skip=0)
    assert all(isinstance(case.data, Path) for case in measured)
    one = rank_twice(first, Settings(budget_s=6.0))
    assert one.rank == 1
    sure = replace(one, fitted=False, rank_by_lines=1)
    doubtful = replace(one, fitted=True, rank_by_lines=2, probability_by_lines=0.6, probability=0.7)
    figures = ranking_summary([sure, doubtful])
    assert figures["patterns"] == 2
    assert figures["gained"] == 1
    assert figures["lost"] == 0
    assert figures["first_with_whole_patterns"] == figures["first_by_lines"] + 1
    console = Console(record=True, width=150)
    report(figures, console)
    assert "brier_by_lines" in console.export_text()


def test_arguments() -> None:
    arguments = parse_arguments(["--set", "experimental", "--limit", "3"])
    assert arguments.kind == "experimental"
    assert arguments.tier == "core"
    with pytest.raises(SystemExit):
        parse_arguments(["--set", "dreamt"])
