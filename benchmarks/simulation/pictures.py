"""One pattern of each crystal system beside pymatgen's sticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulation.agreement import KA1, LIMIT_DEG, calculator, sticks
from benchmarks.simulation.patterns import BACKGROUND, LABORATORY
from benchmarks.simulation.structures import Pair
from hybrid_index.errors import OutputError
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.simulate import powder_lines, simulate_pattern
from hybrid_index.units import FloatArray, parse_radiation

DOUBLET = parse_radiation("CuKa")
U_ISO = 0.01
"""Å², for the pattern and the sticks alike."""
RANGE_DEG = (5.0, 80.0)
FEWEST_LINES, MOST_LINES = 8, 120
"""Patterns with more lines show nothing but overlap."""
PATTERN_COLOUR, STICK_COLOUR, OUR_COLOUR = "#1f6fb4", "#c44e52", "#4d4d4d"


def draw_pictures(pairs: Sequence[Pair], folder: Path) -> list[Path]:
    """Draw one picture for each crystal system that is there, of the first pair with a good number of lines.

    Raises
    ------
    OutputError
        If the folder cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); name another folder") from error
    paths = []
    for system in CRYSTAL_SYSTEMS:
        pair = next((p for p in pairs if p.system == system and _is_drawable(p)), None)
        if pair is not None:
            path = folder / f"{system}.png"
            _draw(pair, path)
            paths.append(path)
    return paths


def _is_drawable(pair: Pair) -> bool:
    return FEWEST_LINES <= len(powder_lines(pair.ours, KA1, RANGE_DEG[1], relative_cutoff=0.005)) <= MOST_LINES


def _draw(pair: Pair, path: Path) -> None:
    import matplotlib.pyplot as plt

    structure = replace(pair.ours, u_iso=np.full(len(pair.ours.elements), U_ISO))
    lines = powder_lines(structure, KA1, LIMIT_DEG, two_theta_min_deg=RANGE_DEG[0])
    x, y = sticks(calculator(KA1, dict.fromkeys(structure.elements, U_ISO)), pair)
    x, y = x[x >= RANGE_DEG[0]], y[x >= RANGE_DEG[0]]
    pattern = simulate_pattern(
        powder_lines(structure, DOUBLET, LIMIT_DEG, two_theta_min_deg=RANGE_DEG[0]),
        profile=LABORATORY,
        background=BACKGROUND,
        seed=0,
    )
    figure, (above, below) = plt.subplots(2, 1, figsize=(11.0, 6.5), sharex=True, height_ratios=(3, 2))
    above.plot(pattern.two_theta_deg, pattern.intensity, color=PATTERN_COLOUR, linewidth=0.8)
    above.set_ylabel("counts")
    above.set_title(f"{pair.name} ({pair.system}, {structure.space_group or 'P 1'}, {len(structure.elements)} atoms)")
    _sticks(below, lines.two_theta_deg, lines.intensity, OUR_COLOUR, "hybrid_index, Kα1")
    _sticks(below, x, -100.0 * y / y.max(), STICK_COLOUR, "pymatgen, Kα1, mirrored")
    below.axhline(0.0, color="black", linewidth=0.5)
    below.set(xlim=RANGE_DEG, xlabel="2θ / °", ylabel="relative intensity")
    below.legend(loc="upper right", frameon=False)
    figure.tight_layout()
    with write_atomically(path) as temporary:
        figure.savefig(temporary, dpi=110)
    plt.close(figure)


def _sticks(axes: Any, x: FloatArray, y: FloatArray, colour: str, label: str) -> None:
    axes.vlines(x, 0.0, y, color=colour, linewidth=1.0, label=label)
