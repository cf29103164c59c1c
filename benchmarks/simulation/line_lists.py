"""How many line lists a second: kernels on one and on two cores, tensors on the CPU; and synthetic crystals."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from hybrid_index.neural.line_lists import draw_line_lists as draw_tensors
from hybrid_index.simulate import LineListTables, draw_line_lists, synthetic_crystal

BAR = 100_000.0
"""Lists a second on two cores that training asks for."""
KERNEL_BATCH = 8192
TENSOR_BATCHES = (512, 4096)
CRYSTALS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LineListFigures:
    """Rates, medians over rounds in which all take turns.

    Parameters
    ----------
    one_core, two_cores
        Line lists a second, with the kernels; where the machine has one core only, both are about the same.
    cpu_us
        Microseconds of processor time for one list: what one core could do if it had nothing else to do.
    tensors
        Line lists a second with torch on one core, by size of the batch.
    crystals
        Synthetic crystals a second.
    rounds, cores
        How often it was measured, and on how many cores.
    """

    one_core: float
    two_cores: float
    cpu_us: float
    tensors: dict[int, float]
    crystals: float
    rounds: int
    cores: int


def measure(*, seed: int, seconds: float) -> LineListFigures:
    """Measure for about so many seconds, after a round that compiles."""
    tables = LineListTables.of()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    tasks: dict[str, tuple[int, Callable[[int], object]]] = {
        "one": (KERNEL_BATCH, lambda i: draw_line_lists(KERNEL_BATCH, seed=seed, start=i * KERNEL_BATCH)),
        "two": (KERNEL_BATCH, lambda i: draw_line_lists(KERNEL_BATCH, seed=seed, start=i * KERNEL_BATCH, threads=2)),
        "crystals": (CRYSTALS, lambda i: _crystals(np.random.default_rng((seed, i)))),
    }
    for n in TENSOR_BATCHES:
        tasks[f"tensors {n}"] = (n, lambda i, n=n: draw_tensors(n, tables, seed=seed + i))  # type: ignore[misc]
    rates: dict[str, list[float]] = {name: [] for name in tasks}
    cpu: list[float] = []
    try:
        for _, task in tasks.values():
            task(0)
        start, i = time.perf_counter(), 0
        while time.perf_counter() - start < seconds or i < 3:
            i += 1
            for name, (n, task) in tasks.items():
                before, cpu_before = time.perf_counter(), time.process_time()
                task(i)
                rates[name].append(n / (time.perf_counter() - before))
                if name == "one":
                    cpu.append(1e6 * (time.process_time() - cpu_before) / n)
    finally:
        torch.set_num_threads(threads)
    median = {name: statistics.median(values) for name, values in rates.items()}
    return LineListFigures(
        one_core=median["one"],
        two_cores=median["two"],
        cpu_us=statistics.median(cpu),
        tensors={n: median[f"tensors {n}"] for n in TENSOR_BATCHES},
        crystals=median["crystals"],
        rounds=i,
        cores=len(os.sched_getaffinity(0)),
    )


def show(figures: LineListFigures, console: Console) -> None:
    """Print a table."""
    table = Table(title=f"line lists, medians of {figures.rounds} rounds on {figures.cores} cores")
    table.add_column("what")
    table.add_column("a second", justify="right")
    table.add_column("bar", justify="right")
    table.add_row("kernels, one core", f"{figures.one_core:,.0f}")
    table.add_row("kernels, two cores", f"{figures.two_cores:,.0f}", f"{BAR:,.0f}")
    table.add_row("kernels, by processor time of one core", f"{1e6 / figures.cpu_us:,.0f}")
    for n, rate in figures.tensors.items():
        table.add_row(f"tensors, one core, batches of {n}", f"{rate:,.0f}")
    table.add_row("synthetic crystals, one core", f"{figures.crystals:,.0f}")
    console.print(table)


def _crystals(rng: np.random.Generator) -> None:
    for _ in range(CRYSTALS):
        synthetic_crystal(rng)
