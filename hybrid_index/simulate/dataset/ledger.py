"""What a data set is to be and how far it has come: ``_dataset.json``, so that a run goes on where one was cut off."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hybrid_index.errors import OutputError
from hybrid_index.export.atomic import write_atomically

SCHEMA = "hybrid-index/dataset/1"
LEDGER = "_dataset.json"
SKIPPED = "_skipped.csv"
"""Readers of folders of Parquet files pass over names that begin like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A sample that could not be made: its number, the structure, and why."""

    number: int
    name: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Ledger:
    """Progress of a data set, saved after every shard.

    Parameters
    ----------
    folder
        Where the set is written.
    settings
        All that decides what the files contain, as plain JSON values.
    shards, rows
        Finished shards, and samples in them.
    next_number
        The sample to go on with.
    skipped
        Samples that could not be made.
    finished
        Whether nothing is left to do.
    """

    folder: Path
    settings: Mapping[str, Any]
    shards: int = 0
    rows: int = 0
    next_number: int = 0
    skipped: list[Skip] = field(default_factory=list)
    finished: bool = False

    @classmethod
    def open(cls, folder: Path, settings: Mapping[str, Any], *, data_files: str) -> Ledger:
        """Begin a data set in *folder*, or go on with the one that was begun there.

        Parameters
        ----------
        folder
            Made if it is not there.
        settings
            Compared with those that the set was begun with.
        data_files
            Pattern of the names of data files; some of these without a ledger belong to somebody else.

        Raises
        ------
        OutputError
            If the folder cannot be written into, or holds other data.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for left_over in folder.glob(".*.partial*"):
                left_over.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written ({error.strerror}); choose another folder") from error
        if (folder / LEDGER).exists():
            return cls._read(folder, settings)
        if any(folder.glob(data_files)):
            raise OutputError(f"{folder}: holds data files but no {LEDGER}; choose an empty folder")
        ledger = cls(folder=folder, settings=settings)
        ledger.save()
        return ledger

    @classmethod
    def _read(cls, folder: Path, settings: Mapping[str, Any]) -> Ledger:
        path = folder / LEDGER
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            begun, progress = document["settings"], document["progress"]
            skipped = [Skip(**skip) for skip in document["skipped"]]
            ledger = cls(folder=folder, settings=settings, skipped=skipped, **progress)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{path}: is not the record of a data set; choose an empty folder") from error
        changed = _differences(begun, json.loads(json.dumps(settings)))
        if changed:
            raise OutputError(
                f"{folder}: was begun with other settings ({'; '.join(changed)}); "
                "give the same ones to go on, or choose an empty folder"
            )
        return ledger

    def save(self) -> None:
        """Write the ledger, and the list of what was skipped."""
        progress = ("shards", "rows", "next_number", "finished")
        document = {
            "schema": SCHEMA,
            "settings": dict(self.settings),
            "progress": {name: getattr(self, name) for name in progress},
            "skipped": [asdict(skip) for skip in self.skipped],
        }
        if self.skipped:
            with write_atomically(self.folder / SKIPPED) as path, open(path, "w", encoding="utf-8", newline="") as out:
                rows = csv.writer(out)
                rows.writerow(["name", "reason"])
                rows.writerows([skip.name, skip.reason] for skip in self.skipped)
        with write_atomically(self.folder / LEDGER) as path:
            path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")


def _differences(begun: Any, now: Any, name: str = "") -> list[str]:
    """Say which values differ, by their names."""
    if isinstance(begun, dict) and isinstance(now, dict):
        keys = dict.fromkeys([*begun, *now])
        found = (_differences(begun.get(key), now.get(key), f"{name}.{key}" if name else key) for key in keys)
        return [text for texts in found for text in texts]
    return [] if begun == now else [f"{name} was {begun}, is {now}"]
