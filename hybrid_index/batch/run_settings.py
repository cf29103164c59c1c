"""``settings.json``: what a RUN was made with, so that a change is noticed and can be named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hybrid_index import __version__
from hybrid_index.config import Settings
from hybrid_index.export import write_atomically

RUN_SCHEMA = "hybrid-index/run/1"


def run_settings(settings: Settings, options: Mapping[str, Any], shard: tuple[int, int] | None) -> dict[str, Any]:
    """Return the content of ``settings.json``; *options* is what else was chosen for the whole batch."""
    return {
        "schema": RUN_SCHEMA,
        "version": __version__,
        "settings": settings.as_dict(),
        "options": dict(options),
        "shard": None if shard is None else list(shard),
    }


def read_settings(path: Path) -> dict[str, Any] | None:
    """Return what a ``settings.json`` says, ``None`` if there is none or it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("schema") != RUN_SCHEMA:
        return None
    return content if all(isinstance(content.get(name), dict) for name in ("settings", "options")) else None


def write_settings(path: Path, content: Mapping[str, Any]) -> None:
    """Write a ``settings.json``, unless it stands there already."""
    if read_settings(path) != content:
        with write_atomically(path) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def changes(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> str:
    """Return in words what differs between two ``settings.json``: ``budget_s 10.0 → 30.0``."""
    if before is None:
        return ""
    then, today = ({**content["settings"], **content["options"]} for content in (before, now))
    different = [name for name in {**today, **then} if then.get(name) != today.get(name)]
    return ", ".join(f"{name} {_said(then.get(name))} → {_said(today.get(name))}" for name in different)


def _said(value: object) -> str:
    if isinstance(value, list):
        return "/".join(map(str, value))
    return "none" if value is None else "yes" if value is True else "no" if value is False else str(value)
