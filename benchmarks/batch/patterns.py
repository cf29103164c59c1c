"""The patterns of the benchmark: simulated once, kept in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from hybrid_index.errors import InputError
from hybrid_index.simulate.dataset import Recipe, make_dataset, open_sources, pattern_condition
from hybrid_index.units import parse_radiation

WAVELENGTH = "CuKa"
SYNTHETIC = "synthetic"


def make_patterns(folder: Path, n: int, *, source: str, seed: int) -> list[Path]:
    """Return *n* files with patterns of the condition ``lab``; those that lie in the folder already are kept.

    Parameters
    ----------
    folder
        One for each source and seed; what was begun there goes on.
    source
        As for ``hybrid-index simulate``: structures in files, or ``synthetic``.
    """
    recipe = Recipe(condition=pattern_condition("lab"), radiation=parse_radiation(WAVELENGTH), seed=seed)
    made = sorted(folder.glob("*.xy"))
    if len(made) < n:
        workers = min(os.cpu_count() or 1, 1 + n // 100)
        make_dataset(open_sources([source]), recipe, folder, format="aicomp", count=n, workers=workers)
        made = sorted(folder.glob("*.xy"))
    if len(made) < n:
        raise InputError(f"{n} patterns were asked for, but only {len(made)} could be made", source=source)
    return made[:n]
