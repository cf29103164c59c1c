"""Who does the work: the protocol that a pool of processes here and a cluster elsewhere have in common.

An executor turns items into documents, and says how each attempt ended. All else is the runner's: which item is next,
whether a failed one gets another attempt, what is written where. So any executor gives the same results and can be
resumed by any other.

What runs elsewhere is ``examine(item)`` and then ``answer(item, settings, solve)``, in this order and each sent back at
once where that can be done: the facts are wanted even if the answer never comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from hybrid_index.batch.identity import Facts
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.config import Settings

Solve = Callable[[BatchItem, Settings], dict[str, Any]]
"""What is done with an item; raises what the package raises. Must be importable by name, for other processes."""

Ending = Literal["done", "died", "hung", "out of memory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt at an item ended.

    Parameters
    ----------
    key
        As given to ``submit``.
    ending
        ``"done"`` if there is a document, be it one that says ``failed``; else what happened to the worker.
    document
        The result document, ``None`` unless done.
    reason
        Why it is not done, in words that follow "the worker process ".
    facts
        What was found out about the input before the attempt ended, if anything was.
    seconds, worker
        How long it took, and which worker it was, for the record.
    """

    key: str
    ending: Ending
    document: dict[str, Any] | None = None
    reason: str = ""
    facts: Facts | None = None
    seconds: float = 0.0
    worker: str = ""


def hung_reason(timeout_s: float) -> str:
    """Return the reason of an attempt that was given up."""
    return f"took longer than {timeout_s:g} s"


def memory_reason(limit_bytes: int | None) -> str:
    """Return the reason of an attempt that ran out of memory."""
    return "ran out of memory" if limit_bytes is None else f"needed more than its {limit_bytes / 1e6:.0f} MB of memory"


class Executor(Protocol):
    """Runs items somewhere. It keeps its number of workers whatever happens to them."""

    @property
    def capacity(self) -> int:
        """How many items it takes at once."""

    def submit(self, key: str, item: BatchItem) -> None:
        """Start on an item; never called with more than ``capacity`` items under way."""

    def completed(self) -> Sequence[Outcome]:
        """Wait for at least one attempt to end, and return those that have; none if none is under way.

        Raises
        ------
        WorkerError
            If workers cannot be started at all.
        """

    def close(self) -> None:
        """End all workers at once, whatever they are doing; may be called twice."""
