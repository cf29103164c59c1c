from __future__ import annotations

import json
import os
import random
import sqlite3
from pathlib import Path

import pytest

from hybrid_index.batch import BatchItem, BatchSummary, LocalPool, collect_items, run_folder
from hybrid_index.batch.identity import in_shard
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from tests.batch.helpers import Inline, results_of, start_script, uxd_scans, wait_until
from tests.batch.solvers import in_turn


def series_of(name: str, count: int, *, bad: tuple[int, ...] = (), first: float = 1.0) -> list[BatchItem]:
    return [
        BatchItem(
            id=f"{'bad ' if n in bad else ''}{name} {n}", two_theta=(first + n,), series=name, value=300.0 + n, unit="K"
        )
        for n in range(1, count + 1)
    ]


def run(items: list[BatchItem], folder: Path, **options: object) -> BatchSummary:
    if "executor" not in options and "workers" not in options:
        options["executor"] = Inline(in_turn, Settings())
    return run_folder(items, folder, solve=in_turn, **options)  # type: ignore[arg-type]


@pytest.fixture
def items() -> list[BatchItem]:
    two = zip(series_of("heating", 9, bad=(4,)), series_of("cooling", 9), strict=True)
    return [item for pair in two for item in pair]


def test_each_is_handed_what_the_one_before_has_left(items: list[BatchItem], tmp_path: Path) -> None:
    assert run(items, tmp_path / "RUN").by_status == {"solved": 17, "failed": 1}
    results = results_of(tmp_path / "RUN")
    expected = 4.0
    for item in series_of("heating", 9, bad=(4,)):
        series = results[item.id]["series"]
        assert (series["name"], series["value"], series["unit"]) == ("heating", item.value, "K")
        if not item.id.startswith("bad"):
            expected *= 1.0 + 1e-4 * item.two_theta[0]
            assert results[item.id]["solutions"][0]["cell"]["a"] == expected
        assert series["trusted"][0]["cell"]["a"] == expected
    relations = [results[item.id]["series"]["relation"] for item in series_of("heating", 9, bad=(4,))]
    assert relations == ["first", "continued", "continued", "lost", *["continued"] * 5]
    positions = [results[f"cooling {n}"]["series"]["position"] for n in range(1, 10)]
    assert positions == list(range(1, 10))
    assert results["heating 5"]["series"]["reference"] == "heating 3"
    assert results["heating 5"]["series"]["strain_percent"] == pytest.approx(100.0 * 6e-4)


def test_any_number_of_workers_gives_the_same(items: list[BatchItem], tmp_path: Path) -> None:
    run(items, tmp_path / "one")
    pool = LocalPool(Settings(), workers=3, solve=in_turn)
    run(items, tmp_path / "three", executor=pool)
    assert results_of(tmp_path / "three") == results_of(tmp_path / "one")


def test_interrupted_anywhere_and_continued(items: list[BatchItem], tmp_path: Path) -> None:
    run(items, tmp_path / "whole")
    rng = random.Random(1)
    lines = (tmp_path / "whole" / "results.jsonl").read_bytes().splitlines(keepends=True)
    for number in range(8):
        folder = tmp_path / str(number)
        folder.mkdir()
        cut = rng.randrange(len(lines))
        (folder / "results.jsonl").write_bytes(b"".join(lines[:cut]) + lines[cut][: rng.randrange(len(lines[cut]))])
        run(items, folder)
        assert results_of(folder) == results_of(tmp_path / "whole")


def test_killed_and_continued(tmp_path: Path) -> None:
    many = series_of("a", 60) + series_of("b", 60)
    run(many, tmp_path / "whole")
    body = (
        "from tests.batch.test_series import series_of\n"
        f"run_folder(series_of('a', 60) + series_of('b', 60), {str(tmp_path / 'RUN')!r}, workers=2,"
        " solve=solvers.in_turn)\n"
    )
    process = start_script(tmp_path / "script.py", body)
    results = tmp_path / "RUN" / "results.jsonl"
    wait_until(lambda: results.exists() and results.read_bytes().count(b"\n") > 5, process)
    os.killpg(process.pid, 9)
    process.communicate()
    again: list[str] = []
    run(many, tmp_path / "RUN", progress=lambda content, *_: again.append(content["id"]))
    assert len(again) < 120
    assert results_of(tmp_path / "RUN") == results_of(tmp_path / "whole")


def test_what_follows_a_change_is_done_again(tmp_path: Path) -> None:
    before, after = series_of("a", 6), series_of("a", 6)
    after[2] = BatchItem(id="a 3", two_theta=(9.0,), series="a", value=303.0, unit="K")
    said: list[str] = []
    done: list[str] = []
    run(before, tmp_path / "RUN")
    run(after, tmp_path / "RUN", say=said.append, progress=lambda content, *_: done.append(content["id"]))
    assert done == ["a 3", "a 4", "a 5", "a 6"]
    assert said == [
        "inputs that have changed since, done again: 1",
        "inputs that stand in a series after one that is to be done, done again: 3",
    ]
    run(after, tmp_path / "fresh")
    assert results_of(tmp_path / "RUN") == results_of(tmp_path / "fresh")
    # one taken out of the middle, and one put in at the end
    other = [*after[:3], *after[4:], BatchItem(id="a 7", two_theta=(2.0,), series="a")]
    done.clear()
    run(other, tmp_path / "RUN", progress=lambda content, *_: done.append(content["id"]))
    assert done == ["a 5", "a 6", "a 7"]


def test_failed_ones_are_tried_again_with_all_after_them(tmp_path: Path) -> None:
    done: list[str] = []
    run(series_of("a", 5, bad=(3,)), tmp_path / "RUN")
    run(
        series_of("a", 5, bad=(3,)),
        tmp_path / "RUN",
        retry_failed=True,
        progress=lambda content, *_: done.append(content["id"]),
    )
    assert done == ["bad a 3", "a 4", "a 5"]


def test_a_state_that_is_lost_is_made_again(items: list[BatchItem], tmp_path: Path) -> None:
    run(items, tmp_path / "whole")
    run(items[:8], tmp_path / "RUN")
    for name in ("state.sqlite", "state.sqlite-wal", "state.sqlite-shm"):
        (tmp_path / "RUN" / name).unlink(missing_ok=True)
    summary = run(items, tmp_path / "RUN")
    assert summary.resumed == 8
    assert results_of(tmp_path / "RUN") == results_of(tmp_path / "whole")
    database = sqlite3.connect(tmp_path / "RUN" / "state.sqlite")
    assert database.execute("SELECT count(*) FROM inputs WHERE status IN ('waiting', 'pending')").fetchone() == (0,)
    database.close()


def test_scans_of_a_file_follow_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    uxd_scans(data / "run1.uxd", n=3)
    uxd_scans(data / "run2.uxd", n=2)
    items = collect_items([str(data)], series=True)
    done: list[str] = []
    for _ in range(2):
        run(items, tmp_path / "RUN", progress=lambda content, *_: done.append(Path(content["id"]).name))
    assert done == ["run1.uxd", "run1.uxd#2", "run1.uxd#3", "run2.uxd", "run2.uxd#2"]
    results = results_of(tmp_path / "RUN")
    assert [results[f"{data}/{name}"]["series"]["position"] for name in done] == [1, 2, 3, 4, 5]
    # a scan that is added to the first file comes before the second file, which is done again
    uxd_scans(data / "run1.uxd", n=4)
    run(items, tmp_path / "RUN", progress=lambda content, *_: done.append(Path(content["id"]).name))
    assert done[5:] == ["run1.uxd", "run1.uxd#2", "run1.uxd#3", "run1.uxd#4", "run2.uxd", "run2.uxd#2"]


def test_natural_order_whatever_the_shell_says(tmp_path: Path) -> None:
    for name in ("b/scan10.xy", "b/scan2.xy", "a/scan1.xy"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("1 2\n")
    given = [str(tmp_path / "b" / "scan10.xy"), str(tmp_path / "b" / "scan2.xy"), str(tmp_path / "a")]
    found = collect_items(given, series=True)
    assert [Path(item.file).name for item in found] == ["scan1.xy", "scan2.xy", "scan10.xy"]
    assert [item.series for item in found] == [str(tmp_path / "a"), *[str(tmp_path / "b")] * 2]
    assert [item.series for item in collect_items(given)] == ["", "", ""]


def test_manifest_of_series(tmp_path: Path) -> None:
    path = tmp_path / "list.jsonl"
    rows = [
        {"file": "b.xy", "value": 2, "unit": "h"},
        {"file": "a.xy", "series": "cell 7", "value": 0.5},
        {"file": "c.xy", "value": "hot"},
        {"file": "d.xy", "series": 4},
        {"file": "e.xy", "unit": 4},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    b, a, c, d, e = collect_items([str(path)], series=True)
    assert (b.series, b.value, b.unit) == (str(path), 2.0, "h")
    assert (a.series, a.value, a.unit) == ("cell 7", 0.5, "")
    assert ':3: "value" must be a number' in c.fault
    assert ':4: "series" must be a name' in d.fault
    assert ':5: "unit" must be a text' in e.fault


def test_a_series_stays_in_one_shard(items: list[BatchItem]) -> None:
    found: dict[str, set[int]] = {}
    for item in items:
        found.setdefault(item.series, set()).update(n for n in range(1, 5) if in_shard(item, (n, 4)))
    assert [len(shards) for shards in found.values()] == [1, 1]


def test_options_of_a_run_are_remembered(tmp_path: Path) -> None:
    options = {"wavelength": "CuKa", "series": True, "known": "cifs"}
    run(series_of("a", 2), tmp_path / "RUN", options=options)
    with pytest.raises(InputError, match=r"\(series yes → no, known cifs → none\)"):
        run(series_of("a", 2), tmp_path / "RUN", options={"wavelength": "CuKa", "series": False})
