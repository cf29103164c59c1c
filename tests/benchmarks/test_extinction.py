"""The benchmark of extinction symbols, on a pattern or two."""

from __future__ import annotations

from pathlib import Path

import gemmi
import numpy as np
import pytest
from rich.console import Console

from benchmarks.accuracy.cases import known_lattices, load_structures
from benchmarks.accuracy.experimental import measured_cases
from benchmarks.lebail.__main__ import parse_arguments, report
from benchmarks.lebail.extinction import judge_measured, judge_simulated, simulated_symbols, summary, true_symbol
from benchmarks.lebail.simulated import simulated_patterns
from hybrid_index.lattice import BravaisLattice


def test_symbols_follow_the_setting_of_the_cell() -> None:
    cyclic = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # our a is their b
    assert true_symbol(gemmi.SpaceGroup("P n m a"), BravaisLattice.OP, cyclic) == "P - c n"
    turned = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]])  # the glide along a + c is along our c
    assert true_symbol(gemmi.SpaceGroup("P 1 21/c 1"), BravaisLattice.MP, np.eye(3)) == "P 1 21/c 1"
    assert true_symbol(gemmi.SpaceGroup("P 1 21/n 1"), BravaisLattice.MP, turned) == "P 1 21/c 1"
    assert true_symbol(gemmi.SpaceGroup("P 1 21/c 1"), BravaisLattice.MP, 2.0 * np.eye(3)) is None


def test_simulated_patterns_are_judged(shared_data: Path) -> None:
    lattices = known_lattices(load_structures(shared_data))
    pairs, aside = simulated_symbols(lattices, simulated_patterns(lattices, half="tune", limit=2))
    assert len(pairs) + len(aside) == 2
    judged = [judge_simulated(*pair) for pair in pairs[:1]]
    figures = summary(judged)
    assert figures["patterns"] == len(judged)
    assert sum(row["patterns"] for row in figures["reliability"]) == len(judged)
    assert figures["symbol_among_3"] == 1.0
    console = Console(record=True, width=150)
    report(figures, console)
    assert "reliability" in console.export_text()


def test_measured_patterns_are_judged(shared_data: Path) -> None:
    (case,) = [c for c in measured_cases(shared_data, tier="core")[0] if "PBSO4" in c.name]
    found = judge_measured(case)
    assert found is not None
    assert (found.truth, found.rank) == ("P - c n", 1)
    assert 0.0 <= found.brier < 0.2


def test_arguments() -> None:
    assert parse_arguments(["--set", "extinction", "--half", "report"]).kind == "extinction"
    with pytest.raises(SystemExit):
        parse_arguments(["--set", "symbols"])
