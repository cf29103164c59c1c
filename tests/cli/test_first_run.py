from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_index.cli import first_run


def test_compilation_is_announced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(first_run, "__file__", str(tmp_path / "package" / "cli" / "first_run.py"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    first_run.announce_compilation(said.append)
    assert said == [first_run.MESSAGE]
    (tmp_path / "cache" / "deep").mkdir(parents=True)
    (tmp_path / "cache" / "deep" / "kernel.nbi").touch()
    first_run.announce_compilation(said.append)
    assert said == [first_run.MESSAGE]
