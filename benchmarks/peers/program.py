"""What every program is to the benchmark: a name, what it was told, and cells for a list of lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from hybrid_index.lattice import Cell
from hybrid_index.types import PeakList

Status = Literal["answered", "no answer", "timed out", "too much output", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerCell:
    """A cell as a program gave it; ``centring`` is ``None`` where the program does not say."""

    cell: Cell
    centring: str | None = None
    merit: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a program may use on one list: seconds of wall time, bytes that it may write."""

    seconds: float = 10.0
    output_bytes: int = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a program made of one list: its cells, best first, and what that took; ``note`` says what went wrong."""

    status: Status
    cells: tuple[PeerCell, ...]
    wall_s: float
    cpu_s: float
    note: str = ""


class Program(Protocol):
    """A program that can be run here."""

    @property
    def name(self) -> str:
        """What it is called in tables."""
        ...

    @property
    def settings(self) -> str:
        """What it is told, in one sentence."""
        ...

    def prepare(self) -> None:
        """Do what is not to be timed, once: load and compile."""
        ...

    def index(self, peaks: PeakList, limits: Limits) -> Result:
        """Index a list of lines; nothing that the program does is raised."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A program that is not there, and why: reported so, and never as one that found nothing."""

    name: str
    reason: str
