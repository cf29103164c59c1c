from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from hybrid_index.batch import BatchItem, BatchSummary, collect_items, run_batch, run_folder
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, OutputError
from tests.batch.helpers import Inline, items_of, lines_of, results_of, start_script, uxd_scans, wait_until
from tests.batch.solvers import at_once, read_only, solve

NAMES = tuple(f"item {number}" for number in range(12))


def rows_of(run: Path, columns: str = "id, status, result, attempts") -> list[tuple[object, ...]]:
    database = sqlite3.connect(run / "state.sqlite")
    try:
        return database.execute(f"SELECT {columns} FROM inputs ORDER BY position, scan").fetchall()
    finally:
        database.close()


class Resumed:
    """Runs a folder, and remembers what was done and said."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.done: list[str] = []
        self.said: list[str] = []

    def __call__(self, items: list[BatchItem], **options: object) -> BatchSummary:
        self.done, self.said = [], []
        if not {"solve", "executor"} & set(options):
            options["executor"] = Inline(at_once, options.get("settings") or Settings())  # type: ignore[arg-type]
        return run_folder(
            items,
            self.run,
            progress=lambda content, finished, total: self.done.append(content["id"]),
            say=self.said.append,
            workers=2,
            **options,  # type: ignore[arg-type]
        )


@pytest.fixture
def again(tmp_path: Path) -> Resumed:
    return Resumed(tmp_path / "RUN")


def test_a_run_and_its_files(again: Resumed) -> None:
    summary = again(items_of("good", "bad", "deadly", "good:2"), solve=solve)
    assert summary.by_status == {"solved": 2, "failed": 2}
    assert summary.path == again.run / "results.jsonl"
    results = results_of(again.run)
    assert set(results) == {"good", "bad", "deadly", "good:2"}
    assert results["deadly"]["reasons"] == ["the worker process died (signal 9); 2 attempts failed"]
    assert all(len(results["good"]["batch"][name]) == 64 for name in ("content_sha256", "settings_sha256"))
    assert rows_of(again.run) == [
        ("good", "done", "solved", 1),
        ("bad", "failed", "failed", 1),
        ("deadly", "failed", "failed", 2),
        ("good:2", "done", "solved", 1),
    ]
    ((error, seconds, worker),) = [r[1:] for r in rows_of(again.run, "id, error, seconds, worker") if r[0] == "bad"]
    assert "cannot be read" in str(error)
    assert isinstance(seconds, float)
    assert worker
    settings = json.loads((again.run / "settings.json").read_text())
    assert settings["settings"]["budget_s"] == Settings().budget_s
    assert [path.name for path in again.run.iterdir() if "partial" in path.name] == []


def test_what_is_done_is_not_done_again(again: Resumed) -> None:
    again(items_of(*NAMES))
    before = (again.run / "results.jsonl").read_bytes()
    summary = again(items_of(*NAMES))
    assert (again.done, again.said, summary.resumed, summary.total) == ([], [], 12, 12)
    assert (again.run / "results.jsonl").read_bytes() == before


def test_new_and_vanished_inputs(again: Resumed) -> None:
    again(items_of(*NAMES[:4]))
    summary = again([*items_of(*NAMES)[:2], BatchItem(id="new", two_theta=(3.0,))][::-1])
    assert again.done == ["new"]
    assert again.said == ["results whose inputs are no longer named, kept: 2"]
    assert summary.by_status == {"solved": 3}
    assert set(results_of(again.run)) == {*NAMES[:4], "new"}
    assert again(items_of(*NAMES[:4])).resumed == 4
    assert again.done == []


def test_content_counts_and_not_the_date(again: Resumed, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.xy", "b.xy")]
    for file in files:
        file.write_text("1 2\n")
    items = collect_items([str(file) for file in files])
    again(items)
    os.utime(files[0], (1e9, 1e9))
    again(items)
    assert again.done == []
    stamp = files[0].stat()
    files[0].write_text("1 3\n")
    os.utime(files[0], (stamp.st_atime, stamp.st_mtime + 1.0))
    again(items)
    assert again.done == [str(files[0])]
    assert again.said == ["inputs that have changed since, done again: 1"]
    files[1].unlink()
    again(items)
    assert again.done == [str(files[1])]
    assert len(results_of(again.run)) == 2


def test_changed_settings_are_refused_and_named(again: Resumed) -> None:
    again(items_of(*NAMES[:3]), settings=Settings(seed=1))
    before = (again.run / "results.jsonl").read_bytes()
    with pytest.raises(InputError, match=r"other settings \(seed 1 → 2, wavelength none → CuKa\).*--force") as caught:
        again(items_of(*NAMES[:3]), settings=Settings(seed=2), options={"wavelength": "CuKa"})
    assert caught.value.source == "--out"
    assert (again.run / "results.jsonl").read_bytes() == before
    (again.run / "settings.json").write_text("{")  # the lines remember as well
    with pytest.raises(InputError, match="other settings"):
        again(items_of(*NAMES[:3]), settings=Settings(seed=2))
    again(items_of(*NAMES[:3]), settings=Settings(seed=2), force=True)
    assert len(again.done) == 3
    assert {line["seed"] for line in lines_of(again.run / "results.jsonl")} == {2}
    again(items_of(*NAMES[:3]), settings=Settings(seed=2))
    assert again.done == []


def test_another_version_is_said(again: Resumed) -> None:
    again(items_of("a"))
    path = again.run / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": "0.0.1"}))
    again(items_of("a"))
    assert (again.done, len(again.said)) == ([], 1)
    assert "results of version 0.0.1" in again.said[0]


def test_failed_ones_are_tried_again_when_asked(again: Resumed, tmp_path: Path) -> None:
    names = ("good", "bad", "deadly")
    again(items_of(*names), solve=solve)
    again(items_of(*names))
    assert again.done == []
    summary = again(items_of(*names), retry_failed=True)
    assert sorted(again.done) == ["bad", "deadly"]
    assert again.said == ["failed inputs, tried again: 2"]
    assert summary.by_status == {"solved": 3}
    assert [row[3] for row in rows_of(again.run)] == [1, 1, 1]


def test_identical_inputs_are_one_and_different_ones_need_names(again: Resumed) -> None:
    summary = again(items_of("a", "b") + items_of("a"))
    assert summary.total == 2
    assert again.said == ["inputs named more than once, done once: 1"]
    with pytest.raises(InputError, match="a: this id stands for two different inputs"):
        again([*items_of("a", "b"), BatchItem(id="a", two_theta=(9.0,))])
    again(items_of("a", "b"))
    assert again.done == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + b'{"id": "torn',
        lambda data: data + bytes(500),
        lambda data: b'{"id": "x"}\n' + data,
        lambda data: data + data,
        lambda data: b"",
        lambda data: data.replace(b'"solved"', b'"soved', 1),
    ],
    ids=["cut", "no newline", "torn", "zeros", "foreign", "twice", "emptied", "broken inside"],
)
@pytest.mark.parametrize("with_state", [True, False])
def test_damaged_results_are_repaired(again: Resumed, damage: object, with_state: bool) -> None:
    again(items_of(*NAMES))
    undisturbed, path = results_of(again.run), again.run / "results.jsonl"
    whole = path.read_bytes()
    path.write_bytes(damage(whole))  # type: ignore[operator]
    if not with_state:
        (again.run / "state.sqlite").unlink()
    again(items_of(*NAMES))
    assert results_of(again.run) == undisturbed
    kept = sum(line in whole for line in damage(whole).splitlines(keepends=True) if line.endswith(b"\n"))  # type: ignore[operator]
    assert len(again.done) >= 12 - kept
    again(items_of(*NAMES))
    assert (again.done, again.said) == ([], [])


@pytest.mark.parametrize("damage", ["garbage", "truncated", "emptied", "layout", "gone", "header"])
def test_damaged_database_is_set_aside_and_made_anew(again: Resumed, damage: str) -> None:
    again(items_of(*NAMES[:6]))
    before = (again.run / "results.jsonl").read_bytes()
    path = again.run / "state.sqlite"
    match damage:
        case "garbage":
            path.write_bytes(os.urandom(20_000))
        case "truncated":
            path.write_bytes(path.read_bytes()[:9000])
        case "emptied":
            path.write_bytes(b"")
        case "gone":
            path.unlink()
        case "header":
            path.write_bytes(b"\0" * 200 + path.read_bytes()[200:])
        case "layout":
            database = sqlite3.connect(path)
            database.execute("PRAGMA user_version = 99")
            database.close()
    summary = again(items_of(*NAMES))
    assert sorted(again.done) == sorted(NAMES[6:])
    assert summary.total == 12
    assert (again.run / "results.jsonl").read_bytes().startswith(before)
    assert len(results_of(again.run)) == 12
    told = damage not in ("emptied", "gone")
    assert [("set aside" in sentence) for sentence in again.said] == [True] * told
    assert (again.run / "state.sqlite.damaged-1").exists() == told
    assert len(rows_of(again.run)) == 12


def test_each_scan_of_a_file_is_an_input(again: Resumed, tmp_path: Path) -> None:
    many, single = tmp_path / "many.uxd", tmp_path / "single.xy"
    uxd_scans(many)
    single.write_text("\n".join(f"{10 + 0.02 * i:.2f} {i % 7 + 1}" for i in range(60)))
    items = collect_items([str(many), str(single)])
    expected = {str(many): str(many), f"{many}#2": f"{many}#2", f"{many}#3": f"{many}#3", str(single): str(single)}
    summary = again(items, executor=Inline(read_only, Settings()))
    assert summary.total == 4
    assert {key: line["source"] for key, line in results_of(again.run).items()} == expected
    again(items, executor=Inline(read_only, Settings()))
    assert again.done == []
    (again.run / "state.sqlite").unlink()
    again(items, executor=Inline(read_only, Settings()))
    assert again.done == []
    assert [row[0] for row in rows_of(again.run)] == list(expected)
    # A scan whose line is lost is done again, also when the one that told of it is lost.
    for lost in (1, 2):
        lines = (again.run / "results.jsonl").read_bytes().splitlines(keepends=True)
        (again.run / "results.jsonl").write_bytes(b"".join(lines[lost:]))
        again(items, executor=Inline(read_only, Settings()))
        assert len(again.done) == lost
        assert set(results_of(again.run)) == set(expected)
        assert again(items, executor=Inline(read_only, Settings())).total == 4
    # The file has changed: all of its scans are done again, and those that are gone are gone.
    uxd_scans(many, n=2)
    again(items, executor=Inline(read_only, Settings()))
    assert set(results_of(again.run)) == set(expected) - {f"{many}#3"}
    assert sorted(again.done) == [str(many), f"{many}#2"]
    # The plain file has them in order.
    run_batch(items, tmp_path / "plain.jsonl", executor=Inline(read_only, Settings()))
    assert [line["id"] for line in lines_of(tmp_path / "plain.jsonl")] == [str(many), f"{many}#2", str(single)]


def test_names_that_are_no_unicode(again: Resumed, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    try:
        (folder / os.fsdecode(b"caf\xe9.xy")).write_text("1 2\n")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    items = collect_items([str(folder)])
    again(items, executor=Inline(read_only, Settings()))
    again(items, executor=Inline(read_only, Settings()))
    assert again.done == []
    (result,) = results_of(again.run).values()
    assert result["status"] == "failed"
    assert "caf" in result["reasons"][0]
    run_batch(items, tmp_path / "plain.jsonl", executor=Inline(read_only, Settings()))
    assert len(lines_of(tmp_path / "plain.jsonl")) == 1


def test_two_at_once(again: Resumed, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = start_script(
        tmp_path / "script.py", f"run_folder(items_of('hanging:{mark}'), {str(again.run)!r}, solve=solvers.solve)\n"
    )
    wait_until(lambda: mark.exists() and bool(mark.read_text()), process)
    with pytest.raises(OutputError, match=rf"a batch is at work here \(process {process.pid} on .*another folder"):
        again(items_of("good"))
    process.kill()
    process.communicate()
    assert again(items_of("good")).total == 1  # the lock went with its process


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"file: cannot be written \(File exists\)"):
        run_folder([], tmp_path / "file")
    assert run_folder([], tmp_path / "empty").total == 0
    assert (tmp_path / "empty" / "results.jsonl").read_text() == ""
    shutil.rmtree(tmp_path / "empty")
