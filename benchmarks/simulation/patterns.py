"""How many patterns a second, and the memory for it: in a process of its own, which has not loaded pymatgen."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hybrid_index.simulate import Background, Profile, Structure, Texture, powder_lines, simulate_pattern
from hybrid_index.units import parse_radiation

MARGIN_DEG = 2.0
PLAIN = Profile.constant(0.1)
LABORATORY = Profile(u=0.01, v=-0.005, w=0.008, eta=0.5, axial_divergence_deg=2.0, crystallite_size_nm=60.0)
BACKGROUND = Background(constant=100.0, exponential=300.0, hump=60.0, chebyshev=(10.0, 5.0))
TEXTURE = Texture(hkl=(0, 0, 1), r=0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternFigures:
    """Patterns of 10,000 points a second on one core, by what they show; peak memory of the process.

    Memory is in MiB, and ``None`` where the system does not tell.
    """

    per_second: dict[str, float]
    n_structures: int
    start_mib: float | None
    peak_mib: float | None


def measure(structures: Sequence[Structure], *, seed: int, seconds: float) -> PatternFigures:
    """Measure for about so many seconds, in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measure, list(structures), seed, seconds).result()


def show(figures: PatternFigures, console: Console) -> None:
    """Print the rates and the memory."""
    table = Table(title=f"Patterns of 10,000 points, {figures.n_structures} structures in turn, one core")
    table.add_column("")
    table.add_column("a second", justify="right")
    for name, rate in figures.per_second.items():
        table.add_row(name, f"{rate:.0f}")
    console.print(table)
    if figures.start_mib is not None and figures.peak_mib is not None:
        memory = f"peak memory {figures.peak_mib:.0f} MiB, {figures.start_mib:.0f} MiB before the first pattern"
        console.print(memory, highlight=False)


def _measure(structures: Sequence[Structure], seed: int, seconds: float) -> PatternFigures:
    start_mib = _peak_mib()
    ka1, doublet = parse_radiation("CuKa1"), parse_radiation("CuKa")
    lists = [powder_lines(s, ka1, 80.0 + MARGIN_DEG) for s in structures]
    n = len(structures)
    tasks: dict[str, Callable[[int], object]] = {
        "lines alone, to 82°": lambda i: powder_lines(structures[i % n], ka1, 80.0 + MARGIN_DEG),
        "pattern of known lines: Kα1, symmetric": lambda i: simulate_pattern(lists[i % n], profile=PLAIN),
        "pattern of known lines: Kα1/Kα2, size, axial tails, background, noise": lambda i: simulate_pattern(
            lists[i % n], radiation=doublet, profile=LABORATORY, background=BACKGROUND, seed=seed + i
        ),
        "lines with texture, and all of this": lambda i: simulate_pattern(
            powder_lines(structures[i % n], doublet, 80.0 + MARGIN_DEG, texture=TEXTURE),
            profile=LABORATORY,
            background=BACKGROUND,
            seed=seed + i,
        ),
    }
    for task in tasks.values():
        task(0)
    per_task = seconds / len(tasks)
    rates = {name: _rate(task, n, per_task) for name, task in tasks.items()}
    return PatternFigures(per_second=rates, n_structures=n, start_mib=start_mib, peak_mib=_peak_mib())


def _rate(task: Callable[[int], object], n: int, seconds: float) -> float:
    """Calls a second: median over rounds through all *n* structures, of which there are at least three."""
    rates: list[float] = []
    begin, i = time.perf_counter(), 0
    while len(rates) < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        for _ in range(n):
            task(i)
            i += 1
        rates.append(n / (time.perf_counter() - start))
    return statistics.median(rates)


def _peak_mib() -> float | None:
    """Peak resident memory of this process alone: ``getrusage`` would remember what its parent held when it began."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = status.read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM:")), None)
