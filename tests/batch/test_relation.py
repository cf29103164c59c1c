"""Series of simulated line lists: what is said of each step, and that the cells before do not keep the true one out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import hybrid_index
from hybrid_index.batch.relation import placed
from hybrid_index.batch.series import Place, Trusted, trusted_after
from hybrid_index.export import document, failed_document
from hybrid_index.lattice import BravaisLattice, Cell, primitive_gram, same_lattice
from hybrid_index.types import PeakList
from tests.synthetic import CU, line_list

B = BravaisLattice
SETTINGS = hybrid_index.Settings(budget_s=5.0)


def lines(*cells: tuple[BravaisLattice, Cell], seed: int = 0, n_lines: int = 30) -> PeakList:
    """The lines of one phase or of several, with errors."""
    rng = np.random.default_rng(seed)
    lists = [line_list(cell, lattice, n_lines=n_lines, esd_deg=0.008, noise=rng) for lattice, cell in cells]
    return PeakList.from_positions(
        np.concatenate([one.two_theta_deg for one in lists]), radiation=CU, two_theta_esd_deg=0.008
    )


def go_through(steps: Sequence[PeakList | None]) -> list[dict[str, Any]]:
    """Index a series as a batch does; ``None`` is a pattern that cannot be read."""
    made: list[dict[str, Any]] = []
    trusted: tuple[Trusted, ...] = ()
    for number, peaks in enumerate(steps, start=1):
        place = Place(name="run", position=number, trusted=trusted)
        if peaks is None:
            content = failed_document(f"{number}", ["cannot be read"])
        else:
            hints, n_foreign = place.hints, place.n_foreign
            result = hybrid_index.index(peaks, settings=SETTINGS, hints=hints, n_foreign=n_foreign, id=f"{number}")
            content = document(result)
        made.append(placed(content, place))
        trusted = trusted_after(made[-1])
    return made


def relations(made: list[dict[str, Any]]) -> list[str]:
    return [content["series"]["relation"] for content in made]


def is_found(content: dict[str, Any], lattice: BravaisLattice, cell: Cell) -> bool:
    best = content["solutions"][0]
    found = primitive_gram(Cell(**best["cell"]), BravaisLattice(best["bravais_lattice"]))
    return best["bravais_lattice"] == lattice.value and same_lattice(primitive_gram(cell, lattice), found, 0.003, 0.3)


def layered(step: int) -> Cell:
    """An intercalation compound: a falls, c grows by 1.5 % a step."""
    return Cell(a=2.816 - 0.006 * step, b=2.816 - 0.006 * step, c=14.05 * 1.015**step, gamma=120.0)


def ordered(split: float) -> Cell:
    return Cell(a=5.40 * (1.0 + split), b=5.40 * (1.0 - split), c=8.11)


def test_a_solid_solution_drifts() -> None:
    made = go_through([lines((B.HR, layered(i)), seed=i) for i in range(5)])
    assert relations(made) == ["first", *["continued"] * 4]
    assert all(is_found(content, B.HR, layered(i)) for i, content in enumerate(made))
    assert [content["solutions"][0]["source"] for content in made[1:]] == ["series"] * 4
    strains = [content["series"]["strain_percent"] for content in made[1:]]
    assert strains == pytest.approx([1.5] * 4, abs=0.1)


def test_a_transition_and_back_with_a_failed_pattern_amid() -> None:
    low, high = (B.MP, Cell(a=7.12, b=8.36, c=5.93, beta=103.4)), (B.CF, Cell(a=9.30, b=9.30, c=9.30))
    steps = [lines(low), lines(low, seed=1), None, lines(high), lines(high, seed=2), lines(low, seed=3)]
    made = go_through(steps)
    assert relations(made) == ["first", "continued", "lost", "changed", "continued", "changed"]
    assert made[3]["series"]["reference"] == "2"
    assert made[3]["series"]["change"].startswith("mP → cF: another lattice")
    assert made[5]["series"]["change"].endswith("as in 2")
    assert made[5]["solutions"][0]["source"] == "series"
    assert is_found(made[5], *low)
    assert [phase["id"] for phase in made[5]["series"]["trusted"]] == ["6", "5"]


def test_symmetry_that_rises_is_not_held_down() -> None:
    steps = [lines((B.OP, ordered(split)), seed=3) for split in (0.006, 0.004)]
    made = go_through([*steps, lines((B.TP, ordered(0.0)), seed=4), lines((B.OP, ordered(0.005)), seed=5)])
    assert relations(made) == ["first", "continued", "changed", "changed"]
    assert made[2]["series"]["change"] == "oP → tP: the symmetry rose, the lattice is hardly strained"
    assert made[3]["series"]["change"].startswith("tP → oP: the symmetry fell")
    assert is_found(made[2], B.TP, ordered(0.0))


def test_a_superlattice_that_disorders() -> None:
    large, small = (B.OP, Cell(a=8.10, b=7.10, c=13.2)), (B.OP, Cell(a=8.10, b=7.10, c=6.6))
    made = go_through([lines(large), lines(small, seed=1)])
    assert relations(made) == ["first", "changed"]
    assert made[1]["series"]["change"] == "oP → oP: sublattice of index 2"
    assert is_found(made[1], *small)


def test_a_jump_of_the_volume() -> None:
    cells = [Cell(a=a, b=a, c=a) for a in (10.60, 10.605, 10.61, 10.70, 10.705)]
    made = go_through([lines((B.CI, cell), seed=i) for i, cell in enumerate(cells)])
    assert relations(made) == ["first", "continued", "continued", "changed", "continued"]
    assert re.fullmatch(r"the volume jumped by \+2\.[56]\d %", made[3]["series"]["change"])


def test_a_second_phase_comes_and_goes() -> None:
    main, other = (B.OP, Cell(a=8.482, b=5.398, c=6.959)), (B.CP, Cell(a=4.157, b=4.157, c=4.157))
    pure = lines(main, n_lines=40)
    strongest = line_list(other[1], other[0], n_lines=7).two_theta_deg
    mixed = PeakList.from_positions([*pure.two_theta_deg, *strongest], radiation=CU, two_theta_esd_deg=0.008)
    made = go_through([pure, mixed, mixed, pure])
    assert relations(made) == ["first", "changed", "continued", "changed"]
    assert made[1]["series"]["change"].startswith("a second phase has come: lines that the cell leaves rose from 0 of")
    assert made[3]["series"]["change"].startswith("a second phase has gone")
    assert all(is_found(content, *main) for content in made)


def test_wrong_hints_change_nothing_but_the_time() -> None:
    truth, wrong = (B.MC, Cell(a=12.31, b=6.87, c=9.05, beta=111.2)), (B.TP, Cell(a=4.594, b=4.594, c=2.959))
    (before,) = go_through([lines(wrong)])
    hints = Place(name="run", position=2, trusted=trusted_after(before)).hints
    with_hints = hybrid_index.index(lines(truth), settings=SETTINGS, hints=hints)
    without = hybrid_index.index(lines(truth), settings=SETTINGS)
    assert len(hints) == 1
    assert with_hints.best.refinement.cell.parameters == pytest.approx(without.best.refinement.cell.parameters)
    assert with_hints.best.probability == pytest.approx(without.best.probability, abs=0.01)
