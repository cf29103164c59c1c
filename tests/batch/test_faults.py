"""Faults that really happen; after each, the results are those of an undisturbed run, none twice, none missing."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hybrid_index.batch import BatchItem, LocalPool, run_folder
from hybrid_index.batch.results import Appender
from hybrid_index.config import Settings
from hybrid_index.errors import OutputError, WorkerError
from tests.batch.helpers import Inline, is_alive, items_of, lines_of, results_of, start_script, wait_until
from tests.batch.solvers import at_once, solve, steady

N_KILLS = 20
NAMES = tuple(f"item {number}" for number in range(200))


class Unloadable:
    """Work that ends a process which tries to load it."""

    def __call__(self, item: BatchItem, settings: Settings) -> dict[str, Any]:
        raise AssertionError

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def undisturbed(folder: Path, items: list[BatchItem]) -> dict[str, dict[str, Any]]:
    run_folder(items, folder, executor=Inline(at_once, Settings()))
    return results_of(folder)


@pytest.mark.slow
def test_parent_is_killed_at_random_moments(tmp_path: Path) -> None:
    def size_of(path: Path) -> int:
        return path.stat().st_size if path.exists() else 0

    random_moment = random.Random(7)
    run, results = tmp_path / "RUN", tmp_path / "RUN" / "results.jsonl"
    expected = undisturbed(tmp_path / "undisturbed", items_of(*NAMES))
    body = f"run_folder(items_of(*{NAMES!r}), {str(run)!r}, workers=2, solve=solvers.steady)\n"
    seen: list[int] = []
    for _ in range(N_KILLS):
        before = size_of(results)
        process = start_script(tmp_path / "script.py", body)
        while random_moment.random() < 0.98 and size_of(results) == before and process.poll() is None:
            time.sleep(0.02)  # mostly in the midst of the work, now and then while it starts
        time.sleep(random_moment.uniform(0.0, 0.1))
        process.kill()
        process.communicate()
        seen.append(len(results.read_bytes().splitlines()) if results.exists() else 0)
    assert seen == sorted(seen)  # nothing that was done is lost
    assert 0 < seen[-1] < len(NAMES)
    done: list[str] = []
    run_folder(items_of(*NAMES), run, workers=2, solve=steady, progress=lambda content, *_: done.append(content["id"]))
    assert results_of(run) == expected
    assert len(done) >= len(NAMES) - seen[-1]


@pytest.mark.slow
def test_workers_are_killed_at_random_moments(tmp_path: Path) -> None:
    random_moment = random.Random(11)
    expected = undisturbed(tmp_path / "undisturbed", items_of(*NAMES))
    kills = 0

    def kill_one(content: dict[str, Any], finished: int, total: int) -> None:
        nonlocal kills
        if kills < N_KILLS and finished < total - 40 and random_moment.random() < 0.3:
            workers = multiprocessing.active_children()
            time.sleep(random_moment.uniform(0.0, 0.02))
            os.kill(random_moment.choice(workers).pid or 0, signal.SIGKILL)
            kills += 1

    run_folder(items_of(*NAMES), tmp_path / "RUN", workers=2, solve=steady, progress=kill_one)
    assert kills == N_KILLS
    assert results_of(tmp_path / "RUN") == expected


def test_hanging_input_is_given_up_with_all_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    names = (f"hanging:{mark}", *NAMES[:10])
    pool = LocalPool(Settings(), workers=2, timeout_s=0.7, solve=solve)
    summary = run_folder(items_of(*names), tmp_path / "RUN", executor=pool)
    assert summary.by_status == {"failed": 1, "solved": 10}
    reasons = results_of(tmp_path / "RUN")[names[0]]["reasons"]
    assert reasons == ["the worker process took longer than 0.7 s; 2 attempts failed"]
    pids = mark.read_text().split()
    assert len(pids) == 4  # worker and helper, twice
    wait_until(lambda: not any(is_alive(int(pid)) for pid in pids))


def test_worker_out_of_memory(tmp_path: Path) -> None:
    pool = LocalPool(Settings(), workers=2, memory_limit_bytes=500_000_000, solve=solve)
    summary = run_folder(items_of("hungry", *NAMES[:10]), tmp_path / "RUN", executor=pool)
    assert summary.by_status == {"failed": 1, "solved": 10}
    reasons = results_of(tmp_path / "RUN")["hungry"]["reasons"]
    assert reasons == ["the worker process needed more than its 500 MB of memory; 2 attempts failed"]


def test_worker_that_leaves_a_child_behind(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    summary = run_folder(items_of(f"forking:{mark}", "good"), tmp_path / "RUN", solve=solve)
    assert summary.by_status == {"failed": 1, "solved": 1}
    wait_until(lambda: not is_alive(int(mark.read_text())))  # it was killed, but dies in its own time


def test_workers_that_cannot_start(tmp_path: Path) -> None:
    pool = LocalPool(Settings(), solve=Unloadable())
    with pytest.raises(WorkerError, match=r"die before they begin \(exit code 3\).*--memory-limit"):
        run_folder(items_of("good"), tmp_path / "RUN", executor=pool)
    assert run_folder(items_of("good"), tmp_path / "RUN", solve=solve).by_status == {"solved": 1}


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = start_script(
        tmp_path / "script.py",
        f"run_folder(items_of('hanging:{mark}'), {str(tmp_path / 'RUN')!r}, solve=solvers.solve)\n",
    )
    wait_until(lambda: mark.exists() and mark.read_text().endswith("\n"), process)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(is_alive(int(pid)) for pid in mark.read_text().split()))


def test_interrupt(tmp_path: Path) -> None:
    mark, run = tmp_path / "mark", tmp_path / "RUN"
    names = ("good", f"hanging:{mark}", "good:2")
    process = start_script(
        tmp_path / "script.py",
        f"run_folder(items_of(*{names!r}), {str(run)!r}, workers=2, solve=solvers.solve)\n",
    )
    wait_until(lambda: mark.exists() and len(lines_of(run / "results.jsonl")) == 2, process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30.0)
    assert errors.count("KeyboardInterrupt") == 1  # the workers have nothing to say
    done: list[str] = []
    run_folder(
        items_of(*names),
        run,
        executor=Inline(at_once, Settings()),
        progress=lambda content, *_: done.append(content["id"]),
    )
    assert done == [names[1]]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 600 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk(small_disk: Path, tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "undisturbed", items_of(*NAMES))
    run = small_disk / "RUN"
    for _ in range(3):  # the same command on the disk that is still full fails the same way, and harms nothing
        with pytest.raises(OutputError, match=r"make room, say\), and the same command goes on"):
            run_folder(items_of(*NAMES), run, executor=Inline(at_once, Settings()))
    done = results_of(run)
    assert 5 < len(done) < len(NAMES)
    assert not list(run.glob("*damaged*"))
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    again: list[str] = []
    run_folder(
        items_of(*NAMES),
        run,
        executor=Inline(at_once, Settings()),
        progress=lambda content, *_: again.append(content["id"]),
    )
    assert results_of(run) == expected
    assert not set(again) & set(done)


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """As a full disk, for those who may not mount: writes fail beyond *size*, in the middle of a line."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_files_that_may_not_grow(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "undisturbed", items_of(*NAMES))
    run = tmp_path / "RUN"
    with files_limited_to(400_001), pytest.raises(OutputError, match=r"cannot be written .* what is done is safe"):
        run_folder(items_of(*NAMES), run, executor=Inline(at_once, Settings()))
    assert 5 < len(results_of(run)) < len(NAMES)
    run_folder(items_of(*NAMES), run, executor=Inline(at_once, Settings()))
    assert results_of(run) == expected


def test_a_line_is_appended_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    with files_limited_to(2500), Appender(path) as results:
        results.append(b"x" * 999 + b"\n")
        results.append(b"y" * 999 + b"\n")
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            results.append(b"z" * 999 + b"\n")
        assert path.read_bytes().endswith(b"y\n")
        results.append(b"short\n")
    assert [len(line) for line in path.read_bytes().splitlines()] == [999, 999, 5]
