"""What one worker process does: take items, send back result documents."""

from __future__ import annotations

import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from hybrid_index.batch.inputs import BatchItem
from hybrid_index.config import Settings
from hybrid_index.errors import HybridIndexError, WavelengthError
from hybrid_index.export import document, failed_document
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation, parse_radiation

Solve = Callable[[BatchItem, Settings], dict[str, Any]]


def solve_item(item: BatchItem, settings: Settings) -> dict[str, Any]:
    """Index one item and return its document; raises what the package raises."""
    from hybrid_index.pipeline import index

    radiation = None if item.wavelength is None else _radiation(item.wavelength)
    if item.file:
        return document(index(item.file, wavelength=radiation, settings=settings, id=item.id))
    if radiation is None:
        raise WavelengthError('the peak list has no "wavelength"; add one, or give --wavelength')
    peaks = PeakList.from_positions(
        item.two_theta,
        radiation=radiation,
        intensity=item.intensity,
        two_theta_esd_deg=item.two_theta_esd,
        name=item.id,
    )
    return document(index(peaks, settings=settings, id=item.id))


def answer(item: BatchItem, settings: Settings, solve: Solve) -> dict[str, Any]:
    """Return the document of an item, come what may: an error becomes a ``failed`` document with its reason."""
    try:
        if item.fault:
            return failure(item, settings, item.fault)
        return solve(item, settings)
    except HybridIndexError as error:
        return failure(item, settings, str(error))
    except Exception as error:  # noqa: BLE001  a fault of ours in one input must not lose the others
        return failure(item, settings, f"internal error: {type(error).__name__}: {error}")


def failure(item: BatchItem, settings: Settings, reason: str) -> dict[str, Any]:
    """Return the ``failed`` document of an item."""
    return failed_document(item.id, [reason], settings=settings.as_dict(), seed=settings.seed)


def serve(connection: Connection, settings: Settings, solve: Solve) -> None:
    """Answer items from *connection* until ``None`` comes (the main function of a worker process)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    while (item := connection.recv()) is not None:
        connection.send(answer(item, settings, solve))


def _radiation(wavelength: str | float) -> Radiation:
    return parse_radiation(wavelength if isinstance(wavelength, str) else repr(wavelength))
