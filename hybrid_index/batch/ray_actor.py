"""What a worker on a cluster does; loaded on its node, where this package must be installed as it is here."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hybrid_index
from hybrid_index.batch.executors import Solve
from hybrid_index.batch.identity import Facts, examine
from hybrid_index.batch.inputs import BatchItem
from hybrid_index.batch.work import OUT_OF_MEMORY, answer, prepare
from hybrid_index.config import Settings
from hybrid_index.errors import WorkerError


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """A worker is ready: where it lives, and which version of the package it has."""

    host: str
    node_id: str
    pid: int
    version: str

    def check(self) -> None:
        """Raise :class:`WorkerError` if the worker's version is another than that of this process."""
        if self.version != hybrid_index.__version__:
            raise WorkerError(
                f"node {self.host} has hybrid-index {self.version}, but here it is {hybrid_index.__version__}; "
                "install the same version on all nodes"
            )


class RayActor:
    """Answers items, one at a time. Its constructor loads what they need.

    Parameters
    ----------
    settings, solve, memory_limit_bytes
        As for a worker of the local pool.
    folder
        What relative names of files refer to, on each node.
    """

    def __init__(self, settings: Settings, solve: Solve, memory_limit_bytes: int | None, folder: str) -> None:
        if sys.platform != "win32":
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the command's to handle
        with suppress(OSError):  # inline lists do without; a file that is missing is noticed by the command
            os.chdir(folder)
        self._settings = settings
        self._solve = solve
        prepare(solve, memory_limit_bytes)

    def greet(self) -> Greeting:
        """Say that this worker is ready."""
        import ray

        return Greeting(
            host=os.uname().nodename,
            node_id=ray.get_runtime_context().get_node_id(),
            pid=os.getpid(),
            version=hybrid_index.__version__,
        )

    def examine(self, item: BatchItem) -> Facts:
        """Return the facts about an item, a step of its own: they are known even if its answer never comes."""
        return examine(item)

    def answer(self, item: BatchItem) -> dict[str, Any] | str:
        """Return the document of an item, or that there is not enough memory."""
        try:
            return answer(item, self._settings, self._solve)
        except MemoryError:
            return OUT_OF_MEMORY
