"""Pictures of what the network believes: confusion of Bravais lattices, and whether its claims can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.accuracy.reliability import PERFECT, Band
from benchmarks.neural.beliefs import GLANCED, Said, confusion, foreign_bands, groups, lattice_bands
from benchmarks.neural.questions import RANDOM
from benchmarks.peers.picture import COLOURS
from hybrid_index.export.atomic import write_atomically
from hybrid_index.lattice import BRAVAIS_LATTICES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 0.005
"""Shares below this are left blank."""
_SHIFT_BINS = 8
_SHIFT_TICKS_DEG = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_FEWEST = 5
"""Bands of fewer lists (or lines) say nothing and are not drawn."""


def draw_confusion(said: Sequence[Said], path: Path) -> None:
    """Draw a matrix for each group: the likeliest Bravais lattice against the true one, rows in percent."""
    from matplotlib.figure import Figure

    parts = groups(said)
    columns = min(3, len(parts))
    rows = -(-len(parts) // columns)
    figure = Figure(figsize=(5.0 * columns, 5.2 * rows), dpi=110, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, (name, mine) in zip(panels, parts.items(), strict=False):
        _draw_matrix(axes, mine)
        axes.set_title(f"{name}: {len(mine)} lists", loc="left", fontsize=10)
    for axes in panels[len(parts) :]:
        axes.set_axis_off()
    with write_atomically(path) as temporary:
        figure.savefig(temporary)


def draw_trust(said: Sequence[Said], path: Path) -> None:
    """Draw claims against what came of them: Bravais lattice, foreign lines, shift.

    Random lists above, others below.
    """
    from matplotlib.figure import Figure

    parts = groups(said)
    random = {name for name in parts if name.removesuffix(GLANCED) in RANDOM}
    rows = [part for part in (random, parts.keys() - random) if part]
    figure = Figure(figsize=(13.0, 4.4 * len(rows)), dpi=120, layout="constrained")
    panels = figure.subplots(len(rows), 3, squeeze=False)
    for row, names in zip(panels, rows, strict=True):
        _prepare(*row)
        for name, colour in zip([name for name in parts if name in names], COLOURS, strict=False):
            mine = parts[name]
            _draw_bands(row[0], lattice_bands(mine), f"{name} ({len(mine)})", colour)
            if any(any(s.foreign) for s in mine):
                _draw_bands(row[1], foreign_bands(mine), name, colour)
            _draw_shifts(row[2], mine, colour)
        row[0].legend(frameon=False, loc="upper left", fontsize=8)
    with write_atomically(path) as temporary:
        figure.savefig(temporary)


def _prepare(lattice: Axes, foreign: Axes, shift: Axes) -> None:
    """Axes, and the line on which all claims hold."""
    from matplotlib.ticker import FuncFormatter

    for axes, title, what in (
        (lattice, "likeliest Bravais lattice", "share right"),
        (foreign, "foreign lines", "share foreign"),
    ):
        axes.plot([0, 1], [0, 1], color=PERFECT, linewidth=1.0, linestyle="--")
        axes.set(ylim=(-0.03, 1.03), xlim=(-0.03, 1.03), xlabel="probability claimed", ylabel=what)
        axes.set_title(title, loc="left", fontsize=10)
    shift.plot(_SHIFT_TICKS_DEG, _SHIFT_TICKS_DEG, color=PERFECT, linewidth=1.0, linestyle="--")
    shift.set(xscale="log", yscale="log", xlabel="standard uncertainty stated (°)")
    shift.set_ylabel("error that 68 % of the lists keep within (°)")
    shift.set_title("shift", loc="left", fontsize=10)
    for axis in (shift.xaxis, shift.yaxis):
        axis.set_ticks(_SHIFT_TICKS_DEG)
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    shift.minorticks_off()
    for axes in (lattice, foreign, shift):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)


def _draw_matrix(axes: Axes, said: Sequence[Said]) -> None:
    shares, names = confusion(said), [lattice.value for lattice in BRAVAIS_LATTICES]
    counts = np.bincount([s.code for s in said], minlength=len(names))
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    for row, column in np.argwhere(shares >= _SHOWN):
        share = shares[row, column]
        axes.text(
            column, row, f"{100.0 * share:.0f}", ha="center", va="center", fontsize=6.5,
            color="white" if share > 0.6 else "black",
        )  # fmt: skip
    axes.set_xticks(range(len(names)), names, fontsize=8)
    axes.set_yticks(range(len(names)), [f"{name} ({n})" for name, n in zip(names, counts, strict=True)], fontsize=8)
    axes.set_xlabel("likeliest")
    axes.set_ylabel("true (lists)")


def _draw_bands(axes: Axes, bands: Sequence[Band], name: str, colour: str) -> None:
    bands = [band for band in bands if band.n >= _FEWEST]
    axes.errorbar(
        [b.claimed for b in bands], [b.right for b in bands], yerr=[b.error for b in bands], color=colour, marker="o",
        markersize=3.5, linewidth=1.2, capsize=1.5, label=name,
    )  # fmt: skip


def _draw_shifts(axes: Axes, said: Sequence[Said], colour: str) -> None:
    """Bins of equally many lists, by what was stated."""
    ordered = sorted((s.first.shift_esd_deg, abs(s.first.shift_error_deg)) for s in said)
    bins = [part for part in np.array_split(np.array(ordered), _SHIFT_BINS) if len(part)]
    stated = [float(np.median(part[:, 0])) for part in bins]
    real = [float(np.quantile(part[:, 1], 0.683)) for part in bins]
    axes.plot(stated, real, color=colour, marker="o", markersize=3.5, linewidth=1.2)
