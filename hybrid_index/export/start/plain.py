"""``plain``: the pattern, the cell, the lines and a report in formats that everything reads."""

from __future__ import annotations

from collections.abc import Mapping

from hybrid_index.export.start.contract import RefinementStart
from hybrid_index.export.start.text import xye

name = "plain"
title = "pattern, cell and lines in common formats (xye, CIF, CSV, JSON)"


def files(start: RefinementStart) -> Mapping[str, str | bytes]:
    """Return the files by their names."""
    return {"pattern.xye": xye(start, name)}
