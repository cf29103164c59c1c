from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hybrid_index.export import document, failed_document
from hybrid_index.types import IndexingResult, Pattern

Documents = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def documents(make_result: Callable[..., IndexingResult]) -> Documents:
    """Make documents of all kinds, the first solved; volumes, probabilities and names differ."""

    def build(n: int) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        for i in range(n):
            status = ("solved", "solved", "ambiguous", "budget_exhausted", "not_found", "failed")[i % 6]
            if status == "failed":
                made.append(failed_document(f"scan_{i + 1}", ["broken.xy: no such file; check the path"]))
                continue
            content = document(make_result(status))
            content["id"] = f"scan_{i + 1}"
            content["timing_s"]["total"] = float(i)
            if status == "not_found":
                content["solutions"] = []
            for solution in content["solutions"]:
                solution["volume"] *= 1.0 + ((7 * i) % n) / n
                solution["probability"] = round(1.0 - i / n, 3) * solution["probability"]
            made.append(content)
        return made

    return build


@pytest.fixture
def write_run(tmp_path: Path) -> Callable[..., Path]:
    """Write documents as the folder of a run."""

    def write(made: Iterable[dict[str, Any]], name: str = "run") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        lines = "".join(json.dumps(content) + "\n" for content in made)
        (folder / "results.jsonl").write_text(lines, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def measured(tmp_path: Path, pattern: Pattern) -> Path:
    """The file of the pattern."""
    path = tmp_path / "anglesite.xy"
    np.savetxt(path, np.column_stack([pattern.two_theta_deg, pattern.intensity]), fmt="%.4f")
    return path
