from __future__ import annotations

from pathlib import Path

from benchmarks.crystal_statistics import documents
from hybrid_index.simulate.crystal_statistics import read_table


def test_the_tables_are_what_the_command_makes(shared_data: Path) -> None:
    made = documents(shared_data)
    assert set(made) == {"crystal_statistics", "extinction_classes"}
    for name, document in made.items():
        assert document == read_table(name), name
