"""A picture as an interactive page, by plotly; the page holds its script and works offline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from hybrid_index.export.picture import Curves, Picture
from hybrid_index.units import FloatArray

MEASURED, CALCULATED, FOREIGN, BACKGROUND = "#1b1f24", "#1f6fb4", "#c8361d", "#8a8f98"


def draw(picture: Picture, path: Path) -> None:
    """Draw *picture* into the page *path*."""
    rows = 3 if picture.has_cell else 1
    figure = make_subplots(
        rows=rows,
        cols=1,
        shared_xaxes=True,
        vertical_spacing=0.03,
        row_heights=[0.68, 0.08, 0.24] if picture.has_cell else [1.0],
    )
    _add_measured(figure, picture)
    if picture.has_cell:
        _add_ticks(figure, picture)
        if picture.fit is None:
            _add_differences(figure, picture)
        else:
            _add_fit(figure, picture.fit)
        _rule_foreign_lines(figure, picture)
    low, high = picture.range_deg
    figure.update_xaxes(range=[low, high], showline=True, linecolor="#888", zeroline=False)
    figure.update_xaxes(title_text="2θ (°)", row=rows, col=1)
    figure.update_yaxes(title_text="intensity", row=1, col=1)
    figure.update_layout(
        template="plotly_white",
        title={"text": f"{picture.title}<br><sub>{picture.subtitle}</sub>", "font": {"size": 15}},
        legend={"orientation": "h", "y": 1.02, "x": 1.0, "xanchor": "right", "yanchor": "bottom"},
        hovermode="closest",
    )
    figure.write_html(path, include_plotlyjs=True, full_html=True)


def _add_measured(figure: go.Figure, picture: Picture) -> None:
    peaks, heights = picture.peaks, picture.heights
    if picture.pattern is not None:
        x, y = picture.pattern.two_theta_deg, picture.pattern.intensity
        figure.add_trace(go.Scattergl(x=x, y=y, name="measured", line={"color": MEASURED, "width": 1}), row=1, col=1)
    for chosen, colour, name in (
        (picture.indexed, CALCULATED, "indexed lines"),
        (~picture.indexed, FOREIGN if picture.has_cell else CALCULATED, "lines not indexed"),
    ):
        if not chosen.any():
            continue
        if picture.pattern is None:
            figure.add_trace(_sticks(peaks.two_theta_deg[chosen], heights[chosen], colour, name), row=1, col=1)
        figure.add_trace(
            go.Scatter(
                x=peaks.two_theta_deg[chosen],
                y=heights[chosen],
                mode="markers",
                name=name,
                showlegend=picture.pattern is not None,
                marker={"color": colour, "size": 7, "symbol": "triangle-down"},
                text=[_hover(picture, row) for row in np.flatnonzero(chosen).tolist()],
                hovertemplate="2θ %{x:.4f}°<br>%{text}<extra></extra>",
            ),
            row=1,
            col=1,
        )


def _hover(picture: Picture, row: int) -> str:
    if not picture.indexed[row]:
        return "not indexed"
    return "hkl " + " ".join(str(index) for index in picture.hkl[row].tolist())


def _sticks(positions: FloatArray, heights: FloatArray, colour: str, name: str) -> go.Scatter:
    gap = np.full(positions.size, np.nan)
    x = np.column_stack([positions, positions, gap]).ravel()
    y = np.column_stack([np.zeros(positions.size), heights, gap]).ravel()
    return go.Scatter(x=x, y=y, mode="lines", name=name, line={"color": colour, "width": 1.5}, hoverinfo="skip")


def _add_ticks(figure: go.Figure, picture: Picture) -> None:
    ticks = _sticks(picture.ticks_deg, np.ones(picture.ticks_deg.size), CALCULATED, "lines of the cell")
    figure.add_trace(ticks, row=2, col=1)
    figure.update_yaxes(visible=False, row=2, col=1)


def _add_differences(figure: go.Figure, picture: Picture) -> None:
    chosen = picture.indexed
    figure.add_trace(
        go.Scatter(
            x=picture.peaks.two_theta_deg[chosen],
            y=picture.difference_deg[chosen],
            error_y={"array": picture.peaks.two_theta_esd_deg[chosen], "thickness": 1, "width": 0},
            mode="markers",
            marker={"color": CALCULATED, "size": 5},
            name="observed − calculated",
            text=[_hover(picture, row) for row in np.flatnonzero(chosen).tolist()],
            hovertemplate="2θ %{x:.4f}°<br>%{y:.4f}°<br>%{text}<extra></extra>",
        ),
        row=3,
        col=1,
    )
    figure.update_yaxes(title_text="obs − calc (° 2θ)", row=3, col=1)


def _add_fit(figure: go.Figure, fit: Curves) -> None:
    for row, values, name, colour in (
        (1, fit.background, "background", BACKGROUND),
        (1, fit.calculated, fit.legend, CALCULATED),
        (3, fit.misfit, "(observed − calculated) / σ", MEASURED),
    ):
        trace = go.Scattergl(x=fit.two_theta_deg, y=values, name=name, mode="lines", line={"color": colour, "width": 1})
        figure.add_trace(trace, row=row, col=1)
    figure.update_yaxes(title_text="(obs − calc) / σ", row=3, col=1)


def _rule_foreign_lines(figure: go.Figure, picture: Picture) -> None:
    for position in picture.peaks.two_theta_deg[~picture.indexed]:
        figure.add_vline(x=float(position), line={"color": FOREIGN, "width": 0.7}, opacity=0.4)
