"""A picture as an image file, by matplotlib."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hybrid_index.export.picture import Curves, Picture
from hybrid_index.units import FloatArray

MEASURED, CALCULATED, FOREIGN, BACKGROUND = "#1b1f24", "#1f6fb4", "#c8361d", "#8a8f98"
MAX_LABELS = 24
"""More hkl labels than this cover the pattern."""
MISFIT_SHOWN = 0.995
"""Share of the points whose misfit lies inside the picture: a foreign line must not flatten all else."""


def draw(picture: Picture, path: Path) -> None:
    """Draw *picture* into the image file *path*; the suffix says which kind."""
    with mpl.rc_context({"font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False}):
        rows, ratios = (3, (7.0, 0.8, 2.2)) if picture.has_cell else (1, (1.0,))
        figure = Figure(figsize=(11.0, 6.4), dpi=140, layout="constrained")
        axes = figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
        _draw_measured(axes[0], picture)
        if picture.has_cell:
            _draw_ticks(axes[1], picture)
            if picture.fit is None:
                _draw_differences(axes[2], picture)
            else:
                _draw_misfit(axes[2], picture, picture.fit)
        axes[-1].set_xlabel("2θ (°)")
        axes[0].set_xlim(*picture.range_deg)
        axes[0].set_title(f"{picture.title}\n{picture.subtitle}", loc="left", fontsize=9.5)
        figure.savefig(path)


def _signed_root(values: FloatArray) -> FloatArray:
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)))


def _signed_square(values: FloatArray) -> FloatArray:
    return np.asarray(np.sign(values) * np.square(values))


def _draw_measured(axes: Axes, picture: Picture) -> None:
    peaks, heights = picture.peaks, picture.heights
    kinds = [(picture.indexed, CALCULATED, "indexed lines"), (~picture.indexed, FOREIGN, "lines not indexed")]
    if not picture.has_cell:
        kinds = [(~picture.indexed, CALCULATED, "lines")]
    if picture.pattern is not None:
        # Weak lines decide about a cell; a square-root scale lets them be seen.
        axes.set_yscale("function", functions=(_signed_root, _signed_square))
        x, y = picture.pattern.two_theta_deg, picture.pattern.intensity
        if picture.fit is None:
            axes.plot(x, y, color=MEASURED, linewidth=0.7, label="measured")
        else:
            axes.plot(x, y, ".", color=MEASURED, markersize=1.5, label="measured")
            _draw_fit(axes, picture.fit)
        floor, top = float(np.percentile(y, 1.0)), float(y.max())
        room = 0.25 if picture.fit is None else 0.45  # the legend of a fit reaches over the middle
        axes.set_ylim(floor - 0.01 * (top - floor), top + room * (top - floor))
        axes.set_ylabel("intensity (square-root scale)")
    else:
        axes.set_ylim(0.0, 1.25 * float(heights.max(initial=1e-9)))
        axes.set_ylabel("intensity")
    for chosen, colour, label in kinds:
        if not chosen.any():
            continue
        positions = peaks.two_theta_deg[chosen]
        if picture.pattern is None:
            axes.vlines(positions, 0.0, heights[chosen], color=colour, linewidth=1.1, label=label)
        elif colour == FOREIGN or not picture.has_cell:
            _mark(axes, positions, heights[chosen], colour, label)
    if picture.has_cell:
        _label_indices(axes, picture, heights)
        _rule_foreign_lines(axes, picture)
    axes.tick_params(labelbottom=not picture.has_cell)
    axes.legend(frameon=False, loc="upper right", ncols=3)


def _draw_fit(axes: Axes, fit: Curves) -> None:
    axes.plot(fit.two_theta_deg, fit.background, color=BACKGROUND, linewidth=0.7)
    axes.plot(fit.two_theta_deg, fit.calculated, color=CALCULATED, linewidth=0.8, label=fit.legend)


def _mark(axes: Axes, positions: FloatArray, heights: FloatArray, colour: str, label: str) -> None:
    axes.plot(
        positions,
        heights,
        linestyle="none",
        marker=7,
        markersize=5.0,
        color=colour,
        label=label,
        clip_on=False,
        zorder=3,
    )


def _rule_foreign_lines(axes: Axes, picture: Picture) -> None:
    for position in picture.peaks.two_theta_deg[~picture.indexed]:
        axes.axvline(position, color=FOREIGN, linewidth=0.6, alpha=0.35, zorder=0)


def _label_indices(axes: Axes, picture: Picture, heights: FloatArray) -> None:
    """Write hkl above the strongest indexed lines, wherever there is room."""
    low, high = picture.range_deg
    room = (high - low) / 70.0
    taken: list[float] = []
    for row in np.flatnonzero(picture.indexed)[np.argsort(-heights[picture.indexed], kind="stable")]:
        position = float(picture.peaks.two_theta_deg[row])
        if len(taken) == MAX_LABELS:
            return
        if any(abs(position - other) < room for other in taken):
            continue
        taken.append(position)
        text = " ".join(f"{index}" for index in picture.hkl[row].tolist())
        axes.annotate(
            text,
            (position, float(heights[row])),
            xytext=(0.0, 4.0),
            textcoords="offset points",
            rotation=90.0,
            ha="center",
            va="bottom",
            fontsize=7.0,
            color=CALCULATED,
        )


def _draw_ticks(axes: Axes, picture: Picture) -> None:
    axes.vlines(picture.ticks_deg, 0.0, 1.0, color=CALCULATED, linewidth=0.7)
    axes.set_ylim(-0.4, 1.4)
    axes.set_yticks([])
    axes.set_ylabel("lines of\nthe cell", rotation=0, ha="right", va="center")
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(bottom=False, labelbottom=False)
    _rule_foreign_lines(axes, picture)


def _draw_misfit(axes: Axes, picture: Picture, fit: Curves) -> None:
    axes.axhline(0.0, color="0.6", linewidth=0.7)
    axes.plot(fit.two_theta_deg, fit.misfit, color=MEASURED, linewidth=0.6)
    _rule_foreign_lines(axes, picture)
    axes.set_ylabel("(obs − calc) / σ")
    reach = max(float(np.quantile(np.abs(fit.misfit), MISFIT_SHOWN)), 4.0)
    axes.set_ylim(-1.3 * reach, 1.3 * reach)


def _draw_differences(axes: Axes, picture: Picture) -> None:
    chosen = picture.indexed
    axes.axhline(0.0, color="0.6", linewidth=0.7)
    axes.errorbar(
        picture.peaks.two_theta_deg[chosen],
        picture.difference_deg[chosen],
        yerr=picture.peaks.two_theta_esd_deg[chosen],
        fmt="o",
        markersize=3.0,
        linewidth=0.8,
        color=CALCULATED,
    )
    _rule_foreign_lines(axes, picture)
    axes.set_ylabel("obs − calc (° 2θ)")
    reach = float(np.abs(picture.difference_deg[chosen]).max(initial=0.005))
    axes.set_ylim(-1.5 * reach, 1.5 * reach)
