"""Which programs are here: ours always, others where the user has them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.conograph import Conograph
from benchmarks.peers.dicvol import Dicvol
from benchmarks.peers.ito import Ito
from benchmarks.peers.mcmaille import McMaille
from benchmarks.peers.ours import HybridIndex, TreorStyle
from benchmarks.peers.program import Absent, Program
from benchmarks.peers.python_programs import FOX, RIETX, MlIndex
from benchmarks.peers.running import Adapter, Executable
from benchmarks.peers.treor import Treor

VARIABLE = "HYBRID_INDEX_{}"
_IMPORT_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A program that somebody may have.

    Parameters
    ----------
    key
        Name of its option (``--treor``) and, in capitals, of its environment variable (``HYBRID_INDEX_TREOR``).
    executables
        Names to look for on PATH.
    package
        For Python programs: what to import; the option names an interpreter that has it.
    models
        Folder without which the program cannot work, by its environment variable and where it is otherwise.
    """

    key: str
    adapter: Adapter
    executables: tuple[str, ...] = ()
    package: str = ""
    models: tuple[str, Path] | None = None


ENTRIES = (
    Entry(key="treor", adapter=Treor(), executables=("treor90", "TREOR90", "treor")),
    Entry(key="ntreor", adapter=Treor(name="N-TREOR", is_ntreor=True), executables=("ntreor", "ntreor09", "NTREOR")),
    Entry(key="dicvol91", adapter=Dicvol(version=91), executables=("dicvol91", "DICVOL91")),
    Entry(key="dicvol06", adapter=Dicvol(version=6), executables=("dicvol06", "DICVOL06", "dicvol")),
    Entry(key="dicvol14", adapter=Dicvol(version=14), executables=("dicvol14", "DICVOL14")),
    Entry(key="ito", adapter=Ito(), executables=("ito13", "ito12", "ito", "ITO")),
    Entry(key="mcmaille", adapter=McMaille(), executables=("mcmaille", "McMaille")),
    Entry(key="conograph", adapter=Conograph(), executables=("conograph", "Conograph")),
    Entry(key="rietx", adapter=RIETX, package="rietx"),
    Entry(key="fox", adapter=FOX, package="pyobjcryst"),
    Entry(
        key="mlindex",
        adapter=MlIndex(),
        executables=("mlindex.run",),
        models=("MLINDEX_MODELS_DIR", Path.home() / ".local" / "share" / "mlindex" / "models"),
    ),
)


def add_options(parser: ArgumentParser) -> None:
    """One option for each program that may be there."""
    for entry in ENTRIES:
        what = f"Python that has {entry.package}" if entry.package else f"executable of {entry.adapter.name}"
        parser.add_argument(f"--{entry.key}", metavar="PATH", help=f"{what} (or {VARIABLE.format(entry.key.upper())})")


def find_programs(arguments: Namespace, environment: Mapping[str, str] = os.environ) -> list[Program | Absent]:
    """Ours, then all others, each as what can be run or as absent with the reason."""
    ours: list[Program | Absent] = [HybridIndex(), TreorStyle()]
    return ours + [find(entry, getattr(arguments, entry.key, None), environment) for entry in ENTRIES]


def find(entry: Entry, option: str | None, environment: Mapping[str, str]) -> Program | Absent:
    """Look for a program: option, environment variable, PATH; for a package, in the Python named there or this one."""
    named = option or environment.get(VARIABLE.format(entry.key.upper()))
    name = entry.adapter.name
    if entry.package:
        python = _absolute(named) or sys.executable
        if not _has_package(python, entry.package):
            where = named or "this Python"
            return Absent(name=name, reason=f"{where} has no package {entry.package}; name one with --{entry.key}")
        return Executable(adapter=entry.adapter, command=(python,))
    found = _absolute(named) if named else next(filter(None, map(shutil.which, entry.executables)), None)
    if found is None:
        where = f"{named} is not an executable" if named else f"none of {', '.join(entry.executables)} on PATH"
        return Absent(name=name, reason=where)
    if entry.models is not None:
        variable, usual = entry.models
        folder = Path(environment.get(variable) or usual)
        if not folder.is_dir():
            return Absent(name=name, reason=f"its models are not there; say with {variable} where they are")
    return Executable(adapter=entry.adapter, command=(found,))


def _absolute(named: str | None) -> str | None:
    """Full path of an executable, as it will be run in another folder; links stay, as those of virtual environments."""
    found = shutil.which(named) if named else None
    return None if found is None else os.path.abspath(found)


def _has_package(python: str, package: str) -> bool:
    script = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
    try:
        return subprocess.run([python, "-c", script], timeout=_IMPORT_TIMEOUT_S, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
