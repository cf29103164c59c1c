"""From the documents of a run to its page and its tables, in one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hybrid_index import __version__
from hybrid_index.errors import InputError, OutputError
from hybrid_index.export.atomic import check_writable, write_atomically
from hybrid_index.export.natural import natural_key
from hybrid_index.export.report.documents import Unreadable, read_documents, results_file
from hybrid_index.export.report.page import record, write_page
from hybrid_index.export.report.rows import row_of
from hybrid_index.export.report.tables import write_csv, write_parquet
from hybrid_index.export.report.traces import trace_of
from hybrid_index.known import name_document

if TYPE_CHECKING:
    from hybrid_index.known import KnownPhases

PAGE, CSV, PARQUET = "report.html", "cells.csv", "cells.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSummary:
    """What was written: the folder, how many inputs have which status, and the lines that could not be used."""

    folder: Path
    by_status: Mapping[str, int]
    unreadable: tuple[Unreadable, ...] = ()

    @property
    def page(self) -> Path:
        """The page to open in a browser."""
        return self.folder / PAGE


@dataclass(slots=True)
class _Collected:
    """Row and record of each input: all that is kept of its document."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def sort(self) -> None:
        """Put inputs in the natural order of their names."""
        order = sorted(range(len(self.rows)), key=lambda i: natural_key(self.rows[i]["id"]))
        self.rows = [self.rows[i] for i in order]
        self.records = [self.records[i] for i in order]


def write_report(
    run: str | Path,
    out: str | Path | None = None,
    *,
    phases: KnownPhases | None = None,
    measured: bool = True,
    title: str = "",
    progress: Callable[[int], None] | None = None,
) -> ReportSummary:
    """Write ``report.html``, ``cells.csv`` and ``cells.parquet`` of a run.

    Parameters
    ----------
    run
        A folder with ``results.jsonl``, whose inputs come in the natural order of their names (documents stand there as
        they were finished); or a ``.jsonl`` file, whose order is kept.
    out
        Folder for the files, made if need be; that of the run if ``None``, or beside the file one of its name.
    phases
        Known phases that the cells found are compared with; else those that the documents name are shown.
    measured
        Whether to read the measured files again for their small pictures; without, and where they are gone, the lines
        are drawn.
    title
        Of the page; the name of the run if empty.
    progress
        Called with the number of documents that are done.

    Raises
    ------
    InputError
        If there is no run, or no result document in it.
    OutputError
        If a file cannot be written; each appears whole or not at all.
    """
    source = results_file(run)
    folder = _folder(Path(run), out)
    collected = _collect(source, phases, measured=measured, progress=progress)
    if not collected.rows:
        first = f"; line {bad.line}: {bad.reason}" if (bad := next(iter(collected.unreadable), None)) else ""
        raise InputError(f"holds no result document{first}; name the results of `batch`", source=str(source))
    if Path(run).is_dir():
        collected.sort()
    write_csv(collected.rows, folder / CSV)
    write_parquet(collected.rows, folder / PARQUET)
    name = title or _name(Path(run))
    meta = {
        "title": name,
        "made": datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M"),
        "version": __version__,
        "unreadable": len(collected.unreadable),
        "tables": [CSV, PARQUET],
        "compared": len(phases) if phases else 0,
    }
    with (
        write_atomically(folder / PAGE) as temporary,
        # what a file's name holds and Unicode does not becomes an escape, of JSON as well
        open(temporary, "w", encoding="utf-8", errors="backslashreplace") as file,
    ):
        write_page(file, collected.records, title=name, meta=meta)
    counts = Counter(row["status"] for row in collected.rows)
    return ReportSummary(folder=folder, by_status=dict(counts), unreadable=tuple(collected.unreadable))


def _collect(
    source: Path, phases: KnownPhases | None, *, measured: bool, progress: Callable[[int], None] | None
) -> _Collected:
    collected = _Collected()
    folders = (source.parent, source.parent.parent)
    for content in read_documents(source):
        if isinstance(content, Unreadable):
            collected.unreadable.append(content)
            continue
        if phases is not None:
            content = name_document(content, phases)
        collected.rows.append(row_of(content))
        collected.records.append(record(content, trace_of(content, folders=folders, measured=measured)))
        if progress is not None:
            progress(len(collected.rows))
    return collected


def _folder(run: Path, out: str | Path | None) -> Path:
    """Return the folder for the files, which is there and can be written to."""
    beside = run if run.is_dir() else run.with_name(f"{_name(run)}_report")
    folder = beside if out is None else Path(out)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error
    for name in (PAGE, CSV, PARQUET):
        check_writable(folder / name)
    return folder


def _name(run: Path) -> str:
    return run.resolve().name if run.is_dir() else run.name.partition(".")[0]
