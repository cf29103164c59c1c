from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from hybrid_index.errors import InputError, OutputError
from hybrid_index.export.report import COLUMNS, Unreadable, read_documents, row_of, write_report
from hybrid_index.export.report.rows import volume_esd
from hybrid_index.export.report.traces import BINS, trace_of
from hybrid_index.known import KnownPhase, KnownPhases
from hybrid_index.lattice import Cell
from hybrid_index.types import Pattern

Documents = Callable[..., list[dict[str, Any]]]
WriteRun = Callable[..., Path]

NASTY = "</script><script>alert(1)</script> & \"q\" 'a' \u2028 ünï"
ANGLESITE = KnownPhases([KnownPhase(name="anglesite", cell=Cell(a=8.49, b=5.40, c=6.96), centring="P", file="a.cif")])


def page_data(page: Path) -> dict[str, Any]:
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def rows_of_csv(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_files_of_a_run(documents: Documents, write_run: WriteRun) -> None:
    run = write_run(documents(12))
    summary = write_report(run)
    assert summary.by_status == {"solved": 4, "ambiguous": 2, "budget_exhausted": 2, "not_found": 2, "failed": 2}
    assert summary.page == run / "report.html"
    table = pq.read_table(run / "cells.parquet")
    assert table.column_names == list(COLUMNS)
    rows = table.to_pylist()
    assert [row["id"] for row in rows] == [f"scan_{i}" for i in range(1, 13)]
    assert rows[0]["a_angstrom"] == pytest.approx(8.482)
    assert rows[0]["a_esd_angstrom"] == pytest.approx(0.0003)
    assert (rows[0]["bravais_lattice"], rows[0]["n_indexed"], rows[0]["n_lines"]) == ("oP", 24, 25)
    assert rows[0]["zero_shift_deg"] == pytest.approx(0.041)
    assert rows[4]["status"] == "not_found"
    assert rows[4]["a_angstrom"] is None
    assert rows[5]["wavelength_angstrom"] is None
    assert "no such file" in rows[5]["reasons"]
    text = rows_of_csv(run / "cells.csv")
    assert [row["id"] for row in text] == [row["id"] for row in rows]
    assert float(text[0]["volume_angstrom3"]) == pytest.approx(rows[0]["volume_angstrom3"], rel=1e-7)
    assert text[5]["volume_angstrom3"] == ""


def test_series_in_the_tables(documents: Documents, write_run: WriteRun) -> None:
    made = documents(2)
    made[0]["series"] = {
        "name": "heating",
        "position": 1,
        "value": 300.0,
        "unit": "K",
        "relation": "first",
        "change": "",
        "trusted": [],
    }
    run = write_run(made)
    write_report(run)
    first, second = pq.read_table(run / "cells.parquet").to_pylist()
    names = ("series", "position", "value", "unit", "relation", "change")
    assert [first[name] for name in names] == ["heating", 1, 300.0, "K", "first", ""]
    assert [second[name] for name in names] == [None] * 6


def test_a_run_is_in_the_natural_order_of_names_and_a_file_in_its_own(
    documents: Documents, write_run: WriteRun, tmp_path: Path
) -> None:
    made = documents(11)
    run = write_run([made[10], made[1], made[0], made[9]])
    write_report(run)
    assert [row["id"] for row in rows_of_csv(run / "cells.csv")] == ["scan_1", "scan_2", "scan_10", "scan_11"]
    file = (run / "results.jsonl").rename(tmp_path / "night.jsonl")
    summary = write_report(file)
    assert summary.folder == tmp_path / "night_report"
    assert [row["id"] for row in rows_of_csv(summary.folder / "cells.csv")] == [
        "scan_11", "scan_2", "scan_1", "scan_10",
    ]  # fmt: skip


def test_names_of_users_stay_text(documents: Documents, write_run: WriteRun) -> None:
    [content] = documents(1)
    content["id"], content["reasons"] = NASTY, [NASTY]
    page = write_report(write_run([content]), title=NASTY).page
    text = page.read_text("utf-8")
    assert text.count("</script>") == 2
    assert "<script>alert" not in text
    assert "<h1>&lt;/script&gt;" in text
    assert page_data(page)["rows"][0][0] == NASTY


def test_the_page_asks_for_nothing_from_elsewhere(documents: Documents, write_run: WriteRun) -> None:
    text = write_report(write_run(documents(3))).page.read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert set(re.findall(r"https?://[^\"' )]+", text)) == {"http://www.w3.org/2000/svg"}


def test_a_name_that_is_no_unicode_or_looks_like_a_formula(documents: Documents, write_run: WriteRun) -> None:
    first, second = documents(2)
    first["id"], second["id"] = "caf\udce9.xy", "=1+1"
    run = write_run([first, second])
    page = write_report(run).page
    assert page_data(page)["rows"][1][0] == "caf\udce9.xy"
    assert [row["id"] for row in rows_of_csv(run / "cells.csv")] == ["'=1+1", "caf\\udce9.xy"]
    assert pq.read_table(run / "cells.parquet")["id"].to_pylist() == ["=1+1", "caf\\udce9.xy"]


def test_damaged_lines_are_told(documents: Documents, write_run: WriteRun) -> None:
    run = write_run(documents(2))
    with open(run / "results.jsonl", "a") as file:
        file.write('{"schema": "other"}\n[1]\n\n{"schema": "hybrid-index/resu')
    summary = write_report(run)
    assert [bad.line for bad in summary.unreadable] == [3, 4, 6]
    assert page_data(summary.page)["meta"]["unreadable"] == 3
    assert sum(isinstance(item, Unreadable) for item in read_documents(run)) == 3


def test_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no such file; name the folder of a run"):
        write_report(tmp_path / "none")
    with pytest.raises(InputError, match=r"holds no results\.jsonl"):
        write_report(tmp_path)
    (tmp_path / "results.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match=r"holds no result document; line 1: not a result document"):
        write_report(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results.jsonl"]


def test_a_folder_that_cannot_be_made(documents: Documents, write_run: WriteRun, tmp_path: Path) -> None:
    run = write_run(documents(1))
    with pytest.raises(OutputError, match="cannot be made"):
        write_report(run, tmp_path / "no" / "such")
    assert (write_report(run, tmp_path / "new").folder / "cells.csv").exists()


def test_known_phases_are_named(documents: Documents, write_run: WriteRun) -> None:
    run = write_run(documents(6))
    summary = write_report(run, phases=ANGLESITE)
    [first, *_, not_found, _] = rows_of_csv(run / "cells.csv")
    assert first["known"] == "anglesite"
    assert first["known_relation"] == "same lattice"
    assert first["known_file"] == "a.cif"
    assert not_found["known"] == ""
    data = page_data(summary.page)
    assert data["meta"]["compared"] == 1
    assert data["rows"][0][9][0][9] == "anglesite"


def test_several_names_are_called_ambiguous(documents: Documents) -> None:
    [content] = documents(1)
    content["solutions"][0]["known"] = [
        {"name": name, "relation": "strained", "strain_percent": strain, "file": f"{name}.cif"}
        for name, strain in (("a", 0.2), ("b", -0.4))
    ]
    row = row_of(content)
    assert row["known"] == "a (+0.20 %) or b (-0.40 %)"
    assert row["known_relation"] == "ambiguous: strained"
    assert row["known_strain_percent"] == 0.2


def test_uncertainty_of_the_volume(documents: Documents) -> None:
    solution = documents(1)[0]["solutions"][0]
    cell = Cell(a=6.0, b=7.0, c=8.0, alpha=80.0, beta=95.0, gamma=105.0)
    covariance = np.diag([1e-3, 2e-3, 1e-3, 0.02, 0.01, 0.03]) ** 2
    covariance[0, 4] = covariance[4, 0] = 0.5e-5
    names = ["a", "b", "c", "alpha", "beta", "gamma"]

    def volume(values: list[float]) -> float:
        return Cell.from_parameters(values).volume

    values = np.array(cell.parameters)
    gradient = np.array([(volume([*(values + step)]) - volume([*(values - step)])) / 2e-5 for step in 1e-5 * np.eye(6)])
    solution.update(
        bravais_lattice="aP",
        cell=dict(zip(names, cell.parameters, strict=True)),
        volume=cell.volume,
        parameter_names=names,
        covariance=covariance.tolist(),
    )
    assert volume_esd(solution) == pytest.approx(np.sqrt(gradient @ covariance @ gradient), rel=1e-6)
    solution.update(
        bravais_lattice="cF",
        cell=dict(zip(names, (5.0, 5.0, 5.0, 90.0, 90.0, 90.0), strict=True)),
        volume=125.0,
        parameter_names=["a", "zero"],
        covariance=[[1e-6, 0.0], [0.0, 1e-4]],
    )
    assert volume_esd(solution) == pytest.approx(3 * 25.0 * 1e-3)
    solution["covariance"] = [[None, 0.0], [0.0, 1e-4]]
    assert volume_esd(solution) is None


def test_a_trace_shows_the_measured_lines(documents: Documents, measured: Path, pattern: Pattern) -> None:
    [content] = documents(1)
    assert not trace_of(content).measured
    content["peaks"]["source"] = str(measured)
    trace = trace_of(content)
    assert trace.measured
    assert trace.range_deg == pytest.approx((10.0, 49.98))
    levels = np.frombuffer(base64.b64decode(trace.levels), dtype=np.uint8)
    assert levels.shape == (BINS,)
    low, high = trace.range_deg
    centres = (np.arange(BINS) + 0.5) * (high - low) / BINS + low
    assert centres[levels.argmax()] == pytest.approx(pattern.two_theta_deg[pattern.intensity.argmax()], abs=0.1)
    # the scale is that of the square root: a line of a sixteenth of the height is drawn at a quarter
    heights = pattern.intensity - np.percentile(pattern.intensity, 5.0)
    for line in content["peaks"]["two_theta_deg"]:
        near = np.abs(pattern.two_theta_deg - line) < 0.05
        drawn = levels[np.abs(centres - line) < 0.1].max()
        assert drawn / 255 == pytest.approx(np.sqrt(heights[near].max() / heights.max()), abs=0.05)
    assert not trace_of(content, measured=False).measured


def test_relative_sources_are_looked_for_beside_the_run(documents: Documents, measured: Path) -> None:
    [content] = documents(1)
    content["peaks"]["source"] = measured.name
    assert not trace_of(content).measured
    assert trace_of(content, folders=(measured.parent,)).measured


def test_another_file_in_its_place_is_not_drawn(documents: Documents, measured: Path) -> None:
    [content] = documents(1)
    content["peaks"]["source"] = str(measured)
    x = np.arange(60.0, 90.0, 0.02)
    np.savetxt(measured, np.column_stack([x, np.random.default_rng(0).poisson(50, x.size)]))
    assert not trace_of(content).measured
    measured.write_text("nothing to read")
    assert not trace_of(content).measured


def test_documents_without_lines_have_no_trace(documents: Documents) -> None:
    assert trace_of(documents(6)[5]) is None
