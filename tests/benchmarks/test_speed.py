from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from benchmarks.speed import lists, measures, report
from benchmarks.speed.process import Run, environment, run
from hybrid_index.errors import InputError, OutputError
from hybrid_index.export import document, to_json
from hybrid_index.lattice import CRYSTAL_SYSTEMS, conventional
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.types import IndexingResult
from hybrid_index.units import q_from_two_theta, two_theta_from_q


def a_run(wall_s: float) -> Run:
    return Run(wall_s=wall_s, cpu_s=2.0 * wall_s, peak_mib=300.0, code=0, stdout="", stderr="")


def test_lists_are_seeded_and_longer_draws_begin_with_shorter_ones() -> None:
    short = {one.name: one for one in lists.draw_lists(1, seed=3)}
    long = lists.draw_lists(2, seed=3)
    assert len(long) == 2 * len(CRYSTAL_SYSTEMS)
    assert [one.system for one in long][::2] == list(CRYSTAL_SYSTEMS)
    for one in long:
        if one.name in short:
            assert np.array_equal(one.two_theta_deg, short[one.name].two_theta_deg)


def test_lines_are_those_of_a_lattice_of_the_system() -> None:
    for one in lists.draw_lists(2):
        assert one.two_theta_deg.size == lists.N_LINES
        assert conventional(one.gram, lists.NEAR_SYMMETRY).bravais_lattice == one.lattice
        assert one.lattice.crystal_system == one.system
        q = q_from_two_theta(one.two_theta_deg, lists.RADIATION.wavelength_angstrom)
        possible = enumerate_reflections(one.cell.metric, one.lattice, 1.1 * float(q[-1]), merge_equal_q=True).q
        exact = two_theta_from_q(possible, lists.RADIATION.wavelength_angstrom)
        gap = np.min(np.abs(exact[:, None] - one.two_theta_deg), axis=0)
        assert gap.max() < lists.ZERO_LIMIT_DEG + 5.0 * lists.SIGMA_DEG[1]


def test_bars_are_those_that_were_promised() -> None:
    assert {system: measures.bar_for(system) for system in CRYSTAL_SYSTEMS} == {
        **dict.fromkeys(CRYSTAL_SYSTEMS, 2.0),
        "monoclinic": 4.0,
        "triclinic": 4.0,
    }


def test_median_decides() -> None:
    measure = measures.Measure(name="x", unit="s", values=(1.0, 1.5, 9.0), bar=2.0)
    assert measure.passed
    assert not measures.Measure(name="x", unit="s", values=(1.0, 2.0, 9.0), bar=2.0).passed
    assert not measures.Measure(name="x", unit="s", values=(1.0,), ok=False).passed
    assert measure.as_dict()["median"] == 1.5
    json.dumps(measure.as_dict())


def test_a_system_is_summed_up() -> None:
    runs = [a_run(1.0), a_run(3.0), a_run(2.5)]
    found = measures.measure_system("triclinic", runs, [("solved", True), ("solved", False), ("not_found", False)])
    assert (found.median, found.bar, found.right, found.judged) == (2.5, 4.0, 1, 3)
    assert found.note == "1 not_found, 2 solved"
    assert found.passed


def test_verdict_on_a_document(make_result: Callable[..., IndexingResult]) -> None:
    result = make_result()
    assert result.best is not None
    refinement = result.best.refinement
    truth = lists.TimedList(
        name="it",
        system="orthorhombic",
        lattice=refinement.candidate.bravais_lattice,
        cell=refinement.cell,
        two_theta_deg=np.arange(24.0),
    )
    other = lists.draw_lists(1)[0]
    assert measures.verdict(to_json(document(result)), truth) == (result.status, True)
    assert measures.verdict(to_json(document(result)), other) == (result.status, False)
    assert measures.verdict("hybrid-index: something broke", truth) == ("failed", False)


def test_bytecode_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("KEPT", "yes")
    env = environment({"NUMBA_CACHE_DIR": "here"})
    assert "PYTHONDONTWRITEBYTECODE" not in env
    assert (env["KEPT"], env["NUMBA_CACHE_DIR"]) == ("yes", "here")


def test_process_is_measured() -> None:
    done = run(["version"])
    assert done.code == 0
    assert done.stdout.strip()
    assert done.cpu_s > 0.0
    assert 0.0 < done.wall_s < 60.0
    assert 1.0 < done.peak_mib < 1024.0


def test_memory_is_that_of_the_process_alone() -> None:
    held = np.ones(2**27)  # a gibibyte
    assert run(["version"]).peak_mib < 512.0
    assert held[-1] == 1.0


def test_json_can_be_compared_with(tmp_path: Path) -> None:
    path = tmp_path / "speed.json"
    old = measures.Measure(name="--help", unit="s", values=(0.4,))
    report.write_json(path, [old], {"repeats": 1})
    assert report.medians_of(path) == {"--help": 0.4}
    console = Console(record=True, width=120)
    new = measures.Measure(name="--help", unit="s", values=(0.2,), bar=0.3, cpu_s=(0.1,), right=1, judged=1)
    report.print_comparison([new], report.medians_of(path), console)
    report.print_table([new], console)
    text = console.export_text()
    assert "0.50" in text
    assert "pass" in text
    assert "< 0.30 s" in text


def test_what_is_no_earlier_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"schema": "hybrid-index/accuracy/1", "measures": []}', encoding="utf-8")
    with pytest.raises(InputError, match="earlier run"):
        report.medians_of(path)


def test_report_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written"):
        report.write_json(tmp_path / "nowhere" / "speed.json", [], {})
