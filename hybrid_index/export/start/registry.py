"""Which programs start files can be written for: those of the entry-point group ``hybrid_index.exporters``."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from hybrid_index.errors import InputError
from hybrid_index.export.start.contract import Exporter

GROUP = "hybrid_index.exporters"
ALL = "all"
"""In the place of a target: every one that is known."""
_log = logging.getLogger(__name__)


def target_names() -> tuple[str, ...]:
    """Names of all targets, sorted; loads none of them."""
    return tuple(sorted(_found()))


def exporters(names: Iterable[str]) -> dict[str, Exporter]:
    """Return the exporters of these names, in their order, each once; ``all`` stands for all that can be loaded.

    Raises
    ------
    InputError
        For a name that is not known (the message lists those that are, with their titles) or whose module is broken.
    """
    found = _found()
    if not found:
        raise InputError("no target is registered; install hybrid-index again (pip install .)")
    chosen: dict[str, Exporter] = {}
    for name in names:
        if name == ALL:
            tried = {other: _tried(point) for other, point in sorted(found.items())}
            chosen.update({other: exporter for other, exporter in tried.items() if exporter is not None})
        elif name in found:
            chosen[name] = _loaded(found[name])
        else:
            raise InputError(f"unknown target {name!r}; known are {_listed(found)}, or {ALL}")
    if not chosen:
        raise InputError(f"no target is named; known are {_listed(found)}, or {ALL}")
    return chosen


def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(point: EntryPoint) -> Exporter:
    """Load an exporter; whatever happens in other people's code is told by the name of its entry point."""
    package = f" of {point.dist.name}" if point.dist is not None else ""
    try:
        exporter = point.load()
        complete = isinstance(exporter.title, str) and callable(exporter.files)
    except Exception as error:  # a plug-in may fail in any way
        raise InputError(
            f"target {point.name!r}{package} cannot be loaded ({type(error).__name__}: {error}); "
            "repair or remove that package"
        ) from error
    if not complete:
        raise InputError(f"target {point.name!r}{package} is no exporter: it needs a title and a function files(start)")
    return exporter  # type: ignore[no-any-return]


def _tried(point: EntryPoint) -> Exporter | None:
    try:
        return _loaded(point)
    except InputError as error:
        _log.warning("%s", error)
        return None


def _listed(found: dict[str, EntryPoint]) -> str:
    loaded = {name: _tried(point) for name, point in sorted(found.items())}
    return ", ".join(f"{name} ({e.title})" if e is not None else f"{name} (broken)" for name, e in loaded.items())
