"""Modules of ours in the user folders of other programs: copied in, listed, taken out, others left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from hybrid_index import __version__
from hybrid_index.errors import OutputError

_MARK = re.compile(r"# hybrid_index (\S+): installed by ")


class Plugin(StrEnum):
    """Programs that load modules of ours."""

    GSAS2 = "gsas2"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A program's user folder, and which module goes into which folder of it."""

    folder: str
    modules: Mapping[str, str]


_TARGETS: Mapping[Plugin, _Target] = MappingProxyType(
    {
        Plugin.GSAS2: _Target(
            folder="~/.GSASII",
            modules={"G2phase_hybrid_index.py": "imports", "G2export_hybrid_index.py": "exports"},
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModule:
    """One module in a program's folder.

    Parameters
    ----------
    path
        Where it is, or would be.
    exists
        Whether a file of that name is there.
    version
        The version that installed it; empty if it is not there, or not ours.
    """

    path: Path
    exists: bool
    version: str

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else's file has that name."""
        return self.exists and not self.version


def modules_of(plugin: Plugin, folder: str | Path | None = None) -> tuple[InstalledModule, ...]:
    """Return what is there of a plug-in, in the program's own folder or in *folder*."""
    target = _TARGETS[plugin]
    base = Path(folder or target.folder).expanduser()
    return tuple(_look(base / place / name) for name, place in target.modules.items())


def install(plugin: Plugin, folder: str | Path | None = None, *, force: bool = False) -> tuple[Path, ...]:
    """Copy the modules of a plug-in, in place of older ones of ours; returns where they are.

    Raises
    ------
    OutputError
        If a file of somebody else has the name of one (and *force* is not given), or a folder cannot be written.
        No module is copied then.
    """
    from hybrid_index.export.atomic import write_atomically  # its room loads numpy, which the command's help need not

    modules = modules_of(plugin, folder)
    foreign = next((module.path for module in modules if module.is_foreign), None)
    if foreign is not None and not force:
        raise OutputError(f"{foreign}: is not from hybrid_index; rename it, or replace it with --force")
    source = files(f"hybrid_index.plugins.{plugin.value}")
    for module in modules:
        text = source.joinpath(module.path.name).read_text(encoding="utf-8")
        try:
            module.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{module.path.parent}: cannot be made ({error.strerror}); choose another folder with --dir"
            ) from error
        with write_atomically(module.path) as partial:
            partial.write_text(f"{_mark(plugin)}\n{text}", encoding="utf-8")
    return tuple(module.path for module in modules)


def remove(plugin: Plugin, folder: str | Path | None = None) -> tuple[Path, ...]:
    """Delete the modules that an installation of any version put there; returns which. Folders are left."""
    ours = [module.path for module in modules_of(plugin, folder) if module.version]
    for path in ours:
        try:
            path.unlink()
        except OSError as error:
            raise OutputError(f"{path}: cannot be removed ({error.strerror}); remove it by hand") from error
    return tuple(ours)


def _mark(plugin: Plugin) -> str:
    return f'# hybrid_index {__version__}: installed by "hybrid-index install-plugin {plugin.value}", which replaces it'


def _look(path: Path) -> InstalledModule:
    if not path.is_file():
        return InstalledModule(path=path, exists=path.exists(), version="")
    with open(path, encoding="utf-8", errors="replace") as file:
        mark = _MARK.match(file.readline())
    return InstalledModule(path=path, exists=True, version=mark.group(1) if mark else "")
