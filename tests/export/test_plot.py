from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hybrid_index.errors import InputError, OutputError
from hybrid_index.export import write_peak_plot, write_plot
from hybrid_index.export.picture import picture_of_peaks, picture_of_result
from hybrid_index.types import IndexingResult, Pattern, PeakList
from hybrid_index.whole_pattern import fit_solution

MakeResult = Callable[..., IndexingResult]


def test_picture_shows_the_chosen_cell(make_result: MakeResult, pattern: Pattern) -> None:
    picture = picture_of_result(make_result(), pattern=pattern)
    assert picture.peaks.two_theta_deg[~picture.indexed].tolist() == [28.912]
    assert np.abs(picture.difference_deg[picture.indexed]).max() < 0.02
    # Every indexed line stands over a tick, shift included.
    gaps = np.abs(picture.ticks_deg[:, None] - picture.peaks.two_theta_deg[picture.indexed]).min(axis=0)
    assert gaps.max() < 0.02
    assert "oP" in picture.title
    assert "8.4820(3)" in picture.title
    assert picture.range_deg == pytest.approx((10.0, 49.98))
    second = picture_of_result(make_result(), pattern=pattern, solution=2)
    assert "aP" in second.title


def test_heights_follow_the_pattern(make_result: MakeResult, pattern: Pattern, peaks: PeakList) -> None:
    heights = picture_of_result(make_result(), pattern=pattern).heights
    alone = np.diff(peaks.two_theta_deg, prepend=0.0, append=180.0)
    alone_rows = (alone[:-1] > 0.4) & (alone[1:] > 0.4)
    assert alone_rows.sum() > 8
    np.testing.assert_allclose(heights[alone_rows], peaks.intensity[alone_rows] + 50.0, rtol=0.3)
    assert picture_of_result(make_result()).heights is peaks.intensity


@pytest.mark.parametrize("suffix", [".png", ".svg", ".html"])
@pytest.mark.parametrize("with_pattern", [True, False])
def test_files_are_written(
    tmp_path: Path, make_result: MakeResult, pattern: Pattern, suffix: str, with_pattern: bool
) -> None:
    target = tmp_path / f"plot{suffix}"
    write_plot(make_result(), target, pattern=pattern if with_pattern else None)
    head = target.read_bytes()[:400]
    assert {".png": b"PNG", ".svg": b"<?xml", ".html": b"<html"}[suffix] in head
    assert list(tmp_path.iterdir()) == [target]
    if suffix == ".html":
        page = target.read_text(encoding="utf-8")
        assert 'src="http' not in page
        assert "lines of the cell" in page


@pytest.mark.parametrize("suffix", [".png", ".html"])
def test_whole_pattern_fit_is_drawn(
    tmp_path: Path, make_result: MakeResult, pattern: Pattern, peaks: PeakList, suffix: str
) -> None:
    result = make_result()
    fit = fit_solution(pattern, result.solutions[0].refinement, peaks)
    picture = picture_of_result(result, pattern=pattern, fit=fit)
    assert picture.fit is not None
    assert "R_wp" in picture.fit.legend
    assert "1 foreign line apart" in picture.fit.legend
    # what the foreign line leaves is to be seen
    place = picture.fit.two_theta_deg[np.argmax(picture.fit.misfit)]
    assert place == pytest.approx(28.912, abs=0.1)
    target = write_plot(result, tmp_path / f"fit{suffix}", pattern=pattern, fit=fit)
    assert target.stat().st_size > 20_000
    assert picture_of_result(result, fit=fit).fit is None


def test_lines_without_a_cell(tmp_path: Path, make_result: MakeResult, peaks: PeakList, pattern: Pattern) -> None:
    write_plot(make_result("not_found", n_solutions=0), tmp_path / "none.png", pattern=pattern)
    write_peak_plot(peaks, tmp_path / "peaks.html")
    assert not picture_of_peaks(peaks).has_cell
    with pytest.raises(InputError, match="no lines to plot"):
        picture_of_peaks(peaks.select(np.zeros(len(peaks), dtype=bool)))


def test_refusals(tmp_path: Path, make_result: MakeResult) -> None:
    with pytest.raises(InputError, match=r"solution 3 does not exist; choose one from 1 to 2"):
        write_plot(make_result(), tmp_path / "plot.png", solution=3)
    with pytest.raises(InputError, match=r"ends in \.png"):
        write_plot(make_result(), tmp_path / "plot.bmp")
    with pytest.raises(OutputError, match="does not exist"):
        write_plot(make_result(), tmp_path / "missing" / "plot.png")
    assert list(tmp_path.iterdir()) == []
