from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.simulation import agreement, speed
from benchmarks.simulation.__main__ import SECTIONS, parse_arguments
from benchmarks.simulation.agreement import KA1, LIMIT_DEG, Agreement, differing_elements, largest_differences
from benchmarks.simulation.report import SCHEMA, write_json
from benchmarks.simulation.speed import Timing
from benchmarks.simulation.structures import Pair, drawn_pairs, known_pairs
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.simulate import Structure, powder_lines
from hybrid_index.units import FloatArray


@pytest.fixture(scope="module")
def minerals() -> dict[str, Pair]:
    return {pair.name: pair for pair in known_pairs()}


def shortest_bonds(structure: Structure, centre: str, n: int) -> FloatArray:
    """Means of the n shortest distances from each *centre* to oxygen, Å."""
    cells = np.stack(np.meshgrid(*[[-1, 0, 1]] * 3, indexing="ij"), -1).reshape(-1, 3)
    oxygen = structure.xyz[[e == "O" for e in structure.elements]]
    around = (oxygen[:, None] + cells).reshape(-1, 3)
    means = []
    for xyz in structure.xyz[[e == centre for e in structure.elements]]:
        d = around - xyz
        means.append(float(np.sqrt(np.sort(np.einsum("ni,ij,nj->n", d, structure.cell.gram, d))[:n]).mean()))
    return np.array(means)


@pytest.mark.parametrize(
    ("mineral", "centre", "n", "bond"),
    [
        ("kyanite", "Si", 4, 1.63), ("kyanite", "Al", 6, 1.91), ("corundum", "Al", 6, 1.91), ("rutile", "Ti", 6, 1.96),
        ("baddeleyite", "Zr", 7, 2.16), ("anglesite", "S", 4, 1.475), ("zincite", "Zn", 4, 1.98),
    ],
)  # fmt: skip
def test_minerals_have_the_bonds_that_they_should(
    minerals: dict[str, Pair], mineral: str, centre: str, n: int, bond: float
) -> None:
    assert shortest_bonds(minerals[mineral].ours, centre, n) == pytest.approx(bond, abs=0.03)


def test_minerals_are_one_of_each_system_and_agree_with_pymatgen(minerals: dict[str, Pair]) -> None:
    assert sorted(pair.system for pair in minerals.values()) == sorted(CRYSTAL_SYSTEMS)
    found = agreement.measure(minerals.values())
    assert len(found) == len(minerals) * len(agreement.CONDITIONS)
    assert [a for a in found if not a.passed] == []
    console = Console(record=True, width=200)
    agreement.show([*found, replace(found[0], intensity_percent=3.0, elements=("Sn",))], console)
    assert "form factors of Sn" in console.export_text()


def test_differences_are_found_where_they_are(minerals: dict[str, Pair]) -> None:
    lines = powder_lines(minerals["rutile"].ours, KA1, LIMIT_DEG)
    x, y = np.array(lines.two_theta_deg), np.array(lines.intensity)
    assert largest_differences(lines, x, y) == (0.0, 0.0)
    assert largest_differences(lines, x + 5e-5, 0.5 * y) == pytest.approx((5e-5, 0.0), abs=1e-9)
    y[np.argsort(y)[-2]] += 4.0
    assert largest_differences(lines, x, y)[1] == pytest.approx(4.0)
    assert largest_differences(lines, x[1:], y[1:])[0] > 0.1
    split_x, split_y = np.append(x, x[3] + 2e-5), np.append(y, 5.0)
    split_y[3] -= 5.0
    assert largest_differences(lines, split_x, split_y)[1] == pytest.approx(4.0)


def test_elements_of_doubtful_form_factors_are_named(minerals: dict[str, Pair]) -> None:
    assert differing_elements(minerals["kyanite"].ours) == ()
    assert differing_elements(minerals["baddeleyite"].ours) == ("Zr",)


def test_speed_is_told_by_system(minerals: dict[str, Pair]) -> None:
    timings = speed.measure([minerals["halite"], minerals["rutile"]], repeats=1)
    assert [t.system for t in timings] == ["cubic", "tetragonal"]
    assert all(t.pymatgen_s > 0.0 and t.ours_s > 0.0 and t.n_lines > 0 for t in timings)
    fast = Timing(
        name="x", system="cubic", n_atoms=1, volume=1.0, n_lines=1, pymatgen_s=1.0, ours_s=0.01, without_symmetry_s=0.02
    )
    assert (fast.ratio, fast.ratio_without_symmetry) == pytest.approx((100.0, 50.0))
    console = Console(record=True, width=200)
    speed.show([fast], console)
    assert "cubic" in console.export_text()


def test_structures_are_drawn_evenly_and_repeatably(shared_data: Path) -> None:
    pairs, _ = drawn_pairs(shared_data, 14)
    assert [pair.system for pair in pairs] == [*CRYSTAL_SYSTEMS, *CRYSTAL_SYSTEMS]
    assert [pair.name for pair in drawn_pairs(shared_data, 14)[0]] == [pair.name for pair in pairs]
    assert all(len(pair.theirs) <= len(pair.ours.elements) for pair in pairs)


def test_the_document_holds_everything(tmp_path: Path) -> None:
    row = Agreement(condition="x-rays", name="a", system="cubic", two_theta_deg=0.0, intensity_percent=0.1)
    write_json(tmp_path / "out.json", {"data": Path("x"), "limit": 3}, {"agreement": [row.intensity_percent]})
    document = json.loads((tmp_path / "out.json").read_text())
    assert document["schema"] == SCHEMA
    assert document["arguments"] == {"data": "x", "limit": 3}
    assert document["agreement"] == [0.1]


def test_the_command_line() -> None:
    assert parse_arguments([]).limit == 200
    assert parse_arguments(["--section", "speed"]).section == ["speed"]
    assert set(SECTIONS) == {"agreement", "speed", "patterns", "line_lists"}
    with pytest.raises(SystemExit):
        parse_arguments(["--limit", "0"])
