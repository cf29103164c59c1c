from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from hybrid_index.errors import InputError
from hybrid_index.neural.labels import Vocabulary
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.shift_reader import ReaderArchitecture
from hybrid_index.neural.weights import (
    NETWORK_FILE,
    READER_FILE,
    READER_FORMAT,
    Network,
    ShiftReader,
    load_network,
    load_reader,
    save_network,
    save_reader,
)

SIZE = Architecture(width=8, heads=2, depth=1, depth_given=1, pair_width=4, labels=(1, 2, 2, 3, 4, 6))
READER_SIZE = ReaderArchitecture(width=4, depth=1, reach=1)


@pytest.fixture
def reader() -> ShiftReader:
    return ShiftReader(architecture=READER_SIZE, weights=READER_SIZE.initial_weights(0), notes={"step": 7})


def test_a_network_survives_the_disk(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.integers(-5, 20, (n, k)) for n, k in zip(SIZE.labels, (1, 2, 2, 3, 4, 6), strict=True)]
    weights = SIZE.initial_weights(0)
    made = Network(architecture=SIZE, vocabulary=Vocabulary(tuple(rows)), weights=weights, notes={"step": 7})
    assert save_network(made, tmp_path) == tmp_path / NETWORK_FILE
    again = load_network(tmp_path)
    assert again.architecture == SIZE
    assert again.notes["step"] == 7
    assert all(np.array_equal(a, b) for a, b in zip(again.vocabulary.rows, rows, strict=True))
    for name, values in weights.items():
        assert again.weights[name].dtype == np.float32
        np.testing.assert_allclose(again.weights[name], values, rtol=1e-3, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == [NETWORK_FILE]


def test_a_reader_survives_the_disk(reader: ShiftReader, tmp_path: Path) -> None:
    save_reader(reader, tmp_path)
    again = load_reader(tmp_path)
    assert again.architecture == READER_SIZE
    for name, values in reader.weights.items():
        np.testing.assert_array_equal(again.weights[name], values.astype(np.float16).astype(np.float32))


def test_files_that_hold_no_such_weights_are_named(reader: ShiftReader, tmp_path: Path) -> None:
    path = tmp_path / READER_FILE
    with pytest.raises(InputError, match=r"shifts\.safetensors: holds no weights that can be read"):
        load_reader(tmp_path)
    save_reader(reader, tmp_path)
    with pytest.raises(InputError, match="is of format 'hybrid-index/shifts/1'; this version reads"):
        load_network(path.rename(tmp_path / NETWORK_FILE).parent)
    (tmp_path / NETWORK_FILE).rename(path)
    content = path.read_bytes()
    for damaged in (b"", b"no weights", content[:100], content[:-10]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"shifts\.safetensors"):
            load_reader(tmp_path)


@pytest.mark.parametrize(
    "notes",
    ["no json", "[]", json.dumps({"format": READER_FORMAT}), json.dumps({"format": READER_FORMAT, "architecture": {}})],
)
def test_files_whose_notes_and_weights_do_not_agree_are_named(tmp_path: Path, notes: str) -> None:
    path = tmp_path / READER_FILE
    save_file({"in.weight": np.zeros((2, 2), dtype=np.float16)}, path, metadata={"hybrid_index": notes})
    with pytest.raises(InputError, match=r"shifts\.safetensors"):
        load_reader(tmp_path)
