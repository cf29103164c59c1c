from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hybrid_index.errors import InputError
from hybrid_index.export import document, to_json
from hybrid_index.export.result_file import is_result_file, read_result
from hybrid_index.types import IndexingResult

MakeResult = Callable[..., IndexingResult]


@pytest.fixture
def batch(make_result: MakeResult, tmp_path: Path) -> Path:
    path = tmp_path / "results.jsonl"
    content = document(make_result())
    path.write_text("".join(to_json({**content, "id": name}) + "\n" for name in ("a.xy", "b.xy", "c.xy")))
    return path


@pytest.mark.parametrize("indent", [None, 2])
def test_one_document(make_result: MakeResult, tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "result.json"
    path.write_text(to_json(document(make_result()), indent=indent))
    assert is_result_file(path)
    assert read_result(path).id == "anglesite.xye"
    assert read_result(path, id="anglesite.xye").best is not None


def test_one_of_a_batch(batch: Path) -> None:
    assert is_result_file(batch)
    assert read_result(batch, id="b.xy").id == "b.xy"
    with pytest.raises(InputError, match=r"holds 3 results; choose one with --id, such as 'a\.xy', 'b\.xy', 'c\.xy'"):
        read_result(batch)
    with pytest.raises(InputError, match=r"no result with the id 'd\.xy'; there are 'a\.xy'"):
        read_result(batch, id="d.xy")


def test_what_is_no_result(tmp_path: Path, batch: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("two_theta\n10.0\n")
    assert not is_result_file(path)
    assert not is_result_file(tmp_path / "absent")
    with pytest.raises(InputError, match="line 1 is not JSON"):
        read_result(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_result(tmp_path / "absent")
    path.write_text("[1, 2]")
    with pytest.raises(InputError, match="no result document"):
        read_result(path)
    path.write_text('{"schema": "other/1"}')
    with pytest.raises(InputError, match=r"lines\.csv: schema 'other/1' is not known"):
        read_result(path)
    path.write_bytes(b"\xff\xfe{")
    with pytest.raises(InputError, match="is not text"):
        read_result(path)
