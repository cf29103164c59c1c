"""Several RUN folders into one: the shards of a job array, or batches that were done apart."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hybrid_index.batch.folder import RESULTS, SETTINGS, STATE, Say, locked
from hybrid_index.batch.results import parse_line, read_lines, rewrite
from hybrid_index.batch.run_settings import changes, read_settings, write_settings
from hybrid_index.batch.trouble import as_output_error
from hybrid_index.errors import InputError

_SHARDS = "shard-*-of-*"


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSummary:
    """What was united: the file, how many documents have which status, the ids of those that contradict each other."""

    path: Path
    by_status: dict[str, int]
    conflicts: tuple[str, ...]

    @property
    def total(self) -> int:
        """Number of documents."""
        return sum(self.by_status.values())


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the line of an id is to be had, and what it is like."""

    file: Path
    offset: int
    status: str
    digest: bytes


def merge_runs(runs: Sequence[str | Path], out: str | Path, *, say: Say) -> MergeSummary:
    """Unite the results of several RUN folders, sorted by id, in the RUN *out*.

    Of an id with several documents one is kept: the first that did not fail, in the order of *runs*. What *out* holds
    already counts as named last. The united RUN can be continued like any other.

    Parameters
    ----------
    runs
        RUN folders, or folders of shards (``shard-1-of-8``, …).
    out
        The RUN to write, made if need be.
    say
        Told what is missing or contradicts itself, one sentence each.

    Raises
    ------
    InputError
        If there are no results, or they were made with different settings.
    OutputError
        If *out* cannot be written, or a batch works there.
    """
    target = Path(out)
    sources = [run for name in runs for run in _runs_in(Path(name)) if run.resolve() != target.resolve()]
    if not sources:
        raise InputError("there is nothing to unite; name RUN folders other than --out", source=str(out))
    settings = _common_settings([*sources, *([target] if (target / RESULTS).exists() else [])])
    _say_what_is_missing(sources, say)
    with as_output_error(target):
        target.mkdir(parents=True, exist_ok=True)
        with locked(target):
            places, conflicts = _choose(sources, target, say)
            rewrite(target / RESULTS, _lines(places))
            write_settings(target / SETTINGS, {**settings, "shard": None})
    if conflicts:
        some = ", ".join(conflicts[:5]) + (", …" if len(conflicts) > 5 else "")
        say(f"{len(conflicts)} inputs have contradicting results, of which the first named was kept: {some}")
    by_status = Counter(place.status for place in places.values())
    return MergeSummary(path=target / RESULTS, by_status=dict(by_status), conflicts=conflicts)


def _runs_in(folder: Path) -> list[Path]:
    """Return the folder itself, if it is a RUN, and the shards in it."""
    shards = sorted(run for run in folder.glob(_SHARDS) if (run / RESULTS).is_file())
    found = [folder, *shards] if (folder / RESULTS).is_file() else shards
    if not found:
        raise InputError(f"is no RUN folder, as it holds no {RESULTS}, nor folders of shards", source=str(folder))
    return found


def _common_settings(runs: Sequence[Path]) -> Mapping[str, Any]:
    first: Mapping[str, Any] | None = None
    for run in runs:
        settings = read_settings(run / SETTINGS)
        if settings is None:
            message = f"its {SETTINGS} is missing or damaged; give the command of this batch again, which mends it"
            raise InputError(message, source=str(run))
        if first is None:
            first = settings
        elif what := changes(first, settings):
            message = f"was made with other settings than {runs[0]} ({what}); unite only like with like"
            raise InputError(message, source=str(run))
    assert first is not None
    return first


def _say_what_is_missing(runs: Sequence[Path], say: Say) -> None:
    seen: dict[int, set[int]] = {}
    for run in runs:
        settings = read_settings(run / SETTINGS) or {}
        if settings.get("shard"):
            number, total = settings["shard"]
            seen.setdefault(total, set()).add(number)
        if count := _unfinished(run):
            say(f"{run}: not finished; inputs without a result: {count}")
    for total, numbers in seen.items():
        if missing := sorted(set(range(1, total + 1)) - numbers):
            say(f"of {total} shards, these are missing: {', '.join(map(str, missing))}")


def _unfinished(run: Path) -> int:
    try:
        with closing(sqlite3.connect(f"{(run / STATE).resolve().as_uri()}?mode=ro", uri=True)) as database:
            query = "SELECT count(*) FROM inputs WHERE present = 1 AND result IS NULL"
            return int(database.execute(query).fetchone()[0])
    except sqlite3.Error:  # no state, or a damaged one: the results are what counts
        return 0


def _choose(sources: Sequence[Path], target: Path, say: Say) -> tuple[dict[str, _Place], tuple[str, ...]]:
    """Return for each id, in order, where its line is taken from; and the ids with contradicting ones.

    Where the target has something else, that was united earlier and is out of date.
    """
    chosen: dict[str, _Place] = {}
    conflicts: set[str] = set()
    torn = 0
    for run in [*sources, target]:
        offset = 0
        for raw in read_lines(run / RESULTS):
            document = parse_line(raw)
            if document is None:
                torn += 1
            else:
                place = _Place(run / RESULTS, offset, document["status"], _digest(document))
                before = chosen.setdefault(document["id"], place)
                if before.status == "failed" != place.status:
                    chosen[document["id"]] = place
                elif run is not target and _contradict(before, place):
                    conflicts.add(document["id"])
            offset += len(raw)
    if torn:
        say(f"torn or damaged lines, left out: {torn}")
    return dict(sorted(chosen.items())), tuple(sorted(conflicts))


def _contradict(a: _Place, b: _Place) -> bool:
    return a.digest != b.digest and (a.status == "failed") == (b.status == "failed")


def _digest(document: Mapping[str, Any]) -> bytes:
    """Return the hash of a document without its times."""
    text = json.dumps({**document, "timing_s": None}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _lines(places: Mapping[str, _Place]) -> Iterator[bytes]:
    handles = {path: open(path, "rb") for path in {place.file for place in places.values()}}  # noqa: SIM115
    try:
        for place in places.values():
            handles[place.file].seek(place.offset)
            yield handles[place.file].readline()
    finally:
        for handle in handles.values():
            handle.close()
