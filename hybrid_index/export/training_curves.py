"""The curves of a training run as a picture: every part of the loss, and every share of right answers, over steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid_index.export.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Entry = Mapping[str, Any]
"""What a validation found: ``step``, ``seconds``, parts of the loss and shares."""
_SHARES = ("right", "among")
_COLUMNS = 4
_COLOURS = ("#1f6fb4", "#c8361d", "#3b8f4a", "#8451a6", "#d08a12", "#1b1f24")


def loss_parts(entry: Entry) -> dict[str, float]:
    """Parts of the loss, by name."""
    return {name: value for name, value in entry.items() if name not in ("step", "seconds") and not _is_share(name)}


def shares(entry: Entry) -> dict[str, dict[str, float]]:
    """Shares of right answers, by what is asked and of what; ``all`` where it is not split."""
    found = {name: value for name, value in entry.items() if _is_share(name)}
    return {name: dict(value) if isinstance(value, Mapping) else {"all": value} for name, value in found.items()}


def write_training_curves(history: Sequence[Entry], path: str | Path, *, title: str = "") -> None:
    """Draw what the validations of a run found; one panel for each part of the loss and each share.

    The state before the first step is left out once there are others: beside it, all that comes later looks level.

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left half-written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    history = [entry for entry in history if entry["step"] > 0] or history
    steps = [entry["step"] for entry in history]
    panels: dict[str, dict[str, list[float]]] = {}
    for name in loss_parts(history[-1]):
        panels[f"loss: {name}"] = {"": [entry[name] for entry in history]}
    for name, parts in shares(history[-1]).items():
        panels[name] = {part: [shares(entry)[name][part] for entry in history] for part in parts}
    rows = -(-len(panels) // _COLUMNS)
    with mpl.rc_context({"font.size": 8.5, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(12.0, 0.4 + 2.7 * rows), dpi=110, layout="constrained")
        grid = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
        for axes, (name, curves) in zip(grid, panels.items(), strict=False):
            _draw(axes, name, steps, curves)
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
        figure.suptitle(title, x=0.01, ha="left")
        split = next((axes for axes, curves in zip(grid, panels.values(), strict=False) if len(curves) > 1), None)
        if split is not None:  # all panels that are split have the same parts
            handles, parts = split.get_legend_handles_labels()
            figure.legend(handles, parts, loc="upper right", ncols=len(parts), frameon=False)
        with write_atomically(path) as temporary:
            figure.savefig(temporary)


def _draw(axes: Axes, name: str, steps: list[int], curves: dict[str, list[float]]) -> None:
    from matplotlib.ticker import MaxNLocator, NullLocator

    for (part, values), colour in zip(curves.items(), _COLOURS, strict=False):
        axes.plot(steps, values, color=colour, linewidth=1.1, marker=".", markersize=3.0, label=part)
    axes.set_title(name, loc="left", fontsize=9.0)
    axes.set_xlabel("step")
    if _is_share(name):
        axes.set_ylim(0.0, 1.0)
    elif min(min(values) for values in curves.values()) > 0.0:  # likelihoods of numbers may pass zero
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(MaxNLocator(5))  # losses rarely span a decade
        axes.yaxis.set_major_formatter("{x:.3g}")
        axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(linewidth=0.3, color="0.85")


def _is_share(name: str) -> bool:
    return name.startswith(_SHARES)
