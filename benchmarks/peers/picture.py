"""One picture for all programs: the share of lists whose true lattice came first, against the time that was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.score import Verdict
from hybrid_index.export.atomic import write_atomically

COLOURS = ("#1f6fb4", "#d1495b", "#3c8d40", "#8a5fb0", "#e08e2b", "#5b6770", "#b4782a", "#2a9d9d")
SHORTEST_S = 0.001
_FIRST_STYLES = 1
"""Our own curve is drawn stronger."""


def solved_within(verdicts: Sequence[Verdict]) -> tuple[list[float], list[float]]:
    """Wall seconds, ascending, of the lists that were solved, and the share of all lists solved by then."""
    times = sorted(max(v.wall_s, SHORTEST_S) for v in verdicts if v.rank == 1)
    return times, [(i + 1) / len(verdicts) for i in range(len(times))]


def draw(path: Path, verdicts: Sequence[Verdict], names: Sequence[str]) -> None:
    """Draw the curves into an image file; its suffix chooses the format."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    longest = max([10.0 * SHORTEST_S, *(1.2 * v.wall_s for v in verdicts)])
    for i, name in enumerate(names):
        mine = [v for v in verdicts if v.program == name]
        if not mine:
            continue
        times, shares = solved_within(mine)
        width = 2.4 if i < _FIRST_STYLES else 1.6
        end = shares[-1] if shares else 0.0
        axes.step(
            [SHORTEST_S, *times, longest],
            [0.0, *(100.0 * share for share in shares), 100.0 * end],
            where="post",
            color=COLOURS[i % len(COLOURS)],
            linewidth=width,
            linestyle="-" if i < len(COLOURS) else "--",
            label=f"{name} ({100.0 * end:.0f} % of {len(mine)})",
        )
    axes.set_xscale("log")
    axes.set_xlim(SHORTEST_S, longest)
    axes.set_ylim(0.0, 100.0)
    axes.set_xlabel("wall time for a list (s)")
    axes.set_ylabel("lists with the true lattice first (%)")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper left", frameon=False)
    with write_atomically(path) as temporary:
        figure.savefig(temporary, dpi=150)
