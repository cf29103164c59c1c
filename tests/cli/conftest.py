from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from hybrid_index.types import IndexingResult, Pattern, PeakList

Run = Callable[..., Any]


@pytest.fixture
def run() -> Run:
    """Run the command line in this process, by its real application."""
    from hybrid_index.cli.app import app

    def invoke(*arguments: object) -> Any:
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return invoke


@pytest.fixture
def pattern_file(tmp_path: Path, pattern: Pattern) -> Path:
    """The pattern in a file without a wavelength."""
    path = tmp_path / "anglesite.xy"
    np.savetxt(path, np.column_stack([pattern.two_theta_deg, pattern.intensity]), fmt="%.4f")
    return path


@pytest.fixture
def peak_file(tmp_path: Path, peaks: PeakList) -> Path:
    """The lines in a CSV file with its wavelength."""
    path = tmp_path / "lines.csv"
    rows = "\n".join(f"{x:.4f},{y:.1f}" for x, y in zip(peaks.two_theta_deg, peaks.intensity, strict=True))
    path.write_text(f"# wavelength 1.5405929\ntwo_theta,intensity\n{rows}\n")
    return path


class FakePipeline(ModuleType):
    """Stands for the search: answers at once, and remembers what it was asked."""

    def __init__(self, result: IndexingResult) -> None:
        super().__init__("hybrid_index.pipeline")
        self.result = result
        self.calls: list[dict[str, Any]] = []

    def index(self, data: object, **options: Any) -> IndexingResult:
        self.calls.append({"data": data, **options})
        return self.result

    def refine_cell(self, data: object, cell: object, **options: Any) -> IndexingResult:
        self.calls.append({"data": data, "cell": cell, **options})
        return self.result


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, make_result: Callable[..., IndexingResult]) -> FakePipeline:
    pipeline = FakePipeline(make_result())
    monkeypatch.setitem(sys.modules, "hybrid_index.pipeline", pipeline)
    return pipeline
