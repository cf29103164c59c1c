"""Reports of large runs: seconds and memory to write one, seconds until its page is ready, sorted and filtered.

``python -m benchmarks.report --rows 1000 20000 --out run.json``. The runs are copies of one document (the bundled
pattern, indexed), with other names, volumes and probabilities; pictures are drawn from the lines (``--measured`` reads
the pattern for each). Known phases are looked up among ``--known`` random cells. Without a Chromium no page is opened.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import hybrid_index
from benchmarks.report.browser import Browser, find_chromium
from benchmarks.speed import process
from hybrid_index.known import KnownPhase, KnownPhases
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice, Cell

SCHEMA = "hybrid-index/report-benchmark/1"
PATTERN = Path(__file__).resolve().parents[2] / "examples" / "demo_pattern.xye"
REPEATS = 5
LOOKUPS = 2000
STRAIN = 0.003
ACTIONS = {
    "sort_s": "document.querySelector('th[data-key=volume] button').click()",
    "filter_s": "document.querySelector('button[data-status]').click()",
    "scroll_s": "scrollTo(0, document.body.scrollHeight / 2)",
}


def write_run(folder: Path, rows: int) -> None:
    """Write a run of copies of one document into a folder."""
    result = hybrid_index.index(PATTERN, settings=hybrid_index.Settings(budget_s=5.0))
    content = hybrid_index.document(result)
    rng = np.random.default_rng(0)
    folder.mkdir()
    with open(folder / "results.jsonl", "w", encoding="utf-8") as file:
        for i in range(rows):
            content["id"] = f"night/scan_{i:05d}.xye"
            content["status"] = ("solved", "solved", "ambiguous", "not_found")[i % 4]
            content["solutions"][0]["volume"] = float(rng.uniform(50.0, 5000.0))
            content["solutions"][0]["probability"] = float(rng.uniform(0.3, 1.0))
            file.write(json.dumps(content, ensure_ascii=False) + "\n")


def measure_page(rows: int, *, measured: bool) -> dict[str, Any]:
    """Write the report of a run in a process of its own, open its page, sort, filter and scroll it."""
    with tempfile.TemporaryDirectory() as name:
        run = Path(name) / "run"
        write_run(run, rows)
        took = process.run(["report", str(run), *([] if measured else ["--sticks"])])
        if took.code:
            raise RuntimeError(took.stderr)
        figures: dict[str, Any] = {"rows": rows, "write_s": took.wall_s, "cpu_s": took.cpu_s, "peak_mib": took.peak_mib}
        page = run / "report.html"
        figures["page_mb"] = page.stat().st_size / 1e6
        program = find_chromium()
        if program is not None:
            with Browser(program, Path(name) / "profile") as browser:
                figures["open_s"] = statistics.median(browser.open(page.as_uri()) for _ in range(REPEATS))
                for action, script in ACTIONS.items():
                    timed = f"const t = performance.now(); {script}; return (performance.now() - t) / 1000;"
                    spent = [browser.evaluate(f"(() => {{{timed}}})()") for _ in range(REPEATS)]
                    figures[action] = statistics.median(spent)
                figures["complaints"] = browser.complaints
    return figures


def measure_known(n: int) -> dict[str, Any]:
    """Time the look-up of cells that are known, strained a little, and of others."""
    rng = np.random.default_rng(1)
    cells = [_random_cell(rng) for _ in range(n)]
    named = [KnownPhase(name=str(i), cell=cell, centring=lattice.centring) for i, (cell, lattice) in enumerate(cells)]
    phases = KnownPhases(named)
    phases.match(*cells[0])
    phases.match(*_random_cell(rng))  # compiles what is only needed for the unknown
    chosen = rng.integers(n, size=LOOKUPS)
    strained = [(_scaled(cells[i][0], 1.0 + STRAIN * rng.standard_normal()), cells[i][1]) for i in chosen]
    other = [_random_cell(rng) for _ in range(LOOKUPS)]
    figures: dict[str, Any] = {"known": n}
    for name, asked in (("known_ms", strained), ("unknown_ms", other)):
        start = time.perf_counter()
        answers = [phases.match(cell, lattice) for cell, lattice in asked]
        figures[name] = 1e3 * (time.perf_counter() - start) / LOOKUPS
        if name == "known_ms":
            right = [str(i) in {match.name for match in matches} for i, matches in zip(chosen, answers, strict=True)]
            figures["found"] = float(np.mean(right))
        else:
            figures["by_chance"] = float(np.mean([bool(matches) for matches in answers]))
    return figures


def _random_cell(rng: np.random.Generator) -> tuple[Cell, BravaisLattice]:
    lattice = BRAVAIS_LATTICES[rng.integers(len(BRAVAIS_LATTICES))]
    a, b, c = rng.uniform(4.0, 18.0, 3)
    alpha, beta, gamma = rng.uniform(85.0, 115.0, 3)
    cell = {
        "c": Cell(a=a, b=a, c=a),
        "t": Cell(a=a, b=a, c=c),
        "h": Cell(a=a, b=a, c=c, gamma=120.0),
        "o": Cell(a=a, b=b, c=c),
        "m": Cell(a=a, b=b, c=c, beta=beta),
        "a": Cell(a=a, b=b, c=c, alpha=alpha, beta=beta, gamma=gamma),
    }
    return cell[lattice.value[0]], lattice


def _scaled(cell: Cell, factor: float) -> Cell:
    return Cell.from_parameters([*(factor * np.array(cell.parameters[:3])), *cell.parameters[3:]])


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 20000])
    parser.add_argument("--measured", action="store_true", help="read the measured file of each input")
    parser.add_argument("--known", type=int, default=5000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    pages = [measure_page(rows, measured=given.measured) for rows in given.rows]
    known = measure_known(given.known)
    console = Console()
    columns = ("rows", "write_s", "cpu_s", "peak_mib", "page_mb", "open_s", "sort_s", "filter_s", "scroll_s")
    table = Table(*columns)
    for figures in pages:
        table.add_row(*(f"{figures[name]:.4g}" if name in figures else "–" for name in columns))
    console.print(table)
    console.print(
        f"{known['known']} known cells: {known['known_ms']:.2f} ms to find one again ({known['found']:.1%} are found), "
        f"{known['unknown_ms']:.2f} ms for an unknown one ({known['by_chance']:.1%} get a name by chance)"
    )
    if given.out is not None:
        content = {
            "schema": SCHEMA,
            "version": hybrid_index.__version__,
            "machine": {"python": platform.python_version(), "system": platform.platform(), "cores": os.cpu_count()},
            "measured": given.measured,
            "pages": pages,
            "known": known,
        }
        given.out.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
