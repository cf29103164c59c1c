"""Pictures of a result: an image by matplotlib or an interactive page by plotly, chosen by the file's suffix."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_index.errors import InputError
from hybrid_index.export.atomic import check_writable, write_atomically
from hybrid_index.export.picture import Picture, picture_of_peaks, picture_of_result
from hybrid_index.types import IndexingResult, Pattern, PeakList

if TYPE_CHECKING:
    from hybrid_index.refine.lebail import LeBailFit

PLOT_SUFFIXES = (".png", ".svg", ".pdf", ".html")


def check_plot_path(path: str | Path) -> Path:
    """Return *path* if a picture can be written there, else raise; call it before long work.

    Raises
    ------
    InputError
        If the suffix is not that of a picture.
    OutputError
        If no file can be made there.
    """
    target = Path(path)
    if target.suffix.lower() not in PLOT_SUFFIXES:
        raise InputError(
            f"unknown kind of picture; name a file that ends in {', '.join(PLOT_SUFFIXES)}", source=str(path)
        )
    return check_writable(target)


def write_plot(
    result: IndexingResult,
    path: str | Path,
    *,
    pattern: Pattern | None = None,
    solution: int = 1,
    fit: LeBailFit | None = None,
) -> Path:
    """Draw a result: pattern (or sticks), ticks of the cell, unindexed lines, differences of positions below.

    Parameters
    ----------
    result
        What :func:`hybrid_index.index` returned. Without solutions the lines alone are drawn.
    path
        File ending in .png, .svg, .pdf (matplotlib) or .html (plotly, interactive, works offline).
    pattern
        The measured pattern; lines are drawn as sticks without it.
    solution
        Rank of the solution to draw.
    fit
        Le Bail fit of that solution to the pattern: its curve, and what it leaves in place of differences of positions.

    Raises
    ------
    InputError
        If there is nothing to draw.
    OutputError
        If the file cannot be written; nothing is left half-written.
    """
    return _write(picture_of_result(result, pattern=pattern, solution=solution, fit=fit), path)


def write_peak_plot(peaks: PeakList, path: str | Path, *, pattern: Pattern | None = None) -> Path:
    """Draw lines that have no cell yet, over their pattern where there is one; see :func:`write_plot`."""
    return _write(picture_of_peaks(peaks, pattern=pattern), path)


def _write(picture: Picture, path: str | Path) -> Path:
    target = check_plot_path(path)
    with write_atomically(target) as temporary:
        if target.suffix.lower() == ".html":
            from hybrid_index.export.plot_html import draw
        else:
            from hybrid_index.export.plot_image import draw
        draw(picture, temporary)
    return target
