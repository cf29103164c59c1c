"""The way to a Ray cluster: the package, if it is installed, and a connection, if somebody answers."""

from __future__ import annotations

import os
import re
import socket
from typing import Any

from hybrid_index.errors import InputError

LOCAL = "local"
_KNOCK_S = 10.0
_OBJECT_STORE_BYTES = 100 * 2**20
"""Of a Ray of our own, which has nothing but small documents to pass on."""


def load_ray() -> Any:
    """Return the module, or raise :class:`InputError` saying how to get it."""
    try:
        import ray
    except ImportError as error:
        raise InputError(
            'Ray is not installed; get it with pip install "hybrid-index[cluster]"', source="--engine ray"
        ) from error
    return ray


def connect(ray: Any, address: str, workers: int | None) -> None:
    """Connect this process with a cluster, or start one of one node."""
    quiet = {"log_to_driver": False, "configure_logging": False}
    try:
        if address == LOCAL:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is to leave this machine unasked
            os.environ.setdefault("RAY_worker_niceness", "0")  # as that of the local pool; Ray's own is 15
            cpus = workers or os.cpu_count()
            ray.init(address, num_cpus=cpus, include_dashboard=False, object_store_memory=_OBJECT_STORE_BYTES, **quiet)
        else:
            _knock(address)
            ray.init(address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(
            f"no Ray cluster answers at {address!r} ({first_line(error)}); start one with ray start --head, see that "
            "RAY_AUTH_MODE is the same here as there, or give local",
            source="--address",
        ) from error


def first_line(error: Exception) -> str:
    """Return what Ray says, without the pages that follow."""
    return str(error).strip().partition("\n")[0]


def _knock(address: str) -> None:
    """Raise :class:`OSError` if nobody listens at a host and port; Ray itself tries for two minutes."""
    if match := re.fullmatch(r"(.+):([0-9]{1,5})", address):
        socket.create_connection((match[1], int(match[2])), timeout=_KNOCK_S).close()
