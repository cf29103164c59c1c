"""Making a data set: shard after shard, whatever interrupts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hybrid_index import __version__
from hybrid_index.errors import InputError, OutputError
from hybrid_index.simulate.dataset.contest import write_pairs
from hybrid_index.simulate.dataset.ledger import SKIPPED, Ledger, Skip
from hybrid_index.simulate.dataset.parquet import write_parquet
from hybrid_index.simulate.dataset.sample import Recipe, Sample
from hybrid_index.simulate.dataset.sources import StructureSource
from hybrid_index.simulate.dataset.stream import Task, stream

MOST_FAILURES = 1000
"""So many failures on end, and an endless source is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way of writing samples.

    Parameters
    ----------
    write
        Takes the folder, the number of the shard, its samples, and the settings of the whole set.
    files
        Pattern of the names of the files that tell finished work.
    one_file_each
        Whether each of them stands for a sample, or for a shard.
    shard_rows
        Samples in a shard, unless somebody says otherwise: what is lost at most when a run is cut off.
    """

    write: Callable[[Path, int, Sequence[Sample], Mapping[str, Any]], None]
    files: str
    one_file_each: bool
    shard_rows: int


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "parquet": Format(write=write_parquet, files="part-*.parquet", one_file_each=False, shard_rows=1000),
        "aicomp": Format(write=write_pairs, files="[0-9]*.json", one_file_each=True, shard_rows=100),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSummary:
    """What a run came to: the folder, samples written (by earlier runs, too), and those skipped with their reasons."""

    folder: Path
    rows: int
    skipped: tuple[Skip, ...]


def make_dataset(
    source: StructureSource,
    recipe: Recipe,
    folder: str | Path,
    *,
    format: str = "parquet",
    count: int | None = None,
    shard_rows: int | None = None,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> DatasetSummary:
    """Simulate a data set, or go on with one that was cut off.

    Each sample depends on the seed and its number only, so that shards come out the same to the last bit, however
    many workers there are and wherever an earlier run was cut off. Structures that cannot be used are listed and passed
    over.

    Parameters
    ----------
    source
        Structures; from :func:`hybrid_index.simulate.dataset.open_sources`.
    recipe
        What is measured.
    folder
        Where the files go; made if it is not there.
    format
        ``"parquet"`` or ``"aicomp"``.
    count
        Number of samples; by default one of each structure. More than there are structures measures each repeatedly.
    shard_rows
        Samples in a shard.
    workers
        Number of processes.
    progress
        Called with the number of samples made and of those skipped, after each.

    Raises
    ------
    InputError
        If the settings are impossible, or no structure can be used.
    OutputError
        If a file cannot be written, or the folder holds something else.
    """
    if format not in FORMATS:
        raise InputError(f"unknown format {format!r}; choose from {', '.join(FORMATS)}", source="format")
    chosen = FORMATS[format]
    shard_rows = chosen.shard_rows if shard_rows is None else shard_rows
    for name, value in (("count", count), ("shard_rows", shard_rows), ("workers", workers)):
        if value is not None and value < 1:
            raise InputError(f"{value} is too few; give 1 or more", source=name)
    if count is None and source.size is None:
        raise InputError("generated structures never end; say how many samples to make", source="count")
    settings = {
        "version": __version__,
        "format": format,
        "source": source.identity,
        "count": count,
        "shard_rows": shard_rows,
        "recipe": recipe.as_dict(),
    }
    ledger = Ledger.open(Path(folder), settings, data_files=chosen.files)
    _check_files(ledger, chosen)
    if not ledger.finished and ledger.rows != count:
        for samples in _shards(Task(source=source, recipe=recipe), ledger, count, shard_rows, workers, progress):
            chosen.write(ledger.folder, ledger.shards, samples, settings)
            ledger.shards += 1
            ledger.rows += len(samples)
            ledger.save()
    ledger.finished = True
    ledger.save()
    if not ledger.rows:
        first = ledger.skipped[0]
        raise InputError(f"no structure can be used; {SKIPPED} says why ({first.name}: {first.reason})")
    return DatasetSummary(folder=ledger.folder, rows=ledger.rows, skipped=tuple(ledger.skipped))


def _shards(
    task: Task,
    ledger: Ledger,
    count: int | None,
    shard_rows: int,
    workers: int,
    progress: Callable[[int, int], None] | None,
) -> Iterator[list[Sample]]:
    """Yield the samples of each shard that is still to be written, and keep the ledger's numbers up to it."""
    unusable = {task.structure_of(skip.number) for skip in ledger.skipped}
    samples: list[Sample] = []
    failures = 0
    outcomes = stream(task, _numbers(task, ledger.next_number, unusable, again=count is not None), workers)
    for outcome in outcomes:
        if task.structure_of(outcome.number) in unusable:
            continue  # asked for before it was known
        ledger.next_number = outcome.number + 1
        if isinstance(outcome, Skip):
            ledger.skipped.append(outcome)
            unusable.add(task.structure_of(outcome.number))
            failures += 1
            if task.source.size is None and failures >= MOST_FAILURES:
                raise InputError(f"{failures} structures on end cannot be used, the last because {outcome.reason}")
        else:
            samples.append(outcome)
            failures = 0
        if progress is not None:
            progress(ledger.rows + len(samples), len(ledger.skipped))
        complete = ledger.rows + len(samples) == count
        if len(samples) == shard_rows or complete:
            yield samples
            samples = []
        if complete:
            return
    if samples:
        yield samples


def _numbers(task: Task, first: int, unusable: set[int], *, again: bool) -> Iterator[int]:
    """Yield the samples to be made: every structure once, or *again* and again as long as one is usable."""
    size = task.source.size
    number = first
    while size is None or (number < size if not again else len(unusable) < size):
        if task.structure_of(number) not in unusable:
            yield number
        number += 1


def _check_files(ledger: Ledger, chosen: Format) -> None:
    there = sum(1 for _ in ledger.folder.glob(chosen.files))
    if there < (ledger.rows if chosen.one_file_each else ledger.shards):
        raise OutputError(
            f"{ledger.folder}: files of finished shards are missing; choose an empty folder to begin again"
        )
