"""The cells of a run as CSV and as Parquet."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hybrid_index.export.atomic import write_atomically
from hybrid_index.export.report.rows import COLUMNS

_DIGITS = 8
"""Significant digits in the CSV: more than any cell is known to."""
_FORMULA = ("=", "+", "-", "@", "\t")


def write_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows (keys of :data:`COLUMNS`) as CSV with a header; what is unknown stays empty."""
    with write_atomically(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    return path


def write_parquet(rows: Sequence[Mapping[str, Any]], path: Path) -> Path:
    """Write rows (keys of :data:`COLUMNS`) as Parquet; what is unknown is null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {str: pa.string(), float: pa.float64(), int: pa.int64()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    columns = {
        name: [_unicode(row[name]) if isinstance(row[name], str) else row[name] for row in rows] for name in COLUMNS
    }
    with write_atomically(path) as temporary:
        pq.write_table(pa.table(columns, schema=schema), temporary)
    return path


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    # a spreadsheet would take such a name for a formula and run it
    text = _unicode(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unicode(text: str) -> str:
    """Replace what a file's name holds and Unicode does not."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
