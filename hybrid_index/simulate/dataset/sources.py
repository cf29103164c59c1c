"""Where the structures of a data set come from: CIF files, a file of records, or a generator."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from hybrid_index.errors import FileFormatError, InputError
from hybrid_index.simulate.structure import Structure
from hybrid_index.simulate.synthetic import synthetic_crystal

SYNTHETIC = "synthetic"
"""The word that stands for generated crystals where files are named."""
RECORD_SUFFIXES = (".jsonl", ".jsonl.gz")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourcedStructure:
    """A structure, what it is called, the symbol of its space group, and the file that it came from."""

    name: str
    source: str
    structure: Structure
    space_group: str


class StructureSource(Protocol):
    """Numbered structures. Reading one is cheap, and depends on nothing but its number and the generator."""

    @property
    def size(self) -> int | None:
        """How many there are; ``None`` where they never end."""
        ...

    @property
    def identity(self) -> str:
        """Text that changes when the structures do."""
        ...

    def name(self, number: int) -> str:
        """What structure *number* is called, even where it cannot be read."""
        ...

    def draw(self, number: int, rng: np.random.Generator) -> SourcedStructure:
        """Read or make structure *number*; raises :class:`InputError` with the reason where it cannot be used."""
        ...


class CifSource:
    """CIF files, each with one structure (its first).

    Parameters
    ----------
    paths
        The files, in order.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = tuple(paths)
        digest = hashlib.sha256()
        for path in self.paths:
            digest.update(hashlib.sha256(_content(path)).digest())
        self.identity = f"{len(self.paths)} CIF files, sha256 {digest.hexdigest()}"
        self.size: int | None = len(self.paths)

    def name(self, number: int) -> str:
        """Path of the file."""
        return str(self.paths[number])

    def draw(self, number: int, rng: np.random.Generator) -> SourcedStructure:
        """Read the file; nothing is random."""
        path = self.paths[number]
        structure = Structure.from_cif(path)
        return SourcedStructure(
            name=structure.name, source=str(path), structure=structure, space_group=structure.space_group
        )


class RecordSource:
    """Structures of a ``.jsonl`` file, packed or not: one record a line (:meth:`Structure.from_record`)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        content = _content(path)
        self.identity = f"{path.name}, sha256 {hashlib.sha256(content).hexdigest()}"
        try:
            text = gzip.decompress(content) if path.suffix == ".gz" else content
        except (OSError, EOFError) as error:
            raise FileFormatError(f"cannot be unpacked: {error}", source=str(path)) from error
        self.lines = tuple(line for line in text.splitlines() if line.strip())
        if not self.lines:
            raise InputError("contains no structures; give one JSON object a line", source=str(path))
        self.size: int | None = len(self.lines)

    def name(self, number: int) -> str:
        """File, and id or number of the record."""
        try:
            record = json.loads(self.lines[number])
            return f"{self.path.name}: {record['id']}"
        except (ValueError, KeyError, TypeError):
            return f"{self.path.name}: record {number + 1}"

    def draw(self, number: int, rng: np.random.Generator) -> SourcedStructure:
        """Read the record; nothing is random."""
        try:
            record = json.loads(self.lines[number])
            name, space_group = str(record["id"]), str(record["space_group"])
        except KeyError as error:
            raise InputError(f"the record has no field {error}") from error
        except (ValueError, TypeError) as error:
            raise FileFormatError("the record is not a JSON object") from error
        structure = Structure.from_record(record)
        return SourcedStructure(name=name, source=self.path.name, structure=structure, space_group=space_group)


class GeneratedSource:
    """Structures that a generator draws, without end.

    Parameters
    ----------
    generate
        Draws one structure, with its space group named.
    name
        What the source is called; say in it what the structures depend on.
    """

    size: int | None = None

    def __init__(self, generate: Callable[[np.random.Generator], Structure], name: str = SYNTHETIC) -> None:
        self.generate = generate
        self.identity = name

    def name(self, number: int) -> str:
        """Source and number."""
        return f"{self.identity} {number + 1}"

    def draw(self, number: int, rng: np.random.Generator) -> SourcedStructure:
        """Draw a structure."""
        structure = self.generate(rng)
        return SourcedStructure(
            name=self.name(number), source=self.identity, structure=structure, space_group=structure.space_group
        )


class ChainedSource:
    """Several sources of finite size, one after the other."""

    def __init__(self, sources: Sequence[StructureSource]) -> None:
        self.sources = tuple(sources)
        self.ends = np.cumsum([source.size for source in self.sources])
        self.size: int | None = int(self.ends[-1])
        self.identity = "; ".join(source.identity for source in self.sources)

    def name(self, number: int) -> str:
        """Name in the source that the number falls into."""
        source, rest = self._at(number)
        return source.name(rest)

    def draw(self, number: int, rng: np.random.Generator) -> SourcedStructure:
        """Read from the source that the number falls into."""
        source, rest = self._at(number)
        return source.draw(rest, rng)

    def _at(self, number: int) -> tuple[StructureSource, int]:
        which = int(np.searchsorted(self.ends, number, side="right"))
        return self.sources[which], number - (int(self.ends[which - 1]) if which else 0)


def open_sources(texts: Sequence[str]) -> StructureSource:
    """Return the structures that arguments stand for: CIF files, folders of them, files of records, ``synthetic``.

    Raises
    ------
    InputError
        If a file or folder is missing, holds nothing, or is of no known kind.
    """
    if SYNTHETIC in texts:
        if len(texts) > 1:
            raise InputError("synthetic crystals never end and stand alone; name no other source", source=SYNTHETIC)
        return GeneratedSource(synthetic_crystal)
    sources: list[StructureSource] = []
    cifs: list[Path] = []
    for text in texts:
        path = Path(text)
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix.lower() == ".cif" and p.is_file())
            if not found:
                raise InputError("no .cif file lies in this folder or below; name another", source=text)
            cifs += found
        elif not path.exists():
            raise InputError("no such file or folder; check the name", source=text)
        elif path.suffix.lower() == ".cif":
            cifs.append(path)
        elif path.name.endswith(RECORD_SUFFIXES):
            sources.append(RecordSource(path))
        else:
            raise InputError("is neither a .cif nor a .jsonl file (packed .jsonl.gz, too); convert it", source=text)
    if cifs:
        sources.insert(0, CifSource(list(dict.fromkeys(cifs))))
    if not sources:
        raise InputError("no source is named; name CIF files, folders, or a .jsonl file")
    return sources[0] if len(sources) == 1 else ChainedSource(sources)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", source=str(path)) from error
