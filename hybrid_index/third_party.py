"""Search engines of other packages, found through the entry-point group ``hybrid_index.sources``.

They are other people's code: one that cannot be loaded, raises, proposes rubbish or does not come to an end costs its
share of the budget and a sentence among the reasons, never the search.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.lattice import Cell, gram_from_metric, is_positive_definite, metric_subspace
from hybrid_index.types import Budget, Candidate, CandidateSource, PeakList

GROUP = "hybrid_index.sources"
BUDGET_SHARE = 0.3
"""Part of the whole budget after which an engine is told to stop."""
GRACE_S = 0.5
"""Seconds that an engine has to end once it has been told to."""
MAX_CANDIDATES = 1000
"""More proposals of one engine would take longer to refine than the search itself."""
_POLL_S = 0.02
_left_behind: dict[str, threading.Thread] = {}
"""Engines of this process that did not stop, by name."""


@dataclass(slots=True)
class _Share:
    """The budget that an engine sees: its share of the whole, and never more than what is left of that."""

    whole: Budget
    ends: float

    def exhausted(self) -> bool:
        return time.perf_counter() >= self.ends or self.whole.exhausted()


@dataclass(slots=True, eq=False)
class ThirdPartySource:
    """An engine of another package behind a fence: the same verb as any :class:`CandidateSource`, but it never raises.

    Parameters
    ----------
    name
        Name of the entry point; its candidates are called after it.
    make
        Loads and makes the engine.
    trouble
        What went wrong, as a sentence; empty as long as nothing did.
    """

    name: str
    make: Callable[[], CandidateSource]
    trouble: str = field(default="", init=False)

    def propose(self, peaks: PeakList, limits: Settings, budget: Budget) -> Iterator[Candidate]:
        """Yield what the engine proposes until it ends, fails or has used up its share of the budget."""
        if self.name in _left_behind and _left_behind[self.name].is_alive():
            self.trouble = f"search engine {self.name} is still busy with an earlier search and was left out"
            return
        share = _Share(budget, ends=time.perf_counter() + BUDGET_SHARE * limits.budget_s)
        found: list[Candidate] = []
        # A thread of its own, because one that hangs can only be left behind.
        worker = threading.Thread(target=self._collect, args=(peaks, limits, share, found), daemon=True)
        worker.start()
        while worker.is_alive() and not share.exhausted():
            worker.join(_POLL_S)
        worker.join(GRACE_S)
        if worker.is_alive():
            _left_behind[self.name] = worker
            self.trouble = f"search engine {self.name} did not stop when its time was over and was left behind"
        yield from found.copy()

    def _collect(self, peaks: PeakList, limits: Settings, share: _Share, found: list[Candidate]) -> None:
        n_rubbish = 0
        try:
            for proposed in self.make().propose(peaks, limits, share):
                candidate = _usable(proposed, limits)
                if candidate is None:
                    n_rubbish += 1
                else:
                    found.append(candidate.replace(source=self.name))
                if len(found) + n_rubbish >= MAX_CANDIDATES or share.exhausted():
                    break
        except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever another package may raise
            what = " ".join(f"{type(error).__name__}: {error}".split())
            self.trouble = f"search engine {self.name} failed ({what}) and was left out"
        else:
            if n_rubbish:
                self.trouble = (
                    f"{n_rubbish} proposals of search engine {self.name} are no lattices within the limits "
                    "of the search and were left out"
                )


def _usable(proposed: Any, limits: Settings) -> Candidate | None:
    """Return a proposal as kernels may see it: symmetric, finite, and within the limits; else ``None``."""
    if not isinstance(proposed, Candidate) or proposed.metric.shape != (6,):
        return None
    lattice, shifts = proposed.bravais_lattice, (proposed.zero_shift_deg, proposed.displacement_mm)
    if lattice.crystal_system not in limits.systems or not np.all(np.isfinite([*proposed.metric, *shifts])):
        return None
    symmetric = metric_subspace(lattice)
    metric = symmetric @ np.linalg.lstsq(symmetric, proposed.metric)[0]
    if not is_positive_definite(gram_from_metric(metric)):
        return None
    cell = Cell.from_metric(metric)
    if max(cell.parameters[:3]) > limits.max_edge_angstrom:
        return None
    if cell.volume > limits.max_volume_angstrom3 * lattice.lattice_points:
        return None
    # Refinement takes scores for bits of evidence; whatever another engine counts in, it is not that.
    return proposed.replace(metric=metric, score=0.0)


def find_sources(settings: Settings) -> tuple[ThirdPartySource, ...]:
    """Engines of other packages, in the order of their names; none where the settings switch them off."""
    return tuple(ThirdPartySource(name, make) for name, make in _makers()) if settings.plugins else ()


def troubles_of(sources: Iterable[CandidateSource]) -> list[str]:
    """Sentences about what went wrong in the engines of other packages among *sources*."""
    return [source.trouble for source in sources if isinstance(source, ThirdPartySource) and source.trouble]


@cache
def _makers() -> tuple[tuple[str, Callable[[], CandidateSource]], ...]:
    """Look through the installed packages, once a process: it takes milliseconds."""
    from importlib.metadata import EntryPoint, entry_points

    def maker(entry: EntryPoint) -> Callable[[], CandidateSource]:
        return lambda: entry.load()()

    found = sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    return tuple((entry.name, maker(entry)) for entry in found)
