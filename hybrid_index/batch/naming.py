"""A batch that names the known phases it meets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.work import solve_item
from hybrid_index.config import Settings
from hybrid_index.known import KnownPhases, name_document


@dataclass(frozen=True, slots=True)
class NamingSolver:
    """What a worker does with an item where known phases are given: index it, then compare its cells with them."""

    phases: KnownPhases

    def __call__(self, item: BatchItem, settings: Settings) -> dict[str, Any]:
        """Return the document of an item, with the known phases of each solution; raises what the package raises."""
        return name_document(solve_item(item, settings), self.phases)
