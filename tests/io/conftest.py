"""Samples that the reader tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hybrid_index.units import FloatArray

Write = Callable[[str, str | bytes], Path]
Profile = tuple[FloatArray, FloatArray]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file and return its path; text goes out as UTF-8."""

    def writer(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return writer


@pytest.fixture
def profile() -> Profile:
    """A pattern of 250 points: 10° to 14.98° in steps of 0.02°, one line at 12°."""
    x = np.round(10.0 + 0.02 * np.arange(250), 4)
    y = np.round(100.0 + 900.0 * np.exp(-(((x - 12.0) / 0.1) ** 2)))
    return x, y
