"""What is known of each series while a batch goes through it: the cells that its latest document left."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybrid_index.batch.reconcile import line_hash
from hybrid_index.batch.results import parse_line, read_lines
from hybrid_index.batch.series import Place, Trusted, trusted_after
from hybrid_index.batch.state import State


class SeriesMemory:
    """Places for the inputs that are handed out, each with what is left by the one before it.

    All of it stands in the results, so a batch that goes on knows the same as one that never stopped.

    Parameters
    ----------
    state
        The rows of the RUN.
    results
        Its ``results.jsonl``.
    """

    def __init__(self, state: State, results: Path) -> None:
        self._state = state
        self._left: dict[str, tuple[Trusted, ...]] = {}
        wanted = state.latest_of_series()
        if not wanted:
            return
        for raw in read_lines(results):
            series = wanted.get(line_hash(raw))
            if series is not None and (document := parse_line(raw)) is not None:
                self._left[series] = trusted_after(document)

    def place(self, key: str, series: str, *, value: float | None, unit: str) -> Place:
        """Return the place of an input whose turn it is."""
        position = self._state.position_in_series(key)
        return Place(name=series, position=position, value=value, unit=unit, trusted=self._left.get(series, ()))

    def keep(self, series: str, document: Mapping[str, Any]) -> None:
        """Take note of the document of the input whose turn it was."""
        self._left[series] = trusted_after(document)
