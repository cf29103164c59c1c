"""Work that takes no search: each pattern is read, or not even that, then the same document is given for all.

What is left is what a batch itself costs. ``python -m benchmarks.batch.canned TEMPLATE OUT N WORK FILE…`` does N.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal

from benchmarks.batch.patterns import WAVELENGTH
from hybrid_index.batch import BatchItem, LocalPool, run_batch, run_folder
from hybrid_index.config import Settings
from hybrid_index.io import read_pattern

Work = Literal["read", "nothing"]
WORKERS = 2


@dataclass(frozen=True, slots=True)
class Canned:
    """A solver that reads an input, or not even that, and gives a document that was made before."""

    template: dict[str, Any]
    work: Work

    def __call__(self, item: BatchItem, settings: Settings) -> dict[str, Any]:
        """Return the document under the name of the item."""
        if self.work == "read":
            read_pattern(item.file)
        return {**self.template, "id": item.id}


def inputs(files: Sequence[Path], n: int) -> Iterator[BatchItem]:
    """Yield *n* inputs, the files in turn, each under another name."""
    for number, path in enumerate(islice(cycle(files), n)):
        yield BatchItem(id=f"{number:06d} {path.name}", file=str(path), wavelength=WAVELENGTH)


def run(template: Path, out: Path, n: int, work: Work, files: Sequence[Path]) -> None:
    """Run a batch of *n* inputs into a folder, or into a plain file if *out* ends in ``.jsonl``."""
    settings = Settings()
    solve = Canned(json.loads(template.read_text(encoding="utf-8")), work)
    pool = LocalPool(settings, workers=WORKERS, solve=solve)
    if out.suffix == ".jsonl":
        run_batch(list(inputs(files, n)), out, settings=settings, executor=pool)
    else:
        run_folder(inputs(files, n), out, settings=settings, executor=pool)


if __name__ == "__main__":
    template, out, n, work, *files = sys.argv[1:]
    run(Path(template), Path(out), int(n), "read" if work == "read" else "nothing", [Path(file) for file in files])
