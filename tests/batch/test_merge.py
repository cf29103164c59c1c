from __future__ import annotations

import json
from pathlib import Path

import pytest

from hybrid_index.batch import BatchItem, merge_runs, run_folder
from hybrid_index.batch.identity import in_shard
from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from tests.batch.helpers import Inline, items_of, lines_of, results_of
from tests.batch.solvers import at_once, solve

NAMES = tuple(f"item {number}" for number in range(60))


def run(folder: Path, items: list[BatchItem], *, shard: tuple[int, int] | None = None, seed: int = 0) -> list[str]:
    settings, done = Settings(seed=seed), list[str]()
    run_folder(
        items,
        folder,
        settings=settings,
        shard=shard,
        executor=Inline(at_once, settings),
        progress=lambda content, *_: done.append(content["id"]),
    )
    return done


def test_shards_are_all_of_it_and_none_twice(tmp_path: Path) -> None:
    items = items_of(*NAMES)
    parts = [[item.id for item in items if in_shard(item, (number, 7))] for number in range(1, 8)]
    assert sorted(name for part in parts for name in part) == sorted(NAMES)
    assert all(2 <= len(part) <= 18 for part in parts)
    # Which shard an input belongs to does not hang on the others.
    assert [item.id for item in items[::-2] if in_shard(item, (3, 7))] == [n for n in NAMES[::-2] if n in parts[2]]


def test_shards_united_are_the_undisturbed_run(tmp_path: Path) -> None:
    said: list[str] = []
    run(tmp_path / "whole", items_of(*NAMES))
    for number in (3, 1):
        run(tmp_path / "RUN", items_of(*NAMES), shard=(number, 3))
    assert merge_runs([tmp_path / "RUN"], tmp_path / "RUN", say=said.append).total < len(NAMES)
    assert said == ["of 3 shards, these are missing: 2"]
    run(tmp_path / "RUN", items_of(*NAMES), shard=(2, 3))
    said.clear()
    summary = merge_runs([tmp_path / "RUN"], tmp_path / "RUN", say=said.append)
    assert (summary.by_status, summary.conflicts, said) == ({"solved": 60}, (), [])
    assert results_of(tmp_path / "RUN") == results_of(tmp_path / "whole")
    assert [line["id"] for line in lines_of(summary.path)] == sorted(NAMES)
    # Whatever the order, the file is the same to the last byte; and a batch can go on with it.
    shards = sorted((tmp_path / "RUN").glob("shard-*"), reverse=True)
    assert merge_runs(shards, tmp_path / "other", say=said.append).path.read_bytes() == summary.path.read_bytes()
    assert run(tmp_path / "RUN", [*items_of(*NAMES), BatchItem(id="new", two_theta=(7.0,))]) == ["new"]


def test_duplicates_and_contradictions(tmp_path: Path) -> None:
    said: list[str] = []
    run_folder(items_of("good", "bad", "same"), tmp_path / "a", solve=solve)
    run(tmp_path / "b", items_of("good", "bad", "same"))
    summary = merge_runs([tmp_path / "a", tmp_path / "b"], tmp_path / "out", say=said.append)
    assert summary.by_status == {"solved": 3}  # what failed here and not there has not failed
    assert summary.conflicts == ("good", "same")
    assert said == ["2 inputs have contradicting results, of which the first named was kept: good, same"]
    assert results_of(tmp_path / "out")["good"]["threads"] == "1"
    summary = merge_runs([tmp_path / "b", tmp_path / "out"], tmp_path / "again", say=said.append)
    assert "threads" not in results_of(tmp_path / "again")["good"]


def test_torn_and_unfinished_runs_are_told_of(tmp_path: Path) -> None:
    said: list[str] = []
    run(tmp_path / "a", items_of(*NAMES[:5]))
    path = tmp_path / "a" / "results.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    assert merge_runs([tmp_path / "a"], tmp_path / "out", say=said.append).total == 4
    assert said == ["torn or damaged lines, left out: 1"]


def test_refusals(tmp_path: Path) -> None:
    run(tmp_path / "a", items_of("x"))
    run(tmp_path / "b", items_of("x"), seed=4)
    say = list[str]().append
    with pytest.raises(InputError, match=r"b: was made with other settings than .*a \(seed 0 → 4\)"):
        merge_runs([tmp_path / "a", tmp_path / "b"], tmp_path / "out", say=say)
    with pytest.raises(InputError, match="no RUN folder"):
        merge_runs([tmp_path], tmp_path / "out", say=say)
    with pytest.raises(InputError, match="nothing to unite"):
        merge_runs([tmp_path / "a"], tmp_path / "a", say=say)
    (tmp_path / "b" / "settings.json").write_text(json.dumps({"schema": "other"}))
    with pytest.raises(InputError, match=r"settings\.json is missing or damaged"):
        merge_runs([tmp_path / "b"], tmp_path / "out", say=say)
    assert not (tmp_path / "out").exists()
