"""What the network adds to the search: hybrid, classical engines alone, network alone, on the same budgets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median, median_low
from typing import Any, Literal, get_args

import numpy as np

from benchmarks.accuracy.cases import Case
from benchmarks.accuracy.score import index_and_judge
from benchmarks.accuracy.summary import ALL
from benchmarks.neural.report import HIGH_SYMMETRY, LOW_SYMMETRY
from hybrid_index import Settings
from hybrid_index.lattice import CRYSTAL_SYSTEMS

Mode = Literal["never", "auto", "only"]
Clock = Literal["seconds", "search_s"]
MODES: tuple[Mode, ...] = get_args(Mode)
NAMES = {"never": "classical", "auto": "hybrid", "only": "net alone"}
BUDGETS_S = (0.03, 0.1, 0.3, 1.0, 5.0)
HIGH, LOW = "cubic to orthorhombic", "monoclinic, triclinic"
PARTS = {HIGH: HIGH_SYMMETRY, LOW: LOW_SYMMETRY, ALL: CRYSTAL_SYSTEMS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What became of a case in one mode with one budget.

    Parameters
    ----------
    rank
        Place of the true lattice in the list of answers; ``None`` where it is not there.
    seconds
        Wall time of the whole call.
    search_s
        Of that, the search itself, which the budget limits; the rest is the last refinement of the answers.
    reused
        Whether the run was made with a larger budget, and ended within this one.
    """

    name: str
    group: str
    system: str
    mode: Mode
    budget_s: float
    rank: int | None
    status: str
    probability: float
    seconds: float
    search_s: float
    reused: bool

    @property
    def right(self) -> bool:
        """Whether the true lattice came first."""
        return self.rank == 1


def runs(cases: Sequence[Case], settings: Settings, budgets_s: Sequence[float]) -> Iterator[list[Run]]:
    """Run each case in all modes with all budgets; the modes take turns in going first."""
    for number, case in enumerate(cases):
        turn = number % len(MODES)
        yield [run for mode in MODES[turn:] + MODES[:turn] for run in runs_of(case, mode, settings, budgets_s)]


def runs_of(case: Case, mode: Mode, settings: Settings, budgets_s: Sequence[float]) -> Iterator[Run]:
    """Run a case from the largest budget down.

    A run whose whole call took less time than the next budget stands for that one.
    Time is all that a budget limits, and the same seed gives the same answer, so another run would be its copy.
    """
    outcome, search_s = None, 0.0
    for budget in sorted(budgets_s, reverse=True):
        reused = outcome is not None and outcome.seconds < budget
        if outcome is None or not reused:
            outcome, result = index_and_judge(case, replace(settings, neural=mode, budget_s=budget))
            search_s = result.timing_s["search"] + result.timing_s["rank"] if result else outcome.seconds
        yield Run(
            name=case.name,
            group=case.group,
            system=case.system,
            mode=mode,
            budget_s=budget,
            rank=outcome.rank,
            status=outcome.status,
            probability=outcome.probability,
            seconds=outcome.seconds,
            search_s=search_s,
            reused=reused,
        )


def groups(found: Sequence[Run]) -> dict[str, list[Run]]:
    """Runs of each condition or tier, and all of them where there are several."""
    parts = {name: [r for r in found if r.group == name] for name in dict.fromkeys(r.group for r in found)}
    return {**parts, ALL: list(found)} if len(parts) > 1 else parts


def budgets_of(found: Sequence[Run]) -> list[float]:
    """The budgets of these runs, ascending."""
    return sorted({r.budget_s for r in found})


def shares(found: Sequence[Run], mode: Mode, *, in_list: bool = False) -> list[float]:
    """Share of the cases whose true lattice came first (or was in the list), by budget, ascending."""
    out = []
    for budget in budgets_of(found):
        mine = [r for r in found if r.mode == mode and r.budget_s == budget]
        out.append(sum(r.rank is not None if in_list else r.right for r in mine) / len(mine))
    return out


def summary(found: Sequence[Run]) -> dict[str, Any]:
    """Shares and median wall seconds of every mode, by budget."""
    budgets = budgets_of(found)
    out: dict[str, Any] = {"n": len(found) // (len(MODES) * len(budgets)), "budgets_s": budgets}
    for mode in MODES:
        seconds = [median(r.seconds for r in found if r.mode == mode and r.budget_s == b) for b in budgets]
        first, in_list = shares(found, mode), shares(found, mode, in_list=True)
        out[mode] = {"rank1": first, "in_list": in_list, "median_s": seconds}
    return out


def gains_and_losses(found: Sequence[Run]) -> dict[str, dict[float, tuple[int, int]]]:
    """Cases that only the hybrid solved, and those that only the classical way did: by system, then by budget."""
    right = {(r.group, r.name, r.budget_s, r.mode): r.right for r in found}
    out: dict[str, dict[float, tuple[int, int]]] = {}
    for system in [*CRYSTAL_SYSTEMS, ALL]:
        mine = [r for r in found if r.mode == "auto" and system in (r.system, ALL)]
        if mine:
            out[system] = {b: _difference([r for r in mine if r.budget_s == b], right) for b in budgets_of(found)}
    return out


def _difference(hybrid: Sequence[Run], right: dict[tuple[str, str, float, Mode], bool]) -> tuple[int, int]:
    classical = [right[r.group, r.name, r.budget_s, "never"] for r in hybrid]
    gains = sum(r.right and not other for r, other in zip(hybrid, classical, strict=True))
    losses = sum(other and not r.right for r, other in zip(hybrid, classical, strict=True))
    return gains, losses


def fewer(found: Sequence[Run]) -> list[tuple[str, float, int]]:
    """Crystal systems and budgets with which the hybrid solves fewer cases, and how many fewer."""
    table = gains_and_losses(found)
    return [
        (system, budget, losses - gains)
        for system in CRYSTAL_SYSTEMS
        for budget, (gains, losses) in table.get(system, {}).items()
        if losses > gains
    ]


def budget_for(budgets_s: Sequence[float], solved: Sequence[float], share: float) -> float | None:
    """Budget at which a curve reaches a share: between two of its points, on a line over the logarithm.

    The first budget, where even that solves so many; ``None`` where no budget does.
    """
    if solved[0] >= share:
        return budgets_s[0]
    for i in range(1, len(solved)):
        if solved[i] >= share:
            part = (share - solved[i - 1]) / (solved[i] - solved[i - 1])
            return float(budgets_s[i - 1] * (budgets_s[i] / budgets_s[i - 1]) ** part)
    return None


def share_at(budgets_s: Sequence[float], solved: Sequence[float], budget_s: float) -> float:
    """Share solved with a budget, between the points of a curve on a line over the logarithm."""
    return float(np.interp(math.log(budget_s), np.log(budgets_s), solved))


def median_seconds_to_right(found: Sequence[Run], clock: Clock = "seconds") -> tuple[int, dict[Mode, float]]:
    """Number of cases that hybrid or classical way solve, and the median seconds to the right cell over these.

    The seconds of a case are those of its shortest run that was right; infinite where none was.
    """
    to_right: dict[tuple[str, str], dict[Mode, float]] = {}
    for r in found:
        times = to_right.setdefault((r.group, r.name), dict.fromkeys(MODES, math.inf))
        times[r.mode] = min(times[r.mode], getattr(r, clock) if r.right else math.inf)
    either = [times for times in to_right.values() if min(times["never"], times["auto"]) < math.inf]
    if not either:
        return 0, {}
    return len(either), {mode: median_low(times[mode] for times in either) for mode in ("never", "auto")}
