"""Jobs that index, run by jobflow itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybrid_index.errors import InputError
from hybrid_index.export import from_document
from hybrid_index.lattice import BravaisLattice
from hybrid_index.types import Pattern
from tests.synthetic import TYPICAL, line_list

jobflow = pytest.importorskip("jobflow", reason="jobflow is not installed (pip install hybrid-index[workflow])")

pytestmark = pytest.mark.filterwarnings("ignore:cd is deprecated:FutureWarning")  # jobflow's use of monty
B = BravaisLattice
QUICK = {"budget_s": 6.0}


@pytest.fixture
def pattern_file(tmp_path: Path, pattern: Pattern) -> Path:
    path = tmp_path / "anglesite.xy"
    np.savetxt(path, np.column_stack([pattern.two_theta_deg, pattern.intensity]), fmt="%.4f")
    return path


def run(flow: Any, folder: Path) -> dict[str, Any]:
    """Output of each job by its name."""
    responses = jobflow.run_locally(flow, log=False, ensure_success=True, create_folders=True, root_dir=folder)
    jobs = [flow] if isinstance(flow, jobflow.Job) else flow.jobs
    return {job.name: responses[job.uuid][1].output for job in jobs}


def test_output_is_the_document(tmp_path: Path) -> None:
    from hybrid_index.plugins.jobflow import IndexMaker

    peaks = line_list(TYPICAL[B.CF], B.CF)
    job = IndexMaker(settings=QUICK, wavelength="CuKa1").make(peaks.two_theta_deg.tolist())
    assert job.name == "index"
    result = from_document(run(job, tmp_path)["index"])
    assert result.status == "solved"
    assert result.solutions[0].refinement.candidate.bravais_lattice is B.CF


def test_flow_writes_start_files(tmp_path: Path, pattern_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hybrid_index.export.start import plain, registry
    from hybrid_index.plugins.jobflow import IndexAndExportMaker, IndexMaker

    monkeypatch.setattr(registry, "exporters", lambda names: {"plain": plain})
    monkeypatch.setattr("hybrid_index.export.start.writing.exporters", lambda names: {"plain": plain})
    flow = IndexAndExportMaker(index_maker=IndexMaker(settings=QUICK, wavelength="CuKa1")).make(pattern_file)
    outputs = run(flow, tmp_path)
    assert outputs["index"]["status"] == "solved"
    written = [Path(path) for path in outputs["start files"]["plain"]]
    assert "pattern.xye" in [path.name for path in written]
    assert all(path.is_file() and path.parts[-3] == "start" for path in written)


def test_no_solution_writes_nothing(tmp_path: Path, pattern_file: Path) -> None:
    from hybrid_index.export import failed_document
    from hybrid_index.plugins.jobflow import StartFilesMaker

    job = StartFilesMaker().make(failed_document("x", ["nothing"]), pattern_file)
    assert run(job, tmp_path) == {"start files": {}}


def test_wrong_settings_show_at_once() -> None:
    from hybrid_index.plugins.jobflow import IndexMaker

    with pytest.raises(InputError, match="unknown setting 'budget'"):
        IndexMaker(settings={"budget": 3})


def test_makers_survive_serialization() -> None:
    from hybrid_index.plugins.jobflow import IndexAndExportMaker, IndexMaker

    maker = IndexAndExportMaker(index_maker=IndexMaker(settings=QUICK))
    assert IndexAndExportMaker.from_dict(maker.as_dict()) == maker
