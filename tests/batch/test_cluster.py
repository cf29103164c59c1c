"""Batches over Ray, on clusters of several nodes that all live on this machine."""

from __future__ import annotations

import importlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import hybrid_index
from hybrid_index.batch import BatchItem, run_batch, run_folder
from hybrid_index.batch.cluster import RayExecutor
from hybrid_index.batch.executors import Solve
from hybrid_index.batch.ray_actor import Greeting
from hybrid_index.batch.ray_connection import connect
from hybrid_index.config import Settings
from hybrid_index.errors import InputError, WorkerError
from hybrid_index.types import PeakList
from tests.batch.helpers import Inline, is_alive, items_of, lines_of, results_of, start_script, wait_until
from tests.batch.solvers import at_once, solve, steady

NAMES = tuple(f"item {number}" for number in range(100))
N_KILLS = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A cluster whose head has no CPU for workers, and one node with two; this process is connected with it."""
    ray = pytest.importorskip("ray", reason="Ray is not installed (the extra hybrid-index[cluster])")
    utilities: Any = importlib.import_module("ray.cluster_utils")
    started = utilities.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    started.add_node(num_cpus=2)
    ray.init(started.address, log_to_driver=False, configure_logging=False)
    yield started
    ray.shutdown()
    started.shutdown()


class Unloadable:
    """Work that ends a process which tries to load it."""

    def __call__(self, item: BatchItem, settings: Settings) -> dict[str, Any]:
        raise AssertionError

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (3,)


def executor(solve: Solve, **options: Any) -> RayExecutor:
    return RayExecutor(Settings(), solve=solve, **options)


def undisturbed(folder: Path, items: list[BatchItem]) -> dict[str, dict[str, Any]]:
    run_folder(items, folder, executor=Inline(at_once, Settings()))
    return results_of(folder)


@pytest.mark.slow
def test_ordinary_batch_and_inputs_that_fail(cluster: Any, tmp_path: Path) -> None:
    names = ("a", "bad:b", "broken", "c", f"once:{tmp_path / 'mark'}", "deadly", "leaving", "d")
    summary = run_batch(items_of(*names), tmp_path / "out.jsonl", executor=executor(solve))
    assert summary.by_status == {"solved": 4, "failed": 4}
    lines = lines_of(tmp_path / "out.jsonl")
    assert [line["id"] for line in lines] == list(names)
    assert {line["threads"] for line in lines if line["status"] == "solved"} == {"1"}
    reasons = {line["id"]: line["reasons"] for line in lines if line["status"] == "failed"}
    lost = [f"the worker process died (on {os.uname().nodename}); 2 attempts failed"]
    assert reasons == {
        "bad:b": ["bad:b: cannot be read"],
        "broken": ["internal error: ZeroDivisionError: division by zero"],
        "deadly": lost,
        "leaving": lost,
    }


@pytest.mark.slow
def test_search_gives_the_same_as_in_the_local_pool(cluster: Any, tmp_path: Path, peaks: PeakList) -> None:
    lists = [tuple(peaks.two_theta_deg[:n]) for n in (20, 25)]
    items = [BatchItem(id=f"{len(lines)}", two_theta=lines, wavelength="CuKa1") for lines in lists]
    settings = Settings(budget_s=60.0)
    run_folder(items, tmp_path / "ray", settings=settings, executor=RayExecutor(settings))
    run_folder(items, tmp_path / "local", settings=settings, workers=2)
    assert results_of(tmp_path / "ray") == results_of(tmp_path / "local")


@pytest.mark.slow
def test_workers_are_killed_at_random_moments(cluster: Any, tmp_path: Path) -> None:
    random_moment = random.Random(5)
    engine, killed = executor(steady), set[int]()

    def kill_one(content: dict[str, Any], finished: int, total: int) -> None:
        pids = {worker.greeting.pid for worker in engine._pool if worker.greeting is not None} - killed
        if len(killed) < N_KILLS and finished < total - 40 and pids and random_moment.random() < 0.3:
            time.sleep(random_moment.uniform(0.0, 0.02))
            killed.add(victim := random_moment.choice(sorted(pids)))
            os.kill(victim, signal.SIGKILL)

    run_folder(items_of(*NAMES), tmp_path / "RUN", executor=engine, progress=kill_one)
    assert len(killed) == N_KILLS
    assert results_of(tmp_path / "RUN") == undisturbed(tmp_path / "undisturbed", items_of(*NAMES))


@pytest.mark.slow
def test_node_is_lost(cluster: Any, tmp_path: Path) -> None:
    node = cluster.add_node(num_cpus=2)
    engine, lost = executor(steady), list[int]()

    def lose_node(content: dict[str, Any], finished: int, total: int) -> None:
        at_work = [worker for worker in engine._busy() if worker.greeting.node_id == node.node_id]
        if at_work and not lost:
            lost.extend(worker.greeting.pid for worker in engine._pool if worker in at_work)
            cluster.remove_node(node, allow_graceful=False)

    many = tuple(f"item {number}" for number in range(600))
    run_folder(items_of(*many), tmp_path / "RUN", executor=engine, progress=lose_node)
    assert lost
    assert not any(is_alive(pid) for pid in lost)
    assert results_of(tmp_path / "RUN") == undisturbed(tmp_path / "undisturbed", items_of(*many))


@pytest.mark.slow
def test_command_is_killed_and_another_engine_goes_on(cluster: Any, tmp_path: Path) -> None:
    """The command has a Ray of its own, which ends with it."""
    run = tmp_path / "RUN"
    process = start_script(
        tmp_path / "script.py",
        f"""
        from hybrid_index.batch.cluster import RayExecutor
        from hybrid_index.config import Settings
        engine = RayExecutor(Settings(), address="local", workers=2, solve=solvers.steady)
        run_folder(items_of(*{NAMES!r}), {str(run)!r}, executor=engine)
        """,
    )
    wait_until(lambda: (run / "results.jsonl").exists() and len(lines_of(run / "results.jsonl")) > 10, process)
    process.kill()
    process.communicate()
    done = len(lines_of(run / "results.jsonl"))
    assert done < len(NAMES)
    again: list[str] = []
    run_folder(
        items_of(*NAMES), run, executor=executor(steady), progress=lambda content, *_: again.append(content["id"])
    )
    assert len(again) == len(NAMES) - done
    assert results_of(run) == undisturbed(tmp_path / "undisturbed", items_of(*NAMES))


@pytest.mark.slow
def test_worker_out_of_memory(cluster: Any, tmp_path: Path) -> None:
    engine = executor(solve, memory_limit_bytes=800_000_000)
    summary = run_folder(items_of("hungry", *NAMES[:5]), tmp_path / "RUN", executor=engine)
    assert summary.by_status == {"failed": 1, "solved": 5}
    reasons = results_of(tmp_path / "RUN")["hungry"]["reasons"]
    assert reasons == ["the worker process needed more than its 800 MB of memory; 2 attempts failed"]


@pytest.mark.slow
def test_workers_that_cannot_start(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="on the Ray cluster die before they begin: "):
        run_folder(items_of("good"), tmp_path / "RUN", executor=executor(Unloadable()))
    assert run_folder(items_of("good"), tmp_path / "RUN", executor=executor(solve)).by_status == {"solved": 1}


@pytest.mark.slow
def test_file_that_no_worker_sees(cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where file systems are not shared: here the file is there, on the node it is not."""
    monkeypatch.setattr("hybrid_index.batch.cluster.file_stamp", lambda item: (7, 7))
    with pytest.raises(WorkerError, match=r"absent\.xy is not to be found on node .*--shard"):
        run_folder([BatchItem(id="x", file="absent.xy")], tmp_path / "RUN", executor=executor(at_once))
    assert results_of(tmp_path / "RUN") == {}


@pytest.mark.slow
def test_hanging_input_is_given_up_with_all_it_started(cluster: Any, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    names = (f"hanging:{mark}", *NAMES[:5])
    summary = run_folder(items_of(*names), tmp_path / "RUN", executor=executor(solve, timeout_s=1.0))
    assert summary.by_status == {"failed": 1, "solved": 5}
    reasons = results_of(tmp_path / "RUN")[names[0]]["reasons"]
    assert reasons == ["the worker process took longer than 1 s; 2 attempts failed"]
    pids = [int(pid) for pid in mark.read_text().split()]
    assert len(pids) == 4  # worker and helper, twice
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_address_where_nobody_listens() -> None:
    with pytest.raises(InputError, match=r"--address: no Ray cluster answers at '127\.0\.0\.1:1'"):
        connect(pytest.importorskip("ray"), "127.0.0.1:1", None)


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r'pip install "hybrid-index\[cluster\]"'):
        executor(at_once)


def test_versions_must_agree() -> None:
    greeting = Greeting(host="node7", node_id="7", pid=7, version=hybrid_index.__version__)
    greeting.check()
    with pytest.raises(WorkerError, match=r"node7 has hybrid-index 0\.0\.1, but here it is .*same version on all"):
        replace(greeting, version="0.0.1").check()
