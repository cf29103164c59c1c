"""The page in a real browser: it sorts, filters, searches, opens rows, and draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.report.browser import Browser, find_chromium
from hybrid_index.export.report import write_report
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.refine.hkl import enumerate_reflections
from hybrid_index.units import q_from_two_theta, shift_two_theta, two_theta_from_q

Documents = Callable[..., list[dict[str, Any]]]
WriteRun = Callable[..., Path]
NASTY = "<img src=x onerror=alert(1)> & \"q\" 'a'"
N = 300


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no Chromium is installed here to open the page with")
    with Browser(program, tmp_path_factory.mktemp("profile")) as window:
        yield window


@pytest.fixture
def page(documents: Documents, write_run: WriteRun) -> str:
    """Address of the page of a run of 300 inputs, the first with a nasty name."""
    made = documents(N)
    made[0]["id"] = NASTY
    made[6]["solutions"][0]["known"] = [
        {"name": "anglesite", "relation": "strained", "strain_percent": 0.31, "file": "a.cif"}
    ]
    return write_report(write_run(made)).page.as_uri()


def names(browser: Browser) -> list[str]:
    shown = browser.evaluate("[...document.querySelectorAll('#cells tr.row')].map((row) => row.dataset.id)")
    return list(shown)


def column(browser: Browser, place: int) -> list[str]:
    cells = f"#cells tr.row td:nth-child({place})"
    return list(browser.evaluate(f"[...document.querySelectorAll('{cells}')].map((cell) => cell.textContent)"))


def click(browser: Browser, selector: str) -> None:
    browser.evaluate(f"document.querySelector({selector!r}).click()")


def search_for(browser: Browser, text: str) -> None:
    browser.evaluate(
        f"(document.querySelector('#search').value = {text!r}, "
        "document.querySelector('#search').dispatchEvent(new Event('input')))"
    )


def test_opens_with_all_inputs_and_no_complaint(browser: Browser, page: str) -> None:
    browser.complaints.clear()
    browser.open(page)
    shown = names(browser)
    assert NASTY in shown
    assert 10 < len(shown) < 60, "rows out of view are not in the page"
    assert browser.evaluate("document.querySelector('#cells').getAttribute('aria-rowcount')") == str(N + 1)
    assert browser.evaluate("document.querySelector('#cells').getBoundingClientRect().height") == pytest.approx(
        N * 49 + 37, abs=30
    )
    assert "300 inputs" in browser.evaluate("document.querySelector('#summary').textContent")
    assert browser.evaluate("document.querySelectorAll('#chart-volume .bar').length") > 10
    assert browser.complaints == []


def test_sorting_by_the_heads_of_columns(browser: Browser, page: str) -> None:
    browser.open(page)
    head = "th[data-key=volume] button"
    click(browser, head)
    assert browser.evaluate("document.querySelector('th[data-key=volume]').ariaSort") == "ascending"
    volumes = [float(text.partition("(")[0]) for text in column(browser, 10)]
    assert volumes == sorted(volumes)
    click(browser, head)
    assert browser.evaluate("document.querySelector('th[data-key=volume]').ariaSort") == "descending"
    volumes = [float(text.partition("(")[0]) for text in column(browser, 10)]
    assert volumes == sorted(volumes, reverse=True)
    assert browser.evaluate("location.hash") == "#sort=volume&desc=1"
    # inputs without a cell come last, either way
    browser.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert browser.evaluate("[...document.querySelectorAll('#cells tr.row')].at(-1).cells.length") < 10
    click(browser, head)
    assert browser.evaluate("document.querySelector('th[data-key=volume]').ariaSort") == "none"


def test_sorting_by_keyboard(browser: Browser, page: str) -> None:
    browser.open(page)
    browser.evaluate("document.querySelector('th[data-key=id] button').focus()")
    browser.press("Enter")
    assert browser.evaluate("document.querySelector('th[data-key=id]').ariaSort") == "ascending"
    ordered = [name for name in names(browser) if name != NASTY]
    assert ordered[:3] == ["scan_2", "scan_3", "scan_4"]
    browser.press("Enter")
    assert names(browser)[0] == f"scan_{N}"


def test_filters_and_search(browser: Browser, page: str) -> None:
    browser.open(page)
    click(browser, "button[data-status=failed]")
    assert browser.evaluate("document.querySelector('#shown').textContent") == "50 of 300"
    assert "no such file" in column(browser, 4)[0]
    click(browser, "button[data-status=not_found]")
    assert browser.evaluate("document.querySelector('#shown').textContent") == "100 of 300"
    click(browser, "#reset")
    assert browser.evaluate("document.querySelector('#shown').textContent") == ""
    search_for(browser, "anglesite +0.31")
    assert names(browser) == ["scan_7"]
    search_for(browser, "nothing like this")
    assert names(browser) == []
    assert "No input is like this" in browser.evaluate("document.querySelector('#cells tbody').textContent")
    click(browser, "#reset")
    browser.evaluate("document.querySelectorAll('#chart-probability .hit')[27].dispatchEvent(new Event('click'))")
    assert all(float(text) >= 27 / 28 - 0.005 for text in column(browser, 11))


def test_the_address_is_the_view(browser: Browser, page: str) -> None:
    browser.open(f"{page}#sort=volume&desc=1&status=solved&search=scan_2&volume=320..400")
    assert browser.evaluate("document.querySelector('#search').value") == "scan_2"
    assert browser.evaluate("document.querySelector('button[data-status=solved]').ariaPressed") == "true"
    shown = names(browser)
    assert shown
    assert all(name.startswith("scan_2") for name in shown)
    volumes = [float(text.partition("(")[0]) for text in column(browser, 10)]
    assert volumes == sorted(volumes, reverse=True)
    assert min(volumes) >= 320
    assert max(volumes) < 400


def test_a_row_opens_and_shows_the_other_solutions(browser: Browser, page: str) -> None:
    browser.open(f"{page}#open=scan_200")
    detail = "document.querySelector('tr.detail')"
    assert "one line is not indexed" in browser.evaluate(f"{detail}.textContent")
    assert browser.evaluate(f"{detail}.querySelectorAll('tr[aria-selected]').length") == 2
    assert "28.912" in browser.evaluate(f"{detail}.querySelector('dl').textContent")
    before = browser.evaluate(f"{detail}.querySelector('canvas').toDataURL()")
    browser.evaluate(f"{detail}.querySelectorAll('tr[aria-selected]')[1].click()")
    assert browser.evaluate(f"{detail}.querySelectorAll('tr[aria-selected]')[1].ariaSelected") == "true"
    assert browser.evaluate(f"{detail}.querySelector('canvas').toDataURL()") != before
    # keyboard: the button of the name closes it; arrows go to the neighbours
    browser.evaluate("document.querySelector('tr.open button').focus()")
    browser.press("Enter")
    assert browser.evaluate(detail) is None
    browser.press("ArrowDown")
    assert browser.evaluate("document.activeElement.textContent") == "scan_201"


def test_scrolling_shows_every_row_once(browser: Browser, page: str) -> None:
    browser.open(f"{page}#open=scan_20")
    seen: list[str] = []
    for part in range(20):
        browser.evaluate(f"scrollTo(0, document.body.scrollHeight * {part} / 20)")
        shown = names(browser)
        assert shown == list(dict.fromkeys(shown))
        seen += [name for name in shown if name not in seen]
    browser.evaluate("scrollTo(0, document.body.scrollHeight)")
    seen += [name for name in names(browser) if name not in seen]
    assert len(seen) == N


def test_series(browser: Browser, documents: Documents, write_run: WriteRun) -> None:
    made = heated(documents(12))
    browser.open(write_report(write_run(made)).page.as_uri())
    assert browser.evaluate("document.querySelector('#series h2').textContent") == NASTY
    told = browser.evaluate("document.querySelector('#series .head p').textContent")
    assert told == "12 patterns · 300 to 410 K · 1 change · 4 without a trusted cell"
    labels = browser.evaluate("[...document.querySelectorAll('#series figcaption')].map((one) => one.textContent)")
    assert labels == [f"{name} {unit}, along K" for name, unit in (("a", "Å"), ("b", "Å"), ("c", "Å"), ("V", "Å³"))]
    changes = browser.evaluate("[...document.querySelectorAll('#series li')].map((one) => one.textContent)")
    assert changes == ["360 K scan_7 the volume jumped"]
    blue = "[...document.querySelector('#series canvas').getContext('2d').getImageData(0, 0, 300, 168).data]"
    assert browser.evaluate(f"{blue}.filter((value, i) => i % 4 === 3 && value).length") > 200
    click(browser, "#series .head button")
    assert browser.evaluate("document.querySelector('#series figcaption').textContent") == "a %, along K"
    click(browser, "#series li button")
    assert browser.evaluate("document.querySelector('tr.open').dataset.id") == "scan_7"
    assert "changed: the volume jumped" in browser.evaluate("document.querySelector('tr.detail dl').textContent")
    assert browser.complaints == []


def test_no_series_no_charts_of_them(browser: Browser, page: str) -> None:
    browser.open(page)
    assert browser.evaluate("document.querySelector('#series').childElementCount") == 0


def heated(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put documents into a series along a temperature; the seventh is a change."""
    for i, content in enumerate(made):
        relation = "changed" if i == 6 else "continued" if content["solutions"] else "lost"
        change = "the volume jumped" if i == 6 else ""
        content["series"] = {
            "name": NASTY,
            "position": i + 1,
            "value": 300.0 + 10.0 * i,
            "unit": "K",
            "relation": relation,
            "change": change,
        }
    return made


@pytest.mark.parametrize(
    ("lattice", "cell"),
    [
        (BravaisLattice.CF, Cell(a=5.4, b=5.4, c=5.4)),
        (BravaisLattice.HR, Cell(a=4.76, b=4.76, c=12.99, gamma=120.0)),
        (BravaisLattice.OI, Cell(a=4.1, b=6.3, c=9.2)),
        (BravaisLattice.MC, Cell(a=9.1, b=5.2, c=6.4, beta=103.0)),
        (BravaisLattice.AP, Cell(a=5.1, b=6.2, c=7.3, alpha=81.0, beta=95.0, gamma=104.0)),
    ],
)
def test_ticks_are_those_of_the_package(
    browser: Browser, documents: Documents, write_run: WriteRun, lattice: BravaisLattice, cell: Cell
) -> None:
    [content] = documents(1)
    names_of = ("a", "b", "c", "alpha", "beta", "gamma")
    content["solutions"][0].update(
        bravais_lattice=lattice.value,
        cell=dict(zip(names_of, cell.parameters, strict=True)),
        cell_esd=dict.fromkeys(names_of, 1e-7),
        volume=cell.volume,
        zero_shift_deg=0.1,
        zero_shift_esd_deg=1e-5,
        displacement_mm=-0.2,
        displacement_esd_mm=1e-5,
    )
    browser.open(write_report(write_run([content])).page.as_uri())
    found = np.unique(np.round(sorted(browser.evaluate("report.ticks(0)")), 3))
    wavelength = content["wavelength_angstrom"]
    highest = content["peaks"]["two_theta_deg"][-1] + 0.5
    q_max = float(q_from_two_theta(highest, wavelength))
    lines = enumerate_reflections(cell.metric, lattice, q_max, merge_equal_q=True)
    expected = shift_two_theta(two_theta_from_q(lines.q, wavelength), zero_shift_deg=0.1, displacement_mm=-0.2)
    apart = [expected[0], *expected[1:][np.diff(expected) > 0.01]]
    for position in apart:
        assert np.abs(found - position).min() < 0.01
    for position in found:
        assert np.abs(expected - position).min() < 0.01
