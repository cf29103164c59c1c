from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.report.__main__ import measure_known, write_run
from hybrid_index.export.report import write_report


def test_known_cells_are_found_again() -> None:
    figures = measure_known(50)
    assert figures["found"] > 0.99
    assert 0.0 <= figures["by_chance"] < 0.3


@pytest.mark.slow
def test_a_run_of_copies_can_be_reported(tmp_path: Path) -> None:
    write_run(tmp_path / "run", 8)
    lines = (tmp_path / "run" / "results.jsonl").read_text("utf-8").splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 8
    assert write_report(tmp_path / "run", measured=False).by_status == {"solved": 4, "ambiguous": 2, "not_found": 2}
