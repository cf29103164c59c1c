"""The page of a run: one HTML file with its style, its script and its data in it; it loads nothing else.

The data are one compact record for each input; the table, the pictures and the charts are made from them in the
browser (``assets/*.js``), as far as they are in view.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, TextIO

from hybrid_index.export.notation import with_esd
from hybrid_index.export.report.rows import known_of, source_of, volume_esd
from hybrid_index.export.report.traces import Trace
from hybrid_index.known import label
from hybrid_index.units import DEFAULT_RADIUS_MM

SOLUTIONS_SHOWN = 8
"""Further solutions stand in the results; a page of twenty thousand inputs must stay small enough to open."""
SCRIPTS = ("pictures.js", "series.js", "report.js")
_CELL = ("a", "b", "c", "alpha", "beta", "gamma")
_DATA = "<!-- data -->"


def record(content: Mapping[str, Any], trace: Trace | None) -> str:
    """Return what the page knows of a result document, as JSON; ``assets/report.js`` names the places."""
    peaks = content["peaks"]
    lines = [] if peaks is None else peaks["two_theta_deg"]
    solutions = content["solutions"]
    return _json(
        [
            content["id"],
            content["status"],
            content["reasons"],
            source_of(content),
            content["wavelength_angstrom"],
            _rounded(content["timing_s"].get("total"), 2),
            content["settings"].get("radius_mm") or DEFAULT_RADIUS_MM,
            None if trace is None else [*(_rounded(x, 3) for x in trace.range_deg), trace.levels, int(trace.measured)],
            [_rounded(x, 3) for x in lines],
            [_solution(solution, lines) for solution in solutions[:SOLUTIONS_SHOWN]],
            max(0, len(solutions) - SOLUTIONS_SHOWN),
            _series(content.get("series")),
        ]
    )


def write_page(file: TextIO, records: Iterable[str], *, title: str, meta: Mapping[str, Any]) -> None:
    """Write the page: its head, the records as they come, its foot."""
    assets = files("hybrid_index.export.report") / "assets"
    page = Template((assets / "report.html").read_text("utf-8")).substitute(
        title=escape(title),
        style=(assets / "report.css").read_text("utf-8"),
        script="".join((assets / name).read_text("utf-8") for name in SCRIPTS),
    )
    head, foot = page.split(_DATA)
    file.write(head)
    file.write(f'{{"meta":{_json(meta)},"rows":[')
    for number, text in enumerate(records):
        file.write(f"{',' if number else ''}\n{text}")
    file.write("\n]}")
    file.write(foot)


def _series(series: Mapping[str, Any] | None) -> list[Any] | None:
    names = ("name", "position", "value", "unit", "relation", "change")
    return None if series is None else [series[name] for name in names]


def _solution(solution: Mapping[str, Any], lines: list[float]) -> list[Any]:
    cell, esd = solution["cell"], solution["cell_esd"]
    foreign = set(solution["unindexed_two_theta_deg"])
    return [
        solution["bravais_lattice"],
        [_with_esd(cell[name], esd[name]) for name in _CELL],
        _with_esd(solution["volume"], volume_esd(solution), digits=2),
        _rounded(solution["probability"], 4),
        _rounded(solution["merit"]["m20"], 1),
        solution["n_indexed"],
        _with_esd(solution["zero_shift_deg"], solution["zero_shift_esd_deg"]),
        _rounded(solution["zero_shift_esd_deg"], 5),
        _with_esd(solution["displacement_mm"], solution["displacement_esd_mm"]),
        label(known_of(solution)),
        [place for place, line in enumerate(lines) if line in foreign],
        [
            [item["bravais_lattice"], "\u2002".join(f"{item['cell'][name]:.4f}" for name in _CELL), item["relation"]]
            for item in solution["equivalents"]
        ],
    ]


def _with_esd(value: float | None, esd: float | None, *, digits: int = 4) -> str:
    return "" if value is None else with_esd(value, esd or 0.0, digits=digits)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _json(value: Any) -> str:
    """JSON that may stand in a script element: no name in it can end that element."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
