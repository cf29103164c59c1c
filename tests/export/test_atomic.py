from __future__ import annotations

from pathlib import Path

import pytest

from hybrid_index.errors import OutputError
from hybrid_index.export import check_writable, write_atomically


def test_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    with write_atomically(target) as temporary:
        assert temporary.suffix == ".png"
        temporary.write_text("whole")
        assert not target.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["out.png"]


def test_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.txt"
    target.write_text("before")

    def fail() -> None:
        with write_atomically(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert target.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.txt"]


def test_impossible_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        check_writable(tmp_path / "missing" / "out.png")
    with pytest.raises(OutputError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(OutputError, match="cannot be written"):
        check_writable("/proc/out.png")
